"""A server, and the databases made on it for a moment."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from migrator.errors import ServerError
from migrator.postgres import tools

OLDEST = 15
"""The oldest major version that is worked with."""

logger = logging.getLogger(__name__)
_numbers = count(1)


@dataclass(frozen=True)
class Database:
    """A database on a server, by its name."""

    name: str
    server: Server

    @property
    def conninfo(self) -> str:
        """What psycopg and psql connect with. It may hold a password: not for printing."""
        return self.server.conninfo(self.name)

    def connect(self, autocommit: bool = True) -> psycopg.Connection:
        """A new connection; the caller closes it."""
        return psycopg.connect(self.conninfo, autocommit=autocommit)


@dataclass(frozen=True)
class Server:
    """A running server of a supported version."""

    version: int
    """Its major version."""

    address: str
    """A conninfo of its maintenance database. It may hold a password: not for printing."""

    throwaway: bool
    """It was started for us, and nobody needs what is in it."""

    binaries: Path | None = None
    """The folder of its own psql and pg_dump, if they are on this machine."""

    def conninfo(self, database: str) -> str:
        """What psycopg and psql connect with, for a database of this server."""
        return make_conninfo(self.address, dbname=database)

    def tool(self, name: Literal["psql", "pg_dump"]) -> Path:
        """The path of a client program at least as new as the server; ServerError if there is none."""
        return self.binaries / name if self.binaries else tools.newest(name, at_least=self.version)

    @contextmanager
    def scratch(self, template: Database | None = None, label: str = "scratch") -> Iterator[Database]:
        """A scratch database, empty or a copy of `template`, which goes away with everyone connected to it.

        Nobody may be connected to `template` while it is copied.
        """
        name = self._create(template, label)
        try:
            yield Database(name, self)
        finally:
            self._drop(name)

    def _create(self, template: Database | None, label: str) -> str:
        source = self._template(template)
        while True:
            # Names on a shared server may meet: process ids are unique on one machine only.
            name = f"migrator_{label[:30]}_{os.getpid()}_{next(_numbers)}"
            try:
                self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
                return name
            except psycopg.errors.DuplicateDatabase:
                continue
            except psycopg.Error as error:
                raise ServerError(
                    "a scratch database could not be made",
                    where=name,
                    why=str(error).strip(),
                    hint="The role needs CREATEDB (ALTER ROLE … CREATEDB), and nobody may be connected to "
                    "the database that is copied.",
                ) from error
            except BaseException:
                self._drop(name)
                raise

    def _template(self, template: Database | None) -> sql.Composable:
        empty = sql.SQL("template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'")
        # Copying files is the quickest, but costs a checkpoint, which a server in use should not pay.
        strategy = sql.SQL(" STRATEGY file_copy" if self.throwaway else "")
        return (sql.Identifier(template.name) if template else empty) + strategy

    def _drop(self, name: str) -> None:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        try:
            self._run(statement)
        except psycopg.Error as error:
            # Not raised: it would hide the error that brought us here.
            logger.warning("the scratch database %s could not be dropped: %s", name, str(error).strip())

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement)


def major_version(number: int) -> int:
    """The major version in libpq's version number (170004 is 17); ServerError if it is not supported."""
    major = number // 10_000
    if major < OLDEST:
        raise ServerError(
            f"the server runs PostgreSQL {major}",
            why=f"The migrator reads catalogs and writes SQL of PostgreSQL {OLDEST} and newer.",
            hint=f"Upgrade the server to PostgreSQL {OLDEST} or newer.",
        )
    return major
