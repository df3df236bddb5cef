"""Columns (pg_attribute). Default, identity and NOT NULL are objects of their own, tied to the column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from migrator.errors import PlanError
from migrator.hazards import Hazard, Hazards
from migrator.kinds import conversion
from migrator.kinds.base import (
    Columns,
    Facts,
    Forms,
    Object,
    Tree,
    address,
    altered,
    describe,
    key,
    noted,
    oid_of,
)
from migrator.kinds.composite import STORED
from migrator.kinds.domain import computed_below, holders, holders_below
from migrator.kinds.inherited import alter_table, comes_with_create, declared, made_above, originals, sources
from migrator.kinds.tied import above, below, changed_at, comes_with_tie, raised, stand_in
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Statement, lock

# PostgreSQL records that the columns of a partition key, in expressions too, belong to the table for good.
_KEYED = """c.relkind = 'p' AND EXISTS (SELECT FROM pg_depend b
    WHERE b.classid = 'pg_class'::regclass AND b.objid = c.oid AND b.objsubid = a.attnum AND b.deptype = 'i'
      AND b.refclassid = 'pg_class'::regclass AND b.refobjid = c.oid AND b.refobjsubid = 0)"""
_IS_THERE = """EXISTS (SELECT FROM pg_attribute p
    WHERE p.attrelid = h.inhparent AND p.attname = a.attname AND NOT p.attisdropped)"""
STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
OPTIONS = """CASE WHEN a.attoptions IS NULL THEN '{}'
    ELSE ARRAY(SELECT o FROM unnest(a.attoptions) AS o WHERE o NOT LIKE 'pg\\_attver=%') END"""
"""The attribute options of pg_attribute a that people set. PostgreSQL 15.20 stamps each new column with `pg_attver`, a
number of its own: SET and RESET leave it as it is, and that version's pg_dump does not print it."""
COMPRESSION = {"": "DEFAULT", "p": "pglz", "l": "lz4"}


