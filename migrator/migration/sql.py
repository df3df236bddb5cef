"""A plan as SQL that psql runs: a script without a ledger, or the file of a migration."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources

from migrator.migration import backfill
from migrator.plan.plan import Plan
from migrator.plan.steps import Step
from migrator.sql import argument, command, comment, dollar_quoted, literal, qualified
from migrator.statement import Identity, Lock, Precondition, Statement

SETTINGS = """\
\\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, public, pg_temp;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET check_function_bodies = off;
SET row_security = off;
SET client_min_messages = notice;
"""
"""What a script sets, because each of these changes what a statement means."""


def script(plan: Plan) -> str:
    """The plan as one psql script without a ledger; an empty string where there is nothing to do."""
    if not plan.steps:
        return ""
    return SETTINGS + "".join(
        f"\n{comment(_heading(step))}\n{_hazards(step)}{_bare(step)}" for step in plan.steps
    )


def _heading(step: Step) -> str:
    return f"{step.number}. {step.title}"


def _hazards(step: Step) -> str:
    hazards = dict.fromkeys(str(hazard) for statement in step.statements for hazard in statement.hazards)
    return "".join(f"{comment('hazard: ' + hazard)}\n" for hazard in hazards)


def _bare(step: Step) -> str:
    body = "".join(command(statement.sql) for statement in step.statements)
    if step.transactional:
        return f"BEGIN;\n{body}COMMIT;\n"
    fill = step.statements[0].backfill
    return backfill.plain(fill) if fill else _guarded(step.statements[0])


def _guarded(statement: Statement) -> str:
    """A statement outside a transaction, run only where it is not done, after what a killed run left is cleared."""
    guard = statement.guard
    if guard is None:
        return command(statement.sql)
    finish = f"{guard.finish} \\gexec\n" if guard.finish else ""
    repair = f"{guard.repair} \\gexec\n" if guard.repair else ""
    return (
        f"{finish}SELECT NOT ({guard.done}) AS migrator_missing \\gset\n"
        f"\\if :migrator_missing\n{repair}{command(statement.sql)}\\endif\n"
    )


def migration_file(
    plan: Plan, *, revision: str, direction: str, before: str | None, after: str | None, about: Sequence[str]
) -> str:
    """One direction of a migration as a file for `psql -f`.

    `before` and `after` are the revisions of the database it starts from and ends at, None for none at all.
    `about`: lines for its top. The same arguments give the same bytes.
    """
    steps = "".join(_step(plan, step, len(plan.steps)) for step in plan.steps)
    body = _preconditions(plan) + _open(len(plan.steps)) + steps + _close(before, after)
    runtime = resources.files("migrator.migration").joinpath("runtime.sql").read_text(encoding="utf-8")
    head = comment(
        f"{revision}: {direction}, from {before or 'an empty database'} to {after or 'an empty database'}"
    )
    names = {
        "revision": revision,
        "direction": direction,
        "before": before or "",
        "after": after or "",
        "plan": hashlib.sha256((runtime + body).encode()).hexdigest()[:16],
    }
    variables = "".join(f"\\set migrator_{name} {argument(value)}\n" for name, value in names.items())
    told = "".join(f"{comment(line)}\n" for line in about)
    return f"{head}\n{told}\n{variables}\n{runtime}\n-- The migration\n{body}"


def _preconditions(plan: Plan) -> str:
    calls = "".join(_precondition(one) for one in plan.preconditions)
    absent: dict[str, list[str]] = {}
    for identity in sorted(plan.changes.created - plan.changes.dropped):
        one = plan.changes.new.objects[identity]
        if one.address_type and one.parent not in plan.changes.created:
            absent.setdefault(one.address_type, []).append(_array(identity[1:]))
    for type_, names in absent.items():
        calls += (
            f"CALL pg_temp.expect_absent({literal(type_)},\n  {f',{chr(10)}  '.join(map(literal, names))});\n"
        )
    if not calls:
        return ""
    return f"\n-- Preconditions: nothing is changed before all of them hold\n\\if :migrator_fresh\n{calls}CALL pg_temp.preconditions_hold();\n\\endif\n"


def _array(names: Sequence[str]) -> str:
    """An array as PostgreSQL reads it from text."""
    quoted = [name.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34)) for name in names]
    return "{" + ",".join(f'"{name}"' for name in quoted) + "}"


def _precondition(one: Precondition) -> str:
    setup = command(one.setup) if one.setup else ""
    return setup + (
        f"CALL pg_temp.precondition({literal(one.name)},\n"
        f"  {dollar_quoted(one.query, 'query')},\n  {literal(one.hint)});\n"
    )


def _open(steps: int) -> str:
    return f"""
