"""Comments (pg_description) on whatever carries them."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.kinds.base import Facts, Object, Tree, altered, key
from migrator.sql import identifier, literal
from migrator.statement import Identity, Statement


class Comment(Object):
    """The comment on another object, or on a column of it that is no object of its own."""

    kind = "comment"
    attached = True
    told_of = True
    catalogs = {"pg_description": "objoid classoid objsubid description"}

    target: Identity = key()
    part: str = key()
    text: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return """
            SELECT d.classoid::int8, d.objoid::int8, d.objsubid, coalesce(a.attname::text, ''), d.description
            FROM pg_description d
            LEFT JOIN pg_attribute a ON d.objsubid <> 0 AND d.classoid = 'pg_class'::regclass
                AND a.attrelid = d.objoid AND a.attnum = d.objsubid
            WHERE d.objoid >= 16384 OR d.objoid = 'public'::regnamespace"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._say(literal(self.text), facts.new(self.target))

    def alter(self, new: Comment, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        if facts.is_new(self.target):
            return []  # what carries it is built again, without it
        return self._say("NULL", facts.old(self.target))

    def _say(self, text: str, target: Object | None) -> list[Statement]:
        assert target is not None
        on = f"COLUMN {target.name}.{identifier(self.part)}" if self.part else target.comment_reference
        return [Statement(f"COMMENT ON {on} IS {text}")]
