"""Sequences (pg_sequence): every option, never the value; what owns one is an object of its own."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items

from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, address, altered, key
from migrator.kinds.owner import rights
from migrator.kinds.schema import OURS
from migrator.sql import dollar_quoted, identifier, literal, qualified
from migrator.statement import Identity, Statement

OPTIONS = {
    "type": "AS",
    "increment": "INCREMENT BY",
    "minimum": "MINVALUE",
    "maximum": "MAXVALUE",
    "start": "START WITH",
    "cache": "CACHE",
}
"""How CREATE and ALTER SEQUENCE spell the fields."""


def continues(table: str, column: str, sequence: str, start: int, increment: int) -> Statement:
    """Lets a new sequence go on after the values that the rows of a column already have."""
    last, beyond = ("max", ">=") if increment > 0 else ("min", "<=")
    body = (
        f"BEGIN PERFORM pg_catalog.setval({literal(sequence)}, {last}({identifier(column)})) FROM {table}"
        f" HAVING {last}({identifier(column)}) {beyond} {start}; END"
    )
    return Statement(f"DO {dollar_quoted(body)}")


def restarted(old: tuple[int, int], new: tuple[int, int], start: int) -> str:
    """RESTART, where no value of the old bounds (minimum, maximum) is within the new ones; else nothing."""
    return f" RESTART WITH {start}" if max(old[0], new[0]) > min(old[1], new[1]) else ""


def taken_in(
    sequence: str, old: tuple[int, int], new: tuple[int, int], start: tuple[int, int]
) -> list[Statement]:
    """Brings the value of a sequence within bounds that it would stand in the way of: to its new start where it was
    never used, to the nearest bound where it was. Bounds are (minimum, maximum), `start` is (old, new)."""
    low, high = max(old[0], new[0]), min(old[1], new[1])
    if low > high or (new[0] <= old[0] and new[1] >= old[1] and start[0] == start[1]):
        return []
    fresh = min(max(start[1], low), high)
    body = (
        f"BEGIN PERFORM pg_catalog.setval({literal(sequence)}, CASE WHEN is_called"
        f" THEN least(greatest(last_value, {low}), {high}) ELSE {fresh} END, is_called) FROM {sequence}"
        f" WHERE last_value NOT BETWEEN {new[0]} AND {new[1]}; END"
    )
    return [Statement(f"DO {dollar_quoted(body)}")]


class Sequence(Object):
    """A sequence that is not part of an identity column."""

    kind = "sequence"
    holds_rows = True
    may_set_aside = True
    loose = frozenset({"column", "table"})
    catalogs = {
        "pg_sequence": "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle",
        "pg_class": "oid relname relnamespace relpersistence",
    }

    schema: str = key()
    sequence: str = key()
    type: str = altered()
    start: int = altered()
    increment: int = altered()
    minimum: int = altered()
    maximum: int = altered()
    cache: int = altered()
    cycle: bool = altered()
    persistence: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid")}, n.nspname::text, c.relname::text,
                   format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                   s.seqcycle, c.relpersistence::text
            FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {OURS} AND NOT EXISTS (
              SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.sequence),)

    def options(self) -> str:
        """The options as CREATE and ALTER SEQUENCE take them."""
        names = ("type", "increment", "minimum", "maximum", "start", "cache", "cycle")
        return " ".join(map(self.option, names))

    def option(self, name: str) -> str:
        """One option, by the name of its field."""
        if name == "cycle":
            return "CYCLE" if self.cycle else "NO CYCLE"
        return f"{OPTIONS[name]} {getattr(self, name)}"

    def create(self, parts: Items[Tree], facts: Facts) -> list[Statement]:
        unlogged = "UNLOGGED " if self.persistence == "u" else ""
        return [Statement(f"CREATE {unlogged}SEQUENCE {self.name} {self.options()}")]

    def alter(self, new: Sequence, changed: Items[str], facts: Facts) -> list[Statement]:
        statements = []
        options = set(changed) - {"persistence"}
        if options:
            # A new type moves bounds along that are those of the old type, so it is written with all of them.
            written = new.options() if "type" in options else " ".join(map(new.option, sorted(options)))
            bounds = (self.minimum, self.maximum), (new.minimum, new.maximum)
            statements += taken_in(self.name, *bounds, (self.start, new.start))
            written += restarted(*bounds, new.start)
            statements.append(Statement(f"ALTER {self.reference} {written}"))
        if "persistence" in changed:
            logged = "UNLOGGED" if new.persistence == "u" else "LOGGED"
            statements.append(Statement(f"ALTER {self.reference} SET {logged}"))
        return statements


class OwnedBy(Object):
    """The tie of a sequence to the column that it goes with."""

    kind = "owned_by"
    falls = False
    catalogs = {"pg_depend": "classid objid refclassid refobjid refobjsubid deptype"}

    schema: str = key()
    sequence: str = key()
    table_schema: str = altered()
    table_name: str = altered()
    column: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text,
                   a.attname::text
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
              AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("sequence", self.schema, self.sequence)

    def needs(self) -> Items[Identity]:
        return [("column", self.table_schema, self.table_name, self.column)]

    def follows(self) -> Items[Identity]:
        # Both must have the same owner.
        table = ("table", self.table_schema, self.table_name)
        return [("owner", *table), ("owner", "sequence", self.schema, self.sequence)]

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (rights((self.table_schema, self.table_name)),)

    @property
    def reference(self) -> str:
        return f"SEQUENCE {self.name}"

    def create(self, parts: Items[Tree], facts: Facts) -> list[Statement]:
        owner = qualified(self.table_schema, self.table_name, self.column)
        owned = Statement(f"ALTER {self.reference} OWNED BY {owner}")
        column = ("column", self.table_schema, self.table_name, self.column)
        sequence = facts.new(self.parent)
        if facts.is_new(column) or not facts.is_new(self.parent) or not isinstance(sequence, Sequence):
            return [owned]
        if ("identity", *column[1:]) not in [one.identity for one in facts.inside(column, before=True)]:
            return [owned]
        table = qualified(self.table_schema, self.table_name)
        return [owned, continues(table, self.column, self.name, sequence.start, sequence.increment)]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER {self.reference} OWNED BY NONE")]

    def alter(self, new: OwnedBy, changed: Items[str], facts: Facts) -> list[Statement]:
        return new.create((), facts)


def owner(identity: Identity, objects: Mapping[Identity, Object]) -> Identity | None:
    """The column that a sequence goes with, if any; None for everything else."""
    tie = objects.get((OwnedBy.kind, *identity[1:])) if identity[0] == Sequence.kind else None
    return next(iter(tie.needs()), None) if tie else None
