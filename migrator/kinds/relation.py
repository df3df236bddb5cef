"""Which kind a relation is, by pg_class.relkind: for what can stand on tables, views and others alike.

A foreign table is called a table.
"""

from __future__ import annotations

from migrator.statement import Identity

_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized_view", "f": "table"}


def relation(relkind: str, schema: str, name: str) -> Identity:
    """The identity of the relation of this relkind and name."""
    return (_KINDS[relkind], schema, name)
