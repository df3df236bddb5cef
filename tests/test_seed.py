"""What was promised for `002_phase_2_video_mgmt`, line by line: checklist, common issues, rollback, manual checks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from psycopg import errors
from sqlalchemy.orm import Session

from migrator.postgres import Database, Server
from migrator.proof.rows import lost
from schema import CameraPin, ProcessingJob, ProcessingStatus, UploadStatus, Video
from schema.samples import INCONSISTENT_VIDEOS
from tests.migrated import (
    INITIAL,
    PHASE_2,
    ROOT,
    VIDEOS,
    dump,
    end_migrators,
    held_back,
    psql,
    revision,
    row_digests,
    rows,
    run,
    running_system,
    value,
)
from tests.schema.schemas import engine
from tests.simulators import PHASE_1, Application

NEW_COLUMNS = {
    "mall_id": "uuid not null",
    "pin_id": "uuid not null",
    "filename": "character varying(255) not null",
    "original_path": "character varying(512)",
    "proxy_path": "character varying(512)",
    "checksum_sha256": "character varying(64)",
    "width": "integer",
    "height": "integer",
    "fps": "numeric(5,2)",
    "codec": "character varying(50)",
    "recorded_at": "timestamp with time zone",
    "operator_notes": "text",
    "uploaded_by_user_id": "uuid",
    "upload_status": "character varying(20) not null 'uploading'::character varying",
    "processing_job_id": "character varying(255)",
    "processing_error": "text",
    "uploaded_at": "timestamp with time zone not null",
    "processing_started_at": "timestamp with time zone",
    "processing_completed_at": "timestamp with time zone",
    "updated_at": "timestamp with time zone not null",
}
LEGACY_COLUMNS = ("file_path", "original_filename", "processed", "upload_timestamp", "camera_pin_id")
JOB_COLUMNS = {
    "id": "uuid not null gen_random_uuid()",
    "video_id": "uuid not null",
    "job_type": "character varying(50) not null",
    "status": "character varying(20) not null 'pending'::character varying",
    "celery_task_id": "character varying(255)",
    "worker_hostname": "character varying(255)",
    "result_data": "jsonb",
    "error_message": "text",
    "queued_at": "timestamp with time zone not null now()",
    "started_at": "timestamp with time zone",
    "completed_at": "timestamp with time zone",
}
VIDEO_INDEXES = {
    "ix_videos_mall_id": "btree (mall_id)",
    "ix_videos_pin_id": "btree (pin_id)",
    "ix_videos_checksum": "btree (checksum_sha256)",
    "ix_videos_uploaded_at": "btree (uploaded_at DESC)",
    "ix_videos_recorded_at": "btree (recorded_at DESC)",
    "ix_videos_upload_status": "btree (upload_status)",
    "ix_videos_unique_checksum_pin": "UNIQUE, btree (checksum_sha256, pin_id) WHERE checksum_sha256 IS NOT NULL",
}
JOB_INDEXES = {
    "ix_jobs_video_id": "btree (video_id)",
    "ix_jobs_status": "btree (status)",
    "ix_jobs_celery_task_id": "btree (celery_task_id)",
    "ix_jobs_queued_at": "btree (queued_at DESC)",
}
FOREIGN_KEYS = {
    '"fk_videos_mall_id" FOREIGN KEY (mall_id) REFERENCES malls(id) ON DELETE CASCADE',
    '"fk_videos_pin_id" FOREIGN KEY (pin_id) REFERENCES camera_pins(id) ON DELETE CASCADE',
    '"fk_videos_uploaded_by" FOREIGN KEY (uploaded_by_user_id) REFERENCES users(id) ON DELETE SET NULL',
}


@pytest.fixture(scope="module")
def running_template(server: Server) -> Iterator[Database]:
    with running_system(server) as database:
        yield database


@pytest.fixture(scope="module")
def phase_2_template(server: Server, running_template: Database) -> Iterator[Database]:
    with server.scratch(running_template) as database:
        run(server, database, PHASE_2.upgrade)
        yield database


@pytest.fixture
def running(server: Server, running_template: Database) -> Iterator[Database]:
    """A system that runs at 839d4ee251e4, with rows."""
    with server.scratch(running_template) as database:
        yield database


@pytest.fixture
def migrated(server: Server, phase_2_template: Database) -> Iterator[Database]:
    """The same after the upgrade."""
    with server.scratch(phase_2_template) as database:
        yield database


def a_video(database: Database, pin: UUID, checksum: str | None, mall: UUID | None = None) -> UUID:
    """A video of Phase 2; its mall is the pin's if none is given."""
    video = uuid4()
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO videos (id, mall_id, pin_id, filename, file_size_bytes, checksum_sha256, created_at,"
            " upload_status, processing_status, uploaded_at, updated_at)"
            " SELECT %s, coalesce(%s::uuid, mall_id), id, 'a.mp4', 1, %s, now(), 'uploaded', 'pending', now(), now()"
            " FROM camera_pins WHERE id = %s",
            [video, mall, checksum, pin],
        )
    return video


