"""Identity columns (pg_attribute.attidentity) with the options of their sequence, never its value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key, suffixed
from migrator.kinds.default import fill_with_default
from migrator.kinds.inherited import made_above
from migrator.kinds.relation import rows_elsewhere
from migrator.kinds.schema import OURS
from migrator.kinds.sequence import continues, restarted, taken_in
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity as Words
from migrator.statement import LockMode, Statement, lock

GENERATED = {"a": "ALWAYS", "d": "BY DEFAULT"}
LOGGED = {"p": "LOGGED", "u": "UNLOGGED"}


class Identity(Object):
    """GENERATED … AS IDENTITY of a column."""

    kind = "identity"
    copyable = True
    own_name = "sequence"
    stays_aside = True
    catalogs = {
        "pg_attribute": "attidentity",
        "pg_sequence": "seqrelid seqstart seqincrement seqmax seqmin seqcache seqcycle",
        "pg_class": "relpersistence",
    }

    schema: str = key()
    table_name: str = key()
    column: str = key()
    generated: str = altered()
    sequence_schema: str = altered()
    sequence: str = altered()
    start: int = altered()
    increment: int = altered()
    minimum: int = altered()
    maximum: int = altered()
    cache: int = altered()
    cycle: bool = altered()
    persistence: str | None = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "sc.oid")}, n.nspname::text, c.relname::text,
                   a.attname::text, a.attidentity::text, sn.nspname::text, sc.relname::text,
                   s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
                   CASE WHEN sc.relpersistence <> c.relpersistence THEN sc.relpersistence::text END
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
            JOIN pg_sequence s ON s.seqrelid = d.objid
            JOIN pg_class sc ON sc.oid = s.seqrelid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
            WHERE a.attidentity <> '' AND c.relkind IN ('r', 'p', 'f') AND {OURS}"""

    @property
    def parent(self) -> Words:
        return ("column", self.schema, self.table_name, self.column)

    @property
    def table(self) -> Words:
        return ("table", self.schema, self.table_name)

    @property
    def names_taken(self) -> tuple[Words, ...]:
        return (
            ("filled by", self.schema, self.table_name, self.column),
            ("relation", self.sequence_schema, self.sequence),
        )

    @property
    def reference(self) -> str:
        return f"SEQUENCE {qualified(self.sequence_schema, self.sequence)}"

    def needs(self) -> Iterable[Words]:
        return [("not_null", self.schema, self.table_name, self.column)]

    @property
    def _column(self) -> str:
        return f"ALTER TABLE {qualified(self.schema, self.table_name)} ALTER COLUMN {identifier(self.column)}"

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.table)

    def _options(self) -> str:
        cycle = "CYCLE" if self.cycle else "NO CYCLE"
        return (
            f"START WITH {self.start} INCREMENT BY {self.increment} MINVALUE {self.minimum}"
            f" MAXVALUE {self.maximum} CACHE {self.cache} {cycle}"
        )

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return (
            f"GENERATED {GENERATED[self.generated]} AS IDENTITY"
            f" (SEQUENCE NAME {qualified(self.sequence_schema, self.sequence)} {self._options()}"
            + (f" {LOGGED[self.persistence]})" if self.persistence else ")")
        )

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.table)
        add = Statement(f"{self._column} ADD {self.clause((), facts)}", strong)
        if not facts.is_new(self.parent) and not rows_elsewhere(self.table, facts):
            return [add, self.continues_rows()]
        if not self._filled_first(facts):
            return [add]
        own = literal(qualified(self.sequence_schema, self.sequence))
        return [
            Statement(f"{self._column} DROP DEFAULT", strong),
            add,
            Statement(f"SELECT setval({own}, last_value, is_called) FROM {self._filling}"),
            Statement(f"DROP SEQUENCE {self._filling}"),
        ]

    def continues_rows(self) -> Statement:
        """Lets it go on after the values that the rows already have."""
        table = qualified(self.schema, self.table_name)
        name = qualified(self.sequence_schema, self.sequence)
        return continues(table, self.column, name, self.start, self.increment)

    def narrowed(self, new: Identity) -> list[Statement]:
        """Takes in the bounds before the column gets a type that has no room for the old ones."""
        bounds = [f"SET MINVALUE {new.minimum}"] if new.minimum > self.minimum else []
        bounds += [f"SET MAXVALUE {new.maximum}"] if new.maximum < self.maximum else []
        if bounds and not new.minimum <= self.start <= new.maximum:
            bounds.append(f"SET START WITH {new.start}")
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.table)
        if not bounds:
            return []
        if restart := self._restarted(new):
            words = (
                f"SET MINVALUE {new.minimum} SET MAXVALUE {new.maximum} SET START WITH {new.start}{restart}"
            )
            return [Statement(f"{self._column} {words}", strong)]
        return [*self._taken_in(new), Statement(f"{self._column} {' '.join(bounds)}", strong)]

    def _restarted(self, new: Identity) -> str:
        return restarted((self.minimum, self.maximum), (new.minimum, new.maximum), new.start)

    def _taken_in(self, new: Identity) -> list[Statement]:
        bounds = (self.minimum, self.maximum), (new.minimum, new.maximum)
        return taken_in(qualified(self.sequence_schema, self.sequence), *bounds, (self.start, new.start))

    @property
    def _filling(self) -> str:
        """The sequence that numbers rows until the column holds no NULL, without which it can have no identity."""
        return qualified(self.sequence_schema, suffixed(self.sequence, "__filling"))

    def _filled_first(self, facts: Facts) -> bool:
        if facts.is_new(self.table) or not facts.is_new(self.parent) or facts.backfilled(self.parent):
            return False
        column = facts.new(self.parent)
        return column is not None and not made_above(column, facts) and not rows_elsewhere(self.table, facts)

    def fill(self, facts: Facts) -> list[Statement]:
        if not self._filled_first(facts):
            return []
        return [
            Statement(f"CREATE SEQUENCE {self._filling} {self._options()}"),
            Statement(
                f"{self._column} SET DEFAULT nextval({literal(self._filling)})",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            ),
            fill_with_default(self.schema, self.table_name, self.column),
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"{self._column} DROP IDENTITY", lock(LockMode.ACCESS_EXCLUSIVE, self.table))]

    def alter(self, new: Identity, changed: Sequence[str], facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.table)
        options = []
        if "generated" in changed:
            options.append(f"SET GENERATED {GENERATED[new.generated]}")
        words = {
            "increment": f"INCREMENT BY {new.increment}",
            "minimum": f"MINVALUE {new.minimum}",
            "maximum": f"MAXVALUE {new.maximum}",
            "start": f"START WITH {new.start}",
            "cache": f"CACHE {new.cache}",
            "cycle": "CYCLE" if new.cycle else "NO CYCLE",
        }
        options += [f"SET {word}" for name, word in words.items() if name in changed]
        if {"minimum", "maximum"} & set(changed) and self._restarted(new):
            options.append(self._restarted(new).strip())
        statements = [Statement(f"{self._column} {' '.join(options)}", strong)] if options else []
        if {"minimum", "maximum"} & set(changed):
            statements = [*self._taken_in(new), *statements]
        old = qualified(self.sequence_schema, self.sequence)
        if "persistence" in changed:
            logged = LOGGED[str(new.persistence or getattr(facts.new(self.table), "persistence", "p"))]
            statements.append(Statement(f"ALTER SEQUENCE {old} SET {logged}"))
        if "sequence" in changed:
            statements.append(Statement(f"ALTER SEQUENCE {old} RENAME TO {identifier(new.sequence)}"))
        return statements

    def alterable(self, new: Identity, changed: Sequence[str], facts: Facts) -> bool:
        return "sequence_schema" not in changed
