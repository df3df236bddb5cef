"""Indexes (pg_index) that no constraint owns, in every form that pg_get_indexdef prints."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from migrator.kinds.base import (
    Columns,
    Facts,
    Forms,
    Object,
    Tree,
    address,
    altered,
    key,
    noted,
    oid_of,
    suffixed,
)
from migrator.kinds.options import leading, storage
from migrator.sql import identifier, literal, qualified
from migrator.statement import Guard, Identity, LockMode, Precondition, Statement, lock

OF_CONSTRAINT = """(i.indisprimary OR i.indisexclusion
    OR i.indisunique AND i.indexrelid IN (SELECT conindid FROM pg_constraint WHERE contype = 'u'))"""
"""SQL: whether index i belongs to a constraint."""
FORM = """
    concat_ws(' ', i.indisunique, i.indnullsnotdistinct, i.indclass, i.indcollation, i.indoption, ic.reltablespace, ic.reloptions,
              i.indpred, '|', i.indexprs, CASE WHEN ic.relispartition THEN ic.oid END,
              -- Only operator classes of other kinds than the B-tree of PostgreSQL itself have parameters.
              CASE WHEN (ic.relam <> 403 OR 16384 <= ANY (i.indclass::oid[]))
                        AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = ic.oid AND o.attoptions IS NOT NULL) THEN ic.oid END)"""
"""SQL: what index i (pg_class ic) is printed from, its columns aside. The tree of an expression has columns by number; where it
has a whole row, which is printed as its table, it has the type of that row."""
_TARGETS = """ARRAY(SELECT a.attnum || '=' || a.attstattarget FROM pg_attribute a
                     WHERE a.attrelid = ic.oid AND a.attnum > 0 AND a.attstattarget >= 0 ORDER BY a.attnum)"""
"""SQL: the statistics targets of the expressions of index ic."""
COMPUTED = "num_nulls(i.indpred, i.indexprs) < 2"
"""SQL: whether index i has an expression, which can name any column."""


def bodies(which: str) -> str:
    """SQL: a query of the indexes of a condition on pg_index i: `oid`, what PostgreSQL prints after the table (`body`), and the
    same in parts, where it is made of them (`whole`): `bare`, storage parameters (`options`), `predicate`.
    """
    # pg_get_indexdef begins with CREATE [UNIQUE] INDEX name ON [ONLY] table; what follows, "USING …", names neither the
    # index nor the table. The beginning is built from the same catalog columns, so its length is known, not searched for.
    return f"""
      SELECT oid, body, right(body, length(tail)) = tail AS whole, left(body, length(body) - length(tail)) AS bare, options, predicate
      FROM (
        SELECT ic.oid, p.predicate, coalesce(ic.reloptions, '{{}}') AS options,
          substr(pg_get_indexdef(i.indexrelid), 1 + length(
            'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(ic.relname) || ' ON '
            || CASE WHEN ic.relkind = 'I' THEN 'ONLY ' ELSE '' END
            || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ')) AS body,
          coalesce(' WITH (' || (SELECT string_agg(
            quote_ident(split_part(o, '=', 1)) || '=' || CASE WHEN quote_ident(v) = v THEN v ELSE quote_literal(v) END,
            ', ' ORDER BY place) FROM unnest(ic.reloptions) WITH ORDINALITY AS u (o, place),
            LATERAL (SELECT substr(o, strpos(o, '=') + 1)) AS w (v)) || ')', '')
          || coalesce(' WHERE ' || p.predicate, '') AS tail
        FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
        JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (SELECT pg_get_expr(i.indpred, i.indrelid) OFFSET 0) AS p (predicate)
        WHERE {which} OFFSET 0) AS printed"""


PART_OF = """
    CASE WHEN ic.relispartition THEN (
        SELECT CASE WHEN k.conname IS NULL THEN ARRAY['index', pn.nspname::text, p.relname::text]
                    ELSE ARRAY['constraint', pn.nspname::text, pt.relname::text, k.conname::text] END
        FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
        JOIN pg_index pi ON pi.indexrelid = p.oid JOIN pg_class pt ON pt.oid = pi.indrelid
        LEFT JOIN pg_constraint k ON k.conindid = p.oid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = pi.indrelid
        WHERE h.inhrelid = ic.oid) END
"""
"""SQL: the identity of what owns the index of the parent table that index ic is a part of, NULL for none."""


def goes_above(part_of: Sequence[str] | None, schema: str, table: str, facts: Facts) -> bool:
    """Whether the index of a partition goes with that of the parent table, as it cannot be dropped by itself."""
    return bool(part_of) and facts.parts_tied(("partition", schema, table))


def key_on(schema: str, table: str, columns: Sequence[str]) -> Identity:
    """What keys have in common of which a foreign key on these columns takes any."""
    return ("key", schema, table, *sorted(columns))


def build_concurrently(
    name: str, schema: str, table: str, unique: bool, body: str, subject: Identity
) -> Statement:
    """CREATE INDEX CONCURRENTLY that can be killed and run again: a half-built index is dropped first."""
    find = (
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE n.nspname = {literal(schema)} AND c.relname = {literal(name)}"
    )
    return Statement(
        f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {identifier(name)}"
        f" ON {qualified(schema, table)} {body}",
        lock(LockMode.SHARE_UPDATE_EXCLUSIVE, ("table", schema, table)),
        transactional=False,
        guard=Guard(
            done=f"SELECT EXISTS (SELECT {find} AND i.indisvalid)",
            repair=f"SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) {find} AND NOT i.indisvalid",
        ),
        subject=subject,
    )


def drop_concurrently(name: str, schema: str, table: Identity) -> Statement:
    """DROP INDEX CONCURRENTLY that can be killed and run again."""
    return Statement(
        f"DROP INDEX CONCURRENTLY {qualified(schema, name)}",
        lock(LockMode.SHARE_UPDATE_EXCLUSIVE, table),
        transactional=False,
        guard=Guard(done=f"SELECT to_regclass({literal(qualified(schema, name))}) IS NULL"),
    )


def duplicates(
    table: str, columns: Sequence[str], reads: Sequence[Identity], where: str | None
) -> Precondition:
    """That no two rows agree in all of the columns (rows with a NULL among them never do)."""
    listed = ", ".join(identifier(column) for column in columns)
    not_null = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in columns)
    condition = f"{not_null} AND ({where})" if where else not_null
    return Precondition(
        f"no two rows of {table} have the same {listed}",
        f"SELECT {listed}, count(*) AS rows FROM {table} WHERE {condition} GROUP BY {listed} HAVING count(*) > 1",
        "delete or change all but one row of each group",
        tuple(reads),
    )


IN_PLACE = frozenset({"options", "statistics"})
"""Fields that change without building the index again."""


def on_every_partition(identity: Identity, table: Identity, facts: Facts) -> bool:
    """Whether each partition, at any depth, has a part of the index of a partitioned table, before the plan. Where one has
    not, PostgreSQL makes it as it makes the index again because a column of it changes its type."""
    ties = [one for user in facts.users(table, before=True) if (one := facts.old(user)) and one.sets_aside]
    below = {pair[0] for one in ties if (pair := one.ties()) and pair[1] == table}
    users = [one for user in facts.users(identity, before=True) if (one := facts.old(user))]
    owners = [one.parent for one in users if one.completes() == identity and one.parent is not None]
    parts = {part.table: owner for owner in owners if (part := facts.old(owner)) and part.table}
    return below == parts.keys() and all(
        on_every_partition(owner, part, facts) for part, owner in parts.items()
    )


class Index(Object):
    """An index of a table or materialized view."""

    kind = "index"
    address_type = "index"
    enforces = True
    copyable = True
    catalogs = {
        "pg_index": "indexrelid indrelid indisunique indisvalid indnkeyatts indkey indnullsnotdistinct indpred"
        " indexprs indclass indcollation indoption",
        "pg_class": "oid relname relnamespace relkind reloptions relam reltablespace",
        "pg_tablespace": "oid spcname",
    }

    of_relation = 1
    by_form = True
    printed = ("predicate",)

    schema: str = key()
    index_name: str = key()
    table_name: str = altered()
    unique: bool = altered()
    body: str = altered()
    options: list[str] = altered()
    predicate: str | None = altered()
    statistics: list[str] = altered()
    tablespace: str | None = altered()
    valid: bool = altered()
    nulls_distinct: bool = noted("the same; it is part of the body")
    partitioned: bool = noted("an index of a partitioned table cannot be built concurrently")
    relation_kind: str = noted("whether the table is a materialized view")
    part_of: list[str] | None = noted("what owns the index of the parent table that it is a part of")
    columns: list[str | None] = noted(
        "to ask for duplicates before a unique index is built; NULL: an expression"
    )

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "ic.oid")}, {address("pg_class", "c.oid")}, ic.relname::text,
                   {FORM}, i.indisvalid, c.relkind::text, CASE WHEN i.indexprs IS NOT NULL THEN {_TARGETS}::text END,
                   i.indkey::text, i.indnkeyatts::int4, {COMPUTED}
            FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384 AND NOT {OF_CONSTRAINT}"""

    @classmethod
    def forms(cls, rows: Sequence[tuple[Any, ...]], columns: Columns) -> Forms:
        def form(row: tuple[Any, ...]) -> tuple[Hashable, tuple[Any, ...]]:
            *told, numbers, keys, computed = row[3:]
            on = columns.of(row[1], numbers)
            return (*told, on.alike, columns.every(row[1]) if computed else None), (on.names[:keys],)

        return columns.forms(rows, form)

    @classmethod
    def print_query(cls, version: int) -> str:
        wanted = f"i.indexrelid IN (SELECT {oid_of('address')} FROM unnest($1::int8[]) AS wanted (address))"
        return f"""
            SELECT {address("pg_class", "ic.oid")}, i.indisunique, CASE WHEN whole THEN bare ELSE body END,
                   CASE WHEN whole THEN options ELSE '{{}}' END, CASE WHEN whole THEN predicate END, {_TARGETS},
                   s.spcname::text, i.indisvalid OR ic.relkind = 'I', NOT i.indnullsnotdistinct, c.relkind = 'p', c.relkind::text,
                   {PART_OF}
            FROM ({bodies(wanted)}) AS printed JOIN pg_index i ON i.indexrelid = printed.oid
            JOIN pg_class ic ON ic.oid = printed.oid JOIN pg_class c ON c.oid = i.indrelid
            LEFT JOIN pg_tablespace s ON s.oid = ic.reltablespace"""

    @property
    def parent(self) -> Identity:
        return self.table

    @property
    def table(self) -> Identity:
        return ("materialized_view" if self.relation_kind == "m" else "table", self.schema, self.table_name)

    def pins(self, used: Identity, facts: Facts) -> bool:
        # Built again under the lock by the change of type; dropped before and built after, it stops nobody.
        special = self.predicate is not None or None in self.columns
        stops = not facts.rewrites(used) and (special or facts.reindexes(used))
        return stops or (bool(self.partitioned) and not on_every_partition(self.identity, self.table, facts))

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.index_name),)

    @property
    def overloads(self) -> Identity | None:
        columns = [column for column in self.columns if column is not None]
        takes = self.unique and self.predicate is None and len(columns) == len(self.columns)
        return key_on(self.schema, self.table_name, columns) if takes else None

    def follows(self) -> list[Identity]:
        # A default that fills the rows of a new column fills them faster before there is an index.
        defaults: list[Identity] = [
            ("default", self.schema, self.table_name, column) for column in self.columns if column
        ]
        # ATTACH PARTITION takes the first index that is like that of the parent.
        return defaults if self.part_of else [*defaults, ("partition", self.schema, self.table_name)]

    @property
    def handed_on(self) -> bool:  # type: ignore[override]
        """One that is part of none comes once the tables are tied, or it could be taken for one that is."""
        return not self.part_of

    @property
    def text(self) -> str:
        """What follows the name of the table in CREATE INDEX."""
        options = f" WITH ({storage(self.options)})" if self.options else ""
        space = f" TABLESPACE {identifier(self.tablespace)}" if self.tablespace else ""
        return f"{self.body}{options}{space}" + (f" WHERE {self.predicate}" if self.predicate else "")

    def reprint(self) -> tuple[list[str], str]:
        return (
            [
                f"CREATE TEMPORARY TABLE {identifier(self.table_name)} (LIKE {qualified(self.schema, self.table_name)})",
                f"CREATE INDEX reprint ON pg_temp.{identifier(self.table_name)} {self.text}",
            ],
            "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'pg_temp.reprint'::regclass",
        )

    def _plain(self, facts: Facts) -> Statement:
        unique = "UNIQUE " if self.unique else ""
        # The indexes of partitions are built one by one, and attached.
        only = "ONLY " if self.partitioned else ""
        return Statement(
            f"CREATE {unique}INDEX {identifier(self.index_name)} ON {only}{qualified(self.schema, self.table_name)} {self.text}",
            lock(LockMode.SHARE, self.table),
        )

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        if facts.is_new(self.table) or self.partitioned:
            return [self._plain(facts), *self._aim([])]
        return [
            build_concurrently(
                self.index_name, self.schema, self.table_name, self.unique, self.text, self.identity
            ),
            *self._aim([]),
        ]

    def _aim(self, before: Sequence[str]) -> list[Statement]:
        """Statistics targets of its expressions, by the number of the column; "number=target" each."""
        old, new = (dict(one.split("=") for one in targets) for targets in (before, self.statistics))
        wanted = {number: new.get(number, "-1") for number in {**old, **new}}
        return [
            Statement(f"ALTER INDEX {self.name} ALTER COLUMN {number} SET STATISTICS {target}")
            for number, target in sorted(wanted.items())
            if old.get(number) != target
        ]

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        above = goes_above(self.part_of, self.schema, self.table_name, facts)
        return [*([tuple(self.part_of or ())] if above else []), *super().goes_with(facts)]

    def drop(self, facts: Facts) -> list[Statement]:
        if goes_above(self.part_of, self.schema, self.table_name, facts):
            return []
        if self.partitioned:
            return [Statement(f"DROP INDEX {self.name}", lock(LockMode.ACCESS_EXCLUSIVE, self.table))]
        return [drop_concurrently(self.index_name, self.schema, self.table)]

    def alterable(self, new: Index, changed: Sequence[str], facts: Facts) -> bool:
        if self.partitioned or new.partitioned:
            return set(changed) <= {"statistics"}
        return self.table == new.table

    def renews(self, changed: Sequence[str], facts: Facts) -> bool:
        return not set(changed) <= IN_PLACE

    def alter(self, new: Index, changed: Sequence[str], facts: Facts) -> list[Statement]:
        # The replacement is there before the old one goes, so that no query is ever without an index.
        if set(changed) <= IN_PLACE:
            return self._change(new)
        if not self.valid:
            return [*self.drop(facts), *new.create((), facts)]
        swapped = [
            Statement(f"ALTER INDEX {new._temporary} RENAME TO {identifier(new.index_name)}"),
            *new._aim([]),
        ]
        if facts.prepared(self.identity):
            # What needs it is away meanwhile, so it goes at once.
            return [
                Statement(f"DROP INDEX {self.name}", lock(LockMode.ACCESS_EXCLUSIVE, self.table)),
                *swapped,
            ]
        return [
            *new.prepare(facts),
            drop_concurrently(self.index_name, self.schema, self.table),
            *swapped,
        ]

    @property
    def _temporary(self) -> str:
        """The name of its replacement, while it is there itself."""
        return qualified(self.schema, suffixed(self.index_name, "__new"))

    def prepares(self, facts: Facts) -> bool:
        old = facts.old(self.identity)
        if not isinstance(old, Index) or not old.valid or facts.is_new(self.identity):
            return False
        renewed = not set(old.differences(self)) <= IN_PLACE
        users = facts.users(self.identity, before=True)
        return renewed and any(facts.is_new(one) and facts.old(one) is not None for one in users)

    def prepare(self, facts: Facts) -> list[Statement]:
        name = suffixed(self.index_name, "__new")
        return [build_concurrently(name, self.schema, self.table_name, self.unique, self.text, self.identity)]

    def _change(self, new: Index) -> list[Statement]:
        stored = [Statement(f"ALTER INDEX {self.name} {how}") for how in leading(self.options, new.options)]
        return [*new._aim(self.statistics), *stored]

    def rename(self, new: Index) -> list[Statement]:
        return [Statement(f"ALTER INDEX {self.name} RENAME TO {identifier(new.index_name)}")]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        columns = [column for column in self.columns if column is not None]
        if not self.unique or len(columns) != len(self.columns) or not self.nulls_distinct:
            return []
        reads = [("column", self.schema, self.table_name, column) for column in columns]
        return [duplicates(qualified(self.schema, self.table_name), columns, reads, self.predicate)]