def an_old_video(database: Database) -> UUID:
    """What the application of Phase 1 sends for an upload."""
    video = uuid4()
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO videos (id, camera_pin_id, file_path, original_filename, file_size_bytes, processed,"
            " processing_status, upload_timestamp, created_at)"
            " SELECT %s, id, 'uploads/b.mp4', 'b.mp4', 1, false, 'pending', now(), now() FROM camera_pins LIMIT 1",
            [video],
        )
    return video


def two_pins(database: Database) -> tuple[UUID, UUID]:
    (first,), (second,) = rows(database, "SELECT id FROM camera_pins ORDER BY id LIMIT 2")
    return first, second


# The running system


def test_the_first_migration_gives_the_running_system(server: Server, database: Database) -> None:
    run(server, database, INITIAL.upgrade)
    with server.scratch() as by_hand:
        run(server, by_hand, ROOT / "tests" / "running_system.sql")
        assert dump(server, database) == dump(server, by_hand)
        assert revision(database) == revision(by_hand) == "839d4ee251e4"


def test_a_running_system_and_one_made_by_the_first_migration_become_the_same(
    server: Server, database: Database, migrated: Database
) -> None:
    run(server, database, INITIAL.upgrade)
    run(server, database, PHASE_2.upgrade)
    assert dump(server, database) == dump(server, migrated)


# The testing checklist


def test_the_migration_is_applied(migrated: Database) -> None:
    assert revision(migrated) == "002_phase_2_video_mgmt"


def described(
    server: Server, database: Database, table: str
) -> tuple[dict[str, str], dict[str, str], set[str]]:
    """What `\\d TABLE` shows: columns, indexes, foreign keys."""
    shown = psql(server, database, "-A", "-F", "\t", "-c", f"\\d {table}")
    assert shown.returncode == 0, shown.stderr
    head, *sections = re.split(
        r"^(Indexes|Foreign-key constraints|Referenced by|Triggers):\n", shown.stdout, flags=re.M
    )
    columns = {}
    for line in head.splitlines()[2:]:
        name, type_, _, nullable, default = line.split("\t")
        columns[name] = " ".join(filter(None, (type_, nullable, default)))
    parts = dict(zip(sections[::2], sections[1::2], strict=True))
    indexes = re.findall(r'"(\w+)" (.*)', parts["Indexes"])
    keys = {line.strip() for line in parts["Foreign-key constraints"].splitlines() if line.strip()}
    return columns, dict(indexes), keys


