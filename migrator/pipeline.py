"""The whole product on one screen: what each command does, as a few calls."""

from __future__ import annotations

from typing import Any

import psycopg

from migrator.migration import sql
from migrator.plan.plan import Plan, plan
from migrator.state import catalog, trial


def compare(old: psycopg.Connection[Any], new: psycopg.Connection[Any], *, oldest: int | None = None) -> Plan:
    """The plan that turns the first database into the second; both connections are in autocommit."""
    before, after = catalog.read(old), catalog.read(new)
    return plan(
        before,
        after,
        oldest=oldest or min(before.version, after.version),
        attempt=lambda wanted, facts: trial.attempt(new, wanted, facts),
    )


def between(old_url: str, new_url: str) -> str:
    """The SQL that turns the first database into the second; an empty string where they are the same."""
    with psycopg.connect(old_url, autocommit=True) as old, psycopg.connect(new_url, autocommit=True) as new:
        return sql.script(compare(old, new))
