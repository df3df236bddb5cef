"""The hand-written SQL that the migration to Phase 2 carries, as psycopg sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

HOOKS = Path(__file__).parents[2] / "schema/hooks/002_phase_2_video_mgmt/upgrade"


def parts(file: Path) -> tuple[list[tuple[str, str]], str]:
    """What the comment lines at the top say, and the SQL below them."""
    header, body = [], file.read_text().splitlines()
    while body and body[0].startswith("-- "):
        key, _, value = body.pop(0).removeprefix("-- ").partition(": ")
        header.append((key, value))
    return header, "\n".join(body)


def test_the_precondition_finds_the_orphans_and_only_them(connection: psycopg.Connection[Any]) -> None:
    header, query = parts(HOOKS / "precondition_orphaned_videos.sql")
    assert connection.execute(query.encode()).fetchall() == []
    unknown = uuid4()
    ((orphan,),) = connection.execute("SELECT id FROM videos LIMIT 1").fetchall()
    connection.execute("ALTER TABLE videos DROP CONSTRAINT videos_camera_pin_id_fkey")
    connection.execute("ALTER TABLE videos DISABLE TRIGGER USER")
    connection.execute("UPDATE videos SET camera_pin_id = %s WHERE id = %s", [unknown, orphan])
    assert connection.execute(query.encode()).fetchall() == [(orphan, unknown)]
    assert [key for key, _ in header] == ["precondition", "hint", "hint"]


@pytest.mark.parametrize("first", [True, False], ids=["first run", "second run"])
def test_the_backfill_fills_the_columns_that_it_names(halfway: psycopg.Connection[Any], first: bool) -> None:
    header, statement = parts(HOOKS / "backfill_videos.sql")
    said = dict(header)
    before = halfway.execute("SELECT to_jsonb(v) FROM videos v ORDER BY id").fetchall()
    run = statement.replace("{batch}", said["remaining"]).encode()
    if not first:
        halfway.execute(run)
    assert halfway.execute(run).rowcount == (len(before) if first else 0)
    after = halfway.execute("SELECT to_jsonb(v) FROM videos v ORDER BY id").fetchall()
    changed = {c for (old,), (new,) in zip(before, after, strict=True) for c in old if old[c] != new[c]}
    assert changed == set(said["fills"].split(", "))
    left = halfway.execute(f"SELECT count(*) FROM {said['backfill']} WHERE {said['remaining']}".encode())
    assert left.fetchone() == (0,)
