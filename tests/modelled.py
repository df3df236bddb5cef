"""Writes the table of what is modelled into README.md, between its two markers: `python -m tests.modelled`."""

from __future__ import annotations

from pathlib import Path

from migrator.kinds import coverage

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- modelled -->\n", "<!-- /modelled -->\n"


def section() -> str:
    """What README.md says between the markers now; empty where there are none."""
    _, _, rest = README.read_text().partition(BEGIN)
    return rest.partition(END)[0].strip("\n")


def write() -> None:
    """Puts the table between the markers; they come last where there are none."""
    text = README.read_text()
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n## What is modelled\n\n{BEGIN}{END}"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{coverage.table()}\n\n{END}{after}")


if __name__ == "__main__":
    write()
