"""A server that is there already, by its URL.

The password may be in the URL. libpq's complaints about a malformed URL repeat pieces of it, and of a
password in which `@` or `/` was not escaped: such URLs are refused here, and nothing of them is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migrator.errors import ConfigurationError, ServerError
from migrator.postgres.server import Server, major_version


@contextmanager
def connect(url: str) -> Iterator[Server]:
    """The server that answers at `url`, a `postgresql://…` URL."""
    with open_database(url) as connection:
        version = major_version(connection.info.server_version)
    yield Server(version=version, address=_address(url), throwaway=False)


def open_database(url: str) -> psycopg.Connection[Any]:
    """A connection in autocommit to the database that `url` names; the caller closes it.

    ConfigurationError: the URL cannot be read. ServerError: no connection; neither repeats a password.
    """
    address = _address(url)
    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as error:
        raise ServerError(
            "the server cannot be used",
            where=_place(address),
            why=str(error).strip(),
            hint="Check host, port, database, user and password, and that the server runs and lets you in.",
        ) from error


def _address(url: str) -> str:
    """`url` as a conninfo that names a database, or ConfigurationError."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise _malformed() from None
    ports = str(parts.get("port") or "").replace(",", "")
    names = f"{parts.get('host') or ''}{parts.get('dbname') or ''}"
    # Unescaped, `u:p@ss@host` is read as host `ss@host`, `u:pass/word@host` as port `pass`.
    if "@" in names or (ports and not ports.isdigit()):
        raise _malformed()
    return make_conninfo("", **{"dbname": "postgres", "connect_timeout": "10", **parts})


def _malformed() -> ConfigurationError:
    return ConfigurationError(
        "the URL of the server cannot be read",
        where="postgres",
        why="It is not of the form postgresql://user:password@host:port/database?option=value.",
        hint="Write special characters of user and password as percent codes: @ is %40, / is %2F, "
        ": is %3A, ? is %3F, % is %25.",
    )


def _place(address: str) -> str:
    """Where it is, without the password."""
    parts = conninfo_to_dict(address)
    host = parts.get("host") or parts.get("hostaddr") or "local socket"
    return f"{host}:{parts.get('port') or 5432}/{parts['dbname']}"
