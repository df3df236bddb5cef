"""README.md of a migration: what its reviewer reads first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrator.kinds.base import Object, describe
from migrator.kinds.column import Column
from migrator.kinds.constraint import Constraint
from migrator.plan.changes import Changes
from migrator.plan.hooks import Hooks
from migrator.plan.plan import Plan
from migrator.plan.steps import Step
from migrator.statement import Identity, Lock, LockMode

_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
ARROWS = {"upgrade": "Upgrade", "downgrade": "Downgrade"}


def review(
    name: str,
    revision: str,
    parent: str | None,
    plans: Mapping[str, Plan],
    notes: Sequence[str],
    hooks: Mapping[str, Hooks] = {},
    proved: Sequence[str] = (),
) -> str:
    """The Markdown text. `notes`: what the author decided and what nobody modelled; `proved`: what held."""
    up = plans["upgrade"]
    parts = [
        f"# {name}\n",
        f"Revision `{revision}`, after {f'`{parent}`' if parent else 'an empty database'}.\n",
        _objects(up),
        _lost(plans),
        *(_table(direction, plan) for direction, plan in plans.items()),
        *(_hooks(direction, carried) for direction, carried in hooks.items() if carried != Hooks()),
        *(_listed("Proved", proved, "On a scratch server, before this was written:") if proved else []),
        *(_listed("Notes", notes) if notes else []),
        *_diagram(up.changes),
    ]
    return "\n".join(parts)


def _listed(title: str, lines: Iterable[str], head: str = "") -> list[str]:
    told = f"{head}\n\n" if head else ""
    return [f"## {title}\n\n{told}" + "".join(f"- {line}\n" for line in lines)]


def _objects(plan: Plan) -> str:
    changes = plan.changes
    lines = [
        f"| → | {one.subject[0].replace('_', ' ')} | {code('.'.join(one.subject[1:]))} becomes {code(one.new_name)} |"
        for one in plan.statements
        if one.new_name
    ]
    for sign, identities in (
        ("+", changes.created - changes.dropped),
        ("~", changes.altered.keys() | changes.replaced),
        ("-", changes.dropped - changes.created),
    ):
        groups: dict[str, list[str]] = {}
        for identity in sorted(identities):
            one = changes.object(identity)
            if sign != "~" and one.parent in identities:
                continue  # told with its parent
            groups.setdefault(identity[0].replace("_", " "), []).append(code(".".join(identity[1:])))
        lines += [f"| {sign} | {kind} | {', '.join(names)} |" for kind, names in groups.items()]
    return "## Objects\n\n| | kind | names |\n|---|---|---|\n" + "\n".join(lines) + "\n"


def _lost(plans: Mapping[str, Plan]) -> str:
    lines = []
    for direction, plan in plans.items():
        lines += [f"- **{ARROWS[direction]}** {plain(line)}" for line in losses(plan)]
    if not lines:
        return "## What can be lost\n\nNothing.\n"
    return (
        "## What can be lost\n\n"
        + "\n".join(lines)
        + "\n\nAll other tables and columns stay, with their data.\n"
    )


def losses(plan: Plan) -> list[str]:
    """What rows and values the plan deletes, a line each."""
    found: list[str] = []
    columns: dict[Identity, list[str]] = {}
    for identity in sorted(plan.changes.dropped):
        one = plan.changes.old.objects[identity]
        if not one.loses_rows(plan.changes.new) or one.parent in plan.changes.dropped:
            continue
        if one.parent == one.table and one.parent is not None:
            columns.setdefault(one.parent, []).append(identity[-1])
        else:
            found.append(
                f"deletes all data in {describe(identity)}, and the {identity[0].replace('_', ' ')} itself"
            )
    for table, names in columns.items():
        held = "it" if len(names) == 1 else "them"
        found.append(
            f"deletes {_count(names)} of {describe(table)}, and all data in {held}: {', '.join(names)}"
        )
    return found


def _count(columns: Sequence[str]) -> str:
    return "one column" if len(columns) == 1 else f"{len(columns)} columns"


def _table(direction: str, plan: Plan) -> str:
    rows = "\n".join(_row(step) for step in plan.steps)
    head = f"## {ARROWS[direction]}\n\n"
    if plan.preconditions:
        head += "Before anything changes, it is asked:\n\n"
        head += "".join(f"- {plain(one.name)}\n" for one in plan.preconditions) + "\n"
    hazards = {hazard for statement in plan.statements for hazard in statement.hazards}
    told = "".join(
        f"\n- {h.code}: {h.effect}. Safer: {h.instead}." for h in sorted(hazards, key=lambda h: h.code)
    )
    columns = (
        "| step | what | locks, as measured | who waits | for how long | hazards |\n|---|---|---|---|---|---|"
    )
    return f"{head}{columns}\n{rows}\n" + (f"{told}\n" if told else "")


def _row(step: Step) -> str:
    held = _held(step)
    locks = ", ".join(f"{one.mode.sql} on {code('.'.join(one.relation[1:]))}" for one in held) or "–"
    if any(statement.measured is None for statement in step.statements):
        locks += " (not measured)"
    hazards = ", ".join(sorted({hazard.code for s in step.statements for hazard in s.hazards})) or "–"
    who, how_long = _waits(step, max((one.mode for one in held), default=None))
    return f"| {step.number} | {plain(step.title)} | {locks} | {who} | {how_long} | {hazards} |"


def _held(step: Step) -> list[Lock]:
    """The strongest lock on each relation: what is asked for beforehand, and what was seen beyond that."""
    strongest: dict[Identity, LockMode] = {}
    seen = (one for s in step.statements if s.measured for one in s.measured.locks)
    for one in (*step.locks, *seen):
        strongest[one.relation] = max(one.mode, strongest.get(one.relation, one.mode))
    return [Lock(relation, mode) for relation, mode in sorted(strongest.items())]


def _waits(step: Step, mode: LockMode | None) -> tuple[str, str]:
    """Who waits for the step, and how long."""
    if step.statements[0].backfill:
        return "writers of the rows of one batch", "a batch, 0.25 s"
    # What it reads under a lock that stops nobody depends on the server's plan, and is nobody's concern.
    strong = {one.relation for one in _held(step) if one.mode >= LockMode.SHARE_UPDATE_EXCLUSIVE}
    seen = [s.measured for s in step.statements if s.measured]
    rewrites = {relation for one in seen for relation in one.rewrites}
    reads = {relation for one in seen for relation in one.reads if relation in strong or step.stops_writers}
    works = [
        f"{verb} {', '.join(code('.'.join(relation[1:])) for relation in sorted(relations))}"
        for verb, relations in (("rewrites", rewrites), ("reads", reads - rewrites))
        if relations
    ]
    how_long = f"while it {' and '.join(works)}" if works else "a moment"
    if mode is None or mode < LockMode.SHARE_UPDATE_EXCLUSIVE:
        return "nobody", "–"
    if mode is LockMode.SHARE_UPDATE_EXCLUSIVE:
        return "other DDL, VACUUM", how_long
    who = "readers and writers" if mode is LockMode.ACCESS_EXCLUSIVE else "writers"
    return who, how_long


def _hooks(direction: str, hooks: Hooks) -> str:
    parts = [f"## Hooks of the {direction}\n"]
    for one in hooks.preconditions:
        parts.append(f"Before anything changes: {one.name}. If not: {one.hint}\n\n{_sql(one.query)}")
    for fill in hooks.backfills:
        fills = ", ".join(f"`{column}`" for column in fill.fills)
        parts.append(
            f"Backfill `{fill.name}` of `{'.'.join(fill.table[1:])}` fills {fills};"
            f" a row is still to do while `{fill.remaining}`:\n\n{_sql(fill.sql)}"
        )
    return "\n".join(parts)


def code(text: str) -> str:
    """A name as a code span in a table, whatever it holds."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{_BREAK.sub(' ', text)}{pad}{fence}".replace("|", r"\|")


