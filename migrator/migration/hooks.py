"""Reads the hand-written SQL of a migration from `schema/hooks/REVISION/{upgrade,downgrade}/`.

A hook is one .sql file. It begins with comment lines `-- key: value`; the rest is SQL that nobody reads but PostgreSQL.

    -- precondition: what must be true          -- backfill: table AS alias
    -- hint: how to mend the rows in the way    -- fills: column, column
    SELECT the rows in the way                  -- remaining: the condition of a row still to do
                                                UPDATE … WHERE … AND {batch}

`decisions.toml` beside them allows single statements that the plan would refuse, by name and with a sentence why,
and says how values are converted where PostgreSQL knows no way:

    [allow]
    "column public.t.c" = "200 rows, written by nobody"
    [using]
    "column public.t.c" = "to_timestamp(c)"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrator.errors import ConfigurationError
from migrator.plan.hooks import Hooks
from migrator.statement import Backfill, Identity, Precondition

UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Decisions:
    """What the author allows and converts, by the object's words."""

    allow: Mapping[str, str] = field(default_factory=dict)
    using: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path) -> tuple[Hooks, Decisions]:
    """The hooks of one direction; empty ones where there is no folder. ConfigurationError names the file and line."""
    preconditions, backfills = [], []
    for path in sorted(folder.glob("*.sql")) if folder.is_dir() else []:
        header, sql = _split(path)
        if UNFINISHED in header:
            raise ConfigurationError(
                "this hook is not written yet",
                where=str(path),
                hint=f"write its SQL, then remove the line `-- {UNFINISHED}: …`",
            )
        if "precondition" in header:
            _only(path, header, {"precondition", "hint"})
            preconditions.append(Precondition(header["precondition"], sql, header.get("hint", "")))
        elif "backfill" in header:
            _only(path, header, {"backfill", "fills", "remaining"})
            backfills.append(_backfill(path, header, sql))
        else:
            raise ConfigurationError(
                "its first line says neither `-- precondition: …` nor `-- backfill: …`",
                where=str(path),
                hint="see the top of migrator/migration/hooks.py for the form of a hook",
            )
    return Hooks(tuple(preconditions), tuple(backfills)), _decisions(folder / "decisions.toml")


def _split(path: Path) -> tuple[dict[str, str], str]:
    header: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        name, colon, value = line.removeprefix("--").partition(":")
        if not line.startswith("--") or not colon or not name.strip().isidentifier():
            break
        name = name.strip()
        header[name] = f"{header[name]} {value.strip()}" if name in header else value.strip()
    else:
        place = len(lines)
    return header, "\n".join(lines[place:]).strip().rstrip(";").rstrip()


def _only(path: Path, header: Mapping[str, str], known: set[str]) -> None:
    for name in header:
        if name not in known:
            raise ConfigurationError(
                f"unknown line `-- {name}: …` at its top",
                where=str(path),
                hint=f"known are: {', '.join(sorted(known))}",
            )


def _backfill(path: Path, header: Mapping[str, str], sql: str) -> Backfill:
    for name in ("fills", "remaining"):
        if not header.get(name):
            raise ConfigurationError(f"a backfill needs a line `-- {name}: …`", where=str(path))
    if sql.count("{batch}") != 1:
        raise ConfigurationError(
            f"a backfill needs {{batch}} once in its WHERE, found it {sql.count('{batch}')} times",
            where=str(path),
            hint="the driver puts the key range of one batch there: … WHERE … AND {batch}",
        )
    table, _, alias = header["backfill"].partition(" AS ")
    names = [name.strip() for name in table.strip().split(".")]
    identity: Identity = ("table", *(names if len(names) > 1 else ["public", *names]))
    fills = tuple(column.strip() for column in header["fills"].split(","))
    return Backfill(path.stem, identity, alias.strip() or names[-1], fills, header["remaining"], sql)


def _decisions(path: Path) -> Decisions:
    if not path.exists():
        return Decisions()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("not valid TOML", where=str(path), why=str(error)) from error
    for name in found:
        if name not in ("allow", "using"):
            raise ConfigurationError(
                f"unknown table [{name}]", where=str(path), hint="known are: allow, using"
            )
    return Decisions(found.get("allow", {}), found.get("using", {}))


def skeleton(folder: Path, table: Identity, columns: Sequence[str]) -> Path:
    """Writes a backfill to fill in for new NOT NULL columns; returns its path. Never writes over a file."""
    path = folder / f"backfill_{table[-1]}.sql"
    if path.exists():
        raise ConfigurationError(
            f"does not fill {', '.join(columns)}",
            where=str(path),
            why="these new columns are NOT NULL without a default, and the table may have rows",
            hint="add them to its `-- fills:` line and to its SET",
        )
    name = ".".join(table[1:]) if table[1] != "public" else table[-1]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"-- {UNFINISHED}: write the values below, then remove this line\n"
        f"-- backfill: {name} AS t\n-- fills: {', '.join(columns)}\n-- remaining: t.{columns[0]} IS NULL\n"
        f"UPDATE {name} AS t\nSET " + ",\n    ".join(f"{c} = …" for c in columns) + "\nWHERE {batch}\n",
        encoding="utf-8",
    )
    return path
