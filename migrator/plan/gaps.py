"""Keeps the time short in which what is replaced is away: what takes long comes before or after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from migrator.kinds.base import Object
from migrator.plan.changes import Changes
from migrator.plan.fold import outermost
from migrator.plan.vertex import Folded, Graph, Verb, Vertex
from migrator.statement import Identity

Gap = tuple[Vertex, Vertex]
"""The vertex by which something goes, and that by which it comes back."""


def gaps(
    ordered: Sequence[Vertex], folded: Folded, changes: Changes, slow: Callable[[Vertex], bool]
) -> dict[Identity, Gap]:
    """What is dropped and built again by quick statements, but holds nothing: it is better away for a moment only. And
    the rows that nobody sees from when their table is set aside, or untied, until they have moved."""
    standing = set(ordered)
    found = {}
    for identity in sorted(changes.replaced - changes.set_aside - changes.carried):
        ends = outermost(Vertex(Verb.DROP, identity), folded), Vertex(Verb.CREATE, identity)
        fixed = (one.holds_rows or one.watches or one.sets_terms or one.bridges for one in _of(changes, ends))
        if standing.issuperset(ends) and not any(fixed) and not any(map(slow, ends)):
            found[identity] = ends
    for identity in sorted(changes.set_aside - changes.carried):
        one = changes.old.objects[identity]
        ends = Vertex(Verb.SET_ASIDE, identity), Vertex(Verb.DROP, identity)
        if (one.holds_rows or one.ties()) and standing.issuperset(ends) and not any(map(slow, ends)):
            found[identity] = ends
    return found


def _of(changes: Changes, ends: Gap) -> list[Object]:
    return [changes.object(vertex.identity) for vertex in ends]


def close_gaps(
    ordered: Sequence[Vertex],
    before: Graph,
    gaps: Sequence[Gap],
    slow: Callable[[Vertex], bool],
    tight: Collection[Gap] = (),
) -> list[Vertex]:
    """The vertices in an order in which nothing slow that need not be is between the two ends of a gap: nothing at all,
    where it is one of `tight`."""
    found = list(ordered)
    slow_ones = {vertex for vertex in ordered if slow(vertex)}
    starts = {first for first, _ in gaps}
    for ends in _joined(found, before, gaps) if slow_ones or tight else ():
        places = [place for place, vertex in enumerate(found) if any(vertex in pair for pair in ends)]
        window = slice(places[0], places[-1] + 1)
        if not slow_ones.isdisjoint(found[window]) or any(pair in tight for pair in ends):
            found[window] = _closed(found[window], before, ends, starts)
    return found


def _joined(ordered: Sequence[Vertex], before: Graph, gaps: Sequence[Gap]) -> list[list[Gap]]:
    """The gaps, those together that are open for the sake of the same vertices."""
    places = {vertex: place for place, vertex in enumerate(ordered)}
    groups: list[tuple[set[Vertex], list[Gap]]] = []
    for first, last in gaps:
        window = ordered[places[first] : places[last] + 1]
        core, ends = _core(window, before, [(first, last)])[2], [(first, last)]
        for other in [group for group in groups if not core.isdisjoint(group[0])]:
            groups.remove(other)
            core, ends = core | other[0], other[1] + ends
        groups.append((core, ends))
    return [ends for _, ends in groups]


def _core(
    window: Sequence[Vertex], before: Graph, ends: Sequence[Gap]
) -> tuple[set[Vertex], set[Vertex], set[Vertex]]:
    """What can come only once a gap is open, what has to come before one is closed, and what is both."""
    freed, needed = ({pair[end] for pair in ends} for end in (0, 1))
    for vertex in window:
        if before[vertex] & freed:
            freed.add(vertex)
    for vertex in reversed(window):
        if vertex in needed:
            needed |= before[vertex]
    return freed, needed, freed & needed


def _closed(
    window: Sequence[Vertex], before: Graph, ends: Sequence[Gap], starts: set[Vertex]
) -> list[Vertex]:
    """The same vertices, with those that need not be in the gaps before or after them."""
    freed, needed, inside = _core(window, before, ends)
    ahead: set[Vertex] = set()
    for vertex in reversed(window):
        # What is on neither way goes where it is in no other gap: what is dropped before, what is made after.
        goes = vertex.verb in _GOES and vertex not in starts
        if vertex not in freed and (vertex in needed or vertex in ahead or goes):
            ahead |= {vertex, *before[vertex]}
    return [
        *(vertex for vertex in window if vertex in ahead),
        *(vertex for vertex in window if vertex in inside),
        *(vertex for vertex in window if vertex not in ahead and vertex not in inside),
    ]


_GOES = (Verb.DROP, Verb.EMPTY, Verb.SET_ASIDE, Verb.PREPARE)
