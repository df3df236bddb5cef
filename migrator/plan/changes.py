"""What differs between two snapshots, and what unchanged objects have to go and come back because of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import ne

from migrator.kinds.base import Facts, Object
from migrator.state.snapshot import Snapshot
from migrator.statement import Identity


@dataclass
class Changes:
    """The changes from one snapshot to another; one identity can be both dropped and created: a Replace."""

    old: Snapshot
    new: Snapshot
    dropped: set[Identity] = field(default_factory=set)
    created: set[Identity] = field(default_factory=set)
    altered: dict[Identity, tuple[str, ...]] = field(default_factory=dict)
    set_aside: set[Identity] = field(default_factory=set)
    """Replaced types whose old form is kept under another name until every column has moved."""
    carried: set[Identity] = field(default_factory=set)
    """What stays on tables that are set aside, and goes with them once their rows have moved."""
    moved: set[Identity] = field(default_factory=set)
    """Columns whose values move from a type that is set aside to its replacement."""

    def __bool__(self) -> bool:
        return bool(self.dropped or self.created or self.altered)

    @property
    def replaced(self) -> set[Identity]:
        """Objects that are dropped and built again."""
        return self.dropped & self.created

    def object(self, identity: Identity) -> Object:
        """The object after the plan, or as it was where there is none after."""
        return self.new.objects.get(identity) or self.old.objects[identity]


Same = Callable[[Object, Object], bool]
"""Whether two forms of an object that differ in print say the same."""


def diff(old: Snapshot, new: Snapshot, facts: Facts, same: Same | None = None) -> Changes:
    """What differs between `old` and `new`, without what has to go along with it."""
    changes = Changes(old, new)
    left = dict(old.objects)
    differ = map(ne, map(left.pop, new.objects, repeat(None)), new.objects.values())
    for identity in list(compress(new.objects, differ)):
        before, after = old.objects.get(identity), new.objects[identity]
        if before is None:
            changes.created.add(identity)
            continue
        changed = before.differences(after)
        if not changed or (same and same(before, after)):
            continue
        if before.alterable(after, changed, facts):
            changes.altered[identity] = changed
        else:
            _replace(changes, identity)
    changes.dropped.update(left)
    return changes


def _replace(changes: Changes, identity: Identity) -> Identity:
    """Drops and builds it again, or what it is an inseparable part of; returns which."""
    one = changes.old.objects[identity]
    whole = one.parent
    if one.inseparable and whole and whole in changes.new.objects and whole not in changes.dropped:
        identity = whole
    changes.altered.pop(identity, None)
    changes.dropped.add(identity)
    changes.created.add(identity)
    if changes.old.objects[identity].sets_aside:
        changes.set_aside.add(identity)
    return identity


def take_along(changes: Changes, facts: Facts) -> None:
    """Replaces what depends on something that goes, until nothing unchanged stands in the way."""
    changes.set_aside |= _taken_over(changes)
    todo = sorted(changes.dropped | changes.created) + sorted(changes.altered)
    seen = set()
    while todo:
        identity = todo.pop()
        if identity in seen and identity not in changes.dropped:
            continue
        seen.add(identity)
        for dependant in _in_the_way(changes, identity, facts):
            if _moves(changes, dependant, identity):
                continue
            todo.append(_replace(changes, dependant))
        for other in (
            *_dragged(changes, identity),
            *_handed(changes, identity),
            *_displaced(changes, identity, facts),
        ):
            todo.append(_replace(changes, other))
        todo += sorted(changes.moved - seen)
    _carry(changes)
    _set_aside_with(changes)


def _taken_over(changes: Changes) -> set[Identity]:
    """Types that go while one of another kind (a domain, or a table, for an enum) takes their name, under columns that stay."""
    old, new = changes.old, changes.new
    takers = {
        name: i for i in changes.created if new.objects[i].sets_aside for name in new.objects[i].names_taken
    }
    found = set()
    for identity in changes.dropped if takers else ():
        names = takers.keys() & set(old.objects[identity].names_taken)
        if not names or not _is_type(old.objects[identity]) or identity in changes.created:
            continue
        users = old.dependants.get(identity, ())
        if any(takers[name] in new.depends.get(user, ()) for name in names for user in users):
            found.add(identity)
    return found


def _is_type(one: Object) -> bool:
    """Whether it is nothing but a type that columns can have."""
    return one.sets_aside and not one.holds_rows and one.ties() is None


def replace_instead(changes: Changes, facts: Facts, circle: Container[Identity]) -> bool:
    """Replaces one object that would be altered, and lets go of what is dropped in a circle; False where there is none.

    Between its DROP and its CREATE it uses neither what it used nor what it will use.
    """
    objects = changes.old.objects
    found = [
        (len(changes.old.dependants.get(identity, ())), identity)
        for identity in changes.altered
        if identity in circle
        and not (objects[identity].holds_rows or objects[identity].sets_aside)
        and any(i in circle and i in changes.dropped for i in _let_go(changes, identity))
    ]
    if not found:
        return False
    _replace(changes, min(found)[1])
    take_along(changes, facts)
    return True


def _let_go(changes: Changes, identity: Identity) -> frozenset[Identity]:
    """What an object used before the plan and does not use after it."""
    return changes.old.depends.get(identity, frozenset()) - changes.new.depends.get(identity, frozenset())


def _carry(changes: Changes) -> None:
    """Finds what goes with tables that are set aside: their parts, and partitions that go or are replaced too."""
    objects = changes.old.objects
    changes.set_aside -= {i for i in changes.set_aside if _goes_with_child(changes, i)}
    tables = {i for i in changes.set_aside if objects[i].holds_rows}
    if not tables:
        return
    ties = {
        i: pair
        for i in changes.dropped
        if (pair := objects[i].ties()) and _goes_with_parent(changes, i, pair)
    }
    above = set(tables)
    while found := {i for i, (_, parent) in ties.items() if parent in above and i not in changes.carried}:
        changes.carried |= found
        above |= {ties[i][0] for i in found}
    changes.set_aside -= changes.carried
    # The parts of a partition that goes with its parent stay on it until then.
    tables |= above - changes.created
    for identity in changes.dropped - changes.carried:
        one = objects[identity]
        while (one.stays_aside or one.attached) and one.parent is not None and one.parent in objects:
            if one.parent in tables:
                changes.carried.add(identity)
                break
            one = objects[one.parent]


def _set_aside_with(changes: Changes) -> None:
    """Sets aside what is replaced, or gives way to an overload or to what takes its name, and is used by what is set
    aside, until nothing is used that would go too early."""
    objects, todo = changes.old.objects, sorted(changes.set_aside | changes.carried)
    made = [changes.new.objects[i] for i in changes.created] if todo else []
    coming = {shared for one in made if (shared := one.overloads)}
    taken = {name for one in made for name in one.names_taken}
    while todo:
        for used in sorted(changes.old.depends.get(todo.pop(), ())):
            gone = used in changes.dropped - changes.set_aside and objects[used].may_set_aside
            if gone and (
                used in changes.created
                or objects[used].overloads in coming
                or not taken.isdisjoint(objects[used].names_taken)
            ):
                changes.set_aside.add(used)
                todo.append(used)


def _goes_with_parent(changes: Changes, tie: Identity, tables: tuple[Identity, Identity]) -> bool:
    """Whether the rows of the first of two tables that are tied go over with those of the second: they are its rows
    too, and no table of their own takes them."""
    after = changes.new.objects.get(tie)
    kept = tables[0] in changes.created and (after is None or after.ties() != tables)
    gone = tables[0] in changes.dropped and changes.old.objects[tables[0]].holds_rows
    return gone and changes.old.objects[tie].sets_aside and not kept


def _goes_with_child(changes: Changes, tie: Identity) -> bool:
    """Whether it ties a table that holds no rows of its own (a foreign one), which is gone before its replacement comes."""
    tables = changes.old.objects[tie].ties()
    return (
        tables is not None and tables[0] in changes.dropped and not changes.old.objects[tables[0]].holds_rows
    )


def _in_the_way(changes: Changes, identity: Identity, facts: Facts) -> Iterable[Identity]:
    gone = identity in changes.dropped
    fields = changes.altered.get(identity, ())
    before = changes.old.objects.get(identity)
    if before is None:
        return
    renewed = not gone and before.renews(fields, facts)
    retyped = not gone and (identity in changes.moved or before.retypes(fields))
    if not (gone or renewed or retyped):
        return
    for dependant in changes.old.dependants.get(identity, ()):
        if dependant in changes.dropped or dependant not in changes.new.objects:
            continue
        if retyped and not _pins(changes, dependant, identity, facts):
            continue
        lets_go = dependant in changes.altered and identity not in changes.new.depends.get(dependant, ())
        if lets_go and not _ambiguous(changes, identity, dependant):
            continue  # its own change in place frees what is dropped, and at no moment are both forms there
        yield dependant


def _ambiguous(changes: Changes, identity: Identity, dependant: Identity) -> bool:
    """Whether the dependant goes over from one overload to another, which a call could not tell apart."""
    shared = changes.old.objects[identity].overloads
    return shared is not None and any(
        changes.new.objects[other].overloads == shared for other in changes.new.depends.get(dependant, ())
    )


def _displaced(changes: Changes, identity: Identity, facts: Facts) -> list[Identity]:
    """What has to be away while something is created or altered, and is not yet."""
    if identity not in changes.created and identity not in changes.altered:
        return []
    found = changes.new.objects[identity].displaces(facts)
    return [one for one in found if one in changes.old.objects and one not in changes.dropped]


def _dragged(changes: Changes, identity: Identity) -> list[Identity]:
    """What goes together with something dropped, though it does not depend on it."""
    before = changes.old.objects.get(identity)
    if identity not in changes.dropped or before is None:
        return []
    found = [
        copy
        for tie, copy in changes.old.copies.get(identity, ())
        if tie not in changes.dropped and not changes.old.objects[copy].own
    ]
    after = changes.new.objects.get(identity)
    if identity in changes.created:
        # The statement on the original makes the copy, so it makes it again; and no copy goes alone.
        found += [original for tie, original in before.copies() if tie not in changes.dropped]
    drags = before.drags()
    if drags and drags[0] not in changes.dropped:
        found += drags[1]
    ties = before.ties()
    tables = [ties[0]] if ties and after and after.ties() == ties and ties[1] in changes.set_aside else []
    return [i for i in tables if i in changes.new.objects and i not in changes.dropped] + [
        i
        for i in found
        if i in changes.new.objects and i not in changes.dropped and not changes.old.objects[i].holds_rows
    ]


def _handed(changes: Changes, identity: Identity) -> list[Identity]:
    """The originals of something on a new table which only they can make, once that is tied to theirs."""
    after = changes.new.objects.get(identity)
    if after is None or not {identity, after.table} <= changes.created or not after.handed_on:
        return []
    found = [original for tie, original in after.copies() if tie in changes.created]
    return [one for one in found if one in changes.old.objects and one not in changes.dropped]


def _pins(changes: Changes, dependant: Identity, identity: Identity, facts: Facts) -> bool:
    one = changes.old.objects[dependant]
    # What is built again anyway is dropped first: its old form may not fit the new type.
    return one.pins(identity, facts) or one.renews(changes.altered.get(dependant, ()), facts)


def _moves(changes: Changes, dependant: Identity, identity: Identity) -> bool:
    """Whether the dependant can change over to the replacement of a type in place."""
    one = changes.old.objects[dependant]
    if identity not in changes.set_aside or not one.moves_type or one.parent == identity:
        return False
    fields = changes.altered.get(dependant, ())
    if "type" not in fields:
        changes.altered[dependant] = (*fields, "type")
    changes.moved.add(dependant)
    return True
