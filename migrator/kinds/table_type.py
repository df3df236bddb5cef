"""That a table is of a composite type (CREATE TABLE … OF): neither changes its columns while it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, key, noted, replaced
from migrator.kinds.schema import OURS
from migrator.sql import qualified
from migrator.statement import Identity, LockMode, Statement, lock


class TableType(Object):
    """That a table has the columns of a composite type, in their order."""

    kind = "table_type"
    catalogs = {
        "pg_class": "relname relnamespace reloftype",
        "pg_attribute": "attrelid attname atttypid atttypmod attnum attcollation attisdropped",
    }

    schema: str = key()
    table_name: str = key()
    type: str = replaced()
    attributes: list[str] = replaced()
    names: list[str] = noted("the schema and the name of the type")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, format_type(t.oid, NULL),
                   ARRAY(SELECT concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                          nullif(a.attcollation, 0)::regcollation)
                         FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                         ORDER BY a.attnum),
                   ARRAY[tn.nspname::text, t.typname::text]
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_type t ON t.oid = c.reloftype JOIN pg_namespace tn ON tn.oid = t.typnamespace
            WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def _composite(self) -> Identity:
        return ("composite", *self.names)

    def needs(self) -> Iterable[Identity]:
        return [self._composite]

    def holds_still(self) -> tuple[Identity, ...]:
        return self.parent, self._composite

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return ""  # the statement of the table says it, in front of all else

    def _alter(self, action: str) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        return [Statement(f"ALTER TABLE {qualified(self.schema, self.table_name)} {action}", strong)]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._alter(f"OF {self.type}")

    def drop(self, facts: Facts) -> list[Statement]:
        return self._alter("NOT OF")
