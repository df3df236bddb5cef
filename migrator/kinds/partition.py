"""Ties between partitions and what they are partitions of (pg_inherits): of tables with their bounds, and of indexes.

A partition is a table like any other, made whole and then attached, so that attaching and detaching keep its rows.
Where its bounds change it is detached and attached again, and rows that no longer fit go through the parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import Facts, Object, Tree, key, noted, replaced
from migrator.kinds.column import Column
from migrator.kinds.index import PART_OF
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Lock, LockMode, Precondition, Statement, lock

# satisfies_hash_partition is printed with the oid of the parent, which no other database has.
_CONDITION = """
    CASE WHEN starts_with(pg_get_partition_constraintdef(c.oid), h.hash_call)
         THEN 'satisfies_hash_partition(' || quote_literal(format('%I.%I', pn.nspname, p.relname)) || '::regclass, '
              || substr(pg_get_partition_constraintdef(c.oid), 1 + length(h.hash_call))
         WHEN NOT h.by_hash THEN pg_get_partition_constraintdef(c.oid) END"""


class Partition(Object):
    """That a table is a partition of another, and its bounds."""

    kind = "partition"
    sets_aside = True
    catalogs = {
        "pg_inherits": "inhrelid inhparent",
        "pg_class": "relispartition relpartbound",
    }

    schema: str = key()
    table_name: str = key()
    parent_schema: str = replaced()
    parent_table: str = replaced()
    bounds: str = replaced()
    condition: str | None = noted("what holds for each row; NULL for the hash partition of a partition")
    foreign_keys: list[str] = noted("inherited foreign keys, which stay when it is detached")
    relation_kind: str = noted("whether it is a foreign table")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 0::int8, 0::int8, 0, n.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                   pg_get_expr(c.relpartbound, c.oid), {_CONDITION},
                   ARRAY(SELECT k.conname::text FROM pg_constraint k
                         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid <> 0
                           AND EXISTS (SELECT FROM pg_constraint a WHERE a.oid = k.conparentid AND a.conrelid <> c.oid)
                         ORDER BY 1),
                   c.relkind::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_inherits i ON i.inhrelid = c.oid
            JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
            CROSS JOIN LATERAL (
              SELECT 'satisfies_hash_partition(' || quote_literal(p.oid::text) || '::oid, ' AS hash_call,
                     EXISTS (WITH RECURSIVE above (oid) AS (
                       SELECT p.oid UNION ALL SELECT a.inhparent FROM pg_inherits a JOIN above ON above.oid = a.inhrelid)
                       SELECT FROM pg_partitioned_table t JOIN above ON above.oid = t.partrelid WHERE t.partstrat = 'h')
                     AS by_hash) AS h
            WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f') AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def above(self) -> Identity:
        """The partitioned table."""
        return ("table", self.parent_schema, self.parent_table)

    def needs(self) -> Iterable[Identity]:
        return [self.above]

    def ties(self) -> tuple[Identity, Identity]:
        return self.parent, self.above

    @property
    def is_default(self) -> bool:
        """Whether it takes the rows that fit no other."""
        return str(self.bounds) == "DEFAULT"

    @property
    def _child(self) -> str:
        return qualified(self.schema, self.table_name)

    @property
    def _above(self) -> str:
        return qualified(self.parent_schema, self.parent_table)

    def _columns(self, facts: Facts) -> str:
        """The columns that take values and are there before and after, or just after for a new table."""
        kept = [
            one.identity[-1]
            for one in facts.inside(self.parent)
            if isinstance(one, Column)
            and not one.generated
            and (facts.is_new(self.parent) or (facts.old(one.identity) and not facts.is_new(one.identity)))
        ]
        return ", ".join(identifier(name) for name in kept)

    def _default_beside(self, facts: Facts) -> Partition | None:
        """The default partition of the same parent, where it is there before and after."""
        for user in facts.users(self.above):
            one = facts.new(user)
            if (
                isinstance(one, Partition)
                and one.is_default
                and one.above == self.above
                and not facts.is_new(user)
            ):
                return one
        return None

    def _moved(self, source: str, target: str, condition: str, facts: Facts) -> Statement:
        columns = self._columns(facts)
        return Statement(
            f"WITH moved AS (DELETE FROM {source} WHERE {condition} RETURNING {columns})\n"
            f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved",
            lock(LockMode.ROW_EXCLUSIVE, self.parent),
        )

    def attach(self, *locks: Lock, hazards: tuple[Hazard, ...] = ()) -> Statement:
        """Attaches it; `locks`: those beside its own and its parent's."""
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.above)
        return Statement(
            f"ALTER TABLE {self._above} ATTACH PARTITION {self._child} {self.bounds}",
            (*weak, *lock(LockMode.ACCESS_EXCLUSIVE, self.parent), *locks),
            hazards,
        )

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        default = self._default_beside(facts)
        before: list[Statement] = []
        attach = self.attach()
        if default is not None and not facts.is_new(self.above):
            # The server reads the default partition while it is locked, and refuses rows that belong here.
            strong = lock(LockMode.ACCESS_EXCLUSIVE, default.parent)
            attach = self.attach(*strong, hazards=(Hazards.SCANS_UNDER_LOCK,))
            if self.condition:
                before.append(self._moved(default._child, self._child, f"({self.condition})", facts))
        if not facts.is_new(self.parent) and self.condition and facts.old(self.identity) is None:
            return [*before, *self._proved(attach)]
        return [*before, attach]

    def _proved(self, attach: Statement) -> list[Statement]:
        # A validated CHECK spares ATTACH the scan under its lock.
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent)
        name, table = identifier(f"{self.table_name[:48]}_is_in_bounds"), f"ALTER TABLE {self._child}"
        return [
            Statement(f"{table} ADD CONSTRAINT {name} CHECK ({self.condition}) NOT VALID", strong),
            Statement(f"{table} VALIDATE CONSTRAINT {name}", weak, alone=True, verb="validate"),
            attach,
            Statement(f"{table} DROP CONSTRAINT {name}", strong),
        ]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        if facts.is_new(self.parent) or not self.condition or facts.old(self.identity) is not None:
            return []
        return [
            Precondition(
                f"every row of {self._child} is within {self.bounds}",
                f"SELECT t.* FROM {self._child} AS t WHERE ({self.condition}) IS NOT TRUE",
                f"move or delete these rows, or attach the table with other bounds than {self.bounds}",
                (self.parent,),
            )
        ]

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        """Detaches it, and takes out the rows that will not fit its new bounds."""
        new = facts.new(self.identity)
        statements = self.detach()
        if not isinstance(new, Partition) or facts.is_new(self.parent):
            return statements
        if not self._moves(new, facts):
            return statements
        outside = qualified(self.schema, aside)
        return [
            *statements,
            Statement(f"CREATE TABLE {outside} (LIKE {self._child})"),
            self._moved(self._child, outside, f"({new.condition}) IS NOT TRUE", facts),
        ]

    def _moves(self, new: Partition, facts: Facts) -> bool:
        """Whether some of its rows may not fit any more."""
        if new.condition is None or facts.is_new(new.above):
            return False
        return (self.above, self.bounds) != (new.above, new.bounds)

    def drop_old(self, aside: str, facts: Facts) -> list[Statement]:
        """Sends the rows that no longer fit through the parent, once all its partitions are attached."""
        new = facts.new(self.identity)
        if not isinstance(new, Partition) or facts.is_new(self.parent):
            return []
        if not self._moves(new, facts):
            return []
        outside, columns = qualified(self.schema, aside), self._columns(facts)
        return [
            Statement(
                f"INSERT INTO {new._above} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {outside}",
                lock(LockMode.ROW_EXCLUSIVE, new.above),
            ),
            Statement(f"DROP TABLE {outside}"),
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return self.detach()

    def detach(self) -> list[Statement]:
        """Detaches it."""
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.above, self.parent)
        child = f"ALTER TABLE {self._child}"
        return [
            Statement(f"ALTER TABLE {self._above} DETACH PARTITION {self._child}", strong),
            # What detaching leaves behind as a foreign key of its own is declared again where it is wanted.
            *(Statement(f"{child} DROP CONSTRAINT {identifier(name)}", strong) for name in self.foreign_keys),
        ]


