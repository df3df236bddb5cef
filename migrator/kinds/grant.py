"""Privileges on whatever has them (aclitem[]), one object for each grantee and grantor.

What PostgreSQL gives by itself (everything to the owner, some things to PUBLIC: acldefault) is the usual
state, and no object. An object holds the privileges as they are, even where they are fewer than usual. A new
object is born with more than the usual where default privileges say so; `born` tells what, so that no
statement repeats it, and what was not wanted is revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

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
    located,
    noted,
)
from migrator.kinds.owner import rights
from migrator.kinds.relation import RELATIONS
from migrator.kinds.role import exists
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Precondition, Statement

_MAINTAIN_SINCE = 17
OWNER = "OWNER"
"""How the owner is called as grantee or grantor: its privileges go with the object when the owner changes."""

_ME = "(SELECT oid FROM pg_roles WHERE rolname = current_user)"


def called(role: str, owner: str) -> str:
    """SQL for how a role, given by oid, is called: as SQL writes it, but OWNER where it owns the object."""
    return f"""CASE {role} WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN '{OWNER}' WHEN {_ME} THEN 'CURRENT_ROLE'
               ELSE quote_ident(pg_get_userbyid({role})) END"""


def named(role: str) -> str:
    """SQL for the name of a role that the server must have, NULL for PUBLIC and for the connected one."""
    return f"CASE WHEN {role} NOT IN (0, {_ME}) THEN pg_get_userbyid({role})::text END"


def collapsed(privileges: str) -> str:
    """SQL for a list of privileges; all that the kind of object knows are ALL, as versions differ in them."""
    return f"CASE WHEN {privileges} = everything THEN ARRAY['ALL'] ELSE coalesce({privileges}, '{{}}') END"


def _lists(*sources: str) -> str:
    """SQL for the privileges, and those with the grant option, of rows x of aclexplode, for each `source` of these."""
    return ", ".join(
        f"array_agg(DISTINCT x.privilege_type ORDER BY x.privilege_type)"
        f" FILTER (WHERE x.source = '{source}'{condition}) AS {source}{suffix}"
        for source in sources
        for suffix, condition in (("", ""), ("_grantable", " AND x.is_grantable"))
    )


_SOURCES = f"""
    SELECT classid, objid, grantee AS grantor, array_agg(DISTINCT {called("grantor", "owner")}) AS sources
    FROM held WHERE grantor <> owner AND held_grantable IS NOT NULL GROUP BY classid, objid, grantee"""
"""SQL: who, but the owner, gave a grantor what it may grant on, out of rows `held`."""


_BROUGHT = """a.attrelid IN (SELECT oid FROM pg_class WHERE oid < 16384
    UNION ALL SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_class'::regclass)"""
"""SQL: whether attribute a is that of a relation which an extension or PostgreSQL itself brought."""


def _targets(relations: str) -> str:
    """SQL: everything with an acl, as rows t; `type` is the letter that acldefault takes. `relations`: a condition on
    pg_attribute a, which has many times as many rows as all else: those whose columns are asked for."""
    return f"""
    SELECT 'pg_class'::regclass AS classid, c.oid AS objid, 0 AS objsubid, '' AS part, c.relacl AS acl,
           CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END AS type, c.relowner AS owner,
           c.relnamespace AS namespace
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, a.attnum, a.attname::text, a.attacl, 'c', c.relowner, c.relnamespace
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attacl IS NOT NULL AND {relations} AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL SELECT 'pg_proc'::regclass, oid, 0, '', proacl, 'f', proowner, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, 0, '', typacl, 'T', typowner, typnamespace FROM pg_type
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, '', nspacl, 'n', nspowner, 0 FROM pg_namespace
    UNION ALL SELECT 'pg_language'::regclass, oid, 0, '', lanacl, 'l', lanowner, 0 FROM pg_language
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, '', fdwacl, 'F', fdwowner, 0
    FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 0, '', srvacl, 'S', srvowner, 0
    FROM pg_foreign_server
"""


_EVERYTHING = """(SELECT array_agg(e.privilege_type ORDER BY e.privilege_type)
                 FROM aclexplode(acldefault(t.type::"char", t.owner)) e WHERE e.grantee = t.owner)"""
"""All privileges that the kind of object t knows."""


class Privileges(Object):
    """What grants of all kinds share; `on` and `grantee_name` say where and to whom."""

    kind = "privileges"

    if TYPE_CHECKING:
        privileges: list[str]
        grantable: list[str]
        everything: list[str]
        usual: list[str]
        usual_grantable: list[str]
        grantee_role: str | None
        grantor_role: str | None

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(role for role in (self.grantee_role, self.grantor_role) if role is not None)

    def preconditions(self, facts: Facts) -> list[Precondition]:
        return [exists(role) for role in self.roles]

    def _all(self, some: Sequence[str]) -> set[str]:
        return set(self.everything) if list(some) == ["ALL"] else set(some)

    def change(
        self, had: Sequence[str], had_grantable: Sequence[str], new: Privileges, verbs: _Verbs, facts: Facts
    ) -> list[str]:
        """The commands from what the grantee had to what `new` says: what is taken, then what is given."""
        before, before_with = self._all(had), self._all(had_grantable)
        after, after_with = self._all(new.privileges), self._all(new.grantable)
        taken, unlet = before - after, (before_with - after_with) & after
        let, given = after_with - before_with, after - before - after_with
        if facts.oldest < _MAINTAIN_SINCE:
            # Older servers know no word for one of the privileges, but ALL is the same there and here.
            everything = set(self.everything)
            if "MAINTAIN" in taken:
                taken, unlet, let, given = everything, set(), after_with, after - after_with
            elif "MAINTAIN" in unlet:
                unlet, let = everything, after_with
            if "MAINTAIN" in let and after_with == everything:
                let = everything
            if "MAINTAIN" in given and after == everything:
                given = everything
            if any("MAINTAIN" in some and some != everything for some in (taken, unlet, let, given)):
                raise self._unknown_to(facts.oldest)
        return [
            *verbs.write("REVOKE", taken, self.everything),
            *verbs.write("REVOKE GRANT OPTION FOR", unlet, self.everything),
            *verbs.write("GRANT", given, self.everything),
            *verbs.write("GRANT", let, self.everything, " WITH GRANT OPTION"),
        ]

    def _unknown_to(self, oldest: int) -> PlanError:
        return PlanError(
            f"PostgreSQL {oldest} has no privilege MAINTAIN",
            where=describe(self.identity),
            why=f"it came with PostgreSQL {_MAINTAIN_SINCE}, and this SQL has to run on {oldest}",
            hint="grant ALL, which is what each version has, or leave MAINTAIN out; where no older server is left,"
            " raise oldest_server in [tool.migrator]",
        )

    def nothing(self) -> Privileges:
        """The same grantee in the usual state."""
        return self.with_(privileges=self.usual, grantable=self.usual_grantable)


class _Verbs:
    """How a command names the object, the column and the grantee."""

    def __init__(self, on: str, grantee: str, column: str | None = None, prefix: str = ""):
        self.on, self.grantee, self.column, self.prefix = on, grantee, column, prefix

    def write(
        self, verb: str, privileges: set[str], everything: Sequence[str], suffix: str = ""
    ) -> list[str]:
        """One command, or none if there is nothing to say."""
        if not privileges:
            return []
        column = f" ({identifier(self.column)})" if self.column else ""
        words = ["ALL"] if privileges == set(everything) else sorted(privileges)
        what = ", ".join(word + column for word in words)
        to = "TO" if verb == "GRANT" else "FROM"
        return [f"{self.prefix}{verb} {what} ON {self.on} {to} {self.grantee}{suffix}"]


class Passed(Privileges):
    """Privileges that one grantor gave, who may be somebody to whom they were granted so that they can be granted on."""

    kind = "passed"

    if TYPE_CHECKING:
        grantee: str
        grantor: str
        owner: str
        sources: list[str]

    @property
    def places(self) -> list[Identity]:
        """The identity without grantee and grantor: of what is on the whole object, and last of what is where this is."""
        raise NotImplementedError

    def needs(self) -> Iterable[Identity]:
        """What the grantee has on the whole table, as revoking that takes the columns along; and what the grantor may
        grant on."""
        *whole, here = self.places
        found = [(*one, self.grantee, self.grantor) for one in whole]
        if self.grantor != OWNER:
            sources = (OWNER, *self.sources)
            found += [(*one, self.grantor, source) for one in (*whole, here) for source in sources]
        return found

    def alterable(self, new: Self, changed: Sequence[str], facts: Facts) -> bool:
        # Where what it hangs on is revoked as a whole, it has to be given again after that.
        gone = (one for one in self.needs() if facts.old(one) is not None and facts.new(one) is None)
        return not any(isinstance(facts.old(one), Passed) for one in gone)

    def renews(self, changed: Sequence[str], facts: Facts) -> bool:
        """What is taken from a grantee goes from the columns, and from whom it was granted on to, as well."""
        new = facts.new(self.identity)
        if not isinstance(new, Passed):
            return False
        return not (
            self._all(self.privileges) <= self._all(new.privileges)
            and self._all(self.grantable) <= self._all(new.grantable)
        )

    def commands(
        self,
        had: Sequence[str],
        had_grantable: Sequence[str],
        new: Privileges,
        on: str,
        column: str | None,
        facts: Facts,
    ) -> list[Statement]:
        """The statements from what the grantee had on an object, or on a column of it, to what `new` says."""
        grantee = self.owner if self.grantee == OWNER else self.grantee
        commands = self.change(had, had_grantable, new, _Verbs(on, grantee, column), facts)
        if commands and self.grantor not in (OWNER, "CURRENT_ROLE"):
            commands = [f"SET ROLE {self.grantor}", *commands, "RESET ROLE"]
        return [Statement(command) for command in commands]


class Grant(Passed):
    """The privileges of one grantee on another object, or on one column of it, given by one grantor."""

    kind = "grant"
    attached = True
    catalogs = {
        "pg_class": "relacl",
        "pg_attribute": "attacl",
        "pg_proc": "proacl",
        "pg_type": "typacl",
        "pg_namespace": "nspacl",
        "pg_language": "lanacl",
        "pg_foreign_data_wrapper": "fdwacl",
        "pg_foreign_server": "srvacl",
    }

    target: Identity = key()
    part: str = key()
    grantee: str = key()
    grantor: str = key()
    privileges: list[str] = altered()
    grantable: list[str] = altered()
    everything: list[str] = noted("what ALL means for this kind of object on this version")
    usual: list[str] = noted("what the grantee has where nothing was granted or revoked")
    usual_grantable: list[str] = noted("what of it can be granted on")
    born: list[str] = noted("what the grantee has on an object that is created now")
    born_grantable: list[str] = noted("what of it can be granted on")
    of_table: bool = noted("whether it is about a table, a view or the like, or a column of one")
    of_column: bool = noted("whether it is about a column")
    owner: str = noted("the owner as SQL names it")
    grantee_role: str | None = noted("the grantee's name as it is, to ask whether it exists")
    grantor_role: str | None = noted("the grantor's name as it is, to ask whether it exists")
    sources: list[str] = noted("who, but the owner, gave the grantor what it may grant on")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            WITH terms AS MATERIALIZED (
              SELECT CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype::text END AS type,
                     defaclnamespace AS namespace, defaclacl AS acl
              FROM pg_default_acl WHERE defaclrole = {_ME}
            ), target AS (
              SELECT t.*, acldefault(t.type::"char", t.owner) AS usual, {_EVERYTHING} AS everything,
                     g.acl AS everywhere, s.acl AS here
              FROM ({_targets("a.attrelid >= 16384")}) AS t
              LEFT JOIN terms g ON g.type = t.type AND g.namespace = 0
              LEFT JOIN terms s ON s.type = t.type AND s.namespace = t.namespace AND s.namespace <> 0
              WHERE (t.objid >= 16384 OR t.objid = 'public'::regnamespace)
                AND (t.acl IS NOT NULL OR g.acl IS NOT NULL OR s.acl IS NOT NULL)
            ), held AS (
              SELECT t.classid, t.objid, t.objsubid, t.part, t.type, t.owner, t.everything,
                     x.grantee, x.grantor, {_lists("held", "usual", "born")}
              FROM target t, LATERAL (
                SELECT 'held' AS source, e.* FROM aclexplode(coalesce(t.acl, t.usual)) e
                UNION ALL SELECT 'usual', e.* FROM aclexplode(t.usual) e
                UNION ALL
                SELECT 'born', t.owner, CASE e.grantee WHEN {_ME} THEN t.owner ELSE e.grantee END,
                       e.privilege_type, e.is_grantable
                FROM aclexplode(coalesce(t.everywhere, acldefault(t.type::"char", {_ME}))) e
                UNION ALL
                SELECT 'born', t.owner, CASE e.grantee WHEN {_ME} THEN t.owner ELSE e.grantee END,
                       e.privilege_type, e.is_grantable
                FROM aclexplode(t.here) e) AS x
              GROUP BY t.classid, t.objid, t.objsubid, t.part, t.type, t.owner, t.everything,
                       x.grantee, x.grantor
            ), source AS ({_SOURCES})
            SELECT {located("classid::oid", "objid", "objsubid")}, part,
                   {called("grantee", "owner")}, {called("grantor", "owner")},
                   {collapsed("held")}, {collapsed("held_grantable")}, coalesce(everything, '{{}}'),
                   {collapsed("usual")}, {collapsed("usual_grantable")},
                   {collapsed("born")}, {collapsed("born_grantable")}, type IN ('r', 'c'), objsubid <> 0,
                   CASE owner WHEN {_ME} THEN 'CURRENT_ROLE' ELSE quote_ident(pg_get_userbyid(owner)) END,
                   {named("grantee")}, {named("grantor")}, coalesce(sources, '{{}}')
            FROM held LEFT JOIN source USING (classid, objid, grantor)
            WHERE held IS DISTINCT FROM usual OR held_grantable IS DISTINCT FROM usual_grantable
               OR born IS DISTINCT FROM usual OR born_grantable IS DISTINCT FROM usual_grantable"""

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        # Privileges on columns meet those on their table.
        return (rights(self.target[1:3] if self.of_column else self.target[1:]),)

    @property
    def places(self) -> list[Identity]:
        whole = [("grant", kind, *self.target[1:3]) for kind in RELATIONS] if self.of_column else []
        here: Identity = ("grant", *self.target, self.part) if self.part else ("grant", *self.target)
        return [*whole, here]

    def needs(self) -> Iterable[Identity]:
        """The owner as well."""
        owned = [(kind, *self.target[1:3]) for kind in RELATIONS] if self.of_column else [self.target]
        return [*(("owner", *one) for one in owned), *super().needs()]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        fresh = facts.is_new(self.target)
        had = (self.born, self.born_grantable) if fresh else (self.usual, self.usual_grantable)
        return self._change(*had, self, facts.new(self.target), facts)

    def alter(self, new: Grant, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self._change(self.privileges, self.grantable, new, facts.new(self.target), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        if facts.is_new(self.target):
            return []
        return self._change(self.privileges, self.grantable, self.nothing(), facts.old(self.target), facts)

    def _change(
        self,
        had: Sequence[str],
        had_grantable: Sequence[str],
        new: Privileges,
        target: Object | None,
        facts: Facts,
    ) -> list[Statement]:
        assert target is not None
        column = (self.part or self.target[-1]) if self.of_column else None
        on = f"TABLE {qualified(*self.target[1:3])}" if self.of_table else target.grant_reference
        return self.commands(had, had_grantable, new, on, column, facts)


class MemberGrant(Passed):
    """Privileges, other than it came with (pg_init_privs), on what an extension or PostgreSQL itself brought."""

    kind = "member_grant"
    catalogs = {"pg_init_privs": "objoid classoid objsubid initprivs"}

    member: str = key()
    column: str = key()
    grantee: str = key()
    grantor: str = key()
    privileges: list[str] = altered()
    grantable: list[str] = altered()
    everything: list[str] = noted("what ALL means for this kind of object on this version")
    usual: list[str] = noted("what the grantee was given by the extension")
    usual_grantable: list[str] = noted("what of it can be granted on")
    extension: str | None = noted("whose member it is, None for PostgreSQL's own")
    owner: str = noted("the owner as SQL names it")
    grantee_role: str | None = noted("the grantee's name as it is, to ask whether it exists")
    grantor_role: str | None = noted("the grantor's name as it is, to ask whether it exists")
    sources: list[str] = noted("who, but the owner, gave the grantor what it may grant on")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            WITH target AS (
              SELECT t.*, e.extname::text AS extension, {_EVERYTHING} AS everything,
                     coalesce(i.initprivs, acldefault(t.type::"char", t.owner)) AS usual
              FROM ({_targets(_BROUGHT)}) AS t
              LEFT JOIN pg_depend d ON d.classid = t.classid AND d.objid = t.objid AND d.deptype = 'e'
                AND d.refclassid = 'pg_extension'::regclass
              LEFT JOIN pg_extension e ON e.oid = d.refobjid
              LEFT JOIN pg_init_privs i
                ON i.classoid = t.classid AND i.objoid = t.objid AND i.objsubid = t.objsubid
              WHERE t.acl IS NOT NULL AND t.acl IS DISTINCT FROM i.initprivs
                AND (e.oid IS NOT NULL OR t.objid < 16384
                     AND t.objid NOT IN ('public'::regnamespace, 'information_schema'::regnamespace)
                     AND t.namespace IN (0, 'pg_catalog'::regnamespace))
            ), held AS (
              SELECT t.classid, t.objid, t.part, t.type, t.owner, t.extension, t.everything,
                     x.grantee, x.grantor, {_lists("held", "usual")}
              FROM target t, LATERAL (
                SELECT 'held' AS source, a.* FROM aclexplode(t.acl) a
                UNION ALL
                SELECT 'usual', t.owner, CASE a.grantee WHEN a.grantor THEN t.owner ELSE a.grantee END,
                       a.privilege_type, a.is_grantable
                FROM aclexplode(t.usual) a) AS x
              GROUP BY t.classid, t.objid, t.part, t.type, t.owner, t.extension, t.everything,
                       x.grantee, x.grantor
            ), source AS ({_SOURCES})
            SELECT {NO_ADDRESS},
                   CASE type WHEN 'f' THEN 'ROUTINE ' || objid::regprocedure
                     WHEN 's' THEN 'SEQUENCE ' || objid::regclass
                     WHEN 'T' THEN (SELECT format('TYPE %s.%I', typnamespace::regnamespace, typname)
                                    FROM pg_type WHERE oid = objid)
                     WHEN 'n' THEN 'SCHEMA ' || objid::regnamespace
                     WHEN 'l' THEN 'LANGUAGE '
                       || quote_ident((SELECT lanname FROM pg_language WHERE oid = objid))
                     WHEN 'F' THEN 'FOREIGN DATA WRAPPER '
                       || quote_ident((SELECT fdwname FROM pg_foreign_data_wrapper WHERE oid = objid))
                     WHEN 'S' THEN 'FOREIGN SERVER '
                       || quote_ident((SELECT srvname FROM pg_foreign_server WHERE oid = objid))
                     ELSE 'TABLE ' || objid::regclass END,
                   part, {called("grantee", "owner")}, {called("grantor", "owner")},
                   {collapsed("held")}, {collapsed("held_grantable")}, coalesce(everything, '{{}}'),
                   {collapsed("usual")}, {collapsed("usual_grantable")}, extension,
                   CASE owner WHEN {_ME} THEN 'CURRENT_ROLE' ELSE quote_ident(pg_get_userbyid(owner)) END,
                   {named("grantee")}, {named("grantor")}, coalesce(sources, '{{}}')
            FROM held LEFT JOIN source USING (classid, objid, grantor)
            WHERE held IS DISTINCT FROM usual OR held_grantable IS DISTINCT FROM usual_grantable"""

    @property
    def parent(self) -> Identity | None:
        return ("extension", self.extension) if self.extension else None

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (rights((self.member,)),)

    @property
    def places(self) -> list[Identity]:
        return [("member_grant", self.member, column) for column in dict.fromkeys(("", self.column))]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._change(self.usual, self.usual_grantable, self, facts)

    def alter(self, new: MemberGrant, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self._change(self.privileges, self.grantable, new, facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._change(self.privileges, self.grantable, self.nothing(), facts)

    def _change(
        self, had: Sequence[str], had_grantable: Sequence[str], new: Privileges, facts: Facts
    ) -> list[Statement]:
        return self.commands(had, had_grantable, new, self.member, self.column or None, facts)


_KINDS_OF_OBJECT = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


class DefaultPrivilege(Privileges):
    """What one role's new objects of one sort grant to one grantee, everywhere or in one schema."""

    kind = "default_privilege"
    sets_terms = True
    catalogs = {"pg_default_acl": "oid defaclrole defaclnamespace defaclobjtype defaclacl"}

    role: str = key()
    schema: str = key()
    objects: str = key()
    grantee: str = key()
    privileges: list[str] = altered()
    grantable: list[str] = altered()
    everything: list[str] = noted("what ALL means for this kind of object on this version")
    usual: list[str] = noted("what the grantee has where nothing was granted or revoked")
    usual_grantable: list[str] = noted("what of it can be granted on")
    grantee_role: str | None = noted("the grantee's name as it is, to ask whether it exists")
    grantor_role: str | None = noted("the name of the role whose objects they are, as it is")

    @classmethod
    def query(cls, version: int) -> str:
        words = " ".join(f"WHEN '{letter}' THEN '{word}'" for letter, word in _KINDS_OF_OBJECT.items())
        return f"""
            WITH held AS (
              SELECT d.oid, d.role, d.namespace, d.objects, x.grantee, d.everything, {_lists("held", "usual")}
              FROM (
                SELECT t.*, {_EVERYTHING} AS everything, acldefault(t.type::"char", t.owner) AS whole
                FROM (
                  SELECT oid, defaclrole AS role, defaclrole AS owner, defaclnamespace AS namespace,
                         CASE defaclobjtype {words} END AS objects, defaclacl AS acl,
                         CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype::text END AS type
                  FROM pg_default_acl) AS t) AS d,
              LATERAL (
                SELECT 'held' AS source, e.* FROM aclexplode(d.acl) e
                UNION ALL SELECT 'usual', e.* FROM aclexplode(d.whole) e WHERE d.namespace = 0) AS x
              GROUP BY d.oid, d.role, d.namespace, d.objects, d.everything, x.grantee
            )
            SELECT {address("pg_default_acl", "h.oid")}, {called("h.role", "0")},
                   coalesce(n.nspname::text, ''), h.objects, {called("h.grantee", "h.role")},
                   {collapsed("held")}, {collapsed("held_grantable")}, everything,
                   {collapsed("usual")}, {collapsed("usual_grantable")},
                   {named("h.grantee")}, {named("h.role")}
            FROM held h LEFT JOIN pg_namespace n ON n.oid = h.namespace
            WHERE held IS DISTINCT FROM usual OR held_grantable IS DISTINCT FROM usual_grantable"""

    @property
    def parent(self) -> Identity | None:
        return ("schema", self.schema) if self.schema else None

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        return (self.parent,) if self.parent else ()

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._change(self.usual, self.usual_grantable, self, facts)

    def alter(self, new: DefaultPrivilege, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self._change(self.privileges, self.grantable, new, facts)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._change(self.privileges, self.grantable, self.nothing(), facts)

    def _change(
        self, had: Sequence[str], had_grantable: Sequence[str], new: Privileges, facts: Facts
    ) -> list[Statement]:
        words = ["ALTER DEFAULT PRIVILEGES"]
        words += [f"FOR ROLE {self.role}"] if self.role != "CURRENT_ROLE" else []
        words += [f"IN SCHEMA {identifier(self.schema)}"] if self.schema else []
        grantee = self.role if self.grantee == OWNER else self.grantee
        verbs = _Verbs(self.objects, grantee, prefix=" ".join(words) + " ")
        return [Statement(command) for command in self.change(had, had_grantable, new, verbs, facts)]