def test_videos_has_all_new_columns_after_the_legacy_ones(server: Server, migrated: Database) -> None:
    columns, indexes, keys = described(server, migrated, "videos")
    assert dict(list(columns.items())[-len(NEW_COLUMNS) :]) == NEW_COLUMNS
    assert list(columns)[-len(NEW_COLUMNS) :] == list(NEW_COLUMNS)
    assert set(LEGACY_COLUMNS) < set(columns)
    assert all(columns[name].endswith("not null") for name in LEGACY_COLUMNS)
    assert VIDEO_INDEXES.items() <= indexes.items()
    assert keys >= FOREIGN_KEYS


def test_processing_jobs_exists(server: Server, migrated: Database) -> None:
    columns, indexes, keys = described(server, migrated, "processing_jobs")
    assert list(columns.items()) == list(JOB_COLUMNS.items())
    assert indexes == {"processing_jobs_pkey": "PRIMARY KEY, btree (id)"} | JOB_INDEXES
    assert keys == {
        '"processing_jobs_video_id_fkey" FOREIGN KEY (video_id) REFERENCES videos(id) ON DELETE CASCADE'
    }


def test_all_indexes_are_there_and_valid(migrated: Database) -> None:
    found = rows(
        migrated,
        "SELECT c.relname, i.indisvalid AND i.indisready FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid IN ('videos'::regclass, 'processing_jobs'::regclass)",
    )
    assert {name for name, _ in found} == {*VIDEO_INDEXES, *JOB_INDEXES} | {
        "videos_pkey",
        "processing_jobs_pkey",
        "ix_videos_camera_pin_id",
        "ix_videos_processing_status",
    }
    assert all(valid for _, valid in found)


def test_a_checksum_is_unique_for_one_pin_only_and_null_is_no_duplicate(migrated: Database) -> None:
    pin, other = two_pins(migrated)
    a_video(migrated, pin, "ab" * 32)
    with pytest.raises(errors.UniqueViolation, match="ix_videos_unique_checksum_pin"):
        a_video(migrated, pin, "ab" * 32)
    a_video(migrated, other, "ab" * 32)
    a_video(migrated, pin, None)
    a_video(migrated, pin, None)


def test_the_unique_index_leaves_out_null_checksums(server: Server, migrated: Database) -> None:
    query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_videos_unique_checksum_pin';"
    assert "WHERE (checksum_sha256 IS NOT NULL)" in psql(server, migrated, "-c", query).stdout


def test_an_unknown_mall_is_refused(migrated: Database) -> None:
    pin, _ = two_pins(migrated)
    with pytest.raises(errors.ForeignKeyViolation, match="fk_videos_mall_id"):
        a_video(migrated, pin, None, mall=uuid4())


def test_an_unknown_pin_and_an_unknown_uploader_are_refused(migrated: Database) -> None:
    with migrated.connect() as connection:
        for column in ("pin_id", "uploaded_by_user_id"):
            with pytest.raises(errors.ForeignKeyViolation):
                connection.execute(f"UPDATE videos SET {column} = gen_random_uuid()")


def test_jobs_go_with_their_video_and_the_uploader_leaves_a_null(migrated: Database) -> None:
    pin, _ = two_pins(migrated)
    video = a_video(migrated, pin, None)
    with migrated.connect() as connection:
        connection.execute(
            "INSERT INTO processing_jobs (video_id, job_type) VALUES (%s, 'cv_analysis')", [video]
        )
        connection.execute("UPDATE videos SET uploaded_by_user_id = (SELECT id FROM users LIMIT 1)")
        connection.execute("DELETE FROM users")
        assert connection.execute("SELECT count(uploaded_by_user_id) FROM videos").fetchone() == (0,)
        connection.execute("DELETE FROM videos WHERE id = %s", [video])
        assert connection.execute("SELECT count(*) FROM processing_jobs").fetchone() == (0,)


