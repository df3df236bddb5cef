"""Ties of INHERITS (pg_inherits between tables that are not partitions); their order is part of the schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, altered, key
from migrator.kinds.constraint import Constraint
from migrator.kinds.schema import OURS
from migrator.kinds.tied import above, below, held, lowered
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock


class Inherit(Object):
    """That a table inherits from another."""

    kind = "inherit"
    catalogs = {"pg_inherits": "inhrelid inhparent inhseqno"}

    schema: str = key()
    table_name: str = key()
    parent_schema: str = key()
    parent_table: str = key()
    earlier: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                   ARRAY(SELECT u.name FROM pg_inherits e JOIN pg_class ec ON ec.oid = e.inhparent
                         JOIN pg_namespace en ON en.oid = ec.relnamespace
                         CROSS JOIN LATERAL (VALUES (1, en.nspname::text), (2, ec.relname::text)) AS u (place, name)
                         WHERE e.inhrelid = c.oid AND e.inhseqno < i.inhseqno ORDER BY e.inhseqno, u.place)
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
            WHERE NOT c.relispartition AND c.relkind IN ('r', 'f') AND p.relkind IN ('r', 'f') AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def above(self) -> Identity:
        """The table that it inherits from."""
        return ("table", self.parent_schema, self.parent_table)

    @property
    def position(self) -> int:
        return len(self.earlier)

    def needs(self) -> Iterable[Identity]:
        before = [("inherit", self.schema, self.table_name, *self.earlier[-2:])] if self.earlier else []
        return [self.above, *before]

    def ties(self) -> tuple[Identity, Identity]:
        return self.parent, self.above

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return qualified(self.parent_schema, self.parent_table)

    def _alter(self, action: str, *hazards: Hazard) -> list[Statement]:
        child, above = (
            qualified(self.schema, self.table_name),
            qualified(self.parent_schema, self.parent_table),
        )
        locks = lock(LockMode.ACCESS_EXCLUSIVE, self.parent) + lock(
            LockMode.SHARE_UPDATE_EXCLUSIVE, self.above
        )
        return [Statement(f"ALTER TABLE {child} {action} {above}", locks, hazards)]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        later = (
            one
            for one in facts.inside(self.parent)
            if isinstance(one, Inherit) and facts.is_new(one.identity)
        )
        last = max(later, key=lambda one: one.position).identity == self.identity
        return [*self._alter("INHERIT"), *(lowered(self.parent, facts) if last else ())]

    def alter(self, new: Inherit, changed: Sequence[str], facts: Facts) -> list[Statement]:
        """Ties it again, after the parents before it, where it does not stand there already.

        What a table has from a parent that it is untied from it keeps as its own, for good; so it has it from a table
        that is there for that moment.
        """
        if new.identity not in self._behind(facts):
            return []
        like = f"LIKE {qualified(self.parent_schema, self.parent_table)} INCLUDING CONSTRAINTS INCLUDING GENERATED"
        name = above(self.schema, self.table_name)
        again = [*self._alter("NO INHERIT"), *self._alter("INHERIT")]
        return below(name, like, [self.parent], again, self._not_valid(name, facts))

    def _not_valid(self, name: str, facts: Facts) -> list[Statement]:
        """Has the table of that name, made like the parent, hold no row to the CHECKs which the child may not meet."""
        parts = (
            one
            for one in facts.inside(self.above, before=True)
            if facts.new(one.identity) is not None and not facts.is_new(one.identity)
        )
        return [
            Statement(f"ALTER TABLE {name} {action}", with_last=True)
            for one in parts
            if isinstance(one, Constraint) and one.type == "c" and one.enforced and not one.valid
            for action in (f"DROP CONSTRAINT {identifier(one.constraint)}", f"ADD {one.words} NOT VALID")
        ]

    def _behind(self, facts: Facts) -> list[Identity]:
        """The ties of its table which do not stand in the order of the new ones, from the first that does not."""
        before, after = (
            [one.identity for one in facts.inside(self.parent, before=old) if isinstance(one, Inherit)]
            for old in (True, False)
        )
        place = -1
        for count, tie in enumerate(after):
            if tie not in before or facts.is_new(tie) or before.index(tie) < place:
                return after[count:]
            place = before.index(tie)
        return []

    def drop(self, facts: Facts) -> list[Statement]:
        partition = facts.new(("partition", self.schema, self.table_name))
        comes_back = partition is not None and partition.ties() == self.ties()
        going = [
            one
            for one in facts.inside(self.parent, before=True)
            if isinstance(one, Inherit) and facts.new(one.identity) is None
        ]
        first = not going or max(going, key=lambda one: one.position) == self
        leaves = self._alter("NO INHERIT", *([Hazards.ROWS_AWAY] if comes_back else []))
        return [*(held(self.parent, facts)[0] if first else ()), *leaves]
