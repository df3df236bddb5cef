"""Which kind a relation is, by pg_class.relkind: for what can stand on tables, views and others alike.

A foreign table is called a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.statement import Identity

if TYPE_CHECKING:
    from migrator.kinds.base import Facts

COLUMNS = """
    columns AS MATERIALIZED (
      SELECT attrelid, array_agg(attname ORDER BY attnum) AS names, array_agg(atttypid ORDER BY attnum) AS types,
             array_agg(attcollation ORDER BY attnum) AS collations
      FROM pg_attribute JOIN pg_class ON oid = attrelid AND relkind IN ('r', 'p', 'm', 'f')
      WHERE attnum > 0 AND attrelid >= 16384 GROUP BY attrelid)"""
"""A WITH query of what the columns of each table are, by number, dropped ones too: one pass instead of a look-up a row."""


def of_columns(numbers: str, every: str, first: int = 1) -> str:
    """SQL: one of the arrays of COLUMNS for the columns with these numbers (an array that begins at `first`), NULL for an
    expression."""
    # A subquery a row takes longer than the rest of the row; few have more than two columns.
    one, other = f"{every}[({numbers})[{first}]]", f"{every}[({numbers})[{first + 1}]]"
    each = f"SELECT {every}[u.number] FROM unnest({numbers}) WITH ORDINALITY AS u (number, place) ORDER BY u.place"
    return f"CASE cardinality({numbers}) WHEN 1 THEN ARRAY[{one}] WHEN 2 THEN ARRAY[{one}, {other}] ELSE ARRAY({each}) END"


_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized_view", "f": "table"}


def relation(relkind: str, schema: str, name: str) -> Identity:
    """The identity of the relation of this relkind and name."""
    return (_KINDS[relkind], schema, name)


def rows_elsewhere(table: Identity, facts: Facts) -> bool:
    """Whether it is a foreign table, whose rows are another server's: they are neither read nor changed."""
    one = facts.new(table)
    return one is not None and one.kind == "table" and not one.holds_rows
