"""Own cases, found by being there: tests/cases/<kind>/<what_happens>/, each in both directions.

before.sql and after.sql build two states of a database; rows.sql puts rows into the state before, which must
be alive after the upgrade. meta.json may say `minVersion` (server major) and `roles` (names of roles that the
case needs: made before, dropped after).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from migrator.postgres import Server
from tests import judge

CASES = Path(__file__).parent / "cases"
FOUND = sorted(file.parent for file in CASES.glob("*/*/before.sql"))


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("case", FOUND, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_case_ends_in_the_other_state_with_its_rows_alive(
    case: Path, direction: str, server: Server
) -> None:
    meta = json.loads(file.read_text()) if (file := case / "meta.json").exists() else {}
    if meta.get("minVersion", 0) > server.version:
        pytest.skip(f"needs PostgreSQL {meta['minVersion']}")
    first, last = ("before", "after") if direction == "up" else ("after", "before")
    rows = case / "rows.sql"
    with _roles(server, meta), server.scratch() as old, server.scratch() as new:
        judge.build(case / f"{first}.sql", old)
        judge.build(case / f"{last}.sql", new)
        wrong = judge.transition(old, new, rows if direction == "up" and rows.exists() else None)
    assert wrong is None, wrong


@contextmanager
def _roles(server: Server, meta: dict[str, Any]) -> Iterator[None]:
    names = [Identifier(name) for name in meta.get("roles", ())]
    with psycopg.connect(server.address, autocommit=True) as connection:
        try:
            for name in names:
                connection.execute(SQL("CREATE ROLE {}").format(name))
            yield
        finally:
            for name in names:
                connection.execute(SQL("DROP ROLE IF EXISTS {}").format(name))


def test_every_folder_of_a_case_has_both_its_states() -> None:
    folders = {file.parent for file in CASES.glob("*/*/*")}
    missing = [f for f in folders if not ((f / "before.sql").exists() and (f / "after.sql").exists())]
    assert FOUND
    assert not missing
