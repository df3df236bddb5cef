"""Whoever writes a video, old code or new, both find it right: the bridge of `videos`, case by case."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from migrator.postgres import Database
from schema.samples import INCONSISTENT_VIDEOS

NOON = datetime(2025, 10, 30, 12)
UPDATED = datetime(2025, 11, 5, 6, tzinfo=UTC)
BACKFILL = Path(__file__).parents[2] / "schema/hooks/002_phase_2_video_mgmt/upgrade/backfill_videos.sql"

Row = dict[str, Any]
Connection = psycopg.Connection[Any]


def insert(connection: Connection, **values: object) -> Row:
    """Insert a video and read it back."""
    query = sql.SQL("INSERT INTO videos ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
    )
    connection.execute(query, values)
    return video(connection, values["id"])


def update(connection: Connection, id_: object, **values: object) -> Row:
    """Update a video and read it back."""
    sets = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(c), sql.Placeholder(c)) for c in values
    )
    connection.execute(
        sql.SQL("UPDATE videos SET {} WHERE id = %(the_id)s").format(sets), values | {"the_id": id_}
    )
    return video(connection, id_)


def video(connection: Connection, id_: object) -> Row:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("SELECT * FROM videos WHERE id = %s", [id_]).fetchone()
    assert found is not None
    return found


def inconsistent(connection: Connection) -> list[Any]:
    return connection.execute(INCONSISTENT_VIDEOS).fetchall()


def pins(connection: Connection) -> list[tuple[UUID, UUID]]:
    """Two pins of different malls: (id, mall_id)."""
    (first,) = connection.execute("SELECT id, mall_id FROM camera_pins ORDER BY name, id LIMIT 1").fetchall()
    (second,) = connection.execute(
        "SELECT id, mall_id FROM camera_pins WHERE mall_id <> %s ORDER BY id LIMIT 1", [first[1]]
    ).fetchall()
    return [first, second]


def by_old_code(connection: Connection, **other: object) -> Row:
    return insert(
        connection,
        **{
            "id": uuid4(),
            "camera_pin_id": pins(connection)[0][0],
            "file_path": "uploads/a.mp4",
            "original_filename": "a.mp4",
            "file_size_bytes": 5,
            "processed": False,
            "processing_status": "pending",
            "upload_timestamp": NOON,
            "created_at": NOON - timedelta(minutes=3),
        }
        | other,
    )


def by_new_code(connection: Connection, **other: object) -> Row:
    pin, mall = pins(connection)[0]
    return insert(
        connection,
        **{
            "id": uuid4(),
            "mall_id": mall,
            "pin_id": pin,
            "filename": "b.mp4",
            "original_path": "originals/b.mp4",
            "file_size_bytes": 5,
            "processing_status": "pending",
            "upload_status": "uploading",
            "uploaded_at": NOON.replace(tzinfo=UTC),
            "created_at": NOON,
            "updated_at": UPDATED,
        }
        | other,
    )


def some_video(connection: Connection) -> Row:
    """One of the samples, processed and with a path."""
    (found,) = connection.execute(
        "SELECT id FROM videos WHERE file_path <> '' AND processed AND processing_status = 'completed'"
        " ORDER BY id LIMIT 1"
    ).fetchall()
    return video(connection, found[0])


def test_an_insert_of_old_code_gets_its_phase_2_columns(connection: Connection) -> None:
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    pin, mall = pins(connection)[0]
    row = by_old_code(connection)
    assert (row["pin_id"], row["mall_id"], row["filename"]) == (pin, mall, "a.mp4")
    assert (row["original_path"], row["upload_status"]) == ("uploads/a.mp4", "uploaded")
    assert row["uploaded_at"] == NOON.replace(tzinfo=UTC)
    assert row["updated_at"] == (NOON - timedelta(minutes=3)).replace(tzinfo=UTC)
    assert not inconsistent(connection)


def test_an_insert_of_old_code_keeps_what_it_wrote(connection: Connection) -> None:
    row = by_old_code(connection, processed=True, processing_status="done by hand")
    assert (row["processed"], row["processing_status"], row["file_path"]) == (
        True,
        "done by hand",
        "uploads/a.mp4",
    )


def test_an_insert_of_new_code_gets_its_legacy_columns(connection: Connection) -> None:
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    row = by_new_code(connection, processing_status="completed")
    assert (row["camera_pin_id"], row["original_filename"]) == (pins(connection)[0][0], "b.mp4")
    assert (row["file_path"], row["upload_timestamp"]) == ("originals/b.mp4", NOON)
    assert (row["processed"], row["upload_status"], row["updated_at"]) == (True, "uploading", UPDATED)
    assert not inconsistent(connection)


def test_an_upload_without_a_path_yet_has_the_placeholder_until_it_has_one(connection: Connection) -> None:
    row = by_new_code(connection, original_path=None)
    assert (row["original_path"], row["file_path"]) == (None, "")
    row = update(connection, row["id"], operator_notes="still running")
    assert (row["original_path"], row["file_path"]) == (None, "")
    row = update(connection, row["id"], original_path="originals/c.mp4")
    assert (row["original_path"], row["file_path"]) == ("originals/c.mp4", "originals/c.mp4")
    row = update(connection, row["id"], original_path=None)
    assert (row["original_path"], row["file_path"]) == (None, "")
    assert not inconsistent(connection)


def test_the_placeholder_comes_back_as_no_path(connection: Connection) -> None:
    assert by_old_code(connection, file_path="")["original_path"] is None


def test_a_path_too_long_for_the_legacy_column_is_stored_all_the_same(connection: Connection) -> None:
    row = by_new_code(connection, original_path="p" * 512)
    assert (row["original_path"], row["file_path"]) == ("p" * 512, "")
    row = update(connection, row["id"], original_path="p" * 500, updated_at=UPDATED)
    assert row["file_path"] == "p" * 500
    assert not inconsistent(connection)


def test_new_code_may_leave_out_what_is_derived(connection: Connection) -> None:
    pin, mall = pins(connection)[0]
    row = insert(
        connection,
        id=uuid4(),
        pin_id=pin,
        filename="b.mp4",
        file_size_bytes=5,
        processing_status="pending",
        uploaded_at=UPDATED,
    )
    assert (row["mall_id"], row["processed"], row["upload_status"]) == (mall, False, "uploading")
    assert row["created_at"].replace(tzinfo=UTC) == row["updated_at"]
    assert abs(row["updated_at"] - datetime.now(UTC)) < timedelta(hours=1)
    assert not inconsistent(connection)


@pytest.mark.parametrize(
    ("legacy", "value", "new", "expected"),
    [
        ("original_filename", "x.mp4", "filename", "x.mp4"),
        ("file_path", "uploads/x.mp4", "original_path", "uploads/x.mp4"),
        ("file_path", "", "original_path", None),
        ("upload_timestamp", NOON, "uploaded_at", NOON.replace(tzinfo=UTC)),
        ("processed", False, "processing_status", "pending"),
    ],
)
def test_an_update_of_old_code_reaches_the_new_column(
    connection: Connection, legacy: str, value: object, new: str, expected: object
) -> None:
    before = some_video(connection)
    after = update(connection, before["id"], **{legacy: value})
    assert (after[legacy], after[new]) == (value, expected)
    assert after["updated_at"] > before["updated_at"]
    assert {c for c in after if after[c] != before[c]} == {legacy, new, "updated_at"}
    assert not inconsistent(connection)


@pytest.mark.parametrize(
    ("new", "value", "legacy", "expected"),
    [
        ("filename", "x.mp4", "original_filename", "x.mp4"),
        ("original_path", "originals/x.mp4", "file_path", "originals/x.mp4"),
        ("original_path", None, "file_path", ""),
        ("uploaded_at", NOON.replace(tzinfo=UTC), "upload_timestamp", NOON),
        ("processing_status", "failed", "processed", False),
    ],
)
def test_an_update_of_new_code_reaches_the_legacy_column(
    connection: Connection, new: str, value: object, legacy: str, expected: object
) -> None:
    before = some_video(connection)
    after = update(connection, before["id"], **{new: value, "updated_at": UPDATED})
    assert (after[legacy], after[new], after["updated_at"]) == (expected, value, UPDATED)
    assert {c for c in after if after[c] != before[c]} == {legacy, new, "updated_at"}
    assert not inconsistent(connection)


def test_where_both_sides_change_the_new_one_wins(connection: Connection) -> None:
    (here, _), (there, mall) = pins(connection)
    row = update(
        connection,
        some_video(connection)["id"],
        original_filename="old",
        filename="new",
        file_path="old",
        original_path="new",
        upload_timestamp=NOON,
        uploaded_at=UPDATED,
        camera_pin_id=here,
        pin_id=there,
    )
    assert (row["original_filename"], row["file_path"]) == ("new", "new")
    assert (row["upload_timestamp"], row["camera_pin_id"]) == (UPDATED.replace(tzinfo=None), there)
    assert row["mall_id"] == mall
    assert not inconsistent(connection)


def test_a_video_marked_as_processed_by_old_code_is_completed(connection: Connection) -> None:
    row = by_old_code(connection)
    assert update(connection, row["id"], processed=True)["processing_status"] == "completed"


def test_a_writer_of_both_processed_and_its_status_is_believed(connection: Connection) -> None:
    row = update(connection, by_old_code(connection)["id"], processed=True, processing_status="archived")
    assert (row["processed"], row["processing_status"]) == (True, "archived")
    row = update(connection, row["id"], operator_notes="a write of something else changes neither")
    assert (row["processed"], row["processing_status"]) == (True, "archived")


def test_an_update_of_old_code_to_a_column_that_both_know_moves_updated_at(connection: Connection) -> None:
    before = some_video(connection)
    after = update(connection, before["id"], duration_seconds=1)
    assert {c for c in after if after[c] != before[c]} == {"duration_seconds", "updated_at"}


def test_an_update_that_changes_nothing_moves_nothing(connection: Connection) -> None:
    before = some_video(connection)
    assert update(connection, before["id"], file_path=before["file_path"]) == before


def test_an_update_of_phase_2_columns_alone_stays_as_written(connection: Connection) -> None:
    before = some_video(connection)
    after = update(connection, before["id"], proxy_path="proxies/x.mp4", operator_notes="seen")
    assert {c for c in after if after[c] != before[c]} <= {"proxy_path", "operator_notes"}


@pytest.mark.parametrize("column", ["camera_pin_id", "pin_id"])
def test_a_video_moved_to_another_pin_takes_its_mall(connection: Connection, column: str) -> None:
    (_, mall), (there, its_mall) = pins(connection)
    row = update(connection, by_new_code(connection)["id"], **{column: there})
    assert (row["camera_pin_id"], row["pin_id"], row["mall_id"]) == (there, there, its_mall)
    assert its_mall != mall


def test_a_stale_mall_gives_way_to_that_of_the_pin(connection: Connection) -> None:
    (_, mall), (there, its_mall) = pins(connection)
    assert by_new_code(connection, pin_id=there, mall_id=mall)["mall_id"] == its_mall


def test_a_stale_mall_gives_way_where_the_video_stays_too(connection: Connection) -> None:
    (pin, mall), (_, other) = pins(connection)
    video = by_new_code(connection, pin_id=pin)["id"]
    assert update(connection, video, pin_id=pin, mall_id=other)["mall_id"] == mall


def test_an_unknown_mall_is_refused_by_its_foreign_key(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused:
        by_new_code(connection, mall_id=uuid4())
    assert refused.value.diag.constraint_name == "fk_videos_mall_id"
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        update(connection, some_video(connection)["id"], mall_id=uuid4())


@pytest.mark.parametrize("writer", [by_old_code, by_new_code])
def test_an_unknown_pin_is_refused_as_its_foreign_key_does(connection: Connection, writer: Any) -> None:
    unknown = uuid4()
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match=str(unknown)) as refused:
        writer(connection, **{"camera_pin_id" if writer is by_old_code else "pin_id": unknown})
    assert refused.value.diag.constraint_name == "videos_camera_pin_id_fkey"
    assert refused.value.diag.table_name == "videos"


def test_a_pin_that_moves_takes_its_videos_along(connection: Connection) -> None:
    (pin, _), (_, elsewhere) = pins(connection)
    mine = by_new_code(connection)
    others = connection.execute(
        "SELECT id, mall_id FROM videos WHERE pin_id <> %s ORDER BY id", [pin]
    ).fetchall()
    connection.execute("UPDATE camera_pins SET mall_id = %s WHERE id = %s", [elsewhere, pin])
    after = video(connection, mine["id"])
    assert {c for c in after if after[c] != mine[c]} == {"mall_id"}
    assert after["mall_id"] == elsewhere
    assert not inconsistent(connection)
    assert (
        others
        == connection.execute(
            "SELECT id, mall_id FROM videos WHERE pin_id <> %s ORDER BY id", [pin]
        ).fetchall()
    )


def test_an_upsert_of_old_code_works_on_both_of_its_paths(connection: Connection) -> None:
    row = by_old_code(connection)
    connection.execute(
        "INSERT INTO videos (id, camera_pin_id, file_path, original_filename, file_size_bytes, processed,"
        " processing_status, upload_timestamp, created_at)"
        " VALUES (%s, %s, 'up', 'up', 1, true, 'completed', %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET file_path = excluded.file_path, processed = true",
        [row["id"], row["camera_pin_id"], NOON, NOON],
    )
    after = video(connection, row["id"])
    assert (after["original_path"], after["filename"], after["processing_status"]) == (
        "up",
        "a.mp4",
        "completed",
    )
    assert not inconsistent(connection)


# Between the first step of the upgrade and the end of the backfill


def test_an_update_of_a_row_that_no_backfill_has_reached_makes_it_whole(halfway: Connection) -> None:
    before = some_video(halfway)
    assert (before["mall_id"], before["filename"], before["upload_status"]) == (None, None, "uploading")
    after = update(halfway, before["id"], duration_seconds=7)
    legacy = set(list(before)[:10])
    assert {c for c in legacy if after[c] != before[c]} == {"duration_seconds"}
    assert (after["pin_id"], after["filename"]) == (before["camera_pin_id"], before["original_filename"])
    assert (after["original_path"], after["upload_status"]) == (before["file_path"], "uploaded")
    assert after["uploaded_at"] == before["upload_timestamp"].replace(tzinfo=UTC)
    assert abs(after["updated_at"] - datetime.now(UTC)) < timedelta(hours=1)
    assert str(before["id"]) not in {str(row[0]) for row in inconsistent(halfway)}


def test_old_code_moves_a_video_that_no_backfill_has_reached(halfway: Connection) -> None:
    _, (there, mall) = pins(halfway)
    before = some_video(halfway)
    after = update(halfway, before["id"], camera_pin_id=there)
    assert (after["pin_id"], after["mall_id"], after["file_path"]) == (there, mall, before["file_path"])


def test_a_pin_that_moves_makes_its_waiting_videos_whole(halfway: Connection) -> None:
    before = some_video(halfway)
    ((elsewhere,),) = halfway.execute(
        "SELECT id FROM malls WHERE id <> (SELECT mall_id FROM camera_pins WHERE id = %s) LIMIT 1",
        [before["camera_pin_id"]],
    ).fetchall()
    halfway.execute("UPDATE camera_pins SET mall_id = %s WHERE id = %s", [elsewhere, before["camera_pin_id"]])
    after = video(halfway, before["id"])
    assert (after["mall_id"], after["upload_status"]) == (elsewhere, "uploaded")
    assert after["updated_at"] == before["created_at"].replace(tzinfo=UTC)
    assert not [row for row in inconsistent(halfway) if row[0] == before["id"]]


def test_the_backfill_fills_what_is_left_and_the_bridge_leaves_it_alone(halfway: Connection) -> None:
    halfway.execute("SET TimeZone = 'America/St_Johns'")
    touched = update(halfway, some_video(halfway)["id"], duration_seconds=7)
    inserted = by_old_code(halfway)
    before = {row[0]: row[1:] for row in halfway.execute(_LEGACY).fetchall()}
    done = halfway.execute(_body(BACKFILL).replace("{batch}", "v.mall_id IS NULL"))
    assert done.rowcount == len(before) - 2
    assert {row[0]: row[1:] for row in halfway.execute(_LEGACY).fetchall()} == before
    assert not inconsistent(halfway)
    assert video(halfway, touched["id"]) == touched
    assert video(halfway, inserted["id"]) == inserted
    wrong = halfway.execute(
        "SELECT count(*) FROM videos WHERE upload_status <> 'uploaded' OR id <> %s AND updated_at <>"
        " created_at AT TIME ZONE 'UTC'",
        [touched["id"]],
    ).fetchone()
    assert wrong == (0,)


def test_the_bridge_is_not_called_for_the_rows_that_a_backfill_fills(halfway: Connection) -> None:
    halfway.execute("SET track_functions = 'pl'")
    halfway.execute(_body(BACKFILL).replace("{batch}", "v.mall_id IS NULL"))
    halfway.execute("SELECT pg_stat_force_next_flush()")
    calls = halfway.execute(
        "SELECT calls FROM pg_stat_user_functions WHERE funcname = 'videos_bridge'"
    ).fetchall()
    assert calls == []
    by_old_code(halfway)
    halfway.execute("SELECT pg_stat_force_next_flush()")
    calls = halfway.execute(
        "SELECT calls FROM pg_stat_user_functions WHERE funcname = 'videos_bridge'"
    ).fetchall()
    assert calls == [(1,)]


# Two at the same time


def test_a_video_that_arrives_while_its_pin_moves_gets_the_new_mall(phase_2: Database) -> None:
    with phase_2.connect() as mover, phase_2.connect() as writer, phase_2.connect() as watcher:
        (pin, _), (_, elsewhere) = pins(watcher)
        mover.execute("BEGIN")
        mover.execute("UPDATE camera_pins SET mall_id = %s WHERE id = %s", [elsewhere, pin])
        rows: list[Row] = []
        thread = threading.Thread(target=lambda: rows.append(by_old_code(writer)))
        thread.start()
        _wait_for_lock(watcher, writer)
        mover.execute("COMMIT")
        thread.join()
        assert rows[0]["mall_id"] == elsewhere
        assert not inconsistent(watcher)


def test_a_pin_that_moves_waits_for_the_video_that_just_arrives(phase_2: Database) -> None:
    with phase_2.connect() as mover, phase_2.connect() as writer, phase_2.connect() as watcher:
        (pin, _), (_, elsewhere) = pins(watcher)
        writer.execute("BEGIN")
        row = by_new_code(writer)
        move = "UPDATE camera_pins SET mall_id = %s WHERE id = %s"
        thread = threading.Thread(target=lambda: mover.execute(move, [elsewhere, pin]))
        thread.start()
        _wait_for_lock(watcher, mover)
        writer.execute("COMMIT")
        thread.join()
        assert video(watcher, row["id"])["mall_id"] == elsewhere
        assert not inconsistent(watcher)


def test_who_may_write_videos_needs_no_right_to_write_pins(connection: Connection) -> None:
    connection.execute("CREATE ROLE plain_writer")
    try:
        connection.execute("GRANT SELECT, INSERT, UPDATE ON videos TO plain_writer")
        connection.execute("GRANT SELECT ON camera_pins TO plain_writer")
        connection.execute("SET ROLE plain_writer")
        row = by_old_code(connection)
        assert update(connection, row["id"], camera_pin_id=pins(connection)[1][0])["pin_id"] != row["pin_id"]
    finally:
        connection.execute("RESET ROLE")
        connection.execute("DROP OWNED BY plain_writer")
        connection.execute("DROP ROLE plain_writer")


_LEGACY = (
    "SELECT id, camera_pin_id, file_path, original_filename, file_size_bytes, duration_seconds, processed,"
    " processing_status, upload_timestamp, created_at FROM videos"
)


def _body(file: Path) -> str:
    """A hook's statement, without the comment lines that head it."""
    return "\n".join(line for line in file.read_text().splitlines() if not line.startswith("-- "))


def _wait_for_lock(watcher: Connection, waiting: Connection) -> None:
    """Until this connection waits for a lock."""
    for _ in range(600):
        event = watcher.execute(
            "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [waiting.info.backend_pid]
        ).fetchone()
        if event == ("Lock",):
            return
        watcher.execute("SELECT pg_sleep(0.05)")
    pytest.fail("it never came to wait for the lock")