\\if :migrator_fresh
SELECT pg_temp.open_run(:'migrator_revision', :'migrator_direction', :'migrator_plan', nullif(:'migrator_after', ''), {steps}) AS migrator_run \\gset
\\endif
SELECT set_config('migrator.run', :'migrator_run', false) AS migrator_run \\gset
"""


def _lock(plan: Plan, one: Lock) -> str:
    return f"{qualified(*one.relation[1:])} IN {one.mode.sql} MODE"


def _lockable(plan: Plan, relation: Identity) -> bool:
    """Whether LOCK TABLE takes it; what a rename step locks is known to no snapshot by its old name."""
    one = plan.changes.old.objects.get(relation) or plan.changes.new.objects.get(relation)
    return one.lockable if one is not None else relation[0] == "table"


def _step(plan: Plan, step: Step, total: int) -> str:
    wanted = [one for one in step.locks if _lockable(plan, one.relation)]
    told = "".join(f"{comment('lock: ' + _lock(plan, one))}\n" for one in wanted)
    told += _hazards(step)
    done = f"CALL pg_temp.done({step.number}, {literal(step.title)});\n"
    first = step.statements[0]
    begin = "CALL pg_temp.begin_outside();\n" if step.number == 1 else ""
    if first.backfill:
        body = begin + backfill.render(first.backfill) + done
    elif step.transactional:
        locks = ", ".join(literal(_lock(plan, one)) for one in wanted)
        take = f"CALL pg_temp.take_locks({locks});\n" if wanted else ""
        body = "BEGIN;\n" + take + "".join(command(s.sql) for s in step.statements) + done + "COMMIT;\n"
    else:
        body = begin + _guarded(first) + done
    label = f"[{step.number}/{total}] {step.title}"
    return f"""
{comment(_heading(step))}
{told}SELECT pg_temp.todo({step.number}) AS migrator_todo \\gset
\\if :migrator_todo
\\echo {argument(label)}
{body}\\endif
"""


def _close(before: str | None, after: str | None) -> str:
    if after is None:
        move = "DELETE FROM public.alembic_version"
    elif before is None:
        move = f"INSERT INTO public.alembic_version (version_num) VALUES ({literal(after)})"
    else:
        move = f"UPDATE public.alembic_version SET version_num = {literal(after)}"
    table = (
        ""
        if before
        else """SELECT to_regclass('public.alembic_version') IS NULL AS migrator_missing \\gset
\\if :migrator_missing
CREATE TABLE public.alembic_version (version_num character varying(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
\\endif
"""
    )
    return f"""
-- The revision moves on and the run ends; where Alembic runs this file it does both itself
SELECT :'migrator_stand' <> 'done' AS migrator_todo \\gset
\\if :migrator_todo
\\if :{{?migrator_alembic}}
\\else
BEGIN;
UPDATE migrator.run SET finished_at = clock_timestamp() WHERE id = :'migrator_run';
{table}{move};
COMMIT;
\\endif
\\echo Done: :migrator_revision :migrator_direction
\\endif
SELECT pg_advisory_unlock_all() \\g /dev/null
"""
