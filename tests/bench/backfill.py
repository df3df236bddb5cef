"""One backfill on tables of several shapes: a single UPDATE, a plain walk along the key, and the driver.

Two lengths are told: of the longest transaction that wrote, for which writers may wait, and of the longest
snapshot, for which VACUUM and CREATE INDEX CONCURRENTLY wait.

Every measurement has a fresh copy of the same table, read into memory, after a checkpoint. Nobody else uses
it: waits of writers are measured by the load bench. What is compared lies in one run on one server.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from dataclasses import dataclass

import psycopg

from migrator.migration import backfill, sql
from migrator.plan.changes import Changes
from migrator.plan.plan import Plan
from migrator.plan.steps import Step
from migrator.postgres import Database, Server, serve
from migrator.psql import run_script
from migrator.state.snapshot import Snapshot
from migrator.statement import Backfill, Statement
from tests.bench.filled import DURABLE, tell

FILL = Backfill(
    "fill",
    ("table", "public", "t"),
    "r",
    ("mall_id",),
    "r.mall_id IS NULL",
    "UPDATE t AS r SET mall_id = p.mall_id FROM pins AS p WHERE p.id = r.pin AND {batch}",
)

COLUMNS = "pin int NOT NULL, path text NOT NULL, taken timestamptz NOT NULL, mall_id uuid"
ROWS = (
    "1 + (random() * 4999)::int, repeat(md5(i::text), 2) || '.mp4',"
    " timestamptz '2024-01-01 00:00Z' + i * interval '1 second'"
)
INDEXES = "CREATE INDEX ON t (pin); CREATE INDEX ON t (taken)"


def partitions(count: int) -> str:
    """SQL that makes so many hash partitions of `t`."""
    return "; ".join(
        f"CREATE TABLE t{n} PARTITION OF t FOR VALUES WITH (MODULUS {count}, REMAINDER {n})"
        for n in range(count)
    )


SHAPES = {
    "random uuid": ("id uuid PRIMARY KEY", "gen_random_uuid()", ""),
    "bigint in the order of the rows": ("id bigint PRIMARY KEY", "i", ""),
    "sparse bigint": ("id bigint PRIMARY KEY", "i * 1000", ""),
    "text in the order of the rows": ("id text PRIMARY KEY", "to_char(i, 'FM000000000')", ""),
    "two columns": ("a int, b int, PRIMARY KEY (a, b)", "i / 10, i % 10", ""),
    "no key": ("id bigint", "i", ""),
    "four partitions": ("id bigint PRIMARY KEY", "i", partitions(4)),
    "a hundred partitions": ("id bigint PRIMARY KEY", "i", partitions(100)),
}

# A walk along the key as other tools do it, in batches of one size.
KEYSET = """
DO $$
DECLARE low {type}; high {type}; last {type} := (SELECT id FROM t ORDER BY id DESC LIMIT 1);
BEGIN
  LOOP
    SELECT id INTO high FROM t WHERE (low IS NULL OR id > low) ORDER BY id OFFSET 4999 LIMIT 1;
    high := coalesce(high, last);
    UPDATE t AS r SET mall_id = p.mall_id FROM pins AS p
     WHERE p.id = r.pin AND r.mall_id IS NULL AND (low IS NULL OR r.id > low) AND r.id <= high;
    COMMIT;
    EXIT WHEN high = last;
    low := high;
  END LOOP;
END $$;
"""


@dataclass(frozen=True)
class Measured:
    """Figures of one way on one table: seconds, bytes, and shares of one."""

    shape: str
    way: str
    seconds: float
    wal: int
    heap: float
    indexes: float
    longest: float
    snapshot: float
    hot: float

    @property
    def row(self) -> str:
        """A row of the table."""
        return (
            f"| {self.shape} | {self.way} | {self.seconds:.1f} | {self.wal / 1e6:,.0f} | +{self.heap:.0%} |"
            f" +{self.indexes:.0%} | {self.longest:.2f} | {self.snapshot:.2f} | {self.hot:.0%} |"
        )


def driven() -> str:
    """A migration's file with one step, the backfill."""
    step = Step(
        1, (Statement(FILL.sql, transactional=False, backfill=FILL, subject=FILL.table, verb="fill"),)
    )
    plan = Plan(Changes(Snapshot(), Snapshot()), (step,), ())
    return sql.migration_file(plan, revision="r", direction="upgrade", before=None, after="r", about=())


def ways(columns: str, parts: str) -> dict[str, str]:
    """What is compared on a table, by name."""
    compared = {"one UPDATE": backfill.plain(FILL), "driver": driven()}
    if columns.startswith("id") and "PRIMARY KEY" in columns and not parts:
        compared["keyset of 5,000"] = KEYSET.replace("{type}", columns.split()[1])
    return compared


