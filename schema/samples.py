"""Realistic rows of the whole schema, at any scale, the same ones for the same seed.

    python -m schema.samples postgresql://… --videos 2_000_000

Rows are made one table at a time, as text for COPY. What a row holds comes from a hash of the seed, the table
and the row's number, so that another table can refer to a row without keeping it. Times without a time zone
are UTC; videos lie in the table in about the order in which they were recorded.

Phase 1 is the schema at 839d4ee251e4. In Phase 2 the older videos look as a migration leaves them, the newest
three in ten as Phase 2 code writes them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import Any, Literal, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from schema.cameras import PinType
from schema.malls import TenantStatus
from schema.tracking import AssociationDecision
from schema.users import UserRole
from schema.videos import JobStatus, JobType, ProcessingStatus, UploadStatus

Phase = Literal[1, 2]
Progress = Callable[[str, int], None]

INCONSISTENT_VIDEOS: LiteralString = f"""
SELECT v.id, problems.of
FROM videos AS v
LEFT JOIN camera_pins AS pin ON pin.id = v.camera_pin_id
CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
  CASE WHEN v.pin_id IS DISTINCT FROM v.camera_pin_id THEN 'pin_id' END,
  CASE WHEN v.mall_id IS DISTINCT FROM pin.mall_id OR v.mall_id IS NULL THEN 'mall_id' END,
  CASE WHEN v.filename IS DISTINCT FROM v.original_filename THEN 'filename' END,
  CASE WHEN v.file_path <> coalesce(CASE WHEN length(v.original_path) <= 500 THEN v.original_path END, '')
    THEN 'original_path' END,
  CASE WHEN v.uploaded_at IS DISTINCT FROM v.upload_timestamp AT TIME ZONE 'UTC' THEN 'uploaded_at' END,
  CASE WHEN v.processed <> (v.processing_status = '{ProcessingStatus.COMPLETED}') THEN 'processed' END,
  CASE WHEN v.upload_status IS NULL OR v.upload_status NOT IN
    ('{UploadStatus.UPLOADING}', '{UploadStatus.UPLOADED}', '{UploadStatus.FAILED}') THEN 'upload_status' END,
  CASE WHEN v.updated_at IS NULL THEN 'updated_at' END
], NULL) AS of) AS problems
WHERE problems.of <> '{{}}'
"""
"""The videos whose legacy and Phase 2 columns disagree, each with the names of the columns: (uuid, text[]).

