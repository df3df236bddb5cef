"""A server that keeps its promises about durability, and a database of Phase 1 full of rows on it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from migrator.postgres import Database, Server, serve
from migrator.psql import run_file
from schema.samples import load

DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_size": "4GB",
    "shared_buffers": "1GB",
}
"""Over the settings of a throwaway server: as in production, where a commit waits for the disk."""

INITIAL, PHASE_2 = "001_initial_schema", "002_phase_2_video_mgmt"

# Read through an index, because a plain scan of a large table passes through a few buffers only.
_WARM = """
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0;
    SELECT count(file_path) FROM videos WHERE id >= '00000000-0000-0000-0000-000000000000'"""


@dataclass(frozen=True)
class Filled:
    """A database of Phase 1 with rows, of which clones are made; `local`: its server runs on this machine."""

    database: Database
    local: bool

    @property
    def server(self) -> Server:
        """The server that it is on."""
        return self.database.server

    def run(self, file: Path, database: Database, log: Path) -> None:
        """Run a SQL file with psql, as an operator does; what it says goes to `log`. Raises MigratorError."""
        with log.open("w") as lines:
            run_file(
                file,
                database.conninfo,
                psql=self.server.tool("psql"),
                on_line=lambda line: print(line, file=lines, flush=True),
            )

    @contextmanager
    def clone(self, label: str) -> Iterator[Database]:
        """A copy to work on, its rows in memory."""
        with self.server.scratch(self.database, label) as clone:
            with psycopg.connect(clone.conninfo, autocommit=True) as connection:
                connection.execute(_WARM)
            yield clone

    def machine(self) -> str:
        """What was measured on, in a line."""
        with psycopg.connect(self.database.conninfo, autocommit=True) as connection:
            values = [
                connection.execute("SELECT current_setting(%s)", [name]).fetchone()
                for name in ("server_version", "shared_buffers", "max_wal_size", "fsync", "full_page_writes")
            ]
        version, buffers, wal, fsync, pages = (value[0] for value in values if value)
        return (
            f"PostgreSQL {version}, shared_buffers {buffers}, max_wal_size {wal}, fsync {fsync}, "
            f"full_page_writes {pages}, {os.cpu_count()} processors shared by server and load"
            + (_writeback() if self.local else "")
        )


def _writeback() -> str:
    """When the kernel begins to write what files have in memory: where it is late, one flush holds every commit."""
    settings = Path("/proc/sys/vm")
    if not settings.is_dir():
        return ""
    names = ("dirty_background_bytes", "dirty_background_ratio", "dirty_expire_centisecs")
    return "".join(f", vm.{name} {(settings / name).read_text().strip()}" for name in names)


@contextmanager
def filled(setting: str, migrations: Path, videos: int) -> Iterator[Filled]:
    """A database with the initial migration from `migrations` and the sample rows of so many videos.

    `setting` says where the server comes from. A server that runs already keeps its own settings. The
    embedded one keeps its data where temporary files go, which TMPDIR moves to the disk to be measured.
    """
    local = setting.partition(":")[0] == "embedded"
    running = setting.startswith(("postgresql:", "postgres:"))
    with serve(setting, options={} if running else DURABLE) as server, server.scratch(label="filled") as full:
        tell(f"filling {videos:,} videos on PostgreSQL {server.version}")
        began = time.monotonic()
        run_file(migrations / INITIAL / "upgrade.sql", full.conninfo, psql=server.tool("psql"))
        with psycopg.connect(full.conninfo) as connection:
            load(connection, videos=videos, seed=0, phase=1)
        with psycopg.connect(full.conninfo, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")
        tell(f"filled in {time.monotonic() - began:.0f} s")
        yield Filled(full, local)


def tell(what: str) -> None:
    """One line of progress."""
    print(what, file=sys.stderr, flush=True)
