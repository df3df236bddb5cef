"""What a piece of work does to a database and to the application that uses it meanwhile."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from migrator.errors import MigratorError
from tests.simulators import PHASE_1, READS, Application, Record, Role, World

LEAD, TAIL = 3.0, 3.0  # seconds of load alone before the work and after it


@dataclass(frozen=True)
class Waits:
    """How long the statements of one kind took, in milliseconds, and how many there were."""

    count: int
    longest: float
    p99: float


@dataclass
class Run:
    """One measured piece of work; sizes in bytes, of `videos` where nothing else is said."""

    name: str
    title: str
    seconds: float = 0.0
    error: str | None = None
    waits: dict[str, Waits] = field(default_factory=dict)
    application_errors: dict[str, int] = field(default_factory=dict)
    wal: int = 0
    heap: tuple[int, int] = (0, 0)
    indexes: tuple[int, int] = (0, 0)
    heap_packed: int | None = None
    wrong_rows: int | None = None
    lost_rows: int = 0
    cpu_seconds: float | None = None
    load_average: tuple[float, float] = (0.0, 0.0)
    timeline: list[tuple[float, float]] = field(default_factory=list)

    @property
    def longest_write(self) -> float:
        """The longest that any writer waited, in milliseconds."""
        return max((waits.longest for kind, waits in self.waits.items() if kind not in READS), default=0.0)

    @property
    def longest_read(self) -> float:
        """The longest that any reader waited, in milliseconds."""
        return max((waits.longest for kind, waits in self.waits.items() if kind in READS), default=0.0)

    @property
    def heap_growth(self) -> float:
        """By what part of its size the heap grew."""
        return self.heap[1] / self.heap[0] - 1 if self.heap[0] else 0.0

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(
    name: str,
    title: str,
    conninfo: str,
    work: Callable[[], None],
    *,
    applications: Sequence[Sequence[Role]] = (PHASE_1,),
    local: bool = False,
) -> Run:
    """Do `work` while the applications run, and say what it did.

    The load runs `LEAD` seconds before the work and `TAIL` seconds after it. Waits are those of statements
    that were under way while the work was; errors of the application count until the load ends. With `local`
    the server runs on this machine, and the processor time of its backends is read from /proc.
    """
    run = Run(name, title)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        rows = _one(connection, "SELECT count(*) FROM videos")
        heap, indexes = _sizes(connection)
        connection.execute("CHECKPOINT")
        with _load(conninfo, applications) as simulators:
            time.sleep(LEAD)
            load_before = os.getloadavg()[0]
            lsn = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
            with _Processor(conninfo) if local else _Nothing() as processor:
                began = time.monotonic()
                try:
                    work()
                except MigratorError as failure:
                    run.error = failure.what
                ended = time.monotonic()
            run.seconds = ended - began
            run.cpu_seconds = processor.seconds
            run.wal = _one(connection, "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", *(lsn or ()))
            run.load_average = (load_before, os.getloadavg()[0])
            time.sleep(TAIL)
        records = [record for simulator in simulators for record in simulator.wait()]
        run.heap, run.indexes = (
            (before, after) for before, after in zip((heap, indexes), _sizes(connection), strict=True)
        )
        made = sum(_signs(records))
        run.lost_rows = rows + made - _one(connection, "SELECT count(*) FROM videos")
    run.waits = waits(records, began, ended)
    run.application_errors = dict(
        sorted(Counter(r.error for r in records if r.error and r.ended >= began).items())
    )
    run.timeline = timeline(records, began, ended)
    return run


def waits(records: Iterable[Record], began: float, ended: float) -> dict[str, Waits]:
    """Per kind of statement, of those that were under way between two moments."""
    times: dict[str, list[float]] = {}
    for record in records:
        if record.started < ended and record.ended > began:
            times.setdefault(record.kind, []).append(record.ms)
    return {kind: Waits(len(ms), max(ms), percentile(ms, 99)) for kind, ms in sorted(times.items())}


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest of the values which so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def timeline(
    records: Iterable[Record], began: float, ended: float, points: int = 240
) -> list[tuple[float, float]]:
    """(seconds since `began`, longest wait of a writer who waited then, in ms), from lead to tail.

    A statement counts in each slice of time in which it waits, so that one wait of a minute is seen for a
    minute, not for the moment in which it began.
    """
    first, last = began - LEAD, ended + TAIL
    width = (last - first) / points
    longest = [0.0] * points
    for record in records:
        if record.kind in READS:
            continue
        low = max(0, int((record.started - first) / width))
        high = min(points - 1, int((record.ended - first) / width))
        for i in range(low, high + 1):
            longest[i] = max(longest[i], record.ms)
    return [(round(first + (i + 0.5) * width - began, 3), round(ms, 2)) for i, ms in enumerate(longest) if ms]


@contextmanager
def _load(conninfo: str, applications: Sequence[Sequence[Role]]) -> Iterator[list[Application]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        world = World.of(connection)
    with ExitStack() as stack:
        yield [
            stack.enter_context(Application(conninfo, roles, seed=i, world=world))
            for i, roles in enumerate(applications)
        ]


def _signs(records: Iterable[Record]) -> Iterator[int]:
    """+1 for each video that the application made, -1 for each that it deleted."""
    for record in records:
        if record.error is None:
            yield {"insert": 1, "delete": -1}.get(record.kind, 0)


def _sizes(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    row = connection.execute("SELECT pg_relation_size('videos'), pg_indexes_size('videos')").fetchone()
    assert row is not None
    return row[0], row[1]


def _one(connection: psycopg.Connection[Any], query: Any, *values: object) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


class _Nothing:
    seconds: float | None = None

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class _Processor(_Nothing):
    """Sums the processor time of the backends, parallel workers included, which are not the simulators'."""

    BACKENDS = """
        SELECT a.pid FROM pg_stat_activity a LEFT JOIN pg_stat_activity leader ON leader.pid = a.leader_pid
         WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND NOT a.pid = ANY (%s)
           AND a.backend_type IN ('client backend', 'parallel worker')
           AND a.application_name <> %s AND leader.application_name IS DISTINCT FROM %s"""

    def __init__(self, conninfo: str):
        self._connection = psycopg.connect(conninfo, autocommit=True, application_name=Application.NAME)
        self._seen: dict[int, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Processor:
        self._others = [row[0] for row in self._backends([])]
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()
        self._connection.close()
        self.seconds = sum(self._seen.values())

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            for (pid,) in self._backends(self._others):
                self._seen[pid] = max(self._seen.get(pid, 0.0), _processor_seconds(pid))

    def _backends(self, others: list[int]) -> list[tuple[int]]:
        return self._connection.execute(
            self.BACKENDS, (others, Application.NAME, Application.NAME)
        ).fetchall()


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