It cannot see who wrote a row: one that Phase 1 code wrote must also be 'uploaded'.
"""

_FIRST_DAY = datetime(2022, 11, 1, tzinfo=UTC)
_DAYS = (datetime(2025, 10, 30, tzinfo=UTC) - _FIRST_DAY).days
_ROWS_A_WRITE = 2_000

_CITIES = ("Berlin", "São Paulo", "東京", "Kraków", "Lagos", "Montréal", "Αθήνα", "Shah Alam", "O'Fallon")
_SHOPS = ("Café Müller", "Книги", "Nike", "ZARA", "寿司 Go", "H&M", "Joe's Shoes", "Apotheke 100%", "Eiscafé")
_CATEGORIES = ("fashion", "food", "books", "electronics", "health", None)
_WHERE = (
    "Main entrance",
    "Eingang Süd",
    "Escalator ↑",
    "Food court",
    "Parking B2",
    "入口",
    "Касса",
    "Atrium",
)

NULL = "\\N"
# As plain strings: a member of an enum takes ten times as long to format.
UPLOADED = UploadStatus.UPLOADED.value
PENDING, COMPLETED, FAILED = (
    status.value for status in (ProcessingStatus.PENDING, ProcessingStatus.COMPLETED, ProcessingStatus.FAILED)
)
_UPLOAD_STATUSES = [UPLOADED] * 29 + [UploadStatus.UPLOADING.value] * 2 + [UploadStatus.FAILED.value]
_STATUSES = [COMPLETED] * 22 + [PENDING] * 4 + [ProcessingStatus.PROCESSING.value] * 3 + [FAILED] * 2
_JOB_STATUS = {
    PENDING: JobStatus.PENDING,
    ProcessingStatus.PROCESSING.value: JobStatus.RUNNING,
    COMPLETED: JobStatus.COMPLETED,
    FAILED: JobStatus.FAILED,
}
_FILES = (  # before the day, between day and camera, after
    ("cam_", "_", ".mp4"),
    ("", " 入口カメラ ", ".mp4"),
    ("Kamera Süd ", " ", ".avi"),
    ("C:\\\\CCTV\\\\", "\\\\ch", ".mkv"),
    ("joe's clip (100%) ", " ", ".mov"),
    ("вход ", "_", ".mp4"),
    ("export_", "_", ".mp4"),
    ("NVR-", "-", ".mp4"),
)
_FORMATS = (  # width, height, fps, codec
    "1920\t1080\t25.00\th264",
    "1280\t720\t30.00\th264",
    "2560\t1440\t29.97\thevc",
    "640\t480\t15.00\th264",
)
_NO_DETAILS = f"\t{NULL}" * 9


class Counts(NamedTuple):
    """How many rows of each table there are to `videos` videos."""

    malls: int
    tenants: int
    stores: int
    users: int
    camera_pins: int
    visitor_profiles: int
    journeys: int
    videos: int
    tracklets: int
    associations: int

    @classmethod
    def of(cls, videos: int) -> Counts:
        """About 400 videos a pin and 60 pins a mall."""
        pins = max(12, videos // 400)
        malls = max(3, pins // 60)
        visitors = max(20, videos // 20)
        return cls(
            malls=malls,
            tenants=4 * malls,
            stores=8 * malls,
            users=6 * malls,
            camera_pins=pins,
            visitor_profiles=visitors,
            journeys=visitors,
            videos=videos,
            tracklets=videos // 10,
            associations=videos // 20,
        )


def load(
    connection: psycopg.Connection[Any],
    *,
    videos: int = 1000,
    seed: int = 0,
    phase: Phase | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Fill an empty database with rows to `videos` videos, in one transaction; how many, for each table.

    `phase` says which schema the database has; None asks it. `progress` is called with a table's name and the
    rows that it has so far.
    """
    rows = _Rows(seed, Counts.of(videos), phase or phase_of(connection))
    loaded: dict[str, int] = {}
    with connection.transaction(), connection.cursor() as cursor:
        if _may_skip_triggers(cursor):  # two thirds of the time; the rows are made to need none of them
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table, columns, lines in rows.tables():
            loaded[table] = 0
            names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with cursor.copy(into) as copy:
                while block := list(islice(lines, _ROWS_A_WRITE)):
                    copy.write("".join(block))
                    loaded[table] += len(block)
                    if progress:
                        progress(table, loaded[table])
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
    return loaded


def phase_of(connection: psycopg.Connection[Any]) -> Phase:
    """2 if `videos` has the columns of Phase 2."""
    found = connection.execute(
        "SELECT FROM pg_attribute WHERE attrelid = to_regclass('videos') AND attname = 'mall_id'"
    ).fetchone()
    return 1 if found is None else 2


def _may_skip_triggers(cursor: psycopg.Cursor[Any]) -> bool:
    cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
    return cursor.fetchone() == (True,)


