"""Triggers (pg_trigger) of tables and views, as pg_get_triggerdef prints them.

Those that PostgreSQL makes by itself (for foreign keys, and on partitions of a table that has one) are left
out.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, altered, key, noted, replaced
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock

ENABLE = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
"""How ALTER TABLE and ALTER EVENT TRIGGER spell when a trigger fires."""


class Trigger(Object):
    """A trigger with what it fires on, its function, and whether it is enabled."""

    kind = "trigger"
    bridges = True
    pins_type = True
    catalogs = {
        "pg_trigger": "oid tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstraint"
        " tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable tgconstrrelid",
    }

    schema: str = key()
    table_name: str = key()
    trigger: str = key()
    constraint: bool = replaced()
    definition: str = altered()
    enabled: str = altered()
    relation_kind: str = noted("whether it stands on a table, a view or a foreign table")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 'pg_trigger'::regclass::oid::int8, t.oid::int8, 0, n.nspname::text, c.relname::text,
                   t.tgname::text,
                   t.tgconstraint <> 0, pg_get_triggerdef(t.oid), t.tgenabled::text, c.relkind::text
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def reference(self) -> str:
        return f"TRIGGER {identifier(self.trigger)} ON {qualified(self.schema, self.table_name)}"

    def _enable(self) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)}"
                f" {ENABLE[self.enabled]} TRIGGER {identifier(self.trigger)}",
                lock(LockMode.SHARE_ROW_EXCLUSIVE, self.table),
            )
        ]

    def _make(self, command: str) -> list[Statement]:
        # A trigger is made enabled, also where it replaces one that was not.
        make = Statement(command, lock(LockMode.SHARE_ROW_EXCLUSIVE, self.table))
        return [make] + (self._enable() if self.enabled != "O" else [])

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._make(self.definition)

    def alterable(self, new: Trigger, changed: Sequence[str], facts: Facts) -> bool:
        # PostgreSQL replaces no constraint trigger.
        return super().alterable(new, changed, facts) and not ("definition" in changed and self.constraint)

    def alter(self, new: Trigger, changed: Sequence[str], facts: Facts) -> list[Statement]:
        if "definition" in changed:
            return new._make("CREATE OR REPLACE" + new.definition[len("CREATE") :])
        return new._enable()

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"DROP {self.reference}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                (Hazards.CHANGES_RESULT,),
            )
        ]
