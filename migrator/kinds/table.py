"""Tables (pg_class r, p). Columns, constraints, indexes, partitions, policies … are objects of their own."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, altered, key, replaced
from migrator.kinds.schema import OURS
from migrator.statement import Identity, LockMode, Statement, lock


class Table(Object):
    """An ordinary or partitioned table."""

    kind = "table"
    lockable = True
    address_type = "table"
    holds_rows = True
    loose = frozenset({"table"})
    catalogs = {
        "pg_class": "oid relname relnamespace relkind relpersistence reloptions relrowsecurity relforcerowsecurity"
    }

    schema: str = key()
    table_name: str = key()
    partition_key: str | None = replaced()
    persistence: str = altered()
    options: list[str] = altered()
    row_security: bool = altered()
    forced_row_security: bool = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 'pg_class'::regclass::oid::int8, c.oid::int8, 0, n.nspname::text, c.relname::text,
                   pg_get_partkeydef(c.oid), c.relpersistence::text, coalesce(c.reloptions, '{{}}'),
                   c.relrowsecurity, c.relforcerowsecurity
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
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
        inside = ",\n".join(f"    {part.object.clause(part.parts, facts)}" for part in parts)
        sql = f"CREATE {unlogged}TABLE {self.name} (" + (f"\n{inside}\n)" if inside else ")")
        if self.partition_key:
            sql += f" PARTITION BY {self.partition_key}"
        if self.options:
            sql += f" WITH ({', '.join(self.options)})"
        return [Statement(sql), *self._row_security(False, False)]

    def drop(self, facts: Facts) -> list[Statement]:
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
        if "options" in changed:
            statements += self._set_options(new)
        return statements + new._row_security(self.row_security, self.forced_row_security)

    def _set_options(self, new: Table) -> list[Statement]:
        # Storage parameters are "name=value"; what is gone is reset, what differs is set.
        before = dict(option.split("=", 1) for option in self.options)
        after = dict(option.split("=", 1) for option in new.options)
        gone = [name for name in before if name not in after]
        set_ = [f"{name}={value}" for name, value in after.items() if before.get(name) != value]
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.identity)
        statements = []
        if gone:
            statements.append(Statement(f"ALTER TABLE {self.name} RESET ({', '.join(gone)})", weak))
        if set_:
            statements.append(Statement(f"ALTER TABLE {self.name} SET ({', '.join(set_)})", weak))
        return statements

    def _row_security(self, enabled: bool, forced: bool) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.identity)
        statements = []
        if self.row_security != enabled:
            verb = "ENABLE" if self.row_security else "DISABLE"
            statements.append(Statement(f"ALTER TABLE {self.name} {verb} ROW LEVEL SECURITY", strong))
        if self.forced_row_security != forced:
            verb = "FORCE" if self.forced_row_security else "NO FORCE"
            statements.append(Statement(f"ALTER TABLE {self.name} {verb} ROW LEVEL SECURITY", strong))
        return statements
