"""Databases of either phase with sample rows, each a copy for one test alone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migrator.postgres import Database, Server
from schema import metadata
from schema.samples import load
from tests.schema.schemas import create, not_backfilled

VIDEOS = 300


@pytest.fixture(scope="session")
def phase_2_template(server: Server) -> Iterator[Database]:
    with server.scratch() as database:
        create(database, metadata)
        with database.connect() as connection:
            load(connection, videos=VIDEOS)
        yield database


@pytest.fixture
def phase_2(server: Server, phase_2_template: Database) -> Iterator[Database]:
    """The whole schema, with sample rows."""
    with server.scratch(phase_2_template) as database:
        yield database


@pytest.fixture
def connection(phase_2: Database) -> Iterator[psycopg.Connection]:
    """To the whole schema, with sample rows."""
    with phase_2.connect() as connected:
        yield connected


@pytest.fixture
def halfway(connection: psycopg.Connection) -> psycopg.Connection:
    """To a database whose rows no backfill has reached."""
    not_backfilled(connection)
    return connection
