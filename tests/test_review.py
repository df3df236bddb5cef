"""The page that a reviewer reads first tells what was measured, what can be lost, and what was proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.postgres import Server
from tests.small_project import PACKAGE, SmallProject

ONE = """
Table("shelf", metadata, Column("id", Integer, primary_key=True))
Table("item", metadata, Column("id", Integer, primary_key=True), Column("price", Integer))
"""
TWO = """
Table("shelf", metadata, Column("id", Integer, primary_key=True))
Table(
    "item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("price", Integer, CheckConstraint("price > 0", name="item_price_check")),
    Column("shelf_id", Integer, ForeignKey("shelf.id", name="item_shelf_fkey")),
)
"""
SAMPLES = """
def samples(connection):
    connection.execute("INSERT INTO shelf VALUES (1)")
    connection.execute("INSERT INTO item (id, price) SELECT g, {price} FROM generate_series(1, 300) AS g")
"""


@pytest.fixture
def project(tmp_path: Path, server: Server) -> SmallProject:
    """A project with rows and one migration, whose models then want more."""
    made = SmallProject(tmp_path / "project", server)
    made.configure(samples=f'"{PACKAGE}:samples"')
    made.models(ONE + SAMPLES.format(price="g"))
    made.done("diff", "one")
    made.models(TWO + SAMPLES.format(price="g"))
    return made


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the table of steps below a heading, without their number."""
    part = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines]


def test_each_step_tells_its_locks_who_waits_and_how_long(project: SmallProject) -> None:
    project.done("diff", "two")
    text = project.file(1, "README.md").read_text()
    held = {row[0]: row[1:4] for row in table(text, "Upgrade")}
    assert held["create column public.item.shelf_id, constraint public.item.item_price_check"] == [
        "ACCESS EXCLUSIVE on `public.item`",
        "readers and writers",
        "a moment",
    ]
    assert held["validate constraint public.item.item_price_check"] == [
        "SHARE UPDATE EXCLUSIVE on `public.item`",
        "other DDL, VACUUM",
        "while it reads `public.item`",
    ]
    assert held["create constraint public.item.item_shelf_fkey"] == [
        "SHARE ROW EXCLUSIVE on `public.item`, SHARE ROW EXCLUSIVE on `public.shelf`",
        "writers",
        "a moment",
    ]
    assert "- BREAKS_PREPARED: " in text


def test_what_a_downgrade_deletes_is_said_in_the_review_and_on_top_of_its_file(project: SmallProject) -> None:
    project.done("diff", "two")
    said = "deletes one column of table public.item, and all data in it: shelf_id"
    assert f"- **Downgrade** {said}\n" in project.file(1, "README.md").read_text()
    assert f"-- WARNING: {said}\n" in project.file(1, "downgrade.sql").read_text()
    assert "all data in table public.item, and the table itself" in project.file(0, "README.md").read_text()


def test_the_diagram_marks_what_is_new(project: SmallProject) -> None:
    project.done("diff", "two")
    text = project.file(1, "README.md").read_text()
    diagram = text.partition("```mermaid\n")[2].partition("```")[0].splitlines()
    assert diagram[0] == "erDiagram"
    assert '        integer shelf_id FK "new"' in diagram
    assert "        integer id PK" in diagram
    assert '    shelf ||--o{ item : "item_shelf_fkey, new"' in diagram


def test_what_held_in_the_round_trip_stands_in_the_review(project: SmallProject) -> None:
    project.done("diff", "two")
    proved = project.file(1, "README.md").read_text().partition("## Proved\n")[2].partition("\n## ")[0]
    assert "- downgrade keeps every row and value of the older schema\n" in proved
    assert "- rows of the newer schema live through a downgrade\n" in proved


def test_a_migration_that_does_not_hold_is_not_written_and_its_files_can_be_looked_at(
    project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    project.models(TWO + SAMPLES.format(price="g - 3"))
    ended = project.run("diff", "two")
    assert ended.status == 1, ended
    assert "every row of public.item satisfies item_price_check" in ended.err
    assert project.migrations == ["001_one", "HISTORY"]
    kept = Path(ended.err.rpartition("what was tried is in ")[2].strip().rstrip(")"))
    assert (kept / "upgrade.sql").is_file()
