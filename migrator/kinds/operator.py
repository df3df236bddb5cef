"""Operators (pg_operator). What an operator is not yet, a COMMUTATOR or NEGATOR for instance, PostgreSQL notes and fills in."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key, replaced
from migrator.kinds.schema import OURS
from migrator.sql import identifier
from migrator.statement import Identity, Statement

_OTHER = """(SELECT format('OPERATOR(%s.%s)', t.oprnamespace::regnamespace, t.oprname)
                    FROM pg_operator t WHERE t.oid = {0})"""


class Operator(Object):
    """An operator with its function and what the planner may know of it."""

    kind = "operator"
    catalogs = {
        "pg_operator": "oid oprname oprnamespace oprcanmerge oprcanhash oprleft oprright oprcom oprnegate oprcode"
        " oprrest oprjoin",
    }

    schema: str = key()
    operator: str = key()
    left: str = key()
    right: str = key()
    function: str = replaced()
    commutator: str | None = replaced()
    negator: str | None = replaced()
    merges: bool = replaced()
    hashes: bool = replaced()
    restrict: str | None = altered()
    join: str | None = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_operator", "o.oid")}, n.nspname::text, o.oprname::text,
                   CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
                   format_type(o.oprright, NULL), o.oprcode::regproc::text,
                   {_OTHER.format("o.oprcom")}, {_OTHER.format("o.oprnegate")}, o.oprcanmerge, o.oprcanhash,
                   nullif(o.oprrest::oid, 0)::regproc::text, nullif(o.oprjoin::oid, 0)::regproc::text
            FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
            -- One without a function is only named by another, as what that one expects.
            WHERE o.oid >= 16384 AND o.oprcode::oid <> 0 AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def name(self) -> str:
        return f"{identifier(self.schema)}.{self.operator}"

    @property
    def reference(self) -> str:
        return f"OPERATOR {self.name} ({self.left}, {self.right})"

    @property
    def overloads(self) -> Identity:
        return ("operator", self.schema, self.operator)

    @property
    def stands_alone(self) -> str:
        return "PostgreSQL renames no operator, and has one of a name and types at a time"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        left = () if self.left == "NONE" else (("LEFTARG", self.left),)
        others = (("COMMUTATOR", self.commutator), ("NEGATOR", self.negator))
        estimates = (("RESTRICT", self.restrict), ("JOIN", self.join))
        named = (("FUNCTION", self.function), *left, ("RIGHTARG", self.right), *others, *estimates)
        words = [f"{word} = {what}" for word, what in named if what is not None]
        words += [word for word, given in (("HASHES", self.hashes), ("MERGES", self.merges)) if given]
        return [Statement(f"CREATE OPERATOR {self.name} (\n    {f',{chr(10)}    '.join(words)}\n)")]

    def alter(self, new: Operator, changed: Sequence[str], facts: Facts) -> list[Statement]:
        given = {"restrict": new.restrict, "join": new.join}
        words = ", ".join(f"{name.upper()} = {given[name] or 'NONE'}" for name in changed)
        return [Statement(f"ALTER {self.reference} SET ({words})")]