def plain(text: str) -> str:
    """A text that holds names, so that nothing of it is read as Markdown or HTML."""
    return re.sub(r"([\\`*<>|\[\]&~$])", r"\\\1", _BREAK.sub(" ", text))


def _sql(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}sql\n{text}\n{fence}\n"


def _diagram(changes: Changes) -> Iterator[str]:
    """The tables that the migration touches, with columns and what they reference; what is new is marked."""
    objects = changes.new.objects
    touched = {
        table
        for identity in (*changes.created, *changes.altered, *changes.dropped)
        if (table := changes.object(identity).table) in objects and table is not None
    }
    tables = sorted(t for t in touched if t[0] == "table")
    if not tables:
        return
    lines = ["erDiagram"]
    for table in tables:
        parts = changes.new.parts.get(table, ())
        keys = _keys(parts)
        lines.append(f"    {_entity(table)} {{")
        for column in parts:
            if isinstance(column, Column):
                new = ' "new"' if column.identity in changes.created and table not in changes.created else ""
                key = f" {', '.join(keys[column.column])}" if column.column in keys else ""
                lines.append(f"        {_word(column.type)} {_word(column.column)}{key}{new}")
        lines.append("    }")
        for one in parts:
            if isinstance(one, Constraint) and one.type == "f" and one.target:
                new = ", new" if one.identity in changes.created and table not in changes.created else ""
                target = _entity(("table", *one.target))
                lines.append(f'    {target} ||--o{{ {_entity(table)} : "{_word(one.constraint)}{new}"')
    yield "## Diagram\n\n```mermaid\n" + "\n".join(lines) + "\n```\n"


def _keys(parts: Sequence[Object]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in parts:
        if isinstance(one, Constraint) and one.type in "pf":
            for column in one.columns:
                words = found.setdefault(column, [])
                if (word := {"p": "PK", "f": "FK"}[one.type]) not in words:
                    words.append(word)
    return found


def _entity(table: Identity) -> str:
    return _word("_".join(table[2:] if table[1] == "public" else table[1:]))


def _word(text: str) -> str:
    """A word as Mermaid takes it: letters, digits, underscores, brackets."""
    word = re.sub(r"[^\w()\[\]]+", "_", text, flags=re.ASCII).strip("_")
    return word if word[:1].isalpha() else f"_{word}"
