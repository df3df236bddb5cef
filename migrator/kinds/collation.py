"""Collations (pg_collation). PostgreSQL changes nothing of one in place but its name, so a change replaces it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, key, noted, replaced
from migrator.kinds.schema import OURS
from migrator.sql import literal
from migrator.statement import Identity, Statement

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


class Collation(Object):
    """A collation with its provider and locale."""

    kind = "collation"
    sets_aside = True
    catalogs = {
        "pg_collation": "oid collname collnamespace collprovider collisdeterministic collencoding collcollate collctype"
        " colliculocale colllocale collicurules collversion",
    }

    schema: str = key()
    collation: str = key()
    provider: str = replaced()
    deterministic: bool = replaced()
    collate: str | None = replaced()
    ctype: str | None = replaced()
    locale: str | None = replaced()
    rules: str | None = replaced()
    encoding: int = noted("it follows from the encoding of the database")
    version: str | None = noted("it tells of the server's libraries, not of what was asked for")

    @classmethod
    def query(cls, version: int) -> str:
        locale = "c.colllocale" if version >= 17 else "c.colliculocale"
        rules = "c.collicurules" if version >= 16 else "NULL::text"
        return f"""
            SELECT {address("pg_collation", "c.oid")}, n.nspname::text, c.collname::text,
                   c.collprovider::text, c.collisdeterministic, c.collcollate::text, c.collctype::text,
                   {locale}::text, {rules}::text, c.collencoding, c.collversion::text
            FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("collation", self.schema, self.collation),)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        options = [f"PROVIDER = {PROVIDERS[self.provider]}"]
        texts = {
            "LOCALE": self.locale,
            "LC_COLLATE": self.collate,
            "LC_CTYPE": self.ctype,
            "RULES": self.rules,
        }
        options += [f"{word} = {literal(text)}" for word, text in texts.items() if text is not None]
        if not self.deterministic:
            options.append("DETERMINISTIC = false")
        return [Statement(f"CREATE COLLATION {self.name} ({', '.join(options)})")]
