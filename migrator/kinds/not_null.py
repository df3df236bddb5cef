"""NOT NULL: a flag of pg_attribute up to PostgreSQL 17, a constraint of its own from 18 on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.errors import PlanError
from migrator.kinds.base import (
    NO_ADDRESS,
    Facts,
    Object,
    Tree,
    address,
    altered,
    describe,
    key,
    noted,
    suffixed,
)
from migrator.kinds.column import Column
from migrator.kinds.inherited import comes_with_create, made_above, originals, sources
from migrator.kinds.partition import Partition
from migrator.kinds.tied import comes_with_tie, handed_over, raised, stand_in
from migrator.sql import dollar_quoted, identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Statement, lock

_IF_NAMED = """
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    {rename};
  END IF;
END """

_NAMED = """
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE {named};
  ELSE
    {plain};
  END IF;
END """


# Tables of a tree, and tables right below them which declare it too, that have a NOT NULL of one column under two names.
_NAMED_APART = """WITH RECURSIVE tree (oid) AS (
      VALUES ({table}::regclass::oid) UNION SELECT inhrelid FROM pg_inherits JOIN tree ON oid = inhparent),
    named AS (
      SELECT conrelid, conname, conislocal FROM tree JOIN pg_constraint k ON conrelid = tree.oid AND contype = 'n'
      JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] AND attname = {column})
    SELECT p.conrelid::regclass AS table_above, p.conname AS name_above, c.conrelid::regclass AS table_below, c.conname AS name_below
    FROM pg_inherits JOIN named p ON p.conrelid = inhparent JOIN named c ON c.conrelid = inhrelid
    WHERE p.conname <> c.conname AND c.conislocal"""


class NotNull(Object):
    """That a column holds no NULL. `constraint` is its name where it is not the one that PostgreSQL gives."""

    kind = "not_null"
    forbids_null = True
    enforces = True
    copyable = True
    stays_aside = True
    own_name = constraint_name = "actual"
    of_relation = 2
    catalogs = {
        "pg_attribute": "attrelid attname attnum attnotnull",
        "pg_constraint": "oid conrelid conkey conname contype convalidated connoinherit conislocal coninhcount",
    }

    schema: str = key()
    table_name: str = key()
    column: str = key()
    constraint: str | None = altered()
    valid: bool = altered()
    no_inherit: bool = altered()
    local: bool = altered()
    sources: list[list[str]] | None = noted("the tables from which it is inherited")
    actual: str | None = noted("its name also where it is only inherited and pg_dump does not tell")

    @classmethod
    def query(cls, version: int) -> str:
        constraint = (
            """pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]"""
            if version >= 18
            else "(VALUES (NULL::oid, NULL::name, true, false, false, 0)) AS k"
            " (oid, conname, convalidated, connoinherit, conislocal, coninhcount) ON true"
        )
        there = (
            "h.inhparent IN (SELECT p.attrelid FROM pg_attribute p WHERE p.attname = a.attname AND p.attnotnull"
            " AND p.attrelid = h.inhparent AND NOT p.attisdropped)"
        )
        # Up to 17 nothing tells whether a child declares it too; it then goes with that of its parent.
        came, local = ("k.coninhcount", "k.conislocal") if version >= 18 else ("a.attinhcount", "true")
        return f"""
            SELECT coalesce({address("pg_constraint", "k.oid")}, {NO_ADDRESS}), {address("pg_class", "c.oid")}, a.attname::text,
                   CASE WHEN k.conname <> c.relname || '_' || a.attname || '_not_null'
                             AND (c.relispartition OR {local}) THEN k.conname::text END,
                   coalesce(k.convalidated, true), coalesce(k.connoinherit, false), {local} OR c.relispartition,
                   {sources(came, there)}, k.conname::text
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            LEFT JOIN {constraint}
            WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')
              AND c.oid >= 16384"""

    @property
    def parent(self) -> Identity:
        return ("column", self.schema, self.table_name, self.column)

    @property
    def table(self) -> Identity:
        return ("table", self.schema, self.table_name)

    def copies(self) -> Iterable[tuple[Identity, Identity]]:
        return originals(self.sources, "not_null", self.schema, self.table_name, self.column)

    @property
    def own(self) -> bool:
        return not self.sources

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        """That of a copy goes over with that of its original."""
        named = self.actual and not self.sources
        return (("constraint", self.schema, self.table_name, str(self.actual)),) if named else ()

    @property
    def _table(self) -> str:
        return qualified(self.schema, self.table_name)

    @property
    def reference(self) -> str:
        name = self.constraint or f"{self.table_name}_{self.column}_not_null"
        return f"CONSTRAINT {identifier(name)} ON {self._table}"

    def pins(self, used: Identity, facts: Facts) -> bool:
        """PostgreSQL makes it again when the type of its column changes, also on children, one of which may have it
        under another name."""
        copies = [facts.old(copy) for _, copy in facts.copies(self.identity)]
        return used == self.parent and any(
            isinstance(one, NotNull) and one.actual != self.actual for one in copies
        )

    def retype_preconditions(self, facts: Facts) -> list[Precondition]:
        """That PostgreSQL 18 can make it again, where a server that knows no names of it tells nothing of them."""
        if self.actual is not None or self.sources or not facts.copies(self.identity):
            return []
        column = identifier(self.column)
        return [
            Precondition(
                f"NOT NULL of {column} has one name in {self._table} and in all tables below, or the server is older than 18",
                _NAMED_APART.format(table=literal(self._table), column=literal(self.column)),
                "PostgreSQL 18 cannot change the type of such a column in all of them. Write this migration with"
                " PostgreSQL 18 (--postgres), which knows these names and leads round them; or for each of these rows:"
                f" ALTER TABLE table_above ALTER COLUMN {column} DROP NOT NULL;"
                " ALTER TABLE table_below RENAME CONSTRAINT name_below TO name_above;"
                f" ALTER TABLE table_above ALTER COLUMN {column} SET NOT NULL",
                (self.parent,),
            )
        ]

    def fits_inside(self, facts: Facts) -> bool:
        column = facts.new(self.parent)
        if isinstance(column, Column) and column.inline(facts):
            return not self.own
        if facts.is_new(self.table):
            return bool(self.valid) and not self._inline(facts)
        if made_above(self, facts) or comes_with_tie(self, facts):
            return False
        # A new column of a full table: only where every old row gets a value at once and no hook fills it.
        return (
            self.valid
            and facts.is_new(self.parent)
            and facts.fills_itself(self.parent)
            and not facts.backfilled(self.parent)
        )

    def follows(self) -> list[Identity]:
        return [("default", self.schema, self.table_name, self.column)]

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        parent = getattr(facts.new(self.table), "has_children", False)  # its partitions take over the name
        name = self.constraint or (self._usual if parent or self._taken(facts) else None)
        named = f"CONSTRAINT {identifier(name)} " if name else ""
        return f"{named}NOT NULL" + (" NO INHERIT" if self.no_inherit else "")

    def _taken(self, facts: Facts) -> bool:
        """Whether PostgreSQL may give another name than the usual one: a table that is replaced has that still, or another
        table of the schema has a constraint of that name."""
        replaced = facts.old(self.table) is not None and facts.is_new(self.table)
        return replaced or facts.constraint_elsewhere(self.table, self._usual)

    @property
    def _usual(self) -> str:
        return f"{self.table_name}_{self.column}_not_null"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        table, column = self._table, identifier(self.column)
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.table)
        if self.sources and (made_above(self, facts) or self._inline(facts)):
            return self._renamed_apart(facts)
        if facts.is_new(self.table) and self.valid:
            sql = f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
            return [Statement(self._with_name(sql, table) if self._named_apart(facts) else sql, strong)]
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.table)
        name, first, to = identifier(self._named), [], table
        if facts.oldest >= 18 or not self.valid:
            suffix = " NO INHERIT" if self.no_inherit else ""
            if comes_with_tie(self, facts):
                first, to = raised(self, [self.parent], facts), stand_in(self)
            sql = f"ALTER TABLE {to} ADD CONSTRAINT {name} NOT NULL {column}{suffix} NOT VALID"
            add = Statement(sql, strong, with_last=bool(first))
            validate = Statement(
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", weak, alone=True, verb="validate"
            )
            return [*first, add, validate] if self.valid else [*first, add]
        return self.create_together([self], facts)

    @property
    def _named(self) -> str:
        usual = self._usual[:63]
        return self.constraint or (usual if self.local else self.actual) or usual

    def _named_apart(self, facts: Facts) -> bool:
        """Whether SET NOT NULL would not do: it is to have a name of its own, or not to be inherited."""
        return bool(self.constraint or self.no_inherit) or self._taken(facts)

    def _with_tie(self, facts: Facts) -> list[Statement]:
        """SET NOT NULL on a table above it; from 18 on, it gets the name there which it is to inherit."""
        column, table = identifier(self.column), f"ALTER TABLE {stand_in(self)}"
        plain = f"{table} ALTER COLUMN {column} SET NOT NULL"
        return [
            *raised(self, [self.parent], facts),
            Statement(self._with_name(plain, stand_in(self)), with_last=True),
        ]

    def _with_name(self, plain: str, table: str) -> str:
        """SQL: what `plain` does, but from 18 on under its name."""
        rest = f"NOT NULL {identifier(self.column)}" + (" NO INHERIT" if self.no_inherit else "")
        named = literal(f"ALTER TABLE {table} ADD CONSTRAINT {identifier(self._named)} {rest}")
        return f"DO {dollar_quoted(_NAMED.format(named=named, plain=plain), 'not_null')}"

    def joins(self, facts: Facts) -> bool:
        return not self.sources and not facts.is_new(self.table) and facts.oldest < 18 and bool(self.valid)

    @classmethod
    def create_together(cls, ones: Sequence[NotNull], facts: Facts) -> list[Statement]:
        """One CHECK for all the columns: they are proved by one scan of the table.

        A validated CHECK spares SET NOT NULL its scan; it has to outlive that statement, so it goes after it.
        """
        one, table, columns = ones[0], ones[0]._table, [identifier(each.column) for each in ones]
        strong = lock(LockMode.ACCESS_EXCLUSIVE, one.table)
        weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, one.table)
        proof = identifier(suffixed(one.column, "_holds_no_null"))
        filled = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        also = tuple(each.identity for each in ones[1:])
        return [
            Statement(
                f"ALTER TABLE {table} ADD CONSTRAINT {proof} CHECK ({filled}) NOT VALID",
                strong,
                verb="require",
                also=also,
            ),
            Statement(
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {proof}",
                weak,
                alone=True,
                verb="validate",
                also=also,
            ),
            *(one._with_tie(facts) if comes_with_tie(one, facts) else cls._set(ones, also, facts)),
            Statement(f"ALTER TABLE {table} DROP CONSTRAINT {proof}", strong, also=also),
        ]

    @classmethod
    def _set(cls, ones: Sequence[NotNull], also: tuple[Identity, ...], facts: Facts) -> list[Statement]:
        """SET NOT NULL for all the columns of a table, in one statement as far as that will do."""
        table, strong = ones[0]._table, lock(LockMode.ACCESS_EXCLUSIVE, ones[0].table)
        sets = [
            (each._named_apart(facts), each, f"ALTER COLUMN {identifier(each.column)} SET NOT NULL")
            for each in ones
        ]
        plain = ", ".join(set_ for named, _, set_ in sets if not named)
        apart = [each._with_name(f"ALTER TABLE {table} {set_}", table) for named, each, set_ in sets if named]
        statements = [f"ALTER TABLE {table} {plain}"] if plain else []
        return [Statement(sql, strong, also=also) for sql in [*statements, *apart]]

    def _inline(self, facts: Facts) -> bool:
        """Whether CREATE TABLE … INHERITS makes it without a word of its own."""
        column = facts.new(self.parent)
        comes = not self.local and comes_with_create(self, self.sources, facts)
        return comes or (isinstance(column, Column) and column.inline(facts))

    def alter(self, new: NotNull, changed: Sequence[str], facts: Facts) -> list[Statement]:
        strong = lock(LockMode.ACCESS_EXCLUSIVE, self.table)
        if "local" in changed and not new.sources and self.actual:
            given = new.constraint or f"{new.table_name}_{new.column}_not_null"
            if self.actual != given:
                sql = f"RENAME CONSTRAINT {identifier(self.actual)} TO {identifier(given)}"
                return [Statement(f"ALTER TABLE {self._table} {sql}", strong)]
        usual = f"{self.table_name}_{self.column}_not_null"[:63]
        old_name = identifier(self.actual or self.constraint or usual)
        name = identifier(new.constraint or usual)
        statements: list[Statement] = []
        if made_above(new, facts) and self.sources:
            apart = "constraint" in changed and not self._renamed_above(new, facts)
            return self._apart(new, old_name, name, facts) if apart else statements
        if "constraint" in changed and old_name != name:
            statements += self._rename(old_name, name, facts)
        if "valid" in changed:
            weak = lock(LockMode.SHARE_UPDATE_EXCLUSIVE, self.table)
            statements.append(
                Statement(
                    f"ALTER TABLE {self._table} VALIDATE CONSTRAINT {name}", weak, alone=True, verb="validate"
                )
            )
        if "no_inherit" in changed:
            inherit = "NO INHERIT" if new.no_inherit else "INHERIT"
            statements.append(
                Statement(f"ALTER TABLE {self._table} ALTER CONSTRAINT {name} {inherit}", strong)
            )
        return statements

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        return self._rename(identifier(str(self.actual)), identifier(aside), facts)

    def _rename(self, old_name: str, name: str, facts: Facts) -> list[Statement]:
        rename = f"ALTER TABLE {self._table} RENAME CONSTRAINT {old_name} TO {name}"
        if facts.oldest < 18:
            # Before 18 there is no constraint to rename, and the file has to run there too.
            rename = f"DO {dollar_quoted(_IF_NAMED.format(rename=rename), 'rename')}"
        return [Statement(rename, lock(LockMode.ACCESS_EXCLUSIVE, self.table))]

    def _renamed_above(self, new: NotNull, facts: Facts) -> bool:
        """Whether the same renaming of an original renames it too."""
        originals = [(facts.old(one), facts.new(one)) for _, one in new.copies()]
        return any(
            isinstance(before, NotNull)
            and isinstance(after, NotNull)
            and (before.actual, after.actual) == (self.actual, new.actual)
            for before, after in originals
        )

    def _renamed_apart(self, facts: Facts) -> list[Statement]:
        """Gives it its own name in a partition, where the statement on the table above made it with that of the original."""
        (tie, original), *_ = self.copies()
        given = getattr(facts.new(original), "actual", None)
        if (
            tie[0] != "partition"
            or facts.old(tie) is None
            or facts.is_new(tie)
            or given == self.actual
            or not given
        ):
            return []
        return self._apart(self, identifier(given), identifier(str(self.actual)), facts)

    def _apart(self, new: NotNull, old_name: str, name: str, facts: Facts) -> list[Statement]:
        # An inherited constraint cannot be renamed.
        rename = Statement(
            f"ALTER TABLE {self._table} RENAME CONSTRAINT {old_name} TO {name}",
            lock(LockMode.ACCESS_EXCLUSIVE, self.table),
        )
        ties = [facts.old(tie) for tie, _ in new.copies()]
        (tie,) = [one for one in ties if isinstance(one, Partition)]
        return tie.attached_again(tie, facts, [rename])

    def alterable(self, new: NotNull, changed: Sequence[str], facts: Facts) -> bool:
        again = ("valid" in changed and self.valid) or ("local" in changed and handed_over(new, facts))
        return not again

    def drop(self, facts: Facts) -> list[Statement]:
        if facts.is_new(self.identity) and not facts.is_new(self.parent):
            self._ask_for_one_name_below(facts)
        return [
            Statement(
                f"ALTER TABLE {self._table} ALTER COLUMN {identifier(self.column)} DROP NOT NULL",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def _ask_for_one_name_below(self, facts: Facts) -> None:
        """Raises PlanError where a child keeps it meanwhile, and is in the way by that as its parent was."""
        for tie, copy in facts.copies(self.identity):
            one = facts.old(copy)
            if (
                isinstance(one, NotNull)
                and one.local
                and one.pins(one.parent, facts)
                and tie[0] != "partition"
            ):
                raise PlanError(
                    "the type of its column cannot change",
                    where=describe(one.identity),
                    why=f"PostgreSQL would make it again as {one.actual} on all tables below, and one of them has it under"
                    " another name",
                    hint="give them all one name in a migration before this one",
                )

    def preconditions(self, facts: Facts) -> list[Precondition]:
        column = identifier(self.column)
        return [
            Precondition(
                f"{self._table}.{column} holds no NULL",
                f"SELECT t.* FROM {self._table} AS t WHERE t.{column} IS NULL",
                f"give these rows a value: UPDATE {self._table} SET {column} = … WHERE {column} IS NULL",
                (self.parent,),
            )
        ]
