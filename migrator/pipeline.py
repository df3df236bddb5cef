"""The whole product on one screen: what each command does, as a few calls."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg

from migrator import psql
from migrator.apply import run as apply_run
from migrator.apply import status as apply_status
from migrator.config import Project
from migrator.draft import End, draft
from migrator.errors import MigratorError, StateError
from migrator.migration import history, hooks, record, review, sql
from migrator.migration.history import Migration
from migrator.migration.published import published
from migrator.plan.changes import diff as changes_between
from migrator.plan.plan import Plan, Planning, plan
from migrator.postgres import Database, Server, serve
from migrator.postgres.given import open_database
from migrator.proof import round_trip
from migrator.state import catalog, declared, reprint, settle, trial
from migrator.state.declared import Rename
from migrator.state.snapshot import Snapshot, unmodelled

Tell = Callable[[str], None]
"""Shows a line of progress to the person who waits."""


@dataclass(frozen=True)
class Written:
    """What `diff` found and did."""

    plans: dict[str, Plan]
    migration: Migration | None
    unmodelled: tuple[str, ...]


def diff(
    project: Project, message: str | None, *, check: bool = False, amend: bool = False, tell: Tell
) -> Written:
    """Compares schema/ with the migrations; writes the next one, or the newest again (`amend`), unless `check`."""
    migrations = history.load(project.migrations)
    if amend and not migrations:
        raise StateError(
            "there is no migration to amend", where=str(project.migrations), hint="run `diff` first"
        )
    if amend and (ref := published(migrations[-1].folder)):
        raise StateError(
            f"is in {ref} already",
            where=str(migrations[-1].folder),
            why="what others have may have been applied, and a migration that was applied never changes",
            hint="run `diff` without --amend: a further migration goes on from it",
        )
    kept = migrations[:-1] if amend else migrations
    with (
        serve(project.postgres) as server,
        wanted_database(project, server) as wanted,
        server.scratch() as have,
    ):
        tell(f"current: {len(kept)} {'migration' if len(kept) == 1 else 'migrations'} on a scratch database")
        replay(server, have, kept)
        with wanted.connect() as new, have.connect() as old:
            before, after = catalog.read_both(old, new)
        unknown = unmodelled(before, after, "the migrations have", "schema/ has")
        for what in unknown:
            tell(f"not modelled: {what}")
        if not _changes(before, after, project.oldest_server):
            if amend:
                raise StateError(
                    "has nothing left to do",
                    where=str(migrations[-1].folder),
                    why="schema/ is what the migrations before it give",
                    hint="delete the folder and its line in HISTORY",
                )
            return Written({}, None, unknown)
        if check:
            up = plan(before, after, oldest=project.oldest_server)
            return Written({"upgrade": up} if up.changes else {}, None, unknown)
        name = migrations[-1].folder.name if amend else history.name_for(kept, message or "")
        for warning in hooks.check(project.hooks, [*(one.folder.name for one in kept), name]):
            tell(f"warning: {warning}")
        samples, older, newer = _samples(project), End(have, before), End(wanted, after)
        drafts = {}
        for direction, start, end in (("upgrade", older, newer), ("downgrade", newer, older)):
            tell(f"{direction}: planning")
            drafts[direction] = draft(
                server,
                start,
                end,
                folder=project.hooks / name / direction,
                oldest=project.oldest_server,
                declared=_declared(project),
                back=direction == "downgrade",
                samples=samples,
                tell=tell,
            )
        plans = {direction: one.plan for direction, one in drafts.items()}
        files = _files(project, kept, name, plans)
        migration = Migration(project.migrations / name, *_ends(project, kept, name))
        held = _held(server, have, wanted, migration, files, samples, tell)
    notes = [f"{direction}: {note}" for direction, one in drafts.items() for note in one.notes]
    notes += [f"not modelled, and not part of this migration: {what}" for what in unknown]
    carried = {direction: one.hooks for direction, one in drafts.items()}
    files["README.md"] = review.review(
        name, migration.revision, migration.parent, plans, notes, carried, held
    )
    files["migration.json"] = record.record(migration.revision, migration.parent, plans, files)
    history.write(project.migrations, kept, migration, files)
    return Written(plans, migration, unknown)


def _changes(before: Snapshot, after: Snapshot, oldest: int) -> bool:
    return bool(changes_between(before, after, Planning(before, after, oldest, frozenset())))


def _ends(project: Project, kept: Sequence[Migration], name: str) -> tuple[str, str | None]:
    """The revision of the next migration and its parent."""
    first = not kept and project.first_revision
    return first or name, kept[-1].revision if kept else None


def _files(project: Project, kept: Sequence[Migration], name: str, plans: dict[str, Plan]) -> dict[str, str]:
    """The files that run, by name."""
    revision, parent = _ends(project, kept, name)
    ends = {"upgrade": (parent, revision), "downgrade": (revision, parent)}
    files = {
        f"{direction}.sql": sql.migration_file(
            made,
            revision=name,
            direction=direction,
            before=ends[direction][0],
            after=ends[direction][1],
            about=[*(f"WARNING: {line}" for line in review.losses(made)), *_how_to_run(name, direction)],
        )
        for direction, made in plans.items()
    }
    return {**files, "revision.py": record.revision_file(name, revision, parent)}


def _held(
    server: Server,
    have: Database,
    wanted: Database,
    one: Migration,
    files: dict[str, str],
    samples: round_trip.Samples | None,
    tell: Tell,
) -> list[str]:
    """Proves files before they become a migration; returns what held. Where they do not, they stay aside."""
    aside = Path(tempfile.mkdtemp(prefix="migrator-"))
    folder = aside / one.folder.name
    folder.mkdir()
    try:
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        tried = replace(one, folder=folder)
        seen = round_trip.look(server, wanted)
        held = _proved(server, partial(server.scratch, have), tried, seen, samples, tell).held
    except MigratorError as error:
        hint = error.hint or "change schema/ or its hooks, and run the command again"
        error.hint = f"{hint}\n        (no migration was written; what was tried is in {folder})"
        raise
    except BaseException:
        shutil.rmtree(aside)
        raise
    shutil.rmtree(aside)
    return held


def _proved(
    server: Server,
    start: Callable[[], AbstractContextManager[Database]],
    one: Migration,
    seen: round_trip.Seen | None,
    samples: round_trip.Samples | None,
    tell: Tell,
) -> round_trip.Proved:
    """The proof of one migration; `start` makes a database at its parent's revision, `seen` is desired."""
    with start() as database:
        proved = round_trip.prove(server, database, one, seen, samples, tell)
    if samples:
        with start() as database:
            round_trip.prove_newer_rows(server, database, one, samples, tell)
        proved.held.append("rows of the newer schema live through a downgrade")
    return proved


