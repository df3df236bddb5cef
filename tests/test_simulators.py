"""The simulated applications: their SQL fits the schemas it is written for, and they outlive failures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest

from migrator.postgres import Database, Server
from schema import metadata as of_phase_2
from schema.samples import INCONSISTENT_VIDEOS, load
from tests.schema.schemas import create
from tests.schema_839d4ee251e4 import metadata as of_phase_1
from tests.simulators import PHASE_1, PHASE_2, READS, WRITES, Application, Role, Sent, World

STATEMENTS = 40  # of each client


@pytest.fixture(scope="module")
def phase_1(server: Server) -> Iterator[Database]:
    """The initial schema with sample rows."""
    with server.scratch(label="phase_1") as database:
        create(database, of_phase_1)
        with database.connect() as connection:
            load(connection, videos=200, phase=1)
        yield database


@pytest.fixture(scope="module")
def phase_2(server: Server) -> Iterator[Database]:
    """The schema of Phase 2 with sample rows."""
    with server.scratch(label="phase_2") as database:
        create(database, of_phase_2)
        with database.connect() as connection:
            load(connection, videos=200, phase=2)
        yield database


def test_every_statement_of_phase_1_succeeds_on_the_initial_schema(phase_1: Database) -> None:
    with Application(phase_1.conninfo, PHASE_1, operations=STATEMENTS, pace=0) as application:
        records = application.wait()
    assert {record.error for record in records} == {None}
    assert {record.kind for record in records} == (WRITES | READS) - {"job"}
    assert len(records) == STATEMENTS * sum(role.clients for role in PHASE_1)


def test_both_phases_work_beside_each_other_once_the_bridge_is_there(phase_2: Database) -> None:
    with phase_2.connect() as connection:
        world = World.of(connection)
    with (
        Application(phase_2.conninfo, PHASE_1, operations=STATEMENTS, pace=0, world=world) as old,
        Application(phase_2.conninfo, PHASE_2, operations=STATEMENTS, pace=0, world=world) as new,
    ):
        records = old.wait() + new.wait()
    assert {record.error for record in records} == {None}
    assert {record.kind for record in records} == WRITES | READS
    with phase_2.connect() as connection:
        assert connection.execute(INCONSISTENT_VIDEOS).fetchall() == []


def test_a_failed_statement_is_recorded_by_its_class_and_the_client_goes_on(phase_1: Database) -> None:
    def choose(random: Random, world: World) -> Sent:
        return Sent("read", "SELECT 1 / %(by)s::int", {"by": random.randrange(2)})

    with Application(phase_1.conninfo, [Role(choose)], operations=STATEMENTS, pace=0) as application:
        records = application.wait()
    assert {record.error for record in records} == {None, "DivisionByZero"}
    assert len(records) == STATEMENTS


def test_a_client_whose_connection_is_lost_goes_on_with_a_new_one(phase_1: Database) -> None:
    def choose(random: Random, world: World) -> Sent:
        if random.random() < 0.5:
            return Sent("read", "SELECT pg_terminate_backend(pg_backend_pid())", {})
        return Sent("read", "SELECT 1", {})

    with Application(phase_1.conninfo, [Role(choose)], operations=STATEMENTS, pace=0) as application:
        records = application.wait()
    assert {record.error for record in records} == {None, "AdminShutdown"}


def test_clients_prepare_their_statements(phase_1: Database) -> None:
    """One that asks for all columns breaks when another adds a column, as it does in an application."""
    sent: list[Sent] = []

    def choose(random: Random, world: World) -> Sent:
        if sent:
            with database.connect() as another:
                another.execute("ALTER TABLE malls ADD COLUMN IF NOT EXISTS added integer")
        sent.append(Sent("read", "SELECT * FROM malls", {}))
        return sent[-1]

    with (
        phase_1.server.scratch(phase_1) as database,
        Application(database.conninfo, [Role(choose)], operations=2, pace=0) as application,
    ):
        records = application.wait()
    assert [record.error for record in records] == [None, "FeatureNotSupported"]


def test_clients_that_wait_for_a_lock_are_let_go_when_the_block_ends_with_an_error(phase_1: Database) -> None:
    with phase_1.connect(autocommit=False) as connection:
        connection.execute("LOCK TABLE videos IN EXCLUSIVE MODE")
        with pytest.raises(KeyboardInterrupt), Application(phase_1.conninfo, PHASE_1, pace=0) as application:
            while not connection.execute("SELECT pid FROM pg_locks WHERE NOT granted").fetchone():
                time.sleep(0.01)
            raise KeyboardInterrupt
    assert "QueryCanceled" in {record.error for record in application.records}


def test_a_mistake_in_a_role_is_raised_and_not_recorded(phase_1: Database) -> None:
    def choose(random: Random, world: World) -> Sent:
        raise LookupError("nothing to choose from")

    with pytest.raises(LookupError), Application(phase_1.conninfo, [Role(choose)]) as application:
        application.wait()
    assert application.records == []
