"""Domains (pg_type d): default, NOT NULL and CHECKs change in place; another base type replaces the domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.composite import STORED
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Lock, LockMode, Precondition, Statement, lock


class Domain(Object):
    """A domain; its NOT NULL and its CHECKs are objects of their own."""

    kind = "domain"
    sets_aside = True
    catalogs = {
        "pg_type": "oid typname typnamespace typtype typbasetype typtypmod typcollation typdefault typdefaultbin"
    }

    schema: str = key()
    domain: str = key()
    type: str = replaced()
    collation: str | None = replaced()
    default: str | None = altered()
    rules: list[str] = altered()
    inside: bool = noted("whether a stored array, composite or range holds it, so that it takes no new rule")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            {STORED}
            SELECT {address("pg_type", "t.oid")}, n.nspname::text, t.typname::text,
                   format_type(t.typbasetype, t.typtypmod),
                   CASE WHEN t.typcollation <> b.typcollation THEN format('%I.%I', cn.nspname, c.collname) END,
                   coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
                   ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                         WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated
                         UNION ALL SELECT 'NOT NULL' WHERE t.typnotnull ORDER BY 1),
                   (t.oid, true) IN (SELECT type, inside FROM stored)
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
            LEFT JOIN pg_collation c ON c.oid = t.typcollation LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
            WHERE t.typtype = 'd' AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("type", self.schema, self.domain),)

    @property
    def grant_reference(self) -> str:
        return f"TYPE {self.name}"

    def alterable(self, new: Domain, changed: Sequence[str], facts: Facts) -> bool:
        stricter = not set(new.rules) <= set(self.rules)
        return super().alterable(new, changed, facts) and not (self.inside and stricter)

    @property
    def declarable(self) -> bool:  # type: ignore[override]
        """Without its default, which a function of the domain itself can give."""
        return self.default is not None

    def declare(self, facts: Facts) -> list[Statement]:
        plain = self.with_(default=None)
        if self is facts.old(self.identity):
            return self.alter(plain, ["default"], facts)
        return plain.create((), facts)

    def complete(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        added = (statement for part in parts for statement in part.object.create(part.parts, facts))
        return [*added, *self.alter(self, ["default"], facts)]

    def same_to_users(self, changed: Sequence[str]) -> bool:
        return set(changed) <= {"default"}

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        words = [f"CREATE DOMAIN {self.name} AS {self.type}"]
        if self.collation:
            words.append(f"COLLATE {self.collation}")
        if self.default is not None:
            words.append(f"DEFAULT {self.default}")
        return [Statement(" ".join([*words, *(part.object.clause(part.parts, facts) for part in parts)]))]

    def alter(self, new: Domain, changed: Sequence[str], facts: Facts) -> list[Statement]:
        if "default" not in changed:
            return []  # its rules are objects of their own
        action = "DROP DEFAULT" if new.default is None else f"SET DEFAULT {new.default}"
        return [Statement(f"ALTER {self.reference} {action}")]


def columns_of(type_: Identity, facts: Facts, *, before: bool = True) -> list[Identity]:
    """The columns that hold the domain (or a row of the table) before the plan or after it, directly or inside
    another type."""
    found, todo, seen = [], [type_], {type_}
    while todo:
        for user in facts.users(todo.pop(), before=before):
            if user in seen:
                continue
            seen.add(user)
            one = facts.old(user) if before else facts.new(user)
            if one is not None and (one.moves_type or (one.inseparable and one.holds_rows)):
                found += [] if one.parent == type_ else [user]
            elif one is not None:
                todo += _made_of(one)
    return sorted(found)


def _made_of(user: Object) -> Iterator[Identity]:
    """The type that `user` is, or is a part of."""
    if user.sets_aside:
        yield user.identity
    elif user.inseparable and user.parent is not None:
        yield user.parent


def holders(table: Identity, facts: Facts) -> list[Identity]:
    """The columns that hold rows of the table before the plan and after it: PostgreSQL then neither changes the type of
    its columns nor fills a new one."""
    after = columns_of(table, facts, before=False)
    return [one for one in columns_of(table, facts) if one in after and not facts.is_new(one)]


def holders_below(table: Identity, facts: Facts) -> list[Identity]:
    """The same for the table and all that inherit from it."""
    return [one for below in _below(table, facts) for one in holders(below, facts)]


def _below(table: Identity, facts: Facts) -> Iterator[Identity]:
    """The table, and all that inherit from it before the plan."""
    todo = [table]
    while todo:
        table = todo.pop()
        yield table
        ties = (one.ties() for i in facts.users(table, before=True) if (one := facts.old(i)) is not None)
        todo += [pair[0] for pair in ties if pair and pair[1] == table]


def computed_below(table: Identity, facts: Facts) -> list[Identity]:
    """What is computed and holds rows of the table, or of one that inherits from it, before the plan or after it: it
    has to be away while these rows change."""
    tables = [*_below(table, facts)]
    return sorted(
        {one for below in tables for old in (True, False) for one in _computed(below, facts, before=old)}
    )


def _computed(type_: Identity, facts: Facts, *, before: bool) -> set[Identity]:
    find = facts.old if before else facts.new
    found, todo, seen = set(), [type_], {type_}
    while todo:
        used = find(todo.pop())
        for user in facts.users(used.identity, before=before) if used is not None else ():
            one = find(user)
            if used is None or one is None or user in seen:
                continue
            if {used.name, f"{used.name}[]"}.intersection(one.computes):
                found.add(user)
            for type_ in _made_of(one):
                seen.add(user)
                todo.append(type_)
    return found


def scanned(domain: Identity, facts: Facts, mode: LockMode) -> tuple[Lock, ...]:
    """The locks on all tables with a column of the domain."""
    tables = {one.table for one in (facts.old(c) for c in columns_of(domain, facts)) if one is not None}
    return lock(mode, *sorted(table for table in tables if table is not None))


def _over(domain: Domain, facts: Facts) -> Iterator[Domain]:
    """The domain, and those over it, before the plan."""
    yield domain
    for user in facts.users(domain.identity, before=True):
        one = facts.old(user)
        if isinstance(one, Domain) and one.type == domain.name:
            yield from _over(one, facts)


def _tables_with(domain: Identity, facts: Facts) -> Iterator[tuple[str, str, Identity]]:
    """Table, expression and identity of each column of this domain, or of one over it, that stays one.

    None where its values change over to another type: the column asks for the rules of what they become."""
    old, new = facts.old(domain), facts.new(domain)
    if not isinstance(old, Domain) or not isinstance(new, Domain) or old.type != new.type:
        return
    types = {one.name for one in _over(old, facts)}
    for identity in columns_of(domain, facts):
        columns = (facts.old(identity), facts.new(identity))
        if all(getattr(column, "type", None) in types for column in columns):
            yield qualified(*identity[1:3]), f"t.{identifier(identity[3])}", identity


class DomainNotNull(Object):
    """NOT NULL of a domain. `constraint`: its name where it is not the one that PostgreSQL gives."""

    kind = "domain_not_null"
    catalogs = {"pg_type": "typnotnull", "pg_constraint": "oid conname contypid contype"}

    schema: str = key()
    domain: str = key()
    constraint: str | None = altered()

    @classmethod
    def query(cls, version: int) -> str:
        constraint = (
            "pg_constraint k ON k.contypid = t.oid AND k.contype = 'n'"
            if version >= 17
            else "(VALUES (NULL::oid, NULL::name)) AS k (oid, conname) ON true"
        )
        return f"""
            SELECT coalesce({address("pg_constraint", "k.oid")}, {NO_ADDRESS}), n.nspname::text, t.typname::text,
                   CASE WHEN k.conname <> t.typname || '_not_null' THEN k.conname::text END
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN {constraint}
            WHERE t.typtype = 'd' AND t.typnotnull AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("domain", self.schema, self.domain)

    @property
    def _constraint(self) -> str:
        return identifier(self.constraint or f"{self.domain}_not_null")

    @property
    def comment_reference(self) -> str:
        return f"CONSTRAINT {self._constraint} ON DOMAIN {self.name}"

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return f"CONSTRAINT {self._constraint} NOT NULL" if self.constraint else "NOT NULL"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        action = f"ADD {self.clause(parts, facts)}" if self.constraint else "SET NOT NULL"
        locks = () if facts.is_new(self.parent) else scanned(self.parent, facts, LockMode.SHARE)
        return [
            Statement(
                f"ALTER DOMAIN {self.name} {action}", locks, (Hazards.SCANS_UNDER_LOCK,) if locks else ()
            )
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER DOMAIN {self.name} DROP NOT NULL")]

    def alter(self, new: DomainNotNull, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return [
            Statement(f"ALTER DOMAIN {self.name} RENAME CONSTRAINT {self._constraint} TO {new._constraint}")
        ]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        return [
            Precondition(
                f"{table}.{identifier(identity[3])} holds no NULL",
                f"SELECT t.* FROM {table} AS t WHERE {column} IS NULL",
                f"give these rows a value: the domain {self.name} will allow no NULL",
                (identity,),
            )
            for table, column, identity in _tables_with(self.parent, facts)
        ]


class DomainConstraint(Object):
    """A CHECK of a domain."""

    kind = "domain_constraint"
    catalogs = {"pg_constraint": "oid conname contypid contype convalidated conbin"}

    printed = ("definition",)

    schema: str = key()
    domain: str = key()
    constraint: str = key()
    definition: str = replaced()
    valid: bool = altered()
    condition: str = noted("to ask for the rows in the way before it is added")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_constraint", "k.oid")}, n.nspname::text, t.typname::text,
                   k.conname::text,
                   CASE WHEN k.convalidated THEN pg_get_constraintdef(k.oid)
                        ELSE left(pg_get_constraintdef(k.oid), -length(' NOT VALID')) END,
                   k.convalidated, pg_get_expr(k.conbin, 0)
            FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE k.contype = 'c' AND {OURS}"""

    def reprint(self) -> tuple[list[str], str]:
        return (
            [f"CREATE DOMAIN pg_temp.reprint AS {self._domain} CONSTRAINT reprint {self.definition}"],
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = 'pg_temp.reprint'::regtype",
        )

    @property
    def parent(self) -> Identity:
        return ("domain", self.schema, self.domain)

    @property
    def _domain(self) -> str:
        return qualified(self.schema, self.domain)

    @property
    def comment_reference(self) -> str:
        return f"CONSTRAINT {identifier(self.constraint)} ON DOMAIN {self._domain}"

    def fits_inside(self, facts: Facts) -> bool:
        return facts.is_new(self.parent) and bool(self.valid)

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        return f"CONSTRAINT {identifier(self.constraint)} {self.definition}"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        add = f"ALTER DOMAIN {self._domain} ADD {self.clause(parts, facts)}"
        if self.valid and (facts.is_new(self.parent) or not columns_of(self.parent, facts)):
            return [Statement(add)]
        statements = [Statement(f"{add} NOT VALID")]
        return [*statements, self._validate(facts)] if self.valid else statements

    def _validate(self, facts: Facts) -> Statement:
        # Up to PostgreSQL 17 it holds back the writers of every table with such a column while it reads them all.
        mode = LockMode.SHARE_UPDATE_EXCLUSIVE if facts.oldest >= 18 else LockMode.SHARE
        locks = scanned(self.parent, facts, mode)
        return Statement(
            f"ALTER DOMAIN {self._domain} VALIDATE CONSTRAINT {identifier(self.constraint)}",
            locks,
            (Hazards.SCANS_UNDER_LOCK,) if locks and mode.stops_writers else (),
            alone=True,
            verb="validate",
        )

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"ALTER DOMAIN {self._domain} DROP CONSTRAINT {identifier(self.constraint)}")]

    def alterable(self, new: DomainConstraint, changed: Sequence[str], facts: Facts) -> bool:
        return tuple(changed) == ("valid",) and bool(new.valid)

    def alter(self, new: DomainConstraint, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return [new._validate(facts)]

    def rename(self, new: DomainConstraint) -> list[Statement]:
        return [
            Statement(
                f"ALTER DOMAIN {self._domain} RENAME CONSTRAINT {identifier(self.constraint)}"
                f" TO {identifier(new.constraint)}"
            )
        ]

    def preconditions(self, facts: Facts) -> list[Precondition]:
        if not self.valid:
            return []
        return [
            Precondition(
                f"every {table}.{identifier(identity[3])} satisfies {identifier(self.constraint)} of {self._domain}",
                f"SELECT t.* FROM {table} AS t"
                f" WHERE NOT (SELECT {self.condition} FROM (SELECT {column}) AS v (value))",
                f"change the rows for which this is false: {self.condition}",
                (identity,),
            )
            for table, column, identity in _tables_with(self.parent, facts)
        ]
