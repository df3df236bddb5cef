"""Alembic's environment: the database of DATABASE_URL, the project's metadata, no transaction of Alembic's own."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import context
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from migrator import config
from migrator.alembic import Offline, database_url
from migrator.errors import MigratorError
from migrator.postgres.given import open_database
from migrator.state import catalog, desired


def ours(item: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    """Whether `alembic check` compares it: everything but the ledger."""
    return getattr(item, "schema", None) != catalog.OUR_SCHEMA


def end_run(ctx: MigrationContext, step: object, heads: Collection[Any], run_args: object) -> None:
    """Ends the run in the ledger, once Alembic has moved the revision to where it leads."""
    if ctx.connection is None:
        return
    there = ctx.connection.execute(sqlalchemy.text("SELECT to_regclass('migrator.run')")).scalar()
    if there:
        ctx.connection.execute(
            sqlalchemy.text(
                "UPDATE migrator.run r SET finished_at = clock_timestamp() WHERE finished_at IS NULL"
                " AND leads_to IS NOT DISTINCT FROM :head"
                " AND steps = (SELECT count(*) FROM migrator.history h WHERE h.run = r.id)"
            ),
            {"head": next(iter(heads), None)},
        )


def run() -> None:
    """Runs what the command asked for."""
    if context.is_offline_mode():
        buffer = Offline()
        # The files have transactions of their own, a step each.
        context.configure(dialect_name="postgresql", transactional_ddl=False, output_buffer=buffer)
        context.run_migrations()
        (context.config.output_buffer or sys.stdout).write(buffer.text())
        return
    url = database_url()
    open_database(url).close()
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url),
        poolclass=sqlalchemy.pool.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=desired.metadata(config.load(Path.cwd())),
            transactional_ddl=False,
            compare_type=True,
            include_object=ours,
            on_version_apply=end_run,
        )
        context.run_migrations()


try:
    run()
except MigratorError as error:
    raise CommandError(str(error)) from error
