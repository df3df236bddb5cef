"""Triggers (pg_trigger) of tables and views, as pg_get_triggerdef prints them.

Those that PostgreSQL makes by itself for foreign keys are left out, and of those on partitions of a table that has one
only is read when they fire, where it is not when that of the parent does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, address, altered, key, noted, replaced
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
    copyable = True
    handed_on = True
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
            SELECT {address("pg_trigger", "t.oid")}, n.nspname::text, c.relname::text,
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

    def retypes(self, changed: Sequence[str]) -> bool:
        """A change of it reaches those that its partitions have from it, whatever they were."""
        return self.relation_kind == "p"

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"DROP {self.reference}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                (Hazards.CHANGES_RESULT,),
            )
        ]


class PartitionTrigger(Object):
    """That a trigger which a partition has from its parent fires otherwise than that of the parent."""

    kind = "partition_trigger"
    pins_type = True
    catalogs = {"pg_trigger": "oid tgrelid tgparentid tgname tgenabled tgisinternal"}

    schema: str = key()
    table_name: str = key()
    trigger: str = key()
    enabled: str = altered()
    above: list[str] = noted(
        "the tables that it is a partition of, the nearest first: schema, name, schema, …"
    )

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled::text,
                   ARRAY(SELECT u.name FROM pg_partition_ancestors(c.oid) WITH ORDINALITY AS a (relid, far)
                         JOIN pg_class h ON h.oid = a.relid JOIN pg_namespace hn ON hn.oid = h.relnamespace,
                         unnest(ARRAY[hn.nspname::text, h.relname::text]) WITH ORDINALITY AS u (name, place)
                         WHERE h.oid <> c.oid ORDER BY a.far, u.place)
            FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT t.tgisinternal AND t.tgenabled <> p.tgenabled AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("partition", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return ("table", self.schema, self.table_name)

    def needs(self) -> Iterable[Identity]:
        tables = zip(self.above[::2], self.above[1::2], strict=True)
        return [(kind, *table, self.trigger) for table in tables for kind in ("trigger", self.kind)]

    def retypes(self, changed: Sequence[str]) -> bool:
        """A change of it reaches those of its own partitions."""
        return True

    def _fire(self, enabled: str) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)}"
                f" {ENABLE[enabled]} TRIGGER {identifier(self.trigger)}",
                lock(LockMode.SHARE_ROW_EXCLUSIVE, self.table),
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._fire(self.enabled)

    def alter(self, new: PartitionTrigger, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self._fire(new.enabled)

    def drop(self, facts: Facts) -> list[Statement]:
        above = [facts.new(identity) for identity in self.needs()]
        nearest = next((one for one in above if isinstance(one, Trigger | PartitionTrigger)), None)
        if nearest is None or facts.is_new(nearest.identity):
            return []
        return self._fire(nearest.enabled)