class IndexPartition(Object):
    """That the index of a partition is a part of the index of the partitioned table."""

    kind = "index_partition"
    catalogs = {"pg_inherits": "inhrelid inhparent", "pg_class": "relispartition"}

    schema: str = key()
    index_name: str = key()
    parent_schema: str = replaced()
    parent_index: str = replaced()
    table_schema: str = noted("the partition, which drops the tie when it is detached")
    table_name: str = noted("the same")
    owner: list[str] = noted("what owns the index of the partition: kind and names")
    part_of: list[str] = noted("what owns the index of the partitioned table: kind and names")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 0::int8, 0::int8, 0, n.nspname::text, ic.relname::text, hn.nspname::text, hc.relname::text,
                   n.nspname::text, c.relname::text,
                   CASE WHEN k.conname IS NULL THEN ARRAY['index', n.nspname::text, ic.relname::text]
                        ELSE ARRAY['constraint', n.nspname::text, c.relname::text, k.conname::text] END, {PART_OF}
            FROM pg_inherits i JOIN pg_class ic ON ic.oid = i.inhrelid AND ic.relkind IN ('i', 'I')
            JOIN pg_index x ON x.indexrelid = ic.oid JOIN pg_class c ON c.oid = x.indrelid
            JOIN pg_namespace n ON n.oid = ic.relnamespace
            JOIN pg_class hc ON hc.oid = i.inhparent JOIN pg_namespace hn ON hn.oid = hc.relnamespace
            LEFT JOIN pg_constraint k ON k.conindid = ic.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
            WHERE {OURS}"""

    @property
    def tie(self) -> Identity:
        """The tie of the tables."""
        return ("partition", self.table_schema, self.table_name)

    @property
    def parent(self) -> Identity:
        return tuple(self.owner)

    @property
    def table(self) -> Identity:
        return ("table", self.table_schema, self.table_name)

    def needs(self) -> Iterable[Identity]:
        return [self.tie, tuple(self.part_of)]

    def completes(self) -> Identity:
        return tuple(self.part_of)

    def goes_with(self) -> Iterable[Identity]:
        """The index of the parent, or the tie of the tables; what is set aside keeps it until then."""
        return [tuple(self.part_of), self.tie]

    def drags(self) -> tuple[Identity, tuple[Identity, ...]]:
        """PostgreSQL has no command to take an index out of another, so both are built again."""
        return self.tie, (tuple(self.part_of), self.parent)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        # Attaching the table attached each index that fits; it is no error to do it again, and it says which to which.
        parent = qualified(self.parent_schema, self.parent_index)
        return [
            Statement(
                f"ALTER INDEX {parent} ATTACH PARTITION {qualified(self.schema, self.index_name)}",
                # The lock is on the index, which every query on the partition locks when it is planned.
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return []  # it goes with the index of the parent, or when the table is detached
