"""The order of changes of tables that inherit from others, partitions among them, and of their parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from migrator.kinds.base import Facts, Object
from migrator.kinds.tied import leaves_first
from migrator.plan.changes import Changes
from migrator.plan.vertex import Graph, Verb, Vertex
from migrator.state.snapshot import Snapshot
from migrator.statement import Identity


def inheritance(
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

    held = _held_over(changes, ties, facts)
    for tie in ties:
        one = one_of(tie)
        inside = tie.verb is Verb.CREATE and one.fits_inside(facts)
        for table in one.ties() or ():
            for part in () if inside and table == one.parent else parts.get(table, ()):
                if table in held and table == one.parent and part.verb is not tie.verb:
                    if part.verb is Verb.ALTER and tie.verb is Verb.CREATE:
                        comes(part, tie)  # it is validated
                    continue  # what comes with the one tie, or goes with the other
                if tie.verb is Verb.CREATE:
                    if part.verb is Verb.DROP or not _handed_on(changes, part.identity):
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
    _tied_whole(changes, ties, comes)
    _apart_from_keys(changes, ties, comes)
    for tie in ties:
        if tie.verb is Verb.CREATE:
            for other in ties:
                if other.verb is Verb.DROP and other.identity in changes.set_aside:
                    comes(tie, other)
                elif other.verb in (Verb.SET_ASIDE, Verb.DROP):
                    one, gone = one_of(tie), changes.old.objects[other.identity]
                    if one.parent == gone.parent in held:
                        comes(tie, other)
                        for part in parts.get((one.ties() or ((), ()))[1], ()):
                            if part.verb is Verb.CREATE and _handed_on(changes, part.identity):
                                comes(part, other)  # what it keeps would be its own
                    elif (
                        one.parent == gone.parent
                        or one.sets_aside
                        or gone.sets_aside
                        or gone.parent in _above(one, facts)
                    ):
                        comes(other, tie)
    for vertex in [v for ones in parts.values() for v in ones]:
        one = (changes.old if vertex.verb is Verb.DROP else changes.new).objects[vertex.identity]
        for tie_identity, original in one.copies():
            if vertex.verb is Verb.DROP:
                if tie_identity not in changes.dropped:
                    comes(Vertex(Verb.DROP, original), vertex)
                    comes(vertex, Vertex(Verb.CREATE, original))
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


def _handed_on(changes: Changes, identity: Identity) -> bool:
    """Whether it may come after the ties of its table: with what it is a copy of, if anything."""
    one = changes.object(identity)
    originals = [original for _, original in one.copies()]
    return one.handed_on and (not originals or any(original in changes.created for original in originals))


def _above(tie: Object, facts: Facts) -> set[Identity]:
    """The table that a tie leads to, and those that it inherits from before the plan: untied first, where they are to
    be, as none may come to inherit from itself."""
    todo = [(tie.ties() or ((), ()))[1]]
    found = set(todo)
    while todo:
        ties = (one.ties() for one in facts.inside(todo.pop(), before=True))
        todo += {pair[1] for pair in ties if pair} - found
        found.update(todo)
    return found


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


def _tied_whole(changes: Changes, ties: Iterable[Vertex], comes: Callable[[Vertex, Vertex], None]) -> None:
    """A table that rows may come to as soon as it is tied to one that is there has its own new ones by then."""
    made = {
        tie: tables
        for tie in ties
        if tie.verb is Verb.CREATE
        and (one := changes.new.objects[tie.identity]).sets_aside
        and (tables := one.ties())
    }
    lower: dict[Identity, list[Vertex]] = defaultdict(list)
    for tie, (_, above) in made.items():
        lower[above].append(tie)
    for tie, (table, above) in made.items():
        for other in lower[table] if above not in changes.created else ():
            comes(other, tie)


def _apart_from_keys(
    changes: Changes, ties: Iterable[Vertex], comes: Callable[[Vertex, Vertex], None]
) -> None:
    """A partition goes when foreign keys to the table above it have gone, and before others come: it would not go with
    its part of them on it."""
    gone = [tie for tie in ties if tie.verb is Verb.DROP and changes.old.objects[tie.identity].sets_aside]
    if not gone:
        return
    old = _keys_to(changes.old, changes.dropped)
    new = _keys_to(changes.new, changes.created)
    for tie in gone:
        below, above = changes.old.objects[tie.identity].ties() or ((), ())
        table: Identity | None = above
        while table is not None and not {below, table} <= changes.dropped:
            for identity in old[table]:
                comes(Vertex(Verb.DROP, identity), tie)
            for identity in new[table]:
                comes(tie, Vertex(Verb.CREATE, identity))
            table = _partitioned_above(changes.old, table)


def _keys_to(snapshot: Snapshot, identities: Iterable[Identity]) -> dict[Identity, list[Identity]]:
    """Table -> what among these holds rows of another table to its rows."""
    found: dict[Identity, list[Identity]] = defaultdict(list)
    for identity in identities:
        one = snapshot.objects[identity]
        if not one.enforces or one.table is None:
            continue
        used = (
            snapshot.objects[i].table for i in snapshot.depends.get(identity, ()) if i in snapshot.objects
        )
        for table in {table for table in used if table is not None and table != one.table}:
            found[table].append(identity)
    return found


def _partitioned_above(snapshot: Snapshot, table: Identity) -> Identity | None:
    """The table that it is a partition of."""
    for part in snapshot.parts.get(table, ()):
        if part.sets_aside and (tables := part.ties()) and tables[0] == table:
            return tables[1]
    return None


def held_still(changes: Changes, before: Graph) -> None:
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


def _held_over(changes: Changes, ties: Iterable[Vertex], facts: Facts) -> set[Identity]:
    """Tables that are tied to another before they leave one: what they have from both is then never their own. Not
    so partitions, which have one parent, nor where what they have has to change in between."""
    coming: set[Identity] = set()
    going: set[Identity] = set()
    for tie in ties:
        one = changes.object(tie.identity)
        if not one.sets_aside and one.parent is not None and tie.identity not in changes.replaced:
            (coming if tie.verb is Verb.CREATE else going).add(one.parent)
    return {table for table in coming & going - changes.created if not leaves_first(table, facts)}


def _bounds(changes: Changes, ties: Iterable[Vertex], comes: Callable[[Vertex, Vertex], None]) -> None:
    """A partition whose bounds change takes what those that go leave, and leaves what those that come take."""
    siblings: dict[Identity, list[Vertex]] = defaultdict(list)
    for vertex in ties:
        one = (changes.new if vertex.verb is Verb.CREATE else changes.old).objects[vertex.identity]
        if one.sets_aside:
            siblings[(one.ties() or ((), ()))[1]].append(vertex)
    for ones in siblings.values():
        for altered in (v for v in ones if v.verb is Verb.ALTER):
            for other in (v for v in ones if v.verb is not Verb.ALTER):
                comes(*((altered, other) if other.verb is Verb.CREATE else (other, altered)))


def moved_rows(changes: Changes, comes: Callable[[Vertex, Vertex], None]) -> None:
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


def gone_with_above(changes: Changes, before: Graph) -> None:
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
