"""Casts (pg_cast) that no extension brought."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, key, noted, replaced
from migrator.statement import Identity, Statement

_CONTEXTS = {"e": "", "a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


class Cast(Object):
    """A cast with its function, and where it is applied unasked."""

    kind = "cast"
    address_type = "cast"
    catalogs = {"pg_cast": "oid castsource casttarget castfunc castcontext castmethod"}

    source: str = key()
    target: str = key()
    how: str = replaced()
    context: str = replaced()
    function: list[str] | None = noted("its function: schema, name, arguments")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_cast", "c.oid")}, format_type(c.castsource, NULL),
                   format_type(c.casttarget, NULL),
                   CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure
                                     WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END,
                   c.castcontext::text,
                   CASE WHEN p.oid IS NOT NULL
                        THEN ARRAY[n.nspname::text, p.proname::text, oidvectortypes(p.proargtypes)] END
            FROM pg_cast c LEFT JOIN pg_proc p ON p.oid = c.castfunc LEFT JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE c.oid >= 16384
              -- A range type brings a cast to its multirange.
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                              AND d.deptype = 'i')"""

    @property
    def reference(self) -> str:
        return f"CAST ({self.source} AS {self.target})"

    def completes(self) -> Identity | None:
        """What is written as a cast depends on the function alone."""
        return ("function", *self.function) if self.function else None

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(f"CREATE {self.reference} {self.how}{_CONTEXTS[self.context]}")]
