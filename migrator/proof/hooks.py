"""Hooks are tried while the migration is made: an error in their SQL names the author's own file and line.

The tables are empty then. What only rows can show, the round trip shows, with the line of upgrade.sql.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from migrator.errors import ConfigurationError, ProofError
from migrator.kinds.base import describe
from migrator.migration import backfill, hooks
from migrator.migration.backfill import BATCH
from migrator.plan.hooks import Hooks
from migrator.plan.plan import Plan
from migrator.sql import identifier, qualified
from migrator.statement import Backfill

_SETTINGS = """
SET search_path = pg_catalog, public, pg_temp; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres'; SET check_function_bodies = off; SET row_security = off;
"""


def attempt(connection: psycopg.Connection[Any], made: Plan, found: Hooks, folder: Path) -> None:
    """Runs the plan up to its last backfill on a database at its start, which is used up by that.

    ConfigurationError names file and line of a hook that PostgreSQL refuses, ProofError another statement.
    """
    connection.execute(_SETTINGS)
    for one in found.preconditions:
        path, line = hooks.source(folder, one.query)
        _run(
            connection,
            f"SELECT count(*) FROM ({one.query}) AS q",
            path,
            line,
            skip=len("SELECT count(*) FROM ("),
        )
    left = list(found.backfills)
    for statement in made.statements:
        if not left:
            return
        if statement.backfill in left:
            _backfill(connection, statement.backfill, folder)
            left.remove(statement.backfill)
            continue
        sql = backfill.plain(statement.backfill) if statement.backfill else statement.sql
        try:
            connection.execute(sql.encode())
        except psycopg.Error as error:
            raise ProofError(
                f"does not run: {error.diag.message_primary or error}",
                where=describe(statement.subject),
                why=statement.sql,
                hint="report it as a defect of the migrator",
            ) from None


def _backfill(connection: psycopg.Connection[Any], one: Backfill, folder: Path) -> None:
    path, line = hooks.source(folder, one.sql)
    begin = f"SELECT FROM {qualified(*one.table[1:])} AS {identifier(one.alias)} WHERE "
    _run(connection, f"{begin}{one.remaining}", path, hooks.line_of(path, "remaining"), one_line=True)
    # As long as {batch}, so that the server's positions are those in the file.
    _run(connection, one.sql.replace(BATCH, "(true )"), path, line)


def _run(
    connection: psycopg.Connection[Any],
    sql: str,
    path: Path,
    line: int,
    *,
    skip: int = 0,
    one_line: bool = False,
) -> None:
    try:
        connection.execute(sql.encode())
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 1)
        where = line if one_line else line + sql[skip : position - 1].count("\n")
        raise ConfigurationError(
            str(error.diag.message_primary or error),
            where=f"{path}:{where}",
            why=error.diag.message_detail,
            hint=error.diag.message_hint or "mend the SQL of this hook and run `diff` again",
        ) from None
