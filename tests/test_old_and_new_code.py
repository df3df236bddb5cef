"""Old and new code at once: no migration makes an application fail, or leaves a row of which the two phases differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from migrator.postgres import Database, Server
from schema.samples import INCONSISTENT_VIDEOS
from tests.migrated import PHASE_2, rows, run, running_system, value
from tests.simulators import PHASE_1 as OLD
from tests.simulators import PHASE_2 as NEW
from tests.simulators import READS, WRITES, Application, Record, World

VIDEOS = 3000
BESIDE = 60  # statements of each client while both phases run
PACE = 0.3


@pytest.fixture
def running(server: Server) -> Iterator[Database]:
    with running_system(server, VIDEOS) as database:
        yield database


def world_of(database: Database) -> World:
    with database.connect() as connection:
        return World.of(connection)


def errors(records: Sequence[Record]) -> Counter[tuple[str, str | None]]:
    return Counter((record.kind, record.error) for record in records if record.error)


def test_old_code_runs_through_the_upgrade_beside_new_code_and_through_the_downgrade(
    server: Server, running: Database
) -> None:
    world = world_of(running)
    old = Application(running.conninfo, OLD, seed=1, pace=PACE, world=world)
    with old:
        run(server, running, PHASE_2.upgrade)
        assert rows(running, INCONSISTENT_VIDEOS) == []
        during = len(old.records)

        with Application(running.conninfo, NEW, seed=2, operations=BESIDE, pace=PACE, world=world) as new:
            of_new = new.wait()
        assert errors(of_new) == {}
        assert {record.kind for record in of_new} == READS | WRITES
        assert rows(running, INCONSISTENT_VIDEOS) == []
        beside = len(old.records)

        run(server, running, PHASE_2.downgrade)
        through = len(old.records)
    assert errors(old.records) == {}
    assert {record.kind for record in old.records} == (READS | WRITES) - {"job"}
    assert 0 < during < beside < through, "the application ran all the time"
    assert (
        value(
            running,
            "SELECT count(*) FROM videos v LEFT JOIN camera_pins p ON p.id = camera_pin_id WHERE p IS NULL",
        )
        == 0
    )


def test_what_old_code_writes_during_the_upgrade_is_uploaded_and_has_its_instants(
    server: Server, running: Database
) -> None:
    """Rows of old code are 'uploaded' and have their instants, whether they came before, during or after."""
    with Application(running.conninfo, OLD, seed=3, pace=PACE) as old:
        run(server, running, PHASE_2.upgrade)
    assert errors(old.records) == {}
    wrong = "SELECT count(*) FROM videos WHERE upload_status <> 'uploaded' OR uploaded_at <> upload_timestamp AT TIME ZONE 'UTC'"
    assert value(running, wrong) == 0
    assert value(running, "SELECT count(*) FROM videos") != VIDEOS, "videos came and went"


def test_twice_up_and_down_with_each_phase_at_work_wherever_its_schema_is(
    server: Server, running: Database
) -> None:
    world = world_of(running)
    with Application(running.conninfo, OLD, seed=4, pace=PACE, world=world) as old:
        for turn in range(2):
            run(server, running, PHASE_2.upgrade)
            with Application(running.conninfo, NEW, seed=turn, operations=10, pace=0, world=world) as new:
                assert errors(new.wait()) == {}
            assert rows(running, INCONSISTENT_VIDEOS) == []
            run(server, running, PHASE_2.downgrade)
    assert errors(old.records) == {}
