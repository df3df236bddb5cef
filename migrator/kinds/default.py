"""Column defaults (pg_attrdef), those of generated columns aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from migrator.kinds.base import Columns, Facts, Forms, Object, Tree, address, altered, key, oid_of
from migrator.kinds.column import Column
from migrator.kinds.domain import holders_below
from migrator.kinds.inherited import alter_table, made_above
from migrator.kinds.relation import rows_elsewhere
from migrator.sql import identifier, qualified
from migrator.statement import Backfill, Identity, LockMode, Statement, lock


def fill_with_default(schema: str, table: str, *columns: str) -> Statement:
    """Gives the rows of a full table that have none of these new columns the defaults of them all, in batches."""
    names = [identifier(column) for column in columns]
    defaults = ", ".join(f"{name} = DEFAULT" for name in names)
    sql = f"UPDATE {qualified(schema, table)} AS t\nSET {defaults}\nWHERE {{batch}}"
    remaining = " AND ".join(f"t.{name} IS NULL" for name in names)
    job = f"{schema}.{table}.{', '.join(columns)}"
    fill = Backfill(job, ("table", schema, table), "t", columns, remaining, sql)
    return Statement(sql, transactional=False, backfill=fill, verb="fill")


class Default(Object):
    """The default expression of a column."""

    kind = "default"
    pins_type = True
    stays_aside = True
    evaluates = True
    of_relation = 2
    catalogs = {"pg_attrdef": "oid adrelid adnum adbin"}

    schema: str = key()
    table_name: str = key()
    column: str = key()
    expression: str = altered()

    by_form = True

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_attrdef", "d.oid")}, {address("pg_class", "d.adrelid")}, a.attname::text, d.adbin::text
            FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE a.atthasdef AND a.attgenerated = '' AND d.adrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 'v')"""

    @classmethod
    def forms(cls, rows: Sequence[tuple[Any, ...]], columns: Columns) -> Forms:
        return [row[-1] for row in rows], {}

    @classmethod
    def print_query(cls, version: int) -> str:
        # A default names no column; without the table, pg_get_expr does not have to open it.
        return f"""
            SELECT address, pg_get_expr(d.adbin, 0)
            FROM unnest($1::int8[]) AS wanted (address) JOIN pg_attrdef d ON d.oid = {oid_of("address")}"""

    @property
    def parent(self) -> Identity:
        return ("column", self.schema, self.table_name, self.column)

    @property
    def table(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        # A column has either a default or an identity.
        return (("filled by", self.schema, self.table_name, self.column),)

    def fits_inside(self, facts: Facts) -> bool:
        # A volatile default would rewrite a full table; SET DEFAULT afterwards does not.
        column = facts.new(self.parent)
        if isinstance(column, Column) and (
            column.inline(facts) or (made_above(column, facts) and not column.own)
        ):
            return False
        return facts.is_new(self.table) or (facts.is_new(self.parent) and self.fills_rows(facts))

    def trials(self, before: Default | None, facts: Facts) -> list[tuple[str, str, str | None]]:
        column = facts.new(self.parent)
        if not isinstance(column, Column) or not facts.is_new(self.parent) or facts.is_new(self.table):
            return []
        if made_above(column, facts):
            return []
        return [("", f"ADD COLUMN c {column.typed()} DEFAULT {self.expression}", None)]

    def fills_rows(self, facts: Facts) -> bool:
        """Where the column alone would have every row written again, as its type is a domain with rules, they get it too."""
        costs = facts.rewrites(self.identity) and not facts.rewrites(self.parent)
        return not costs and not holders_below(self.table, facts)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return f"DEFAULT {self.expression}"

    def _alter(self, action: str, facts: Facts) -> list[Statement]:
        table, column = alter_table(self.schema, self.table_name, facts), identifier(self.column)
        return [
            Statement(
                f"{table} ALTER COLUMN {column} {action}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        if facts.is_new(self.parent) and self._came_along(facts):
            return []
        set_default = self._alter(f"SET DEFAULT {self.expression}", facts)
        if not self.joins(facts):
            return set_default
        return [*set_default, fill_with_default(self.schema, self.table_name, self.column)]

    def joins(self, facts: Facts) -> bool:
        if not facts.is_new(self.parent) or self._came_along(facts):
            return False
        filled = self.fills_rows(facts) or facts.backfilled(self.parent)
        return not (filled or facts.is_new(self.table) or rows_elsewhere(self.table, facts))

    @classmethod
    def create_together(cls, ones: Sequence[Default], facts: Facts) -> list[Statement]:
        """One pass for all the columns: it costs what each of theirs would.

        Rows that were written with some of them meanwhile keep those: what they lack is filled apart.
        """
        schema, table, also = ones[0].schema, ones[0].table_name, tuple(one.identity for one in ones[1:])
        return [
            *(
                replace(statement, subject=one.identity)
                for one in ones
                for statement in one._alter(f"SET DEFAULT {one.expression}", facts)
            ),
            replace(fill_with_default(schema, table, *(one.column for one in ones)), also=also),
            *(replace(fill_with_default(schema, table, one.column), subject=one.identity) for one in ones),
        ]

    def _came_along(self, facts: Facts) -> bool:
        """Whether the column was inherited, now, with this very default."""
        column = facts.new(self.parent)
        if not isinstance(column, Column) or column.own:
            return False
        found = [facts.new(("default", *original[1:])) for _, original in column.copies()]
        given = [one for one in found if isinstance(one, Default)]
        if not given or given[0].expression != self.expression:
            return False
        return column.inline(facts) or (made_above(column, facts) and given[0].fits_inside(facts))

    def alter(self, new: Default, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._alter("DROP DEFAULT", facts)
