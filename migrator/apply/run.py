"""Runs what is pending on a database through psql, up as well as down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from migrator import psql
from migrator.apply.status import Status, status
from migrator.errors import StateError
from migrator.migration.history import Migration
from migrator.postgres import tools
from migrator.postgres.given import open_database
from migrator.state import catalog


def apply(
    migrations: Sequence[Migration], url: str, *, to: str | None, tell: Callable[[str], None]
) -> list[str]:
    """Brings a database to revision `to` (None: the newest; "base": none); returns what ran, in order."""
    files = route(migrations, status(migrations, url), to)
    with open_database(url) as connection:
        version = catalog.server_version(connection)
    for file in files:
        tell(f"== {file.parent.name}: {file.stem}")
        psql.run_file(file, url, psql=tools.newest("psql", at_least=version), on_line=tell)
    return [f"{file.parent.name}/{file.name}" for file in files]


def route(migrations: Sequence[Migration], here: Status, to: str | None) -> list[Path]:
    """The files from where a database stands to `to`. A run that was stopped is finished first."""
    names = {one.revision: place for place, one in enumerate(migrations, 1)}
    names |= {one.folder.name: place for place, one in enumerate(migrations, 1)}
    names["base"] = 0
    wanted = len(migrations) if to is None else names.get(to)
    if wanted is None:
        raise StateError(
            f"there is no revision {to}",
            where="--to",
            hint=f"known are: base, {', '.join(one.revision for one in migrations)}",
        )
    if here.edited and wanted != len(here.applied):
        raise StateError(
            f"{here.edited[0].folder.name} was applied to it from another version of its files",
            where="the database",
            why="what follows was made for the version that is here, and may not fit",
            hint="get those files back with git; or bring the database to the version that is here:"
            " `verify` names the differences",
        )
    at = len(here.applied)
    files: list[Path] = []
    if here.unfinished:
        revision, direction, _, _ = here.unfinished
        place = names.get(revision)
        if place is None:
            raise StateError(
                f"the {direction} of {revision} was begun and is not finished",
                where="the database",
                hint="finish it with the files it was begun with",
            )
        one = migrations[place - 1]
        files.append(one.upgrade if direction == "upgrade" else one.downgrade)
        at = place if direction == "upgrade" else place - 1
    files += [one.upgrade for one in migrations[at:wanted]]
    files += [one.downgrade for one in reversed(migrations[wanted:at])]
    return files
