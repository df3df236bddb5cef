"""Conversions between encodings (pg_conversion). PostgreSQL changes nothing of one in place, so a change replaces it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, key, replaced
from migrator.kinds.schema import OURS
from migrator.sql import literal
from migrator.statement import Identity, Statement


class EncodingConversion(Object):
    """A conversion between two encodings with its function."""

    kind = "conversion"
    catalogs = {
        "pg_conversion": "oid conname connamespace conforencoding contoencoding conproc condefault",
    }

    schema: str = key()
    conversion: str = key()
    source: str = replaced()
    target: str = replaced()
    function: str = replaced()
    default: bool = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_conversion", "c.oid")}, n.nspname::text, c.conname::text,
                   pg_encoding_to_char(c.conforencoding)::text, pg_encoding_to_char(c.contoencoding)::text,
                   c.conproc::text, c.condefault
            FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.oid >= 16384 AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        default = (("default_conversion", self.schema, self.source, self.target),) if self.default else ()
        return (self.identity, *default)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"CREATE {'DEFAULT ' if self.default else ''}{self.reference}"
                f" FOR {literal(self.source)} TO {literal(self.target)} FROM {self.function}"
            )
        ]
