"""What is in the way of a lock, and gives way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread

import pytest

from migrator import pipeline, psql
from migrator.errors import MigratorError
from migrator.migration import sql
from migrator.postgres import Database, Server, embedded_versions, serve

# A vacuum that would take some minutes.
SLOW = """
    CREATE TABLE t (id int PRIMARY KEY, a int)
      WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1);
    INSERT INTO t SELECT i, i FROM generate_series(1, 20000) AS i;
    DELETE FROM t WHERE id % 2 = 0;
    CREATE TABLE a (id int CONSTRAINT refers REFERENCES t);
"""
# Locks both tables, this one first.
CHANGE = "ALTER TABLE a DROP CONSTRAINT refers"
VACUUMED = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE relation = 't'::regclass AND backend_type = 'autovacuum worker'
"""


def written(old: Database, new: Database) -> str:
    """The file that turns the one into the other."""
    made = pipeline.plan_between(old.conninfo, new.conninfo)
    return sql.migration_file(made, revision="r", direction="upgrade", before=None, after="r", about=())


@pytest.fixture
def vacuuming(server: Server) -> Iterator[Server]:
    """A server of our own, of the same version where there is one, whose autovacuum looks each second."""
    which = f"embedded:{server.version}" if server.version in embedded_versions() else "embedded"
    with serve(which, options={"autovacuum": "on", "autovacuum_naptime": "1s"}) as own:
        yield own


@contextmanager
def reading(database: Database) -> Iterator[None]:
    """Somebody who reads both tables, the other one first, and so holds a lock on it too while it is asked for."""
    done = Event()

    def read() -> None:
        with database.connect(autocommit=False) as connection:
            while not done.is_set():
                connection.execute("SELECT count(*) FROM t")
                connection.execute("SELECT pg_sleep(0.03)")
                connection.execute("SELECT count(*) FROM a")
                connection.commit()
                time.sleep(0.1)

    reader = Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()


@contextmanager
def migrating(server: Server, database: Database, script: str) -> Iterator[tuple[Event, list[str]]]:
    """The script as it runs: whether it is done, and what it says. At the end it is stopped if it still runs."""
    done, lines = Event(), list[str]()

    def migrate() -> None:
        with suppress(MigratorError):
            psql.run_script(script, database.conninfo, psql=server.tool("psql"), on_line=lines.append)
            done.set()

    running = Thread(target=migrate)
    running.start()
    try:
        yield done, lines
    finally:
        with database.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, 'migrator ')"
            )
        running.join()


def test_autovacuum_gives_way_though_others_hold_locks_too(vacuuming: Server) -> None:
    with vacuuming.scratch() as database, vacuuming.scratch() as wanted, database.connect() as watch:
        watch.execute(SLOW)
        with wanted.connect() as connection:
            connection.execute(SLOW + CHANGE)
        script = written(database, wanted)
        until = time.monotonic() + 60
        while not (watch.execute(VACUUMED).fetchone() or [0])[0]:
            assert time.monotonic() < until, "autovacuum does not come"
            time.sleep(0.1)
        with reading(database), migrating(vacuuming, database, script) as (done, _):
            assert done.wait(60)


def test_who_is_in_the_way_now_is_told(server: Server, database: Database) -> None:
    with server.scratch() as wanted, wanted.connect() as connection:
        connection.execute("CREATE TABLE t (a int)")
        with database.connect() as first, database.connect() as watch:
            watch.execute("CREATE TABLE t ()")
            script = written(database, wanted)
            first.execute("BEGIN; SET LOCAL application_name = 'the first'; LOCK t IN ROW EXCLUSIVE MODE")
            with migrating(server, database, script) as (done, lines):
                told = partial(wait_for, lines)
                told("the first")
                with database.connect(autocommit=False) as second:
                    second.execute("SET application_name = 'the second'; LOCK t IN ROW EXCLUSIVE MODE")
                    told("the second")
                first.execute("COMMIT")
                assert done.wait(60)


def wait_for(lines: list[str], who: str) -> None:
    until = time.monotonic() + 60
    while not any(who in line for line in lines):
        assert time.monotonic() < until, f"{who} is not told of in {lines}"
        time.sleep(0.1)
