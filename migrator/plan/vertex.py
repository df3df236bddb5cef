"""One change of one object as a vertex of the graph of changes, and what can be wrong with that graph."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from migrator.errors import PlanError
from migrator.kinds.base import describe
from migrator.plan.changes import Changes
from migrator.statement import Identity


class Verb(StrEnum):
    """What happens to the object of a vertex."""

    SET_ASIDE = "set aside"
    DECLARE = "declare"
    EMPTY = "empty"
    PREPARE = "prepare"
    CREATE = "create"
    ALTER = "alter"
    DROP = "drop"
    HOOK = "run"


class Vertex(NamedTuple):
    """One change of one object."""

    verb: Verb
    identity: Identity

    def __str__(self) -> str:
        return f"{self.verb} {describe(self.identity)}"


class Circle(PlanError):
    """Changes that each have to come before the next, all the way round. `members`: the objects."""

    def __init__(self, vertices: Iterable[Vertex], changes: Changes):
        ordered = sorted(vertices)
        replaced = {i: changes.old.objects[i] for _, i in ordered if i in changes.replaced}
        for identity, one in replaced.items():
            if one.stands_alone:
                what, where = "it cannot be replaced while others use it", describe(identity)
                users = sorted(replaced.keys() & set(changes.old.dependants.get(identity, ())))
                why = f"{one.stands_alone}, and {', '.join(map(describe, users))} cannot be without one"
                hint = "in a migration before this one, let these name another, and in one after it this one again"
                break
        else:
            what, where = "the changes depend on each other in a circle", ", ".join(map(str, ordered))
            why = "a rule of the migrator is wrong or missing for this mixture"
            hint = "report it with the two schemas; until then split the change into two migrations"
        super().__init__(what, where=where, why=why, hint=hint)
        self.members = frozenset(vertex.identity for vertex in ordered)


Graph = dict[Vertex, set[Vertex]]
"""Vertex -> those which come before it."""
Folded = dict[Vertex, Vertex]
"""Vertex -> the vertex of its parent, inside whose statement it is written."""
