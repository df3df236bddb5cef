"""What a statement may do to a running system: a table of condition, effect and the safer way.

A kind of object names a hazard where it writes the statement; the review prints these sentences.
`refused` hazards stop the plan unless the author allows that one statement by name, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Hazard:
    """One entry of the table: a stable code, what happens, and the safer way."""

    code: str
    effect: str
    instead: str
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.effect}"


class Hazards:
    """All hazards."""

    LOSES_TABLE: Final = Hazard(
        "LOSES_TABLE",
        "deletes the table and all its rows",
        "keep the table for a release after the last code that reads it, then drop it",
    )
    LOSES_COLUMN: Final = Hazard(
        "LOSES_COLUMN",
        "deletes the column's values",
        "keep the column for a release after the last code that reads it, then drop it",
    )
    LOSES_VALUES: Final = Hazard(
        "LOSES_VALUES",
        "drops and builds again something that holds data; its values are lost",
        "add the new one beside it, backfill, and drop the old one in a later migration",
        True,
    )
    REWRITES_TABLE: Final = Hazard(
        "REWRITES_TABLE",
        "rewrites the table and its indexes while readers and writers wait",
        "add a column of the new type, keep both in step by triggers, backfill, and swap",
        True,
    )
    SCANS_UNDER_LOCK: Final = Hazard(
        "SCANS_UNDER_LOCK",
        "reads the whole table while writers wait",
        "no online form exists in PostgreSQL; do it while the table is small or in a maintenance window",
        True,
    )
    ROWS_AWAY: Final = Hazard(
        "ROWS_AWAY",
        "until the partition is attached again, nobody sees its rows, and new ones are refused",
        "change the bounds of one partition at a time, or do it in a maintenance window",
        True,
    )
    SHOWS_ROWS: Final = Hazard(
        "SHOWS_ROWS",
        "from here until a later step of the migration, row security may show rows that it hides before and after",
        "in migrations before and after this one, let the policies do without what is built again meanwhile",
        True,
    )
    HIDES_ROWS: Final = Hazard(
        "HIDES_ROWS",
        "from here until a later step of the migration, row security may hide, and refuse, rows that it shows before "
        "and after",
        "in migrations before and after this one, let the policies do without what is built again meanwhile",
    )
    MISSES_CHANGES: Final = Hazard(
        "MISSES_CHANGES",
        "changes that are written from here until a later step of the migration are never sent to subscribers",
        "stop writers of the table meanwhile, or have its subscribers copy it again afterwards",
        True,
    )
    HOLDS_OFF_ROWS: Final = Hazard(
        "HOLDS_OFF_ROWS",
        "from here until the partition is attached, new rows are refused that go to another partition by then",
        "create partitions, and change their bounds, before the first of these rows is written",
    )
    BREAKS_PREPARED: Final = Hazard(
        "BREAKS_PREPARED",
        "prepared statements of connected clients that return the changed columns fail with "
        "'cached plan must not change result type'",
        "name columns instead of SELECT *, and recycle the connection pools after the migration",
    )
    RENAMED: Final = Hazard(
        "RENAMED",
        "code that uses the old name fails from this moment",
        "deploy code that works with both names first, or keep a view under the old name",
    )
    SHOWS_OPTIONS: Final = Hazard(
        "SHOWS_OPTIONS",
        "writes the options of a user mapping, passwords too, into a file that is kept and shared",
        "leave secrets out of the schema, and set them by hand with ALTER USER MAPPING on each server",
    )
    CHANGES_RESULT: Final = Hazard(
        "CHANGES_RESULT",
        "running code sees the new definition from this moment",
        "make sure that old and new application code work with both definitions",
    )
