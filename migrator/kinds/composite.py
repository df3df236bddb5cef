"""Composite types (pg_type c): attributes are added, dropped and retyped in place where PostgreSQL allows it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Precondition, Statement

# Types that a stored column has, and those inside of them (`inside`: in an array, a composite or a range, and
# not only in a domain): PostgreSQL refuses to change much of these.
STORED = """
    WITH RECURSIVE stored (type, inside) AS (
      -- A column depends on its type, if that is not one of PostgreSQL itself, in which there is nothing of ours.
      SELECT DISTINCT d.refobjid, false FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
      WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid >= 16384
        AND d.classid = 'pg_class'::regclass AND d.objsubid > 0 AND c.relkind IN ('r', 'p', 'm', 'f')
      UNION
      SELECT inner_.type, s.inside OR inner_.inside
      FROM stored s JOIN pg_type t ON t.oid = s.type CROSS JOIN LATERAL (
        SELECT t.typbasetype, false WHERE t.typbasetype <> 0
        UNION ALL SELECT t.typelem, true WHERE t.typelem <> 0
        UNION ALL SELECT r.rngsubtype, true FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        UNION ALL SELECT a.atttypid, true FROM pg_attribute a
                  WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
      ) AS inner_ (type, inside))"""


class Composite(Object):
    """A composite type; its attributes are objects of their own."""

    kind = "composite"
    sets_aside = True
    catalogs = {"pg_type": "oid typname typnamespace typtype typrelid", "pg_class": "oid relkind"}

    schema: str = key()
    composite: str = key()
    order: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_type", "t.oid")}, n.nspname::text, t.typname::text,
                   ARRAY(SELECT a.attname::text FROM pg_attribute a
                         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
            FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
            JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'c' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def reference(self) -> str:
        return f"TYPE {self.name}"

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("type", self.schema, self.composite), ("relation", self.schema, self.composite))

    def alterable(self, new: Composite, changed: Sequence[str], facts: Facts) -> bool:
        kept = [name for name in self.order if name in set(new.order)]
        return new.order[: len(kept)] == kept

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        inside = ", ".join(part.object.clause(part.parts, facts) for part in parts)
        return [Statement(f"CREATE TYPE {self.name} AS ({inside})")]

    def alter(self, new: Composite, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return []  # its attributes say what happens


class Attribute(Object):
    """An attribute of a composite type."""

    kind = "attribute"
    inseparable = True
    catalogs = {"pg_attribute": "attrelid attname atttypid atttypmod attnum attcollation attisdropped"}

    schema: str = key()
    composite: str = key()
    attribute: str = key()
    type: str = altered()
    collation: str | None = altered()
    number: int = noted("the order, which is compared as a field of the type")
    stored: bool = noted("whether a stored column holds it, so that its type cannot change in place")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            {STORED}
            SELECT {address("pg_class", "c.oid", "a.attnum")}, n.nspname::text, t.typname::text,
                   a.attname::text, format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attcollation <> at.typcollation THEN format('%I.%I', cn.nspname, co.collname) END,
                   a.attnum::int4, t.oid IN (SELECT type FROM stored)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
            JOIN pg_type t ON t.typrelid = c.oid JOIN pg_namespace n ON n.oid = t.typnamespace
            JOIN pg_type at ON at.oid = a.atttypid
            LEFT JOIN pg_collation co ON co.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE a.attnum > 0 AND NOT a.attisdropped AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("composite", self.schema, self.composite)

    @property
    def position(self) -> int:
        return int(self.number)

    @property
    def reference(self) -> str:
        return f"TYPE {qualified(self.schema, self.composite)}"

    @property
    def comment_reference(self) -> str:
        return f"COLUMN {self.name}"

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        collation = f" COLLATE {self.collation}" if self.collation else ""
        return f"{identifier(self.attribute)} {self.type}{collation}"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER {self.reference} ADD ATTRIBUTE {self.clause(parts, facts)}")]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        """PostgreSQL holds no row to the type of a new attribute, and then restores no dump of those that do not meet it."""
        from migrator.kinds import conversion, domain  # both know of composite types

        if facts.is_new(self.parent) or not facts.is_new(self.identity):
            return []
        columns = [(facts.old(i), facts.new(i)) for i in domain.columns_of(self.parent, facts)]
        types = [(old, getattr(old, "type", None), getattr(new, "type", None)) for old, new in columns]
        return [
            asked
            for old, before, after in types
            if old is not None and before is not None and before == after
            for attribute, asked in conversion.asked_inside(
                old.identity, before, after, (old.identity,), facts
            )
            if attribute == self.identity
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER {self.reference} DROP ATTRIBUTE {identifier(self.attribute)}")]

    def alterable(self, new: Attribute, changed: Sequence[str], facts: Facts) -> bool:
        return not self.stored

    def retypes(self, changed: Sequence[str]) -> bool:
        return True

    def alter(self, new: Attribute, changed: Sequence[str], facts: Facts) -> list[Statement]:
        collation = f" COLLATE {new.collation}" if new.collation else ""
        return [
            Statement(
                f"ALTER {self.reference} ALTER ATTRIBUTE {identifier(self.attribute)} TYPE {new.type}{collation}"
            )
        ]

    def rename(self, new: Attribute) -> list[Statement]:
        return [
            Statement(
                f"ALTER {self.reference} RENAME ATTRIBUTE {identifier(self.attribute)}"
                # The columns of tables of the type, which follow its attributes, and nothing else.
                f" TO {identifier(new.attribute)} CASCADE",
                hazards=(Hazards.RENAMED,),
            )
        ]
