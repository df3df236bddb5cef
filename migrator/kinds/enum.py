"""Enum types (pg_type, pg_enum): labels are added in place, anywhere; removing or reordering replaces the type."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key
from migrator.kinds.schema import OURS
from migrator.sql import literal
from migrator.statement import Identity, Statement


class Enum(Object):
    """An enum type with its labels in order."""

    kind = "enum"
    sets_aside = True
    grows = True
    catalogs = {"pg_type": "oid typname typnamespace typtype", "pg_enum": "enumtypid enumsortorder enumlabel"}

    schema: str = key()
    enum: str = key()
    labels: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_type", "t.oid")}, n.nspname::text, t.typname::text,
                   ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE t.typtype = 'e' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def reference(self) -> str:
        return f"TYPE {self.name}"

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("type", self.schema, self.enum),)

    def alterable(self, new: Enum, changed: Sequence[str], facts: Facts) -> bool:
        kept = [label for label in new.labels if label in set(self.labels)]
        return kept == self.labels

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        labels = ", ".join(literal(label) for label in self.labels)
        return [Statement(f"CREATE TYPE {self.name} AS ENUM ({labels})")]

    def alter(self, new: Enum, changed: Sequence[str], facts: Facts) -> list[Statement]:
        # A new label may not be used before it is committed, so each stands alone in its transaction.
        present = set(self.labels)
        statements = []
        for index, label in enumerate(new.labels):
            if label in present:
                continue
            if index:
                place = f" AFTER {literal(new.labels[index - 1])}"
            else:
                place = f" BEFORE {literal(self.labels[0])}" if self.labels else ""
            statements.append(
                Statement(f"ALTER {self.reference} ADD VALUE {literal(label)}{place}", alone=True)
            )
            present.add(label)
        return statements
