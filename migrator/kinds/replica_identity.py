"""Marks that a table puts on itself or on one of its indexes: REPLICA IDENTITY and CLUSTER ON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, altered, key, noted
from migrator.kinds.relation import relation
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Statement, lock

# What has the index: the constraint of the same name, or the index itself.
_OWNER = """
    CASE WHEN k.conname IS NOT NULL THEN ARRAY['constraint', n.nspname::text, c.relname::text, k.conname::text]
         WHEN x.relname IS NOT NULL THEN ARRAY['index', n.nspname::text, x.relname::text] END"""


class ReplicaIdentity(Object):
    """What of a changed row logical replication sends, where it is not the primary key."""

    kind = "replica_identity"
    catalogs = {"pg_class": "relreplident", "pg_index": "indexrelid indrelid indisreplident"}

    schema: str = key()
    table_name: str = key()
    mode: str = altered()
    index_name: str | None = altered()
    owner: list[str] | None = noted("the object that the index belongs to")
    relation_kind: str = noted("whether it is a materialized view")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, c.relreplident::text, x.relname::text, {_OWNER},
                   c.relkind::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'
            LEFT JOIN pg_class x ON x.oid = i.indexrelid
            LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
            WHERE c.relkind IN ('r', 'p', 'm') AND {OURS}
              AND (c.relreplident IN ('f', 'n') OR (c.relreplident = 'i' AND x.oid IS NOT NULL))"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    def needs(self) -> Iterable[Identity]:
        return [tuple(self.owner)] if self.owner else []

    def _set(self, action: str) -> list[Statement]:
        words = "MATERIALIZED VIEW" if self.relation_kind == "m" else "TABLE"
        table = qualified(self.schema, self.table_name)
        return [
            Statement(
                f"ALTER {words} {table} REPLICA IDENTITY {action}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        if self.index_name:
            return self._set(f"USING INDEX {identifier(self.index_name)}")
        return self._set({"f": "FULL", "n": "NOTHING"}[self.mode])

    def alter(self, new: ReplicaIdentity, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._set("DEFAULT")


class Cluster(Object):
    """The index that CLUSTER orders a table by."""

    kind = "cluster"
    catalogs = {"pg_index": "indexrelid indrelid indisclustered"}

    schema: str = key()
    table_name: str = key()
    index_name: str = altered()
    owner: list[str] = noted("the object that the index belongs to")
    relation_kind: str = noted("whether it is a materialized view")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, x.relname::text, {_OWNER}, c.relkind::text
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class x ON x.oid = i.indexrelid
            LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
            WHERE i.indisclustered AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return relation(self.relation_kind, self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    def needs(self) -> Iterable[Identity]:
        return [tuple(self.owner)]

    def _set(self, action: str) -> list[Statement]:
        words = "MATERIALIZED VIEW" if self.relation_kind == "m" else "TABLE"
        name = qualified(self.schema, self.table_name)
        return [
            Statement(f"ALTER {words} {name} {action}", lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent))
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._set(f"CLUSTER ON {identifier(self.index_name)}")

    def alter(self, new: Cluster, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._set("SET WITHOUT CLUSTER")
