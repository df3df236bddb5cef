"""Ties between partitions and what they are partitions of (pg_inherits): of tables with their bounds, and of indexes.

A partition is a table like any other, made whole and then attached, so that attaching and detaching keep its rows.
New bounds that hold for all its rows are given to it in one short transaction. Where the author lets writers wait, or
where several partitions exchange ranges, it is detached first, and rows that no longer fit go through the parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import (
    NO_ADDRESS,
    Facts,
    Object,
    Tree,
    altered,
    describe,
    key,
    noted,
    replaced,
    suffixed,
)
from migrator.kinds.column import Column
from migrator.kinds.constraint import Constraint
from migrator.kinds.identity import Identity as IdentityKind
from migrator.kinds.index import PART_OF, Index
from migrator.kinds.relation import relation, rows_elsewhere
from migrator.kinds.schema import OURS
from migrator.sql import dollar_quoted, identifier, literal, qualified
from migrator.statement import Guard, Identity, Lock, LockMode, Precondition, Statement, lock

# satisfies_hash_partition is printed with the oid of the parent, which no other database has. Each condition is printed
# with those of the partitions above it in front, so where they end is known from how they are printed themselves.
_BOUNDS = """
    WITH RECURSIVE found AS MATERIALIZED (
      SELECT c.oid, i.inhparent AS parent, p.relispartition AS below, pg_get_partition_constraintdef(c.oid) AS printed,
             'satisfies_hash_partition(' || quote_literal(p.oid::text) || '::oid, ' AS call,
             'satisfies_hash_partition(' || quote_literal(format('%I.%I', n.nspname, p.relname)) || '::regclass, ' AS said,
             CASE WHEN t.partstrat = 'h' THEN ARRAY[n.nspname::text, p.relname::text] ELSE '{}' END AS hashed
      FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
      JOIN pg_namespace n ON n.oid = p.relnamespace JOIN pg_partitioned_table t ON t.partrelid = p.oid
      WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
    ), bound (oid, printed, condition, hashed) AS (
      SELECT oid, printed,
             CASE WHEN hashed = '{}' THEN printed
                  WHEN starts_with(printed, call) THEN said || substr(printed, 1 + length(call)) END, hashed
      FROM found WHERE NOT below
      UNION ALL
      SELECT f.oid, f.printed,
             CASE WHEN f.hashed || b.hashed = '{}' THEN f.printed
                  WHEN f.printed = b.printed THEN b.condition
                  WHEN f.hashed = '{}' THEN '(' || b.condition || ' AND ' || own.rest
                  WHEN starts_with(own.rest, f.call)
                  THEN '(' || b.condition || ' AND ' || f.said || substr(own.rest, 1 + length(f.call))
                  WHEN b.printed IS NULL AND starts_with(f.printed, f.call)
                  THEN f.said || substr(f.printed, 1 + length(f.call)) END,
             b.hashed || f.hashed
      FROM found f JOIN bound b ON b.oid = f.parent
      CROSS JOIN LATERAL (SELECT CASE
        WHEN starts_with(f.printed, left(b.printed, -1) || ' AND ') THEN substr(f.printed, length(b.printed) + 5)
        WHEN starts_with(f.printed, '(' || b.printed || ' AND ') THEN substr(f.printed, length(b.printed) + 7) END)
        AS own (rest)
    )"""

_LEFT_BEHIND = """DECLARE
  left_behind name;
BEGIN
  FOR left_behind IN SELECT conname FROM pg_constraint
    WHERE conrelid = {table} AND contype = {type} AND conname {names}
  LOOP
    EXECUTE {drop} || quote_ident(left_behind);
  END LOOP;
