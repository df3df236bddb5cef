"""Extended statistics (pg_statistic_ext), as pg_get_statisticsobjdef prints them."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.statement import Identity, LockMode, Statement, lock


class Statistics(Object):
    """A statistics object with its target."""

    kind = "statistics"
    # PostgreSQL would build it again without its target, and as the connected role's.
    pins_type = True
    address_type = "statistics object"
    catalogs = {
        "pg_statistic_ext": "oid stxrelid stxname stxnamespace stxstattarget stxkeys stxkind stxexprs",
    }

    schema: str = key()
    statistics: str = key()
    definition: str = replaced()
    target: int | None = altered()
    table_schema: str = noted("the table that it describes")
    table_name: str = noted("the same")
    relation_kind: str = noted("the same")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_statistic_ext", "s.oid")}, n.nspname::text, s.stxname::text,
                   pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1)::int4, cn.nspname::text, c.relname::text,
                   c.relkind::text
            FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
            JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
            WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.table_schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("statistics", self.schema, self.statistics),)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        made = Statement(self.definition, lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent))
        return [made, *self._aim()] if self.target is not None else [made]

    def _aim(self) -> list[Statement]:
        target = -1 if self.target is None else self.target
        return [Statement(f"ALTER {self.reference} SET STATISTICS {target}")]

    def alter(self, new: Statistics, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new._aim()
