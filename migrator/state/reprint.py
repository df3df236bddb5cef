"""Definitions that differ in print and not in what they say.

PostgreSQL prints some definitions in a form that it reads back as another one: a CHECK `status IN ('a', 'b')` on a
varchar column is printed as it was understood, and executed, that is understood a little differently. So of two
databases, one made from models and one restored from a dump, the texts differ for ever. Where only such a text
differs, it is executed on a temporary object, and what is printed then is compared as well.
"""

from __future__ import annotations

from typing import Any

import psycopg

from migrator.kinds.base import Object


def same(connection: psycopg.Connection[Any], before: Object, after: Object) -> bool:
    """Whether two forms of an object are one when they are read once more, in the connected database.

    Nothing stays changed in it; False where it cannot be tried there.
    """
    changed = before.differences(after)
    if not changed:
        return True
    if not set(changed) <= set(before.printed):
        return False
    reread = _reread(connection, after)
    if reread is not None and not before.differences(reread):
        return True
    first = _reread(connection, before)
    return first is not None and any(
        other is not None and not first.differences(other) for other in (after, reread)
    )


def _reread(connection: psycopg.Connection[Any], one: Object) -> Object | None:
    setup, query = one.reprint()
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ WRITE")  # for a temporary object, which is rolled back
            connection.execute("SET LOCAL search_path = pg_catalog")
            for statement in setup:
                connection.execute(statement)
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return None
    return None if row is None else one.with_(**dict(zip(one.printed, row, strict=True)))
