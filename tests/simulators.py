"""Simulated applications: the SQL of Phase 1 and of Phase 2, sent by several connections at once.

A `Role` is what one kind of client does; an `Application` runs roles, each on as many connections as it
says, until it is stopped or has sent a number of statements. Every statement leaves a `Record`: its kind,
when it was sent, how long the answer took and the class of the error, if one came. A client whose statement
fails goes on, on a new connection if the old one is lost, as an application behind a pool does.

Statements are prepared on the server and name their columns, so that a migration which breaks running
prepared statements, or the SQL of either phase, shows as an error here.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any, LiteralString, NamedTuple, Self
from uuid import UUID, uuid4

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

WRITES = frozenset({"update", "insert", "delete", "move", "pin to mall", "parent", "job"})
READS = frozenset({"read"})


class Record(NamedTuple):
    """One statement that a client sent. `started` is of `time.monotonic()`, in seconds."""

    kind: str
    started: float
    ms: float
    error: str | None

    @property
    def ended(self) -> float:
        """When the answer came, on the same clock as `started`."""
        return self.started + self.ms / 1000


class Sent(NamedTuple):
    """What a role wants to send next."""

    kind: str
    sql: LiteralString
    values: Mapping[str, object]


@dataclass
class World:
    """Rows that the clients know of, and the videos which they made themselves."""

    videos: Sequence[UUID]
    pins: Sequence[UUID]
    malls: Sequence[UUID]
    users: Sequence[UUID]
    made: deque[UUID] = field(default_factory=deque)

    @classmethod
    def of(cls, connection: Connection, videos: int = 20_000) -> World:
        """Read it from a database with sample rows; about `videos` of the videos, from all over the table."""

        def ids(query: LiteralString, *values: object) -> list[UUID]:
            return [row[0] for row in connection.execute(query, values)]

        (rows,) = connection.execute("SELECT count(*) FROM videos").fetchone() or (0,)
        share = min(100.0, 100.0 * videos / max(rows, 1))
        return cls(
            videos=ids("SELECT id FROM videos TABLESAMPLE bernoulli (%s) REPEATABLE (0)", share),
            pins=ids("SELECT id FROM camera_pins ORDER BY id"),
            malls=ids("SELECT id FROM malls ORDER BY id"),
            users=ids("SELECT id FROM users ORDER BY id"),
        )


Choose = Callable[[Random, World], Sent]


@dataclass(frozen=True)
class Role:
    """What `clients` connections do: choose a statement, send it, think for about `pause` seconds."""

    choose: Choose
    clients: int = 1
    pause: float = 0.01


# The application of Phase 1: legacy columns only.


def phase_1_update(random: Random, world: World) -> Sent:
    """A step of processing; once in ten times a file that was uploaded again."""
    if random.random() < 0.1:
        name = f"again_{random.randrange(10**9)}.mp4"
        return Sent(
            "update",
            "UPDATE videos SET original_filename = %(name)s, file_path = %(path)s, upload_timestamp = %(at)s"
            " WHERE id = %(id)s",
            {"name": name, "path": f"uploads/{name}", "at": _now(), "id": random.choice(world.videos)},
        )
    status = random.choice(("pending", "processing", "completed", "failed"))
    return Sent(
        "update",
        "UPDATE videos SET processing_status = %(status)s, processed = %(processed)s,"
        " duration_seconds = %(seconds)s WHERE id = %(id)s",
        {
            "status": status,
            "processed": status == "completed",
            "seconds": random.randrange(60, 7200),
            "id": random.choice(world.videos),
        },
    )


def phase_1_insert(random: Random, world: World) -> Sent:
    """A new upload; once in ten times one of the earlier ones is deleted again."""
    if len(world.made) > 10 and random.random() < 0.1:
        return Sent("delete", "DELETE FROM videos WHERE id = %(id)s", {"id": world.made.popleft()})
    video = uuid4()
    return Sent(
        "insert",
        "INSERT INTO videos (id, camera_pin_id, file_path, original_filename, file_size_bytes,"
        " duration_seconds, processed, processing_status, upload_timestamp, created_at)"
        " VALUES (%(id)s, %(pin)s, %(path)s, %(name)s, %(size)s,"
        " %(seconds)s, false, 'pending', %(at)s, %(at)s)",
        {
            "id": video,
            "pin": random.choice(world.pins),
            "path": f"uploads/{video}.mp4",
            "name": f"{video.hex[:12]}.mp4",
            "size": random.randrange(10**6, 10**9),
            "seconds": random.randrange(60, 7200),
            "at": _now(),
        },
    )


def phase_1_read(random: Random, world: World) -> Sent:
    """One video, or the newest of a pin."""
    if random.random() < 0.7:
        return Sent(
            "read",
            "SELECT id, camera_pin_id, file_path, original_filename, file_size_bytes, duration_seconds,"
            " processed, processing_status, upload_timestamp, created_at FROM videos WHERE id = %(id)s",
            {"id": random.choice(world.videos)},
        )
    return Sent(
        "read",
        "SELECT v.id, v.file_path, v.upload_timestamp, p.name, p.mall_id FROM videos v"
        " JOIN camera_pins p ON p.id = v.camera_pin_id WHERE v.camera_pin_id = %(pin)s"
        " ORDER BY v.upload_timestamp DESC LIMIT 20",
        {"pin": random.choice(world.pins)},
    )


def phase_1_move(random: Random, world: World) -> Sent:
    """A video that was filed under the wrong pin."""
    return Sent(
        "move",
        "UPDATE videos SET camera_pin_id = %(pin)s WHERE id = %(id)s",
        {"pin": random.choice(world.pins), "id": random.choice(world.videos)},
    )


def pin_to_mall(random: Random, world: World) -> Sent:
    """A pin that moves to another mall, and its videos with it. The same in both phases."""
    return Sent(
        "pin to mall",
        "UPDATE camera_pins SET mall_id = %(mall)s, updated_at = %(at)s WHERE id = %(pin)s",
        {"mall": random.choice(world.malls), "at": _now(), "pin": random.choice(world.pins)},
    )


def parent(random: Random, world: World) -> Sent:
    """A write to a table that the new foreign keys reference. The same in both phases."""
    if random.random() < 0.5:
        return Sent(
            "parent",
            "UPDATE users SET last_login = %(at)s WHERE id = %(id)s",
            {"at": _now(), "id": random.choice(world.users)},
        )
    return Sent(
        "parent",
        "UPDATE malls SET updated_at = %(at)s WHERE id = %(id)s",
        {"at": _now(), "id": random.choice(world.malls)},
    )


PHASE_1 = (
    Role(phase_1_update, clients=3),
    Role(phase_1_insert),
    Role(phase_1_read),
    Role(phase_1_move),
    Role(pin_to_mall, pause=1.0),
    Role(parent, pause=0.1),
)


# The application of Phase 2: new columns only, and the jobs.


def phase_2_update(random: Random, world: World) -> Sent:
    """A step of processing; once in ten times a file that was uploaded again."""
    if random.random() < 0.1:
        name = f"anew_{random.randrange(10**9)}.mp4"
        return Sent(
            "update",
            "UPDATE videos SET filename = %(name)s, original_path = %(path)s, checksum_sha256 = %(checksum)s,"
            " upload_status = 'uploaded', uploaded_at = %(at)s, updated_at = %(at)s WHERE id = %(id)s",
            {
                "name": name,
                "path": f"originals/{name}",
                "checksum": _checksum(random),
                "at": datetime.now(UTC),
                "id": random.choice(world.videos),
            },
        )
    return Sent(
        "update",
        "UPDATE videos SET processing_status = %(status)s, operator_notes = %(notes)s, updated_at = %(at)s"
        " WHERE id = %(id)s",
        {
            "status": random.choice(("pending", "processing", "completed", "failed")),
            "notes": f"seen {random.randrange(100)} times",
            "at": datetime.now(UTC),
            "id": random.choice(world.videos),
        },
    )


def phase_2_insert(random: Random, world: World) -> Sent:
    """A new upload with its checksum; once in ten times one of the earlier ones is deleted again."""
    if len(world.made) > 10 and random.random() < 0.1:
        return Sent("delete", "DELETE FROM videos WHERE id = %(id)s", {"id": world.made.popleft()})
    video = uuid4()
    return Sent(
        "insert",
        "INSERT INTO videos (id, mall_id, pin_id, filename, original_path, checksum_sha256, file_size_bytes,"
        " width, height, codec, recorded_at, upload_status, processing_status, uploaded_at, created_at,"
        " updated_at)"
        " SELECT %(id)s, p.mall_id, p.id, %(name)s, %(path)s, %(checksum)s, %(size)s,"
        " 1920, 1080, 'h264', %(at)s, 'uploaded', 'pending', %(at)s, %(created)s, %(at)s"
        " FROM camera_pins p WHERE p.id = %(pin)s",
        {
            "id": video,
            "pin": random.choice(world.pins),
            "name": f"{video.hex[:12]}.mp4",
            "path": f"originals/{video}.mp4",
            "checksum": _checksum(random),
            "size": random.randrange(10**6, 10**9),
            "at": datetime.now(UTC),
            "created": _now(),
        },
    )


def phase_2_read(random: Random, world: World) -> Sent:
    """One video, or the newest of a pin."""
    if random.random() < 0.7:
        return Sent(
            "read",
            "SELECT id, mall_id, pin_id, filename, original_path, proxy_path, checksum_sha256, recorded_at,"
            " upload_status, processing_status, uploaded_at, updated_at FROM videos WHERE id = %(id)s",
            {"id": random.choice(world.videos)},
        )
    return Sent(
        "read",
        "SELECT id, filename, uploaded_at, upload_status FROM videos WHERE pin_id = %(pin)s"
        " ORDER BY uploaded_at DESC LIMIT 20",
        {"pin": random.choice(world.pins)},
    )


def phase_2_move(random: Random, world: World) -> Sent:
    """A video that was filed under the wrong pin."""
    return Sent(
        "move",
        "UPDATE videos v SET pin_id = p.id, mall_id = p.mall_id, updated_at = %(at)s FROM camera_pins p"
        " WHERE p.id = %(pin)s AND v.id = %(id)s",
        {"at": datetime.now(UTC), "pin": random.choice(world.pins), "id": random.choice(world.videos)},
    )


def phase_2_job(random: Random, world: World) -> Sent:
    """A job that is queued, or the state of a video's jobs that moves on."""
    if random.random() < 0.5:
        return Sent(
            "job",
            "INSERT INTO processing_jobs (video_id, job_type, celery_task_id)"
            " VALUES (%(id)s, %(type)s, %(task)s)",
            {
                "id": random.choice(world.videos),
                "type": random.choice(("proxy_generation", "cv_analysis")),
                "task": str(uuid4()),
            },
        )
    return Sent(
        "job",
        "UPDATE processing_jobs SET status = 'running', worker_hostname = %(host)s, started_at = %(at)s"
        " WHERE video_id = %(id)s",
        {
            "host": f"worker-{random.randrange(4)}",
            "at": datetime.now(UTC),
            "id": random.choice(world.videos),
        },
    )


