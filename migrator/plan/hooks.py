"""Hand-written SQL that a migration carries, as vertices of the same graph as the changes.

A backfill comes after the columns that it fills and after what keeps old and new columns in step, and before whatever
enforces or indexes anything of that table: an index costs an entry for each row that moves to another page. A precondition joins the generated ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrator.plan.changes import Changes
from migrator.plan.vertex import Graph, Verb, Vertex
from migrator.statement import Backfill, Identity, Precondition


@dataclass(frozen=True)
class Hooks:
    """The hooks of one direction of one migration."""

    preconditions: tuple[Precondition, ...] = ()
    backfills: tuple[Backfill, ...] = ()

    def filled(self) -> frozenset[Identity]:
        """The columns that a backfill fills."""
        return frozenset(("column", *b.table[1:], column) for b in self.backfills for column in b.fills)


def place(hooks: Hooks, changes: Changes, before: Graph) -> dict[Vertex, Backfill]:
    """Adds the backfills to the graph, each in its place; returns their vertices."""
    placed = {}
    for backfill in hooks.backfills:
        hook = Vertex(Verb.HOOK, ("backfill", *backfill.table[1:], backfill.name))
        columns = {("column", *backfill.table[1:], column) for column in backfill.fills}
        placed[hook] = backfill
        readers = _readers(columns, changes)
        before[hook] = {v for v in before if v.verb in (Verb.CREATE, Verb.ALTER) and v.identity in columns}
        for vertex in before:
            if vertex.verb not in (Verb.CREATE, Verb.ALTER) or vertex == hook:
                continue
            one = changes.new.objects[vertex.identity]
            if one.bridges and one.table == backfill.table:
                before[hook].add(vertex)
            elif one.enforces and (one.table == backfill.table or vertex.identity in readers):
                before[vertex].add(hook)
    return placed


def _readers(columns: set[Identity], changes: Changes) -> set[Identity]:
    """What depends on the columns, at any distance: the rows of a materialized view on a view on a table."""
    todo, found = list(columns), set(columns)
    while todo:
        for dependant in changes.new.dependants.get(todo.pop(), ()):
            if dependant not in found:
                found.add(dependant)
                todo.append(dependant)
    return found