END"""


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
    bounds: str = altered()
    condition: str | None = noted("what holds for each row; NULL where nothing has to")
    hashed: list[str] = noted(
        "the tables partitioned by hash that the condition calls: schema, name, schema, …"
    )
    checks: list[str] = noted("its CHECKs, to tell what detaching leaves behind from them")
    default_beside: list[str] | None = noted(
        "the default partition of the same parent, which attaching reads"
    )
    foreign_keys: list[str] = noted("inherited foreign keys, which stay when it is detached")
    relation_kind: str = noted("whether it is a foreign table")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            {_BOUNDS}
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                   pg_get_expr(c.relpartbound, c.oid), b.condition, b.hashed,
                   ARRAY(SELECT k.conname::text FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'
                         ORDER BY 1),
                   (SELECT ARRAY[dn.nspname::text, d.relname::text] FROM pg_partitioned_table t
                    JOIN pg_class d ON d.oid = t.partdefid JOIN pg_namespace dn ON dn.oid = d.relnamespace
                    WHERE t.partrelid = p.oid),
                   ARRAY(SELECT k.conname::text FROM pg_constraint k
                         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid <> 0
                           AND EXISTS (SELECT FROM pg_constraint a WHERE a.oid = k.conparentid AND a.conrelid <> c.oid)
                         ORDER BY 1),
                   c.relkind::text
            FROM bound b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_inherits i ON i.inhrelid = c.oid
            JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
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

    def _default(self, facts: Facts) -> Partition | None:
        """The default partition of the same parent, where it is another and there before and after."""
        if self.default_beside is None or facts.is_new(self.above):
            return None
        identity = ("partition", *self.default_beside)
        one = facts.new(identity)
        return one if isinstance(one, Partition) and not facts.is_new(identity) and one is not self else None

    @property
    def _hash_tables(self) -> list[Identity]:
        """The tables whose keys the condition hashes."""
        return [("table", *pair) for pair in zip(self.hashed[::2], self.hashed[1::2], strict=True)]

    def _can_ask(self, facts: Facts, *made: Identity) -> bool:
        """Whether its condition can be evaluated before the plan, or once what is `made` is there."""
        return self.condition is not None and all(
            table in made or (facts.old(table) is not None and not facts.is_new(table))
            for table in self._hash_tables
        )

    def _moved(self, source: str, target: str, condition: str, facts: Facts) -> Statement:
        columns = self._columns(facts)
        return Statement(
            f"WITH moved AS (DELETE FROM {source} WHERE {condition} RETURNING {columns})\n"
            f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved",
            lock(LockMode.ROW_EXCLUSIVE, self.parent),
            moves_rows=True,
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
        return [*self._attached(facts), *self._goes_on_numbering(facts)]

    def _goes_on_numbering(self, facts: Facts) -> list[Statement]:
        """Lets a new table above it number its rows after those that it brings."""
        if facts.is_new(self.parent) or facts.old(self.above) is not None:
            return []
        columns = (one.identity for one in facts.inside(self.above) if isinstance(one, Column))
        numbered = [
            one for column in columns for one in facts.inside(column) if isinstance(one, IdentityKind)
        ]
        return [replace(one.continues_rows(), with_last=True) for one in numbered]

    def _attached(self, facts: Facts) -> list[Statement]:
        default, known = self._default(facts), self._can_ask(facts, self.above)
        proofs = [self._within_proof()] if known and not facts.is_new(self.parent) else []
        if default is None:
            return self._proved([self.attach()], proofs)
        strong = lock(LockMode.ACCESS_EXCLUSIVE, default.parent)
        if known and not facts.may_stop_writers(self.identity):
            return self._proved(
                [self.attach(*strong)], [*proofs, self._outside_proof(default, Hazards.HOLDS_OFF_ROWS)]
            )
        # The server reads the default partition while it is locked, and refuses rows that belong here.
        attach = self.attach(*strong, hazards=(Hazards.SCANS_UNDER_LOCK,))
        if not known or rows_elsewhere(default.parent, facts):
            return self._proved([attach], proofs)
        move = self._moved(default._child, self._child, f"({self.condition})", facts)
        return [replace(move, locks=(*move.locks, *attach.locks)), replace(attach, with_last=True)]

    def alterable(self, new: Partition, changed: Sequence[str], facts: Facts) -> bool:
        return (
            list(changed) == ["bounds"]
            and not (self.is_default or new.is_default)
            and new._can_ask(facts)
            and not facts.may_stop_writers(self.identity)
            and not self._others_change(facts)
        )

    def _others_change(self, facts: Facts) -> bool:
        """Whether another partition of the same parent gets new bounds too, so that they may overlap meanwhile."""
        for user in facts.users(self.above, before=True):
            old, new = facts.old(user), facts.new(user)
            both = isinstance(old, Partition) and isinstance(new, Partition) and old.above == self.above
            if both and user != self.identity and old.bounds != new.bounds:  # type: ignore[union-attr]
                return True
        return False

    def alter(self, new: Partition, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self.attached_again(new, facts)

    def attached_again(
        self, new: Partition, facts: Facts, meanwhile: Sequence[Statement] = ()
    ) -> list[Statement]:
        """Detaches it and attaches it as `new` in one transaction, and between the two does what is for `meanwhile`."""
        # Its foreign keys stay on it in between, and need no second proof.
        default = new._default(facts)
        hazards = (Hazards.HOLDS_OFF_ROWS,) if self.bounds != new.bounds else ()
        strong = lock(LockMode.ACCESS_EXCLUSIVE, default.parent) if default else ()
        proofs = [new._within_proof(*hazards)] if new._can_ask(facts) else []
        if default is not None and proofs:
            proofs.append(new._outside_proof(default, *hazards))
        away, back, proved = self._keys_away(facts)
        at_once = _together([*away, self.detach()[0], *meanwhile, new.attach(*strong), *back])
        attached = new._proved(at_once, proofs)
        return [*attached, *new.indexes_again(facts), *proved]

    def _keys_away(self, facts: Facts) -> tuple[list[Statement], list[Statement], list[Statement]]:
        """Statements that drop the foreign keys to its rows before it is detached, make them again in the same
        transaction, and prove them after it: nobody detaches a partition whose rows others refer to."""
        keys = [one for one in self._referencing(facts) if self._comes_back(one, facts)]
        away = [statement for one in keys for statement in one.drop(facts)]
        made = [one.create((), facts) for one in keys]
        parts = [part for one in keys for part in facts.inside(one.identity)]
        back = [ones[0] for ones in made] + [s for part in parts for s in part.create((), facts)]
        return away, back, [statement for ones in made for statement in ones[1:]]

    def _comes_back(self, one: Constraint, facts: Facts) -> bool:
        """Whether a foreign key can be made again without reading its table under a lock, as it was."""
        return facts.old(one.identity) == facts.new(one.identity) and not (
            one.partitioned and facts.oldest < 18
        )

    def indexes_again(self, facts: Facts) -> list[Statement]:
        """Says once more which index is a part of which, where attaching the table again may have taken another."""
        ties = [one for one in map(facts.new, facts.users(self.identity)) if isinstance(one, IndexPartition)]
        return [s for one in ties if not facts.is_new(one.identity) for s in one.paired(facts)]

    def _within_proof(self, *hazards: Hazard) -> tuple[Statement, ...]:
        return self._proof(suffixed(self.table_name, "_is_in_bounds"), str(self.condition), hazards)

    def _outside_proof(self, default: Partition, *hazards: Hazard) -> tuple[Statement, ...]:
        name = suffixed(self.table_name, "_not_by_default")
        return default._proof(name, f"NOT ({self.condition})", hazards)

    def _proof(self, name: str, condition: str, hazards: tuple[Hazard, ...]) -> tuple[Statement, ...]:
        """A CHECK on all its rows, in three statements: added, validated, dropped."""
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent)
        name, table = identifier(name), f"ALTER TABLE {self._child}"
        return (
            Statement(f"{table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID", strong, hazards),
            Statement(f"{table} VALIDATE CONSTRAINT {name}", weak, alone=True, verb="validate"),
            Statement(f"{table} DROP CONSTRAINT {name}", strong),
        )

    def _proved(
        self, attach: Sequence[Statement], proofs: Sequence[tuple[Statement, ...]]
    ) -> list[Statement]:
        """A validated CHECK spares ATTACH the scan under its lock; it has to outlive that statement."""
        return [
            *(one for add, validate, _ in proofs for one in (add, validate)),
            *attach,
            *(drop for _, _, drop in proofs),
        ]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        asked = [*self._within(facts), *self._not_by_default(facts), *self._finds_room(facts)]
        return asked + self._left_alone(facts)

    def displaces(self, facts: Facts) -> Iterable[Identity]:
        """Indexes that ATTACH PARTITION would take for those which are to be part of the parent's: it takes the oldest
        that fits. Of equal ones it may take any, as they change their names afterwards."""
        found: list[Object] = [one for one in facts.inside(self.parent) if _shape(one)]
        wanted = [one for one in found if _part_of(one)]
        return [
            one.identity
            for one in found
            if not _part_of(one) and any(_taken_for(one, other) for other in wanted)
        ]

    def _within(self, facts: Facts) -> list[Precondition]:
        """That a table which is attached, or gets new bounds where it is, holds no row of other partitions."""
        old = facts.old(self.identity)
        if facts.is_new(self.parent) or not self._can_ask(facts):
            return []
        if old is not None and facts.is_new(self.identity):
            return []  # rows that do not fit move
        hint = f"move or delete these rows, or attach the table with other bounds than {self.bounds}"
        if old is not None:
            hint = f"delete these rows, or {self._to_move()}"
        return [
            Precondition(
                f"every row of {self._child} is within {self.bounds}",
                f"SELECT t.* FROM {self._child} AS t WHERE ({self.condition}) IS NOT TRUE",
                hint,
                (self.parent,),
            )
        ]

    def _to_move(self) -> str:
        return (
            f'allow the change in decisions.toml, under [allow], "{describe(self.identity)}" = "a sentence why", and '
            "write the migration again: it then moves them while readers and writers wait"
        )

    def _not_by_default(self, facts: Facts) -> list[Precondition]:
        """That the default partition holds no row of it; where writers may be stopped, they are moved."""
        default = self._default(facts)
        if default is None or not self._can_ask(facts) or facts.may_stop_writers(self.identity):
            return []
        if rows_elsewhere(default.parent, facts):
            return []
        return [
            Precondition(
                f"no row of the default partition {default._child} belongs to {self._child}",
                f"SELECT t.* FROM {default._child} AS t WHERE ({self.condition})",
                f"delete these rows, or {self._to_move()}",
                (default.parent,),
            )
        ]

    def _left_alone(self, facts: Facts) -> list[Precondition]:
        """That nothing refers to its rows where it is detached, and attached again."""
        old = facts.old(self.identity)
        if not isinstance(old, Partition) or facts.is_new(self.parent):
            return []
        hint = "drop the foreign key in a migration before this one, and make it again in one after it"
        away = facts.is_new(self.identity)
        keys = [one for one in old._referencing(facts) if away or not old._comes_back(one, facts)]
        return [replace(old._not_needed_by(one), hint=hint) for one in keys]

    def _finds_room(self, facts: Facts) -> list[Precondition]:
        """That the rows which its new bounds leave out fit another partition."""
        old = facts.old(self.identity)
        if not isinstance(old, Partition) or facts.is_new(self.parent) or not facts.is_new(self.identity):
            return []
        if not old._moves(self, facts):
            return []
        return rows_fit(self._child, self._child, self.above, facts)

    def drop_preconditions(self, facts: Facts) -> list[Precondition]:
        """That no foreign key to the partitioned table needs its rows."""
        if facts.new(self.above) is None or facts.is_new(self.above):
            return []
        return [self._not_needed_by(one) for one in self._referencing(facts)]

    def _referencing(self, facts: Facts) -> list[Constraint]:
        """The foreign keys to the tables above it that are there before and after."""
        found: dict[Identity, Constraint] = {}
        tie: object = self
        while isinstance(tie, Partition):
            for part in facts.inside(tie.above, before=True):
                for user in facts.users(part.identity, before=True):
                    one = facts.old(user)
                    stays = facts.new(user) is not None and not facts.is_new(user)
                    if isinstance(one, Constraint) and one.references == tie.above and stays:
                        found[user] = one
            tie = facts.old(("partition", *tie.above[1:]))
        return [found[user] for user in sorted(found)]

    def _not_needed_by(self, key: Constraint) -> Precondition:
        table = qualified(key.schema, key.table_name)
        pairs = zip(key.columns, key.target_columns or (), strict=True)
        same = " AND ".join(f"r.{identifier(one)} = p.{identifier(other)}" for one, other in pairs)
        return Precondition(
            f"no row of {table} refers to a row of {self._child} by {identifier(key.constraint)}",
            f"SELECT r.* FROM {table} AS r JOIN {self._child} AS p ON {same}",
            f"delete or change these rows, or keep the partition: its rows leave {self._above} with it",
        )

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        """Detaches it, and takes out the rows that will not fit its new bounds."""
        new = facts.new(self.identity)
        detach, *rest = self.detach()
        if not isinstance(new, Partition) or facts.is_new(self.parent):
            return [detach, *rest]
        statements = [replace(detach, hazards=(Hazards.ROWS_AWAY,)), *rest]
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
        if not new._can_ask(facts) or facts.is_new(new.above) or rows_elsewhere(self.parent, facts):
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
                moves_rows=True,
            ),
            Statement(f"DROP TABLE {outside}"),
        ]

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        # DROP TABLE of a partition locks its parent, which DETACH … CONCURRENTLY does not; and is refused where foreign keys
        # are to its parent.
        apart = self._concurrently(facts) or (self._stays_above(facts) and self._referencing(facts))
        return () if apart else super().goes_with(facts)

    def _concurrently(self, facts: Facts) -> bool:
        """Whether it can be detached while others read and write; PostgreSQL refuses that beside a default partition."""
        return self.default_beside is None and self._stays_above(facts)

    def drop(self, facts: Facts) -> list[Statement]:
        keys = self._referencing(facts) if self._stays_above(facts) else []
        if keys and all(self._comes_back(one, facts) for one in keys):
            away, back, proved = self._keys_away(facts)
            # A key of the tree itself leaves no copy on the partition.
            copies = [self._clear("f", "= ANY", self.foreign_keys)] if self.foreign_keys else []
            return [*_together([*away, self.detach()[0], *copies, *back]), *proved]
        if not self._concurrently(facts):
            first, *rest = self.detach()
            return [_reading(first, keys), *rest]
        kept = facts.new(self.parent) is not None and not facts.is_new(self.parent)
        first = _reading(self._detach_concurrently(), keys)
        # The copy of its bounds has a name that PostgreSQL chose, so it is known by not having been there.
        clear = [self._clear("c", "<> ALL", self.checks)] if kept else []
        return [first, *self._foreign_keys(), *clear]

    def _stays_above(self, facts: Facts) -> bool:
        return facts.new(self.above) is not None and not facts.is_new(self.above)

    def _detach_concurrently(self) -> Statement:
        """DETACH … CONCURRENTLY that can be killed and run again: a half detached partition is finished."""
        tie = (
            f"FROM pg_inherits WHERE inhrelid = to_regclass({literal(self._child)})"
            f" AND inhparent = to_regclass({literal(self._above)})"
        )
        command = f"ALTER TABLE {self._above} DETACH PARTITION {self._child}"
        return Statement(
            f"{command} CONCURRENTLY",
            (
                *lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.above),
                *lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
            ),
            transactional=False,
            guard=Guard(
                done=f"SELECT NOT EXISTS (SELECT {tie})",
                finish=f"SELECT {literal(f'{command} FINALIZE')} {tie} AND inhdetachpending",
            ),
        )

    def _clear(self, type: str, names: str, known: Sequence[str]) -> Statement:
        """Drops what detaching leaves behind of a type of constraint, by how the names compare with those that are known."""
        body = _LEFT_BEHIND.format(
            table=f"{literal(self._child)}::regclass",
            type=literal(type),
            names=f"{names} (ARRAY[{', '.join(map(literal, known))}]::name[])",
            drop=literal(f"ALTER TABLE {self._child} DROP CONSTRAINT "),
        )
        return Statement(
            f"DO {dollar_quoted(body, 'left_behind')}", lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        )

    def detach(self) -> list[Statement]:
        """Detaches it in one transaction with other statements, while its parent is locked."""
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.above, self.parent)
        return [
            Statement(f"ALTER TABLE {self._above} DETACH PARTITION {self._child}", strong),
            *self._foreign_keys(),
        ]

    def _foreign_keys(self) -> list[Statement]:
        # What detaching leaves behind as a foreign key of its own is declared again where it is wanted.
        return [
            Statement(
                f"ALTER TABLE {self._child} DROP CONSTRAINT {identifier(name)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
            )
            for name in self.foreign_keys
        ]


def _together(statements: Sequence[Statement]) -> list[Statement]:
    """In one transaction."""
    return [*statements[:1], *(replace(one, with_last=True) for one in statements[1:])]


def _reading(detach: Statement, keys: Sequence[Constraint]) -> Statement:
    """What DETACH of either sort, where foreign keys are to its parent, does: it reads their tables, and holds off who writes there."""
    if not keys:
        return detach
    tables = lock(LockMode.SHARE, *(one.parent for one in keys))
    return replace(
        detach, locks=(*detach.locks, *tables), hazards=(*detach.hazards, Hazards.SCANS_UNDER_LOCK)
    )


def rows_fit(rows: str, called: str, table: Identity, facts: Facts) -> list[Precondition]:
    """That the rows, which will be inserted into a partitioned table, each fit a partition.

    `rows`: a table or subquery with the columns of that table; `called`: what people call it.
    """
    conditions = _conditions(table, facts)
    if conditions is None:
        return []
    none = " AND ".join(f"({one}) IS NOT TRUE" for one in conditions) or "true"
    return [
        Precondition(
            f"every row of {called} fits a partition of {qualified(*table[1:])}",
            f"SELECT t.* FROM {rows} AS t WHERE {none}",
            "declare partitions for these rows (a default partition takes all), or move or delete the rows",
        )
    ]


def _conditions(table: Identity, facts: Facts) -> list[str] | None:
    """Conditions one of which holds for each row that fits a partition of the table after the plan; None where that is
    all rows, or cannot be asked before the plan. A table partitioned by hash is taken to have all its partitions."""
    found: list[str] = []
    for user in facts.users(table):
        one = facts.new(user)
        if not isinstance(one, Partition) or one.above != table:
            continue
        inner = facts.users(one.parent)
        below = any(isinstance(part := facts.new(i), Partition) and part.above == one.parent for i in inner)
        deeper = _conditions(one.parent, facts) if below else None
        if deeper is not None:
            found += deeper
        elif one._can_ask(facts):
            found.append(str(one.condition))
        else:
            return None
    return found


def _part_of(one: Object) -> Identity | None:
    """What owns the index of the parent table that an index, or that of a key, is a part of."""
    return tuple(one.part_of) if isinstance(one, Index | Constraint) and one.part_of else None


def _shape(one: Object) -> tuple[object, ...] | None:
    """What two indexes, or keys that have them, agree in where PostgreSQL may take one for the other; None: no index.

    It looks neither at the order in which an index is sorted nor at how it is stored.
    """
    if isinstance(one, Index):
        return (one.unique, one.columns, one.predicate)
    if isinstance(one, Constraint) and one.type in "pu":
        return (True, one.columns, None)
    return None


def _taken_for(one: Object, wanted: Object) -> bool:
    """Whether ATTACH PARTITION may take an index for the one that is to be a part of the parent's, and not its equal."""
    above = _part_of(wanted)
    fits = _shape(one) == _shape(wanted) and (
        isinstance(one, Constraint) or above is None or above[0] == "index"
    )
    return fits and not _equal(one, wanted)


