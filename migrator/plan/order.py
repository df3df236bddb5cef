"""Puts changes in order, from dependencies alone: one graph, one deterministic sort.

Every change of every object is a vertex. Then parts are folded into the CREATE or DROP of their parent (columns into
their table); where folding would close a circle (a table and a function that need each other) the part is left to
stand by itself. A circle that remains is a defect of a rule and is reported with its members.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from migrator.errors import PlanError
from migrator.kinds.base import Facts, Object, describe
from migrator.plan.changes import Changes
from migrator.state.snapshot import Snapshot
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
    _inheritance(changes, before, comes, facts)
    _held_still(changes, before)
    _moved_rows(changes, comes)
    _gone_with_above(changes, before)
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
    for other in {Vertex(Verb.DROP, i) for i in gone if old[i].holds_rows and old[i].table in gone}:
        before[other] |= columns


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


def _inheritance(
    changes: Changes, before: Graph, comes: Callable[[Vertex, Vertex], None], facts: Facts
) -> None:
    """Tables are tied once their parts fit each other, and are no longer tied when a part changes by itself."""
    stay = {Vertex(Verb.DROP, i) for i in changes.carried}
    ties = [v for v in before if v not in stay and changes.object(v.identity).ties()]
    _bounds(changes, ties, comes)
    ties = [v for v in ties if v.verb is not Verb.ALTER]
    parts: dict[Identity, list[Vertex]] = defaultdict(list)
    for vertex in before:
        one = changes.object(vertex.identity)
        if one.copyable and one.table and vertex not in stay:
            parts[one.table].append(vertex)

    def one_of(tie: Vertex) -> Object:
        return (changes.new if tie.verb is Verb.CREATE else changes.old).objects[tie.identity]

    held = _held_over(changes, ties, parts)
    for tie in ties:
        one = one_of(tie)
        inside = tie.verb is Verb.CREATE and one.fits_inside(facts)
        for table in one.ties() or ():
            for part in () if inside and table == one.parent else parts.get(table, ()):
                if table in held and table == one.parent and part.verb is not tie.verb:
                    continue  # what comes with the one tie, or goes with the other
                if tie.verb is Verb.CREATE:
                    if part.verb is Verb.DROP or not changes.object(part.identity).handed_on:
                        comes(part, tie)
                elif part.verb is Verb.CREATE:
                    # What detaching leaves behind takes a name, and is gone before others may need it; what comes to
                    # the parent would stay on the child that leaves.
                    near = table == one.parent or not {table, one.parent} & (
                        changes.created | changes.dropped
                    )
                    if near and tie.verb is Verb.DROP and tie.identity not in changes.set_aside:
                        comes(tie, part)
                    # A column that comes to a parent comes to its children, which take none by themselves.
                    if tie.verb is Verb.SET_ASIDE and changes.object(part.identity).holds_rows:
                        comes(tie, part)
                elif tie.verb is Verb.SET_ASIDE or tie.identity not in changes.set_aside:
                    comes(tie, part)
    _lower_first(changes, ties, comes)
    for tie in ties:
        if tie.verb is Verb.CREATE:
            for other in ties:
                if other.verb is Verb.DROP and other.identity in changes.set_aside:
                    comes(tie, other)
                elif other.verb in (Verb.SET_ASIDE, Verb.DROP):
                    both = changes.old.objects[other.identity].parent
                    comes(*((tie, other) if one_of(tie).parent == both in held else (other, tie)))
    for vertex in [v for ones in parts.values() for v in ones]:
        one = (changes.old if vertex.verb is Verb.DROP else changes.new).objects[vertex.identity]
        for tie_identity, original in one.copies():
            if vertex.verb is Verb.DROP:
                if tie_identity not in changes.dropped:
                    comes(Vertex(Verb.DROP, original), vertex)
            elif tie_identity in changes.created:
                tie, above = Vertex(Verb.CREATE, tie_identity), Vertex(Verb.CREATE, original)
                comes(*((tie, above) if one.handed_on else (above, tie)))
            else:
                before_it = changes.old.objects.get(vertex.identity)
                merged = before_it is not None and original not in [o for _, o in before_it.copies()]
                for verb in (Verb.CREATE, Verb.ALTER):
                    above = Vertex(verb, original)
                    if (one.own or merged) and verb is Verb.CREATE:
                        comes(vertex, above)
                    else:
                        comes(above, vertex)


def _lower_first(changes: Changes, ties: Iterable[Vertex], comes: Callable[[Vertex, Vertex], None]) -> None:
    """A table is untied before that above it: what detaching leaves behind on the upper one, and is dropped there, it
    would lose a second time."""
    gone = {
        tables[0]: tie
        for tie in ties
        if tie.verb is (Verb.SET_ASIDE if tie.identity in changes.set_aside else Verb.DROP)
        and (one := changes.old.objects[tie.identity]).sets_aside
        and (tables := one.ties())
    }
    for tie in gone.values():
        _, above = changes.old.objects[tie.identity].ties() or ((), ())
        if above in gone:
            comes(tie, gone[above])


def _held_still(changes: Changes, before: Graph) -> None:
    """What holds others as they are goes, or lets go, before their parts change, and comes after."""
    parts: dict[Identity, set[Vertex]] = defaultdict(set)
    for vertex in before:
        one = changes.object(vertex.identity)
        if one.parent is not None and (one.holds_rows or one.inseparable):
            parts[one.parent].add(vertex)
    for holder in list(before) if parts else ():
        gone, made = _held(changes.old, holder.identity), _held(changes.new, holder.identity)
        if holder.verb in (Verb.CREATE, Verb.ALTER):
            for held in made - changes.created - (gone if holder.verb is Verb.ALTER else set()):
                before[holder] |= parts[held]
        if holder.verb in (Verb.DROP, Verb.ALTER):
            for held in gone - changes.dropped - (made if holder.verb is Verb.ALTER else set()):
                for part in parts[held]:
                    before[part].add(holder)


def _held(snapshot: Snapshot, identity: Identity) -> set[Identity]:
    """The objects whose parts do not change while this one is there: where rows of a table are values in it, too."""
    one = snapshot.objects.get(identity)
    if one is None:
        return set()
    tables = snapshot.depends[identity] - {one.parent} if one.holds_rows and one.parent else ()
    return {
        *one.holds_still(),
        *(i for i in tables if snapshot.objects[i].sets_aside and snapshot.objects[i].holds_rows),
    }


def _held_over(
    changes: Changes, ties: Iterable[Vertex], parts: Mapping[Identity, Sequence[Vertex]]
) -> set[Identity]:
    """Tables that are tied to another before they leave one: what they have from both is then never their own. Not
    so partitions, which have one parent, nor where what they have has to change in between."""
    coming: set[Identity] = set()
    going: set[Identity] = set()
    for tie in ties:
        one = changes.object(tie.identity)
        if not one.sets_aside and one.parent is not None and tie.identity not in changes.replaced:
            (coming if tie.verb is Verb.CREATE else going).add(one.parent)
    return {
        table
        for table in coming & going - changes.created
        if not any(
            v.identity in changes.altered or v.identity in changes.replaced for v in parts.get(table, ())
        )
    }


def _bounds(changes: Changes, ties: Iterable[Vertex], comes: Callable[[Vertex, Vertex], None]) -> None:
    """A tie that is altered takes what those that go leave, and leaves what those that come take."""
    siblings: dict[Identity, list[Vertex]] = defaultdict(list)
    for vertex in ties:
        one = (changes.new if vertex.verb is Verb.CREATE else changes.old).objects[vertex.identity]
        siblings[(one.ties() or ((), ()))[1]].append(vertex)
    for ones in siblings.values():
        for altered in (v for v in ones if v.verb is Verb.ALTER):
            for other in (v for v in ones if v.verb is not Verb.ALTER):
                comes(*((altered, other) if other.verb is Verb.CREATE else (other, altered)))


def _moved_rows(changes: Changes, comes: Callable[[Vertex, Vertex], None]) -> None:
    """Rows move from a table that is set aside when its replacement can take them, before what checks or watches it."""
    for table in (i for i in changes.set_aside if changes.old.objects[i].holds_rows):
        move = Vertex(Verb.DROP, table)
        for identity in changes.created:
            one = changes.new.objects[identity]
            if one.ties():
                comes(Vertex(Verb.CREATE, identity), move)
            elif one.bridges or (one.enforces and one.table != table):
                used = changes.new.depends.get(identity, ())
                if any(i == table or changes.new.objects[i].table == table for i in used):
                    comes(move, Vertex(Verb.CREATE, identity))
        for identity in changes.dropped:
            ties = changes.old.objects[identity].ties()
            if ties and identity in changes.carried and ties[1] == table:
                comes(move, Vertex(Verb.DROP, ties[0]))
            untied = Verb.SET_ASIDE if identity in changes.set_aside else Verb.DROP
            for end in ties or ():
                if end == table and identity not in changes.carried:
                    comes(Vertex(untied, identity), Vertex(Verb.SET_ASIDE, table))


def _gone_with_above(changes: Changes, before: Graph) -> None:
    """A table that goes with the one above it is gone once that is dropped, so what used it is dropped before that."""
    objects = changes.old.objects
    above = dict(ties for i in changes.carried if (ties := objects[i].ties()))
    for vertex in [v for v in before if v.verb is Verb.DROP and above]:
        one = objects[vertex.identity]
        top = vertex.identity if vertex.identity in above else one.table
        if top not in above:
            continue
        while top in above:
            top = above[top]
        before[Vertex(Verb.DROP, top)] |= {
            user
            for user in before[vertex]
            if user.verb is Verb.DROP
            and user.identity not in changes.carried | changes.set_aside
            and vertex.identity in changes.old.depends.get(user.identity, ())
            and objects[user.identity].table not in {*above, *above.values()}
            and user.identity not in {*above, *above.values()}
        }


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
    gone = {
        i: shared
        for i in sorted(changes.dropped)
        if (shared := old.objects[i].overloads)
        and (i not in changes.created or new.objects[i].overloads != shared)
    }
    users: dict[Identity, set[Vertex]] = defaultdict(set)
    for vertex in [v for v in before if gone and v.verb in (Verb.CREATE, Verb.ALTER)]:
        for other in new.depends.get(vertex.identity, ()):
            if shared := new.objects[other].overloads:
                users[shared].add(vertex)
    for identity, shared in gone.items():
        drop = Vertex(Verb.DROP, identity)
        earlier = _earlier(before, drop) if users[shared] else set()
        for vertex in users[shared] - earlier:
            before[vertex].add(drop)


def _earlier(before: Graph, vertex: Vertex) -> set[Vertex]:
    """All that comes before the vertex, at any distance."""
    todo, found = [vertex], {vertex}
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
    for verb, ones in ((Verb.DROP, gone), (Verb.ALTER, {*changes.altered})):
        for identity in ones:
            names = _names(changes.old, identity) - _kept_names(changes, verb, identity)
            given += [(name, Vertex(verb, identity)) for name in names]
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
            members = [v for v in sorted(folded) if _outermost(v, folded) in circle]
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
    # What holds code comes last: its arguments and its result may be of types that are in the circle too.
    for vertex in sorted(circle, key=lambda v: (changes.object(v.identity).opaque, v)):
        gone = vertex.verb is Verb.DROP
        one = (changes.old if gone else changes.new).objects.get(vertex.identity)
        hollow = Vertex(Verb.EMPTY if gone else Verb.DECLARE, vertex.identity)
        if one is None or not one.declarable or vertex.verb is Verb.SET_ASIDE or hollow in before:
            continue
        before[hollow] = {other for other in before[vertex] if _outermost(other, folded) not in circle}
        for other, earlier in before.items():
            if vertex in earlier and other != hollow and _outermost(other, folded) in circle - {vertex}:
                earlier.remove(vertex)
                earlier.add(hollow)
        before[vertex].add(hollow)
        return True
    return any(_outlived(changes, before, folded, circle, vertex, facts) for vertex in sorted(circle))


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
    gone = {v for v in before[vertex] if v.verb is Verb.DROP and _outermost(v, folded) in circle}
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
        and _outermost(v, folded) in circle - {vertex}
        and vertex.identity in changes.new.depends.get(v.identity, ())
    }
    before[vertex] -= gone
    for user in users:
        before[user].discard(vertex)
    return bool(gone or users)


def _outside(others: Iterable[Vertex], vertex: Vertex, folded: Folded) -> set[Vertex]:
    """The outermost vertices of `others`, without the vertex's own."""
    return {_outermost(other, folded) for other in others} - {_outermost(vertex, folded)}