class _Rows:
    """The rows of every table, as lines of COPY's text format."""

    def __init__(self, seed: int, counts: Counts, phase: Phase):
        self._seed, self._counts, self._phase = seed, counts, phase
        self._malls = [self._id("mall", i) for i in range(counts.malls)]
        self._pins = [self._id("pin", i) for i in range(counts.camera_pins)]
        self._users = [self._id("user", i) for i in range(counts.users)]

    def tables(self) -> Iterator[tuple[str, str, Iterator[str]]]:
        """Name, columns and rows of each table, parents first."""
        yield "malls", "id name geojson_map created_at updated_at", self._mall_rows()
        yield "tenants", "id mall_id name contact_email status created_at", self._tenant_rows()
        yield "stores", "id mall_id name category polygon tenant_id created_at", self._store_rows()
        yield "users", _USERS, self._user_rows()
        yield "camera_pins", _CAMERA_PINS, self._pin_rows()
        yield "visitor_profiles", _VISITORS, self._visitor_rows()
        yield "journeys", _JOURNEYS, self._journey_rows()
        yield "videos", _VIDEOS_1 if self._phase == 1 else f"{_VIDEOS_1} {_VIDEOS_2}", self._video_rows()
        yield "tracklets", _TRACKLETS, self._tracklet_rows()
        yield "associations", _ASSOCIATIONS, self._association_rows()
        if self._phase == 2:
            yield "processing_jobs", _JOBS, self._job_rows()

    def _mall_rows(self) -> Iterator[str]:
        for i, mall in enumerate(self._malls):
            made = _time(i % 90, i * 613)
            map_ = _json({"type": "FeatureCollection", "features": [], "floors": i % 4 + 1})
            name = f"{_CITIES[i % len(_CITIES)]} Galleria {i + 1}"
            yield _line(mall, name, map_ if i % 5 else None, made, made)

    def _tenant_rows(self) -> Iterator[str]:
        statuses = list(TenantStatus)
        for i in range(self._counts.tenants):
            mail = f"office{i}@tenant.example" if i % 4 else None
            status = statuses[0 if i % 7 else i % 3]
            name = f"{_SHOPS[i % len(_SHOPS)]} {i}"
            yield _line(self._id("tenant", i), self._mall(i), name, mail, status, _time(100, i * 41))

    def _store_rows(self) -> Iterator[str]:
        for i in range(self._counts.stores):
            corners = [[0, 0], [i % 40 + 5, 0], [i % 40 + 5, 12], [0, 12], [0, 0]]
            polygon = _json({"type": "Polygon", "coordinates": [corners]}) if i % 6 else None
            tenant = self._id("tenant", i % self._counts.tenants) if i % 3 else None
            category = _CATEGORIES[i % len(_CATEGORIES)]
            name = f"{_SHOPS[i % len(_SHOPS)]} · {i // 20 + 1}.{i % 20}"
            yield _line(
                self._id("store", i), self._mall(i), name, category, polygon, tenant, _time(101, i * 43)
            )

    def _user_rows(self) -> Iterator[str]:
        roles = list(UserRole)
        for i, user in enumerate(self._users):
            role = roles[i % 3]
            tenant = None if role is UserRole.MALL_OPERATOR else self._id("tenant", i % self._counts.tenants)
            mall = self._mall(i) if i % 11 else None
            seen = _time(_DAYS - i % 60, i * 101) if i % 4 else None
            password = "$2b$12$" + self._hash("password", i)[:53]
            active = "f" if i % 13 == 5 else "t"
            mail, name = f"user{i}@platform.example", f"user_{i}"
            yield _line(user, mail, name, password, role, active, mall, tenant, _time(102, i), seen)

    def _pin_rows(self) -> Iterator[str]:
        malls = len(self._malls)
        for i, pin in enumerate(self._pins):
            near = [j for j in (i - malls, i + malls) if 0 <= j < len(self._pins)] if i % 9 else []
            adjacent = "{" + ",".join(self._pins[j] for j in near) + "}"
            transit = _json({self._pins[j]: {"mu": 20 + j % 40, "tau": 5} for j in near}) if near else None
            made = _time(103 + i % 200, i * 37)
            yield _line(
                pin,
                self._mall(i),
                f"{_WHERE[i % len(_WHERE)]} {i // malls + 1}",
                f"CAM-{i:05}",
                f"{-35 + i % 90}.{i % 9973:04}",
                f"{-120 + i % 240}.{i % 9967:04}",
                PinType.NORMAL if i % 5 else PinType.ENTRANCE,
                adjacent if i % 17 else None,
                transit,
                self._id("store", i % self._counts.stores) if i % 3 == 0 else None,
                (15, 25, 30)[i % 3],
                "Lens cleaned.\nFaces the fountain." if i % 8 == 3 else None,
                made,
                made,
            )

    def _visitor_rows(self) -> Iterator[str]:
        for i in range(self._counts.visitor_profiles):
            text = self._hash("visitor", i)
            day, second = self._visit(i)
            outfit = _json({"top": {"type": "jacket", "color": text[:6]}, "bag": i % 3 == 0})
            seen = _time(day, second), _time(day, second + 3600)
            yield _line(_uuid(text), text[32:96], _day(day), outfit, *seen)

    def _journey_rows(self) -> Iterator[str]:
        for i in range(self._counts.journeys):
            text = self._hash("journey", i)
            day, second = self._visit(i)
            pin = int(text[32:40], 16) % len(self._pins)
            minutes = 5 + i % 55 if i % 6 else None
            path = _json([{"pin": self._pins[pin], "t": second}])
            yield _line(
                _uuid(text),
                self._id("visitor", i),
                self._mall(pin),
                _day(day),
                _time(day, second),
                _time(day, second + 60 * minutes) if minutes else None,
                minutes,
                f"0.{50 + i % 50}",
                path,
                self._pins[pin],
                self._pins[(pin + len(self._malls)) % len(self._pins)] if minutes else None,
                _time(day, second + 7200),
            )

    def _video_rows(self) -> Iterator[str]:
        # The one loop that must be quick: no value of it needs escaping, since the pools hold escaped text.
        for i in range(self._counts.videos):
            video = self._video(i)
            by_old_code = self._phase == 1 or video.by_old_code
            path = video.path if by_old_code or video.upload_status == UPLOADED else ""
            uploaded = _time(video.day, video.second + video.upload_takes)
            made = _time(video.day, video.second)
            line = (
                f"{video.id}\t{self._pins[video.pin]}\t{path}\t{video.filename}\t{video.size}\t{video.seconds}"
                f"\t{'t' if video.status == COMPLETED else 'f'}\t{video.status}\t{uploaded}\t{made}"
            )
            if self._phase == 2:
                line += (
                    f"\t{self._mall(video.pin)}\t{self._pins[video.pin]}\t{video.filename}\t{path or NULL}"
                )
                if by_old_code:
                    line += (
                        f"{_NO_DETAILS}\t{UPLOADED}\t{NULL}\t{NULL}\t{uploaded}+00\t{NULL}\t{NULL}\t{made}+00"
                    )
                else:
                    line += self._phase_2_details(video, path, uploaded)
            yield line + "\n"

    def _phase_2_details(self, video: _Video, path: str, uploaded: str) -> str:
        """From `proxy_path` on, for a video that Phase 2 code wrote."""
        chance, status = video.chance, video.status
        started, ended = (_time(video.day, video.second + video.upload_takes + s) + "+00" for s in (30, 900))
        done = status in (COMPLETED, FAILED)
        details = [
            path.replace("originals/", "proxies/") if path and status == COMPLETED else NULL,
            video.text[32:96] if path and chance % 10 else NULL,
            _FORMATS[chance % len(_FORMATS)] if path else f"{NULL}\t{NULL}\t{NULL}\t{NULL}",
            _time(video.day, video.second - 86_400) + "+00" if chance % 4 else NULL,
            f"Seen by the staff in {_CITIES[chance % len(_CITIES)]}" if chance % 9 == 0 else NULL,
            self._users[chance % len(self._users)] if chance % 8 else NULL,
            video.upload_status,
            video.text[60:96] if done else NULL,
            "ffprobe: moov atom not found" if status == FAILED else NULL,
            f"{uploaded}+00",
            started if status != PENDING else NULL,
            ended if done else NULL,
            ended if done else f"{uploaded}+00",
        ]
        return "\t" + "\t".join(details)

    def _tracklet_rows(self) -> Iterator[str]:
        for i in range(self._counts.tracklets):
            text = self._hash("tracklet", i)
            video = self._video(int(text[32:48], 16) % self._counts.videos)
            vector = "{" + ",".join(f"0.{text[j : j + 3]}".translate(_DIGITS) for j in range(48, 96, 6)) + "}"
            yield _line(
                _uuid(text),
                self._mall(video.pin),
                self._pins[video.pin],
                video.id,
                i % 400,
                _time(video.day, video.second + i % 600),
                _time(video.day, video.second + i % 600 + 12),
                vector,
                _json({"top": text[48:54], "bottom": text[54:60]}),
                _json({"height": 150 + i % 50}),
                _json({"boxes": i % 200 + 1, "area": i % 9000 + 100}),
                f"0.{10 + i % 90}",
            )

    def _association_rows(self) -> Iterator[str]:
        decisions = list(AssociationDecision)
        for i in range(self._counts.associations if self._counts.tracklets else 0):
            text = self._hash("association", i)
            first, second = (int(part, 16) % self._counts.tracklets for part in (text[32:48], text[48:64]))
            score = f"0.{10 + i % 90}"
            yield _line(
                _uuid(text),
                self._mall(i),
                self._id("tracklet", first),
                self._id("tracklet", second),
                score,
                decisions[i % 3],
                _json({"outfit": float(score), "time": 0.5}),
                _json({"gap_seconds": i % 300}),
                i % 7 + 1,
                _time(i % _DAYS, i),
            )

    def _job_rows(self) -> Iterator[str]:
        for i in range(_old(self._counts.videos), self._counts.videos):
            video = self._video(i)
            if video.upload_status == UPLOADED:
                yield self._job(video, JobType.PROXY_GENERATION, _JOB_STATUS[video.status])
                if video.status == COMPLETED and video.chance % 3:
                    status = (JobStatus.PENDING, JobStatus.COMPLETED, JobStatus.CANCELLED)[
                        video.chance % 5 // 2
                    ]
                    yield self._job(video, JobType.CV_ANALYSIS, status)

    def _job(self, video: _Video, job_type: JobType, status: JobStatus) -> str:
        text = self._hash(job_type, video.number)
        uploaded = video.second + video.upload_takes
        queued, started, ended = (_time(video.day, uploaded + s) + "+00" for s in (1, 30, 900))
        picked_up = status not in (JobStatus.PENDING, JobStatus.CANCELLED)
        return _line(
            _uuid(text),
            video.id,
            job_type,
            status,
            text[32:68] if status != JobStatus.CANCELLED else None,
            f"worker-{video.chance % 8}" if picked_up else None,
            _json({"frames": video.chance % 90_000}) if status == JobStatus.COMPLETED else None,
            "ffmpeg exited with 1: Invalid data found" if status == JobStatus.FAILED else None,
            queued,
            started if picked_up else None,
            ended if status in (JobStatus.COMPLETED, JobStatus.FAILED) else None,
        )

    def _video(self, number: int) -> _Video:
        return _Video(self._hash("video", number), number, self._counts)

    def _visit(self, number: int) -> tuple[int, int]:
        """Day and second at which a visitor comes."""
        return number * _DAYS // self._counts.visitor_profiles, 32_400 + number * 97 % 28_800

    def _mall(self, number: int) -> str:
        """The mall of the pin, tenant, … of this number."""
        return self._malls[number % len(self._malls)]

    def _id(self, kind: str, number: int) -> str:
        return _uuid(self._hash(kind, number))

    def _hash(self, kind: str, number: int) -> str:
        """128 hexadecimal digits: the first 32 make the row's id."""
        return blake2b(f"{self._seed}:{kind}:{number}".encode()).hexdigest()


