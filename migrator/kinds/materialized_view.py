"""Materialized views (pg_class m). Their rows are an object of their own, so that they are computed late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.schema import OURS
from migrator.kinds.table import OPTIONS
from migrator.kinds.view import COLUMNS, reprint, set_options
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock

HAS_RULE = "c.oid IN (SELECT ev_class FROM pg_rewrite WHERE rulename = '_RETURN')"
"""SQL: whether pg_class c is a view of either sort: few are, and pg_class, with all indexes and TOAST tables, is long."""


class MaterializedView(Object):
    """A materialized view, made empty."""

    kind = "materialized_view"
    pins_type = True
    catalogs = {
        "pg_class": "oid relname relnamespace relkind reloptions relam reltablespace reltoastrelid",
        "pg_rewrite": "ev_action",
        "pg_am": "oid amname",
        "pg_tablespace": "oid spcname",
        "pg_attribute": "attrelid attname attnum atttypid atttypmod attcollation",
    }

    printed = ("definition",)

    schema: str = key()
    view: str = key()
    columns: list[str] = replaced()
    definition: str = replaced()
    options: list[str] = altered()
    access_method: str = altered()
    tablespace: str | None = altered()
    types: list[str] = noted("the types of its columns, whose rows it holds")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid")}, n.nspname::text, c.relname::text,
                   {COLUMNS},
                   left(pg_get_viewdef(c.oid), -1), {OPTIONS}, am.amname::text, s.spcname::text,
                   ARRAY(SELECT DISTINCT format_type(a.atttypid, NULL) FROM pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY 1)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = c.relam
            LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
            WHERE {HAS_RULE} AND c.relkind = 'm' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def table(self) -> Identity:
        return self.identity

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.view), ("type", self.schema, self.view))

    @property
    def computes(self) -> tuple[str, ...]:
        return tuple(self.types)

    def reprint(self) -> tuple[list[str], str]:
        return reprint(self.definition)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        using = "" if self.access_method == "heap" else f" USING {identifier(self.access_method)}"
        options = f" WITH ({', '.join(self.options)})" if self.options else ""
        options += f" TABLESPACE {identifier(self.tablespace)}" if self.tablespace else ""
        return [Statement(f"CREATE {self.reference}{using}{options} AS\n{self.definition}\nWITH NO DATA")]

    def alter(self, new: MaterializedView, changed: Sequence[str], facts: Facts) -> list[Statement]:
        mode = LockMode.ACCESS_EXCLUSIVE
        statements = set_options(self.reference, self.identity, mode, self.options, new.options)
        if "access_method" in changed:
            method = identifier(new.access_method)
            statements.append(
                Statement(
                    f"ALTER {self.reference} SET ACCESS METHOD {method}",
                    lock(mode, self.identity),
                    (Hazards.REWRITES_TABLE,),
                )
            )
        if "tablespace" in changed:
            space = identifier(new.tablespace or "pg_default")
            statements.append(
                Statement(
                    f"ALTER {self.reference} SET TABLESPACE {space}",
                    lock(mode, self.identity),
                    (Hazards.REWRITES_TABLE,),
                )
            )
        return statements

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"DROP {self.reference}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
                (Hazards.CHANGES_RESULT,),
            )
        ]


class Contents(Object):
    """That a materialized view holds the rows of its query; which ones is not compared."""

    kind = "contents"
    enforces = True
    catalogs = {"pg_class": "relispopulated"}

    schema: str = key()
    view: str = key()
    reads: list[str] = noted("the materialized views that must be filled before, as schema, name, schema, …")

    @classmethod
    def query(cls, version: int) -> str:
        # A view's query hangs on its rule; through views that are not materialized, on what they read.
        return f"""
            WITH RECURSIVE direct AS (
              SELECT DISTINCT r.ev_class AS view, d.refobjid AS used
              FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
              JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
              WHERE r.rulename = '_RETURN'
            ), every AS (
              SELECT view, used FROM direct
              UNION
              SELECT e.view, d.used FROM every e JOIN pg_class c ON c.oid = e.used AND c.relkind = 'v'
              JOIN direct d ON d.view = e.used
            )
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text,
                   coalesce((SELECT array_agg(name ORDER BY un.nspname, u.relname, place)
                             FROM every e JOIN pg_class u ON u.oid = e.used AND u.relkind = 'm'
                             JOIN pg_namespace un ON un.oid = u.relnamespace,
                             unnest(ARRAY[un.nspname::text, u.relname::text])
                               WITH ORDINALITY AS x (name, place)
                             WHERE e.view = c.oid), '{{}}')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {HAS_RULE} AND c.relkind = 'm' AND c.relispopulated AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("materialized_view", self.schema, self.view)

    @property
    def table(self) -> Identity:
        return self.parent

    def needs(self) -> Iterable[Identity]:
        return [("contents", *pair) for pair in zip(self.reads[::2], self.reads[1::2], strict=True)]

    def _refresh(self, suffix: str) -> list[Statement]:
        return [
            Statement(
                f"REFRESH MATERIALIZED VIEW {qualified(self.schema, self.view)}{suffix}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                alone=True,
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._refresh("")

    def drop(self, facts: Facts) -> list[Statement]:
        return self._refresh(" WITH NO DATA")