def _samples(project: Project) -> round_trip.Samples | None:
    if not project.samples:
        return None
    from migrator.state import desired

    fill: round_trip.Samples = desired.attribute(project, "samples", project.samples)

    def quietly(connection: psycopg.Connection[Any]) -> object:
        with redirect_stdout(sys.stderr):  # what it prints is not what was asked for
            return fill(connection)

    return quietly


def _declared(project: Project) -> tuple[Rename, ...]:
    from migrator.state import desired

    return declared.renames(desired.metadata(project))


def _how_to_run(name: str, direction: str) -> list[str]:
    return [
        f"Run: psql -X -f generated_migrations/{name}/{direction}.sql DATABASE",
        "It may be stopped anywhere and run again: it goes on where it stopped.",
    ]


def replay(server: Server, database: Database, migrations: Sequence[Migration]) -> None:
    """Brings an empty scratch database to the revision of the last of `migrations`."""
    for one in migrations:
        psql.run_file(one.upgrade, database.conninfo, psql=server.tool("psql"))


@contextmanager
def wanted_database(project: Project, server: Server) -> Iterator[Database]:
    """A scratch database as schema/ wants it."""
    from migrator.state import desired  # SQLAlchemy takes longer to load than most commands to run

    with server.scratch(label="desired") as built:
        desired.create(desired.metadata(project), built.conninfo, project.root)
        with settle.settled(server, built) as database:
            yield database


@contextmanager
def at(server: Server, migrations: Sequence[Migration]) -> Iterator[Database]:
    """A scratch database at the revision of the last of `migrations`."""
    with server.scratch() as database:
        replay(server, database, migrations)
        yield database


def roundtrip(project: Project, names: Sequence[str], *, tell: Tell) -> str:
    """Proves each migration, or those named, on scratch; returns the table of what held."""
    migrations = history.load(project.migrations)
    known = [{one.revision, one.folder.name} for one in migrations]
    chosen = [place for place, called in enumerate(known) if not names or called & {*names}]
    if not migrations:
        raise StateError("there is no migration", where=str(project.migrations), hint="run `diff` first")
    if unknown := {*names} - {*chain(*known)}:
        raise StateError(
            f"there is no migration {', '.join(sorted(unknown))}",
            where=str(project.migrations),
            hint=f"known are: {', '.join(one.folder.name for one in migrations)}",
        )
    samples, proofs = _samples(project), []
    with serve(project.postgres) as server, wanted_database(project, server) as wanted:
        seen = round_trip.look(server, wanted)
        for place in chosen:
            one, last = migrations[place], place == len(migrations) - 1
            start = partial(at, server, migrations[:place])
            proofs.append(_proved(server, start, one, seen if last else None, samples, tell))
    return round_trip.table(proofs)


def between(old_url: str, new_url: str, *, oldest: int | None = None) -> str:
    """The SQL that turns the first database into the second; an empty string where they are the same."""
    return sql.script(plan_between(old_url, new_url, oldest=oldest))


def not_compared(made: Plan) -> tuple[str, ...]:
    """What the databases hold that `plan_between` does not know."""
    return unmodelled(made.changes.old, made.changes.new, "the first database has", "the second database has")


def plan_between(old_url: str, new_url: str, *, oldest: int | None = None) -> Plan:
    """The plan that turns the first database into the second."""
    with open_database(old_url) as old, open_database(new_url) as new:
        before, after = catalog.read_both(old, new)
        return plan(
            before,
            after,
            oldest=oldest or min(before.version, after.version),
            attempt=partial(trial.attempt, new),
            allowed=None,
            same=partial(reprint.same, new),
            worded=partial(reprint.worded, new),
        )


def apply(project: Project, url: str, *, to: str | None, tell: Tell) -> list[str]:
    """Runs what is pending on a database, up or down; returns the names of the files that ran."""
    return apply_run.apply(history.load(project.migrations), url, to=to, tell=tell)


def status(project: Project, url: str) -> apply_status.Status:
    """Where a database stands."""
    return apply_status.status(history.load(project.migrations), url)


def verify(project: Project, url: str, *, tell: Tell) -> list[str]:
    """The differences between a database and what its revision says, a line each."""
    migrations = history.load(project.migrations)
    upto = apply_status.upto(migrations, apply_status.status(migrations, url).revision)
    tell(f"building {upto[-1].revision if upto else 'an empty database'} on a scratch database")
    with (
        serve(project.postgres) as server,
        at(server, upto) as database,
        database.connect() as model,
        open_database(url) as real,
    ):
        same = partial(reprint.same, model)
        return apply_status.differences(*catalog.read_both(model, real), same=same)
