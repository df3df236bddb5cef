"""The settings of a project: `[tool.migrator]` of its pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from migrator.errors import ConfigurationError
from migrator.postgres.server import OLDEST

_REVISION = re.compile(r"[A-Za-z0-9_.-]{1,32}")


@dataclass(frozen=True)
class Project:
    """Where things are, and what they are tried on. Paths are absolute."""

    root: Path
    metadata: str = "schema:metadata"
    """module:attribute of the SQLAlchemy metadata."""
    migrations: Path = Path("generated_migrations")
    hooks: Path = Path("schema/hooks")
    samples: str = ""
    """module:function that fills a database with rows for the proof; "" for none."""
    postgres: str = "embedded"
    """Where scratch servers come from: embedded, embedded:17, container, or a URL."""
    oldest_server: int = 15
    """The oldest major version that the files must run on."""
    first_revision: str = ""
    """The revision of the first migration where running databases know another name than its folder."""


def load(start: Path, *, postgres: str | None = None) -> Project:
    """The project that `start` is in. ConfigurationError names the file and the setting."""
    for folder in (start.resolve(), *start.resolve().parents):
        path = folder / "pyproject.toml"
        if path.exists():
            break
    else:
        raise ConfigurationError(
            "no pyproject.toml here or above", where=str(start), hint="run the command inside the project"
        )
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("migrator")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "not valid TOML", where=str(path), why=str(error), hint="mend the line that it names"
        ) from error
    if not isinstance(settings, dict):
        raise ConfigurationError(
            "has no [tool.migrator]",
            where=str(path),
            hint='add that table; where the metadata is: metadata = "package.module:name"',
        )
    known = {field.name: field.default for field in fields(Project) if field.name != "root"}
    for name, value in settings.items():
        if name not in known:
            raise ConfigurationError(
                f"unknown setting {name!r} in [tool.migrator]",
                where=str(path),
                hint=f"known: {', '.join(known)}",
            )
        wanted = int if isinstance(known[name], int) else str
        if type(value) is not wanted:
            raise ConfigurationError(
                f"{name} must be {'a number' if wanted is int else 'a string'}, not {value!r}",
                where=f"{path}, [tool.migrator]",
                hint=f"the default is {known[name] if wanted is int else repr(str(known[name]))}",
            )
    project = Project(folder, **settings)
    _check(project, path)
    return replace(
        project,
        migrations=folder / project.migrations,
        hooks=folder / project.hooks,
        postgres=postgres or project.postgres,
    )


def _check(project: Project, path: Path) -> None:
    """Raises ConfigurationError on a value that would be found wrong only after much work."""
    if project.oldest_server < OLDEST:
        raise ConfigurationError(
            f"oldest_server is {project.oldest_server}",
            where=f"{path}, [tool.migrator]",
            why=f"the migrator writes SQL of PostgreSQL {OLDEST} and newer",
            hint=f"set it to {OLDEST} or more, or leave it out",
        )
    if project.first_revision and not _REVISION.fullmatch(project.first_revision):
        raise ConfigurationError(
            f"first_revision is {project.first_revision!r}",
            where=f"{path}, [tool.migrator]",
            why="a revision has 1 to 32 letters, digits, _, - and .: alembic_version holds no more",
            hint="set it to what alembic_version holds in the running databases, or leave it out",
        )
