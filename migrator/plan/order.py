"""Puts changes in order, from dependencies alone: one graph, one deterministic sort.

Every change of every object is a vertex. Then parts are folded into the CREATE or DROP of their parent (fold.py). A circle
that remains is a defect of a rule and is reported with its members.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Iterable

from migrator.kinds.base import Facts, Object
from migrator.plan.changes import Changes
from migrator.plan.fold import outermost
from migrator.plan.inheritance import gone_with_above, held_still, inheritance, moved_rows
from migrator.plan.vertex import Folded, Graph, Verb, Vertex
from migrator.state.snapshot import Snapshot
from migrator.statement import Identity


def graph(changes: Changes, facts: Facts) -> Graph:
    """All vertices, each with what must come before it."""
    before: Graph = {Vertex(Verb.DROP, i): set() for i in changes.dropped}
    before |= {Vertex(Verb.CREATE, i): set() for i in changes.created}
    before |= {Vertex(Verb.ALTER, i): set() for i in changes.altered}
    before |= {Vertex(Verb.SET_ASIDE, i): set() for i in changes.set_aside}

    def comes(first: Vertex, then: Vertex) -> None:
        if first in before and then in before and first != then:
            before[then].add(first)

    for identity in changes.dropped:
        drop, create = Vertex(Verb.DROP, identity), Vertex(Verb.CREATE, identity)
        aside = Vertex(Verb.SET_ASIDE, identity)
        if _goes_with_old_type(changes, identity):
            for other in changes.old.depends.get(identity, ()):
                comes(drop, Vertex(Verb.DROP, other))
            continue
        for other in changes.old.depends.get(identity, ()):
            if identity in changes.set_aside and other in changes.set_aside:
                # Its own words may hold the name of the other: the arguments of a function.
                comes(aside, Vertex(Verb.SET_ASIDE, other))
                comes(drop, Vertex(Verb.DROP, other))
                continue
            for verb in (Verb.SET_ASIDE, Verb.ALTER, Verb.DROP):
                if verb is not Verb.ALTER or not changes.old.objects[other].grows:
                    comes(drop, Vertex(verb, other))
        if aside in before:
            comes(aside, create)
            comes(create, drop)
        else:
            comes(drop, create)
    for identity in changes.created:
        create = Vertex(Verb.CREATE, identity)
        for other in (*changes.new.depends.get(identity, ()), *changes.new.objects[identity].follows()):
            comes(Vertex(Verb.CREATE, other), create)
            comes(Vertex(Verb.ALTER, other), create)
    for identity in changes.altered:
        alter = Vertex(Verb.ALTER, identity)
        old, new = (
            changes.old.depends.get(identity, frozenset()),
            changes.new.depends.get(identity, frozenset()),
        )
        for other in new:
            comes(Vertex(Verb.CREATE, other), alter)
            comes(Vertex(Verb.ALTER, other), alter)
        for other in old:
            if other not in new or other in changes.set_aside:
                comes(alter, Vertex(Verb.DROP, other))
            if other not in new:
                comes(alter, Vertex(Verb.ALTER, other))
    for vertex in [*before]:
        if vertex.verb in (Verb.CREATE, Verb.ALTER):
            for other in changes.new.objects[vertex.identity].displaces(facts):
                comes(Vertex(Verb.DROP, other), vertex)
                comes(vertex, Vertex(Verb.CREATE, other))
    inheritance(changes, before, comes, facts)
    held_still(changes, before)
    moved_rows(changes, comes)
    gone_with_above(changes, before)
    _completed(changes, comes)
    _free_names(changes, comes)
    _tell_overloads_apart(changes, before)
    _set_terms(changes, before)
    _bridges_last(changes, before)
    return before


def _bridges_last(changes: Changes, before: Graph) -> None:
    """What keeps columns in step runs code that may use any of them: it comes after all that are created, and goes
    before any is dropped, but after what enforces them, which takes long to go; the step groups it with its columns."""
    holders = {Vertex(Verb.CREATE, i) for i in changes.created if changes.new.objects[i].holds_rows}
    for identity in changes.created:
        if changes.new.objects[identity].bridges:
            before[Vertex(Verb.CREATE, identity)] |= holders
    old, gone = changes.old.objects, changes.dropped - changes.created
    bridges = {Vertex(Verb.DROP, i) for i in gone if old[i].bridges}
    if not bridges:
        return
    columns = {Vertex(Verb.DROP, i) for i in bridged(changes, Verb.DROP)} - bridges
    for bridge in bridges:
        before[bridge] |= {Vertex(Verb.DROP, i) for i in gone if old[i].enforces and old[i].table not in gone}
    for column in columns:
        before[column] |= bridges
    # What has a column that goes before them, as it has it from their table, goes with that column.
    first = {old[v.identity].table for v in _earlier(before, *columns) if v.identity in old}
    for identity in gone:
        if old[identity].holds_rows and old[identity].table in gone - first:
            before[Vertex(Verb.DROP, identity)] |= columns


def bridged(changes: Changes, verb: Verb) -> set[Identity]:
    """The bridges that come or go, with the columns that come or go on tables that stay; empty without either."""
    if verb is Verb.CREATE:
        moving, objects = changes.created - changes.dropped, changes.new.objects
    else:
        moving, objects = changes.dropped - changes.created, changes.old.objects
    bridges = {i for i in moving if objects[i].bridges}
    columns = {
        i
        for i in moving
        if objects[i].holds_rows and (table := objects[i].table) is not None and table not in moving
    }
    return bridges | columns if bridges and columns else set()


def _goes_with_old_type(changes: Changes, identity: Identity) -> bool:
    """Whether it is written nowhere, as it goes with the type that it is a part of."""
    one = changes.old.objects[identity]
    return identity in changes.carried or (one.inseparable and one.parent in changes.set_aside)


def _set_terms(changes: Changes, before: Graph) -> None:
    """What acts on all that is created after it comes before every creation, but those that it needs itself."""
    creations = {Vertex(Verb.CREATE, identity) for identity in changes.created}
    for vertex in [v for v in before if changes.object(v.identity).sets_terms]:
        one = changes.object(vertex.identity)
        if vertex.verb is Verb.DROP and one.parent in changes.dropped:
            continue
        needed = {v.identity for v in before[vertex]}
        for creation in creations:
            if creation.identity not in needed and not changes.object(creation.identity).sets_terms:
                before[creation].add(vertex)


def _completed(changes: Changes, comes: Callable[[Vertex, Vertex], None]) -> None:
    """What uses an object comes after all that is needed to make it whole."""
    completing: dict[Identity, list[Identity]] = defaultdict(list)
    for identity in changes.created:
        whole = changes.new.objects[identity].completes()
        if whole:
            completing[whole].append(identity)
    for whole, ones in completing.items():
        for user in changes.new.dependants.get(whole, ()):
            if changes.new.objects[user].completes() == whole:
                continue
            for one in ones:
                comes(Vertex(Verb.CREATE, one), Vertex(Verb.CREATE, user))
                comes(Vertex(Verb.CREATE, one), Vertex(Verb.ALTER, user))


def _tell_overloads_apart(changes: Changes, before: Graph) -> None:
    """An overload that goes does so before what uses another one: a call could mean both. Where that would close
    a circle, the call is left to say which."""
    old, new = changes.old, changes.new
    gone = {i: shared for i in sorted(changes.dropped) if (shared := old.objects[i].overloads)}
    users: dict[Identity, set[Vertex]] = defaultdict(set)
    for vertex in [v for v in before if gone and v.verb in (Verb.CREATE, Verb.ALTER)]:
        for other in new.depends.get(vertex.identity, ()):
            if shared := new.objects[other].overloads:
                users[shared].add(vertex)
    for identity, shared in gone.items():
        drop = Vertex(Verb.SET_ASIDE if identity in changes.set_aside else Verb.DROP, identity)
        earlier = _earlier(before, drop) if users[shared] else set()
        for vertex in users[shared] - earlier:
            before[vertex].add(drop)


def _earlier(before: Graph, *vertices: Vertex) -> set[Vertex]:
    """The vertices, and all that comes before them, at any distance."""
    todo, found = [*vertices], {*vertices}
    while todo:
        for other in before[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return found


def _free_names(changes: Changes, comes: Callable[[Vertex, Vertex], None]) -> None:
    """What gives up a name goes before what takes it."""
    taken: dict[Identity, list[Vertex]] = defaultdict(list)
    given: list[tuple[Identity, Vertex]] = []
    for verb, identities in ((Verb.CREATE, changes.created), (Verb.ALTER, changes.altered)):
        for identity in identities:
            for name in _names(changes.new, identity) - _kept_names(changes, verb, identity):
                taken[name].append(Vertex(verb, identity))
    gone = changes.dropped - changes.set_aside - changes.carried
    for verb, ones in (
        (Verb.DROP, gone),
        (Verb.SET_ASIDE, changes.set_aside),
        (Verb.ALTER, {*changes.altered}),
    ):
        for identity in ones:
            names = _names(changes.old, identity) - _kept_names(changes, verb, identity)
            given += [(name, Vertex(verb, identity)) for name in names]
    for identity in changes.set_aside:
        given += [(name, Vertex(Verb.SET_ASIDE, identity)) for name in _names(changes.old, identity)]
    for identity in changes.carried:
        one = changes.old.objects[identity]
        if one.own_name and one.table is not None:  # its table gives it another name when it is set aside
            names = _names(changes.old, identity)
            given += [(name, Vertex(Verb.SET_ASIDE, one.table)) for name in names]
    for name, giver in given:
        for taker in taken.get(name, ()):
            comes(giver, taker)


def _names(snapshot: Snapshot, identity: Identity) -> set[Identity]:
    return set(snapshot.objects[identity].names_taken)


def _kept_names(changes: Changes, verb: Verb, identity: Identity) -> set[Identity]:
    """The names that an object has before and after a change in place."""
    if verb is not Verb.ALTER:
        return set()
    return _names(changes.old, identity) & _names(changes.new, identity)


def prepare(changes: Changes, before: Graph, folded: Folded, facts: Facts) -> set[Identity]:
    """Adds vertices that do what takes long in making an object, while those that go because of it are still there;
    returns whose. Only where nothing that it waits for waits for the old one to go."""
    found = set()
    freed: dict[Vertex, set[Identity]] = defaultdict(set)
    for vertex in (*before, *folded):
        if vertex.verb is Verb.DROP:
            freed[outermost(vertex, folded)] |= _names(changes.old, vertex.identity)
    for made in [v for v in before if v.verb in (Verb.CREATE, Verb.ALTER)]:
        one = changes.new.objects[made.identity]
        if not one.prepares(facts):
            continue
        names = {name for name in one.names_taken if name[0] == "relation"} - _own_names(changes, made)
        needed = {v for v in before[made] if names & freed[v] or _is_waited_for(changes, v)}
        drop = outermost(Vertex(Verb.DROP, made.identity), folded)
        if any(drop in _earlier(before, other) for other in needed):
            continue
        first = Vertex(Verb.PREPARE, made.identity)
        before[first] = needed
        for later in (made, drop):
            if later in before:
                before[later].add(first)
        found.add(made.identity)
    return found


def _own_names(changes: Changes, made: Vertex) -> set[Identity]:
    """The names that it has already, which it gives up by being replaced."""
    before = changes.old.objects.get(made.identity)
    return set(before.names_taken) if before else set()


def _is_waited_for(changes: Changes, vertex: Vertex) -> bool:
    """Whether an index can be built only after this vertex, though it frees no name: what it holds is there then."""
    if vertex.verb is Verb.DROP:
        return False
    return vertex.verb is Verb.HOOK or not changes.object(vertex.identity).enforces


def sort(before: Graph, rank: Callable[[Vertex], tuple[object, ...]]) -> list[Vertex]:
    """The vertices, each after those before it; `rank` decides between vertices that could both come next."""
    remaining = {vertex: len(others) for vertex, others in before.items()}
    after: dict[Vertex, list[Vertex]] = defaultdict(list)
    for vertex, others in before.items():
        for other in others:
            after[other].append(vertex)
    ready = [(rank(vertex), vertex) for vertex, count in remaining.items() if not count]
    heapq.heapify(ready)
    ordered = []
    while ready:
        _, vertex = heapq.heappop(ready)
        ordered.append(vertex)
        for other in after[vertex]:
            remaining[other] -= 1
            if not remaining[other]:
                heapq.heappush(ready, (rank(other), other))
    return ordered


def evaluating(changes: Changes, before: Graph, folded: Folded) -> set[Vertex]:
    """The vertices that can run code of which nobody knows what it uses: what is made should be there by then."""
    objects = changes.new.objects
    todo = [identity for identity, one in objects.items() if one.opaque]
    reached = set(todo)
    while todo:
        for dependant in changes.new.dependants.get(todo.pop(), ()):
            if dependant not in reached:
                reached.add(dependant)
                todo.append(dependant)
    makes = (v for v in before if v.verb in (Verb.CREATE, Verb.ALTER) and v.identity in reached)
    whole = {outermost(vertex, folded) for vertex in makes}
    return {v for v in whole if objects[v.identity].evaluates or objects[v.identity].enforces}


def ranking(
    changes: Changes, kinds: Iterable[str], evaluating: Container[Vertex] = ()
) -> Callable[[Vertex], tuple[object, ...]]:
    """A rank that keeps what belongs to one table together. What enforces or evaluates comes late, since code can
    use what no catalog tells of; then what only goes, so that nothing is missed meanwhile."""
    places = {kind: place for place, kind in enumerate(kinds)}
    overloads = {shared for i in changes.created if (shared := changes.new.objects[i].overloads)}

    def stage(vertex: Vertex, one: Object) -> int:
        if one.watches:
            return 0 if vertex.verb is Verb.DROP else 5
        if vertex.verb is Verb.DROP and vertex.identity not in changes.created:
            # An overload goes before another one comes, since a call could not tell them apart.
            beside = one.overloads in overloads or (one.seen_through and one.parent == one.table)
            return 3 if one.enforces else 1 if beside else 4
        return 2 if vertex in evaluating or (one.enforces and one.table not in changes.created) else 1

    def rank(vertex: Vertex) -> tuple[object, ...]:
        if vertex.verb is Verb.HOOK:
            return (1, True, len(places), vertex.identity, 0, 0, vertex.identity, vertex.verb)
        one = (changes.old if vertex.verb is Verb.DROP else changes.new).objects.get(vertex.identity)
        one = one or changes.object(vertex.identity)
        root = one
        while root.parent is not None:
            parent = changes.new.objects.get(root.parent) or changes.old.objects.get(root.parent)
            if parent is None or parent.parent is None:
                break
            root = parent
        return (
            stage(vertex, one),
            vertex.verb is not Verb.PREPARE,
            places.get(root.identity[0], 0),
            root.identity,
            places.get(one.identity[0], 0),
            one.position,
            one.identity,
            vertex.verb,
        )

    return rank
