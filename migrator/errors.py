"""Every error that a user can meet, as one tree.

MigratorError                 what happened, on what, why, what to do next
├── ConfigurationError        a setting, an option, or a file of the user is wrong
├── ServerError               a PostgreSQL server could not be had, reached or used
├── SqlFileError              psql stopped in a file: with its line and the server's message
├── HistoryError              generated_migrations/ is not what it was, or not one line of revisions
├── StateError                a database is not where the command needs it to be
├── PlanError                 no plan can be made that keeps what was promised
└── ProofError                a migration was tried and did not hold
"""

from __future__ import annotations

from pathlib import Path


class MigratorError(Exception):
    """The base: `what` happened, `where` (object or file), `why`, and `hint`: what to do next."""

    def __init__(
        self, what: str, *, where: str | None = None, why: str | None = None, hint: str | None = None
    ):
        super().__init__(what)
        self.what, self.where, self.why, self.hint = what, where, why, hint

    def __str__(self) -> str:
        lines = [self.what if self.where is None else f"{self.where}: {self.what}"]
        lines += [f"  why:  {self.why}"] if self.why else []
        lines += [f"  next: {self.hint}"] if self.hint else []
        return "\n".join(lines)


class ConfigurationError(MigratorError):
    """A setting, an option, or a file of the user is wrong."""


class ServerError(MigratorError):
    """A PostgreSQL server could not be had, reached or used."""


class SqlFileError(MigratorError):
    """psql stopped in a file. `line` counts from 1 in `file`; None where psql named none."""

    def __init__(
        self, what: str, *, file: Path, line: int | None, why: str | None = None, hint: str | None = None
    ):
        super().__init__(what, where=f"{file}:{line}" if line else str(file), why=why, hint=hint)
        self.file, self.line = file, line


class HistoryError(MigratorError):
    """generated_migrations/ is not what it was when written, or not one line of revisions."""


class StateError(MigratorError):
    """A database is not where the command needs it to be."""


class PlanError(MigratorError):
    """No plan can be made that keeps what was promised."""


class ProofError(MigratorError):
    """A migration was tried and did not hold."""
