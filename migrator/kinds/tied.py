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
    stays = one.table is not None and not facts.is_new(one.table)
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
    return [s for one in parts if comes_with_tie(one, facts) for s in _lowered(stand_in(one), [table])]


def below(name: str, inside: str, tables: Sequence[Identity], work: Iterable[Statement]) -> list[Statement]:
    """Does the work while the tables inherit from one of that name, which is made of what is `inside` and dropped."""
    meanwhile = (replace(one, with_last=True) for one in work)
    return [*_raised(name, inside, tables), *meanwhile, *_lowered(name, tables)]


def _raised(name: str, inside: str, tables: Sequence[Identity]) -> list[Statement]:
    strong = lock(LockMode.ACCESS_EXCLUSIVE, *tables)
    return [Statement(f"CREATE TABLE {name} ({inside})", strong), *_tied("INHERIT", name, tables)]


def _lowered(name: str, tables: Sequence[Identity]) -> list[Statement]:
    return [*_tied("NO INHERIT", name, tables), Statement(f"DROP TABLE {name}", with_last=True)]


def _tied(how: str, name: str, tables: Sequence[Identity]) -> list[Statement]:
    return [Statement(f"ALTER TABLE {qualified(*one[1:])} {how} {name}", with_last=True) for one in tables]
