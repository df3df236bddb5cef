"""Keeps together what decides who sees what, so that no commit between shows more, or less, than both before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from migrator.hazards import Hazard
from migrator.plan.gaps import Gap
from migrator.plan.vertex import Graph, Vertex
from migrator.statement import Identity, Sight, Statement

Place = tuple[int, Sight]
"""Where in a list what is seen changes, and how."""


def chain(written: Mapping[Vertex, Sequence[Statement]], before: Graph) -> list[Gap]:
    """The first and the last of the vertices that have to commit at once, and those between, tied in this order in
    `before`. `written`: the statements of each, in order."""
    vertices = [vertex for vertex, statements in written.items() for _ in statements]
    found = []
    for places in _by_what_is_seen(one for statements in written.values() for one in statements).values():
        inside = _span(places)
        chained = list(dict.fromkeys(vertices[place] for place, _ in places if place in inside))
        for first, then in pairwise(chained):
            before[then].add(first)
        if len(chained) > 1:
            found.append((chained[0], chained[-1]))
    return found


def bound(statements: Sequence[Statement]) -> list[Statement]:
    """The statements, those that have to commit at once bound to each other; where that cannot be, with hazards."""
    groups = _by_what_is_seen(statements)
    held: set[int] = set()
    for places in groups.values():
        held.update(_span(places)[1:])
    found = [
        replace(one, with_last=True)
        if place in held and _can_share(one) and _can_share(statements[place - 1])
        else one
        for place, one in enumerate(statements)
    ]
    commits = list(accumulate(not one.with_last for one in found))
    for places in groups.values():
        for place, hazard in _apart(places, commits):
            found[place] = replace(found[place], hazards=(*found[place].hazards, hazard))
    return found


def _by_what_is_seen(statements: Iterable[Statement]) -> dict[Identity, list[Place]]:
    groups = defaultdict(list)
    for place, one in enumerate(statements):
        if one.sight:
            groups[one.sight.of].append((place, one.sight))
    return groups


def _span(places: Sequence[Place]) -> range:
    """From the first to the last of those that a commit must not part; empty where any order is as good."""
    more, less = _each_way(places)
    pairs = ((more, less, "too_much"), (less, more, "too_little"))
    ends = [
        (first[0], last[-1])
        for first, last, harm in pairs
        if first and last and first[0] < last[-1] and getattr(places[0][1], harm)
    ]
    return range(min(first for first, _ in ends), max(last for _, last in ends) + 1) if ends else range(0)


def _apart(places: Sequence[Place], commits: Sequence[int]) -> Iterable[tuple[int, Hazard]]:
    """Where something is shown that a later commit hides, or the other way round, and the hazard of that."""
    more, less = _each_way(places)
    for place, one in places:
        if one.more and one.too_much and less and commits[less[-1]] > commits[place]:
            yield place, one.too_much
        if one.less and one.too_little and more and commits[more[-1]] > commits[place]:
            yield place, one.too_little


def _each_way(places: Sequence[Place]) -> tuple[list[int], list[int]]:
    return [place for place, one in places if one.more], [place for place, one in places if one.less]


def _can_share(one: Statement) -> bool:
    """Whether it can be in a transaction with others after it."""
    return one.transactional and not (one.alone or one.moves_rows)
