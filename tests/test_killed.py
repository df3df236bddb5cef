"""However a migration ends early, the same file run again brings it to the end of a run that nobody disturbed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migrator.postgres import Database, Server, embedded_versions, serve
from migrator.postgres.embedded import Account
from migrator.proof.rows import Digests
from tests.migrated import (
    INITIAL,
    PHASE_2,
    ROOT,
    dump,
    psql,
    revision,
    row_digests,
    rows,
    run,
    running_system,
    value,
)

VIDEOS = 60
OPERATORS = "SELECT pid FROM pg_stat_activity WHERE starts_with(application_name, 'migrator ') AND datname = current_database()"


class End(NamedTuple):
    """A database after a migration."""

    schema: str
    rows: Digests
    revision: str


class Case(NamedTuple):
    """One direction of the second migration: a database before it, and the end of a clean run."""

    before: Database
    file: Path
    end: End


def end_of(server: Server, database: Database) -> End:
    return End(dump(server, database), row_digests(database), revision(database))


@contextmanager
def case(server: Server, direction: str) -> Iterator[Case]:
    with running_system(server, VIDEOS) as before:
        if direction == "downgrade":
            run(server, before, PHASE_2.upgrade)
            with before.connect() as connection:
                connection.execute(
                    "UPDATE videos SET checksum_sha256 = left(id::text, 8), filename = 'of phase 2'"
                )
                connection.execute(
                    "INSERT INTO processing_jobs (video_id, job_type) SELECT id, 'cv_analysis' FROM videos"
                )
        file = getattr(PHASE_2, direction)
        with server.scratch(before) as clean:
            run(server, clean, file)
            end = end_of(server, clean)
        yield Case(before, file, end)


@pytest.fixture(scope="module")
def upgrade(server: Server) -> Iterator[Case]:
    with case(server, "upgrade") as made:
        yield made


@pytest.fixture(scope="module")
def downgrade(server: Server) -> Iterator[Case]:
    with case(server, "downgrade") as made:
        yield made


@pytest.fixture(params=["upgrade", "downgrade"])
def either(request: pytest.FixtureRequest) -> Case:
    """Each direction."""
    made: Case = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def upgrading(server: Server, upgrade: Case) -> Iterator[Database]:
    """A running system, still to be upgraded."""
    with server.scratch(upgrade.before) as database:
        yield database


def start(server: Server, database: Database, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [server.tool("psql"), "-X", "-f", file, "-d", database.conninfo],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


Kill = Callable[[subprocess.Popen[str], psycopg.Connection], None]
"""Ends psql, or what it is connected to; the connection is another one to the same database."""


def kill_psql(process: subprocess.Popen[str], connection: psycopg.Connection) -> None:
    process.kill()


def end_backend(process: subprocess.Popen[str], connection: psycopg.Connection) -> None:
    connection.execute(f"SELECT pg_terminate_backend(pid, 20000) FROM ({OPERATORS}) AS o")


def crash_server(process: subprocess.Popen[str], connection: psycopg.Connection) -> None:
    """One process of the server dies the hard way, and takes all with it; the server recovers by itself."""
    for (pid,) in connection.execute(OPERATORS):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def until_free(database: Database) -> None:
    """Waits until the server answers and no operator is at work."""
    while True:
        with suppress(psycopg.OperationalError):
            if not rows(database, OPERATORS):
                return
        time.sleep(0.02)


def run_and_kill(server: Server, database: Database, file: Path, step: int, kill: Kill, folder: Path) -> None:
    """Runs a file until a step has done its work but not written its line, and kills it then."""
    line = f"CALL pg_temp.done({step},"
    slow = folder / f"slow_{step}.sql"
    pause = f"\\echo in step {step}\nSELECT pg_sleep(0.3) \\g /dev/null\n"
    slow.write_text(file.read_text().replace(line, pause + line))
    with database.connect() as connection, start(server, database, slow) as process:
        assert process.stdout
        for told in process.stdout:
            if told == f"in step {step}\n":
                kill(process, connection)
                process.kill()
    until_free(database)


def kill_in_each(
    server: Server, database: Database, one: Case, kill: Kill, folder: Path, every: int = 1
) -> None:
    """Kills it in its first step, goes on until the next, kills it there, and so on."""
    step, steps = 1, 1
    while step <= steps:
        run_and_kill(server, database, one.file, step, kill, folder)
        (run_, steps), *_ = rows(database, "SELECT id, steps FROM migrator.run ORDER BY id DESC")
        done = value(database, "SELECT count(*) FROM migrator.history WHERE run = %s", run_)
        # psql may have sent the rest of the step before it died.
        assert step - 1 <= done <= step
        step += every


def ended_well(server: Server, database: Database, one: Case) -> None:
    """Runs the file to its end, and once more, and compares with a clean run."""
    done = psql(server, database, "-f", one.file)
    assert done.returncode == 0, done.stderr
    assert end_of(server, database) == one.end
    query = "SELECT finished_at IS NOT NULL AND steps = (SELECT count(*) FROM migrator.history WHERE run = r.id) FROM migrator.run r"
    assert set(rows(database, query)) == {(True,)}, "one run a direction, with every step"
    assert len(rows(database, "SELECT FROM migrator.run WHERE direction = %s", one.file.stem)) == 1
    again = psql(server, database, "-f", one.file)
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "Nothing to do")
    assert end_of(server, database) == one.end


def steps_of(database: Database, direction: str) -> int:
    return int(value(database, "SELECT steps FROM migrator.run WHERE direction = %s", direction))


@pytest.mark.parametrize("kill", [kill_psql, end_backend])
def test_killed_in_every_step(server: Server, either: Case, kill: Kill, tmp_path: Path) -> None:
    with server.scratch(either.before) as database:
        kill_in_each(server, database, either, kill, tmp_path)
        ended_well(server, database, either)


@pytest.mark.parametrize("kill", [kill_psql, end_backend])
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments(server: Server, either: Case, kill: Kill, seed: int) -> None:
    random = Random(f"{seed} {kill.__name__}")
    with server.scratch(either.before) as database:
        for _ in range(6):
            with database.connect() as connection, start(server, database, either.file) as process:
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=random.uniform(0.05, 0.6))
                kill(process, connection)
                process.kill()
            until_free(database)
        ended_well(server, database, either)


# The server itself


# What a killed process has written, the operating system still has: fsync makes no difference.
KEPT = {"synchronous_commit": "on"}


@pytest.fixture(scope="module")
def mortal(server: Server) -> Iterator[Server]:
    """A server of our own, of the same version where there is one, which may be killed."""
    which = f"embedded:{server.version}" if server.version in embedded_versions() else "embedded"
    with serve(which, options=KEPT) as own:
        yield own


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_the_server_crashes_in_every_third_step(mortal: Server, direction: str, tmp_path: Path) -> None:
    with case(mortal, direction) as one, mortal.scratch(one.before) as database:
        kill_in_each(mortal, database, one, crash_server, tmp_path, every=3)
        ended_well(mortal, database, one)


def test_the_server_is_killed_and_started_again(server: Server, tmp_path: Path) -> None:
    which = f"embedded:{server.version}" if server.version in embedded_versions() else "embedded"
    with serve(which, options=KEPT) as own, case(own, "upgrade") as one:
        data = Path(str(conninfo_to_dict(own.address)["host"]), "data")
        with own.scratch(one.before) as database:
            restarted: list[subprocess.Popen[bytes]] = []

            def kill(process: subprocess.Popen[str], connection: psycopg.Connection) -> None:
                os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                process.wait()
                while restarted:
                    restarted.pop().wait()
                restarted.append(started_again(data))

            try:
                kill_in_each(own, database, one, kill, tmp_path, every=5)
                ended_well(own, database, one)
            finally:
                for process in restarted:
                    process.send_signal(signal.SIGQUIT)
                    process.wait()


def started_again(data: Path) -> subprocess.Popen[bytes]:
    """A server on the data of one that was killed, with the same options, by the same account."""
    command = shlex.split((data / "postmaster.opts").read_text())
    owner = data.stat()
    account: Account = {}
    if os.geteuid() == 0:
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    # Whoever started the killed server keeps its number taken until the end.
    number, *rest = (data / "postmaster.pid").read_text().splitlines(keepends=True)
    with subprocess.Popen("true") as gone:
        gone.wait()
    (data / "postmaster.pid").write_text("".join([f"{gone.pid}\n", *rest]))
    (data.parent / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    for _ in range(60):
        process = subprocess.Popen(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account
        )
        # It refuses as long as processes of the killed one hold its memory.
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
            continue
        return process
    raise AssertionError(f"the server of {data}, whose number was {number.strip()}, does not start again")


# What stands still on purpose


@contextmanager
def standing_still(server: Server, database: Database) -> Iterator[subprocess.Popen[str]]:
    """An upgrade that waits in the middle of building its first index, for a snapshot that somebody keeps."""
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        process = start(server, database, PHASE_2.upgrade)
        try:
            while not rows(database, "SELECT FROM pg_index WHERE NOT indisvalid"):
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            yield process
        finally:
            reader.execute("COMMIT")
            if process.poll() is None:
                process.communicate()


def test_a_half_built_index_is_built_anew(server: Server, upgrading: Database, upgrade: Case) -> None:
    with standing_still(server, upgrading) as process, upgrading.connect() as connection:
        end_backend(process, connection)
        process.communicate()
        assert process.returncode == 2, "psql tells that it lost its connection"
        half = rows(
            upgrading, "SELECT indexrelid, indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
        )
        assert len(half) == 1
    ended_well(server, upgrading, upgrade)
    ((oid, name),) = half
    assert value(upgrading, "SELECT to_regclass(%s)::oid <> %s", name, oid)


def test_a_second_operator_is_told_who_the_first_is(
    server: Server, upgrading: Database, upgrade: Case
) -> None:
    with standing_still(server, upgrading) as first:
        ((pid,),) = rows(upgrading, OPERATORS)
        second = psql(server, upgrading, "-f", PHASE_2.upgrade)
        assert second.returncode == 3
        assert f"another migration is running on this database: pid {pid}, user postgres" in second.stderr
        assert "migrator 002_phase_2_video_mgmt upgrade" in second.stderr
        assert f"pg_terminate_backend({pid})" in second.stderr
        with server.scratch(upgrade.before) as other:
            ended_well(server, other, upgrade)
    assert first.returncode == 0
    assert end_of(server, upgrading) == upgrade.end


def migrator(command: str, database: Database) -> str:
    parts = conninfo_to_dict(database.conninfo)
    url = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{n}={parts[n]}" for n in ("host", "port", "user", "password") if n in parts
    )
    done = subprocess.run(
        [sys.executable, "-m", "migrator", command, url], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def test_the_ledger_tells_from_a_second_terminal_how_far_it_is(server: Server, upgrading: Database) -> None:
    with standing_still(server, upgrading) as process:
        steps = steps_of(upgrading, "upgrade")
        done = [step for (step,) in rows(upgrading, "SELECT step FROM migrator.history ORDER BY step")]
        assert done == list(range(1, len(done) + 1)) and 1 < len(done) < steps
        assert rows(upgrading, "SELECT revision, direction, finished_at FROM migrator.run") == [
            ("002_phase_2_video_mgmt", "upgrade", None)
        ]
        status = migrator("status", upgrading)
        assert "revision: 839d4ee251e4" in status
        ((pid,),) = rows(upgrading, OPERATORS)
        assert (
            f"running:  upgrade of 002_phase_2_video_mgmt, {len(done)} of {steps} steps done, by pid {pid}"
            in status
        )
        process.kill()
        with upgrading.connect() as connection:
            end_backend(process, connection)
    assert f"stopped:  upgrade of 002_phase_2_video_mgmt, {len(done)} of {steps} steps done" in migrator(
        "status", upgrading
    )
    assert "Done: 002_phase_2_video_mgmt upgrade" in migrator("apply", upgrading)
    assert "stopped" not in migrator("status", upgrading)


# Files that are not the one it was begun with


def other_files(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """Files that must not go on with a half upgraded database, and what they say."""
    edited = tmp_path / "upgrade.sql"
    text = PHASE_2.upgrade.read_text()
    plan = next(line for line in text.splitlines() if line.startswith("\\set migrator_plan "))
    edited.write_text(text.replace(plan, "\\set migrator_plan 'another'"))
    begun = "the upgrade of 002_phase_2_video_mgmt was begun"
    return {
        "another version": (edited, f"{begun} with another version of this file"),
        "the downgrade": (PHASE_2.downgrade, f"{begun} on this database and is not finished"),
        "an older one": (INITIAL.downgrade, f"{begun} on this database and is not finished"),
    }


def test_another_file_does_not_go_on_with_it(
    server: Server, upgrading: Database, upgrade: Case, tmp_path: Path
) -> None:
    run_and_kill(server, upgrading, PHASE_2.upgrade, 3, end_backend, tmp_path)
    before = end_of(server, upgrading)
    for name, (file, message) in other_files(tmp_path).items():
        refused = psql(server, upgrading, "-f", file)
        assert refused.returncode == 3, name
        assert message in refused.stderr, name
        assert "HINT" in refused.stderr, name
        assert end_of(server, upgrading) == before, name
    ended_well(server, upgrading, upgrade)
