"""Reads the hand-written SQL of a migration from `schema/hooks/REVISION/{upgrade,downgrade}/`.

A hook is one .sql file. It begins with comment lines `-- key: value`; the rest is SQL for PostgreSQL.

    -- precondition: what must be true          -- backfill: table AS alias
    -- hint: how to mend the rows in the way    -- fills: column, column
    SELECT the rows in the way                  -- remaining: the condition of a row still to do
                                                UPDATE … WHERE … AND {batch}

`decisions.toml` beside them allows single statements that the plan would refuse, by name with a sentence why,
and says how values are converted where PostgreSQL knows no way:

    [allow]
    "column public.t.c" = "200 rows, written by nobody"
    [using]
    "column public.t.c" = "to_timestamp(c)"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrator.errors import ConfigurationError
from migrator.plan.hooks import Hooks
from migrator.sql import identifier, qualified
from migrator.statement import Backfill, Identity, Precondition

UNFINISHED = "unfinished"
DECISIONS = "decisions.toml"
_MEANT = {
    "fills": "which columns it fills, separated by commas",
    "remaining": "the condition of a row that is still to do",
}
_WORD = r'(?:"(?:[^"]|"")+"|[^\s".,]+)'
_TABLE = re.compile(
    rf"(?P<names>{_WORD}(?:\s*\.\s*{_WORD})?)(?:\s+(?:AS\s+)?(?P<alias>{_WORD}))?", re.IGNORECASE
)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\s".,]+)')


@dataclass(frozen=True)
class Decisions:
    """What the author allows and converts, by the object's words."""

    allow: Mapping[str, str] = field(default_factory=dict)
    using: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path) -> tuple[Hooks, Decisions]:
    """The hooks of one direction; empty ones where there is no folder. ConfigurationError names the file."""
    preconditions: list[Precondition] = []
    backfills: list[Backfill] = []
    for path in _files(folder):
        header, sql, _ = _split(path)
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
    return Hooks(tuple(preconditions), tuple(backfills)), _decisions(folder / DECISIONS)


def _files(folder: Path) -> list[Path]:
    """The hooks in the folder. ConfigurationError where something else lies there, which nobody would run."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix == ".sql" and path.is_file():
            found.append(path)
        elif path.name != DECISIONS and not path.name.startswith("."):
            raise ConfigurationError(
                "is no hook", where=str(path), hint=f"hooks are files *.sql, and {DECISIONS} beside them"
            )
    return found


def check(root: Path, migrations: Sequence[str]) -> list[str]:
    """Warnings about what no migration of these names will read under `root`.

    ConfigurationError: a folder of one of them holds what is no direction.
    """
    warnings = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder.name.startswith((".", "_")):
            continue
        if folder.name not in migrations:
            warnings.append(f"{folder} belongs to no migration: its hooks are not run")
            continue
        for path in sorted(folder.iterdir()):
            if path.name not in ("upgrade", "downgrade") and not path.name.startswith("."):
                raise ConfigurationError(
                    "is neither upgrade nor downgrade",
                    where=str(path),
                    hint=f"hooks lie in {folder / 'upgrade'} or {folder / 'downgrade'}",
                )
    return warnings


def source(folder: Path, sql: str) -> tuple[Path, int]:
    """The file that holds this SQL of a hook, and the line, from 1, on which the SQL begins."""
    for path in _files(folder):
        _, found, line = _split(path)
        if found == sql:
            return path, line
    return folder, 1


def line_of(path: Path, key: str) -> int:
    """The line, from 1, of `-- key: …` in a hook."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(
        (n for n, line in enumerate(lines, 1) if line.removeprefix("--").strip().startswith(f"{key}:")), 1
    )


