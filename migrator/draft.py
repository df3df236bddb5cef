"""One direction of the next migration: renamed, planned, tried and measured, all on scratch copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from migrator import psql
from migrator.errors import PlanError
from migrator.kinds.base import describe
from migrator.migration import hooks
from migrator.plan import renames
from migrator.plan.hooks import Hooks
from migrator.plan.plan import Plan, plan, refuse, strangers, unfilled, with_measured
from migrator.plan.renames import Renamed
from migrator.postgres import Database, Server
from migrator.proof import hooks as hooks_proof
from migrator.proof import locks
from migrator.proof.round_trip import Samples
from migrator.state import catalog, trial
from migrator.state.declared import Rename
from migrator.state.reworded import in_old_words
from migrator.state.snapshot import Snapshot
from migrator.statement import Precondition


@dataclass(frozen=True)
class End:
    """A scratch database at one end of a migration, and what is in it. Nobody is connected to it."""

    database: Database
    snapshot: Snapshot


@dataclass(frozen=True)
class Draft:
    """One direction: its plan, the hooks that it carries, and what its reviewer has to know."""

    plan: Plan
    hooks: Hooks
    notes: tuple[str, ...]


def draft(
    server: Server,
    start: End,
    end: End,
    *,
    folder: Path,
    oldest: int,
    declared: Sequence[Rename],
    back: bool,
    samples: Samples | None,
    tell: Callable[[str], None],
) -> Draft:
    """Plans the way from `start` to `end`, with the hooks in `folder`; `back`: against the declared renames.

    PlanError where a column is left without a value, or a statement would make writers wait and nobody allowed it.
    """
    found, decisions = hooks.read(folder)
    for backfill in found.backfills:
        hooks.unknown(backfill, folder, end.snapshot.objects)

    def planned(renamed: Renamed) -> Plan:
        with end.database.connect() as connection:
            return plan(
                renamed.snapshot,
                end.snapshot,
                oldest=oldest,
                attempt=partial(trial.attempt, connection),
                hooks=found,
                using=decisions.using,
                allowed=decisions.allow,
                first=renamed.statements,
            )

    if declared:
        with server.scratch(start.database) as copy:
            renamed = renames.apply(
                start.snapshot, end.snapshot, declared, partial(_run, server, copy), back=back
            )
            made = planned(renamed)
            asked = _asked_first(copy, made, renamed, found.preconditions)
            made = replace(made, preconditions=asked)
    else:
        renamed = Renamed(start.snapshot)
        made = planned(renamed)
    for note in (*renamed.notes, *(() if back else renames.suspicions(made.changes))):
        tell(f"note: {note}")
    _every_column_filled(made, found, folder)
    if found != Hooks():
        tell("trying the hooks")
        with server.scratch(start.database) as copy, copy.connect() as connection:
            hooks_proof.attempt(connection, made, found, folder)
    tell("measuring what each statement locks")
    with server.scratch(start.database) as copy:
        made = with_measured(made, locks.measure(copy, made, samples))
    refuse(made, decisions.allow, str(folder / hooks.DECISIONS))
    for name in strangers(made, [*decisions.allow, *decisions.using]):
        tell(f"warning: {folder / hooks.DECISIONS} names {name}, which nothing of this {folder.name} touches")
    return Draft(made, found, tuple(f"`{what}` is allowed: {why}" for what, why in decisions.allow.items()))


def _run(server: Server, copy: Database, commands: Sequence[str]) -> Snapshot:
    """Runs commands on a copy and reads it again."""
    script = "\\set ON_ERROR_STOP on\n" + "".join(f"{command};\n" for command in commands)
    psql.run_script(script, copy.conninfo, psql=server.tool("psql"))
    with copy.connect() as connection:
        return catalog.read(connection)


def _asked_first(
    copy: Database, made: Plan, renamed: Renamed, authored: Sequence[Precondition]
) -> tuple[Precondition, ...]:
    """The preconditions in the names of the database before the renames."""
    with copy.connect() as connection:
        return in_old_words(connection, made.preconditions, renamed.undo, authored=authored)


def _every_column_filled(made: Plan, found: Hooks, folder: Path) -> None:
    missing = unfilled(made, found)
    if not missing:
        return
    paths = [str(hooks.skeleton(folder, table, columns)) for table, columns in missing.items()]
    raise PlanError(
        "new NOT NULL columns without a value for the rows that are there: "
        + ", ".join(column for columns in missing.values() for column in columns),
        where=", ".join(map(describe, missing)),
        why="PostgreSQL cannot guess them, and the migrator does not",
        hint=f"fill in what was written for you, {', '.join(paths)}, and run the command again",
    )
