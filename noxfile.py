"""Everything that is run on this project, each in an environment of its own: `nox -l` lists it.

What stands after `--` goes to the program: `nox -s tests -- --postgres container`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code: ruff, mypy --strict, the contract of imports."""
    install(session, "lint", extras="container")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, on the embedded server if nothing else is asked for."""
    install(session, "test", extras="container,atlas")
    session.run("python", "-m", "pytest", "--numprocesses", "auto", "--dist", "loadfile", *session.posargs)


@nox.session(default=False)
def diff(session: nox.Session) -> None:
    """Write the next migration, or say that there is nothing to do."""
    migrator(session, "diff")


@nox.session(default=False)
def roundtrip(session: nox.Session) -> None:
    """Prove each migration: upgrade, downgrade, upgrade again, compared."""
    migrator(session, "roundtrip")


@nox.session(default=False)
def between(session: nox.Session) -> None:
    """Print the SQL that turns one database into another: -- OLD_URL NEW_URL."""
    migrator(session, "between")


@nox.session(default=False)
def apply(session: nox.Session) -> None:
    """Run what is pending on a database, through psql: -- URL [--to REVISION]."""
    migrator(session, "apply")


@nox.session(default=False)
def status(session: nox.Session) -> None:
    """Tell where a database stands: -- URL."""
    migrator(session, "status")


@nox.session(default=False)
def verify(session: nox.Session) -> None:
    """Tell whether a database is what its revision says: -- URL."""
    migrator(session, "verify")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure migrations under the load of a simulated application."""
    install(session, "bench")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session(default=False)
def peer_cases(session: nox.Session) -> None:
    """Run the cases that other projects have collected."""
    install(session, "test")
    session.run("python", "-m", "tests.peer_cases", *session.posargs)


@nox.session(default=False)
def atlas(session: nox.Session) -> None:
    """Ask Atlas for a second opinion on the migrated database: -- [URL]."""
    install(session, extras="atlas")
    module(session, "tests.atlas.compare", *session.posargs)


@nox.session(default=False)
def image(session: nox.Session) -> None:
    """Make the image postgres:18 for the local Docker engine, where no image registry can be reached."""
    install(session, extras="container")
    session.run("python", "tests/container/build_image.py")


@nox.session(default=False)
@nox.parametrize("version", ["2.0", "2.1"])
def sqlalchemy(session: nox.Session, version: str) -> None:
    """Run what depends on SQLAlchemy with each version that is supported."""
    install(session, "test", extras="container,atlas")
    session.install(f"sqlalchemy=={version}.*")
    session.run(
        "python", "-m", "pytest", *(session.posargs or ["-k", "schema or desired or diff or alembic"])
    )


def migrator(session: nox.Session, command: str) -> None:
    """Run one of the migrator's own commands; an exit status that is not 0 fails the session."""
    install(session)
    module(session, "migrator", command, *session.posargs)


def module(session: nox.Session, *arguments: str) -> None:
    """Run `python -m` with arguments that may be URLs with passwords: session.run would print them."""
    ended = subprocess.run([Path(session.bin, "python"), "-m", *arguments], check=False)
    if ended.returncode:
        session.error(f"exit status {ended.returncode}")


def install(session: nox.Session, *groups: str, extras: str | None = None) -> None:
    """Install the project with some of its extras, and groups of its dependencies."""
    project = f".[{extras}]" if extras else "."
    session.install("-e", project, *nox.project.dependency_groups(PROJECT, *groups))
