"""Folds parts into the statement of their parent (columns into their table), and tells of circles.

Where folding would close a circle (a table and a function that need each other) the part is left to stand by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from migrator.kinds.base import Facts, Object
from migrator.plan.changes import Changes
from migrator.plan.vertex import Circle, Folded, Graph, Verb, Vertex
from migrator.statement import Identity


def fold(changes: Changes, before: Graph, facts: Facts) -> Folded:
    """Which vertices are written inside their parent's. Circle where no order is left."""
    folded: Folded = {}
    for vertex in before:
        one = (changes.old if vertex.verb is Verb.DROP else changes.new).objects.get(vertex.identity)
        if one is None:
            continue
        above = next(
            (
                o
                for o in _above(changes, vertex, one, facts)
                if o != vertex.identity and Vertex(vertex.verb, o) in before
            ),
            None,
        )
        if above is None:
            continue
        stays = one.inseparable or vertex.identity in changes.carried
        if vertex.verb is Verb.DROP and above in changes.set_aside and not stays:
            continue  # it goes while the type still has its name
        folded[vertex] = Vertex(vertex.verb, above)
    return _unfold_circles(changes, before, folded, facts)


def _above(changes: Changes, vertex: Vertex, one: Object, facts: Facts) -> Iterable[Identity]:
    """Objects whose vertex of the same verb also does what this vertex is for."""
    if vertex.verb is Verb.CREATE:
        return [one.parent] if one.parent and one.fits_inside(facts) else []
    tied = [original for tie, original in one.copies() if tie not in changes.dropped | changes.created]
    if vertex.verb is Verb.ALTER and not tied and one.copyable:
        retyped = changes.old.objects[vertex.identity].retypes(changes.altered[vertex.identity])
        return facts.together(vertex.identity)[:1] if retyped else []
    if vertex.verb is Verb.ALTER:
        return tied
    return [*one.goes_with(facts), *(() if one.own else tied)] if vertex.verb is Verb.DROP else []


def _unfold_circles(changes: Changes, before: Graph, folded: Folded, facts: Facts) -> Folded:
    while True:
        contracted = contract(before, folded)
        circles = _circles(contracted)
        if not circles:
            return folded
        after: Graph = {vertex: set() for vertex in before}
        for vertex, others in before.items():
            for other in others:
                after[other].add(vertex)
        out = set()
        for circle in circles:
            members = [v for v in sorted(folded) if outermost(v, folded) in circle]
            touching = {
                v: (_outside(before[v], v, folded) & circle, _outside(after[v], v, folded) & circle)
                for v in members
            }
            # What must go before its parent, or come after it, is what has to stand by itself.
            eager = {v for v, (first, then) in touching.items() if (then if v.verb is Verb.DROP else first)}
            out |= eager or {v for v, (first, then) in touching.items() if first or then}
        if not out and not any(_split(changes, before, folded, circle, facts) for circle in circles):
            raise Circle((v for circle in circles for v in circle), changes)
        folded = {v: p for v, p in folded.items() if v not in out}


def _split(changes: Changes, before: Graph, folded: Folded, circle: set[Vertex], facts: Facts) -> bool:
    """Opens a circle at an object that its users take as it was and as it will be, or that can stand without what it
    uses, before that comes or until it is gone."""
    if any(_loosened(changes, before, folded, circle, vertex) for vertex in sorted(circle)):
        return True
    if any(_steps_aside(changes, before, folded, circle, vertex) for vertex in sorted(circle)):
        return True
    # What holds code comes last: its arguments and its result may be of types that are in the circle too.
    for vertex in sorted(circle, key=lambda v: (changes.object(v.identity).opaque, v)):
        gone = vertex.verb is Verb.DROP
        one = (changes.old if gone else changes.new).objects.get(vertex.identity)
        hollow = Vertex(Verb.EMPTY if gone else Verb.DECLARE, vertex.identity)
        if one is None or not one.declarable or vertex.verb is Verb.SET_ASIDE or hollow in before:
            continue
        if gone and vertex.identity in changes.set_aside:
            continue  # it has another name by then
        before[hollow] = {other for other in before[vertex] if outermost(other, folded) not in circle}
        for other, earlier in before.items():
            if vertex in earlier and other != hollow and outermost(other, folded) in circle - {vertex}:
                earlier.remove(vertex)
                earlier.add(hollow)
        before[vertex].add(hollow)
        return True
    return any(_outlived(changes, before, folded, circle, vertex, facts) for vertex in sorted(circle))