class _Video:
    """What every table says the same of one video."""

    __slots__ = (
        "by_old_code",
        "chance",
        "day",
        "filename",
        "id",
        "number",
        "path",
        "pin",
        "second",
        "seconds",
        "size",
        "status",
        "text",
        "upload_status",
        "upload_takes",
    )

    def __init__(self, text: str, number: int, counts: Counts):
        chance = int(text[96:112], 16)
        self.text, self.number, self.chance = text, number, chance
        self.id = _uuid(text)
        self.by_old_code = number < _old(counts.videos)
        self.pin = int(text[112:120], 16) % counts.camera_pins
        self.day, self.second = number * _DAYS // counts.videos, chance % 86_400
        self.upload_takes = chance % 599
        self.size = 1_000_000 + chance % 4_000_000_000
        self.upload_status = UPLOADED if self.by_old_code else _UPLOAD_STATUSES[chance % 32]
        self.status = _STATUSES[chance % 31] if self.upload_status == UPLOADED else PENDING
        self.seconds = 60 + chance % 7_140 if self.status == COMPLETED else NULL
        day = _day(self.day)
        before, between, after = _FILES[chance % len(_FILES)]
        self.filename = f"{before}{day}{between}{self.pin}{after}"
        self.path = f"originals/{self.pin:05}/{day[:7]}/{text[:32]}.mp4"


