"""Rewrite rules (pg_rewrite) of tables and views, those that are the query of a view aside."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.kinds.trigger import ENABLE
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock


class Rule(Object):
    """A rule and whether it is enabled."""

    kind = "rule"
    pins_type = True
    catalogs = {"pg_rewrite": "oid rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action"}

    schema: str = key()
    table_name: str = key()
    rule: str = key()
    definition: str = altered()
    enabled: str = altered()
    relation_kind: str = noted("whether it stands on a table or a view")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_rewrite", "r.oid")}, n.nspname::text, c.relname::text,
                   r.rulename::text, left(pg_get_ruledef(r.oid), -1), r.ev_enabled::text, c.relkind::text
            FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE r.rulename <> '_RETURN' AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def reference(self) -> str:
        return f"RULE {identifier(self.rule)} ON {qualified(self.schema, self.table_name)}"

    def _make(self, command: str) -> Statement:
        return Statement(command, lock(LockMode.ACCESS_EXCLUSIVE, self.table), (Hazards.CHANGES_RESULT,))

    def _enable(self) -> Statement:
        return Statement(
            f"ALTER TABLE {qualified(self.schema, self.table_name)}"
            f" {ENABLE[self.enabled]} RULE {identifier(self.rule)}",
            lock(LockMode.ACCESS_EXCLUSIVE, self.table),
        )

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [self._make(self.definition)] + ([self._enable()] if self.enabled != "O" else [])

    def alter(self, new: Rule, changed: Sequence[str], facts: Facts) -> list[Statement]:
        statements = []
        if "definition" in changed:
            statements.append(new._make("CREATE OR REPLACE" + new.definition[len("CREATE") :]))
        if "enabled" in changed:
            statements.append(new._enable())
        return statements

    def drop(self, facts: Facts) -> list[Statement]:
        return [self._make(f"DROP {self.reference}")]
