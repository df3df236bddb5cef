"""Alembic's own commands on our migrations: `alembic upgrade head` runs the very files that psql runs.

A migration's revision.py takes its two functions from here. Alembic moves `alembic_version` itself, and insists
on it, so the file is told to leave that step to it. With `--sql` the files are printed as they are, and move it
themselves.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from migrator import psql
from migrator.errors import ConfigurationError, MigratorError
from migrator.postgres import tools
from migrator.postgres.given import open_database
from migrator.state import catalog

LEFT_TO_ALEMBIC = {"migrator_alembic": "1"}


def database_url() -> str:
    """DATABASE_URL as psql and psycopg take it. ConfigurationError where it is not set."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise ConfigurationError(
            "is not set",
            where="DATABASE_URL",
            hint="say which database: DATABASE_URL=postgresql://user@host/database alembic …",
        )
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


class Offline(io.StringIO):
    """What `--sql` prints: the files that psql runs; where there is none (`stamp`), what Alembic itself wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def text(self) -> str:
        """All of it."""
        return "\n".join(self.files) or self.getvalue()


def directions(file: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """The functions `upgrade` and `downgrade` of the migration that the module `file` stands in."""
    folder = Path(file).parent

    def upgrade() -> None:
        _run(folder / "upgrade.sql")

    def downgrade() -> None:
        _run(folder / "downgrade.sql")

    return upgrade, downgrade


def _run(file: Path) -> None:
    from alembic import context
    from alembic.util import CommandError

    if context.is_offline_mode():
        context.get_context().opts["output_buffer"].files.append(file.read_text(encoding="utf-8"))
        return
    try:
        url = database_url()
        with open_database(url) as connection:
            version = catalog.server_version(connection)
        psql.run_file(
            file,
            url,
            psql=tools.newest("psql", at_least=version),
            variables=LEFT_TO_ALEMBIC,
            on_line=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except MigratorError as error:
        raise CommandError(str(error)) from error