# Expected values are written out as SQL of their own, on the columns that the migration must not touch.
WRONG = """
SELECT v.id FROM videos v JOIN camera_pins cp ON cp.id = v.camera_pin_id
WHERE (v.mall_id, v.pin_id, v.filename, v.original_path, v.upload_status) IS DISTINCT FROM
      (cp.mall_id, v.camera_pin_id, v.original_filename, nullif(v.file_path, ''), 'uploaded')
   OR extract(epoch FROM v.uploaded_at) <> extract(epoch FROM v.upload_timestamp)
   OR extract(epoch FROM v.updated_at) <> extract(epoch FROM v.created_at)
   OR num_nonnulls(v.checksum_sha256, v.recorded_at, v.uploaded_by_user_id, v.proxy_path, v.operator_notes) > 0
"""


@pytest.mark.parametrize("time_zone", ["Asia/Tokyo", "America/St_Johns", "UTC"])
def test_existing_videos_carry_mall_pin_names_and_instants_on_any_terminal(
    server: Server, running: Database, time_zone: str
) -> None:
    with running.connect() as connection:
        connection.execute(f"ALTER DATABASE {running.name} SET timezone = 'Pacific/Auckland'")
        connection.execute(f"ALTER DATABASE {running.name} SET datestyle = 'German, DMY'")
        connection.execute(f"ALTER DATABASE {running.name} SET search_path = 'nowhere'")
    done = psql(server, running, "-f", PHASE_2.upgrade, environment={"PGTZ": time_zone})
    assert done.returncode == 0, done.stderr
    with running.connect() as connection:
        connection.execute("SET search_path = public")
        assert connection.execute("SELECT count(*) FROM videos").fetchone() == (VIDEOS,)
        assert connection.execute(WRONG).fetchall() == []
        assert connection.execute(INCONSISTENT_VIDEOS).fetchall() == []


def test_an_instant_is_that_of_utc(server: Server, running: Database) -> None:
    with running.connect() as connection:
        connection.execute(
            "UPDATE videos SET upload_timestamp = '2025-06-01 12:00', created_at = '2025-06-01 11:00'"
        )
    assert psql(server, running, "-f", PHASE_2.upgrade, environment={"PGTZ": "Asia/Tokyo"}).returncode == 0
    query = "SELECT uploaded_at = '2025-06-01 12:00+00', updated_at = '2025-06-01 11:00+00' FROM videos"
    assert set(rows(running, query)) == {(True, True)}


def test_the_models_load_and_relationships_work_on_the_migrated_database(migrated: Database) -> None:
    with Session(engine(migrated)) as session:
        old = session.query(Video).order_by(Video.id).first()
        assert old is not None
        assert (old.mall, old.pin, old.camera_pin) == (old.camera_pin.mall, old.camera_pin, old.pin)
        assert (old.processing_jobs, old.uploaded_by) == ([], None)
        job = ProcessingJob(video=old, job_type="proxy_generation")
        session.add(job)
        pin = session.query(CameraPin).order_by(CameraPin.id).first()
        new = Video(pin=pin, filename="n.mp4", file_size_bytes=1, uploaded_at=old.uploaded_at)
        session.add(new)
        session.commit()
        assert old.processing_jobs == [job] and job.video is old
        assert (new.camera_pin, new.mall) == (pin, pin and pin.mall)
        assert (new.upload_status, new.processing_status) == (
            UploadStatus.UPLOADING,
            ProcessingStatus.PENDING,
        )


# Common issues


def test_a_migration_that_was_killed_in_the_middle_goes_on_when_the_same_file_runs_again(
    server: Server, running: Database, migrated: Database
) -> None:
    command = [server.tool("psql"), "-X", "-f", PHASE_2.upgrade, "-d", running.conninfo]
    with (
        held_back(running),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as started,
    ):
        assert started.stdout
        for line in started.stdout:
            if line.startswith("[9/"):
                started.kill()
        end_migrators(running)
    again = psql(server, running, "-f", PHASE_2.upgrade)
    assert again.returncode == 0, again.stderr
    assert "[1/" not in again.stdout and "[10/" in again.stdout
    assert dump(server, running) == dump(server, migrated)
    assert rows(running, WRONG) == []


