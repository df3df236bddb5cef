"""What is wanted: a scratch database after `metadata.create_all`, read like any other."""

from __future__ import annotations

import importlib
import sys
import traceback
from contextlib import redirect_stdout
from operator import attrgetter
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
        with redirect_stdout(sys.stderr):  # what the user's code prints is not what was asked for
            module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"there is no module {error.name} in {project.root}",
                where=f"{setting} = {value!r}",
                hint=f"set {setting} in [tool.migrator] to module:name",
            ) from None
        raise ConfigurationError(
            f"cannot be imported: {type(error).__name__}: {error}",
            where=module_name,
            why=own_frames(error, project.root),
            hint=f"mend it until `python -c 'import {module_name}'` works",
        ) from None
    try:
        return attrgetter(name)(module)
    except AttributeError:
        raise ConfigurationError(
            f"has no {name}", where=module_name, hint=f"set {setting} in [tool.migrator] to module:name"
        ) from None


def own_frames(error: BaseException, root: Path) -> str:
    """The frames of a traceback that are in files of the user, as Python prints them."""
    if isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error)).rstrip()
    engine = Path(__file__).parents[1]
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if (path := Path(frame.filename)).is_relative_to(root)
        and not path.is_relative_to(engine)
        and "site-packages" not in path.parts
    ]
    return "".join(traceback.format_list(own)).rstrip() or "no line of the project was running"


def metadata(project: Project) -> sqlalchemy.MetaData:
    """The project's metadata."""
    found = attribute(project, "metadata", project.metadata)
    if not isinstance(found, sqlalchemy.MetaData):
        raise ConfigurationError(
            f"is a {type(found).__name__}, not a MetaData",
            where=project.metadata,
            hint="name the MetaData itself, for a declarative base: module:Base.metadata",
        )
    return found


def create(found: sqlalchemy.MetaData, conninfo: str, root: Path) -> None:
    """Makes everything that the metadata holds in an empty database.

    ConfigurationError: PostgreSQL or SQLAlchemy refuses it, or code in `root` fails that runs with it.
    """
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=sqlalchemy.pool.NullPool
    )
    try:
        with redirect_stdout(sys.stderr), engine.begin() as connection:
            for schema in sorted({t.schema for t in found.tables.values() if t.schema} - {"public"}):
                connection.execute(CreateSchema(schema, if_not_exists=True))
            found.create_all(connection)
    except sqlalchemy.exc.DBAPIError as error:
        raise ConfigurationError(
            f"create_all fails: {str(error.orig).strip()}",
            where="the metadata",
            why=f"PostgreSQL refuses {(error.statement or '').strip()}",
            hint="mend the model that makes this statement",
        ) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ConfigurationError(
            f"create_all fails: {error}", where="the metadata", hint="mend the model that the message names"
        ) from None
    except Exception as error:
        raise ConfigurationError(
            f"create_all fails: {type(error).__name__}: {error}",
            where="the metadata",
            why=own_frames(error, root),
            hint="mend the code that runs with create_all",
        ) from None
    finally:
        engine.dispose()
