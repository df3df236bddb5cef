"""What comes to a table that is there because it is made to inherit from another, and is to be inherited only.

INHERIT asks that the table has it already, and lets it be the table's own for good. So it comes from a table of its own
above, which is there until the ties are made: what is then inherited from elsewhere too does not become the table's own.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    return qualified(schema, suffixed(f"{table}_{part}_{kind}", "__above"))


def raised(one: Object, used: Iterable[Identity], facts: Facts) -> list[Statement]:
    """Makes that table, with the columns that the part uses, and ties the part's table to it."""
    assert one.table is not None
    columns = {
        identity: facts.new(identity) for identity in used if identity[:3] == ("column", *one.table[1:])
    }
    for identity in list(columns):
        more = [i for i in facts.uses(identity) if i[:3] == identity[:3]]
        columns.update((each, facts.new(each)) for each in more)
    inside = ", ".join(columns[identity].plain for identity in sorted(columns))  # type: ignore[union-attr]
    child = qualified(*one.table[1:])
    strong = lock(LockMode.ACCESS_EXCLUSIVE, one.table)
    return [
        Statement(f"CREATE TABLE {stand_in(one)} ({inside})", strong),
        Statement(f"ALTER TABLE {child} INHERIT {stand_in(one)}", with_last=True),
    ]


def lowered(table: Identity, facts: Facts) -> list[Statement]:
    """Unties the table from all such tables, and drops them."""
    inside = facts.inside(table)
    parts = [*inside, *(part for one in inside for part in facts.inside(one.identity))]
    child = qualified(*table[1:])
    return [
        Statement(sql, with_last=True)
        for one in parts
        if comes_with_tie(one, facts)
        for sql in (f"ALTER TABLE {child} NO INHERIT {stand_in(one)}", f"DROP TABLE {stand_in(one)}")
    ]
