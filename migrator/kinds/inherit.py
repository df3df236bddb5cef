"""Ties of INHERITS (pg_inherits between tables that are not partitions); their order is part of the schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, key, replaced
from migrator.kinds.schema import OURS
from migrator.sql import qualified
from migrator.statement import Identity, LockMode, Statement, lock


class Inherit(Object):
    """That a table inherits from another."""

    kind = "inherit"
    catalogs = {"pg_inherits": "inhrelid inhparent inhseqno"}

    schema: str = key()
    table_name: str = key()
    parent_schema: str = key()
    parent_table: str = key()
    number: int = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                   row_number() OVER (PARTITION BY c.oid ORDER BY i.inhseqno)::int4
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
        return int(self.number)

    def needs(self) -> Iterable[Identity]:
        return [self.above]

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
        return self._alter("INHERIT")

    def drop(self, facts: Facts) -> list[Statement]:
        partition = facts.new(("partition", self.schema, self.table_name))
        comes_back = partition is not None and partition.ties() == self.ties()
        return self._alter("NO INHERIT", *([Hazards.ROWS_AWAY] if comes_back else []))
