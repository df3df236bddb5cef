"""Rows for tables that nobody gave samples for: whatever their columns take, so that a scan can be seen.

Every value is a function of the row's number alone, so that columns of one type agree from table to table.
What a table's rules do not let in is left out; a table that takes no row at all stays empty.
"""

from __future__ import annotations

from typing import Any

import psycopg

from migrator.sql import dollar_quoted

ROWS = 200

# Tables that hold no row yet; a partition is filled through its parent.
_TABLES = """
SELECT c.oid::int8, format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'migrator')
  AND c.oid <> coalesce(to_regclass('public.alembic_version'), 0)
ORDER BY c.oid
"""

_COLUMNS = """
SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), t.typcategory::text,
       coalesce(b.typname, t.typname)::text, t.typtype::text, a.attnotnull,
       (SELECT format('SELECT r.%%I FROM %%I.%%I AS r ORDER BY 1', fa.attname, fn.nspname, fc.relname)
        FROM pg_constraint k
        JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
        JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND k.conrelid = a.attrelid AND k.conkey = ARRAY[a.attnum]
          AND k.confrelid <> k.conrelid
        ORDER BY k.conname LIMIT 1)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""

_BY_CATEGORY = {
    "N": "g::numeric",
    "S": "g::text",
    "B": "(g % 2 = 0)",
    "D": "(timestamp '2024-01-01' + g * interval '1 day')",
    "T": "g * interval '1 second'",
    "A": "'{}'",
    "I": "('10.0.0.0'::inet + g)",
    "V": "g::bit(32)",
}
_BY_NAME = {
    "uuid": "lpad(to_hex(g), 32, '0')",
    "json": "'{}'",
    "jsonb": "'{}'",
    "bytea": "convert_to(g::text, 'UTF8')",
    "xml": "'<x/>'",
    "tsvector": "''",
    "time": "(time '00:00' + g * interval '1 second')",
    "timetz": "(time '00:00' + g * interval '1 second')",
    "money": "g::int",
}


def fill(connection: psycopg.Connection[Any]) -> None:
    """Puts some rows into each empty table that takes any. The connection is in autocommit."""
    connection.execute("SET timezone = 'UTC'")
    todo = [
        (oid, name)
        for oid, name in connection.execute(_TABLES).fetchall()
        if not connection.execute(f"SELECT EXISTS (SELECT FROM {name})").fetchone()[0]  # type: ignore[index]
    ]
    while todo:
        left = [(oid, name) for oid, name in todo if not _fill(connection, oid, name)]
        if len(left) == len(todo):
            break
        todo = left  # a table may have waited for the rows that it references


def _fill(connection: psycopg.Connection[Any], oid: int, table: str) -> bool:
    columns = connection.execute(_COLUMNS, [oid]).fetchall()
    every = {name: _value(*rest) for name, *rest in columns}
    required = {
        name: value if not_null else "NULL"
        for (name, value), (_, _, _, _, _, not_null, _) in zip(every.items(), columns, strict=True)
    }
    return _all_at_once(connection, table, every) or any(
        _one_by_one(connection, table, values) for values in (every, required)
    )


def _value(type_: str, category: str, base: str, typtype: str, not_null: bool, referenced: str | None) -> str:
    """The SQL expression of the value in row g."""
    if referenced:
        return (
            f"({referenced} OFFSET (g - 1) % (SELECT greatest(count(*), 1) FROM ({referenced}) AS c) LIMIT 1)"
        )
    if category == "E":
        return f"(enum_range(NULL::{type_}))[1 + g % cardinality(enum_range(NULL::{type_}))]"
    if category == "R":
        value = "'{}'" if typtype == "m" else "'empty'"
    else:
        value = _BY_NAME.get(base) or _BY_CATEGORY.get(category) or "NULL"
    return f"{value}::{type_}"


def _insert(table: str, values: dict[str, str], rows: str) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(values)}) OVERRIDING SYSTEM VALUE"
        f" SELECT {', '.join(values.values())} FROM {rows} AS g"
    )


def _all_at_once(connection: psycopg.Connection[Any], table: str, values: dict[str, str]) -> bool:
    if not values:
        return False
    try:
        connection.execute(_insert(table, values, f"generate_series(1, {ROWS})"))
    except psycopg.Error:
        return False
    return True


def _one_by_one(connection: psycopg.Connection[Any], table: str, values: dict[str, str]) -> bool:
    """Row by row, those that the table takes."""
    if not values:
        return False
    body = (
        f"BEGIN FOR n IN 1..{ROWS} LOOP BEGIN {_insert(table, values, 'generate_series(n, n)')};"
        " EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END"
    )
    try:
        connection.execute(f"DO {dollar_quoted(f'DECLARE n int; {body}')}")
    except psycopg.Error:
        return False
    return bool(connection.execute(f"SELECT EXISTS (SELECT FROM {table})").fetchone()[0])  # type: ignore[index]
