"""The settings of a project: `[tool.migrator]` of its pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from migrator.errors import ConfigurationError


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
    """The revision of the first migration where running databases know it by another name than its folder's."""


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
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("not valid TOML", where=str(path), why=str(error)) from error
    if settings is None:
        raise ConfigurationError("has no [tool.migrator]", where=str(path), hint="see the README, Settings")
    known = {field.name: field.default for field in fields(Project) if field.name != "root"}
    for name, value in settings.items():
        if name not in known:
            raise ConfigurationError(
                f"unknown setting {name!r} in [tool.migrator]",
                where=str(path),
                hint=f"known: {', '.join(known)}",
            )
        wanted = int if isinstance(known[name], int) else str
        if not isinstance(value, wanted):
            raise ConfigurationError(f"{name} must be {wanted.__name__}, not {value!r}", where=str(path))
    project = Project(folder, **settings)
    return replace(
        project,
        migrations=folder / project.migrations,
        hooks=folder / project.hooks,
        postgres=postgres or project.postgres,
    )
