"""What is wanted: a scratch database after `metadata.create_all`, read like any other."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy.schema import CreateSchema

from migrator.config import Project
from migrator.errors import ConfigurationError


def attribute(project: Project, setting: str, value: str) -> Any:
    """The object that a setting `module:name` names. ConfigurationError shows the user's own frames only."""
    module_name, colon, name = value.partition(":")
    if not colon:
        raise ConfigurationError(
            f"{setting} = {value!r} is not of the form module:name", where="[tool.migrator]"
        )
    if str(project.root) not in sys.path:
        sys.path.insert(0, str(project.root))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigurationError(
            f"cannot be imported: {type(error).__name__}: {error}",
            where=module_name,
            why=_own_frames(error, project.root),
            hint=f"mend it until `python -c 'import {module_name}'` works",
        ) from None
    try:
        return getattr(module, name)
    except AttributeError:
        raise ConfigurationError(
            f"has no {name}", where=module_name, hint=f"set {setting} in [tool.migrator] to module:name"
        ) from None


def _own_frames(error: BaseException, root: Path) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(root)]
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).rstrip()
    own = [f for f in frames if not Path(f.filename).is_relative_to(Path(__file__).parents[1])]
    return (
        "".join(traceback.format_list(own)) or "its own code raised it before any line of the project"
    ).rstrip()


def metadata(project: Project) -> sqlalchemy.MetaData:
    """The project's metadata."""
    found = attribute(project, "metadata", project.metadata)
    if not isinstance(found, sqlalchemy.MetaData):
        raise ConfigurationError(f"is a {type(found).__name__}, not a MetaData", where=project.metadata)
    return found


def create(found: sqlalchemy.MetaData, conninfo: str) -> None:
    """Makes everything that the metadata holds in an empty database."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=sqlalchemy.pool.NullPool
    )
    try:
        with engine.begin() as connection:
            for schema in sorted({t.schema for t in found.tables.values() if t.schema} - {"public"}):
                connection.execute(CreateSchema(schema, if_not_exists=True))
            found.create_all(connection)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ConfigurationError(
            "create_all fails",
            where="the metadata",
            why=str(error),
            hint="mend the model that the message names",
        ) from None
    finally:
        engine.dispose()
