"""What each statement of a plan locks, reads and rewrites: seen on a scratch database with rows, not claimed.

Each statement runs in a transaction of its own, and in it the server is asked: pg_locks tells the locks,
pg_class.relfilenode what was written anew, pg_stat_get_xact_tuples_returned how many rows were read. One that
PostgreSQL refuses inside a transaction is watched from a second connection, which makes it wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.kinds.relation import relation
from migrator.migration import backfill
from migrator.plan.plan import Plan
from migrator.postgres import Database
from migrator.proof import synthetic
from migrator.sql import qualified
from migrator.statement import Identity, Lock, LockMode, Measured, Statement

Samples = Callable[[psycopg.Connection[Any]], object]

_SETTINGS = """
SET search_path = pg_catalog, public, pg_temp; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres'; SET check_function_bodies = off; SET row_security = off;
SET max_parallel_maintenance_workers = 0; SET max_parallel_workers_per_gather = 0;
"""

_RELATIONS = """
SELECT c.oid::int8, c.relkind::text, n.nspname::text, c.relname::text, pg_relation_filenode(c.oid)::int8,
       i.indrelid::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'S') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'migrator')
"""

# Only what it locked can have been read or written; an index that it made is known by its table.
_SEEN = """
SELECT l.relation::int8, l.mode, pg_relation_filenode(c.oid)::int8, i.indrelid::int8,
       pg_stat_get_xact_tuples_returned(l.relation)
FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.relation >= 16384
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_HELD_BY = """
SELECT l.relation::int8, l.mode FROM pg_locks l
WHERE l.locktype = 'relation' AND l.pid = %s AND l.relation >= 16384
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_NAMES = """
SELECT c.oid::int8, format('%%I.%%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY (%s)
"""

_WAITS = "SELECT cardinality(pg_blocking_pids(%s)) > 0"

_IN_THE_WAY = ("ROW EXCLUSIVE", "ACCESS SHARE")
_MODES = {f"{mode.name.title().replace('_', '')}Lock": mode for mode in LockMode}


@dataclass
class _Relation:
    """A relation that was there before the plan."""

    identity: Identity
    kind: str
    file: int | None
    table: int | None
    """The table of an index."""
    has_rows: bool = False


def measure(database: Database, plan: Plan, samples: Samples | None) -> list[Measured | None]:
    """What each statement of the plan was seen to do, in order; None from the first on that does not run.

    `database`, at the plan's start, is filled with rows, and the plan runs on it. A statement that the rows
    stop is tried again on empty tables: its locks are seen then, but not whether it reads.
    """
    with database.connect() as connection:
        connection.prepare_threshold = None
        _fill(connection, samples)
        connection.execute(_SETTINGS)
        probe = _Probe(database, connection, plan)
        found: list[Measured | None] = []
        for statement in plan.statements:
            try:
                found.append(probe.run(statement))
            except psycopg.Error:
                # The proof runs the same statement from its file and tells what is wrong with it.
                return found + [None] * (len(plan.statements) - len(found))
    return found


def _fill(connection: psycopg.Connection[Any], samples: Samples | None) -> None:
    if samples:
        try:
            samples(connection)
        except psycopg.Error:
            # Samples that do not fit this schema are complained about by the proof.
            connection.rollback()
    synthetic.fill(connection)


class _Probe:
    """Runs statements on one connection and knows the relations that were there before the first."""

    def __init__(self, database: Database, connection: psycopg.Connection[Any], plan: Plan):
        self.database, self.connection = database, connection
        rows = connection.execute(_RELATIONS).fetchall()
        there = {
            oid: _Relation(_identity(kind, schema, name), kind, file, table)
            for oid, kind, schema, name, file, table in rows
            if _identity(kind, schema, name) not in plan.changes.created
        }
        self.relations = {oid: one for oid, one in there.items() if one.table is None or one.table in there}
        self.indexes = {oid: one.table for oid, one in self.relations.items() if one.table is not None}
        self.files = {one.file for one in self.relations.values() if one.file is not None}

    def run(self, statement: Statement) -> Measured:
        """Runs it, on empty tables where the rows stop it."""
        watch = self._watched if not statement.transactional and not statement.backfill else self._inside
        try:
            return watch(statement)
        except (psycopg.IntegrityError, psycopg.DataError):
            self._empty(statement)
            return watch(statement)

    def _empty(self, statement: Statement) -> None:
        """Takes away all rows, and what the failed statement left."""
        if statement.guard and statement.guard.repair:
            for (repair,) in self.connection.execute(statement.guard.repair).fetchall():
                self.connection.execute(repair)
        there = self.connection.execute(_RELATIONS).fetchall()
        tables = [qualified(schema, name) for _, kind, schema, name, _, _ in there if kind in "rp"]
        self.connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for oid, _, _, _, file, _ in self.connection.execute(_RELATIONS).fetchall():
            self.files |= {file} - {None}
            if oid in self.relations:
                self.relations[oid].file, self.relations[oid].has_rows = file, False

    def _inside(self, statement: Statement) -> Measured:
        """One in a transaction of its own, asked before it commits."""
        # Counters of earlier statements leave the backend first: they would be counted again.
        self.connection.execute("SELECT pg_stat_force_next_flush()")
        with self.connection.transaction():
            self.connection.execute(
                backfill.plain(statement.backfill) if statement.backfill else statement.sql
            )
            seen = self.connection.execute(_SEEN).fetchall()
            blind = self._blind((oid, mode) for oid, mode, *_ in seen)
        read = {oid for oid, _, _, _, returned in seen if returned}
        files = {oid: (file, table) for oid, _, file, table, _ in seen}
        return self._measured(((oid, mode) for oid, mode, *_ in seen), read, files, blind)

    def _watched(self, statement: Statement) -> Measured:
        """One outside a transaction: made to wait for a writer, then for a reader, and looked at then."""
        watched = [one.relation for one in statement.locks]
        own = self.connection.info.backend_pid
        held: set[tuple[int, str]] = set()
        self.connection.execute("SELECT pg_stat_force_next_flush()")
        # Also when interrupted: those in its way go first, then the thread can end.
        with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
            watcher = stack.enter_context(self.database.connect())
            before = self._returned(watcher)
            # One for each relation: it may hold a lock on one only while it waits for another.
            others = [
                stack.enter_context(self._in_the_way(one, mode)) for mode in _IN_THE_WAY for one in watched
            ]
            running = pool.submit(self.connection.execute, statement.sql)
            for other in others:
                held |= _until_it_waits(watcher, own, running)
                other.rollback()
            held |= _until_it_waits(watcher, own, running)
            running.result()
            self.connection.execute("SELECT pg_stat_force_next_flush()")
            after = self._returned(watcher)
        files = {
            oid: (file, table) for oid, _, _, _, file, table in self.connection.execute(_RELATIONS).fetchall()
        }
        read = {oid for oid in after if after[oid] > before.get(oid, 0)}
        # Whether the lock on an index at the very end was seen is chance; queries do not wait for it.
        locks = {(oid, mode) for oid, mode in held if oid not in self.indexes}
        return self._measured(locks, read, files, self._blind(locks))

    def _in_the_way(self, one: Identity, mode: str) -> psycopg.Connection[Any]:
        """A transaction that uses the relation and stays open."""
        other = self.database.connect(autocommit=False)
        name = qualified(*one[1:])
        if one[0] == "table":
            other.execute(f"LOCK TABLE ONLY {name} IN {mode} MODE")
        else:
            other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            other.execute(f"SELECT FROM {name}")
        return other

    def _returned(self, watcher: psycopg.Connection[Any]) -> dict[int, int]:
        """Rows read so far, by all, of each table."""
        query = "SELECT o, pg_stat_get_tuples_returned(o::oid) FROM unnest(%s::int8[]) AS o"
        return dict(watcher.execute(query, [[*self.relations]]).fetchall())

    def _blind(self, locks: Iterable[tuple[int, str]]) -> set[int]:
        """The tables under a lock that stops writers which hold no rows."""
        strong = [oid for oid, mode in locks if oid in self.relations and _MODES[mode].stops_writers]
        unknown = [
            oid for oid in strong if self.relations[oid].kind in "rm" and not self.relations[oid].has_rows
        ]
        there = self.connection.execute(_NAMES, [unknown]).fetchall() if unknown else []
        for oid, name in there:
            row = self.connection.execute(f"SELECT EXISTS (SELECT FROM ONLY {name})").fetchone()
            self.relations[oid].has_rows = bool(row and row[0])
        return {oid for oid, _ in there if not self.relations[oid].has_rows}

    def _measured(
        self,
        locks: Iterable[tuple[int, str]],
        read: set[int],
        files: Mapping[int, tuple[int | None, int | None]],
        blind: set[int],
    ) -> Measured:
        strongest: dict[int, LockMode] = {}
        for oid, name in locks:
            mode = _MODES[name]
            if oid in self.indexes and mode < LockMode.ACCESS_EXCLUSIVE:
                continue  # stops nobody who uses the table; a stronger one stops all who plan a query on it
            held = self.indexes.get(oid, oid)
            if held in self.relations:
                strongest[held] = max(mode, strongest.get(held, mode))
        reads = {oid for oid in read if oid in self.relations and self.relations[oid].kind in "rm"}
        rewrites = set()
        for oid, (file, table) in files.items():
            one = self.relations.get(oid)
            if one and one.kind in "rm" and file not in (None, one.file):
                rewrites.add(oid)
            elif table is not None and table in self.relations and file and file not in self.files:
                reads.add(table)  # to build an index it reads the table, also where that is empty
            if one:
                one.file = file
            if table is not None and table in self.relations:
                self.indexes[oid] = table
        self.files |= {file for file, _ in files.values() if file is not None}
        found = (
            Lock(self.relations[oid].identity, mode)
            for oid, mode in strongest.items()
            if mode > LockMode.ACCESS_SHARE
        )
        return Measured(tuple(sorted(found)), self._names(reads), self._names(rewrites), self._names(blind))

    def _names(self, oids: Iterable[int]) -> tuple[Identity, ...]:
        return tuple(sorted({self.relations[oid].identity for oid in oids}))


def _until_it_waits(watcher: psycopg.Connection[Any], pid: int, running: Future[Any]) -> set[tuple[int, str]]:
    """The locks that the backend holds or asks for, once it waits for somebody or is done."""
    held: set[tuple[int, str]] = set()
    while not running.done():
        held |= {(oid, mode) for oid, mode in watcher.execute(_HELD_BY, [pid])}
        row = watcher.execute(_WAITS, [pid]).fetchone()
        if row and row[0]:
            return held | {(oid, mode) for oid, mode in watcher.execute(_HELD_BY, [pid])}
        time.sleep(0.001)
    return held


def _identity(kind: str, schema: str, name: str) -> Identity:
    if kind in "iI":
        return ("index", schema, name)
    return ("sequence", schema, name) if kind == "S" else relation(kind, schema, name)