PHASE_2 = (
    Role(phase_2_update, clients=2),
    Role(phase_2_insert),
    Role(phase_2_read),
    Role(phase_2_move),
    Role(phase_2_job),
    Role(pin_to_mall, pause=1.0),
    Role(parent, pause=0.1),
)


class Application:
    """Clients that run from `with` until it ends, or, with `operations`, each for that many statements.

    `records` grows while they run. `seed` makes each client choose the same rows in the same order;
    `pace` multiplies the pauses (0 for none). Applications that run at once must share a `world`, read before
    they begin: one that looks later takes the rows that another is going to delete for rows that stay.
    """

    NAME = "simulator"  # its application_name, so that a measurement can tell it from a migration

    def __init__(
        self,
        conninfo: str,
        roles: Sequence[Role],
        *,
        seed: int = 0,
        operations: int | None = None,
        pace: float = 1.0,
        world: World | None = None,
    ):
        self.records: list[Record] = []
        self._stop = threading.Event()
        self._clients = [
            _Client(self, conninfo, role, Random(f"{seed}:{number}:{i}"), operations, pace)
            for number, role in enumerate(roles)
            for i in range(role.clients)
        ]
        self._conninfo = conninfo
        self._world = world

    def __enter__(self) -> Self:
        if self._world is None:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                self._world = World.of(connection)
        try:
            for client in self._clients:
                client.start(self._world)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if kind is not None:  # somebody may wait for a lock that nobody is going to release
            for client in self._clients:
                client.end_now()
        self.wait()

    def wait(self) -> list[Record]:
        """Until every client has ended; their records in the order in which they were sent."""
        for client in self._clients:
            client.join()
        return sorted(self.records, key=lambda record: record.started)

    @property
    def world(self) -> World:
        """What the clients know of; there once they run."""
        assert self._world is not None, "the application was not started"
        return self._world

    @property
    def stopped(self) -> threading.Event:
        """Set when the clients are asked to end."""
        return self._stop


