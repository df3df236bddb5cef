"""A small project of a test's own, in which the real commands are run."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migrator.__main__ import main
from migrator.postgres import Database, Server

PACKAGE = "shop"
"""The package of the models; no other test imports one of this name."""

HEAD = """\
from sqlalchemy import *
from sqlalchemy.dialects.postgresql import *

metadata = MetaData()
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


def url(conninfo: str) -> str:
    """A conninfo as a URL, which is what people write."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value}
    user, password = parts.pop("user", ""), parts.pop("password", "")
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    dbname = quote(parts.pop("dbname", ""), safe="")
    return f"postgresql://{login}@/{dbname}?{urlencode(parts, quote_via=quote)}"


@dataclass
class SmallProject:
    """A folder with settings, models, hooks and migrations, whose server is that of the tests."""

    root: Path
    server: Server
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.configure()

    def copy(self, root: Path) -> SmallProject:
        """A project like this one, in a folder that is not there yet."""
        shutil.copytree(self.root, root)
        return SmallProject(root, self.server, {**self.settings})

    def configure(self, **settings: str) -> None:
        """Writes the settings, values as TOML."""
        self.settings |= {"metadata": f'"{PACKAGE}:metadata"', "hooks": f'"{PACKAGE}/hooks"'} | settings
        lines = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        self.write("pyproject.toml", f"[tool.migrator]\n{lines}")

    def write(self, path: str, text: str) -> Path:
        """Writes a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def models(self, text: str) -> Path:
        """Writes the models: `text` after the imports and `metadata`."""
        return self.write(f"{PACKAGE}/__init__.py", HEAD + text)

    @property
    def migrations(self) -> list[str]:
        """What lies in generated_migrations/, hidden files too, in order."""
        folder = self.root / "generated_migrations"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def file(self, place: int, name: str) -> Path:
        """A file of a migration, by the migration's place in the order, from 0, or -1 for the newest."""
        folders = [name for name in self.migrations if name[0].isdigit()]
        return self.root / "generated_migrations" / folders[place] / name

    def run(self, *arguments: str, server: bool = True) -> Ended:
        """Runs a command in this process, as a program would: no module of the project is loaded yet."""
        if server and arguments[0] not in ("apply", "status"):
            arguments = (*arguments, "--postgres", url(self.server.address))
        out, err = io.StringIO(), io.StringIO()
        with (
            self._fresh(),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                status = main(arguments)
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 1
        if status == 130:
            raise KeyboardInterrupt  # whoever ran the tests pressed it, and wants them to end
        return Ended(status, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def _fresh(self) -> Iterator[None]:
        path, writes = sys.path[:], sys.dont_write_bytecode
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        sys.dont_write_bytecode = True
        try:
            yield
        finally:
            sys.path[:], sys.dont_write_bytecode = path, writes
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
                del sys.modules[name]

    def process(
        self, *arguments: str, program: tuple[str, ...] = (), **options: object
    ) -> subprocess.Popen[str]:
        """Starts a command as a program of its own."""
        started: subprocess.Popen[str] = subprocess.Popen(
            [*(program or (sys.executable, "-m", "migrator")), *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]
        )
        return started

    def done(self, *arguments: str) -> Ended:
        """Runs a command that is expected to succeed."""
        ended = self.run(*arguments)
        assert ended.status == 0, ended
        return ended


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """What a query gives."""
    with database.connect() as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def scratch_databases(server: Server) -> set[str]:
    """The databases of the server by name."""
    with psycopg.connect(server.address) as connection:
        return {name for (name,) in connection.execute("SELECT datname::text FROM pg_database").fetchall()}