def _outermost(vertex: Vertex, folded: Folded) -> Vertex:
    while vertex in folded:
        vertex = folded[vertex]
    return vertex


def contract(before: Graph, folded: Folded) -> Graph:
    """The graph of the vertices that stand by themselves."""
    contracted: Graph = {vertex: set() for vertex in before if vertex not in folded}
    for vertex, others in before.items():
        home = _outermost(vertex, folded)
        for other in others:
            first = _outermost(other, folded)
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


def prepare(changes: Changes, before: Graph, folded: Folded, facts: Facts) -> set[Identity]:
    """Adds vertices that do what takes long in making an object, while those that go because of it are still there;
    returns whose. Only where nothing that it waits for waits for the old one to go."""
    found = set()
    for made in [v for v in before if v.verb in (Verb.CREATE, Verb.ALTER)]:
        one = changes.new.objects[made.identity]
        if not one.prepares(facts):
            continue
        names = {name for name in one.names_taken if name[0] == "relation"} - _own_names(changes, made)
        needed = {v for v in before[made] if _is_waited_for(changes, v, names)}
        drop = _outermost(Vertex(Verb.DROP, made.identity), folded)
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


def _is_waited_for(changes: Changes, vertex: Vertex, names: set[Identity]) -> bool:
    """Whether an index can be built only after this vertex: what it holds is there, and its name is free."""
    if vertex.verb is Verb.DROP:
        return bool(names & set(changes.old.objects[vertex.identity].names_taken))
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