def test_a_column_made_by_hand_is_named_nothing_is_changed_and_stamp_is_the_way_out(
    server: Server, running: Database
) -> None:
    with running.connect() as connection:
        connection.execute("ALTER TABLE videos ADD COLUMN codec varchar(50)")
        connection.execute("CREATE INDEX ix_videos_checksum ON videos (codec)")
        connection.execute("CREATE TABLE processing_jobs ()")
    before, held = dump(server, running), row_digests(running)
    done = psql(server, running, "-f", PHASE_2.upgrade)
    assert done.returncode == 3
    for thing in (
        "table column public.videos.codec",
        "index public.ix_videos_checksum",
        "table public.processing_jobs",
    ):
        assert f"{thing} exists already" in done.stderr
    assert "The schema was changed by hand" in done.stderr
    assert "alembic stamp" in done.stderr
    assert "nothing was changed" in done.stderr
    assert (dump(server, running), row_digests(running)) == (before, held)


def test_orphans_are_counted_shown_with_their_pin_and_nothing_is_changed(
    server: Server, running: Database
) -> None:
    missing = uuid4()
    with running.connect() as connection:
        connection.execute("ALTER TABLE videos DROP CONSTRAINT videos_camera_pin_id_fkey")
        orphans = connection.execute(
            "UPDATE videos SET camera_pin_id = %s WHERE id IN (SELECT id FROM videos ORDER BY id LIMIT 5) RETURNING id",
            [missing],
        ).fetchall()
        connection.execute(
            "ALTER TABLE videos ADD CONSTRAINT videos_camera_pin_id_fkey FOREIGN KEY (camera_pin_id)"
            " REFERENCES camera_pins ON DELETE CASCADE NOT VALID"
        )
    before, held = dump(server, running), row_digests(running)
    done = psql(server, running, "-f", PHASE_2.upgrade)
    assert done.returncode == 3
    assert "5 rows are in the way" in done.stderr
    shown = {str(video) for (video,) in orphans if str(video) in done.stderr}
    assert len(shown) == 3
    assert f'"camera_pin_id": "{missing}"' in done.stderr
    assert "DELETE FROM videos WHERE id IN" in done.stderr
    assert "UPDATE videos SET camera_pin_id" in done.stderr
    assert (dump(server, running), row_digests(running)) == (before, held)

    with running.connect() as connection:  # one way for three of them, the other for the rest
        ids = [video for (video,) in orphans]
        connection.execute("DELETE FROM videos WHERE id = ANY (%s)", [ids[:3]])
        connection.execute(
            "UPDATE videos SET camera_pin_id = (SELECT id FROM camera_pins LIMIT 1) WHERE id = ANY (%s)",
            [ids[3:]],
        )
    assert psql(server, running, "-f", PHASE_2.upgrade).returncode == 0
    assert rows(running, WRONG) == []
    assert value(running, "SELECT count(*) FROM videos") == VIDEOS - 3


def test_both_kinds_of_trouble_are_told_at_once(server: Server, running: Database) -> None:
    with running.connect() as connection:
        connection.execute("ALTER TABLE videos ADD COLUMN codec varchar(50)")
        connection.execute("ALTER TABLE videos DROP CONSTRAINT videos_camera_pin_id_fkey")
        connection.execute("UPDATE videos SET camera_pin_id = gen_random_uuid()")
    done = psql(server, running, "-f", PHASE_2.upgrade)
    assert f"{VIDEOS} rows are in the way" in done.stderr
    assert "public.videos.codec exists already" in done.stderr


# Rollback


