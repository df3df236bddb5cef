"""Views (pg_class v), changed in place where only columns are added; columns of views of all sorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted
from migrator.kinds.column import COMPRESSION, OPTIONS, STORAGE
from migrator.kinds.options import leading
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock

# Each column as "name" type collation, which is what PostgreSQL holds CREATE OR REPLACE VIEW to.
COLUMNS = """
    ARRAY(SELECT concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                           nullif(a.attcollation, 0)::regcollation::text)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
"""


_HOLLOW = """
    (SELECT concat(' SELECT ' || string_agg(
       format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod),
              ' COLLATE ' || nullif(a.attcollation, 0)::regcollation::text, a.attname), ', ' ORDER BY a.attnum),
       ' WHERE false')
     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0)
"""


def set_options(
    reference: str, relation: Identity, mode: LockMode, old: Sequence[str], new: Sequence[str]
) -> list[Statement]:
    """ALTER … SET and RESET of storage parameters ("name=value") that lead from `old` to `new`."""
    return [Statement(f"ALTER {reference} {action}", lock(mode, relation)) for action in leading(old, new)]


def reprint(definition: str) -> tuple[list[str], str]:
    """Object.reprint for what is defined by a query."""
    return (
        [f"CREATE TEMPORARY VIEW reprint AS\n{definition}"],
        "SELECT left(pg_get_viewdef('pg_temp.reprint'::regclass), -1)",
    )


class View(Object):
    """A view."""

    kind = "view"
    declarable = True
    pins_type = True
    catalogs = {
        "pg_class": "oid relname relnamespace relkind reloptions relpersistence",
        "pg_rewrite": "ev_action",
        "pg_attribute": "attrelid attname attnum atttypid atttypmod attcollation",
    }

    printed = ("definition",)

    schema: str = key()
    view: str = key()
    columns: list[str] = altered()
    options: list[str] = altered()
    definition: str = altered()
    hollow: str = noted("a definition with the same columns that uses nothing but their types")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid")}, n.nspname::text, c.relname::text,
                   {COLUMNS},
                   coalesce(c.reloptions, '{{}}'), left(pg_get_viewdef(c.oid), -1), {_HOLLOW}
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'v' AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def table(self) -> Identity:
        return self.identity

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.view), ("type", self.schema, self.view))

    def _make(self, command: str) -> Statement:
        options = f" WITH ({', '.join(self.options)})" if self.options else ""
        return Statement(
            f"{command} {self.reference}{options} AS\n{self.definition}",
            lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
        )

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [self._make("CREATE")]

    def same_to_users(self, changed: Sequence[str]) -> bool:
        return "columns" not in changed

    def declare(self, facts: Facts) -> list[Statement]:
        """Nobody reads rows through it until it is made whole."""
        there = facts.old(self.identity) is not None
        made = self.with_(options=[], definition=self.hollow)._make("CREATE OR REPLACE")
        return [replace(made, hazards=(Hazards.CHANGES_RESULT,) if there else ())]

    def complete(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [self._make("CREATE OR REPLACE")]

    def reprint(self) -> tuple[list[str], str]:
        return reprint(self.definition)

    def alterable(self, new: View, changed: Sequence[str], facts: Facts) -> bool:
        return self.columns == new.columns[: len(self.columns)]

    def alter(self, new: View, changed: Sequence[str], facts: Facts) -> list[Statement]:
        if tuple(changed) == ("options",):
            return set_options(
                self.reference, self.identity, LockMode.ACCESS_EXCLUSIVE, self.options, new.options
            )
        return [new._make("CREATE OR REPLACE")]

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"DROP {self.reference}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
                (Hazards.CHANGES_RESULT,),
            )
        ]


class ViewColumn(Object):
    """A column of a view or materialized view: no type of its own, but what can be set on it."""

    kind = "view_column"
    pins_type = True
    inseparable = True
    catalogs = {
        "pg_attribute": "attrelid attname attnum attstorage attcompression attstattarget attoptions",
        "pg_type": "oid typstorage",
    }

    indexed = (3, 9, 1, 2)

    schema: str = key()
    view: str = key()
    column: str = key()
    storage: str | None = altered()
    compression: str = altered()
    statistics: int | None = altered()
    options: list[str] = altered()
    relation_kind: str = noted("whether the view is materialized")
    number: int = noted("the order in which it is written")
    type_storage: str = noted("the storage to go back to when none is asked for")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid", "a.attnum")}, n.nspname::text,
                   c.relname::text,
                   a.attname::text, CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
                   a.attcompression::text, nullif(a.attstattarget, -1)::int4, {OPTIONS},
                   c.relkind::text, a.attnum::int4, t.typstorage::text
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_type t ON t.oid = a.atttypid
            WHERE c.relkind IN ('v', 'm') AND a.attnum > 0 AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.view)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def reference(self) -> str:
        return f"COLUMN {self.name}"

    @property
    def position(self) -> int:
        return int(self.number)

    def fits_inside(self, facts: Facts) -> bool:
        return not self._beyond()

    def _beyond(self) -> tuple[str, ...]:
        """The names of the fields that differ from those of a column just made."""
        return self.with_(storage=None, compression="", statistics=None, options=[]).differences(self)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        plain = self.with_(storage=None, compression="", statistics=None, options=[])
        return plain.alter(self, self._beyond(), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return []  # it goes with the view

    def rename(self, new: ViewColumn) -> list[Statement]:
        view = f"{self.parent[0].upper().replace('_', ' ')} {qualified(self.schema, self.view)}"
        return [
            Statement(
                f"ALTER {view} RENAME COLUMN {identifier(self.column)} TO {identifier(new.column)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                (Hazards.BREAKS_PREPARED,),
            )
        ]

    def alter(self, new: ViewColumn, changed: Sequence[str], facts: Facts) -> list[Statement]:
        column = f"{qualified(self.schema, self.view)} ALTER COLUMN {identifier(self.column)}"
        actions = {
            "storage": f"SET STORAGE {STORAGE[new.storage or new.type_storage]}",
            "compression": f"SET COMPRESSION {COMPRESSION[new.compression]}",
            "statistics": f"SET STATISTICS {-1 if new.statistics is None else new.statistics}",
        }
        mode = LockMode.ACCESS_EXCLUSIVE
        statements = [
            Statement(f"ALTER MATERIALIZED VIEW {column} {action}", lock(mode, self.table))
            for field, action in actions.items()
            if field in changed
        ]
        return statements + set_options(
            f"MATERIALIZED VIEW {column}", self.table, mode, self.options, new.options
        )


class ViewDefault(Object):
    """The default of a view's column, for rows that are inserted through the view."""

    kind = "view_default"
    pins_type = True
    catalogs = {"pg_attrdef": "oid adrelid adnum adbin"}

    schema: str = key()
    view: str = key()
    column: str = key()
    expression: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_attrdef", "d.oid")}, n.nspname::text, c.relname::text,
                   a.attname::text, pg_get_expr(d.adbin, d.adrelid)
            FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE c.relkind = 'v' AND c.relpersistence <> 't' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("view_column", self.schema, self.view, self.column)

    @property
    def table(self) -> Identity:
        return ("view", self.schema, self.view)

    def _alter(self, action: str) -> list[Statement]:
        view, column = qualified(self.schema, self.view), identifier(self.column)
        return [
            Statement(
                f"ALTER VIEW {view} ALTER COLUMN {column} {action}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._alter(f"SET DEFAULT {self.expression}")

    def alter(self, new: ViewDefault, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._alter("DROP DEFAULT")
