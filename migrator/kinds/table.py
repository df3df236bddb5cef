"""Tables (pg_class r, p). Columns, constraints, indexes, partitions, policies … are objects of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, aside_name, key, noted, replaced
from migrator.kinds.column import Column
from migrator.kinds.constraint import Constraint
from migrator.kinds.default import Default
from migrator.kinds.domain import computed_below, holders
from migrator.kinds.identity import Identity as IdentityKind
from migrator.kinds.options import leading, storage
from migrator.kinds.partition import Partition, rows_fit
from migrator.kinds.schema import OURS
from migrator.kinds.sequence import OwnedBy, continues
from migrator.kinds.sequence import Sequence as SequenceKind
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Sight, Statement, lock

OPTIONS = """coalesce(c.reloptions, '{}')
                     || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid)"""
"""The storage parameters of pg_class c, and those of its TOAST table."""


def row_sight(table: Identity, facts: Facts, *, more: bool, less: bool) -> Sight | None:
    """What a change of row security does to those who read a table; None where it is new, or never has any."""
    ends = facts.old(table), facts.new(table)
    secured = any(isinstance(one, Table) and one.row_security for one in ends)
    if ends[0] is None or not secured:
        return None
    return Sight(table, more, less, Hazards.SHOWS_ROWS, Hazards.HIDES_ROWS)


class Table(Object):
    """An ordinary or partitioned table."""

    kind = "table"
    lockable = True
    address_type = "table"
    holds_rows = True
    loose = frozenset({"table", "composite"})
    sets_aside = True
    seen_through = True
    catalogs = {
        "pg_class": "oid relname relnamespace relkind relpersistence reloptions relrowsecurity relforcerowsecurity"
        " reloftype relam reltablespace reltoastrelid relhassubclass",
        "pg_partitioned_table": "partrelid partstrat partnatts partattrs partclass partcollation partexprs",
        "pg_am": "oid amname",
        "pg_tablespace": "oid spcname",
    }

    schema: str = key()
    table_name: str = key()
    partition_key: str | None = replaced()
    typed_order: list[str] = altered()
    access_method: str | None = altered()
    tablespace: str | None = altered()
    persistence: str = altered()
    options: list[str] = altered()
    row_security: bool = altered()
    forced_row_security: bool = altered()
    only_inherited: list[str] = altered()
    of_type: str | None = noted("the type whose columns it has, which is a tie of its own")
    has_children: bool = noted(
        "to reach it alone, where a statement would go on to tables that inherit from it"
    )

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid")}, n.nspname::text, c.relname::text,
                   pg_get_partkeydef(c.oid),
                   CASE WHEN c.reloftype = 0 THEN '{{}}' ELSE ARRAY(
                     SELECT a.attname::text FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END,
                   CASE WHEN a.amname <> 'heap' THEN a.amname::text END, s.spcname::text, c.relpersistence::text,
                   {OPTIONS},
                   c.relrowsecurity, c.relforcerowsecurity,
                   CASE WHEN c.relispartition OR NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
                        THEN '{{}}' ELSE ARRAY(
                          SELECT a.attname::text FROM pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attislocal
                          ORDER BY 1) END,
                   CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END, c.relhassubclass
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
            WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def table(self) -> Identity:
        return self.identity

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.table_name), ("type", self.schema, self.table_name))

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        unlogged = "UNLOGGED " if self.persistence == "u" else ""
        written = [(part.object, part.object.clause(part.parts, facts)) for part in parts]
        parents = ", ".join(clause for one, clause in written if one.ties() and clause)
        inside = ",\n".join(f"    {clause}" for one, clause in written if clause and not one.ties())
        if self.of_type:
            sql = f"CREATE {unlogged}TABLE {self.name} OF {self.of_type}" + (
                f" (\n{inside}\n)" if inside else ""
            )
        else:
            sql = f"CREATE {unlogged}TABLE {self.name} (" + (f"\n{inside}\n)" if inside else ")")
        if parents:
            sql += f" INHERITS ({parents})"
        if self.partition_key:
            sql += f" PARTITION BY {self.partition_key}"
        if self.access_method:
            sql += f" USING {identifier(self.access_method)}"
        if self.options:
            sql += f" WITH ({storage(self.options)})"
        if self.tablespace:
            sql += f" TABLESPACE {identifier(self.tablespace)}"
        late = [
            statement
            for part in parts
            if part.object.kind == "column"
            for statement in part.object.created(facts)  # type: ignore[attr-defined]
        ]
        return [Statement(sql), *late, *self._row_security(False, False, facts)]

    def _goes_above(self, facts: Facts) -> bool:
        """Whether it goes with a table that is set aside, of which it is a partition."""
        tie = ("partition", self.schema, self.table_name)
        return facts.old(tie) is not None and facts.parts_tied(tie)

    def alterable(self, new: Table, changed: Sequence[str], facts: Facts) -> bool:
        if not isinstance(new, Table):
            return False  # a foreign table
        # PostgreSQL has no command that changes whether a table declares a column itself that it inherits too.
        before = {one.column for one in self._columns(facts, before=True)}
        after = new._columns(facts, before=False)
        both = {one.column for one in after if one.sources and one.sources[0][0] == "inherit"} & before
        declared = both - set(self.only_inherited) != both - set(new.only_inherited)
        # PostgreSQL rewrites no table whose rows are values elsewhere.
        held = {"persistence", "access_method"} & {*changed} and holders(self.identity, facts)
        return not (held or declared or "partition_key" in changed) and self._in_order(new, facts)

    def _in_order(self, new: Table, facts: Facts) -> bool:
        """Whether its columns stand, or will when new ones have come, as the type of the new table wants them."""
        before = [one.column for one in self._columns(facts, before=True) if one.column in new.typed_order]
        return not new.typed_order or new.typed_order[: len(before)] == before

    def displaces(self, facts: Facts) -> Iterable[Identity]:
        """Foreign keys between two tables that are both to be logged, or not: nothing that is logged may reference what
        is not, and they change one after the other. What is computed and holds its rows, where it is written anew."""
        old = facts.old(self.identity)
        if facts.is_new(self.identity) or not isinstance(old, Table):
            return []
        anew = (old.persistence, old.access_method) != (self.persistence, self.access_method)
        return [*self._referenced_otherwise(facts), *(computed_below(self.identity, facts) if anew else ())]

    def _referenced_otherwise(self, facts: Facts) -> list[Identity]:
        if not self._logged_otherwise(facts):
            return []
        found = []
        for identity in facts.users(self.identity, before=True):
            one = facts.old(identity)
            if not isinstance(one, Constraint) or one.references is None:
                continue
            ends = {one.table, one.references} - {self.identity}
            others = [table for end in ends if isinstance(table := facts.new(end), Table)]
            if any(table._logged_otherwise(facts) for table in others):
                found.append(identity)
        return [identity for identity in found if facts.new(identity) is not None]

    def _logged_otherwise(self, facts: Facts) -> bool:
        old = facts.old(self.identity)
        return isinstance(old, Table) and old.persistence != self.persistence

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        """Gives up its name and those of its identity sequences; it keeps its rows."""
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.identity)
        return [
            Statement(f"ALTER TABLE {self.name} RENAME TO {identifier(aside)}", strong),
            *(
                Statement(f"ALTER {one.reference} RENAME TO {identifier(aside_name(one.sequence))}")
                for one in self._identities(facts, before=True)
            ),
        ]

    def _identities(self, facts: Facts, *, before: bool) -> list[IdentityKind]:
        columns = facts.inside(self.identity, before=before)
        parts = [part for column in columns for part in facts.inside(column.identity, before=before)]
        return [part for part in parts if isinstance(part, IdentityKind)]

    def drop_old(self, aside: str, facts: Facts) -> list[Statement]:
        """Moves the rows into the replacement, and drops what is then empty of meaning."""
        if self._goes_above(facts):
            return []
        new, source = facts.new(self.identity), qualified(self.schema, aside)
        if not isinstance(new, Table):  # a foreign table keeps its rows elsewhere
            strong = lock(LockMode.ACCESS_EXCLUSIVE, self.identity)
            return [Statement(f"DROP TABLE {source}", strong, (Hazards.LOSES_TABLE,))]
        before = {one.identity: one for one in self._columns(facts, before=True)}
        after = [one for one in self._columns(facts, before=False) if one.identity in before]
        columns = ", ".join(identifier(one.column) for one in after)
        values = ", ".join(before[one.identity].carried_over(one, facts) for one in after)
        statements = []
        if after:
            statements.append(
                Statement(
                    f"INSERT INTO {qualified(*new._entrance(facts)[1:])} ({columns})"
                    f" OVERRIDING SYSTEM VALUE SELECT {values} FROM {source}",
                    lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
                    (Hazards.REWRITES_TABLE,),
                    moves_rows=True,
                )
            )
        return [*statements, *new._numbered_on(self, facts), Statement(f"DROP TABLE {source}")]

    def _numbered_on(self, old: Table, facts: Facts) -> list[Statement]:
        """Lets what numbers its rows go on where what numbered those of the old table stopped."""
        kept = {one.parent: one for one in old._identities(facts, before=True)}
        statements = []
        for one in self._identities(facts, before=False):
            name = qualified(one.sequence_schema, one.sequence)
            if one.parent in kept:
                last = qualified(one.sequence_schema, aside_name(kept[one.parent].sequence))
                statements.append(
                    Statement(f"SELECT setval({literal(name)}, last_value, is_called) FROM {last}")
                )
            elif facts.old(one.parent) is not None:
                statements.append(one.continues_rows())
        for column in kept:
            for tie in map(facts.new, facts.users(column)):
                sequence = facts.new(tie.parent) if isinstance(tie, OwnedBy) else None
                if isinstance(sequence, SequenceKind) and facts.is_new(sequence.identity):
                    statements.append(
                        continues(self.name, column[-1], sequence.name, sequence.start, sequence.increment)
                    )
        return [replace(one, moves_rows=True) for one in statements]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        old = facts.old(self.identity)
        entrance = self._entrance(facts)
        if self.partition_key is None and entrance == self.identity:
            return []
        if not isinstance(old, Table) or self._goes_above(facts) or not facts.is_new(self.identity):
            return []
        before = {one.identity: one for one in self._columns(facts, before=True)}
        values = ", ".join(
            f"{identifier(one.column) if one.identity in before else self._first_value(one, facts)}::{one.type}"
            f" AS {identifier(one.column)}"
            for one in self._columns(facts, before=False)
        )
        return rows_fit(f"(SELECT {values} FROM {self.name})", self.name, entrance, facts)

    def _entrance(self, facts: Facts) -> Identity:
        """The table through which its rows come back to it: the topmost one where other rows belong to it than before."""
        tie = ("partition", self.schema, self.table_name)
        before, after = facts.old(tie), facts.new(tie)
        top = self.identity
        if after is None or (before is not None and not before.differences(after)):
            return top
        while isinstance(after, Partition):
            top = after.above
            after = facts.new(("partition", *top[1:]))
        return top

    def _first_value(self, column: Column, facts: Facts) -> str:
        """What a new column holds in the rows that are there."""
        default = facts.new(("default", *column.identity[1:]))
        return f"({default.expression})" if isinstance(default, Default) else "NULL"

    def _columns(self, facts: Facts, *, before: bool) -> list[Column]:
        parts = facts.inside(self.identity, before=before)
        return [part for part in parts if isinstance(part, Column) and not part.generated]

    def drop(self, facts: Facts) -> list[Statement]:
        if self._goes_above(facts):
            return []
        return [
            Statement(
                f"DROP TABLE {self.name}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
                (Hazards.LOSES_TABLE,),
            )
        ]

    def alter(self, new: Table, changed: Sequence[str], facts: Facts) -> list[Statement]:
        statements = []
        if "persistence" in changed:
            logged = "UNLOGGED" if new.persistence == "u" else "LOGGED"
            statements.append(
                Statement(
                    f"ALTER TABLE {self.name} SET {logged}",
                    lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
                    (Hazards.REWRITES_TABLE,),
                )
            )
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.identity)
        rewrites = () if self.partition_key else (Hazards.REWRITES_TABLE,)
        if "access_method" in changed:
            method = identifier(new.access_method or "heap")
            statements.append(
                Statement(f"ALTER TABLE {self.name} SET ACCESS METHOD {method}", strong, rewrites)
            )
        if "tablespace" in changed:
            space = identifier(new.tablespace or "pg_default")
            statements.append(Statement(f"ALTER TABLE {self.name} SET TABLESPACE {space}", strong, rewrites))
        if "options" in changed:
            weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.identity)
            actions = leading(self.options, new.options)
            statements += [Statement(f"ALTER TABLE {self.name} {action}", weak) for action in actions]
        return statements + new._row_security(self.row_security, self.forced_row_security, facts)

    def _row_security(self, enabled: bool, forced: bool, facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.identity)
        return [
            Statement(
                f"ALTER TABLE {self.name} {verbs[on]} ROW LEVEL SECURITY",
                strong,
                sight=row_sight(self.identity, facts, more=not on, less=on),
            )
            for before, on, verbs in (
                (enabled, self.row_security, ("DISABLE", "ENABLE")),
                (forced, self.forced_row_security, ("NO FORCE", "FORCE")),
            )
            if before != on
        ]