# Equal indexes differ in nothing but their names, so they change them.
_SWAP = """DECLARE
  taken regclass := (SELECT i.inhrelid FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
    WHERE i.inhparent = {parent}::regclass AND x.indrelid = {table}::regclass);
  taken_name name := (SELECT relname FROM pg_class WHERE oid = taken);
BEGIN
  IF taken <> {index}::regclass THEN
    EXECUTE {away};
    EXECUTE 'ALTER INDEX ' || taken || {here};
    EXECUTE {there} || quote_ident(taken_name);
  END IF;
END"""


def _equal(one: Object, other: Object) -> bool:
    """Whether two indexes, or the keys that have them, differ in nothing but their names."""
    same = type(one) is type(other) and one.has_index == other.has_index
    return same and not one.renamed("").differences(other.renamed(""))


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
            SELECT {NO_ADDRESS}, n.nspname::text, ic.relname::text, hn.nspname::text, hc.relname::text,
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

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        """The index of the parent, or the tie of the tables; what is set aside keeps it until then."""
        index = facts.old(tuple(self.part_of))
        above = index.table if index is not None else None
        stays = above is not None and facts.new(above) is not None and not facts.is_new(above)
        return [self.tie] if self._locked_in and stays else [tuple(self.part_of), self.tie]

    def drags(self) -> tuple[Identity, tuple[Identity, ...]]:
        """PostgreSQL has no command to take an index out of another, so both are built again."""
        return self.tie, ((self.tie,) if self._locked_in else (tuple(self.part_of), self.parent))

    @property
    def _locked_in(self) -> bool:
        """Whether PostgreSQL drops neither index while the tables are tied: a constraint's in one of no constraint."""
        return self.owner[0] == "constraint" and self.part_of[0] == "index"

    def paired(self, facts: Facts) -> list[Statement]:
        """Where the table has equal indexes, attaching it took any of them: this one then gets its place by its name."""
        mine = facts.new(self.parent)
        assert mine is not None
        if not any(_equal(mine, one) for one in facts.inside(self.table) if one.identity != self.parent):
            return []
        body = _SWAP.format(
            parent=literal(qualified(self.parent_schema, self.parent_index)),
            table=literal(qualified(self.table_schema, self.table_name)),
            index=literal(qualified(self.schema, self.index_name)),
            away=literal(
                f"ALTER INDEX {qualified(self.schema, self.index_name)}"
                f" RENAME TO {identifier(suffixed(self.index_name, '__other'))}"
            ),
            here=literal(f" RENAME TO {identifier(self.index_name)}"),
            there=literal(
                f"ALTER INDEX {qualified(self.schema, suffixed(self.index_name, '__other'))} RENAME TO "
            ),
        )
        return [Statement(f"DO {dollar_quoted(body, 'swap')}", lock(LockMode.ACCESS_EXCLUSIVE, self.table))]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        # Attaching the table attached each index that fits; it is no error to do it again, and it says which to which.
        parent = qualified(self.parent_schema, self.parent_index)
        return [
            *(self.paired(facts) if facts.is_new(self.tie) else ()),
            Statement(
                f"ALTER INDEX {parent} ATTACH PARTITION {qualified(self.schema, self.index_name)}",
                # The lock is on the index, which every query on the partition locks when it is planned.
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            ),
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return []  # it goes with the index of the parent, or when the table is detached
