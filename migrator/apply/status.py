"""Where a database stands, and whether it is what its revision says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.errors import StateError
from migrator.kinds.base import describe
from migrator.migration.history import Migration
from migrator.plan.changes import Same
from migrator.postgres.given import open_database
from migrator.state import catalog
from migrator.state.snapshot import Snapshot


@dataclass(frozen=True)
class Status:
    """A database's place in the line of revisions."""

    revision: str | None
    applied: tuple[Migration, ...]
    pending: tuple[Migration, ...]
    unfinished: tuple[str, str, int, int] | None
    """Revision, direction, steps done and steps in all of a run that has not ended."""
    operator: int | None = None
    """The pid of the server process that is at work on it now; None: nobody is."""
    edited: tuple[Migration, ...] = ()
    """The applied migrations whose file is another one than that which ran here."""


def upto(migrations: Sequence[Migration], revision: str | None) -> list[Migration]:
    """The migrations up to a revision. StateError where it is none of them."""
    if revision is None:
        return []
    for place, one in enumerate(migrations, 1):
        if one.revision == revision:
            return list(migrations[:place])
    raise StateError(
        f"is at revision {revision}, which is none of generated_migrations/",
        where="the database",
        hint="get the migrations that it was brought there with, or correct it with: alembic stamp REVISION",
    )


def status(migrations: Sequence[Migration], url: str) -> Status:
    """Reads a database's revision and ledger."""
    with open_database(url) as connection:
        catalog.server_version(connection)
        revision = read_revision(connection)
        unfinished = _unfinished(connection, revision)
        operator = _operator(connection)
        ran = _ran(connection)
    applied = upto(migrations, revision)
    edited = (one for one in applied if ran.get(one.folder.name, one.plan) != one.plan)
    return Status(
        revision, tuple(applied), tuple(migrations[len(applied) :]), unfinished, operator, tuple(edited)
    )


def read_revision(connection: psycopg.Connection[Any]) -> str | None:
    """The database's revision, None for none."""
    there = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
    if there is None or there[0] is None:
        return None
    rows = connection.execute("SELECT version_num FROM public.alembic_version ORDER BY 1").fetchall()
    if len(rows) > 1:
        raise StateError(
            f"alembic_version holds several revisions: {', '.join(r[0] for r in rows)}",
            where="the database",
            hint="leave one row there: the revision that the schema really is at",
        )
    return str(rows[0][0]) if rows else None


def _unfinished(
    connection: psycopg.Connection[Any], revision: str | None
) -> tuple[str, str, int, int] | None:
    there = connection.execute("SELECT to_regclass('migrator.run')").fetchone()
    if there is None or there[0] is None:
        return None
    row = connection.execute(
        "SELECT r.revision, r.direction, (SELECT count(*) FROM migrator.history h WHERE h.run = r.id)::int,"
        " r.steps, r.leads_to FROM migrator.run r WHERE r.finished_at IS NULL ORDER BY r.id DESC LIMIT 1"
    ).fetchone()
    # Alembic may have been killed between moving the revision and ending the run.
    if row is None or (row[2] == row[3] and row[4] == revision):
        return None
    return str(row[0]), str(row[1]), int(row[2]), int(row[3])


def _ran(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Revision -> the plan of the upgrade that brought the database there, as far as the ledger knows."""
    there = connection.execute("SELECT to_regclass('migrator.run')").fetchone()
    if there is None or there[0] is None:
        return {}
    rows = connection.execute(
        "SELECT DISTINCT ON (revision) revision, direction, plan FROM migrator.run"
        " WHERE finished_at IS NOT NULL ORDER BY revision, id DESC"
    ).fetchall()
    return {revision: plan for revision, direction, plan in rows if direction == "upgrade"}


def _operator(connection: psycopg.Connection[Any]) -> int | None:
    row = connection.execute(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND classid = (hashtext('migrator')::int8 & 4294967295)::oid"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
    ).fetchone()
    return None if row is None else int(row[0])


def differences(wanted: Snapshot, real: Snapshot, same: Same | None = None) -> list[str]:
    """What a database has too much, too little or otherwise, a line each. `same`: as the plan takes it."""
    lines = [f"missing: {describe(i)}" for i in sorted(wanted.objects.keys() - real.objects.keys())]
    lines += [
        f"not in its revision: {describe(i)}" for i in sorted(real.objects.keys() - wanted.objects.keys())
    ]
    for identity in sorted(wanted.objects.keys() & real.objects.keys()):
        one, other = wanted.objects[identity], real.objects[identity]
        if same and one != other and same(one, other):
            continue
        lines += [
            f"differs: {describe(identity)}: {name} is {getattr(other, name)!r}, its revision says {getattr(one, name)!r}"
            for name in one.differences(other)
        ]
    lines += [
        f"missing, and not modelled: {what}" for what in sorted({*wanted.unmodelled} - {*real.unmodelled})
    ]
    return lines + [f"not modelled: {what}" for what in sorted({*real.unmodelled} - {*wanted.unmodelled})]