class _Client:
    """One connection of an application, in a thread of its own."""

    def __init__(
        self,
        application: Application,
        conninfo: str,
        role: Role,
        random: Random,
        operations: int | None,
        pace: float,
    ):
        self._application, self._conninfo = application, conninfo
        self._role, self._random = role, random
        self._left, self._pace = operations, pace
        self._connection: Connection | None = None
        self._mistake: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, world: World) -> None:
        """Connect, so that a wrong address is told to the caller, and begin."""
        self._world = world
        self._connection = self._connect()
        self._thread.start()

    def join(self) -> None:
        """Wait for its end. A mistake of the simulator itself, unlike a failed statement, is raised."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._mistake is not None:
            raise self._mistake

    def end_now(self) -> None:
        """Cancel what it waits for, again if it has just sent something, until it has ended."""
        while self._thread.is_alive():
            if self._connection is not None and not self._connection.closed:
                with suppress(psycopg.Error):  # the server may be gone
                    self._connection.cancel()
            self._thread.join(0.1)

    def _connect(self) -> Connection:
        return psycopg.connect(
            self._conninfo, autocommit=True, prepare_threshold=0, application_name=Application.NAME
        )

    def _run(self) -> None:
        stopped = self._application.stopped
        try:
            while not stopped.is_set() and self._left != 0:
                self._left = None if self._left is None else self._left - 1
                self._send()
                stopped.wait(self._role.pause * self._pace * self._random.uniform(0.5, 1.5))
        except Exception as mistake:
            self._mistake = mistake
        finally:
            if self._connection is not None:
                self._connection.close()

    def _send(self) -> None:
        sent = self._role.choose(self._random, self._world)
        started, error = time.monotonic(), None
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
            cursor = self._connection.execute(sent.sql, sent.values)
            if cursor.description:
                cursor.fetchall()
        except psycopg.Error as failure:
            error = type(failure).__name__
        ms = (time.monotonic() - started) * 1000
        self._application.records.append(Record(sent.kind, started, ms, error))
        if error is None and sent.kind == "insert" and isinstance(video := sent.values["id"], UUID):
            self._world.made.append(video)


def _now() -> datetime:
    """Now, as the application has always written it into columns without a time zone: in UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _checksum(random: Random) -> str:
    return hashlib.sha256(random.randbytes(16)).hexdigest()
