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
from migrator.state.trial import unwatched

_ARRAY, _CAST = "])", "::text[]"


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


def worded(connection: psycopg.Connection[Any], one: Object) -> Object:
    """The object in words that PostgreSQL, once it has read them, prints as it is printed now, in the connected database.

    What it prints as a whole array that is cast to text[], it reads as an array of elements that are cast each. Left
    away, that cast comes by itself. Whether it does is tried; where no words are found, the object is as it was.
    """
    given = {name: getattr(one, name) for name in one.printed}
    cast = _ARRAY + _CAST
    shorter = {name: text.replace(cast, _ARRAY) for name, text in given.items() if text and cast in text}
    if not shorter:
        return one
    candidate = one.with_(**shorter)
    reread, again = _reread(connection, one), _reread(connection, candidate)
    if reread is None or again is None or not one.differences(reread) or one.differences(again):
        return one
    return candidate


def _reread(connection: psycopg.Connection[Any], one: Object) -> Object | None:
    setup, query = one.reprint()
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ WRITE")  # for a temporary object, which is rolled back
            unwatched(connection)
            connection.execute("SET LOCAL search_path = pg_catalog")
            for statement in setup:
                connection.execute(statement)
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return None
    return None if row is None else one.with_(**dict(zip(one.printed, row, strict=True)))
