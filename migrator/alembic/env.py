"""Alembic's environment: the database of DATABASE_URL, the metadata of the project, no transaction of Alembic's own."""

from __future__ import annotations

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import context
from alembic.util import CommandError

from migrator import config
from migrator.alembic import database_url
from migrator.errors import MigratorError
from migrator.postgres.given import open_database
from migrator.state import catalog, desired


def ours(item: object, name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    """Whether `alembic check` compares it: everything but the ledger."""
    return getattr(item, "schema", None) != catalog.OUR_SCHEMA


def run() -> None:
    """Runs what the command asked for."""
    if context.is_offline_mode():
        # The files have transactions of their own, a step each.
        context.configure(dialect_name="postgresql", transactional_ddl=False)
        context.run_migrations()
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
        )
        context.run_migrations()


try:
    run()
except MigratorError as error:
    raise CommandError(str(error)) from error
