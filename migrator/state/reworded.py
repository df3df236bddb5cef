"""Preconditions in the words of the database that they are asked in.

A plan with renames is made from the database as it is after them, and its preconditions are asked before. PostgreSQL
itself puts the names back: each query becomes a view, the renames are undone, and the view is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg

from migrator.statement import Precondition


def in_old_words(
    connection: psycopg.Connection[Any],
    preconditions: Sequence[Precondition],
    undo: Sequence[str],
    *,
    authored: Sequence[Precondition] = (),
) -> tuple[Precondition, ...]:
    """The preconditions as they are asked before the renames that `undo` takes back.

    `connection` is idle, in autocommit, on the copy where the renames were run; nothing stays changed in it.
    `authored` are left as they are: people write them for the database that they know.
    """
    ours = {place: one for place, one in enumerate(preconditions) if one not in authored}
    if not undo or not ours:
        return tuple(preconditions)
    reworded = list(preconditions)
    with connection.transaction(force_rollback=True):
        # Nothing but pg_catalog on the path makes PostgreSQL print every other name with its schema.
        connection.execute("SET LOCAL search_path = pg_catalog")
        for place, one in ours.items():
            if one.setup:
                connection.execute(one.setup)
            connection.execute(f"CREATE TEMPORARY VIEW reworded_{place} AS {one.query}")
        for command in undo:
            connection.execute(command)
        for place, one in ours.items():
            row = connection.execute(
                f"SELECT pg_get_viewdef('pg_temp.reworded_{place}'::regclass)"
            ).fetchone()
            assert row is not None
            reworded[place] = replace(one, query=row[0].strip().removesuffix(";"))
    return tuple(reworded)
