"""The committed migrations: one line of revisions, each file as it was written.

`generated_migrations/HISTORY` has a line for each: its folder, its revision, its parent, a hash of its files.
Two branches that each add a migration both add a last line there, so that git stops the second merge.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.errors import ConfigurationError, HistoryError

HISTORY = "HISTORY"
FILES = ("README.md", "downgrade.sql", "migration.json", "revision.py", "upgrade.sql")
LONGEST = 32
"""alembic_version.version_num is varchar(32)."""
_CONFLICT = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
"""What git leaves in a file that it could not merge."""
_MARK = ["\\set", "migrator_plan"]
_HASH = re.compile("[0-9a-f]{64}")
_TOP = """\
# Written by `diff`: folder, revision, parent, hash of its files. A merge conflict here means that two branches
# added a migration: keep the one that is merged, and run `diff` again on the other branch.
"""


@dataclass(frozen=True)
class Migration:
    """One folder."""

    folder: Path
    revision: str
    parent: str | None

    @property
    def upgrade(self) -> Path:
        """The file of the way up."""
        return self.folder / "upgrade.sql"

    @property
    def downgrade(self) -> Path:
        """The file of the way down."""
        return self.folder / "downgrade.sql"

    @property
    def plan(self) -> str:
        """The mark of upgrade.sql by which a database's ledger knows it."""
        lines = self.upgrade.read_text(encoding="utf-8").splitlines()
        return next((words[2].strip("'") for line in lines if (words := line.split())[:2] == _MARK), "")

    @property
    def record(self) -> dict[str, Any]:
        """What migration.json holds."""
        found: dict[str, Any] = json.loads((self.folder / "migration.json").read_text(encoding="utf-8"))
        return found


def load(root: Path) -> list[Migration]:
    """The migrations in order, oldest first. HistoryError names the file that is not as it was written."""
    lines = _lines(root / HISTORY)
    listed = {line[0] for line in lines}
    folders = (
        {p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))}
        if root.is_dir()
        else set()
    )
    for name in sorted(folders - listed):
        raise HistoryError(
            "is not in HISTORY",
            where=str(root / name),
            why="only `diff` makes migrations: this is not its work, or it was killed, or the line is gone",
            hint="restore HISTORY with git, or delete the folder and run `diff`",
        )
    migrations: list[Migration] = []
    for name, revision, parent, digest in lines:
        folder = root / name
        _check_files(folder, digest)
        migrations.append(Migration(folder, revision, None if parent == "-" else parent))
    _check_line(root, migrations)
    return migrations


def _lines(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    lines = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if line.startswith(_CONFLICT):
            raise HistoryError(
                "is part of a merge conflict",
                where=f"{path}:{number}",
                why="two branches each made a migration",
                hint="keep the lines of the branch that is merged, delete the folder of the other migration,"
                " and run `diff` again",
            )
        if len(words) != 4 or not _HASH.fullmatch(words[3]):
            raise HistoryError(
                "is not a line of HISTORY",
                where=f"{path}:{number}",
                why=f"a line is a folder, a revision, its parent and a hash, not {line!r}",
                hint="restore HISTORY with git",
            )
        lines.append(words)
    return lines


def _check_files(folder: Path, digest: str) -> None:
    for path in (folder, *(folder / name for name in FILES)):
        if not path.exists():
            raise HistoryError(
                "is missing",
                where=str(path),
                hint="get it back from git: a committed migration never changes",
            )
    if hash_files({name: (folder / name).read_bytes() for name in FILES}) == digest:
        return
    try:
        hashes = json.loads((folder / "migration.json").read_bytes())["files"]
        edited = [n for n, h in hashes.items() if n in FILES and h != hash_one((folder / n).read_bytes())]
    except (ValueError, LookupError, TypeError, AttributeError):
        edited = []
    raise HistoryError(
        "was edited after it was written",
        where=", ".join(str(folder / name) for name in edited or ["migration.json"]),
        why="databases have run, or will run, what was reviewed and proved",
        hint="restore it with git; to change the newest, change models or hooks and run `diff --amend`",
    )


def _check_line(root: Path, migrations: Sequence[Migration]) -> None:
    children: dict[str | None, str] = {}
    for one in migrations:
        if one.parent in children:
            raise HistoryError(
                f"{children[one.parent]} and {one.folder.name} have the same parent, {one.parent or 'none'}",
                where=str(root / HISTORY),
                hint="two branches made one each: delete the newer folder and its line, and run `diff` again",
            )
        children[one.parent] = one.folder.name
    expected: str | None = None
    for one in migrations:
        if one.parent != expected:
            raise HistoryError(
                f"{one.folder.name} names {one.parent} as its parent, and {expected} comes before it",
                where=str(root / HISTORY),
                hint="restore HISTORY with git",
            )
        expected = one.revision


def hash_one(content: bytes) -> str:
    """The hash of one file."""
    return hashlib.sha256(content).hexdigest()


def hash_files(files: Mapping[str, bytes]) -> str:
    """The hash of a folder's files."""
    return hashlib.sha256(
        "".join(f"{n} {hash_one(c)}\n" for n, c in sorted(files.items())).encode()
    ).hexdigest()


def name_for(migrations: Sequence[Migration], message: str) -> str:
    """The folder's name for the next migration. ConfigurationError where Alembic could not store it."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", message.lower()) if not unicodedata.combining(c))
    slug = "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in plain).split())
    number = f"{len(migrations) + 1:03d}"
    if not slug:
        raise ConfigurationError(
            "a migration needs a message",
            why=f"{message!r} has no letter from a to z, and revisions are made of those"
            if message
            else None,
            hint='say what it does in a few words: diff "add camera zones"',
        )
    name = f"{number}_{slug}"
    if len(name) > LONGEST:
        raise ConfigurationError(
            f"the name {name} has {len(name)} characters",
            why=f"alembic_version holds no more than {LONGEST}",
            hint=f"choose a message of at most {LONGEST - len(number) - 1} characters",
        )
    return name


def write(root: Path, migrations: Sequence[Migration], one: Migration, files: Mapping[str, str]) -> None:
    """Adds a migration after the given ones: the folder whole, then its line; never half of either."""
    contents = {name: text.encode() for name, text in files.items()}
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(".*.half"):  # by a `diff` that was killed
        _remove(left)
    half, old, history = (root / f".{name}.half" for name in (one.folder.name, "old", HISTORY))
    kept = {migration.folder.name for migration in migrations} - {one.folder.name}
    lines = [line for line in _lines(root / HISTORY) if line[0] in kept]
    lines.append([one.folder.name, one.revision, one.parent or "-", hash_files(contents)])
    try:
        half.mkdir()
        for name, content in contents.items():
            (half / name).write_bytes(content)
        history.write_text(_TOP + "".join(f"{' '.join(line)}\n" for line in lines), encoding="utf-8")
        with _undisturbed():
            if one.folder.exists():
                one.folder.rename(old)
            half.rename(one.folder)
            history.replace(root / HISTORY)
    finally:
        for left in (half, old, history):
            _remove(left)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that would end the program wait until the block is done."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
