"""Extensions (pg_extension): their members are theirs and not compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted
from migrator.sql import identifier, literal
from migrator.statement import Identity, Statement


class Extension(Object):
    """An installed extension: version and schema."""

    kind = "extension"
    address_type = "extension"
    renames = ("schema",)
    catalogs = {"pg_extension": "oid extname extnamespace extversion extrelocatable"}

    extension: str = key()
    schema: str = altered()
    version: str = altered()
    relocatable: bool = noted("whether ALTER EXTENSION … SET SCHEMA is possible")
    updates: list[str] = noted("the versions that its scripts can turn it into")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_extension", "e.oid")}, e.extname::text, n.nspname::text, e.extversion,
                   e.extrelocatable,
                   ARRAY(SELECT u.target FROM pg_extension_update_paths(e.extname) u
                         WHERE u.source = e.extversion AND u.path IS NOT NULL ORDER BY u.target)
            FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"""

    @property
    def stands_alone(self) -> str:
        return "PostgreSQL can turn it into what is wanted only by making it again, and has it once at a time"

    def needs(self) -> Iterable[Identity]:
        return [("schema", self.schema)]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"CREATE EXTENSION {self.name} WITH SCHEMA {identifier(self.schema)} VERSION {literal(self.version)}"
            )
        ]

    def alterable(self, new: Extension, changed: Sequence[str], facts: Facts) -> bool:
        return ("schema" not in changed or bool(self.relocatable)) and (
            "version" not in changed or new.version in self.updates
        )

    def alter(self, new: Extension, changed: Sequence[str], facts: Facts) -> list[Statement]:
        statements = []
        if "schema" in changed:
            statements.append(Statement(f"ALTER {self.reference} SET SCHEMA {identifier(new.schema)}"))
        if "version" in changed:
            statements.append(Statement(f"ALTER {self.reference} UPDATE TO {literal(new.version)}"))
        return statements