def _old(videos: int) -> int:
    """How many of the videos, the first ones, Phase 1 code wrote."""
    return videos * 7 // 10


_USERS = "id email username password_hash role is_active mall_id tenant_id created_at last_login"
_CAMERA_PINS = (
    "id mall_id name label location_lat location_lng pin_type adjacent_to transit_times store_id camera_fps"
    " camera_note created_at updated_at"
)
_VISITORS = "id outfit_hash detection_date outfit first_seen last_seen"
_JOURNEYS = (
    "id visitor_id mall_id journey_date entry_time exit_time total_duration_minutes confidence path"
    " entry_point exit_point created_at"
)
_VIDEOS_1 = (
    "id camera_pin_id file_path original_filename file_size_bytes duration_seconds processed"
    " processing_status upload_timestamp created_at"
)
_VIDEOS_2 = (
    "mall_id pin_id filename original_path proxy_path checksum_sha256 width height fps codec recorded_at"
    " operator_notes uploaded_by_user_id upload_status processing_job_id processing_error uploaded_at"
    " processing_started_at processing_completed_at updated_at"
)
_TRACKLETS = (
    "id mall_id pin_id video_id track_id t_in t_out outfit_vec outfit_json physique box_stats quality"
)
_ASSOCIATIONS = (
    "id mall_id from_tracklet_id to_tracklet_id score decision scores components candidate_count created_at"
)
_JOBS = (
    "id video_id job_type status celery_task_id worker_hostname result_data error_message queued_at"
    " started_at completed_at"
)

