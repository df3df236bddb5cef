"""Sequences (pg_sequence): every option, never the value; what owns one is an object of its own."""

from __future__ import annotations

from collections.abc import Sequence as Items

from migrator.kinds.base import Facts, Object, Tree, altered, key
from migrator.kinds.owner import rights
from migrator.kinds.schema import OURS
from migrator.sql import qualified
from migrator.statement import Identity, Statement


class Sequence(Object):
    """A sequence that is not part of an identity column."""

    kind = "sequence"
    holds_rows = True
    loose = frozenset({"column", "table"})
    catalogs = {
        "pg_sequence": "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle",
        "pg_class": "oid relname relnamespace relkind relpersistence",
    }

    schema: str = key()
    sequence: str = key()
    type: str = altered()
    start: int = altered()
    increment: int = altered()
    minimum: int = altered()
    maximum: int = altered()
    cache: int = altered()
    cycle: bool = altered()
    persistence: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 'pg_class'::regclass::oid::int8, c.oid::int8, 0, n.nspname::text, c.relname::text,
                   format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                   s.seqcycle, c.relpersistence::text
            FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {OURS} AND NOT EXISTS (
              SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.sequence),)

    def options(self) -> str:
        """The options as CREATE and ALTER SEQUENCE take them."""
        cycle = "CYCLE" if self.cycle else "NO CYCLE"
        return (
            f"AS {self.type} INCREMENT BY {self.increment} MINVALUE {self.minimum} MAXVALUE {self.maximum}"
            f" START WITH {self.start} CACHE {self.cache} {cycle}"
        )

    def create(self, parts: Items[Tree], facts: Facts) -> list[Statement]:
        unlogged = "UNLOGGED " if self.persistence == "u" else ""
        return [Statement(f"CREATE {unlogged}SEQUENCE {self.name} {self.options()}")]

    def alter(self, new: Sequence, changed: Items[str], facts: Facts) -> list[Statement]:
        statements = []
        if set(changed) - {"persistence"}:
            statements.append(Statement(f"ALTER {self.reference} {new.options()}"))
        if "persistence" in changed:
            logged = "UNLOGGED" if new.persistence == "u" else "LOGGED"
            statements.append(Statement(f"ALTER {self.reference} SET {logged}"))
        return statements


class OwnedBy(Object):
    """The tie of a sequence to the column that it goes with."""

    kind = "owned_by"
    falls = False
    catalogs = {"pg_depend": "classid objid refclassid refobjid refobjsubid deptype"}

    schema: str = key()
    sequence: str = key()
    table_schema: str = altered()
    table_name: str = altered()
    column: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 0::int8, 0::int8, 0, n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text,
                   a.attname::text
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
              AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("sequence", self.schema, self.sequence)

    def needs(self) -> Items[Identity]:
        return [("column", self.table_schema, self.table_name, self.column)]

    def follows(self) -> Items[Identity]:
        # Both must have the same owner.
        table = ("table", self.table_schema, self.table_name)
        return [("owner", *table), ("owner", "sequence", self.schema, self.sequence)]

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (rights((self.table_schema, self.table_name)),)

    @property
    def reference(self) -> str:
        return f"SEQUENCE {self.name}"

    def create(self, parts: Items[Tree], facts: Facts) -> list[Statement]:
        owner = qualified(self.table_schema, self.table_name, self.column)
        return [Statement(f"ALTER {self.reference} OWNED BY {owner}")]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER {self.reference} OWNED BY NONE")]

    def alter(self, new: OwnedBy, changed: Items[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)
