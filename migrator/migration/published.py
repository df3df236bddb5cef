"""Whether others may have a migration already, as far as git knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

_REFS = ("refs/tags", "refs/remotes/*/HEAD", "refs/remotes/*/main", "refs/remotes/*/master")
"""Tags and the main branches of remotes: what is deployed comes from there."""


def published(folder: Path) -> str | None:
    """A tag, or a main branch of a remote, that holds the migration in `folder`; None: none does, or no git."""
    added = _git(folder.parent, "log", "--format=%H", "--diff-filter=A", "--", f"{folder.name}/upgrade.sql")
    if not added:
        return None
    refs = _git(folder.parent, "for-each-ref", f"--contains={added[-1]}", "--format=%(refname:short)", *_REFS)
    return refs[0] if refs else None


def _git(folder: Path, *arguments: str) -> list[str]:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()
