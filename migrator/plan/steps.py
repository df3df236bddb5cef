"""Statements become steps: what commits together.

Neighbours share a transaction while together they lock no more than one existing relation set: a transaction that
holds a strong lock never waits for another table, and never scans. What keeps old and new columns in step is the one
exception: new columns and all the triggers on them come at once, with all their locks asked for together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrator.kinds.base import describe
from migrator.statement import Identity, Lock, LockMode, Statement


@dataclass(frozen=True)
class Step:
    """Statements that commit together; `number` counts from 1 in its file."""

    number: int
    statements: tuple[Statement, ...]

    @property
    def transactional(self) -> bool:
        """False: the one statement of the step runs outside a transaction."""
        return self.statements[0].transactional

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The strongest mode for each existing relation, in the order in which they are asked for."""
        strongest: dict[Identity, LockMode] = {}
        for statement in self.statements:
            for one in statement.locks:
                strongest[one.relation] = max(one.mode, strongest.get(one.relation, one.mode))
        return tuple(Lock(relation, mode) for relation, mode in sorted(strongest.items()))

    @property
    def stops_writers(self) -> bool:
        """Whether writers of an existing relation wait until it ends."""
        return any(one.mode.stops_writers for one in self.locks)

    @property
    def title(self) -> str:
        """What it does, for people: `create 20 columns and 1 trigger of public.videos`."""
        groups: dict[tuple[str, str], list[Identity]] = {}
        for statement in self.statements:
            for subject in (statement.subject, *statement.also):
                same = groups.setdefault((statement.verb, subject[0]), [])
                if subject not in same:
                    same.append(subject)
        said, told = "", []
        for (verb, kind), subjects in groups.items():
            word = kind.replace("_", " ")
            what = (
                describe(subjects[0])
                if len(subjects) == 1
                else f"{len(subjects)} {_plural(word)}{_of(subjects)}"
            )
            told.append(what if verb == said else f"{verb} {what}")
            said = verb
        return ", ".join(told)


def _plural(word: str) -> str:
    if word.endswith("x"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _of(subjects: Sequence[Identity]) -> str:
    """The one table or schema that all of them are in."""
    homes = {".".join(subject[1:-1]) for subject in subjects}
    return f" of {homes.pop()}" if len(homes) == 1 else ""


def group(statements: Sequence[Statement]) -> Iterator[Step]:
    """The steps, in the same order."""
    pending: list[Statement] = []
    number = 0
    for statement in statements:
        if pending and not _together(pending, statement):
            number += 1
            yield Step(number, tuple(pending))
            pending = []
        pending.append(statement)
    if pending:
        yield Step(number + 1, tuple(pending))


def _together(pending: Sequence[Statement], statement: Statement) -> bool:
    if statement.with_last:
        return True
    if statement.alone or not statement.transactional:
        return False
    if pending[-1].alone or not pending[-1].transactional:
        return False
    if not statement.moves_rows and any(one.moves_rows for one in pending):
        return False
    if statement.bridges and any(one.bridges for one in pending):
        return True  # rows would drift apart between two halves of a bridge
    held, wanted = _relations(pending), _relations([statement])
    return not held or not wanted or wanted <= held


def _relations(statements: Iterable[Statement]) -> set[Identity]:
    return {one.relation for statement in statements for one in statement.locks}
