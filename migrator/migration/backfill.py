"""A backfill as SQL: a call of the driver that every migration file carries, or one UPDATE without it.

The driver (`backfill` in runtime.sql) works in short transactions: it can be stopped anywhere and run again.
"""

from __future__ import annotations

from migrator.sql import command, dollar_quoted, literal, qualified
from migrator.statement import Backfill

BATCH = "{batch}"


def render(backfill: Backfill) -> str:
    """The backfill as psql text, for a file that begins with runtime.sql; not inside a transaction."""
    fills = ", ".join(literal(column) for column in backfill.fills)
    return (
        f"CALL pg_temp.backfill({literal(backfill.name)}, {literal(qualified(*backfill.table[1:]))},"
        f" {literal(backfill.alias)}, ARRAY[{fills}],\n"
        f"  {dollar_quoted(backfill.remaining, 'remaining')},\n"
        f"  {dollar_quoted(backfill.sql, 'update')});\n"
    )


def plain(backfill: Backfill) -> str:
    """The backfill as one UPDATE, without a ledger: writers of its rows wait until it ends."""
    before, _, after = backfill.sql.rpartition(BATCH)
    return command(f"{before}({backfill.remaining}\n){after}")
