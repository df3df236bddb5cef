"""A plan as SQL that psql runs."""

from __future__ import annotations

from migrator.plan.plan import Plan
from migrator.plan.steps import Step
from migrator.statement import Statement

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
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = '60s';
"""
"""What every file sets, because each of these changes what a statement means or how long it may wait."""


def script(plan: Plan) -> str:
    """The plan as one psql script without a ledger; an empty string where there is nothing to do."""
    if not plan.steps:
        return ""
    return SETTINGS + "".join(f"\n-- {step.number}. {step.title}\n{_step(step)}" for step in plan.steps)


def _step(step: Step) -> str:
    body = "".join(f"{statement.sql};\n" for statement in step.statements)
    if step.transactional:
        return f"BEGIN;\n{body}COMMIT;\n"
    return guarded(step.statements[0])


def guarded(statement: Statement) -> str:
    """A statement outside a transaction, run only where it is not done, after what a killed run left is cleared."""
    guard = statement.guard
    if guard is None:
        return f"{statement.sql};\n"
    repair = f"{guard.repair} \\gexec\n" if guard.repair else ""
    return (
        f"SELECT NOT ({guard.done}) AS migrator_todo \\gset\n"
        f"\\if :migrator_todo\n{repair}{statement.sql};\n\\endif\n"
    )