class Column(Object):
    """A column of a table."""

    kind = "column"
    address_type = "table column"
    holds_rows = True
    copyable = True
    stays_aside = True
    evaluates = True
    catalogs = {
        "pg_attribute": "attrelid attname atttypid atttypmod attnum attcollation attgenerated attstorage"
        " attcompression attstattarget attoptions attisdropped attislocal attinhcount",
        "pg_inherits": "inhrelid inhparent inhseqno",
    }

    of_relation = 2
    by_form = True
    indexed = (2, 3, 4, 5, 6)

    schema: str = key()
    table_name: str = key()
    column: str = key()
    type: str = altered()
    collation: str | None = altered()
    generated: str = altered()
    expression: str | None = altered()
    storage: str | None = altered()
    compression: str = altered()
    statistics: int | None = altered()
    options: list[str] = altered()
    local: bool = altered()
    type_storage: str = noted("the storage to go back to when none is asked for")
    sources: list[list[str]] | None = noted("the tables from which it is inherited")
    keyed: bool = noted("whether its table is partitioned by it, so that its type cannot change in place")
    stored: bool = noted("whether columns hold rows of its table, so that its type cannot change in place")
    number: int = noted("the order in which new columns are written; PostgreSQL cannot move one")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            {STORED}
            SELECT {address("pg_class", "c.oid", "a.attnum")}, {address("pg_class", "c.oid")}, a.attname::text,
                   a.attnum::int4, a.atttypid, a.atttypmod, a.attcollation, a.attstorage::text,
                   CASE WHEN a.attgenerated = '' AND a.attcompression = '' AND coalesce(a.attstattarget, -1) = -1 AND a.attoptions IS NULL
                     AND a.attinhcount = 0 AND c.relkind <> 'p'
                     AND NOT c.reltype IN (SELECT type FROM stored) THEN NULL ELSE a.attrelid END
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND c.oid >= 16384"""

    @classmethod
    def forms(cls, rows: Sequence[tuple[Any, ...]], columns: Columns) -> Forms:
        return [row[3:] for row in rows], {}

    @classmethod
    def print_query(cls, version: int) -> str:
        return f"""
            {STORED}
            SELECT u.address, format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attcollation <> t.typcollation THEN (
                     SELECT format('%I.%I', cn.nspname, co.collname)
                     FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
                   a.attgenerated::text,
                   CASE WHEN a.attgenerated <> '' THEN (
                     SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END,
                   CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
                   a.attcompression::text, nullif(a.attstattarget, -1)::int4, {OPTIONS},
                   a.attislocal OR c.relispartition, t.typstorage::text,
                   {sources("a.attinhcount", _IS_THERE)}, {_KEYED},
                   c.reltype IN (SELECT type FROM stored), a.attnum::int4
            FROM unnest($1::int8[]) AS u (address)
            JOIN pg_attribute a ON a.attrelid = {oid_of("u.address")} AND a.attnum = u.address & 65535
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def position(self) -> int:
        return int(self.number)

    def alter_table(self, facts: Facts) -> str:
        """`ALTER TABLE t ALTER COLUMN c`, there and wherever it is inherited."""
        table = changed_at(self.parent, self.identity, facts)
        return f"ALTER TABLE {table} ALTER COLUMN {identifier(self.column)}"

    def alter_only(self, facts: Facts) -> str:
        """`ALTER TABLE [ONLY] t ALTER COLUMN c`, there alone."""
        return f"{alter_table(self.schema, self.table_name, facts)} ALTER COLUMN {identifier(self.column)}"

    def copies(self) -> Iterable[tuple[Identity, Identity]]:
        return originals(self.sources, "column", self.schema, self.table_name, self.column)

    @property
    def own(self) -> bool:
        """A column of a partition goes with that of its parent; one that a child declares itself stays."""
        return declared(self.sources, self.local)

    def inline(self, facts: Facts) -> bool:
        """Whether CREATE TABLE … INHERITS makes it without a word of its own."""
        return comes_with_create(self, self.sources, facts)

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    @property
    def pins_type(self) -> bool:  # type: ignore[override]
        """A generated column stands in the way of a change of type of the columns that it uses."""
        return bool(self.generated)

    @property
    def computes(self) -> tuple[str, ...]:
        return (self.type,) if self.generated else ()

    def displaces(self, facts: Facts) -> Iterable[Identity]:
        """What is computed and holds rows of its table, where values come or change: PostgreSQL cannot change them there."""
        return computed_below(self.parent, facts) if self._comes_with_values(facts) else ()

    def _comes_with_values(self, facts: Facts) -> bool:
        old = facts.old(self.identity)
        if facts.is_new(self.parent):
            return False
        if old is None or facts.is_new(self.identity):
            return facts.fills_itself(self.identity) or facts.rewrites(self.identity)
        changed = old.differences(self)
        return facts.moves(self.identity) or "expression" in changed or old.retypes(changed)

    def fills_rows(self, facts: Facts) -> bool:
        return bool(self.generated)

    def typed(self) -> str:
        """Type and collation."""
        return str(self.type) + (f" COLLATE {self.collation}" if self.collation else "")

    @property
    def plain(self) -> str:
        """Its name, type and expression, as CREATE TABLE takes them, without its parts."""
        words = [identifier(self.column), self.typed()]
        if self.compression:
            words.insert(2, f"COMPRESSION {COMPRESSION[self.compression]}")
        if self.generated:
            words.append(
                f"GENERATED ALWAYS AS ({self.expression}) {'STORED' if self.generated == 's' else 'VIRTUAL'}"
            )
        return " ".join(words)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        if self.inline(facts):
            return ""
        written = [part.object.clause(part.parts, facts) for part in parts]
        if facts.is_new(self.parent) and getattr(facts.new(self.parent), "of_type", None):
            return " ".join([identifier(self.column), "WITH OPTIONS", *written]) if written else ""
        return " ".join([self.plain, *written])

    def created(self, facts: Facts) -> list[Statement]:
        """What a new column needs beyond its clause."""
        blank = self.with_(storage=None, statistics=None, options=[])
        return blank.alter(self, blank.differences(self), facts)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        if made_above(self, facts) and not self.own:
            return [*self._without_default(facts), *self.created(facts)]
        self._ask_for_room(facts)
        hazards: tuple[Hazard, ...] = (Hazards.BREAKS_PREPARED,)
        if facts.rewrites(self.identity) or self.generated == "s":
            hazards += (Hazards.REWRITES_TABLE,)
        first, table = [], qualified(self.schema, self.table_name)
        if comes_with_tie(self, facts):
            first, table = raised(self, facts.uses(self.identity), facts), stand_in(self)
        return [
            *first,
            Statement(
                f"ALTER TABLE {table} ADD COLUMN {self.clause(parts, facts)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                hazards,
                with_last=bool(first),
            ),
            *self.created(facts),
            *(statement for part in facts.inside(self.identity) for statement in part.fill(facts)),
        ]

    def _ask_for_room(self, facts: Facts) -> None:
        """Raises PlanError where it would come with values of its own to a table whose rows are values elsewhere."""
        if not self.generated and not facts.rewrites(self.identity):
            return
        found = holders_below(self.parent, facts)
        if found:
            raise PlanError(
                "cannot come to its table in place",
                where=describe(self.identity),
                why=f"it brings values for every row, and {describe(found[0])} holds rows of the table (or of one"
                " that inherits from it), which PostgreSQL cannot add them to",
                hint=f"let {describe(found[0])} have another type, such as jsonb or a composite type of its own, in a"
                " migration before this one",
            )

    def _without_default(self, facts: Facts) -> list[Statement]:
        # A new column comes with the default of the original, also where the copy has none.
        names = [("default", *original[1:]) for _, original in self.copies()]
        if facts.new(("default", *self.identity[1:])) or not any(facts.new(name) for name in names):
            return []
        return [
            Statement(f"{self.alter_only(facts)} DROP DEFAULT", lock(LockMode.ACCESS_EXCLUSIVE, self.parent))
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        copies = [facts.old(copy) for tie, copy in facts.copies(self.identity) if facts.parts_tied(tie)]
        inherited = [one for one in copies if isinstance(one, Column) and not one.own]
        gone = [one for one in inherited if facts.new(one.identity) is None or facts.is_new(one.identity)]
        # A child that keeps the column as its own has to be left out of the statement on the parent.
        only = "" if len(gone) == len(inherited) else "ONLY "
        return [
            Statement(
                f"ALTER TABLE {only}{qualified(self.schema, self.table_name)} DROP COLUMN {identifier(self.column)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                (*self._loses(facts), Hazards.BREAKS_PREPARED),
            ),
            *(statement for one in gone if only for statement in one.drop(facts)),
        ]

    def _loses(self, facts: Facts) -> tuple[Hazard, ...]:
        if self.generated:
            return ()
        new = facts.new(self.identity)
        again = isinstance(new, Column) and not new.generated
        return (Hazards.LOSES_VALUES,) if again else (Hazards.LOSES_COLUMN,)

    def rename(self, new: Column) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {qualified(self.schema, self.table_name)}"
                f" RENAME COLUMN {identifier(self.column)} TO {identifier(new.column)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
                (Hazards.RENAMED, Hazards.BREAKS_PREPARED),
            )
        ]

    @property
    def moves_type(self) -> bool:  # type: ignore[override]
        """A generated column takes no USING: it is computed again."""
        return not self.generated and not self.inseparable

    @property
    def inseparable(self) -> bool:  # type: ignore[override]
        """A column that its table is partitioned by, or whose rows are values elsewhere, is only replaced with the table."""
        return bool(self.keyed or self.stored)

    def moving(self, new: Column, facts: Facts) -> str | None:
        return conversion.across(identifier(self.column), self.identity, self.type, new.type, facts)

    def carried_over(self, new: Column, facts: Facts) -> str:
        """The expression of its values as those of `new`, for rows that go over to a table that replaces theirs."""
        if given := facts.conversion(self.identity):
            return given
        if self.type == new.type:
            return self.moving(new, facts) or identifier(self.column)
        return str(self.conversions(new, facts)[-1])

    def conversions(self, new: Column, facts: Facts) -> list[str | None]:
        """USING expressions to try for a change of type: none, a cast, and for types of our own by way of text."""
        column = identifier(self.column)
        tried: list[str | None] = [None, f"{column}::{new.type}"]
        ours = (
            conversion.named(self.type, self.identity, facts, before=True),
            conversion.named(new.type, self.identity, facts, before=False),
        )
        if any(ours):
            array = "[]" if self.type.endswith("[]") and new.type.endswith("[]") else ""
            tried.append(f"{column}::text{array}::{new.type}")
        return tried

    def trials(self, before: Column | None, facts: Facts) -> list[tuple[str, str, str | None]]:
        if before is None:
            return (
                []
                if facts.is_new(self.parent) or self.generated
                else [("", f"ADD COLUMN c {self.typed()}", None)]
            )
        if self.typed() == before.typed():
            return []
        name, columns = identifier(self.column), f"{identifier(self.column)} {before.typed()}"
        return [
            (
                columns,
                f"ALTER COLUMN {name} TYPE {self.typed()}" + (f" USING {using}" if using else ""),
                using,
            )
            for using in before.conversions(self, facts)
        ]

    def alterable(self, new: Column, changed: Sequence[str], facts: Facts) -> bool:
        if self.retypes(changed) and (self.keyed or (self.stored and holders(self.parent, facts))):
            return False
        if "generated" in changed:
            return self.generated == "s" and not new.generated
        if "expression" in changed:
            return facts.oldest >= 17 and not (self.stored and holders(self.parent, facts))
        return True

    def retypes(self, changed: Sequence[str]) -> bool:
        return "type" in changed or "collation" in changed

    def _make_room(self, facts: Facts) -> list[Statement]:
        names = ("identity", self.schema, self.table_name, self.column)
        before, after = facts.old(names), facts.new(names)
        if before is None or after is None or facts.is_new(names):
            return []
        return before.narrowed(after)  # type: ignore[attr-defined, no-any-return]

    def _retype(self, new: Column, table: str, facts: Facts) -> Statement:
        using = facts.conversion(self.identity)
        hazards = [Hazards.BREAKS_PREPARED]
        if facts.rewrites(self.identity):
            hazards.append(Hazards.REWRITES_TABLE)
        elif facts.reindexes(self.identity) and self._indexed_by_constraint(facts):
            hazards.append(Hazards.SCANS_UNDER_LOCK)
        return Statement(
            f"ALTER TABLE {table} ALTER COLUMN {identifier(self.column)} TYPE {new.typed()}"
            + (f" USING {using}" if using else ""),
            lock(LockMode.ACCESS_EXCLUSIVE, self.parent),
            tuple(hazards),
        )

    def _retype_all(self, new: Column, facts: Facts) -> list[Statement]:
        """Changes the type, together with that of the columns that share a copy with it.

        PostgreSQL changes no column that is inherited from elsewhere too; so that it reaches all of them, they get an
        original of their own for a moment, above their tables.
        """
        together = () if self.generated else facts.together(self.identity)
        if len(together) < 2:
            return [self._retype(new, changed_at(self.parent, self.identity, facts), facts)]
        if together[0] != self.identity:
            return []
        name, tables = above(self.schema, self.table_name), [("table", *one[1:3]) for one in together]
        inside = f"{identifier(self.column)} {self.typed()}"
        return below(name, inside, tables, [self._retype(new, name, facts)])

    def _indexed_by_constraint(self, facts: Facts) -> bool:
        users = (facts.old(user) for user in facts.users(self.identity, before=True))
        return any(one is not None and one.has_index for one in users)

    def preconditions(self, facts: Facts) -> list[Precondition]:
        old = facts.old(self.identity)
        if facts.is_new(self.identity) and not self._goes_over(facts):
            return self._none_to_fill(facts)
        if not isinstance(old, Column) or old.generated or self.generated:
            return []
        again = self._made_again(old, facts)
        if old.type == self.type and not facts.moves(self.identity) and not self._goes_over(facts):
            return again
        table, value = qualified(self.schema, self.table_name), f"t.{identifier(self.column)}"
        asked = [
            Precondition(
                f"no row of {table} holds {', '.join(labels)} in {identifier(self.column)}",
                f"SELECT t.* FROM {table} AS t WHERE {condition}",
                f"give these rows another value; the type will not have {', '.join(labels)}",
                self._reads(facts),
            )
            for labels, condition in conversion.lost_labels(value, self.identity, old.type, facts)
        ]
        return asked + again + self._convertible(old, facts) + self._convertible_inside(old, facts)

    def _made_again(self, old: Column, facts: Facts) -> list[Precondition]:
        """That what PostgreSQL makes again where the type changes in place can be made again."""
        if facts.is_new(self.identity) or not old.retypes(old.differences(self)):
            return []
        parts = facts.inside(self.identity, before=True)
        return [one for part in parts for one in part.retype_preconditions(facts)]

    def _none_to_fill(self, facts: Facts) -> list[Precondition]:
        """That its table has no rows where it comes as NULL, and its type, a domain, takes none."""
        one = conversion.Held(self.identity, "NULL", "text", self.type)
        if facts.fills_itself(self.identity) or not conversion.is_null_at_first(
            self.type, self.identity, facts
        ):
            return []
        table, column = qualified(self.schema, self.table_name), identifier(self.column)
        function = f"pg_temp.{identifier(f'{self.table_name}.{self.column} converts'[-63:])}"
        setup = conversion.tried_inside(function, one, facts)
        if setup is None:
            return []
        return [
            Precondition(
                f"{table} has no row for which {column} would be NULL, as {self.type} takes none",
                f"SELECT t.* FROM {table} AS t WHERE NOT {function}(NULL)",
                f"give {column} a default, or add it with another type in a migration before this one, fill it,"
                f" and give it {self.type} in one after that",
                (self.parent,),
                setup=setup,
            )
        ]

    def _goes_over(self, facts: Facts) -> bool:
        """Whether its values go over to another table, which replaces theirs."""
        return facts.is_new(self.parent)

    def _reads(self, facts: Facts) -> tuple[Identity, ...]:
        return () if self._goes_over(facts) else (self.identity,)

    def _convertible(self, old: Column, facts: Facts) -> list[Precondition]:
        """That every value can become one of the new type, where a value could be that cannot."""
        rewrites = facts.rewrites(self.identity) or self._goes_over(facts)
        if not rewrites or (old.type, self.type) in conversion.ALWAYS:
            return []
        found = conversion.target(self.type, self.identity, facts)
        rules = conversion.rules(old.type, self.type, self.identity, facts)
        if found is None or (found[0] == old.type and not found[1] and not rules):
            return []
        type_, labels = found
        table, column = qualified(self.schema, self.table_name), identifier(self.column)
        name = f"every {column} of {table} can become {self.type}"
        hint = f"change the values that do not fit {self.type}"
        if labels is not None:
            if old.type == self.type:
                return []  # the labels that go were asked for
            array = self.type.endswith("[]")
            listed = f"ARRAY[{', '.join(literal(label) for label in labels)}]::text[]"
            condition = f"t.{column}::text[] <@ {listed}" if array else f"t.{column}::text = ANY ({listed})"
            query = f"SELECT t.* FROM {table} AS t WHERE NOT ({condition})"
            return [Precondition(name, query, hint, self._reads(facts))]
        using = old.carried_over(self, facts) if self._goes_over(facts) else facts.conversion(self.identity)
        if facts.moves(self.identity):
            using = f"{column}::text::{type_}"
        function = f"pg_temp.{identifier(f'{self.table_name}.{self.column} converts'[-63:])}"
        plain = facts.moves(self.identity) or using in old.conversions(self, facts)
        if plain and using and using.endswith(f"::{self.type}"):
            # A type that is not there yet: its values are tried as those of the type below it.
            using = using.removesuffix(self.type) + type_
        # An expression of the column alone runs without a query; the author's may use other columns of the row.
        given, argument = (f"{column} {old.type}", f"t.{column}") if plain else (f"t {table}", "t")
        expression = using or column
        value = expression if plain else f"(SELECT {expression} FROM (SELECT (t).*) AS r)"
        return [
            Precondition(
                name,
                f"SELECT t.* FROM {table} AS t WHERE NOT {function}({argument})",
                hint,
                self._reads(facts),
                setup=conversion.tried(function, given, type_, value, rules),
            )
        ]

    def _convertible_inside(self, old: Column, facts: Facts) -> list[Precondition]:
        """The same of the values inside the rows that it holds, where they go over with it."""
        moves = facts.moves(self.identity) and not facts.converted_by_author(self.identity)
        if not moves or old.moving(self, facts) is None:
            return []
        return [
            asked
            for _, asked in conversion.asked_inside(
                self.identity, old.type, self.type, self._reads(facts), facts
            )
        ]

    def _above(self, new: Column, name: str, facts: Facts) -> bool:
        """Whether the statement on the parent table changes this field to the same value."""
        return any(
            isinstance(one := facts.new(original), Column) and getattr(one, name) == getattr(new, name)
            for _, original in new.copies()
        )

    def alter(self, new: Column, changed: Sequence[str], facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.parent)
        statements = []
        if made_above(new, facts):
            above = {"type", "collation", "generated", "expression"}
            changed = [name for name in changed if name not in above or not self._above(new, name, facts)]
        if "generated" in changed:
            # What is inherited from elsewhere too has lost it when that one lost it.
            shared = " IF EXISTS" if len(facts.together(self.identity)) > 1 else ""
            statements.append(Statement(f"{self.alter_table(facts)} DROP EXPRESSION{shared}", strong))
        if "type" in changed or "collation" in changed:
            statements += [*self._make_room(facts), *self._retype_all(new, facts)]
        if "expression" in changed and "generated" not in changed:
            statements.append(
                Statement(
                    f"{self.alter_table(facts)} SET EXPRESSION AS ({new.expression})",
                    strong,
                    (Hazards.REWRITES_TABLE,) if new.generated == "s" else (),
                )
            )
        if "storage" in changed:
            storage = STORAGE[new.storage or new.type_storage]
            statements.append(Statement(f"{self.alter_only(facts)} SET STORAGE {storage}", strong))
        if "compression" in changed:
            statements.append(
                Statement(f"{self.alter_only(facts)} SET COMPRESSION {COMPRESSION[new.compression]}", strong)
            )
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.parent)
        if "statistics" in changed:
            target = -1 if new.statistics is None else new.statistics
            statements.append(Statement(f"{self.alter_only(facts)} SET STATISTICS {target}", weak))
        if "options" in changed:
            before = {option.split("=", 1)[0] for option in self.options}
            gone = sorted(before - {option.split("=", 1)[0] for option in new.options})
            if gone:
                statements.append(Statement(f"{self.alter_only(facts)} RESET ({', '.join(gone)})", weak))
            if new.options:
                statements.append(Statement(f"{self.alter_only(facts)} SET ({', '.join(new.options)})", weak))
        return statements
