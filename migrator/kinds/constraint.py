"""Constraints of tables (pg_constraint): PRIMARY KEY, UNIQUE, FOREIGN KEY, CHECK, EXCLUDE."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from migrator.hazards import Hazards
from migrator.kinds.base import (
    Columns,
    Facts,
    Forms,
    Object,
    Tree,
    address,
    altered,
    key,
    noted,
    oid_of,
    replaced,
    suffixed,
)
from migrator.kinds.index import (
    COMPUTED,
    FORM,
    PART_OF,
    bodies,
    build_concurrently,
    duplicates,
    goes_above,
    key_on,
    on_every_partition,
)
from migrator.kinds.inherited import comes_with_create, declared, made_above, originals, sources
from migrator.kinds.options import leading, storage
from migrator.kinds.tied import comes_with_tie, raised, stand_in
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Statement, lock

_IS_THERE = """EXISTS (SELECT FROM pg_constraint p
    WHERE p.conrelid = h.inhparent AND p.conname = k.conname AND p.contype = 'c' AND NOT p.connoinherit)"""
_ENFORCED = {False: ("true", "false"), True: ("k.conenforced", "k.conperiod")}
"""Whether the server is 18 or newer -> SQL: whether constraint k is enforced, and WITHOUT OVERLAPS or PERIOD."""
WORDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "f": "FOREIGN KEY", "c": "CHECK", "x": "EXCLUDE"}


class Constraint(Object):
    """A constraint of a table, NOT NULL aside."""

    kind = "constraint"
    enforces = True
    copyable = True
    of_relation = 2
    catalogs = {
        "pg_constraint": "oid conname contype condeferrable condeferred convalidated conrelid conindid"
        " confrelid conkey confkey conbin conexclop confupdtype confdeltype confmatchtype confdelsetcols connoinherit"
        " conenforced conperiod conparentid conislocal coninhcount",
        "pg_class": "reloptions reltablespace",
        "pg_tablespace": "oid spcname",
    }

    printed = ("definition",)
    by_form = True
    constraint_name = "constraint"

    schema: str = key()
    table_name: str = key()
    constraint: str = key()
    type: str = replaced()
    definition: str = replaced()
    deferrable: str = altered()
    condition: str | None = noted("the expression of a CHECK, to ask for the rows in the way")
    index_body: str | None = noted("to build the index of a key concurrently")
    options: list[str] = altered()
    enforced: bool = altered()
    valid: bool = altered()
    local: bool = altered()
    tablespace: str | None = altered()
    target: list[str] | None = noted("the table that a foreign key references: schema, name")
    index_unique: bool | None = noted("to build the index of a key concurrently")
    adoptable: bool | None = noted("whether ADD CONSTRAINT … USING INDEX takes this form of index")
    partitioned: bool = noted("what can be NOT VALID or adopted on a partitioned table is less")
    sources: list[list[str]] | None = noted("the tables from which a CHECK is inherited")
    part_of: list[str] | None = noted("what owns the index of the parent table that its index is a part of")
    columns: list[str] = noted("to ask for the rows in the way before it is added")
    target_columns: list[str] | None = noted("the columns that a foreign key references")

    @classmethod
    def query(cls, version: int) -> str:
        enforced, period = _ENFORCED[version >= 18]
        return f"""
            SELECT {address("pg_constraint", "k.oid")}, {address("pg_class", "c.oid")}, k.conname::text,
                   CASE WHEN k.confdelsetcols IS NOT NULL OR k.coninhcount > 0 THEN k.oid::text
                   ELSE concat_ws(' ', k.contype, k.condeferrable, k.condeferred, k.convalidated, {enforced}, {period}, k.connoinherit,
                     k.conexclop, k.confrelid, k.confmatchtype, k.confupdtype, k.confdeltype,
                     c.relkind, k.conbin) END,
                   CASE WHEN i.indexrelid IS NOT NULL THEN {FORM} END, i.indkey::text, {COMPUTED},
                   coalesce(k.conkey::text, ''), {address("pg_class", "k.confrelid")}, k.confkey::text
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            LEFT JOIN pg_index i ON i.indexrelid = CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid END
            LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
            WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f')
              AND NOT (k.contype = 'f' AND k.conparentid <> 0)"""

    @classmethod
    def forms(cls, rows: Sequence[tuple[Any, ...]], columns: Columns) -> Forms:
        def form(row: tuple[Any, ...]) -> tuple[Hashable, tuple[Any, ...]]:
            # Where a table is referenced, its address stands for its columns.
            told, index, keys, computed, numbers, target, target_numbers = row[3:]
            on = columns.of(row[1], numbers)
            of = columns.of(target, target_numbers) if target_numbers else None
            indexed = columns.of(row[1], keys).alike if index else None
            every = columns.every(row[1]) if computed else None
            return (told, on.alike, of and of.alike, index, indexed, every), (on.names, of and of.names)

        return columns.forms(rows, form)

    @classmethod
    def print_query(cls, version: int) -> str:
        enforced, period = _ENFORCED[version >= 18]
        return f"""
            WITH wanted AS MATERIALIZED (
              SELECT k.* FROM unnest($1::int8[]) AS u (address) JOIN pg_constraint k ON k.oid = {oid_of("address")}),
            bodies AS MATERIALIZED ({bodies("i.indexrelid IN (SELECT conindid FROM wanted WHERE contype IN ('p', 'u', 'x'))")})
            SELECT {address("pg_constraint", "k.oid")}, k.contype::text,
                   left(definition, length(definition) - length(deferral || CASE WHEN NOT enforced THEN ' NOT ENFORCED'
                                                                            WHEN NOT k.convalidated THEN ' NOT VALID' ELSE '' END)),
                   deferral, CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END, d.body, coalesce(d.options, '{{}}'),
                   enforced, k.convalidated OR NOT enforced, k.conislocal OR c.relispartition, s.spcname::text,
                   CASE WHEN k.contype = 'f' THEN ARRAY[fn.nspname::text, f.relname::text] END, i.indisunique,
                   NOT {period} AND i.indexprs IS NULL AND i.indpred IS NULL AND 0 = ALL (i.indoption::int2[]), c.relkind = 'p',
                   CASE WHEN k.contype = 'c' THEN {sources("k.coninhcount", _IS_THERE)} END, {PART_OF}
            FROM wanted k JOIN pg_class c ON c.oid = k.conrelid
            LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
            LEFT JOIN bodies d ON d.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
            LEFT JOIN pg_index i ON i.indexrelid = d.oid LEFT JOIN pg_class ic ON ic.oid = d.oid
            LEFT JOIN pg_tablespace s ON s.oid = ic.reltablespace
            CROSS JOIN LATERAL (
              SELECT pg_get_constraintdef(k.oid), {enforced}, CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
                     || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END OFFSET 0) AS printed (definition, enforced, deferral)"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def references(self) -> Identity | None:
        """The table that a foreign key references."""
        return ("table", *self.target) if self.target else None

    @property
    def falls(self) -> bool:  # type: ignore[override]
        """A foreign key is dropped before its table, so that DROP TABLE does not lock the other one."""
        return self.type != "f"

    @property
    def position(self) -> int:
        return "pucxf".index(self.type)

    @property
    def has_index(self) -> bool:
        return bool(self.index_body)

    def pins(self, used: Identity, facts: Facts) -> bool:
        # Where the table is not rewritten anyway, a CHECK would make PostgreSQL read it all under the lock. A foreign
        # key may find no operator between a new type and an old one, and would be checked under locks on both tables.
        if self.type == "c":
            return not facts.rewrites(used)
        if self.partitioned and self.has_index:
            return not on_every_partition(self.identity, self.table, facts)
        return self.type == "f" and (facts.rewrites(used) or facts.reindexes(used))

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        own = ("constraint", self.schema, self.table_name, self.constraint)
        index = [("relation", self.schema, self.constraint)] if self.index_body else []
        only = [("primary key", self.schema, self.table_name)] if self.type == "p" else []
        return (own, *index, *only)

    @property
    def overloads(self) -> Identity | None:
        return key_on(self.schema, self.table_name, self.columns) if self.type in "pu" else None

    @property
    def _table(self) -> str:
        return qualified(self.schema, self.table_name)

    @property
    def reference(self) -> str:
        return f"CONSTRAINT {identifier(self.constraint)} ON {self._table}"

    def copies(self) -> Iterable[tuple[Identity, Identity]]:
        return originals(self.sources, "constraint", self.schema, self.table_name, self.constraint)

    @property
    def own(self) -> bool:
        """A CHECK of a partition goes with that of its parent; one that a child declares itself stays."""
        return declared(self.sources, self.local)

    @property
    def handed_on(self) -> bool:  # type: ignore[override]
        """A foreign key may need the partitions attached first, where it references what they make whole. A CHECK that
        is not valid cannot be on both tables before they are tied. A key that is part of none could be taken for one
        that is."""
        return self.type == "f" or (self.type == "c" and not self.valid) or self._of_its_own

    @property
    def stays_aside(self) -> bool:  # type: ignore[override]
        """A CHECK takes no name that the table's replacement needs."""
        return self.type == "c"

    def needs(self) -> Iterable[Identity]:
        """A primary key makes its columns NOT NULL by itself where they are not, under a lock. Whether a foreign key can
        be there follows from how both of its tables are stored."""
        if self.type == "p":
            return [("not_null", self.schema, self.table_name, column) for column in self.columns]
        return [self.references] if self.references else ()

    def follows(self) -> Iterable[Identity]:
        # ATTACH PARTITION takes the first index that is like that of the parent.
        alone: list[Identity] = [("partition", self.schema, self.table_name)] if self._of_its_own else []
        return [*alone, *(("default", self.schema, self.table_name, column) for column in self.columns)]

    @property
    def _of_its_own(self) -> bool:
        """Whether it has an index which is part of none."""
        return self.has_index and not self.part_of

    def reprint(self) -> tuple[list[str], str]:
        # Under its own name, which a definition may hold.
        table = f"pg_temp.{identifier(self.table_name)}"
        return (
            [
                f"CREATE TEMPORARY TABLE {identifier(self.table_name)} (LIKE {self._table})",
                f"ALTER TABLE {table} ADD CONSTRAINT reprint {self.definition}",
            ],
            f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = {literal(table)}::regclass AND conname = 'reprint'",
        )

    def _locks(self, mode: LockMode) -> tuple[Identity, ...]:
        return (self.table, self.references) if self.references else (self.table,)

    def fits_inside(self, facts: Facts) -> bool:
        return (
            facts.is_new(self.parent)
            and (self.references is None or facts.is_new(self.references))
            and self.valid
            and not self._stored_after()
        )

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return "" if self._inline(facts) else self.words

    @property
    def words(self) -> str:
        """It as CREATE TABLE and ADD take it."""
        enforced = "" if self.enforced else " NOT ENFORCED"
        stored = "" if self._stored_after() else self._stored()
        return (
            f"CONSTRAINT {identifier(self.constraint)} {self.definition}{stored}{self.deferrable}{enforced}"
        )

    def _stored(self) -> str:
        """How its index is stored, as it follows the definition."""
        options = f" WITH ({storage(self.options)})" if self.options else ""
        return options + (f" USING INDEX TABLESPACE {identifier(self.tablespace)}" if self.tablespace else "")

    def _stored_after(self) -> bool:
        """Whether that would stand inside the definition, which PostgreSQL printed: before the WHERE of EXCLUDE."""
        return self.type == "x" and bool(self._stored())

    def _store(self, new: Constraint, changed: Sequence[str]) -> list[Statement]:
        """ALTER INDEX that leads from how its index is stored to how that of `new` is."""
        index = qualified(self.schema, self.constraint)
        actions = leading(self.options, new.options) if "options" in changed else []
        statements = [Statement(f"ALTER INDEX {index} {action}") for action in actions]
        if "tablespace" in changed:
            space = identifier(new.tablespace or "pg_default")
            statements.append(
                Statement(
                    f"ALTER INDEX {index} SET TABLESPACE {space}",
                    lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                    (Hazards.REWRITES_TABLE,),
                )
            )
        return statements

    def _inline(self, facts: Facts) -> bool:
        """Whether CREATE TABLE … INHERITS makes it without a word of its own."""
        return comes_with_create(self, self.sources, facts)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        mode = LockMode.SHARE_ROW_EXCLUSIVE if self.type == "f" else LockMode.ACCESS_EXCLUSIVE
        locks = lock(mode, *self._locks(mode))
        handed = self.handed_on and any(facts.is_new(original) for _, original in self.copies())
        if not self.own and (handed or made_above(self, facts)):
            return self._vouch(facts)
        if not self.own and self._inline(facts):
            return []
        # The indexes of partitions are built one by one, and attached.
        only = "ONLY " if self.partitioned and self.type in "pux" else ""
        if comes_with_tie(self, facts):
            return self._create_above(facts)
        add = f"ALTER TABLE {only}{self._table} ADD {self.words}"
        if not self.valid:
            return [Statement(f"{add} NOT VALID", locks)]
        if facts.is_new(self.parent) or not self.enforced or only:
            return [Statement(add, locks), *self._stored_late()]
        if self.type == "c" or (self.type == "f" and not (self.partitioned and facts.oldest < 18)):
            return [Statement(f"{add} NOT VALID", locks), self._validate()]
        if self._adopts:
            return [
                *(() if facts.prepared(self.identity) else self.prepare(facts)),
                Statement(
                    f"ALTER TABLE {self._table} ADD CONSTRAINT {identifier(self.constraint)} {WORDS[self.type]}"
                    f" USING INDEX {identifier(self._index_name(facts))}{self.deferrable}",
                    locks,
                ),
            ]
        return [Statement(add, locks, (Hazards.SCANS_UNDER_LOCK,)), *self._stored_late()]

    @property
    def _adopts(self) -> bool:
        """Whether its index can be built concurrently, before it."""
        return self.type in "pu" and bool(self.adoptable) and not self.partitioned

    def _index_name(self, facts: Facts) -> str:
        """The name under which its index is built; adopting gives it that of the constraint."""
        taken = facts.prepared(self.identity) and facts.old(self.identity) is not None
        return suffixed(self.constraint, "__new") if taken else self.constraint

    def prepares(self, facts: Facts) -> bool:
        # Where another key goes, queries and foreign keys that need an index have the old one until this one is there.
        others = facts.inside(self.parent, before=True)
        gone = any(
            one.has_index and (facts.new(one.identity) is None or facts.is_new(one.identity))
            for one in others
        )
        comes = facts.is_new(self.identity) and not facts.is_new(self.parent)
        return self._adopts and comes and gone

    def prepare(self, facts: Facts) -> list[Statement]:
        space = f" TABLESPACE {identifier(self.tablespace)}" if self.tablespace else ""
        name, body = self._index_name(facts), str(self.index_body) + space
        return [build_concurrently(name, self.schema, self.table_name, True, body, self.identity)]

    def _create_above(self, facts: Facts) -> list[Statement]:
        used = [("column", self.schema, self.table_name, column) for column in self.columns]
        unproved = " NOT VALID" if self.enforced else ""
        add = Statement(f"ALTER TABLE {stand_in(self)} ADD {self.words}{unproved}", with_last=True)
        proof = [self._validate()] if self.valid and self.enforced else []
        return [*raised(self, used, facts), add, *proof]

    def _vouch(self, facts: Facts) -> list[Statement]:
        """VALIDATE for its own rows, where the CHECK above it is not known to hold for all."""
        above = [facts.new(original) for _, original in self.copies()]
        unsure = any(isinstance(one, Constraint) and not one.valid for one in above)
        return [self._validate()] if self.valid and unsure else []

    def _stored_late(self) -> list[Statement]:
        if not self._stored_after():
            return []
        plain = self.with_(options=[], tablespace=None)
        return plain._store(self, plain.differences(self))

    def _validate(self) -> Statement:
        locks = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.table)
        if self.references:
            locks += lock(LockMode.ROW_SHARE, self.references)
        return Statement(
            f"ALTER TABLE {self._table} VALIDATE CONSTRAINT {identifier(self.constraint)}",
            locks,
            alone=True,
            verb="validate",
        )

    def alterable(self, new: Constraint, changed: Sequence[str], facts: Facts) -> bool:
        if "enforced" in changed and (new.enforced or self.type != "f"):
            return (
                False  # enforcing reads every row under the lock; a new one is added NOT VALID and validated
            )
        if "deferrable" in changed and self.type != "f":
            return False
        if self.partitioned and set(changed) & {"options", "tablespace"}:
            return False  # only the indexes of partitions can be altered
        in_place = {"valid", "deferrable", "enforced", "options", "tablespace"}
        return set(changed) <= in_place and not ("valid" in changed and not new.valid)

    def alter(self, new: Constraint, changed: Sequence[str], facts: Facts) -> list[Statement]:
        statements = []
        alter = f"ALTER TABLE {self._table} ALTER CONSTRAINT {identifier(self.constraint)}"
        strong = lock(LockMode.ACCESS_EXCLUSIVE, *self._locks(LockMode.ACCESS_EXCLUSIVE))
        if "deferrable" in changed:
            statements.append(Statement(f"{alter}{new.deferrable or ' NOT DEFERRABLE'}", strong))
        if "enforced" in changed:
            statements.append(Statement(f"{alter} NOT ENFORCED", strong))
        if "valid" in changed and new.enforced:
            statements.append(new._validate())
        return statements + self._store(new, changed)

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        above = goes_above(self.part_of, self.schema, self.table_name, facts)
        return [*([tuple(self.part_of or ())] if above else []), *super().goes_with(facts)]

    def drop(self, facts: Facts) -> list[Statement]:
        mode = LockMode.ACCESS_EXCLUSIVE
        if goes_above(self.part_of, self.schema, self.table_name, facts):
            return []
        return [
            Statement(
                f"ALTER TABLE {self._table} DROP CONSTRAINT {identifier(self.constraint)}",
                lock(mode, *self._locks(mode)),
            )
        ]

    def rename(self, new: Constraint) -> list[Statement]:
        return [
            Statement(
                f"ALTER TABLE {self._table} RENAME CONSTRAINT {identifier(self.constraint)}"
                f" TO {identifier(new.constraint)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        if not self.valid or not self.enforced:
            return []
        reads = tuple(("column", self.schema, self.table_name, column) for column in self.columns)
        if self.type in "pu":
            return [duplicates(self._table, self.columns, reads, None)]
        if self.type == "c":
            return [
                Precondition(
                    f"every row of {self._table} satisfies {identifier(self.constraint)}",
                    f"SELECT t.* FROM {self._table} AS t WHERE NOT ({self.condition})",
                    f"change or delete the rows for which this is false: {self.condition}",
                    (self.parent, *reads),
                )
            ]
        if self.type == "f" and self.target and self.target_columns:
            joined = " AND ".join(
                f"r.{identifier(b)} = t.{identifier(a)}"
                for a, b in zip(self.columns, self.target_columns, strict=True)
            )
            given = " AND ".join(f"t.{identifier(a)} IS NOT NULL" for a in self.columns)
            target = qualified(*self.target)
            return [
                Precondition(
                    f"every {', '.join(self.columns)} of {self._table} exists in {target}",
                    f"SELECT t.* FROM {self._table} AS t WHERE {given}"
                    f" AND NOT EXISTS (SELECT FROM {target} AS r WHERE {joined})",
                    f"delete these rows, or point them to rows of {target} that exist",
                    (*reads, *(("column", *self.target, column) for column in self.target_columns)),
                )
            ]
        return []
