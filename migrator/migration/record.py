"""What machines read of a migration: migration.json, and the file through which Alembic sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from migrator.kinds.base import describe
from migrator.migration.history import hash_one
from migrator.plan.plan import Plan


def record(revision: str, parent: str | None, plans: Mapping[str, Plan], files: Mapping[str, str]) -> str:
    """migration.json: revision, parent, the steps of both directions, hashes of the other files.

    No fingerprint of the schema is in it: a newer migrator models more, and would find that every old one is wrong.
    """
    return (
        json.dumps(
            {
                "revision": revision,
                "parent": parent,
                **{direction: _direction(plan) for direction, plan in plans.items()},
                "files": {name: hash_one(text.encode()) for name, text in sorted(files.items())},
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def _direction(plan: Plan) -> dict[str, Any]:
    return {
        "preconditions": [one.name for one in plan.preconditions],
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "transaction": step.transactional,
                "locks": {describe(one.relation): one.mode.sql for one in step.locks},
                "hazards": sorted({hazard.code for s in step.statements for hazard in s.hazards}),
                "statements": [s.sql for s in step.statements],
            }
            for step in plan.steps
        ],
    }


def revision_file(name: str, revision: str, parent: str | None) -> str:
    """The module that Alembic loads."""
    return (
        f'"""{name}, as Alembic sees it; the SQL is in upgrade.sql and downgrade.sql."""\n\n'
        "from migrator.alembic import directions\n\n"
        f'revision = "{revision}"\n'
        f"down_revision = {json.dumps(parent) if parent else None}\n"
        "upgrade, downgrade = directions(__file__)\n"
    )
