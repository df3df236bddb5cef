"""Backfills: every row within the bound is filled once, whatever its key and whatever happens meanwhile."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migrator.errors import MigratorError
from migrator.migration import backfill, sql
from migrator.plan.changes import Changes
from migrator.plan.plan import Plan, plan
from migrator.plan.steps import Step
from migrator.postgres import Database, Server
from migrator.postgres.embedded import SETTINGS, Account
from migrator.psql import run_file, run_script
from migrator.state import catalog, trial
from migrator.state.snapshot import Snapshot
from migrator.statement import Backfill, Statement

# What is filled shows how often: a row that were filled twice would hold 2 or more.
FILL = Backfill(
    name="fill",
    table=("table", "public", "t"),
    alias="r",
    fills=("filled",),
    remaining="r.filled IS NULL",
    sql="UPDATE t AS r\nSET filled = r.source, times = r.times + 1\nWHERE {batch}",
)
ROWS, BIG = 6_000, 60_000


def table(columns: str, values: str, rows: int = ROWS, before: str = "", storage: str = "") -> str:
    """SQL that makes `t` with these columns first, and gives them these values of `i` from 1 to `rows`."""
    return f"""{before};
        CREATE TABLE t ({columns}, source int DEFAULT (random() * 1000)::int, filled int,
                        times int NOT NULL DEFAULT 0, pad text DEFAULT repeat('x', 80)){storage};
        INSERT INTO t SELECT {values} FROM generate_series(1, {rows}) AS i"""


def listed(count: int, key: str, part: str, rows: int) -> str:
    """SQL that makes `t` with the key (id, d) and so many partitions, for d from 0."""
    partitions = "; ".join(f"CREATE TABLE t{n} PARTITION OF t FOR VALUES IN ({n})" for n in range(count))
    made = table("id bigint, d int, PRIMARY KEY (id, d)", f"{key}, {part}", rows)
    return made.replace("80));", f"80)) PARTITION BY LIST (d); {partitions};")


NUMBERED = table("id bigint PRIMARY KEY", "i", BIG)
# Few rows on a page: a walk of several stretches.
SPARSE = " WITH (fillfactor = 10)"


def slow(table: str) -> str:
    """The same table, at about 5 ms for each hundred rows filled: not over before a test has looked."""
    return f"""{table};
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF random() < 0.01 THEN PERFORM pg_sleep(0.005); END IF; RETURN NEW; END';
        CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.filled IS NULL) EXECUTE FUNCTION slow()"""


def written(fill: Backfill) -> str:
    """A migration's file with one step, the backfill."""
    step = Step(
        1, (Statement(fill.sql, transactional=False, backfill=fill, subject=fill.table, verb="fill"),)
    )
    plan = Plan(Changes(Snapshot(), Snapshot()), (step,), ())
    return sql.migration_file(plan, revision="r", direction="upgrade", before=None, after="r", about=())