_DIGITS = str.maketrans("abcdef", "012345")
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_DAY_TEXTS = [(_FIRST_DAY + timedelta(days=day)).date().isoformat() for day in range(-1, _DAYS + 3)]
_CLOCK_TEXTS = [
    f" {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{second * 7919 % 1_000_000:06}"
    for second in range(86_400)
]


def _day(day: int) -> str:
    """The date of a day, counted from the first one."""
    return _DAY_TEXTS[day + 1]


def _time(day: int, second: int) -> str:
    """A moment without a time zone; `second` may reach into the day before or the next."""
    if not 0 <= second < 86_400:
        days, second = divmod(second, 86_400)
        day += days
    return _DAY_TEXTS[day + 1] + _CLOCK_TEXTS[second]


def _uuid(text: str) -> str:
    """A version 4 uuid, in the form without hyphens."""
    return f"{text[:12]}4{text[13:16]}a{text[17:32]}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(*values: object) -> str:
    return "\t".join([NULL if value is None else str(value).translate(_ESCAPED) for value in values]) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: fill the database at a URL."""
    parser = argparse.ArgumentParser(prog="python -m schema.samples", description="Load sample rows.")
    parser.add_argument("url", help="of an empty database with the schema: postgresql://…")
    parser.add_argument("--videos", type=int, default=1000, help="how many; 2_000_000 is understood")
    parser.add_argument(
        "--phase", type=int, choices=(1, 2), help="of the schema; asked of the database by default"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, other rows")
    given = parser.parse_args(arguments)
    with psycopg.connect(given.url) as connection:
        loaded = load(
            connection, videos=given.videos, seed=given.seed, phase=given.phase, progress=_tell_every(100_000)
        )
    for table, rows in loaded.items():
        print(f"{table:<17}{rows:>12,}", file=sys.stderr)


def _tell_every(rows: int) -> Progress:
    def tell(table: str, so_far: int) -> None:
        if so_far % rows == 0:
            print(f"{table}: {so_far:,} rows …", file=sys.stderr)

    return tell


if __name__ == "__main__":
    main()
