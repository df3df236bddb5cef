"""Databases on their way from Phase 1 to Phase 2, and the programs that take them there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

from migrator import psql as runner
from migrator.migration import history
from migrator.postgres import Database, Server
from migrator.proof.rows import Digests, digests
from schema.samples import load

ROOT = Path(__file__).parents[1]
INITIAL, PHASE_2 = history.load(ROOT / "generated_migrations")
RUNNING_SYSTEM = ROOT / "tests" / "running_system.sql"

VIDEOS = 240


@contextmanager
def running_system(server: Server, videos: int = VIDEOS) -> Iterator[Database]:
    """A scratch database like those that run at 839d4ee251e4: not made by us, without a ledger, with rows."""
    with server.scratch(label="running") as database:
        run(server, database, RUNNING_SYSTEM)
        with database.connect() as connection:
            load(connection, videos=videos, phase=1)
        yield database


@contextmanager
def upgraded(server: Server, videos: int = VIDEOS) -> Iterator[Database]:
    """The same after 002."""
    with running_system(server, videos) as database:
        run(server, database, PHASE_2.upgrade)
        yield database


def run(server: Server, database: Database, file: Path, **variables: str) -> str:
    """Runs a file with psql to its end; returns what it printed to stdout."""
    return runner.run_file(file, database.conninfo, psql=server.tool("psql"), variables=variables)


def psql(
    server: Server,
    database: Database,
    *arguments: str | Path,
    environment: Mapping[str, str] = {},
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """psql as an operator starts it."""
    return subprocess.run(
        [server.tool("psql"), "-X", *arguments, "-d", database.conninfo],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        **more,
    )


def rows(database: Database, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with database.connect() as connection:
        return connection.execute(query, values).fetchall()


def value(database: Database, query: LiteralString, *values: object) -> Any:
    """The one value that a query finds."""
    ((found,),) = rows(database, query, *values)
    return found


def revision(database: Database) -> str:
    """What alembic_version says."""
    return str(value(database, "SELECT version_num FROM alembic_version"))


def dump(server: Server, database: Database) -> str:
    """pg_dump's text of everything but the ledger, alembic_version included."""
    return runner.dump_schema(database.conninfo, server.tool("pg_dump"), exclude_schemas=["migrator"])


def row_digests(database: Database) -> Digests:
    """A digest of the rows of each table."""
    with database.connect() as connection:
        return digests(connection)


@contextmanager
def held_back(database: Database) -> Iterator[None]:
    """Meanwhile the upgrade of Phase 2 comes no further than its first foreign key to malls, which has to wait."""
    with database.connect() as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE malls IN ROW EXCLUSIVE MODE")
        yield


def end_migrators(database: Database) -> None:
    """Ends what is left of killed programs: a server notices only later that they are gone."""
    with database.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name LIKE 'migrator %' AND datname = current_database()"
        )