def _split(path: Path) -> tuple[dict[str, str], str, int]:
    """What its top says, its SQL, and the line on which the SQL begins."""
    header: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "is not UTF-8", where=str(path), why=str(error), hint="save it as UTF-8"
        ) from None
    place = 0
    while place < len(lines):
        name, colon, value = (part.strip() for part in lines[place].removeprefix("--").partition(":"))
        if not lines[place].startswith("--") or not colon or not name.isidentifier():
            break
        header[name] = f"{header[name]} {value}" if name in header else value
        place += 1
    while place < len(lines) and not lines[place].strip():
        place += 1
    sql = "\n".join(lines[place:]).rstrip().rstrip(";").rstrip()
    if not sql and UNFINISHED not in header:
        raise ConfigurationError("has no SQL", where=str(path), hint="write it below the lines at the top")
    if "--" in sql.rpartition("\n")[2]:
        sql += "\n"  # what follows must not become part of its comment
    return header, sql, place + 1


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
            raise ConfigurationError(
                f"a backfill needs a line `-- {name}: …`",
                where=str(path),
                hint=f"{name} says {_MEANT[name]}; the whole form stands in migrator/migration/hooks.py",
            )
    if sql.count("{batch}") != 1:
        raise ConfigurationError(
            f"a backfill needs {{batch}} once in its WHERE, found it {sql.count('{batch}')} times",
            where=str(path),
            hint="the driver puts the key range of one batch there: … WHERE … AND {batch}",
        )
    table = _TABLE.fullmatch(header["backfill"])
    if not table:
        raise ConfigurationError(
            f"{header['backfill']!r} is not of the form: table AS alias",
            where=f"{path}:{line_of(path, 'backfill')}",
            hint='write names that PostgreSQL quotes in double quotes: schema."Table" AS t',
        )
    names = _names(table["names"])
    identity: Identity = ("table", *(names if len(names) > 1 else ["public", *names]))
    alias = _names(table["alias"])[0] if table["alias"] else names[-1]
    return Backfill(path.stem, identity, alias, tuple(_names(header["fills"])), header["remaining"], sql)


def _names(text: str) -> list[str]:
    """Names as PostgreSQL reads them: in lower case unless they stand in double quotes."""
    return [
        quoted.replace('""', '"') if quoted else plain.strip().lower()
        for quoted, plain in _NAME.findall(text)
    ]


def unknown(backfill: Backfill, folder: Path, there: Container[Identity]) -> None:
    """Raises ConfigurationError where the backfill names a table or column that is not `there`."""
    path, _ = source(folder, backfill.sql)
    asked = [
        ("backfill", backfill.table),
        *(("fills", ("column", *backfill.table[1:], c)) for c in backfill.fills),
    ]
    for key, identity in asked:
        if identity not in there:
            raise ConfigurationError(
                f"there is no {identity[0]} {'.'.join(identity[1:])} after this {folder.name}",
                where=f"{path}:{line_of(path, key)}",
                hint="mend the name; names with capitals or other signs stand in double quotes",
            )


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
    decisions = Decisions(found.get("allow", {}), found.get("using", {}))
    for table, values in (("allow", decisions.allow), ("using", decisions.using)):
        wrong = (
            values if not isinstance(values, dict) else [v for v in values.values() if not isinstance(v, str)]
        )
        if wrong:
            raise ConfigurationError(
                f"[{table}] holds {wrong!r}",
                where=str(path),
                hint=f'a line of [{table}] is "the object" = "{"why" if table == "allow" else "SQL"}"',
            )
    return decisions


def skeleton(folder: Path, table: Identity, columns: Sequence[str]) -> Path:
    """Writes a backfill to fill in for new NOT NULL columns; returns its path. Never writes over a file."""
    path = folder / f"backfill_{''.join(c if c.isalnum() or c in '_-' else '_' for c in table[-1])}.sql"
    if path.exists():
        raise ConfigurationError(
            f"does not fill {', '.join(columns)}",
            where=str(path),
            why="these new columns are NOT NULL without a default, and the table may have rows",
            hint="add them to its `-- fills:` line and to its SET",
        )
    name = qualified(*table[1:]) if table[1] != "public" else identifier(table[-1])
    filled = [identifier(column) for column in columns]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"-- {UNFINISHED}: write the values below, then remove this line\n"
        f"-- backfill: {name} AS t\n-- fills: {', '.join(filled)}\n-- remaining: t.{filled[0]} IS NULL\n"
        f"UPDATE {name} AS t\nSET " + ",\n    ".join(f"{c} = …" for c in filled) + "\nWHERE {batch}\n",
        encoding="utf-8",
    )
    return path
