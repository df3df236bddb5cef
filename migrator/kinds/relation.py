"""Which kind a relation is, by pg_class.relkind: for what can stand on tables, views and others alike.

A foreign table is called a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.statement import Identity

if TYPE_CHECKING:
    from migrator.kinds.base import Facts

_KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized_view", "f": "table"}
RELATIONS = ("table", "view", "materialized_view")
"""The kinds of object that have columns which rows can be read from."""


def relation(relkind: str, schema: str, name: str) -> Identity:
    """The identity of the relation of this relkind and name."""
    return (_KINDS[relkind], schema, name)


def rows_elsewhere(table: Identity, facts: Facts) -> bool:
    """Whether it is a foreign table, whose rows are another server's: they are neither read nor changed."""
    one = facts.new(table)
    return one is not None and one.kind == "table" and not one.holds_rows
