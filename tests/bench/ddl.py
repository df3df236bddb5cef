"""One constraint or index added to a full table under load: the plain statement, and what `between` prints.

Each measurement has a fresh clone of one filled database. The generated form is asked for as a user asks: the
clone is the first database, an empty one which has the new object is the second.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from migrator.errors import MigratorError
from migrator.postgres import Database
from migrator.psql import run_file
from tests.bench.filled import INITIAL, Filled, filled, tell
from tests.bench.measure import Run, measure
from tests.bench.report import judged, short_table, short_wait, write


@dataclass(frozen=True)
class Case:
    """What is added by `plain`, after `before` has made room for it; `before` changes catalogs only."""

    name: str
    title: str
    plain: str
    before: str = ""


CASES = (
    Case(
        "not_null",
        "NOT NULL",
        "ALTER TABLE videos ALTER COLUMN file_size_bytes SET NOT NULL;",
        before="ALTER TABLE videos ALTER COLUMN file_size_bytes DROP NOT NULL;",
    ),
    Case(
        "unique",
        "UNIQUE",
        "ALTER TABLE videos ADD CONSTRAINT videos_id_camera_pin_id_key UNIQUE (id, camera_pin_id);",
    ),
    Case(
        "foreign_key",
        "foreign key",
        "ALTER TABLE videos ADD CONSTRAINT videos_camera_pin_id_fkey"
        " FOREIGN KEY (camera_pin_id) REFERENCES camera_pins (id) ON DELETE CASCADE;",
        before="ALTER TABLE videos DROP CONSTRAINT videos_camera_pin_id_fkey;",
    ),
    Case(
        "check",
        "CHECK",
        "ALTER TABLE videos ADD CONSTRAINT videos_file_size_bytes_check CHECK (file_size_bytes >= 0);",
    ),
    Case(
        "index",
        "index",
        "CREATE INDEX ix_videos_upload_timestamp ON videos (upload_timestamp);",
    ),
)


def main(arguments: list[str]) -> int:
    """Measure, and write ddl.md, ddl.json and ddl.svg. 1 if a generated form failed, else 0."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    with filled(options.postgres, options.migrations, options.videos) as full:
        machine = full.machine()
        with full.clone("alone") as clone:
            alone = measure("alone", "load alone", clone.conninfo, partial(time.sleep, options.seconds))
        for case in CASES:
            runs += [_plain(case, full, options.out), _generated(case, full, options)]
    generated = [run for run in runs if run.name.endswith("generated")]
    goals = [short_wait(run, alone) for run in generated]
    text = (
        f"# One object added to a full table under load\n\n{options.videos:,} videos. {machine}.\n\n"
        f"{short_table([alone, *runs])}\n\nGoals:\n\n{judged(goals)}\n"
    )
    about = {"videos": options.videos, "machine": machine}
    write(options.out, "ddl", text, [alone, *runs], about=about, drawn=[run.name for run in generated])
    print(text)
    return 1 if any(run.error for run in generated) else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench ddl", description=__doc__)
    parser.add_argument("--videos", type=int, default=500_000, metavar="N")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), metavar="DIR")
    parser.add_argument("--postgres", default="embedded", help="embedded[:N], container[:N] or a URL")
    parser.add_argument("--migrations", type=Path, default=Path("generated_migrations"), metavar="DIR")
    parser.add_argument("--seconds", type=float, default=30, help="how long the load runs alone")
    return parser.parse_args(arguments)


def _plain(case: Case, full: Filled, out: Path) -> Run:
    with full.clone(case.name) as clone:
        _execute(clone, case.before)
        return _measured(case, "plain", full, clone, case.plain, out)


def _generated(case: Case, full: Filled, options: argparse.Namespace) -> Run:
    with full.clone(case.name) as clone, full.server.scratch(label=f"{case.name}_wanted") as wanted:
        run_file(options.migrations / INITIAL / "upgrade.sql", wanted.conninfo, psql=full.server.tool("psql"))
        _execute(wanted, case.before + case.plain)
        _execute(clone, case.before)
        try:
            sql = between(clone, wanted)
        except MigratorError as failure:
            (options.out / f"{case.name}_generated.log").write_text(f"{failure}\n")
            tell(f"{case.title}, generated: {failure}")
            return Run(f"{case.name}_generated", f"{case.title}, generated", error=failure.what)
        return _measured(case, "generated", full, clone, sql, options.out)


def _measured(case: Case, form: str, full: Filled, clone: Database, sql: str, out: Path) -> Run:
    file = out / f"{case.name}_{form}.sql"
    file.write_text(sql)
    work = partial(full.run, file, clone, file.with_suffix(".log"))
    run = measure(f"{case.name}_{form}", f"{case.title}, {form}", clone.conninfo, work, local=full.local)
    tell(f"{run.title}: {run.error or f'{run.seconds:.2f} s'}, a writer waited {run.longest_write:,.0f} ms")
    return run


def _execute(database: Database, sql: str) -> None:
    with database.connect() as connection:
        connection.execute(sql.encode())


def between(old: Database, new: Database) -> str:
    """What `migrator between` prints for two databases. MigratorError: it failed, or finds no difference."""
    done = subprocess.run(
        [sys.executable, "-m", "migrator", "between", _url(old), _url(new)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 2:
        raise MigratorError(
            done.stderr.strip() or f"between ended with status {done.returncode} and printed no difference",
            where=f"{old.name} and {new.name}",
        )
    return done.stdout


def _url(database: Database) -> str:
    """A database's address as a URL."""
    words = {name: str(value) for name, value in conninfo_to_dict(database.conninfo).items() if value}
    return f"postgresql:///{quote(words.pop('dbname'))}?{urlencode(words, quote_via=quote)}"
