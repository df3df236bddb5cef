"""What rows a database holds, as one digest a column, so that two moments can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

Digests = Mapping[tuple[str, str, str], tuple[int, str]]
"""(table, column, type) -> number of rows, and a digest of the column's values beside their row's key."""

_COLUMNS = """
SELECT format('%I.%I', n.nspname, c.relname), array_agg(quote_ident(a.attname) ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum),
       (SELECT array_agg(quote_ident(k.attname) ORDER BY k.attnum) FROM pg_constraint p
          JOIN pg_attribute k ON k.attrelid = p.conrelid AND k.attnum = ANY (p.conkey)
         WHERE p.conrelid = c.oid AND p.contype = 'p')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname <> 'migrator' AND c.oid <> coalesce(to_regclass('public.alembic_version'), 0)
GROUP BY c.oid, n.nspname, c.relname
"""


def digests(connection: psycopg.Connection[Any]) -> Digests:
    """The digests of every column of every table."""
    found: dict[tuple[str, str, str], tuple[int, str]] = {}
    with connection.transaction():
        # Values that depend on settings must read the same each time.
        connection.execute("SET LOCAL timezone = 'UTC'")
        connection.execute("SET LOCAL extra_float_digits = 3")
        for table, columns, types, key in connection.execute(_COLUMNS).fetchall():
            # Beside its key a value stays with its row; without one, at least the values are the same.
            beside = ", ".join(key or ())
            sums = ", ".join(
                f"coalesce(sum(hashtextextended(ROW({', '.join(filter(None, (column, beside)))})::text, 0)::numeric), 0)::text"
                for column in columns
            )
            row = connection.execute(f"SELECT count(*), {sums} FROM ONLY {table}").fetchone()
            assert row is not None
            for column, type_, digest in zip(columns, types, row[1:], strict=True):
                found[table, column, type_] = (int(row[0]), str(digest))
    return found


def lost(before: Digests, after: Digests) -> list[str]:
    """Where columns that both have do not hold the same, a line each."""
    return [
        f"{table}.{column}: {before[table, column, type_][0]} rows before, {after[table, column, type_][0]} after"
        + (", with other values" if before[table, column, type_][0] == after[table, column, type_][0] else "")
        for table, column, type_ in sorted(before.keys() & after.keys())
        if before[table, column, type_] != after[table, column, type_]
    ]
