"""Makes the committed migrations again, the way they were made: `diff` on the schema as it stood, twice.

    python -m tests.regenerate          writes them into generated_migrations/

Only while none of them has been applied anywhere is that the thing to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATES = (
    ("initial schema", "tests.schema_839d4ee251e4:metadata"),
    ("phase 2 video mgmt", "schema:metadata"),
)


def regenerate(project: Path, *options: str) -> Path:
    """Copies the inputs into the empty folder `project` and runs `diff` for each state; returns the migrations' folder."""
    for name in ("schema", "tests/schema_839d4ee251e4"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for message, metadata in STATES:
        found = settings.replace('metadata = "schema:metadata"', f'metadata = "{metadata}"')
        (project / "pyproject.toml").write_text(found, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "migrator", "diff", message, *options],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},  # this checkout, whichever one is installed
            check=True,
        )
    return project / "generated_migrations"


def main() -> None:
    """Replaces what is committed."""
    with tempfile.TemporaryDirectory() as folder:
        made = regenerate(Path(folder), *sys.argv[1:])
        shutil.rmtree(ROOT / "generated_migrations", ignore_errors=True)
        shutil.copytree(made, ROOT / "generated_migrations")


if __name__ == "__main__":
    main()