Gap = tuple[Vertex, Vertex]
"""The vertex by which something goes, and that by which it comes back."""


def gaps(
    ordered: Sequence[Vertex], folded: Folded, changes: Changes, slow: Callable[[Vertex], bool]
) -> dict[Identity, Gap]:
    """What is dropped and built again by quick statements, but holds nothing: it is better away for a moment only."""
    standing = set(ordered)
    found = {}
    for identity in sorted(changes.replaced - changes.set_aside - changes.carried):
        ends = _outermost(Vertex(Verb.DROP, identity), folded), Vertex(Verb.CREATE, identity)
        fixed = (one.holds_rows or one.watches or one.sets_terms or one.bridges for one in _of(changes, ends))
        if standing.issuperset(ends) and not any(fixed) and not any(map(slow, ends)):
            found[identity] = ends
    return found


def _of(changes: Changes, ends: Gap) -> list[Object]:
    return [changes.object(vertex.identity) for vertex in ends]


def close_gaps(
    ordered: Sequence[Vertex], before: Graph, gaps: Sequence[Gap], slow: Callable[[Vertex], bool]
) -> list[Vertex]:
    """The vertices in an order in which nothing slow that need not be is between the two ends of a gap."""
    found = list(ordered)
    slow_ones = {vertex for vertex in ordered if slow(vertex)}
    starts = {first for first, _ in gaps}
    for ends in _joined(found, before, gaps) if slow_ones else ():
        places = [place for place, vertex in enumerate(found) if any(vertex in pair for pair in ends)]
        window = slice(places[0], places[-1] + 1)
        if not slow_ones.isdisjoint(found[window]):
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
    outermost = {_outermost(vertex, folded) for vertex in makes}
    return {v for v in outermost if objects[v.identity].evaluates or objects[v.identity].enforces}


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
            return 3 if one.enforces else 1 if one.overloads in overloads else 4
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