def fill(database: Database, columns: str, values: str, parts: str, rows: int) -> None:
    """Make the table with its rows, packed, and the table that it is joined to."""
    by_hash = " PARTITION BY HASH (id)" if parts else ""
    with database.connect() as connection:
        for statement in (
            "CREATE TABLE pins (id int PRIMARY KEY, mall_id uuid NOT NULL)",
            "INSERT INTO pins SELECT i, gen_random_uuid() FROM generate_series(1, 5000) AS i",
            f"CREATE TABLE t ({columns}, {COLUMNS}){by_hash}; {parts}",
            f"INSERT INTO t SELECT {values}, {ROWS} FROM generate_series(1, {rows}) AS i",
            INDEXES,
            "VACUUM (ANALYZE)",
        ):
            connection.execute(statement.encode())


def measure(server: Server, full: Database, shape: str, way: str, script: str) -> Measured:
    """Run one way on a copy."""
    with server.scratch(full, "copy") as database, database.connect() as connection:
        # Into the buffers: a plain scan of a large table passes through a few of them only.
        connection.execute("SET enable_seqscan = off; SELECT count(path) FROM t WHERE pin >= 0")
        connection.execute("SELECT count(mall_id) FROM t")
        before = _sizes(connection)
        connection.execute("CHECKPOINT")
        lsn = _one(connection, "SELECT pg_current_wal_insert_lsn()")
        with _Watch(database) as watch:
            began = time.monotonic()
            run_script(script, database.conninfo, psql=server.tool("psql"))
            seconds = time.monotonic() - began
        wal = int(str(_one(connection, f"SELECT pg_current_wal_insert_lsn() - '{lsn}'")))
        after = _sizes(connection)
        connection.execute("SELECT pg_stat_clear_snapshot()")
        hot = _one(
            connection,
            "SELECT sum(n_tup_hot_upd)::float8 / greatest(sum(n_tup_upd), 1) FROM pg_stat_user_tables"
            " WHERE relname LIKE 't%'",
        )
        if _one(connection, "SELECT count(*) FROM t WHERE mall_id IS NULL"):
            raise RuntimeError(f"{way} on {shape} left rows")
    return Measured(
        shape,
        way,
        seconds,
        wal,
        after[0] / before[0] - 1,
        after[1] / before[1] - 1,
        watch.longest,
        watch.snapshot,
        float(str(hot)),
    )


class _Watch:
    """The longest transaction that wrote, and the longest snapshot, in seconds, as seen from beside a hundred
    times a second."""

    def __init__(self, database: Database):
        self.longest = self.snapshot = 0.0
        self._database = database

    def __enter__(self) -> _Watch:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        with self._database.connect() as connection:
            while not self._end.wait(0.01):
                row = connection.execute(
                    "SELECT coalesce(max(age) FILTER (WHERE backend_xid IS NOT NULL), 0),"
                    " coalesce(max(age) FILTER (WHERE backend_xmin IS NOT NULL), 0)"
                    " FROM (SELECT backend_xid, backend_xmin,"
                    "  extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age FROM pg_stat_activity"
                    "  WHERE datname = current_database() AND backend_type = 'client backend'"
                    "  AND pid <> pg_backend_pid()) AS others"
                ).fetchone()
                assert row
                self.longest, self.snapshot = max(self.longest, row[0]), max(self.snapshot, row[1])


def _sizes(connection: psycopg.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT sum(pg_relation_size(relid)), sum(pg_indexes_size(relid)) FROM pg_stat_user_tables"
        " WHERE relname LIKE 't%'"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def main(arguments: list[str]) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench backfill", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--postgres", default="embedded")
    parser.add_argument("--only", help="shapes whose name holds this")
    options = parser.parse_args(arguments)
    shapes = {name: shape for name, shape in SHAPES.items() if (options.only or "") in name}
    print(f"{options.rows:,} rows; load average at the start {os.getloadavg()[0]:.1f}\n")
    print(
        "| table | way | s | WAL, MB | heap | indexes | longest transaction, s | longest snapshot, s | HOT |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with serve(options.postgres, options=DURABLE) as server:
        for name, (columns, values, parts) in shapes.items():
            tell(f"{name}: filling")
            with server.scratch(label="full") as full:
                fill(full, columns, values, parts, options.rows)
                for way, script in ways(columns, parts).items():
                    tell(f"{name}: {way}")
                    print(measure(server, full, name, way, script).row, flush=True)
    print(f"\nload average at the end {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
