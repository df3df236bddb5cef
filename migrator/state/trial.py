"""Learns by trying what no catalog tells: whether a default or a change of type rewrites its table, and which
conversion a change of type needs. Each trial is a temporary table in a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrator.kinds.base import Facts, Object
from migrator.statement import Identity


@dataclass(frozen=True)
class Trial:
    """What was learnt, by identity."""

    rewrites: Mapping[Identity, bool] = field(default_factory=dict)
    conversions: Mapping[Identity, str | None] = field(default_factory=dict)


def attempt(
    connection: psycopg.Connection[Any], wanted: Mapping[Identity, Object | None], facts: Facts
) -> Trial:
    """Tries each object that is created (None) or altered (as it was before), in the database of the desired state."""
    rewrites: dict[Identity, bool] = {}
    conversions: dict[Identity, str | None] = {}
    for identity, before in sorted(wanted.items(), key=lambda item: item[0]):
        after = facts.new(identity)
        for columns, action, using in after.trials(before, facts) if after else ():
            try:
                rewrites[identity] = _rewrites(connection, columns, action)
            except psycopg.Error:
                # Not even possible on an empty table; the next conversion may be.
                rewrites[identity] = True
                continue
            conversions[identity] = using
            break
    return Trial(rewrites, conversions)


def _rewrites(connection: psycopg.Connection[Any], columns: str, action: str) -> bool:
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path = pg_catalog, public")
        connection.execute("SET LOCAL timezone = 'UTC'")
        connection.execute(f"CREATE TEMPORARY TABLE trial ({columns}) ON COMMIT DROP")
        before = _file(connection)
        connection.execute(f"ALTER TABLE pg_temp.trial {action}")
        return _file(connection) != before


def _file(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT relfilenode::int8 FROM pg_class WHERE oid = 'pg_temp.trial'::regclass"
    ).fetchone()
    assert row is not None
    return int(row[0])
