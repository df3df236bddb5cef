"""Alembic's own commands on our migrations, and psql and Alembic in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from migrator.postgres import Database, Server
from tests.migrated import (
    INITIAL,
    PHASE_2,
    ROOT,
    dump,
    end_migrators,
    held_back,
    psql,
    run,
    running_system,
    value,
)

ALEMBIC = [sys.executable, "-m", "alembic"]
# Alembic's imports take a second; here they are made once, and each command is run by a fork.
READY = """
import json, os, sys
import alembic.autogenerate, alembic.config, psycopg, sqlalchemy.dialects.postgresql, migrator.alembic, schema
for line in sys.stdin:
    arguments, environment, *files = json.loads(line)
    child = os.fork()
    if not child:
        for number, file in enumerate(files, 1):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ.clear()
        os.environ.update(environment)
        sys.exit(alembic.config.main(argv=arguments))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
HEAD = "002_phase_2_video_mgmt"
BEFORE = "839d4ee251e4"


@pytest.fixture(scope="module")
def running_template(server: Server) -> Iterator[Database]:
    with running_system(server) as database:
        yield database


@pytest.fixture
def running(server: Server, running_template: Database) -> Iterator[Database]:
    with server.scratch(running_template) as database:
        yield database


@pytest.fixture(scope="module")
def wanted(server: Server, running_template: Database) -> str:
    """What psql alone makes of it."""
    with server.scratch(running_template) as database:
        run(server, database, PHASE_2.upgrade)
        return dump(server, database)


def url(database: Database, **other: str) -> str:
    """A URL as an application has it, driver and all."""
    parts = {**conninfo_to_dict(database.conninfo), **other}
    address = "&".join(
        f"{name}={quote(str(parts[name]), safe='')}"
        for name in ("host", "port", "user", "password")
        if parts.get(name)
    )
    return f"postgresql+psycopg:///{parts['dbname']}?{address}"


def environment(address: str | None) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    return kept | ({"DATABASE_URL": address} if address is not None else {})


def alembic(database: Database | str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What somebody types in the project's folder, with DATABASE_URL set."""
    address = url(database) if isinstance(database, Database) else database
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("stdout", "stderr")]
        with ready() as process:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps([arguments, environment(address), *map(str, files)]) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, *(file.read_text() for file in files))


_ready: list[subprocess.Popen[str]] = []


