"""Own cases, found by being there: tests/cases/<kind>/<what_happens>/, each in both directions, with SQL for this server
and with SQL that is to run on the oldest one too, as `diff` writes it.

before.sql and after.sql build two states of a database; rows.sql puts rows into the state before, which must
be alive after the upgrade. meta.json may say `minVersion` (server major), `roles` (names of roles that the
case needs: made before, dropped after), `extensions` (without which it is skipped), `movesRowsUnderLock`
(commands that change the schema after rows moved in the same transaction of the upgrade), and
`movesRowsBackUnderLock` (the same of the downgrade).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from migrator.postgres import Server
from migrator.state.catalog import OLDEST_SUPPORTED
from tests import judge

CASES = Path(__file__).parent / "cases"
FOUND = sorted(file.parent for file in CASES.glob("*/*/before.sql"))


class Ran(NamedTuple):
    """A case in one direction: what is wrong with its end, what psql printed, what was told of as not modelled, what its meta.json says."""

    wrong: str | None
    transcript: list[str]
    not_compared: list[str]
    meta: dict[str, Any]


def _one(case: Path, direction: str, oldest: int | None) -> Any:
    name = f"{case.parent.name}/{case.name}-{direction}" + (f"-for {oldest} too" if oldest else "")
    return pytest.param((case, direction, oldest), id=name)


@pytest.fixture(
    scope="module",
    params=[
        _one(case, direction, oldest)
        for case in FOUND
        for direction in ("up", "down")
        for oldest in (None, OLDEST_SUPPORTED)
    ],
)
def ran(request: pytest.FixtureRequest, server: Server) -> Ran:
    """A case, run once for all that is asked of it."""
    case, direction, oldest = request.param
    if oldest == server.version:
        pytest.skip("the same without it")
    meta = json.loads(file.read_text()) if (file := case / "meta.json").exists() else {}
    if meta.get("minVersion", 0) > server.version:
        pytest.skip(f"needs PostgreSQL {meta['minVersion']}")
    ask_for_extensions(server, meta.get("extensions", ()))
    first, last = ("before", "after") if direction == "up" else ("after", "before")
    rows, transcript, not_compared = case / "rows.sql", list[str](), list[str]()
    with _roles(server, meta), server.scratch() as old, server.scratch() as new:
        judge.build(case / f"{first}.sql", old)
        judge.build(case / f"{last}.sql", new)
        before = rows if direction == "up" and rows.exists() else None
        wrong = judge.transition(old, new, before, transcript, not_compared, oldest)
    if direction == "down":
        meta = {"movesRowsUnderLock": meta.get("movesRowsBackUnderLock", [])}
    return Ran(wrong, transcript, not_compared, meta)


def test_a_case_ends_in_the_other_state_with_its_rows_alive(ran: Ran) -> None:
    assert ran.wrong is None, ran.wrong


def test_the_schema_does_not_change_after_rows_in_one_transaction(ran: Ran) -> None:
    """But where the author lets writers wait, so that rows which move are at no moment out of sight."""
    assert judge.schema_changes_after_rows(ran.transcript) == ran.meta.get("movesRowsUnderLock", [])


def test_all_that_a_case_holds_is_modelled(ran: Ran) -> None:
    assert ran.not_compared == []


def ask_for_extensions(server: Server, names: Iterable[str]) -> None:
    """Skips the test where the server has no scripts of one of them."""
    with psycopg.connect(server.address) as connection:
        asked = "SELECT FROM pg_catalog.pg_available_extensions WHERE name = %s"
        missing = [name for name in names if not connection.execute(asked, [name]).rowcount]
    if missing:
        pytest.skip(f"the server does not have the extension {', '.join(missing)}")


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
