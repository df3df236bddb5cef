"""README.md of a migration: what its reviewer reads first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from migrator.kinds.base import describe
from migrator.plan.changes import Changes
from migrator.plan.plan import Plan
from migrator.plan.steps import Step

_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
ARROWS = {"upgrade": "Upgrade", "downgrade": "Downgrade"}


def review(
    name: str, revision: str, parent: str | None, plans: Mapping[str, Plan], notes: Sequence[str]
) -> str:
    """The Markdown text. `notes`: what the author has decided and what nobody modelled."""
    up = plans["upgrade"]
    parts = [
        f"# {name}\n",
        f"Revision `{revision}`, after {f'`{parent}`' if parent else 'an empty database'}.\n",
        _objects(up.changes),
        _lost(plans),
        *(_table(direction, plan) for direction, plan in plans.items()),
        *([f"## Notes\n\n{''.join(f'- {note}{chr(10)}' for note in notes)}"] if notes else []),
    ]
    return "\n".join(parts)


def _objects(changes: Changes) -> str:
    lines = []
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
    return "## What can be lost\n\n" + ("\n".join(lines) if lines else "Nothing.") + "\n"


def losses(plan: Plan) -> list[str]:
    """What rows and values the plan deletes, a line each."""
    found = []
    for identity in sorted(plan.changes.dropped):
        one = plan.changes.old.objects[identity]
        if not one.loses_rows(plan.changes.new) or one.parent in plan.changes.dropped:
            continue
        found.append(f"deletes {describe(identity)} and what it holds")
    return found


def _table(direction: str, plan: Plan) -> str:
    rows = "\n".join(_row(step) for step in plan.steps)
    head = f"## {ARROWS[direction]}\n\n"
    if plan.preconditions:
        head += "Before anything changes, it is asked:\n\n"
        head += "".join(f"- {plain(one.name)}\n" for one in plan.preconditions) + "\n"
    return f"{head}| step | what | locks | hazards |\n|---|---|---|---|\n{rows}\n"


def _row(step: Step) -> str:
    locks = ", ".join(f"{one.mode.sql} on {code('.'.join(one.relation[1:]))}" for one in step.locks) or "–"
    hazards = ", ".join(sorted({hazard.code for s in step.statements for hazard in s.hazards})) or "–"
    return f"| {step.number} | {plain(step.title)} | {locks} | {hazards} |"


def code(text: str) -> str:
    """A name as a code span, also in a table, whatever it holds."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{_BREAK.sub(' ', text)}{pad}{fence}".replace("|", r"\|")


def plain(text: str) -> str:
    """A text that holds names, so that nothing of it is read as Markdown or HTML."""
    return re.sub(r"([\\`*<>|\[\]&~$])", r"\\\1", _BREAK.sub(" ", text))