class Filled:
    """A database with a table `t`, and what runs the backfill on it."""

    def __init__(self, database: Database, folder: Path):
        self.database, self.file = database, folder / "backfill.sql"
        self.connection = database.connect()
        self.said: list[str] = []

    def make(self, sql: str) -> None:
        self.connection.execute(sql.encode())

    def write(self, fill: Backfill = FILL) -> None:
        self.file.write_text(written(fill), encoding="utf-8")

    def run(self, fill: Backfill = FILL) -> None:
        self.write(fill)
        run_file(
            self.file,
            self.database.conninfo,
            psql=self.database.server.tool("psql"),
            on_line=self.said.append,
        )

    def start(self) -> subprocess.Popen[bytes]:
        """The same, not waited for."""
        return subprocess.Popen(
            [
                str(self.database.server.tool("psql")),
                "-X",
                "-q",
                "-d",
                self.database.conninfo,
                "-f",
                str(self.file),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )

    def one(self, query: str) -> object:
        row = self.connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def ledger(self, column: str) -> object:
        return self.one(f"SELECT {column} FROM migrator.backfill")

    def wrong(self, table: str = "t") -> object:
        """How many rows were not filled rightly and exactly once."""
        return self.one(
            f"SELECT count(*) FROM {table} WHERE filled IS DISTINCT FROM source OR times IS DISTINCT FROM 1"
        )


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Iterator[Filled]:
    one = Filled(database, tmp_path)
    yield one
    one.connection.close()


# SQL that makes a table, and the columns of the key that bounds the work: None where there is none.
TABLES = {
    "numbers in the order of the rows": (table("id bigint PRIMARY KEY", "i"), ["id"]),
    "sparse numbers": (table("id bigint PRIMARY KEY", "(i - 3000) * 1000003::bigint"), ["id"]),
    "random uuids": (table("id uuid PRIMARY KEY", "gen_random_uuid()"), ["id"]),
    "instants": (
        table(
            "at timestamptz PRIMARY KEY", "timestamptz '2020-01-01 00:00:00.000001' + i * interval '1.001 ms'"
        ),
        ["at"],
    ),
    "texts that bite": (
        table("""\"My ""Key""%" text PRIMARY KEY""", r"""E'{batch} ''\\ % $1 $$ ' || i"""),
        ['My "Key"%'],
    ),
    "texts of another collation": (
        table('id text COLLATE "ucs_basic" PRIMARY KEY', "chr(200 + i % 1000) || i"),
        ["id"],
    ),
    "a domain": (
        table(
            "id word PRIMARY KEY", "'w' || i", before="CREATE DOMAIN word AS varchar(20) CHECK (VALUE <> '')"
        ),
        ["id"],
    ),
    "padded characters": (table("id character(12) PRIMARY KEY", "i::text"), ["id"]),
    "floats": (
        table(
            "id float8 PRIMARY KEY",
            "CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' ELSE i / 7.0::float8 END",
        ),
        ["id"],
    ),
    "arrays": (table("id int[] PRIMARY KEY", "ARRAY[i % 7, i]"), ["id"]),
    "an enum and a number": (
        table(
            "m mood, n int, PRIMARY KEY (m, n)",
            "(ARRAY['z', 'a', 'm']::mood[])[1 + i % 3], i",
            before="CREATE TYPE mood AS ENUM ('z', 'a', 'm')",
        ),
        ["m", "n"],
    ),
    "two columns in the order of the rows": (
        table("a int, b text, PRIMARY KEY (a, b)", "i / 10, 'b' || i % 10"),
        ["a", "b"],
    ),
    "a descending unique index": (
        table("a int NOT NULL, b int NOT NULL", "i % 10, i") + "; CREATE UNIQUE INDEX ON t (a DESC, b DESC)",
        ["a", "b"],
    ),
    "a composite type": (
        table("id pair PRIMARY KEY", "ROW(i, 'x')::pair", before="CREATE TYPE pair AS (a int, b text)"),
        None,
    ),
    "a unique index that holds NULLs": (table("a int UNIQUE", "nullif(i % 2, 0) * i"), None),
    "a partial unique index": (
        table("a int NOT NULL", "greatest(i, 99)") + "; CREATE UNIQUE INDEX ON t (a) WHERE a > 100",
        None,
    ),
    "no key": (table("a int", "i"), None),
    "many stretches": (table("id int PRIMARY KEY", "i", 4 * ROWS, storage=SPARSE), ["id"]),
    "rows in their partitions at the same places": (
        table("d int, id int, PRIMARY KEY (id, d)", "i % 3, i", 4 * ROWS).replace(
            "80));",
            f"""80)) PARTITION BY LIST (d);
            CREATE TABLE t0 PARTITION OF t FOR VALUES IN (0){SPARSE};
            CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1){SPARSE};
            CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
            CREATE TABLE t3 PARTITION OF t DEFAULT;""",
        ),
        ["id", "d"],
    ),
    "partitions with a key": (
        table("id bigint, d int, PRIMARY KEY (id, d)", f"i, i * 10 / {ROWS}").replace(
            "80));",
            """80)) PARTITION BY RANGE (d);
            CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (3);
            CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY HASH (id);
            CREATE TABLE t3 PARTITION OF t2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE t4 PARTITION OF t2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);""",
        ),
        ["id", "d"],
    ),
    "partitions without a key": (
        table("d int", f"i * 10 / {ROWS}").replace(
            "80));",
            """80)) PARTITION BY RANGE (d);
            CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (3);
            CREATE TABLE t2 PARTITION OF t DEFAULT;""",
        ),
        None,
    ),
    "tables that inherit": (
        table("id int PRIMARY KEY", "i")
        + f"; CREATE TABLE t1 () INHERITS (t); INSERT INTO t1 (id) SELECT generate_series(500, {ROWS})",
        None,
    ),
}


@pytest.mark.parametrize("key_of", TABLES)
def test_fills_every_row_once(filled: Filled, key_of: str) -> None:
    make, key = TABLES[key_of]
    filled.make(make)
    filled.run()
    assert filled.wrong() == 0
    assert filled.one("SELECT count(*) FROM t")
    assert filled.ledger("key") == key
    assert filled.ledger("rows_done") == filled.ledger("rows_seen") == filled.one("SELECT count(*) FROM t")
    assert filled.ledger("finished_at IS NOT NULL")


def test_a_key_of_an_extension_bounds_nothing(filled: Filled) -> None:
    with suppress(psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
        filled.make("CREATE SCHEMA other; CREATE EXTENSION citext SCHEMA other")
    if not filled.one("SELECT count(*) FROM pg_extension WHERE extname = 'citext'"):
        pytest.skip("this server has no citext")
    filled.make(table("id other.citext PRIMARY KEY", "chr(65 + i % 2 * 32 + i % 26) || i"))
    filled.run()
    assert filled.wrong() == 0
    assert filled.ledger("key") is None


def test_names_and_alias_are_quoted(filled: Filled) -> None:
    filled.make(
        'CREATE SCHEMA "S.x"; CREATE TABLE "S.x"."T ""q""" ("select" int PRIMARY KEY, "fi%lled" int);'
        ' INSERT INTO "S.x"."T ""q""" SELECT generate_series(1, 500)'
    )
    filled.run(
        Backfill(
            "it's $$ {batch}",
            ("table", "S.x", 'T "q"'),
            "R %1$s",
            ("fi%lled",),
            '"R %1$s"."fi%lled" IS NULL -- and so on',
            'UPDATE "S.x"."T ""q""" AS "R %1$s" '
            "SET \"fi%lled\" = '7{batch}'::char(1)::int\nWHERE {batch} -- all",
        )
    )
    assert filled.one('SELECT count(*) FROM "S.x"."T ""q""" WHERE "fi%lled" = 7') == 500


@pytest.mark.parametrize("key", ["id int PRIMARY KEY", "id int"])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_or_none(filled: Filled, key: str, rows: int) -> None:
    filled.make(table(key, "i", rows))
    filled.run()
    assert filled.wrong() == 0
    assert filled.ledger("rows_done") == rows
    assert filled.ledger("finished_at IS NOT NULL")


def test_the_first_and_the_last_key_of_a_type_are_filled(filled: Filled) -> None:
    filled.make(
        table("id bigint PRIMARY KEY", "i")
        + "; INSERT INTO t VALUES (-9223372036854775808), (9223372036854775807)"
    )
    filled.run()
    assert filled.wrong() == 0


def test_rows_that_come_after_the_last_key_are_left_alone(filled: Filled) -> None:
    filled.make(table("id int PRIMARY KEY", "i", 3000))
    filled.make(
        "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO t (id) SELECT max(id) + 1 FROM t; RETURN NULL; END';"
        "CREATE TRIGGER more AFTER UPDATE ON t EXECUTE FUNCTION more()"
    )
    filled.run()
    assert filled.one("SELECT count(*) FROM t WHERE id <= 3000 AND filled IS NULL") == 0
    assert filled.one("SELECT count(*) > 0 AND bool_and(filled IS NULL) FROM t WHERE id > 3000")


def test_rows_that_are_filled_already_are_not_touched(filled: Filled) -> None:
    filled.make(
        table("id int PRIMARY KEY", "i", 3000) + ";UPDATE t SET filled = source, times = 1 WHERE id % 3 <> 0"
    )
    filled.run()
    assert filled.wrong() == 0
    assert filled.ledger("rows_done") == 1000


@pytest.mark.parametrize("key", ["id int PRIMARY KEY", "id int"])
def test_rows_out_of_reach_are_counted_and_shown(filled: Filled, key: str) -> None:
    filled.make(
        "CREATE TABLE p (id int PRIMARY KEY, v int);"
        "INSERT INTO p SELECT i, i FROM generate_series(1, 100) AS i;"
        f"CREATE TABLE t ({key}, p int, filled int);"
        "INSERT INTO t SELECT i, i % 101 FROM generate_series(1, 2020) AS i"
    )
    joined = Backfill(
        "fill",
        ("table", "public", "t"),
        "r",
        ("filled",),
        "r.filled IS NULL",
        "UPDATE t AS r SET filled = p.v FROM p WHERE p.id = r.p AND {batch}",
    )
    with pytest.raises(MigratorError) as failure:
        filled.run(joined)
    assert "backfill fill: 20 rows of t are still to do" in str(failure.value)
    assert '{"p": 0, "id": 101, "filled": null}' in str(failure.value)
    assert filled.one("SELECT count(*) FROM t WHERE filled IS NULL") == 20
    filled.make("DELETE FROM t WHERE p = 0")
    filled.run(joined)
    assert filled.ledger("finished_at IS NOT NULL")


@contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(filled: Filled, condition: str, seconds: float = 60) -> None:
    """Until a query of the ledger is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            if filled.ledger(condition):
                return
        time.sleep(0.005)
    raise AssertionError(f"never came true: {condition}")


def wait_until_gone(filled: Filled) -> None:
    """Until no backend of a killed psql is left."""
    while filled.one("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'migrator %'"):
        filled.one(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name LIKE 'migrator %'"
        )
        time.sleep(0.01)


KILLED = {
    "a key": table("id uuid PRIMARY KEY", "gen_random_uuid()", BIG),
    "no key": table("id int", "i", BIG),
    "a key, many stretches": table("id uuid PRIMARY KEY", "gen_random_uuid()", BIG, storage=SPARSE),
    "no key, many stretches": table("id int", "i", BIG, storage=SPARSE),
    "partitions": listed(20, "i", "i % 20", BIG),
}


@pytest.mark.parametrize("made", KILLED)
def test_killed_anywhere_and_run_again_it_fills_every_row_once(filled: Filled, made: str) -> None:
    filled.make(slow(KILLED[made]))
    filled.write()
    chance = random.Random(made)
    for _ in range(8):
        with ending(filled.start()) as psql:
            with suppress(subprocess.TimeoutExpired):
                psql.wait(chance.uniform(0.05, 0.5))
            assert psql.poll() is None, "it was over before it was killed"
            if chance.random() < 0.5:
                psql.kill()
            wait_until_gone(filled)
    assert filled.one("SELECT count(*) FROM t WHERE filled IS NULL")
    assert filled.one("SELECT count(*) FROM t WHERE filled IS NOT NULL")
    filled.run()
    assert filled.wrong() == 0


def test_paused_by_one_update_and_continued_by_another(filled: Filled) -> None:
    filled.make(slow(NUMBERED))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        before = filled.ledger("rows_done")
        time.sleep(1.2)
        after = filled.ledger("rows_done")
        assert isinstance(before, int) and isinstance(after, int)
        # The batch that was under way ends; then nothing more is done, and nothing is held.
        assert after <= before + 50_000 and after < BIG
        time.sleep(1)
        assert filled.ledger("rows_done") == after
        assert psql.poll() is None
        assert not filled.one(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE a.application_name LIKE 'migrator %' AND l.relation = 't'::regclass"
        )
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.wrong() == 0


def test_the_operators_limit_of_rows_a_second_is_kept(filled: Filled) -> None:
    filled.make(slow(NUMBERED))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET rows_per_second = 500")
        time.sleep(0.5)
        before = filled.ledger("rows_done")
        time.sleep(2)
        after = filled.ledger("rows_done")
        assert isinstance(before, int) and isinstance(after, int)
        assert after - before <= 1500
        filled.make("UPDATE migrator.backfill SET rows_per_second = NULL")
        assert psql.wait(60) == 0
    assert filled.wrong() == 0


def test_a_row_that_another_transaction_holds_is_filled_when_it_ends(filled: Filled) -> None:
    filled.make(table("id bigint PRIMARY KEY", "i", 5000))
    filled.write()
    with filled.database.connect(autocommit=False) as other:
        other.execute("UPDATE t SET pad = 'held' WHERE id IN (1, 2500)")
        with ending(filled.start()) as psql:
            wait_for(filled, "rows_done >= 4998")
            assert psql.poll() is None
            other.commit()
            assert psql.wait(60) == 0
    assert filled.wrong() == 0
    assert filled.one("SELECT count(*) FROM t WHERE pad = 'held'") == 2


def test_an_open_change_of_its_ledger_row_holds_nobody(filled: Filled) -> None:
    filled.make(slow(NUMBERED))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        with filled.database.connect(autocommit=False) as operator:
            operator.execute("UPDATE migrator.backfill SET nice = 0.1")
            time.sleep(1)
            filled.make("SET lock_timeout = '20s'; UPDATE t SET pad = 'free'; RESET lock_timeout")
            operator.commit()
        assert psql.wait(60) == 0
    assert filled.wrong() == 0


@pytest.mark.parametrize("key", ["id bigint PRIMARY KEY", "id bigint"])
def test_writers_that_lock_rows_in_any_order_get_no_error(filled: Filled, key: str) -> None:
    filled.make(
        table(key, "i", BIG) + ";"
        "CREATE INDEX by_id ON t (id);"
        "CREATE FUNCTION bridge() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.filled := NEW.source; NEW.times := 1; RETURN NEW; END';"
        "CREATE TRIGGER bridge BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION bridge()"
    )
    filled.write()
    end, errors, writes, backend = threading.Event(), list[str](), [0], list[object]()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with filled.database.connect() as connection:
            while not end.is_set():
                try:
                    with connection.transaction():
                        for _ in range(3):
                            row = [chance.randint(1, BIG)]
                            connection.execute("UPDATE t SET pad = repeat('y', 120) WHERE id = %s", row)
                        connection.execute("DELETE FROM t WHERE id = %s", [chance.randint(1, BIG)])
                        connection.execute(
                            "INSERT INTO t (id) VALUES (%s)", [BIG + chance.randint(1, 10**12)]
                        )
                    writes[0] += 1
                except psycopg.errors.DeadlockDetected as error:
                    # Two writers of this test may meet like that; the server tells who the two are.
                    if f"process {backend[0] if backend else None}" in (error.diag.message_detail or ""):
                        errors.append(str(error))
                except psycopg.Error as error:
                    errors.append(str(error))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        with ending(filled.start()) as psql:
            wait_for(filled, "rows_done > 0")
            backend.append(
                filled.one("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'migrator %'")
            )
            filled.make("UPDATE migrator.backfill SET nice = 1")
            assert psql.wait(120) == 0
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert writes[0]
    assert filled.wrong() == 0


@pytest.mark.parametrize("key", ["id bigint PRIMARY KEY", "id bigint"])
def test_rows_that_move_to_where_it_has_been_are_found_at_the_end(filled: Filled, key: str) -> None:
    # Rows that grow to 7 kB leave their page for one that is empty, and there are such at the beginning.
    filled.make(slow(table(key, "i", BIG, storage=" WITH (fillfactor = 30)")))
    filled.make("ALTER TABLE t ALTER pad SET STORAGE PLAIN; DELETE FROM t WHERE id <= 3000")
    filled.make("VACUUM t")
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "block > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        filled.make(
            f"UPDATE t SET id = -id, pad = repeat('y', 7000) WHERE id > {BIG - 100} AND filled IS NULL"
        )
        missed = filled.one(
            "SELECT count(*) FROM t WHERE id < 0 AND filled IS NULL"
            " AND (ctid::text::point)[0] < (SELECT block FROM migrator.backfill)"
        )
        assert missed
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.wrong() == 0


@pytest.mark.parametrize("away", ["DROP TABLE t1", "ALTER TABLE t DETACH PARTITION t1"])
def test_a_partition_that_goes_meanwhile_is_passed_over(filled: Filled, away: str) -> None:
    filled.make(slow(listed(2, "i", f"i * 2 / {BIG + 1}", BIG)))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        assert filled.one("SELECT count(*) FROM t1 WHERE filled IS NULL")
        filled.make(away)
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.wrong() == 0
    assert filled.ledger("finished_at IS NOT NULL")
    if "DETACH" in away:
        assert filled.one("SELECT count(*) FROM t1 WHERE filled IS NULL")


def test_a_partition_that_comes_meanwhile_is_filled(filled: Filled) -> None:
    filled.make(slow(listed(2, "2 * i", f"i * 2 / {BIG + 1}", BIG)))
    filled.make("CREATE TABLE t2 (LIKE t INCLUDING DEFAULTS)")
    filled.make(f"INSERT INTO t2 SELECT 2 * i - 1, 2 FROM generate_series(1, {BIG}) AS i")
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        filled.make("ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2)")
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.one("SELECT count(*) FROM t") == 2 * BIG
    assert filled.wrong() == 0


def test_rows_that_move_to_another_partition_are_filled_once(filled: Filled) -> None:
    filled.make(slow(listed(2, "i", f"i * 2 / {BIG + 1}", BIG)))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        filled.make("UPDATE t SET d = 1 - d WHERE id % 10 = 0")
        assert filled.one("SELECT count(*) FROM t WHERE id % 10 = 0 AND filled IS NULL")
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.wrong() == 0


def test_rows_that_come_later_to_the_places_of_another_partition_are_left_alone(filled: Filled) -> None:
    filled.make(slow(listed(2, "i", "(i <= 10)::int", BIG)))
    filled.write()
    with ending(filled.start()) as psql:
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET paused = true")
        filled.make(f"INSERT INTO t (id, d) SELECT i, 1 FROM generate_series({BIG + 1}, {2 * BIG}) AS i")
        filled.make("UPDATE migrator.backfill SET paused = false")
        assert psql.wait(60) == 0
    assert filled.wrong(f"(SELECT * FROM t WHERE id <= {BIG}) AS t") == 0
    assert filled.one(f"SELECT bool_and(filled IS NULL) FROM t WHERE id > {BIG}")


def test_a_hundred_small_partitions_are_filled_in_fewer_batches(filled: Filled) -> None:
    filled.make(listed(100, "i", "i % 100", ROWS))
    filled.make(
        "CREATE SEQUENCE batches; CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM nextval('batches'); RETURN NULL; END$$;"
        "CREATE TRIGGER tally AFTER UPDATE ON t EXECUTE FUNCTION tally()"
    )
    filled.run()
    assert filled.wrong() == 0
    assert 1 < int(str(filled.one("SELECT last_value FROM batches"))) < 100


# Triggers for which it is never done.
UNDOING = {
    "empties a row that is filled": (
        "BEGIN IF NEW.source < 20 THEN NEW.filled := NULL; END IF; RETURN NEW; END",
        "BEFORE UPDATE ON t FOR EACH ROW",
    ),
    "adds a row to fill": (
        "BEGIN INSERT INTO t DEFAULT VALUES; RETURN NULL; END",
        "AFTER UPDATE ON t FOR EACH STATEMENT",
    ),
}


@pytest.mark.parametrize("trigger", UNDOING)
def test_it_ends_with_an_error_where_rows_are_to_do_for_ever(filled: Filled, trigger: str) -> None:
    body, when = UNDOING[trigger]
    filled.make(
        table("id int", "i")
        + f"; CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS '{body}';"
        + f"CREATE TRIGGER undo {when} EXECUTE FUNCTION undo()"
    )
    with pytest.raises(MigratorError) as failure:
        filled.run()
    assert "of t " in str(failure.value) and "still to do" in str(failure.value)
    assert "a trigger or an application writes such rows" in str(failure.value)
    assert filled.one(f"SELECT count(*) FROM t WHERE id <= {ROWS} AND source >= 20 AND filled IS NULL") == 0
    filled.make("DROP TRIGGER undo ON t")
    filled.run()
    assert filled.one("SELECT count(*) FROM t WHERE filled IS DISTINCT FROM source") == 0


DENSITIES = {
    "as usual": table("id int PRIMARY KEY", "i", BIG),
    "few rows on a page": table("id int PRIMARY KEY", "i", 4 * ROWS, storage=SPARSE),
    "many rows on a page": "CREATE TABLE t (source int2 DEFAULT 1, filled int2, times int2 DEFAULT 0);"
    f"INSERT INTO t SELECT FROM generate_series(1, {BIG})",
    "partitions": TABLES["partitions with a key"][0],
    "no rows": table("id int PRIMARY KEY", "i", 0),
}


@pytest.mark.parametrize("analysed", [True, False])
@pytest.mark.parametrize("density", DENSITIES)
def test_the_rows_are_about_as_many_as_it_estimates(filled: Filled, density: str, analysed: bool) -> None:
    filled.make(DENSITIES[density])
    if analysed:
        filled.make("ANALYZE t")
    filled.run()
    rows, estimated = filled.ledger("rows_seen"), filled.ledger("rows_estimated")
    assert isinstance(rows, int) and isinstance(estimated, int)
    assert rows == filled.one("SELECT count(*) FROM t")
    assert rows / 2 <= estimated <= rows * 2


def test_it_says_how_far_it_is_and_how_long_it_will_take(filled: Filled) -> None:
    filled.make(slow(NUMBERED))
    limit = 6000  # rows a second, so that the notice of the fifth second is not the last that happens
    telling = threading.Thread(target=filled.run)
    telling.start()
    wait_for(filled, "rows_done > 0")
    filled.make(f"UPDATE migrator.backfill SET rows_per_second = {limit}")
    telling.join(60)
    said = [line for line in filled.said if "rows filled, " in line]
    told = re.fullmatch(
        r"(?:.* )?backfill fill: (\d+) rows filled, (\d+) of about (\d+) seen, (\d+) a second,"
        r" about (\d\d):(\d\d):(\d\d) left",
        said[0],
    )
    assert told, said
    done, seen, about, rate, *left = map(int, told.groups())
    assert 0 < done <= seen <= BIG
    assert BIG / 2 <= about <= BIG * 2
    hours, minutes, seconds = left
    assert abs(hours * 3600 + minutes * 60 + seconds - (about - seen) / rate) <= 1
    assert f"backfill fill: {BIG} rows filled in 00:00:" in "\n".join(filled.said)


@contextmanager
def replica(server: Server) -> Iterator[psycopg.Connection]:
    """A connection to a streaming replica of the server."""
    with psycopg.connect(server.address, autocommit=True) as primary:
        found = primary.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    binaries = Path(found[0]) if found and server.binaries else Path()
    if not (binaries / "pg_basebackup").exists():
        pytest.skip("a replica can be made only of a server on this machine")
    place = Path(str(conninfo_to_dict(server.address)["host"]))
    owner = place.stat()
    account: Account = {}
    if owner.st_uid != os.geteuid():
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    data = place / "replica"
    subprocess.run(
        [binaries / "pg_basebackup", "-d", server.address, "-D", data, "--checkpoint=fast", "--no-sync"],
        check=True,
        **account,
    )
    (data / "standby.signal").touch()
    settings = {
        **SETTINGS,
        "unix_socket_directories": str(data),
        "primary_conninfo": make_conninfo(server.address, application_name="replica", dbname=""),
        "wal_receiver_status_interval": "1s",
    }
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    # It ends with its standard input, and so with us, however we end.
    guarded = subprocess.Popen(
        [
            "/bin/sh",
            "-c",
            '"$@" & read -r _; kill -QUIT $!; wait $!',
            "guard",
            str(binaries / "postgres"),
            "-D",
            str(data),
            *arguments,
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **account,
    )
    assert guarded.stdin
    try:
        yield from connected(make_conninfo(server.address, host=str(data)))
    finally:
        guarded.stdin.close()
        guarded.wait()
        shutil.rmtree(data)


def connected(address: str) -> Iterator[psycopg.Connection]:
    """A connection, as soon as the server takes one."""
    until = time.monotonic() + 30
    while True:
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                yield connection
                return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


@contextmanager
def not_replaying(standby: psycopg.Connection) -> Iterator[None]:
    standby.execute("SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")


@contextmanager
def not_receiving(standby: psycopg.Connection) -> Iterator[None]:
    """It neither receives nor reports anything, and the connection to it stays."""
    row = standby.execute("SELECT pid FROM pg_stat_wal_receiver").fetchone()
    assert row
    os.kill(row[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(row[0], signal.SIGCONT)


@pytest.mark.parametrize("standing_still", [not_replaying, not_receiving])
def test_it_waits_for_a_replica_that_stands_still_and_goes_on_when_that_has_caught_up(
    filled: Filled, standing_still: Callable[[psycopg.Connection], AbstractContextManager[None]]
) -> None:
    filled.make(slow(NUMBERED))
    with replica(filled.database.server) as standby:
        running = threading.Thread(target=filled.run)
        running.start()
        wait_for(filled, "rows_done > 0")
        filled.make("UPDATE migrator.backfill SET max_lag = '1 s', rows_per_second = 4000")
        time.sleep(3)
        assert not any("waiting" in line for line in filled.said)
        with standing_still(standby):
            until = time.monotonic() + 30
            while not any("waiting, replica replica is more than 00:00:01 behind" in s for s in filled.said):
                assert running.is_alive() and time.monotonic() < until, filled.said
                time.sleep(0.05)
            before = filled.ledger("rows_done")
            time.sleep(1)
            assert filled.ledger("rows_done") == before
            filled.make("UPDATE migrator.backfill SET rows_per_second = NULL")
        running.join(60)
    assert any("going on" in line for line in filled.said)
    assert filled.wrong() == 0


def test_it_says_that_it_may_not_see_how_far_replicas_are(filled: Filled) -> None:
    filled.make(table("id int PRIMARY KEY", "i"))
    database = filled.one("SELECT current_database()")
    filled.make(
        "CREATE ROLE blind LOGIN; ALTER TABLE t OWNER TO blind; GRANT CREATE ON SCHEMA public TO blind;"
        f'GRANT CREATE ON DATABASE "{database}" TO blind'
    )
    try:
        filled.write()
        with replica(filled.database.server):
            run_file(
                filled.file,
                make_conninfo(filled.database.conninfo, user="blind"),
                psql=filled.database.server.tool("psql"),
                on_line=filled.said.append,
            )
    finally:
        filled.make("REASSIGN OWNED BY blind TO CURRENT_USER; DROP OWNED BY blind; DROP ROLE blind")
    assert any("does not wait for replicas, because blind may not see them" in line for line in filled.said)
    assert filled.wrong() == 0


def test_the_plain_form_fills_the_same(filled: Filled) -> None:
    filled.make(table("id bigint PRIMARY KEY", "i", 100))
    filled.make(backfill.plain(FILL))
    assert filled.wrong() == 0


def planned(old: psycopg.Connection, new: psycopg.Connection) -> Plan:
    """The plan that turns the first database into the second."""
    before, after = catalog.read(old), catalog.read(new)
    return plan(before, after, oldest=before.version, attempt=partial(trial.attempt, new))


GROWN = """
    CREATE TABLE t (a int, token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
        id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
        n serial, said text DEFAULT md5(random()::text), later smallint GENERATED BY DEFAULT AS IDENTITY);
    CREATE INDEX said ON t (said)"""


@pytest.mark.parametrize("with_ledger", [True, False])
def test_new_columns_that_differ_from_row_to_row_are_filled_without_a_rewrite(
    filled: Filled, server: Server, with_ledger: bool
) -> None:
    filled.make("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 500)")
    file_of_rows = filled.one("SELECT pg_relation_filenode('t')")
    with server.scratch() as desired:
        with desired.connect() as connection:
            connection.execute(GROWN.encode())
            made = planned(filled.connection, connection)
        script = sql.script(made)
        if with_ledger:
            script = sql.migration_file(
                made, revision="r", direction="upgrade", before=None, after="r", about=()
            )
        run_script(script, filled.database.conninfo, psql=server.tool("psql"), on_line=filled.said.append)
        assert filled.one("SELECT pg_relation_filenode('t')") == file_of_rows
        filled.make("INSERT INTO t (a) VALUES (501)")
        for column in ("token", "id", "n", "said", "later"):
            assert filled.one(f"SELECT count(DISTINCT {column}) FROM t") == 501
        assert (
            filled.one("SELECT max(id) FROM t")
            == filled.one("SELECT id FROM t WHERE a = 501")
            == 10 + 500 * 5
        )
        assert filled.one("SELECT later FROM t WHERE a = 501") == 501
        assert filled.one("SELECT n FROM t WHERE a = 501") == 501
        filled.make("DROP SCHEMA IF EXISTS migrator CASCADE; DROP TABLE IF EXISTS alembic_version")
        with desired.connect() as connection:
            assert not planned(filled.connection, connection).steps


MORE = ", token uuid DEFAULT gen_random_uuid(), at timestamptz DEFAULT clock_timestamp()"
TALLIED = """
    CREATE TABLE t (a int{}); CREATE SEQUENCE updates;
    CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('updates'); RETURN NEW; END$$;
    CREATE TRIGGER tally BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tally()"""


def test_new_columns_that_differ_from_row_to_row_are_filled_in_one_pass(
    filled: Filled, server: Server
) -> None:
    filled.make(TALLIED.format("") + "; INSERT INTO t SELECT generate_series(1, 500)")
    with server.scratch() as desired, desired.connect() as connection:
        connection.execute(TALLIED.format(MORE).encode())
        made = planned(filled.connection, connection)
    file = sql.migration_file(made, revision="r", direction="upgrade", before=None, after="r", about=())
    run_script(file, filled.database.conninfo, psql=server.tool("psql"), on_line=filled.said.append)
    assert filled.one("SELECT count(DISTINCT token) FROM t WHERE at IS NOT NULL") == 500
    assert filled.one("SELECT last_value FROM updates") == 500


def test_a_row_that_is_written_with_some_of_the_new_columns_keeps_them_and_gets_the_others(
    filled: Filled, server: Server
) -> None:
    filled.make("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 500)")
    with server.scratch() as desired, desired.connect() as connection:
        connection.execute(f"CREATE TABLE t (a int{MORE})".encode())
        made = planned(filled.connection, connection)
    given = "INSERT INTO t VALUES (0, NULL, '2000-01-01Z'), (0, '00000000-0000-0000-0000-000000000000', NULL)"
    for statement in (one for step in made.steps for one in step.statements):
        if statement.backfill and given:
            filled.make(given)
            given = ""
        filled.make(backfill.plain(statement.backfill) if statement.backfill else statement.sql)
    assert not given
    assert filled.one("SELECT count(*) FROM t WHERE at IS NULL OR token IS NULL") == 0
    assert filled.one("SELECT count(*) FROM t WHERE a = 0 AND at = '2000-01-01Z'") == 1
    assert filled.one("SELECT count(*) FROM t WHERE token = '00000000-0000-0000-0000-000000000000'") == 1
