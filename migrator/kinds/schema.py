"""Schemas (pg_namespace)."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, key
from migrator.statement import Statement

OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
"""The condition on pg_namespace n that every query of a kind with a schema uses."""


class Schema(Object):
    """A schema. Its owner, comment and grants are objects of their own."""

    kind = "schema"
    catalogs = {"pg_namespace": "oid nspname"}

    schema: str = key()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_namespace", "n.oid")}, n.nspname::text
            FROM pg_namespace n WHERE {OURS}"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(f"CREATE SCHEMA {self.name}")]
