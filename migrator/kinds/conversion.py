"""How the values of a column change over to another type, and which of them cannot.

A type that is replaced is renamed first; the values of its columns then go from the old type to the new one by an
expression made here: by way of text, or attribute by attribute. Which rows stand in the way is asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from migrator.errors import PlanError
from migrator.kinds.base import Facts, Object, describe
from migrator.kinds.composite import Attribute, Composite
from migrator.kinds.domain import Domain, DomainConstraint, DomainNotNull
from migrator.kinds.enum import Enum
from migrator.sql import dollar_quoted, identifier, literal, qualified
from migrator.statement import Identity, Precondition


def bare(type_: str) -> str:
    """The type of the elements of an array type, as format_type prints it; any other type itself."""
    return type_.removesuffix("[]")


def named(type_: str, user: Identity, facts: Facts, *, before: bool) -> Object | None:
    """The type of that name that `user`, a column or an attribute, has or holds in an array."""
    for identity in sorted(facts.uses(user, before=before)):
        one = facts.old(identity) if before else facts.new(identity)
        if one is not None and one.sets_aside and one.name == bare(type_):
            return one
    return None


def across(expression: str, user: Identity, old_type: str, new_type: str, facts: Facts) -> str | None:
    """An expression of the new type of `user` made of one of its old type; None where none is needed."""
    old = named(old_type, user, facts, before=True)
    its = facts.old(user)
    replaced = [
        one
        for one in (facts.old(i) for i in facts.uses(user, before=True))
        if one is not None
        and one.sets_aside
        and not (its and one.identity == its.parent and (one.holds_rows or old_type == new_type))
        and one.kind != "collation"
        and (facts.is_new(one.identity) or (old_type == new_type and facts.new(one.identity) is None))
    ]
    if not replaced:
        return None if old_type == new_type else f"{expression}::{new_type}"
    within, plain = old, old_type == bare(old_type)
    while isinstance(within, Domain):
        below = within.type
        if getattr(facts.new(within.identity), "type", None) != below:
            within = None
            break
        within, plain = named(below, within.identity, facts, before=True), plain and below == bare(below)
    new = facts.new(within.identity) if within is not None else None
    if within is not None and new is not None and old_type == new_type and _rowlike(within) and _rowlike(new):
        if plain:
            return _row(expression, within, new, new_type, facts)
        if list(_attributes(within, facts, before=True)) != list(_attributes(new, facts)):
            raise PlanError(
                f"no expression changes the rows inside {old_type} to their new form",
                where=describe(user),
                why="attributes of the type come, go or move, and USING may hold no subquery",
                hint="write a function that converts one value, and name it in decisions.toml under"
                f' [using], "{describe(user)}" = "that_function({expression})"',
            )
    array = "[]" if old_type != bare(old_type) and new_type != bare(new_type) else ""
    return f"{expression}::text{array}::{new_type}"


def _rowlike(one: Object) -> bool:
    """Whether its values are rows: a composite type, or a table."""
    return isinstance(one, Composite) or one.holds_rows


def _attributes(one: Object, facts: Facts, *, before: bool = False) -> dict[str, tuple[Identity, str]]:
    """What the rows of a type have, in order: name -> the identity and the type."""
    parts = [
        part
        for part in facts.inside(one.identity, before=before)
        if isinstance(part, Attribute) or part.kind == "column"
    ]
    return {part.identity[-1]: (part.identity, str(part.type)) for part in parts}  # type: ignore[attr-defined]


def _row(expression: str, old: Object, new: Object, new_type: str, facts: Facts) -> str:
    before = _attributes(old, facts, before=True)
    values = []
    for name, (_, type_) in _attributes(new, facts).items():
        if name not in before:
            values.append("NULL")
            continue
        inner = f"({expression}).{identifier(name)}"
        values.append(across(inner, *before[name], type_, facts) or inner)
    # IS NULL is also true of a row of NULLs; IS NOT DISTINCT FROM NULL is not.
    return (
        f"CASE WHEN {expression} IS NOT DISTINCT FROM NULL THEN NULL"
        f" ELSE ROW({', '.join(values)})::{new_type} END"
    )


def lost_labels(
    expression: str, user: Identity, old_type: str, facts: Facts
) -> Iterator[tuple[list[str], str]]:
    """For each enum inside `expression`: its labels that go, and the condition of a row that holds one."""
    old = named(old_type, user, facts, before=True)
    array = old_type != bare(old_type)
    new = facts.new(old.identity) if old is not None else None
    if isinstance(old, Enum) and isinstance(new, Enum):
        gone = [label for label in old.labels if label not in set(new.labels)]
        if gone:
            listed = ", ".join(literal(label) for label in gone)
            yield (
                gone,
                f"{expression}::text[] && ARRAY[{listed}]" if array else f"{expression}::text IN ({listed})",
            )
    elif isinstance(old, Domain):
        yield from lost_labels(expression, old.identity, old.type, facts)
    elif isinstance(old, Composite) and new is not None:
        inner = "(element)" if array else f"({expression})"
        for part in facts.inside(old.identity, before=True):
            if not isinstance(part, Attribute) or facts.new(part.identity) is None:
                continue
            value = f"{inner}.{identifier(part.attribute)}"
            for gone, condition in lost_labels(value, part.identity, part.type, facts):
                yield (
                    gone,
                    f"EXISTS (SELECT FROM unnest({expression}) AS element WHERE {condition})"
                    if array
                    else condition,
                )


@dataclass(frozen=True)
class Held:
    """A value inside those of a column: an attribute of the rows that it holds, at any depth."""

    user: Identity
    value: str
    """Its expression where `within` puts it."""
    old_type: str
    new_type: str
    within: Callable[[str], str] = str
    """The condition that a condition holds for one such value in a row of the table."""
    comes: bool = False
    """Whether the attribute is new, so that it is NULL."""


def held(one: Held, facts: Facts) -> Iterator[Held]:
    """What is inside a value, where its type stays a composite one, or an array of it, or a domain over it."""
    old, array = named(one.old_type, one.user, facts, before=True), one.old_type != bare(one.old_type)
    new = facts.new(old.identity) if old is not None else None
    if array != (one.new_type != bare(one.new_type)):
        return
    if isinstance(old, Domain) and isinstance(new, Domain) and not array:
        yield from held(replace(one, user=old.identity, old_type=old.type, new_type=new.type), facts)
    if not isinstance(old, Composite) or not isinstance(new, Composite):
        return
    before = _attributes(old, facts, before=True)
    row = "(element)" if array else f"({one.value})"

    def within(condition: str) -> str:
        there = f"{row} IS DISTINCT FROM NULL AND {condition}"  # NULL itself stays what it is
        if array:
            elements = f"(SELECT unnest({one.value}) AS element) AS elements"
            there = f"EXISTS (SELECT FROM {elements} WHERE {there})"
        return one.within(there)

    for name, (attribute, type_) in _attributes(new, facts).items():
        if name in before:
            user, was = before[name]
            inner = Held(user, f"{row}.{identifier(name)}", was, type_, within)
            yield inner
            yield from held(inner, facts)
        elif has_rules(type_, attribute, facts):
            yield Held(attribute, "NULL", "text", type_, within, comes=True)


def has_rules(type_: str, user: Identity, facts: Facts) -> bool:
    """Whether the type of `user` is a domain with rules, one of which NULL may not meet."""
    new = named(type_, user, facts, before=False)
    if not isinstance(new, Domain) or type_ != new.name:
        return False
    return bool(facts.inside(new.identity)) or has_rules(new.type, new.identity, facts)


def is_null_at_first(type_: str, user: Identity, facts: Facts) -> bool:
    """Whether a new column of that type, without a default of its own, is NULL, which a rule of the type may refuse."""
    new = named(type_, user, facts, before=False)
    while isinstance(new, Domain):
        if new.default is not None:
            return False
        new = named(new.type, new.identity, facts, before=False)
    return has_rules(type_, user, facts)


def asked_inside(
    column: Identity, old_type: str, new_type: str, reads: tuple[Identity, ...], facts: Facts
) -> Iterator[tuple[Identity, Precondition]]:
    """For each attribute of the rows that a column holds: that its values can be of its new type."""
    table, name = qualified(*column[1:3]), identifier(column[3])
    for one in held(Held(column, f"t.{name}", old_type, new_type), facts):
        attribute = identifier(one.user[-1])
        function = f"pg_temp.{identifier(f'{column[2]}.{column[3]}.{one.user[-1]} converts'[-63:])}"
        setup = tried_inside(function, one, facts)
        if setup is None:
            continue
        if one.comes:
            what = f"no {name} of {table} holds a row that lacks {attribute}, as {one.new_type} takes no NULL"
            hint = (
                f"set {name} to NULL there, or add {attribute} with another type in a migration before this one, fill it,"
                f" and give it {one.new_type} in one after that"
            )
        else:
            what = f"every {attribute} in {name} of {table} can become {one.new_type}"
            hint = f"change the values that do not fit {one.new_type}"
        query = f"SELECT t.* FROM {table} AS t WHERE {one.within(f'NOT {function}({one.value})')}"
        yield one.user, Precondition(what, query, hint, reads, setup=setup)


def target(type_: str, user: Identity, facts: Facts) -> tuple[str, list[str] | None] | None:
    """What values of the type can be tried against before the plan runs: a type that exists by then, or labels.

    None where there is nothing that could refuse them yet.
    """
    new = named(type_, user, facts, before=False)
    if new is None:
        its = facts.new(user)
        uses = [facts.new(identity) for identity in facts.uses(user) if not its or identity != its.parent]
        comes = [
            one
            for one in uses
            if one and one.sets_aside and not one.holds_rows and facts.is_new(one.identity)
        ]
        return None if comes else (type_, None)
    if isinstance(new, Enum):
        return type_, new.labels
    if facts.old(new.identity) == new and not facts.is_new(new.identity):
        return type_, None
    if not isinstance(new, Domain):
        return None
    below = target(new.type, new.identity, facts)
    if type_ == bare(type_) or below is None or below[1] is not None:
        return below
    return (f"{below[0]}[]", None) if below[0] == bare(below[0]) else None


def rules(old_type: str, type_: str, user: Identity, facts: Facts) -> list[str]:
    """Conditions on VALUE that values of `old_type` must meet to become ones of `type_`, a domain that is not there
    before the plan, or not so, or an array of one; those which can be asked before it."""
    new = named(type_, user, facts, before=False)
    if not isinstance(new, Domain):
        return []
    old, found = facts.old(new.identity), rules(old_type, new.type, new.identity, facts)
    if type_ != new.name:
        every = found + _own_rules(new, facts)
        return [
            f"NOT EXISTS (SELECT FROM unnest(VALUE) AS v (value) WHERE ({one}) IS FALSE)" for one in every
        ]
    column = facts.old(user)
    if (
        isinstance(old, Domain)
        and (old_type, old.type) == (new.name, new.type)
        and column
        and column.holds_rows
    ):
        return found  # they are asked for one by one
    return found + _own_rules(new, facts)


def _own_rules(new: Domain, facts: Facts) -> list[str]:
    found: list[str] = []
    if facts.old(new.identity) == new and not facts.is_new(new.identity):
        return found  # a value is held to them as it is converted
    for one in facts.inside(new.identity):
        if any(facts.old(i) != facts.new(i) for i in facts.uses(one.identity) if i != new.identity):
            continue
        if isinstance(one, DomainConstraint) and one.valid:
            found.append(one.condition)
        elif isinstance(one, DomainNotNull):
            found.append("VALUE IS NOT NULL")
    return found


def tried(function: str, given: str, type_: str, value: str, rules: list[str]) -> str:
    """SQL: makes a function of `given` that tells whether `value` can be one of a type, and meets the rules."""
    met = " AND ".join(f"({rule}) IS NOT FALSE" for rule in rules)
    met = f"(SELECT {met} FROM (SELECT migrator_changed) AS v (value))" if rules else "true"
    body = (
        f"DECLARE migrator_changed {type_}; BEGIN migrator_changed := {value};"
        f" RETURN {met}; EXCEPTION WHEN OTHERS THEN RETURN false; END"
    )
    return f"CREATE FUNCTION {function}({given}) RETURNS boolean LANGUAGE plpgsql AS {dollar_quoted(body)}"


def tried_inside(function: str, one: Held, facts: Facts) -> str | None:
    """The same for a value inside others; None where nothing could refuse it."""
    found = target(one.new_type, one.user, facts)
    asked = rules(one.old_type, one.new_type, one.user, facts)
    always = found == (one.old_type, None) or (one.old_type, one.new_type) in ALWAYS
    if found is None or found[1] is not None or (always and not asked):
        return None
    value = across("migrator_given", one.user, one.old_type, one.new_type, facts) or "migrator_given"
    value = value.removesuffix(f"::{one.new_type}")
    return tried(function, f"migrator_given {one.old_type}", found[0], f"{value}::{found[0]}", asked)


_NUMBERS = ("smallint", "integer", "bigint", "numeric")
ALWAYS = frozenset(
    {(a, b) for place, a in enumerate(_NUMBERS) for b in _NUMBERS[place + 1 :]}
    | {
        (a, b)
        for a in ("smallint", "integer", "bigint", "numeric", "uuid", "boolean", "date")
        for b in ("text", "character varying")
    }
    | {(a, b) for a in ("character varying", "json", "jsonb") for b in ("text",)}
    | {("jsonb", "json"), ("real", "double precision")}
)
"""Changes of type that rewrite and that no value can stop, so that nothing has to be asked."""