@contextmanager
def ready() -> Iterator[subprocess.Popen[str]]:
    """The process that has all imports."""
    if not _ready:
        _ready.append(
            subprocess.Popen(
                [sys.executable, "-c", READY],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    yield _ready[0]


@pytest.fixture(scope="module", autouse=True)
def no_process_left() -> Iterator[None]:
    yield
    while _ready:
        with _ready.pop() as process:
            assert process.stdin
            process.stdin.close()


def current(database: Database) -> str:
    done = alembic(database, "current")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def works(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_walk_of_the_specification(server: Server, running: Database, wanted: str) -> None:
    before = dump(server, running)
    assert current(running) == BEFORE
    works(alembic(running, "upgrade", "head"))
    assert current(running) == f"{HEAD} (head)"
    assert dump(server, running) == wanted
    works(alembic(running, "check"))
    works(alembic(running, "downgrade", "-1"))
    assert current(running) == BEFORE
    assert dump(server, running) == before
    works(alembic(running, "upgrade", HEAD))
    works(alembic(running, "downgrade", BEFORE))
    assert current(running) == BEFORE
    assert dump(server, running) == before
    assert value(running, "SELECT count(*) FROM migrator.run WHERE finished_at IS NULL") == 0


def test_from_nothing_to_the_head_and_back(server: Server, database: Database, wanted: str) -> None:
    assert current(database) == ""
    works(alembic(database, "upgrade", "head"))
    assert dump(server, database) == wanted
    works(alembic(database, "downgrade", "base"))
    assert current(database) == ""
    assert (
        value(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 2
    ), "alembic_version and its index"
    run(server, database, INITIAL.upgrade)
    assert current(database) == BEFORE


def test_history_shows_both_revisions_in_order() -> None:
    lines = works(alembic(None, "history")).splitlines()
    assert [line.split(",")[0] for line in lines] == [f"{BEFORE} -> {HEAD} (head)", f"<base> -> {BEFORE}"]


def test_check_names_what_differs(running: Database) -> None:
    works(alembic(running, "upgrade", "head"))
    with running.connect() as connection:
        connection.execute("ALTER TABLE videos DROP COLUMN codec")
    done = alembic(running, "check")
    assert done.returncode != 0
    assert "codec" in done.stdout + done.stderr


def test_the_preview_is_what_psql_can_run(
    server: Server, database: Database, running: Database, wanted: str
) -> None:
    """Without a database, and on one at either revision before."""
    text = works(alembic(None, "upgrade", HEAD, "--sql"))
    for one in (database, running):
        done = psql(server, one, "-v", "ON_ERROR_STOP=1", "-f", "-", input=text)
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr
        assert dump(server, one) == wanted
        assert current(one) == f"{HEAD} (head)"


def test_the_preview_of_one_migration_is_its_file() -> None:
    assert works(alembic(None, "upgrade", f"{BEFORE}:{HEAD}", "--sql")) == PHASE_2.upgrade.read_text()
    assert works(alembic(None, "downgrade", f"{HEAD}:{BEFORE}", "--sql")) == PHASE_2.downgrade.read_text()


def test_stamp_moves_the_revision_and_nothing_else(server: Server, running: Database) -> None:
    before = dump(server, running)
    works(alembic(running, "stamp", HEAD))
    assert current(running) == f"{HEAD} (head)"
    assert dump(server, running) == before
    works(alembic(running, "stamp", BEFORE))
    works(alembic(running, "upgrade", "head"))
    preview = works(alembic(None, "stamp", f"{HEAD}:{BEFORE}", "--sql"))
    assert psql(server, running, "-v", "ON_ERROR_STOP=1", "-f", "-", input=preview).returncode == 0
    assert current(running) == BEFORE


def test_psql_and_alembic_take_turns(server: Server, running: Database, wanted: str) -> None:
    run(server, running, PHASE_2.upgrade)
    assert current(running) == f"{HEAD} (head)"
    works(alembic(running, "downgrade", "-1"))
    assert current(running) == BEFORE
    run(server, running, PHASE_2.upgrade)
    run(server, running, PHASE_2.downgrade)
    assert current(running) == BEFORE
    works(alembic(running, "upgrade", "head"))
    assert "Nothing to do" in run(server, running, PHASE_2.upgrade)
    assert current(running) == f"{HEAD} (head)"
    assert dump(server, running) == wanted


def killed(database: Database, *arguments: str, line: str) -> None:
    """Alembic, killed the hard way when it tells `line`, and the psql that it started."""
    command, there = [*ALEMBIC, *arguments], environment(url(database))
    with (
        held_back(database),
        subprocess.Popen(command, cwd=ROOT, env=there, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr
        for told in process.stderr:
            if told.startswith(line):
                process.kill()
                break
        process.stderr.close()
        end_migrators(database)


@pytest.mark.parametrize("line", ["[1/", "[2/", "[8/"])
def test_alembic_killed_in_the_middle_goes_on(
    server: Server, running: Database, wanted: str, line: str
) -> None:
    killed(running, "upgrade", "head", line=line)
    assert current(running) == BEFORE
    works(alembic(running, "upgrade", "head"))
    assert current(running) == f"{HEAD} (head)"
    assert dump(server, running) == wanted


def test_what_alembic_left_unfinished_psql_finishes(server: Server, running: Database, wanted: str) -> None:
    killed(running, "upgrade", "head", line="[5/")
    run(server, running, PHASE_2.upgrade)
    assert current(running) == f"{HEAD} (head)"
    assert dump(server, running) == wanted
    works(alembic(running, "downgrade", "-1"))


def test_alembic_killed_before_it_could_end_the_run_leaves_nothing_to_mend(
    server: Server, running: Database
) -> None:
    works(alembic(running, "upgrade", "head"))
    with running.connect() as connection:
        connection.execute("UPDATE migrator.run SET finished_at = NULL")
    assert "Nothing to do" in run(server, running, PHASE_2.upgrade)
    status = subprocess.run(
        [sys.executable, "-m", "migrator", "status", url(running).replace("+psycopg", "")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert "stopped" not in works(status)
    works(alembic(running, "downgrade", "-1"))
    assert current(running) == BEFORE


def test_a_stamp_while_a_run_is_unfinished_is_told_with_both_ways_out(
    server: Server, running: Database
) -> None:
    killed(running, "upgrade", "head", line="[9/")
    works(alembic(running, "stamp", HEAD))
    refused = psql(server, running, "-f", PHASE_2.upgrade)
    assert refused.returncode == 3
    assert f"is not finished, yet alembic_version says {HEAD}" in refused.stderr
    assert (
        f"alembic stamp {BEFORE}" in refused.stderr
        and "UPDATE migrator.run SET finished_at" in refused.stderr
    )
    works(alembic(running, "stamp", BEFORE))
    works(alembic(running, "upgrade", "head"))


def test_an_error_of_the_file_is_alembics_error(running: Database) -> None:
    with running.connect() as connection:
        connection.execute("ALTER TABLE videos ADD COLUMN codec varchar(50)")
    done = alembic(running, "upgrade", "head")
    assert done.returncode != 0
    assert "table column public.videos.codec exists already" in done.stderr
    assert "nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert current(running) == BEFORE


def test_a_missing_database_url_is_told() -> None:
    done = alembic(None, "current")
    assert done.returncode != 0
    assert "DATABASE_URL: is not set" in done.stderr + done.stdout
    assert "DATABASE_URL=postgresql://" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://somebody:s3cret@127.0.0.1:1/nowhere",
        "postgresql://somebody:s3@cret@127.0.0.1/nowhere",
        "postgresql+psycopg://somebody:s3cret@127.0.0.1:1/nowhere",
        "mysql://somebody:s3cret@127.0.0.1/nowhere",
        "s3cret",
    ],
)
@pytest.mark.parametrize("command", [("current",), ("upgrade", "head")])
def test_a_wrong_database_url_is_told_without_its_password(address: str, command: tuple[str, ...]) -> None:
    done = alembic(address, *command)
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "s3" not in told and "Traceback" not in told
    assert "next:" in told


def test_a_database_that_is_not_there_is_named(running: Database) -> None:
    done = alembic(url(running, dbname="not_there"), "current")
    assert done.returncode != 0
    assert 'database "not_there" does not exist' in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("-m", "x"), ("-m", "x", "--autogenerate")])
def test_a_migration_by_hand_is_refused_and_leaves_nothing_behind(
    server: Server, running: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run(server, running, PHASE_2.upgrade)
    before = sorted(ROOT.glob("generated_migrations/**/*.*"))
    done = subprocess.run(
        [*ALEMBIC, "revision", *arguments],
        cwd=ROOT,
        env=environment(url(running) if "--autogenerate" in arguments else None) | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "nox -s diff" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(ROOT.glob("generated_migrations/**/*.*")) == before
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_alembic_ini() -> None:
    assert not (ROOT / "alembic.ini").exists()
