"""Comments (pg_description) on whatever carries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, altered, key, located, noted
from migrator.sql import identifier, literal
from migrator.statement import Identity, Statement

# What belongs to an object without being one, as COMMENT ON calls it.
_INNER = """
    CASE d.classoid
      WHEN 'pg_class'::regclass THEN (
        SELECT format('%s %I.%I', CASE WHEN relkind = 'S' THEN 'SEQUENCE' ELSE 'INDEX' END,
                      relnamespace::regnamespace, relname)
        FROM pg_class WHERE oid = d.objoid AND relkind IN ('i', 'I', 'S'))
      WHEN 'pg_constraint'::regclass THEN (
        SELECT format('CONSTRAINT %I ON %s', conname, conrelid::regclass)
        FROM pg_constraint WHERE oid = d.objoid AND conrelid <> 0)
      WHEN 'pg_trigger'::regclass THEN (
        SELECT format('TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE oid = d.objoid)
      WHEN 'pg_rewrite'::regclass THEN (
        SELECT format('RULE %I ON %s', rulename, ev_class::regclass) FROM pg_rewrite WHERE oid = d.objoid)
      WHEN 'pg_type'::regclass THEN format('TYPE %s', d.objoid::regtype)
      WHEN 'pg_proc'::regclass THEN format('FUNCTION %s', d.objoid::regprocedure)
    END"""
# The partition whose attaching makes it.
_MADE_WITH = """
    SELECT ARRAY[n.nspname::text, c.relname::text] FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relispartition AND c.oid = CASE d.classoid
      WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = d.objoid AND conparentid <> 0)
      WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objoid AND tgparentid <> 0) END"""


class Comment(Object):
    """The comment on another object, or on a part of it that is no object of its own."""

    kind = "comment"
    attached = True
    catalogs = {"pg_description": "objoid classoid objsubid description"}

    target: Identity = key()
    part: str = key()
    text: str = altered()
    column: bool = noted("whether the part is a column")
    made_with: list[str] | None = noted("the partition whose attaching makes what carries it")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {located("d.classoid", "d.objoid", "d.objsubid")}, coalesce(a.attname::text, {_INNER}, ''), d.description,
                   d.objsubid <> 0, ({_MADE_WITH})
            FROM pg_description d
            LEFT JOIN pg_attribute a ON d.objsubid <> 0 AND d.classoid = 'pg_class'::regclass
                AND a.attrelid = d.objoid AND a.attnum = d.objsubid
            WHERE d.objoid >= 16384 OR d.objoid = 'public'::regnamespace OR d.classoid = 'pg_extension'::regclass"""

    def needs(self) -> Iterable[Identity]:
        return [("partition", *self.made_with)] if self.made_with else []

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
        on = self.part or target.comment_reference
        if self.part and self.column:
            on = f"COLUMN {target.name}.{identifier(self.part)}"
        return [Statement(f"COMMENT ON {on} IS {text}")]
