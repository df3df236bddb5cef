"""Columns (pg_attribute). Default, identity and NOT NULL are objects of their own, tied to the column."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import Facts, Object, Tree, altered, key, noted
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock

STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
COMPRESSION = {"": "DEFAULT", "p": "pglz", "l": "lz4"}


class Column(Object):
    """A column of a table."""

    kind = "column"
    printed = frozenset({"expression"})
    address_type = "table column"
    holds_rows = True
    moves_type = True
    catalogs = {
        "pg_attribute": "attrelid attname atttypid atttypmod attnum attcollation attgenerated attstorage"
        " attcompression attstattarget attoptions attisdropped",
    }

    schema: str = key()
    table_name: str = key()
    column: str = key()
    type: str = altered()
    collation: str | None = altered()
    generated: str = altered()
    expression: str | None = altered()
    storage: str | None = altered()
    compression: str = altered()
    statistics: int | None = altered()
    options: list[str] = altered()
    number: int = noted("the order in which new columns are written; PostgreSQL cannot move one")
    type_storage: str = noted("the storage to go back to when none is asked for")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT 'pg_class'::regclass::oid::int8, c.oid::int8, a.attnum::int4, n.nspname::text, c.relname::text,
                   a.attname::text, format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attcollation <> t.typcollation THEN format('%I.%I', cn.nspname, co.collname) END,
                   a.attgenerated::text,
                   CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                   CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
                   a.attcompression::text, nullif(a.attstattarget, -1)::int4, coalesce(a.attoptions, '{{}}'),
                   a.attnum::int4, t.typstorage::text
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_collation co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
            LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
            LEFT JOIN pg_attrdef d ON a.attgenerated <> '' AND d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
              AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def position(self) -> int:
        return int(self.number)

    @property
    def alter_table(self) -> str:
        """`ALTER TABLE t ALTER COLUMN c`."""
        return f"ALTER TABLE {qualified(self.schema, self.table_name)} ALTER COLUMN {identifier(self.column)}"

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    @property
    def pins_type(self) -> bool:  # type: ignore[override]
        """A generated column stands in the way of a change of type of the columns that it uses."""
        return bool(self.generated)

    def fills_rows(self, facts: Facts) -> bool:
        return bool(self.generated)

    def typed(self) -> str:
        """Type and collation."""
        return str(self.type) + (f" COLLATE {self.collation}" if self.collation else "")

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        words = [identifier(self.column), self.typed()]
        if self.compression:
            words.insert(2, f"COMPRESSION {COMPRESSION[self.compression]}")
        if self.generated:
            words.append(
                f"GENERATED ALWAYS AS ({self.expression}) {'STORED' if self.generated == 's' else 'VIRTUAL'}"
            )
        return " ".join([*words, *(part.object.clause(part.parts, facts) for part in parts)])

    def created(self, facts: Facts) -> list[Statement]:
        """What a new column needs beyond its clause."""
        blank = self.with_(storage=None, statistics=None, options=[])
        return blank.alter(self, blank.differences(self), facts)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        hazards: tuple[Hazard, ...] = (Hazards.BREAKS_PREPARED,)
        if facts.rewrites(self.identity) or self.generated == "s":
            hazards += (Hazards.REWRITES_TABLE,)
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)} ADD COLUMN {self.clause(parts, facts)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                hazards,
            ),
            *self.created(facts),
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)} DROP COLUMN {identifier(self.column)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                (Hazards.BREAKS_PREPARED,)
                if self.generated
                else (Hazards.LOSES_COLUMN, Hazards.BREAKS_PREPARED),
            )
        ]

    def rename(self, new: Column) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)}"
                f" RENAME COLUMN {identifier(self.column)} TO {identifier(new.column)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                (Hazards.RENAMED, Hazards.BREAKS_PREPARED),
            )
        ]

    def conversions(self, new: Column) -> list[str | None]:
        """USING expressions to try for a change of type: none, a cast, a cast by way of text."""
        column, array = identifier(self.column), "[]" if new.type.endswith("[]") else ""
        return [None, f"{column}::{new.type}", f"{column}::text{array}::{new.type}"]

    def trials(self, before: Column | None, facts: Facts) -> list[tuple[str, str, str | None]]:
        if before is None:
            return (
                []
                if facts.is_new(self.parent) or self.generated
                else [("", f"ADD COLUMN c {self.typed()}", None)]
            )
        if self.typed() == before.typed():
            return []
        name, columns = identifier(self.column), f"{identifier(self.column)} {before.typed()}"
        return [
            (
                columns,
                f"ALTER COLUMN {name} TYPE {self.typed()}" + (f" USING {using}" if using else ""),
                using,
            )
            for using in before.conversions(self)
        ]

    def alterable(self, new: Column, changed: Sequence[str], facts: Facts) -> bool:
        if "generated" in changed:
            return self.generated == "s" and not new.generated
        if "expression" in changed:
            return facts.oldest >= 17
        return True

    def retypes(self, changed: Sequence[str]) -> bool:
        return "type" in changed or "collation" in changed

    def alter(self, new: Column, changed: Sequence[str], facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        statements = []
        if "generated" in changed:
            statements.append(Statement(f"{self.alter_table} DROP EXPRESSION", strong))
        if "type" in changed or "collation" in changed:
            using = facts.conversion(self.identity)
            statements.append(
                Statement(
                    f"{self.alter_table} TYPE {new.typed()}" + (f" USING {using}" if using else ""),
                    strong,
                    (
                        Hazards.BREAKS_PREPARED,
                        *((Hazards.REWRITES_TABLE,) if facts.rewrites(self.identity) else ()),
                    ),
                )
            )
        if "expression" in changed and "generated" not in changed:
            statements.append(
                Statement(
                    f"{self.alter_table} SET EXPRESSION AS ({new.expression})",
                    strong,
                    (Hazards.REWRITES_TABLE,) if new.generated == "s" else (),
                )
            )
        if "storage" in changed:
            storage = STORAGE[new.storage or new.type_storage]
            statements.append(Statement(f"{self.alter_table} SET STORAGE {storage}", strong))
        if "compression" in changed:
            statements.append(
                Statement(f"{self.alter_table} SET COMPRESSION {COMPRESSION[new.compression]}", strong)
            )
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent)
        if "statistics" in changed:
            target = -1 if new.statistics is None else new.statistics
            statements.append(Statement(f"{self.alter_table} SET STATISTICS {target}", weak))
        if "options" in changed:
            before = {option.split("=", 1)[0] for option in self.options}
            gone = sorted(before - {option.split("=", 1)[0] for option in new.options})
            if gone:
                statements.append(Statement(f"{self.alter_table} RESET ({', '.join(gone)})", weak))
            if new.options:
                statements.append(Statement(f"{self.alter_table} SET ({', '.join(new.options)})", weak))
        return statements