def test_what_a_rollback_deletes_is_said_in_its_first_lines_and_in_the_readme() -> None:
    lines = PHASE_2.downgrade.read_text().splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("--"))]
    readme = (PHASE_2.folder / "README.md").read_text()
    for told in ("\n".join(head), readme[: readme.index("## Upgrade")]):
        assert "deletes all data in table public.processing_jobs, and the table itself" in told
        (columns,) = re.findall(
            r"deletes 20 columns of table public\.videos, and all data in them: (.*)", told
        )
        assert set(columns.split(", ")) == set(NEW_COLUMNS)
    assert all("WARNING" in line for line in head[1:3])


def test_a_rollback_leaves_phase_1_as_it_was_and_its_application_works(
    server: Server, running: Database, running_template: Database
) -> None:
    before, held = dump(server, running), row_digests(running)
    run(server, running, PHASE_2.upgrade)
    assert lost(held, row_digests(running)) == []
    run(server, running, PHASE_2.downgrade)
    assert dump(server, running) == before
    assert row_digests(running) == held
    assert revision(running) == "839d4ee251e4"
    an_old_video(running)
    with Application(running.conninfo, PHASE_1, operations=20, pace=0) as application:
        assert {record.error for record in application.wait()} == {None}


def test_a_rollback_after_phase_2_was_in_use_keeps_every_video(server: Server, migrated: Database) -> None:
    pin, _ = two_pins(migrated)
    new, old = a_video(migrated, pin, "cd" * 32), an_old_video(migrated)
    with migrated.connect() as connection:
        connection.execute(
            "INSERT INTO processing_jobs (video_id, job_type) VALUES (%s, 'cv_analysis')", [new]
        )
    run(server, migrated, PHASE_2.downgrade)
    assert rows(
        migrated, "SELECT camera_pin_id, original_filename, processed FROM videos WHERE id = %s", new
    ) == [(pin, "a.mp4", False)]
    assert value(migrated, "SELECT original_filename FROM videos WHERE id = %s", old) == "b.mp4"
    assert value(migrated, "SELECT count(*) FROM videos") == VIDEOS + 2


def test_rolled_back_and_applied_again(
    server: Server, migrated: Database, phase_2_template: Database
) -> None:
    run(server, migrated, PHASE_2.downgrade)
    run(server, migrated, PHASE_2.upgrade)
    assert dump(server, migrated) == dump(server, phase_2_template)
    assert rows(migrated, WRONG) == []


# Where a file does not fit the database


def test_a_second_run_has_nothing_to_do(server: Server, migrated: Database) -> None:
    before = dump(server, migrated)
    assert "Nothing to do: this database is already at 002_phase_2_video_mgmt" in run(
        server, migrated, PHASE_2.upgrade
    )
    assert dump(server, migrated) == before


def test_another_revision_none_and_two_are_refused_by_name(
    server: Server, running: Database, database: Database
) -> None:
    assert "at revision (none), and the upgrade of 002_phase_2_video_mgmt starts from 839d4ee251e4" in (
        psql(server, database, "-f", PHASE_2.upgrade).stderr
    )
    refused = psql(server, running, "-f", PHASE_2.downgrade)
    assert refused.returncode == 0 and "already at 839d4ee251e4" in refused.stdout
    with running.connect() as connection:
        connection.execute("INSERT INTO alembic_version VALUES ('abc')")
    refused = psql(server, running, "-f", PHASE_2.upgrade)
    assert refused.returncode == 3
    assert "several revisions: 839d4ee251e4, abc" in refused.stderr


def test_a_schema_that_was_put_back_by_hand_is_upgraded_anew_and_not_taken_for_done(
    server: Server, running: Database
) -> None:
    """As after restoring a dump beside a ledger that knows of a finished upgrade."""
    run(server, running, PHASE_2.upgrade)
    run(server, running, PHASE_2.downgrade)
    with running.connect() as connection:
        connection.execute("DELETE FROM migrator.history WHERE run = 2")
        connection.execute("DELETE FROM migrator.run WHERE id = 2")
    run(server, running, PHASE_2.upgrade)
    assert rows(running, WRONG) == []
    assert value(running, "SELECT count(*) FROM migrator.run") == 2
