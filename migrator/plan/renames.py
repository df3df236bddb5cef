"""Declared renames become RENAME statements, and what names the renamed follows by PostgreSQL's hand.

For each direction, on a scratch copy of the database that the plan starts from:

    renamed = renames.apply(before, after, declared, run)             # upgrade
    renamed = renames.apply(after, before, declared, run, back=True)  # downgrade
    made = plan(renamed.snapshot, after, first=renamed.statements, …)
    in_old_words(connection to the copy, made.preconditions, renamed.undo, authored=hooks.preconditions)

`run` executes SQL commands on the copy and reads the copy again: definitions of views, constraints, indexes
and functions that mention a renamed object then mention its new name, as they will in the real database.
What is left to do is an ordinary diff between what was read and what is wanted. `renamed.notes` are for
people: stale declarations.

Names that PostgreSQL or a naming convention derived (t_pkey, t_id_seq, ix_t_c) follow where the wanted state
has just that object under just that derived name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.errors import PlanError
from migrator.hazards import Hazards
from migrator.kinds import KINDS
from migrator.kinds.base import Object, aside_name, describe
from migrator.kinds.enum import Enum
from migrator.kinds.sequence import owner
from migrator.plan.changes import Changes
from migrator.sql import literal
from migrator.state.declared import ENUM_VALUE, Rename
from migrator.state.snapshot import Snapshot
from migrator.statement import Identity, Statement

_BY_SIGNATURE = frozenset(kind.kind for kind in KINDS if kind.naming)
Run = Callable[[Sequence[str]], Snapshot]
"""Executes commands on the scratch copy, and reads it again."""


@dataclass(frozen=True)
class Renamed:
    """The database after the renames, the statements that renamed, and what people should know."""

    snapshot: Snapshot
    statements: tuple[Statement, ...] = ()
    notes: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    """Commands that take the renames back, for state.reworded."""


def apply(
    before: Snapshot, after: Snapshot, declared: Iterable[Rename], run: Run, *, back: bool = False
) -> Renamed:
    """Runs the declared renames (`back`: the other way round) on the copy that `run` stands for.

    `before` is the copy as it is, `after` what is wanted in the end. PlanError where a name is taken.
    """
    wanted = [Rename(one.new, one.old) if back else one for one in declared]
    done: list[Rename] = []
    statements: list[Statement] = []
    notes: list[str] = []
    snapshot = before
    # What contains others goes first: the words of its parts begin with the name that it has by then.
    for depth in sorted({_depth(one.old) for one in wanted}):
        stage = [_under_new_names(one, done) if back else one for one in wanted if _depth(one.old) == depth]
        stage, told = _possible(stage, snapshot, after, back)
        notes += told
        written = [statement for one in stage for statement in _rename(one, snapshot)]
        snapshot = run([one.sql for one in written]) if written else snapshot
        done, statements = [*done, *stage], [*statements, *written]
    derived = _derived(done, snapshot, after)
    followers = [statement for one in derived for statement in _rename(one, snapshot)]
    snapshot = run([one.sql for one in followers]) if followers else snapshot
    undo = [
        statement.sql
        for one in reversed([*done, *derived])
        for statement in _rename(Rename(one.new, one.old), snapshot)
    ]
    return Renamed(snapshot, (*statements, *followers), tuple(notes), tuple(undo))


def _under_new_names(one: Rename, done: Sequence[Rename]) -> Rename:
    """The same rename, with the names that its parents were given back."""
    for parent in done:
        was, now = parent.old[1:], parent.new[1:]
        if _depth(one.old) > _depth(parent.old) and one.old[1 : 1 + len(was)] == was:
            rest = 1 + len(was)
            one = Rename((one.old[0], *now, *one.old[rest:]), (one.new[0], *now, *one.new[rest:]))
    return one


def _depth(identity: Identity) -> int:
    """0 for a schema, 1 for what stands in one, 2 for the parts of that."""
    if identity[0] == "schema":
        return 0
    return 2 if len(identity) > 3 and identity[0] not in _BY_SIGNATURE else 1


def _possible(
    wanted: Sequence[Rename], before: Snapshot, after: Snapshot, back: bool
) -> tuple[list[Rename], list[str]]:
    """Those of `wanted` that there is something to do for, in the order that frees names, and notes on the others.

    On the way back a new name may be taken by what came after the rename: that is named otherwise, and goes.
    """
    possible: list[Rename] = []
    notes = []
    gone: set[Identity] = set()
    come: set[Identity] = set()

    holders: dict[Identity, list[Identity]] = defaultdict(list)
    for identity, held in before.objects.items() if wanted else ():
        for name in held.names_taken:
            holders[name].append(identity)

    def there(identity: Identity) -> bool:
        return identity in come or (identity not in gone and _exists(identity, before))

    def in_the_way(one: Rename) -> list[Identity]:
        was = before.objects.get(one.old)
        names = {*was.renamed(one.new[-1]).names_taken}.difference(was.names_taken) if was else set()
        found = {one.new, *(identity for name in names for identity in holders[name])}
        return sorted(identity for identity in found if there(identity))

    for one in _last_first(wanted):
        if _follows(one, wanted, before):
            continue
        old, new = there(one.old), there(one.new)
        if not old or not _exists(one.new, after) or (new and _exists(one.old, after)):
            notes += [] if back else [_stale(one, old, new)]
            continue
        for taken in in_the_way(one):
            if not back:
                raise PlanError(
                    f"it cannot be renamed to {one.new[-1]}",
                    where=describe(one.old),
                    why=f"{describe(taken)} is there too",
                    hint="make two migrations of it: one that removes what has the name, then this one",
                )
            place = _naming_place(taken)
            aside = (*taken[:place], aside_name(taken[place]), *taken[place + 1 :])
            possible.append(Rename(taken, aside))
            gone.add(taken)
        possible.append(one)
        gone.add(one.old)
        come.add(one.new)
    return possible, notes


def _last_first(wanted: Sequence[Rename]) -> list[Rename]:
    """What gives up a name before what takes it: b -> c before a -> b."""
    by_old = {one.old: one for one in wanted}
    ordered: dict[Rename, None] = {}
    for one in wanted:
        chain = []
        while one is not None and one not in ordered and one not in chain:
            chain.append(one)
            one = by_old.get(one.new)  # type: ignore[assignment]
        ordered |= dict.fromkeys(reversed(chain))
    return [*ordered]


def _follows(one: Rename, wanted: Iterable[Rename], before: Snapshot) -> bool:
    """Whether it is of a part that a table has from another, whose own rename PostgreSQL hands on."""
    was = before.objects.get(one.old)
    above = {original for _, original in was.copies()} if was else set()
    return any(other.old in above and other.new[-1] == one.new[-1] for other in wanted)


def _naming_place(identity: Identity) -> int:
    """Where in the words of an object its own name stands."""
    if identity[0] == ENUM_VALUE:
        return len(identity) - 1
    return 1 + next(kind for kind in KINDS if kind.kind == identity[0]).naming_place()


def _stale(one: Rename, old: bool, new: bool) -> str:
    if new:
        return f"{describe(one.new)}: its rename from {one.old[-1]} is done; the declaration can go"
    what = "the schema has no such object" if old else "there is nothing of either name"
    return f"{describe(one.new)}: declared as renamed from {one.old[-1]}, but {what}"


def _exists(identity: Identity, snapshot: Snapshot) -> bool:
    if identity[0] == ENUM_VALUE:
        enum = snapshot.objects.get(("enum", *identity[1:3]))
        return isinstance(enum, Enum) and identity[3] in enum.labels
    return identity in snapshot.objects


def _rename(one: Rename, before: Snapshot) -> list[Statement]:
    if one.old[0] == ENUM_VALUE:
        enum = before.objects[("enum", *one.old[1:3])]
        sql = f"ALTER {enum.reference} RENAME VALUE {literal(one.old[3])} TO {literal(one.new[3])}"
        return [_as_step(Statement(sql), one)]
    was = before.objects[one.old]
    keys = {field.name: word for field, word in zip(was.fields, one.new[1:], strict=False)}
    return [_as_step(statement, one) for statement in was.rename(was.with_(**keys))]


def _as_step(statement: Statement, one: Rename) -> Statement:
    hazards = tuple(dict.fromkeys((Hazards.RENAMED, *statement.hazards)))
    return replace(
        statement, hazards=hazards, alone=True, subject=one.old, verb="rename", new_name=one.new[-1]
    )


# ── names that follow ──


def _derived(done: Sequence[Rename], before: Snapshot, after: Snapshot) -> list[Rename]:
    """Renames of what is named after something that was renamed, where the wanted state has just that."""
    words = {one.old[-1]: one.new[-1] for one in done}
    gone = _shapes(before, (i for i in before.objects if words and not _stays(i, before, after)))
    come = _shapes(after, (i for i in after.objects if words and not _stays(i, before, after)))
    derived = []
    for shape, olds in sorted(gone.items(), key=lambda item: item[1]):
        for old in olds:
            names = _with_words(old[-1], words)
            news = [new for new in come.get(shape, []) if new[-1] in names]
            if len(news) == 1:
                derived.append(Rename(old, news[0]))
    derived = [one for one in derived if not _follows(one, derived, before)]
    return _to_free_names(derived, before) if derived else []


def _stays(identity: Identity, before: Snapshot, after: Snapshot) -> bool:
    """Whether something of this name belongs to the same table before and after."""
    old, new = before.objects.get(identity), after.objects.get(identity)
    if old is None or new is None:
        return False
    return old.table == new.table and owner(identity, before.objects) == owner(identity, after.objects)


def _to_free_names(derived: Iterable[Rename], snapshot: Snapshot) -> list[Rename]:
    """Those whose new name nothing else has by then, nor one that goes with it (that of an index, with a key)."""
    taken = {name for one in snapshot.objects.values() for name in one.names_taken}
    waiting, free = [*derived], list[Rename]()
    while waiting:
        for one in waiting:
            was = snapshot.objects[one.old]
            old, new = {*was.names_taken}, {*was.renamed(one.new[-1]).names_taken}
            if taken.isdisjoint(new - old):
                taken = taken - (old - new) | new
                free.append(one)
        left = [one for one in waiting if one not in free]
        if len(left) == len(waiting):
            break
        waiting = left
    return free


def _with_words(name: str, words: Mapping[str, str]) -> set[str]:
    """What the name can have become when each of the words in it was replaced or not."""
    names = {name}
    for old, new in sorted(words.items()):
        names |= {one.replace(old, new, 1) for one in names}
    return names - {name}


def _shapes(snapshot: Snapshot, identities: Iterable[Identity]) -> dict[str, list[Identity]]:
    """What is compared of the objects, without their own names -> the objects."""
    shapes: dict[str, list[Identity]] = defaultdict(list)
    for identity in sorted(identities):
        one = snapshot.objects[identity]
        nameless = one.parent is not None and one.parent[1:] == identity[1:]  # a default, an ownership
        if not one.attached and not one.naming and not nameless and len(identity) > 2:
            shapes[
                repr(
                    (
                        one.kind,
                        identity[1:-1],
                        _compared(one),
                        _rows(one, snapshot),
                        owner(identity, snapshot.objects),
                    )
                )
            ].append(identity)
    return shapes


def _compared(one: Object) -> list[object]:
    return [value for f, value in zip(one.fields, one, strict=True) if f.how in ("altered", "replaced")]


def _rows(one: Object, snapshot: Snapshot) -> list[tuple[str, str]]:
    """The parts that hold rows (columns): constraints and indexes may be named after it."""
    parts = [part for part in snapshot.parts.get(one.identity, ()) if part.holds_rows]
    return sorted((part.identity[-1], repr(_compared(part))) for part in parts)


# ── renames that nobody declared ──


def suspicions(changes: Changes) -> list[str]:
    """Sentences on what is dropped and created alike, as a rename that was not declared would look."""
    gone, come = changes.dropped - changes.created, changes.created - changes.dropped
    olds = _shapes(changes.old, (i for i in gone if _stands_alone(changes.old, i, gone)))
    news = _shapes(changes.new, (i for i in come if _stands_alone(changes.new, i, come)))
    told = []
    for shape, old in sorted(olds.items(), key=lambda item: item[1]):
        new = news.get(shape, [])
        if new and changes.old.objects[old[0]].holds_rows:
            dropped, created = " or ".join(map(describe, old)), " or ".join(map(describe, new))
            told.append(
                f"{dropped} goes and {created} comes, and they are alike: if it is a rename, declare it"
                f' with info={{"renamed_from": "{old[0][-1]}"}}; else its rows are lost'
            )
    return told + _label_suspicions(changes)


def _stands_alone(snapshot: Snapshot, identity: Identity, others: set[Identity]) -> bool:
    parent = snapshot.objects[identity].parent
    return parent is None or parent not in others


def _label_suspicions(changes: Changes) -> list[str]:
    told = []
    for identity in sorted(changes.replaced):
        old, new = changes.old.objects[identity], changes.new.objects[identity]
        if not isinstance(old, Enum) or not isinstance(new, Enum) or len(old.labels) != len(new.labels):
            continue
        pairs = [(a, b) for a, b in zip(old.labels, new.labels, strict=True) if a != b]
        if all(a not in new.labels and b not in old.labels for a, b in pairs):
            told += [
                f"{describe(identity)}: {a} goes and {b} comes in its place: if it is a rename, declare"
                f' ("enum_value", "{identity[1]}", "{identity[2]}", "{a}", "{b}") in metadata.info["renames"]'
                for a, b in pairs
            ]
    return told
