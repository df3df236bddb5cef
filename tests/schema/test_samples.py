"""The samples: the same rows for the same seed, whole, and of every sort."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import MetaData

from migrator.postgres import Database
from schema import JobStatus, ProcessingStatus, UploadStatus, metadata
from schema.samples import INCONSISTENT_VIDEOS, load, phase_of
from tests.schema.schemas import create
from tests.schema_839d4ee251e4 import metadata as phase_1

Connection = psycopg.Connection[Any]


def desired(phase: int) -> MetaData:
    return phase_1 if phase == 1 else metadata


@pytest.fixture(params=[1, 2], ids=["phase 1", "phase 2"])
def phase(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def empty(database: Database, phase: int) -> Iterator[Connection]:
    """A database of the phase without a row."""
    create(database, desired(phase))
    with database.connect() as connection:
        yield connection


def content(connection: Connection, phase: int) -> str:
    """A hash of every row of every table."""
    digest = hashlib.sha256()
    for table in sorted(desired(phase).tables):
        copy = sql.SQL("COPY (SELECT * FROM {} ORDER BY id) TO STDOUT").format(sql.Identifier(table))
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            for row in rows:
                digest.update(row)
    return digest.hexdigest()


def test_the_same_seed_makes_the_same_rows(empty: Connection, phase: int) -> None:
    def loaded(seed: int) -> str:
        with empty.transaction(force_rollback=True):
            load(empty, videos=150, seed=seed)
            return content(empty, phase)

    assert loaded(1) == loaded(1)
    assert loaded(1) != loaded(2)


@pytest.mark.parametrize("videos", [0, 1, 13, 2_500])
def test_there_are_as_many_videos_as_asked_for(empty: Connection, phase: int, videos: int) -> None:
    told: dict[str, int] = {}
    loaded = load(empty, videos=videos, progress=lambda table, rows: told.update({table: rows}))
    assert loaded["videos"] == videos
    assert phase_of(empty) == phase
    assert set(loaded) == set(desired(phase).tables)
    assert told == {table: rows for table, rows in loaded.items() if rows}
    for table, rows in loaded.items():
        count = empty.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert count == (rows,)


def test_no_row_refers_to_one_that_is_not_there(empty: Connection, phase: int) -> None:
    load(empty, videos=1_000)
    for table in desired(phase).tables.values():
        for key in table.foreign_keys:
            orphans = empty.execute(
                sql.SQL(
                    "SELECT count(*) FROM {} c WHERE {} IS NOT NULL AND {} NOT IN (SELECT id FROM {})"
                ).format(
                    *map(
                        sql.Identifier, (table.name, key.parent.name, key.parent.name, key.column.table.name)
                    )
                )
            ).fetchone()
            assert orphans == (0,), f"{table.name}.{key.parent.name}"


def test_a_role_that_cannot_skip_triggers_loads_the_same_rows(empty: Connection, phase: int) -> None:
    with empty.transaction(force_rollback=True):
        load(empty, videos=200)
        expected = content(empty, phase)
    with empty.transaction(force_rollback=True):
        empty.execute("CREATE ROLE plain_loader")
        empty.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_loader")
        empty.execute("SET ROLE plain_loader")
        load(empty, videos=200)
        assert content(empty, phase) == expected


def test_the_videos_of_phase_2_are_consistent_and_of_every_sort(database: Database) -> None:
    create(database, metadata)
    with database.connect() as connection:
        load(connection, videos=2_000)
        assert connection.execute(INCONSISTENT_VIDEOS).fetchall() == []

        def values(query: str) -> set[Any]:
            return {row[0] for row in connection.execute(query.encode())}

        assert values("SELECT upload_status FROM videos") == set(UploadStatus)
        assert values("SELECT processing_status FROM videos") == set(ProcessingStatus)
        assert values("SELECT status FROM processing_jobs") == set(JobStatus)
        assert values("SELECT checksum_sha256 IS NULL FROM videos") == {True, False}
        assert values("SELECT original_path IS NULL FROM videos") == {True, False}
        assert len(values("SELECT DISTINCT mall_id FROM videos")) > 1
        assert values("SELECT count(DISTINCT pin_id) > 1 FROM videos GROUP BY mall_id") == {True}
        # so that a video can move to any pin without meeting its like
        assert values(
            "SELECT count(*) > 1 FROM videos GROUP BY checksum_sha256 HAVING count(checksum_sha256) > 0"
        ) == {False}
        assert values("SELECT max(created_at) - min(created_at) > interval '2 years' FROM videos") == {True}
        assert any("入口" in name for name in values("SELECT filename FROM videos"))
        assert any("\\" in name for name in values("SELECT filename FROM videos"))
        for table in metadata.tables.values():
            for column in table.columns:
                nulls = f'SELECT bool_or("{column.name}" IS NULL) FROM "{table.name}"'
                assert values(nulls) == {column.nullable}, f"{table.name}.{column.name}"


def test_the_consistency_query_names_what_is_wrong(connection: Connection) -> None:
    wrong = {
        "pin_id": "(SELECT id FROM camera_pins WHERE id <> camera_pin_id LIMIT 1)",
        "mall_id": "(SELECT id FROM malls WHERE id <> mall_id LIMIT 1)",
        "filename": "filename || 'x'",
        "original_path": "'elsewhere'",
        "uploaded_at": "uploaded_at + interval '1 hour'",
        "processed": "NOT processed",
        "upload_status": "'lost'",
    }
    ids = [row[0] for row in connection.execute("SELECT id FROM videos ORDER BY id LIMIT %s", [len(wrong)])]
    connection.execute("ALTER TABLE videos DISABLE TRIGGER USER")
    for video, (column, value) in zip(ids, wrong.items(), strict=True):
        connection.execute(f"UPDATE videos SET {column} = {value} WHERE id = '{video}'".encode())
    found = dict(connection.execute(INCONSISTENT_VIDEOS).fetchall())
    assert found == {video: [column] for video, column in zip(ids, wrong, strict=True)}


def test_the_command_loads_and_tells_on_stderr(empty: Connection, database: Database, phase: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "schema.samples", database.conninfo, "--videos", "1_500"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""
    assert "videos                  1,500" in run.stderr
    assert ("processing_jobs" in run.stderr) == (phase == 2)
    assert empty.execute("SELECT count(*) FROM videos").fetchone() == (1_500,)
