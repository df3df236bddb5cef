"""What comes to a table that is there because it is made to inherit from another, and is to be inherited only.

INHERIT asks that the table has it already, and lets it be the table's own for good. So it comes from a table of its own
above, which is there until the ties are made: what is then inherited from elsewhere too does not become the table's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrator.kinds.base import Facts, Object, suffixed
from migrator.sql import qualified
from migrator.statement import Identity, LockMode, Statement, lock


def comes_with_tie(one: Object, facts: Facts) -> bool:
    """Whether it comes to a table that stays, and is to be inherited only, by nothing but new ties of INHERITS."""
    handed = one.handed_on and any(facts.is_new(original) for _, original in one.copies())
    stays = one.table is not None and not facts.is_new(one.table) and not handed
    return stays and facts.is_new(one.identity) and _inherited_only(one, all(map(facts.is_new, _ties(one))))


def handed_over(one: Object, facts: Facts) -> bool:
    """Whether what its table declared itself is to be inherited only, by ties of INHERITS that were not there: no
    command does that to what is there."""
    return _inherited_only(one, not any(map(facts.old, _ties(one))))


def _ties(one: Object) -> list[Identity]:
    return [tie for tie, _ in one.copies()]


def _inherited_only(one: Object, new: bool) -> bool:
    ties = _ties(one)
    return bool(ties) and new and all(tie[0] == "inherit" for tie in ties) and not getattr(one, "local", True)


def stand_in(one: Object) -> str:
    """The name of the table that such a part comes from."""
    kind, schema, table, part = one.identity
    return above(schema, f"{table}_{part}_{kind}")


def above(schema: str, name: str) -> str:
    """The name of a table that is there for a moment, for others to inherit from."""
    return qualified(schema, suffixed(name, "__above"))


def leaves_first(table: Identity, facts: Facts) -> bool:
    """Whether a table leaves one parent before it comes to another, as something that it has changes in between."""
    ties = [one for one in facts.inside(table, before=True) if _is_tie(one)]
    going = any(facts.new(one.identity) is None for one in ties)
    coming = any(facts.is_new(i) and facts.old(i) is None for i in _new_ties(table, facts))
    if not (going and coming) or facts.is_new(table):
        return False
    return any(_changes(one, facts) for one in _parts(table, facts) if one.copyable)


def _changes(one: Object, facts: Facts) -> bool:
    """Whether a part of a table, as it was, changes in place or is replaced."""
    new = facts.new(one.identity)
    if new is None:
        return False
    changed = set(one.differences(new)) - {"valid"}  # what is validated can be so all the while
    return facts.is_new(one.identity) or facts.moves(one.identity) or bool(changed)


def _is_tie(one: Object) -> bool:
    return one.ties() is not None and not one.sets_aside


def _new_ties(table: Identity, facts: Facts) -> list[Identity]:
    return [one.identity for one in facts.inside(table) if _is_tie(one)]


def _parts(table: Identity, facts: Facts) -> list[Object]:
    """The parts of a table, and theirs, before the plan."""
    inside = facts.inside(table, before=True)
    return [*inside, *(part for one in inside for part in facts.inside(one.identity, before=True))]


def _kept(table: Identity, facts: Facts) -> list[Object]:
    """What a table that leaves first has from parents that it leaves, and is to have from others that come, only."""
    found = []
    for one in _parts(table, facts) if leaves_first(table, facts) else ():
        new = facts.new(one.identity)
        stays = new is not None and not facts.is_new(one.identity) and getattr(one, "valid", True)
        goes = _inherited_only(one, all(facts.new(tie) is None for tie in _ties(one)))
        if stays and goes and new is not None and _inherited_only(new, all(map(facts.is_new, _ties(new)))):
            found.append(one)
    return found


def _meanwhile(table: Identity) -> str:
    return above(table[1], f"{table[2]}_inherit")


def held(table: Identity, facts: Facts) -> tuple[list[Statement], set[Identity]]:
    """Ties a table to one that is there from before it leaves its parents until it has come to others, as what it is
    untied from it keeps as its own, for good; and the columns that it has from there, which only change there."""
    kept = _kept(table, facts)
    if not kept:
        return [], set()
    here = ("column", *table[1:])
    columns = {
        i for one in kept for i in (one.identity, *facts.uses(one.identity, before=True)) if i[:3] == here
    }
    columns |= {i for column in columns for i in facts.uses(column, before=True) if i[:3] == here}
    inside = [
        " ".join(
            [
                facts.old(column).plain,  # type: ignore[union-attr]
                *(one.clause((), facts) for one in kept if one.parent == column and one.forbids_null),
            ]
        )
        for column in sorted(columns)
    ]
    checks = [one.words for one in kept if one.identity[0] == "constraint"]  # type: ignore[attr-defined]
    return _raised(_meanwhile(table), ", ".join([*inside, *checks]), [table]), columns


def raised(one: Object, used: Iterable[Identity], facts: Facts) -> list[Statement]:
    """Makes the table that such a part comes from, with the columns that it uses, and ties the part's table to it."""
    assert one.table is not None
    here = ("column", *one.table[1:])
    columns = {identity for identity in used if identity[:3] == here}
    columns |= {other for identity in columns for other in facts.uses(identity) if other[:3] == here}
    inside = ", ".join(facts.new(identity).plain for identity in sorted(columns))  # type: ignore[union-attr]
    return _raised(stand_in(one), inside, [one.table])


def lowered(table: Identity, facts: Facts) -> list[Statement]:
    """Unties the table from all such tables, and drops them."""
    inside = facts.inside(table)
    parts = [*inside, *(part for one in inside for part in facts.inside(one.identity))]
    found = [s for one in parts if comes_with_tie(one, facts) for s in _lowered(stand_in(one), [table])]
    return [*found, *(_lowered(_meanwhile(table), [table]) if _kept(table, facts) else ())]


def changed_at(table: Identity, column: Identity, facts: Facts) -> str:
    """The name of the table on which a change of a column of this one is written."""
    return _meanwhile(table) if column in held(table, facts)[1] else qualified(*table[1:])


def below(
    name: str,
    inside: str,
    tables: Sequence[Identity],
    work: Iterable[Statement],
    first: Sequence[Statement] = (),
) -> list[Statement]:
    """Does the work while the tables inherit from one of that name, which is made of what is `inside` and dropped.

    `first`: what changes that table before.
    """
    meanwhile = (replace(one, with_last=True) for one in work)
    return [*_raised(name, inside, tables, first), *meanwhile, *_lowered(name, tables)]


def _raised(
    name: str, inside: str, tables: Sequence[Identity], first: Sequence[Statement] = ()
) -> list[Statement]:
    strong = lock(LockMode.ACCESS_EXCLUSIVE, *tables)
    return [Statement(f"CREATE TABLE {name} ({inside})", strong), *first, *_tied("INHERIT", name, tables)]


def _lowered(name: str, tables: Sequence[Identity]) -> list[Statement]:
    return [*_tied("NO INHERIT", name, tables), Statement(f"DROP TABLE {name}", with_last=True)]


def _tied(how: str, name: str, tables: Sequence[Identity]) -> list[Statement]:
    return [Statement(f"ALTER TABLE {qualified(*one[1:])} {how} {name}", with_last=True) for one in tables]