def _steps_aside(
    changes: Changes, before: Graph, folded: Folded, circle: set[Vertex], vertex: Vertex
) -> bool:
    """Whether a change in place that takes a name in the circle now gives up its own before that, for another one to take."""
    one, aside = changes.old.objects.get(vertex.identity), Vertex(Verb.SET_ASIDE, vertex.identity)
    if vertex.verb is not Verb.ALTER or one is None or not one.own_name or aside in before:
        return False
    takers = {
        v
        for v in before
        if vertex in before[v]
        and outermost(v, folded) in circle - {vertex}
        and _takes_name(changes, vertex.identity, v)
    }
    if takers:
        before[aside] = {other for other in before[vertex] if outermost(other, folded) not in circle}
        before[vertex].add(aside)
    for taker in takers:
        before[taker].remove(vertex)
        before[taker].add(aside)
    return bool(takers)


def _takes_name(changes: Changes, giver: Identity, taker: Vertex) -> bool:
    """Whether all that the one waits for is a name that the other has until it changes."""
    if taker.verb is Verb.DROP or giver in changes.new.depends.get(taker.identity, ()):
        return False
    given = {*changes.old.objects[giver].names_taken}.difference(changes.new.objects[giver].names_taken)
    return bool(given.intersection(changes.new.objects[taker.identity].names_taken))


def _outlived(
    changes: Changes, before: Graph, folded: Folded, circle: set[Vertex], vertex: Vertex, facts: Facts
) -> bool:
    """Whether users that go no longer have to go before a change in place in the circle, as it leaves them as they are."""
    one = changes.old.objects.get(vertex.identity)
    if vertex.verb is not Verb.ALTER or one is None:
        return False
    fields = changes.altered[vertex.identity]
    if one.retypes(fields) or one.renews(fields, facts):
        return False
    gone = _users_that_go(changes, before, folded, circle, vertex)
    before[vertex] -= gone
    return bool(gone)


def _users_that_go(
    changes: Changes, before: Graph, folded: Folded, circle: set[Vertex], vertex: Vertex
) -> set[Vertex]:
    """The users of its object in the circle that are dropped before the vertex."""
    gone = {v for v in before[vertex] if v.verb is Verb.DROP and outermost(v, folded) in circle}
    return {v for v in gone if vertex.identity in changes.old.depends.get(v.identity, ())}


def _loosened(changes: Changes, before: Graph, folded: Folded, circle: set[Vertex], vertex: Vertex) -> bool:
    """Whether a change in place no longer has to come before its users in the circle, or after those that go."""
    one = changes.old.objects.get(vertex.identity)
    if vertex.verb is not Verb.ALTER or one is None:
        return False
    if not one.same_to_users(changes.altered[vertex.identity]):
        return False
    gone = _users_that_go(changes, before, folded, circle, vertex)
    users = {
        v
        for v in before
        if vertex in before[v]
        and v.verb is not Verb.DROP
        and outermost(v, folded) in circle - {vertex}
        and vertex.identity in changes.new.depends.get(v.identity, ())
    }
    before[vertex] -= gone
    for user in users:
        before[user].discard(vertex)
    return bool(gone or users)


def _outside(others: Iterable[Vertex], vertex: Vertex, folded: Folded) -> set[Vertex]:
    """The outermost vertices of `others`, without the vertex's own."""
    return {outermost(other, folded) for other in others} - {outermost(vertex, folded)}


def outermost(vertex: Vertex, folded: Folded) -> Vertex:
    """The vertex in whose statement it is written."""
    while vertex in folded:
        vertex = folded[vertex]
    return vertex


def contract(before: Graph, folded: Folded) -> Graph:
    """The graph of the vertices that stand by themselves."""
    contracted: Graph = {vertex: set() for vertex in before if vertex not in folded}
    for vertex, others in before.items():
        home = outermost(vertex, folded)
        for other in others:
            first = outermost(other, folded)
            if first != home:
                contracted[home].add(first)
    return contracted


def _circles(before: Graph) -> list[set[Vertex]]:
    """The strongly connected components of more than one vertex (Tarjan, without recursion)."""
    remaining = {vertex: len(others) for vertex, others in before.items()}
    after: dict[Vertex, list[Vertex]] = defaultdict(list)
    for vertex, others in before.items():
        for other in others:
            after[other].append(vertex)
    ready = [vertex for vertex, count in remaining.items() if not count]
    while ready:
        vertex = ready.pop()
        del remaining[vertex]
        for other in after[vertex]:
            remaining[other] -= 1
            if not remaining[other]:
                ready.append(other)
    return _components({v: before[v] & remaining.keys() for v in remaining})


def _components(before: Mapping[Vertex, set[Vertex]]) -> list[set[Vertex]]:
    index: dict[Vertex, int] = {}
    low: dict[Vertex, int] = {}
    stack: list[Vertex] = []
    on_stack: set[Vertex] = set()
    found: list[set[Vertex]] = []
    for root in sorted(before):
        if root in index:
            continue
        work = [(root, iter(sorted(before[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            vertex, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(before[other]))))
                    break
                if other in on_stack:
                    low[vertex] = min(low[vertex], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[vertex])
                if low[vertex] == index[vertex]:
                    component = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.add(member)
                        if member == vertex:
                            break
                    if len(component) > 1:
                        found.append(component)
    return found
