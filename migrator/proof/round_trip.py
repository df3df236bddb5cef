"""Upgrade, downgrade, upgrade again, through psql, on scratch: each compared with what it has to be.

Three observers look: our own snapshot, `pg_dump -s`, which knows nothing of our kinds, and digests of the rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from migrator import psql
from migrator.apply.status import differences
from migrator.errors import ProofError, SqlFileError
from migrator.migration.history import Migration
from migrator.postgres import Database, Server
from migrator.proof import rows
from migrator.state import catalog
from migrator.state.snapshot import Snapshot

Samples = Callable[[psycopg.Connection[Any]], object]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """A database as the three observers see it."""

    snapshot: Snapshot
    dump: str
    digests: rows.Digests


@dataclass
class Proved:
    """What was seen to hold for one migration; raising is how it says that something did not."""

    migration: Migration
    server: int
    rows: int = 0
    objects: int = 0
    held: list[str] = field(default_factory=list)


def look(server: Server, database: Database) -> Seen:
    """Reads a database."""
    with database.connect() as connection:
        snapshot, digests = catalog.read(connection), rows.digests(connection)
    return Seen(snapshot, dump(server, database), digests)


def dump(server: Server, database: Database) -> str:
    """pg_dump's text to be compared, without what is ours."""
    return psql.whole_views(
        psql.dump_schema(
            database.conninfo,
            server.tool("pg_dump"),
            exclude_schemas=[catalog.OUR_SCHEMA],
            exclude_tables=["public.alembic_version"],
        )
    )


def prove(
    server: Server,
    start: Database,
    migration: Migration,
    wanted: Seen | None,
    samples: Samples | None,
    tell: Tell,
) -> Proved:
    """Proves one migration on a database at its parent's revision.

    `wanted`: the desired state, for the newest migration; what older ones were made for is no more.
    `samples` puts rows into a database at either end. ProofError tells what did not hold.
    """
    name, proved = migration.folder.name, Proved(migration, server.version)

    def run(up: bool) -> Seen:
        file = migration.upgrade if up else migration.downgrade
        tell(f"{name}: {file.stem}")
        _run(server, start, file, tell)
        return look(server, start)

    def holds(what: str, lines: Sequence[str]) -> None:
        if lines:
            raise ProofError(
                f"{what}: does not hold",
                where=name,
                why="\n        ".join(lines[:20]),
                hint="nothing was applied anywhere; report it with the migration's folder",
            )
        proved.held.append(what)

    if samples and migration.parent:
        _fill(start, samples, name)
    before = look(server, start)
    after = run(up=True)
    proved.objects = len(after.snapshot.objects)
    proved.rows = sum(count for count, _ in {k[0]: v for k, v in before.digests.items()}.values())
    if wanted:
        # What is not modelled no migration makes, so that it, and pg_dump's text, are no measure then.
        there = tuple({*wanted.snapshot.unmodelled} & {*after.snapshot.unmodelled})
        asked = replace(wanted.snapshot, unmodelled=there)
        holds("upgrade gives what schema/ asks for", differences(asked, after.snapshot))
        if not wanted.snapshot.unmodelled:
            holds("pg_dump sees no difference either", _dumps(wanted.dump, after.dump))
    holds("upgrade keeps every row and value", rows.lost(before.digests, after.digests))
    back = run(up=False)
    holds("downgrade gives what was before", differences(before.snapshot, back.snapshot))
    holds("pg_dump sees no difference after the downgrade", _dumps(before.dump, back.dump))
    holds("downgrade keeps every row and value of the older schema", rows.lost(before.digests, back.digests))
    again = run(up=True)
    holds(
        "upgrade again gives the same",
        differences(after.snapshot, again.snapshot) + _dumps(after.dump, again.dump),
    )
    holds("with the same rows", rows.lost(after.digests, again.digests))
    return proved


def prove_newer_rows(
    server: Server, start: Database, migration: Migration, samples: Samples, tell: Tell
) -> None:
    """Rows written by the newer code live through downgrade and upgrade, as far as the older schema has a place."""
    name = migration.folder.name
    _run(server, start, migration.upgrade, tell)
    _fill(start, samples, name)
    newer = look(server, start)
    tell(f"{name}: downgrade with rows of the newer schema")
    _run(server, start, migration.downgrade, tell)
    older = look(server, start)
    lines = rows.lost(newer.digests, older.digests)
    tell(f"{name}: upgrade again")
    _run(server, start, migration.upgrade, tell)
    lines += rows.lost(older.digests, look(server, start).digests)
    if lines:
        raise ProofError(
            "rows of the newer schema do not live through a downgrade",
            where=name,
            why="\n        ".join(lines),
        )


def _run(server: Server, database: Database, file: Path, tell: Tell) -> None:
    """Runs a file; where it stops, what psql said before, which may name the rows in the way, is told first."""
    lines: list[str] = []
    try:
        psql.run_file(file, database.conninfo, psql=server.tool("psql"), on_line=lines.append)
    except SqlFileError:
        for line in lines:
            tell(line)
        raise


def _fill(database: Database, samples: Samples, name: str) -> None:
    try:
        with database.connect() as connection:
            samples(connection)
    except Exception as error:
        raise ProofError(
            f"the samples do not fit: {type(error).__name__}: {str(error).strip()}",
            where=name,
            hint="teach the function named by `samples` in [tool.migrator] the schema of this revision",
        ) from error


def _dumps(one: str, other: str) -> list[str]:
    """The lines that differ; the order of columns in a table, which PostgreSQL cannot change, aside."""
    a, b = (sorted(line.rstrip(",") for line in text.splitlines()) for text in (one, other))
    return [
        line
        for line in difflib.unified_diff(a, b, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


def table(proofs: Sequence[Proved]) -> str:
    """What was proved, as Markdown."""
    lines = ["| migration | PostgreSQL | objects | rows | held |", "|---|---|---|---|---|"]
    for one in proofs:
        lines.append(
            f"| {one.migration.folder.name} | {one.server} | {one.objects} | {one.rows} | {len(one.held)} of {len(one.held)} |"
        )
    held = dict.fromkeys(what for one in proofs for what in one.held)
    return "\n".join([*lines, "", "What held:", "", *(f"- {what}" for what in held)])
