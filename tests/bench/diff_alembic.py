"""Alembic's autogenerate on two databases: `python -m tests.bench.diff_alembic OLD NEW`."""

from __future__ import annotations

import sys

import psycopg
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext


def engine(conninfo: str) -> sqlalchemy.Engine:
    """An engine on a database."""
    return sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))


if __name__ == "__main__":
    wanted = sqlalchemy.MetaData()
    wanted.reflect(engine(sys.argv[2]))
    with engine(sys.argv[1]).connect() as connection:
        print(compare_metadata(MigrationContext.configure(connection), wanted))
