"""Which kind a relation is, by pg_class.relkind: for what can stand on tables, views and others alike.

A foreign table is called a table.
"""

from __future__ import annotations

from migrator.statement import Identity

COLUMNS = """
    columns AS MATERIALIZED (
      SELECT attrelid, array_agg(attname::text ORDER BY attnum) AS names FROM pg_attribute
      WHERE attnum > 0 AND attrelid >= 16384 GROUP BY attrelid)"""
"""A WITH query of every relation's column names by number, dropped ones too: one pass instead of a look-up a row."""


def names_of(numbers: str, columns: str) -> str:
    """SQL: the names of the columns with these numbers (int2[], from 1), NULL for an expression; `columns` is COLUMNS."""
    # A subquery a row takes longer than the rest of the row; few have more than two columns.
    every = f"SELECT {columns}.names[u.number] FROM unnest({numbers}) WITH ORDINALITY AS u (number, place) ORDER BY u.place"
    return f"""CASE cardinality({numbers}) WHEN 1 THEN ARRAY[{columns}.names[({numbers})[1]]]
        WHEN 2 THEN ARRAY[{columns}.names[({numbers})[1]], {columns}.names[({numbers})[2]]] ELSE ARRAY({every}) END"""


_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized_view", "f": "table"}


def relation(relkind: str, schema: str, name: str) -> Identity:
    """The identity of the relation of this relkind and name."""
    return (_KINDS[relkind], schema, name)
