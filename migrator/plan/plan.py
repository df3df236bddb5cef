"""From two snapshots, what was tried on scratch, and hooks, to a plan: steps in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from migrator.errors import PlanError
from migrator.hazards import Hazards
from migrator.kinds import KINDS
from migrator.kinds.base import Facts, Object, Tree, describe
from migrator.kinds.relation import rows_elsewhere
from migrator.plan import fold, gaps, order, sight
from migrator.plan import hooks as hooks_module
from migrator.plan.changes import Changes, Same, diff, replace_instead, take_along
from migrator.plan.hooks import Hooks
from migrator.plan.steps import Step, group
from migrator.plan.vertex import Circle, Folded, Verb, Vertex
from migrator.sql import identifier
from migrator.state.snapshot import Snapshot
from migrator.state.trial import Trial
from migrator.statement import Backfill, Identity, Lock, LockMode, Measured, Precondition, Statement


@dataclass(frozen=True)
class Plan:
    """Steps in order, what must be true before the first, and the snapshots at both ends."""

    changes: Changes
    steps: tuple[Step, ...]
    preconditions: tuple[Precondition, ...]

    @property
    def statements(self) -> list[Statement]:
        """All statements in order."""
        return [statement for step in self.steps for statement in step.statements]


class Planning:
    """The facts that kinds ask for while they write SQL (kinds.base.Facts)."""

    def __init__(self, old: Snapshot, new: Snapshot, oldest: int, filled: frozenset[Identity]):
        self.snapshots, self.oldest, self.filled = (old, new), oldest, filled
        self.trial = Trial()
        self.using: Mapping[str, str] = {}
        self.allowed: Container[str] | None = ()
        self.changes = Changes(old, new)
        self.declared: set[Identity] = set()
        self.aside: set[Identity] = set()
        self.prepares: set[Identity] = set()

    def is_new(self, identity: Identity) -> bool:
        """Whether the plan itself creates this object."""
        return identity in self.changes.created

    def old(self, identity: Identity) -> Object | None:
        """The object as it is before the plan."""
        return self.snapshots[0].objects.get(identity)

    def new(self, identity: Identity) -> Object | None:
        """The object as it is after the plan."""
        return self.snapshots[1].objects.get(identity)

    def inside(self, identity: Identity, *, before: bool = False) -> Sequence[Object]:
        """The parts of an object, after the plan (or before it)."""
        return self.snapshots[0 if before else 1].parts.get(identity, ())

    def users(self, identity: Identity, *, before: bool = False) -> Sequence[Identity]:
        """The objects that depend on this one directly, after the plan (or before it)."""
        return self.snapshots[0 if before else 1].dependants.get(identity, ())

    def uses(self, identity: Identity, *, before: bool = False) -> frozenset[Identity]:
        """The objects that this one depends on directly, after the plan (or before it)."""
        return self.snapshots[0 if before else 1].depends.get(identity, frozenset())

    def moves(self, identity: Identity) -> bool:
        """Whether this column changes over from a type that is set aside to its replacement."""
        return identity in self.changes.moved

    def copies(self, identity: Identity) -> Sequence[tuple[Identity, Identity]]:
        """The copies of a part of a table on tables that inherit from it, each with the tie, before the plan."""
        return self.snapshots[0].copies.get(identity, ())

    def together(self, identity: Identity) -> Sequence[Identity]:
        """The originals that share copies with this one, before the plan, in order."""
        old, found, todo = self.snapshots[0], {identity}, [identity]
        originals = set()
        while todo:
            one = todo.pop()
            above = [i for tie, i in old.objects[one].copies() if self.parts_tied(tie) and i in old.objects]
            below = [i for tie, i in old.copies.get(one, ()) if self.parts_tied(tie)]
            if not above:
                originals.add(one)
            todo += {*above, *below} - found
            found.update(todo)
        return sorted(originals)

    def parts_tied(self, tie: Identity) -> bool:
        """Whether two tables are tied until one of them goes."""
        return tie not in self.changes.dropped or tie in self.changes.carried

    def constraint_elsewhere(self, table: Identity, name: str) -> bool:
        """Whether another table of the schema has a constraint of that name, before or after the plan."""
        schema, own = table[1:]
        return any(one.constraints.get((schema, name), {own}) != {own} for one in self.snapshots)

    def rewrites(self, identity: Identity) -> bool:
        """Whether creating or altering the object was seen to rewrite its table; what was not tried does not."""
        return (
            self.moves(identity)
            or self.converted_by_author(identity)
            or self.trial.rewrites.get(identity, False)
        )

    def reindexes(self, identity: Identity) -> bool:
        """Whether altering the column was seen to build the indexes on it again, and nothing else."""
        return self.trial.reindexes.get(identity, False)

    def conversion(self, identity: Identity) -> str | None:
        """The USING expression of a change of type."""
        one, new = self.old(identity), self.new(identity)
        if self.converted_by_author(identity):
            return self.using[describe(identity)]
        if self.moves(identity) and one is not None and new is not None:
            return one.moving(new, self)
        if identity in self.trial.impossible:
            raise PlanError(
                f"PostgreSQL knows no way from {getattr(one, 'type', 'the old type')} to {getattr(new, 'type', 'the new one')}",
                where=describe(identity),
                why=self.trial.impossible[identity],
                hint="say how its values are converted: in decisions.toml beside the hooks of this direction, under"
                f' [using], "{describe(identity)}" = "an expression of its columns"',
            )
        return self.trial.conversions.get(identity)

    def converted_by_author(self, identity: Identity) -> bool:
        """Whether the author gives the expression."""
        return describe(identity) in self.using

    def fills_itself(self, identity: Identity) -> bool:
        """Whether a new column gives every existing row a value at once."""
        one = self.new(identity)
        return one is not None and (
            one.fills_rows(self) or any(part.fills_rows(self) for part in self.inside(identity))
        )

    def backfilled(self, identity: Identity) -> bool:
        """Whether a hook fills this column."""
        return identity in self.filled

    def may_stop_writers(self, identity: Identity) -> bool:
        """Whether the author allows, by name, that writers wait while the object changes."""
        return self.allowed is None or describe(identity) in self.allowed

    def prepared(self, identity: Identity) -> bool:
        """Whether what takes long in making the object is done by a statement of its own, before."""
        return identity in self.prepares

    def existed(self, identity: Identity) -> bool:
        """Whether the object was there before and stays."""
        return self.old(identity) is not None and not self.is_new(identity)


Attempt = Callable[[Mapping[Identity, Object | None], Facts], Trial]
"""Tries the objects that are created (None) or altered (as they were before) and tells what was learnt."""


def plan(
    old: Snapshot,
    new: Snapshot,
    *,
    oldest: int,
    attempt: Attempt | None = None,
    hooks: Hooks | None = None,
    using: Mapping[str, str] | None = None,
    allowed: Container[str] | None = (),
    first: Sequence[Statement] = (),
    same: Same | None = None,
    worded: Callable[[Object], Object] | None = None,
) -> Plan:
    """The plan that turns `old` into `new` with files that run on servers from major version `oldest` on.

    `using`: conversions that the author gives, by the column's words. `allowed`: the objects, in words, whose change
    may make writers wait; None: all. `first`: renames, which come before everything else and after which `old` was
    read. `same`: whether two forms of an object that differ in print say the same; None: never. `worded`: an object in
    the words that give it its print; None: its print itself does.
    """
    hooks = hooks or Hooks()
    facts = Planning(old, new, oldest, hooks.filled())
    facts.using, facts.allowed = using or {}, allowed
    facts.changes = changes = diff(old, new, facts, same)
    _ask_for_roles(changes)
    if attempt and changes:
        wanted: dict[Identity, Object | None] = dict.fromkeys(changes.created)
        wanted |= {identity: old.objects[identity] for identity in changes.altered}
        facts.trial = attempt(wanted, facts)
    take_along(changes, facts)
    if worded:
        new = _in_words(facts, worded)
    while True:
        before = order.graph(changes, facts)
        backfills = hooks_module.place(hooks, changes, before)
        try:
            folded = fold.fold(changes, before, facts)
            break
        except Circle as circle:
            if not replace_instead(changes, facts, circle.members):
                raise
            if worded:
                new = _in_words(facts, worded)
    facts.aside = {vertex.identity for vertex in before if vertex.verb is Verb.SET_ASIDE}
    facts.declared = {vertex.identity for vertex in before if vertex.verb is Verb.DECLARE}
    evaluating = order.evaluating(changes, before, folded)
    rank = order.ranking(changes, [kind.kind for kind in KINDS], evaluating)
    contracted = fold.contract(before, folded)
    facts.prepares = order.prepare(changes, contracted, folded, facts)
    parts = _parts(folded, rank)

    def slow(vertex: Vertex) -> bool:
        written = _write(vertex, parts, facts, backfills)
        if vertex.identity in changes.replaced:
            written, _ = _halves(vertex, written)
        return any(one.alone or not one.transactional for one in written)

    ordered = order.sort(contracted, rank)
    away_for_long = gaps.gaps([v for v in ordered if v not in evaluating], folded, changes, slow)
    seen = {v: _write(v, parts, facts, backfills) for v in ordered if _is_seen(v, facts)}
    at_once = sight.chain(seen, contracted)
    if away_for_long or at_once:
        closed = [*away_for_long.values(), *at_once]
        ordered = gaps.close_gaps(ordered, contracted, closed, slow, {*at_once})
    statements: list[Statement] = []
    bridged = {verb: order.bridged(changes, verb) for verb in (Verb.CREATE, Verb.DROP)}
    goes: dict[Vertex, set[Vertex]] = defaultdict(set)
    for gone, back in (*away_for_long.values(), *at_once):
        goes[gone].add(back)
    away: set[Vertex] = set()
    proofs: dict[Vertex, list[Statement]] = {}
    for vertex, *joined in _joined(ordered, facts):
        if joined:
            ones = [new.objects[each.identity] for each in (vertex, *joined)]
            written = ones[0].create_together(ones, facts)
        else:
            written = _write(vertex, parts, facts, backfills)
        for part in _below(vertex, parts) if vertex.verb is Verb.ALTER else ():
            written = [*written, *_write(part, parts, facts, backfills)]
        written = [
            replace(
                s,
                subject=s.subject or vertex.identity,
                verb=s.verb or vertex.verb.value,
                bridges=vertex.identity in bridged.get(vertex.verb, ()),
                locks=tuple(sorted({one for one in s.locks if facts.existed(one.relation)})),
            )
            for s in written
        ]
        if proofs.keys() & contracted[vertex]:
            statements += _taken(proofs)
        away |= goes.get(vertex, set())
        away.discard(vertex)
        if vertex.identity in away_for_long:
            written, proof = _halves(vertex, written)
            proofs |= {vertex: proof} if proof else {}
        statements += written
        if not away:
            statements += _taken(proofs)
    statements = [*first, *sight.bound(statements)]
    return Plan(changes, tuple(group(statements)), _preconditions(facts, hooks))


def _is_seen(vertex: Vertex, facts: Planning) -> bool:
    """Whether its statements can change what others see of something that is there."""
    if vertex.verb is Verb.HOOK:
        return False
    one = facts.changes.object(vertex.identity)
    return one.seen_through and (one.table is None or facts.old(one.table) is not None)


def _halves(vertex: Vertex, written: list[Statement]) -> tuple[list[Statement], list[Statement]]:
    """The statements that make an object, and those after them which only prove it."""
    last = len(written)
    while vertex.verb is Verb.CREATE and last and written[last - 1].verb == "validate":
        last -= 1
    return written[:last], written[last:]


def _taken(proofs: dict[Vertex, list[Statement]]) -> list[Statement]:
    """What waited, which waits no longer."""
    found = [statement for ones in proofs.values() for statement in ones]
    proofs.clear()
    return found


def _in_words(facts: Planning, worded: Callable[[Object], Object]) -> Snapshot:
    """Takes what is created or altered in the words to write it in, from here on."""
    changes, new = facts.changes, facts.changes.new
    touched = [new.objects[i] for i in (*changes.created, *changes.altered)]
    found = {one.identity: said for one in touched if one.printed and (said := worded(one)) is not one}
    if found:
        new = replace(new, objects={**new.objects, **found})
        changes.new, facts.snapshots = new, (changes.old, new)
    return new


def _joined(ordered: Sequence[Vertex], facts: Planning) -> Iterator[list[Vertex]]:
    """The vertices in the same order, those side by side that can be created together in one list."""

    def home(vertex: Vertex) -> object:
        one = facts.new(vertex.identity) if vertex.verb is Verb.CREATE else None
        return (vertex.identity[0], one.table) if one is not None and one.joins(facts) else vertex

    for _, vertices in groupby(ordered, key=home):
        yield list(vertices)


def _ask_for_roles(changes: Changes) -> None:
    """Raises PlanError on the first object that names a role which the server has not got."""
    for identity in sorted({*changes.created, *changes.altered}):
        for role in changes.new.objects[identity].roles:
            if role not in changes.old.roles:
                raise PlanError(
                    f"the role {role} does not exist",
                    where=describe(identity),
                    why="roles belong to the server, not to a schema, so that no migration makes them",
                    hint=f"CREATE ROLE {identifier(role)} on the server, then run this again",
                )


def _parts(folded: Folded, rank: object) -> dict[Vertex, list[Vertex]]:
    parts: dict[Vertex, list[Vertex]] = {}
    for vertex in sorted(folded, key=rank):  # type: ignore[call-overload]
        parts.setdefault(folded[vertex], []).append(vertex)
    return parts


def _below(vertex: Vertex, parts: Mapping[Vertex, list[Vertex]]) -> Iterator[Vertex]:
    for part in parts.get(vertex, ()):
        yield part
        yield from _below(part, parts)


def _tree(vertex: Vertex, parts: Mapping[Vertex, list[Vertex]], facts: Planning) -> Tree:
    one = facts.new(vertex.identity)
    assert one is not None
    return Tree(one, tuple(_tree(part, parts, facts) for part in parts.get(vertex, ())))


def _write(
    vertex: Vertex,
    parts: Mapping[Vertex, list[Vertex]],
    facts: Planning,
    backfills: Mapping[Vertex, Backfill],
) -> list[Statement]:
    verb, identity = vertex
    if verb is Verb.HOOK:
        backfill = backfills[vertex]
        return [Statement(backfill.sql, transactional=False, backfill=backfill)]
    old, new = facts.old(identity), facts.new(identity)
    if verb is Verb.CREATE:
        tree = _tree(vertex, parts, facts)
        declared = identity in facts.declared
        return (tree.object.complete if declared else tree.object.create)(tree.parts, facts)
    if verb is Verb.PREPARE:
        assert new is not None
        return new.prepare(facts)
    if verb is Verb.DECLARE:
        assert new is not None
        return new.declare(facts)
    assert old is not None
    if verb is Verb.EMPTY:
        return old.declare(facts)
    if verb is Verb.SET_ASIDE:
        return old.make_way(old.name_aside, facts)
    if verb is Verb.DROP and identity in facts.changes.carried:
        return []
    if verb is Verb.DROP:
        if identity in facts.changes.set_aside:
            return old.drop_old(old.name_aside, facts)
        return old.drop(facts)
    assert new is not None
    if identity in facts.aside:
        old = old.aside()
    return old.alter(new, facts.changes.altered[identity], facts)


def _preconditions(facts: Planning, hooks: Hooks) -> tuple[Precondition, ...]:
    asked: dict[str, Precondition] = {p.name: p for p in hooks.preconditions}
    changes = facts.changes
    made = [changes.new.objects[i] for i in sorted({*changes.created, *changes.altered})]
    gone = [changes.old.objects[i] for i in sorted(changes.dropped - changes.created)]
    for found in (
        *(one.preconditions(facts) for one in made if _can_be_asked(one, facts)),
        *(one.drop_preconditions(facts) for one in gone),
    ):
        for precondition in found:
            wanted = all(facts.existed(read) and not facts.backfilled(read) for read in precondition.reads)
            if wanted:
                asked.setdefault(precondition.name, precondition)
    return tuple(asked.values())


def _can_be_asked(one: Object, facts: Planning) -> bool:
    """Whether its conditions mean the same before the plan: what is new by then, or of another type, they cannot name."""
    if one.table and rows_elsewhere(one.table, facts):
        return False
    if one.holds_rows or one.inseparable:
        return True  # it asks in words of its own
    changes = facts.changes
    for other in facts.uses(one.identity) - {one.parent, one.table}:
        used = facts.old(other)
        if other in changes.moved or (used and used.retypes(changes.altered.get(other, ()))):
            return False
        makes_values = used is None or used.opaque or (used.sets_aside and not used.holds_rows)
        if (
            makes_values
            and other in {*changes.created, *changes.altered}
            and not _holds_rows_to(other, facts)
        ):
            return False
    return True


def _holds_rows_to(identity: Identity, facts: Planning) -> bool:
    """Whether it is a key or the like, which no condition names; where columns are new is told by what is read."""
    one = facts.new(identity)
    return one is not None and (one.enforces or one.forbids_null or one.holds_rows)


def unfilled(made: Plan, hooks: Hooks) -> dict[Identity, list[str]]:
    """Table -> its new columns that must not be NULL and that nothing fills for the rows that are there."""
    changes = made.changes
    facts = Planning(changes.old, changes.new, 0, hooks.filled())
    facts.changes = changes
    generated = {("column", *b.table[1:], c) for s in made.statements if (b := s.backfill) for c in b.fills}
    missing: dict[Identity, list[str]] = {}
    for identity in sorted(changes.created):
        one = changes.new.objects[identity]
        column, table = one.parent, one.table
        if not one.forbids_null or column is None or table is None or column not in changes.created:
            continue
        filled = (
            rows_elsewhere(table, facts)
            or column in generated
            or facts.fills_itself(column)
            or facts.backfilled(column)
        )
        if table not in changes.created and not filled:
            missing.setdefault(table, []).append(column[-1])
    return missing


def with_measured(made: Plan, found: Sequence[Measured | None]) -> Plan:
    """The plan with what each of its statements was seen to do.

    A lock that a statement did not name is asked for with the others of its step; a hazard is what was seen, and
    what the kind says only where nothing could be seen.
    """
    statements = [
        statement
        if one is None
        else replace(statement, measured=one, locks=_asked(statement.locks, one.locks, made.changes))
        for statement, one in zip(made.statements, found, strict=True)
    ]
    steps = [
        replace(step, statements=tuple(_hazards(s, step.stops_writers) for s in step.statements))
        for step in group(statements)
    ]
    return replace(made, steps=tuple(steps))


def _asked(named: Sequence[Lock], seen: Sequence[Lock], changes: Changes) -> tuple[Lock, ...]:
    """The locks to ask for before the step begins: those named, and what else was seen to keep others out."""
    strongest = {one.relation: one.mode for one in named}
    for one in seen:
        relation = changes.old.objects.get(one.relation)
        lockable = relation is not None and relation.lockable
        if lockable and one.mode >= LockMode.SHARE_UPDATE_EXCLUSIVE:
            strongest[one.relation] = max(one.mode, strongest.get(one.relation, one.mode))
    return tuple(Lock(relation, mode) for relation, mode in sorted(strongest.items()))


def _hazards(statement: Statement, under_lock: bool) -> Statement:
    """The statement with the hazards of reading and rewriting as they were measured."""
    seen = statement.measured
    if seen is None:
        return statement
    measurable = {Hazards.REWRITES_TABLE, Hazards.SCANS_UNDER_LOCK}
    hazards = [h for h in statement.hazards if h not in measurable or seen.blind]
    if under_lock and seen.rewrites:
        hazards.append(Hazards.REWRITES_TABLE)
    elif under_lock and seen.reads:
        hazards.append(Hazards.SCANS_UNDER_LOCK)
    return replace(statement, hazards=tuple(dict.fromkeys(hazards)))


def refuse(plan: Plan, allowed: Mapping[str, str], decisions: str = "decisions.toml") -> None:
    """Raises PlanError on the first statement with a refused hazard that its author has not allowed by name.

    `decisions`: the file in which the author allows it.
    """
    for statement in plan.statements:
        name = describe(statement.subject)
        for hazard in statement.hazards:
            if hazard.refused and name not in allowed:
                raise PlanError(
                    f"{hazard.effect}: {statement.sql.splitlines()[0]}",
                    where=name,
                    why=f"hazard {hazard.code}{_told(statement.measured)}",
                    hint=f"{hazard.instead}; or allow this one statement in {decisions}:"
                    f' under [allow], "{name}" = "a sentence why", which then stands in the review',
                )


def strangers(plan: Plan, named: Iterable[str]) -> list[str]:
    """The names among them of objects that the plan does not touch: a slip, or left over from another plan."""
    changes = plan.changes
    touched = {*changes.dropped, *changes.created, *changes.altered}
    touched.update(statement.subject for statement in plan.statements)
    known = set(map(describe, touched))
    return [name for name in named if name not in known]


def _told(seen: Measured | None) -> str:
    """What was seen, as a clause."""
    if seen is None or not (seen.reads or seen.rewrites):
        return ""
    did = [f"rewrites {describe(one)}" for one in seen.rewrites]
    did += [f"reads all of {describe(one)}" for one in seen.reads if one not in seen.rewrites]
    held = [f"{one.mode.sql} on {describe(one.relation)}" for one in seen.locks if one.mode.stops_writers]
    return f": tried on a scratch server it {', '.join(did)}" + (
        f" while it holds {', '.join(held)}" if held else ""
    )
