"""Range types (pg_range) with their multirange types. Only names change in place; all else replaces the type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, address, key, replaced, suffixed
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Statement


class Range(Object):
    """A range type; its multirange type and constructor functions belong to it."""

    kind = "range"
    sets_aside = True
    catalogs = {
        "pg_type": "oid typname typnamespace",
        "pg_range": "rngtypid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff",
    }

    schema: str = key()
    range: str = key()
    subtype: str = replaced()
    opclass: str | None = replaced()
    collation: str | None = replaced()
    canonical: str | None = replaced()
    difference: str | None = replaced()
    multirange_schema: str = replaced()
    multirange: str = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        function = (
            "(SELECT format('%I.%I', pn.nspname, p.proname) FROM pg_proc p"
            " JOIN pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = {}::oid)"
        )
        return f"""
            SELECT {address("pg_type", "t.oid")}, n.nspname::text, t.typname::text,
                   format_type(r.rngsubtype, NULL),
                   CASE WHEN NOT o.opcdefault OR o.opcintype <> r.rngsubtype
                        THEN format('%I.%I', onsp.nspname, o.opcname) END,
                   CASE WHEN r.rngcollation <> s.typcollation THEN format('%I.%I', cn.nspname, c.collname) END,
                   {function.format("r.rngcanonical")}, {function.format("r.rngsubdiff")},
                   mn.nspname::text, m.typname::text
            FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace
            JOIN pg_type s ON s.oid = r.rngsubtype
            JOIN pg_type m ON m.oid = r.rngmultitypid JOIN pg_namespace mn ON mn.oid = m.typnamespace
            JOIN pg_opclass o ON o.oid = r.rngsubopc JOIN pg_namespace onsp ON onsp.oid = o.opcnamespace
            LEFT JOIN pg_collation c ON c.oid = r.rngcollation LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
            WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    def needs(self) -> Iterable[Identity]:
        return [("schema", self.multirange_schema)]

    @property
    def reference(self) -> str:
        return f"TYPE {self.name}"

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("type", self.schema, self.range), ("type", self.multirange_schema, self.multirange))

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        options = {
            "SUBTYPE": self.subtype,
            "SUBTYPE_OPCLASS": self.opclass,
            "COLLATION": self.collation,
            "CANONICAL": self.canonical,
            "SUBTYPE_DIFF": self.difference,
            "MULTIRANGE_TYPE_NAME": qualified(self.multirange_schema, self.multirange),
        }
        given = ", ".join(f"{word} = {value}" for word, value in options.items() if value is not None)
        return [Statement(f"CREATE TYPE {self.name} AS RANGE ({given})")]

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        multirange = suffixed(aside, "_multirange")
        old, renamed = qualified(self.multirange_schema, self.multirange), qualified(self.schema, aside)
        # The constructor functions belong to the type, and keep their names when it is renamed.
        constructors = [
            (f"{self.name}({self.subtype}, {self.subtype})", aside),
            (f"{self.name}({self.subtype}, {self.subtype}, text)", aside),
            (f"{old}()", multirange),
            (f"{old}({renamed})", multirange),
            (f"{old}({renamed}[])", multirange),
        ]
        return [
            *super().make_way(aside, facts),
            Statement(f"ALTER TYPE {old} RENAME TO {identifier(multirange)}"),
            *(
                Statement(f"ALTER FUNCTION {signature} RENAME TO {identifier(name)}")
                for signature, name in constructors
            ),
        ]

    def rename(self, new: Range) -> list[Statement]:
        statements = super().rename(new)
        if self.multirange != new.multirange:
            old = qualified(self.multirange_schema, self.multirange)
            statements.append(Statement(f"ALTER TYPE {old} RENAME TO {identifier(new.multirange)}"))
        return statements
