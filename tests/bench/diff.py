"""Two databases with many tables, ten objects of which differ: time and peak memory of finding that out.

Beside the migrator: `pg_dump -s` of both databases, which is the least that a tool that reads everything does, and
Alembic's autogenerate and `results` (migra's successor, where installed) on the sizes that they finish in time.

    python -m tests.bench diff [--tables 100,1000,10000] [--limit SECONDS] [--runs N] [--out DIR]
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from migrator.postgres import Database, Server, serve
from tests.small_project import url

BLOCK = 500
"""Tables made in one transaction: more would need more locks than a server has by default."""

CHANGES = """
ALTER TABLE t_000001 ADD COLUMN added integer;
ALTER TABLE t_000002 DROP COLUMN c3;
ALTER TABLE t_000003 ALTER COLUMN c5 SET DEFAULT 5;
ALTER TABLE t_000004 ALTER COLUMN c6 TYPE character varying(99);
ALTER TABLE t_000005 ALTER COLUMN c7 SET NOT NULL;
CREATE INDEX t_000006_added ON t_000006 (c8);
DROP INDEX t_000007_c1;
ALTER TABLE t_000008 DROP CONSTRAINT t_000008_c2_check;
ALTER TABLE t_000009 DROP CONSTRAINT t_000009_parent_fkey;
CREATE TABLE added (id bigint PRIMARY KEY);
"""
"""Ten objects that differ."""


@dataclass(frozen=True)
class Result:
    """One contender on one size: seconds and peak memory (MB), or why there is none."""

    seconds: list[float]
    megabytes: float
    failure: str = ""


def fill(database: Database, tables: int) -> None:
    """Tables of ten columns, three indexes, a foreign key and a check."""
    with database.connect() as connection:
        for first in range(1, tables + 1, BLOCK):
            connection.execute(
                f"""
                DO $$ DECLARE t text; BEGIN
                FOR i IN {first}..{min(first + BLOCK - 1, tables)} LOOP
                  t := 't_' || lpad(i::text, 6, '0');
                  EXECUTE format('CREATE TABLE %I (id bigint PRIMARY KEY, parent bigint REFERENCES %I,
                    c1 integer NOT NULL, c2 integer CHECK (c2 > 0), c3 text DEFAULT ''x'', c4 timestamptz DEFAULT now(),
                    c5 integer, c6 varchar(50), c7 jsonb, c8 uuid)', t, CASE WHEN i = 1 THEN t ELSE 't_000001' END);
                  EXECUTE format('CREATE INDEX %I ON %I (c1)', t || '_c1', t);
                  EXECUTE format('CREATE INDEX %I ON %I (c6, c5 DESC)', t || '_c6', t);
                  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (c8) WHERE c8 IS NOT NULL', t || '_c8', t);
                END LOOP; END $$"""
            )


def contenders(server: Server, old: Database, new: Database) -> dict[str, list[list[str]]]:
    """Name -> the commands that it runs, one after the other."""
    dump = [str(server.tool("pg_dump")), "--schema-only", "--no-password", "--file", os.devnull, "--dbname"]
    python = [sys.executable, "-m"]
    found = {
        "migrator between": [[*python, "migrator", "between", old.conninfo, new.conninfo]],
        "pg_dump -s of both": [[*dump, old.conninfo], [*dump, new.conninfo]],
        "alembic autogenerate": [[*python, "tests.bench.diff_alembic", old.conninfo, new.conninfo]],
    }
    results = shutil.which("results", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if results:
        found["results dbdiff"] = [[results, "dbdiff", url(old.conninfo), url(new.conninfo)]]
    return found


def measure(commands: Sequence[Sequence[str]], limit: float) -> tuple[float, float, str]:
    """Seconds, peak memory in MB of the largest process, and why it failed ("" where it did not)."""
    started, peak = time.monotonic(), 0.0
    for command in commands:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, messages = process.communicate(timeout=limit - (time.monotonic() - started))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return limit, peak, f"not done in {limit:.0f} s"
        peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
        if process.returncode not in (0, 2):
            return (
                0.0,
                peak,
                messages.strip().splitlines()[-1] if messages.strip() else f"exit {process.returncode}",
            )
    return time.monotonic() - started, peak, ""


def in_a_process_of_its_own(commands: Sequence[Sequence[str]], limit: float) -> tuple[float, float, str]:
    """`measure` in a child, since the peak memory of children never goes down again."""
    reader, writer = os.pipe()
    if not os.fork():
        os.write(writer, repr(measure(commands, limit)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.wait()
    seconds, peak, failure = ast.literal_eval(text)
    return seconds, peak, failure


def bench(tables: int, runs: int, limit: float) -> dict[str, Result]:
    """All contenders on one size, in turn, `runs` times."""
    settings = {"max_locks_per_transaction": "2048", "shared_buffers": "512MB"}
    with ExitStack() as stack:
        server = stack.enter_context(serve("embedded", options=settings))
        old = stack.enter_context(server.scratch())
        print(f"{tables} tables: making them", file=sys.stderr)
        fill(old, tables)
        with server.scratch(template=old) as new:
            with new.connect() as connection:
                connection.execute(CHANGES)
                connection.execute("VACUUM ANALYZE")
            with old.connect() as connection:
                connection.execute("VACUUM ANALYZE")
            found = contenders(server, old, new)
            results = {name: Result([], 0.0) for name in found}
            for run in range(runs):
                for name, commands in found.items():
                    if results[name].failure:
                        continue
                    print(f"{tables} tables: {name}, run {run + 1} of {runs}", file=sys.stderr)
                    seconds, peak, failure = in_a_process_of_its_own(commands, limit)
                    before = results[name]
                    results[name] = Result(
                        before.seconds + [seconds] * (not failure), max(peak, before.megabytes), failure
                    )
            return results


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmark; prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench diff", description=__doc__)
    parser.add_argument("--tables", default="100,1000,10000", help="sizes, separated by commas")
    parser.add_argument("--limit", type=float, default=300, help="seconds that one run may take")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a folder for the table as diff.md")
    options = parser.parse_args(arguments)
    lines = ["| tables | what | seconds (median) | of pg_dump's | MB |", "|---:|---|---:|---:|---:|"]
    for tables in map(int, options.tables.split(",")):
        results = bench(tables, options.runs, options.limit)
        base = statistics.median(results["pg_dump -s of both"].seconds or [float("nan")])
        for name, result in results.items():
            if result.failure:
                lines.append(f"| {tables} | {name} | {result.failure} | – | {result.megabytes:.0f} |")
                continue
            median = statistics.median(result.seconds)
            lines.append(
                f"| {tables} | {name} | {median:.2f} | {median / base:.2f} | {result.megabytes:.0f} |"
            )
    table = "\n".join(lines)
    print(table)
    print(f"\nload average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors", file=sys.stderr)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "diff.md").write_text(table + "\n", encoding="utf-8")
    return 0
