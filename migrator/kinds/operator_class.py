"""Operator classes and families (pg_opclass, pg_opfamily), with their operators and functions (pg_amop, pg_amproc).

A member belongs to a class where PostgreSQL says that the class depends on it, and is loose in its family else: so it
decides itself, for each access method, whether CREATE OPERATOR CLASS or ALTER OPERATOR FAMILY wrote it, and so does
pg_dump. The family that CREATE OPERATOR CLASS makes unasked is a family like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, address, altered, key, located, noted, replaced
from migrator.kinds.schema import OURS
from migrator.sql import identifier, qualified
from migrator.statement import Identity, Statement

_TIED_TO = """(SELECT d.deptype FROM pg_depend d WHERE d.classid = m.catalog AND d.objid = m.oid
               AND d.refclassid = '{0}'::regclass AND d.refobjid = {1})"""
_OF_EXTENSION = "EXISTS (SELECT FROM pg_depend d WHERE d.classid = {0} AND d.objid = {1} AND d.deptype = 'e')"
_MEMBERS = """
    SELECT 'pg_amop'::regclass AS catalog, oid, amopfamily AS family, 'OPERATOR' AS what, amopstrategy::text AS number,
           format_type(amoplefttype, NULL) AS "left", format_type(amoprighttype, NULL) AS "right",
           amopopr::regoperator::text || coalesce((
             SELECT format(' FOR ORDER BY %I.%I', sn.nspname, s.opfname)
             FROM pg_opfamily s JOIN pg_namespace sn ON sn.oid = s.opfnamespace
             WHERE amoppurpose = 'o' AND s.oid = amopsortfamily), '') AS body,
           'pg_operator'::regclass AS used_catalog, amopopr AS used
    FROM pg_amop WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_amproc'::regclass, oid, amprocfamily, 'FUNCTION', amprocnum::text,
           format_type(amproclefttype, NULL), format_type(amprocrighttype, NULL), amproc::oid::regprocedure::text,
           'pg_proc'::regclass, amproc
    FROM pg_amproc WHERE oid >= 16384"""
"""SQL: every operator and every function of a family, and what it is."""

_ADDS_TO_CLASS = frozenset({"btree", "hash"})
"""Access methods that take what is added to a family for one type as a member of the class for that type."""


class OperatorFamily(Object):
    """An operator family, which may be that of one operator class only."""

    kind = "operator_family"
    naming = "family"
    may_set_aside = True
    catalogs = {"pg_opfamily": "oid opfmethod opfname opfnamespace", "pg_am": "oid amname"}

    schema: str = key()
    family: str = key()
    method: str = key()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_opfamily", "f.oid")}, n.nspname::text, f.opfname::text, a.amname::text
            FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
            WHERE f.oid >= 16384 AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def reference(self) -> str:
        return _family(self.schema, self.family, self.method)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (self.identity,)

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(f"CREATE {self.reference}")]


class OperatorFamilyMember(Object):
    """An operator or a function that belongs to a family and to none of its classes."""

    kind = "operator_family_member"
    catalogs = {
        "pg_amop": "oid amopfamily amoplefttype amoprighttype amopstrategy amoppurpose amopopr amopsortfamily",
        "pg_amproc": "oid amprocfamily amproclefttype amprocrighttype amprocnum amproc",
        "pg_opfamily": "oid opfname opfnamespace opfmethod",
        "pg_am": "oid amname",
    }

    schema: str = key()
    family: str = key()
    method: str = key()
    what: str = key()
    number: str = key()
    left: str = key()
    right: str = key()
    member: str = replaced()
    bound: bool = noted("whether it goes with its family alone")
    ours: bool = noted(
        "whether the family is modelled: one of PostgreSQL or of an extension can get members, too"
    )

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {located("m.catalog::oid", "m.oid")},
                   n.nspname::text, f.opfname::text, a.amname::text, m.what, m.number, m."left", m."right", m.body,
                   coalesce({_TIED_TO.format("pg_opfamily", "f.oid")} = 'i', false), o.ours
            FROM ({_MEMBERS}) AS m JOIN pg_opfamily f ON f.oid = m.family
            JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
            CROSS JOIN LATERAL (SELECT f.oid >= 16384 AND {OURS}
                                  AND NOT {_OF_EXTENSION.format("'pg_opfamily'::regclass", "f.oid")}) AS o (ours)
            WHERE (o.ours OR m.used >= 16384 AND NOT {_OF_EXTENSION.format("m.used_catalog", "m.used")})
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = m.catalog AND d.objid = m.oid
                                AND d.refclassid = 'pg_opclass'::regclass)"""

    @property
    def parent(self) -> Identity | None:
        return ("operator_family", self.schema, self.family, self.method) if self.ours else None

    @property
    def inseparable(self) -> bool:  # type: ignore[override]
        """PostgreSQL drops none of the functions without which an access method could not work at all."""
        return bool(self.bound)

    def drags(self) -> tuple[Identity, tuple[Identity, ...]] | None:
        return (self.parent, (self.parent,)) if self.bound and self.parent else None

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return _taken(self[:3], self[3:8])

    def completes(self) -> Identity | None:
        """What is added to a family once a class is there could become a member of the class."""
        return self.parent

    def displaces(self, facts: Facts) -> Iterable[Identity]:
        if self.parent is None or self.method not in _ADDS_TO_CLASS or self.left != self.right:
            return []
        old = [one for i in facts.users(self.parent, before=True) if (one := facts.old(i)) and facts.new(i)]
        return [one.identity for one in old if isinstance(one, OperatorClass) and one.type == self.left]

    def _change(self, action: str) -> list[Statement]:
        return [Statement(f"ALTER {_family(self.schema, self.family, self.method)} {action}")]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._change(f"ADD {_item(self.what, self.number, self.left, self.right, self.member)}")

    def drop(self, facts: Facts) -> list[Statement]:
        return self._change(f"DROP {self.what} {self.number} ({self.left}, {self.right})")


class OperatorClass(Object):
    """An operator class with the operators and functions that it depends on."""

    kind = "operator_class"
    naming = "operator_class"
    catalogs = {
        "pg_opclass": "oid opcmethod opcname opcnamespace opcfamily opcintype opcdefault opckeytype",
        "pg_opfamily": "oid opfname opfnamespace",
        "pg_am": "oid amname",
        "pg_amop": "oid amopfamily amoplefttype amoprighttype amopstrategy amoppurpose amopopr amopsortfamily",
        "pg_amproc": "oid amprocfamily amproclefttype amprocrighttype amprocnum amproc",
    }

    schema: str = key()
    operator_class: str = key()
    method: str = key()
    type: str = replaced()
    default: bool = replaced()
    storage: str | None = replaced()
    family: str = replaced()
    members: list[list[str]] = altered()
    home: list[str] = noted("its family, schema and name")
    alone: bool = noted("whether it is the one class of its family")

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_opclass", "c.oid")}, n.nspname::text, c.opcname::text, a.amname::text,
                   format_type(c.opcintype, NULL), c.opcdefault,
                   CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END,
                   format('%I.%I', fn.nspname, f.opfname),
                   ARRAY(SELECT ARRAY[m.what, m.number, m."left", m."right", m.body] FROM ({_MEMBERS}) AS m
                         WHERE m.family = c.opcfamily AND {_TIED_TO.format("pg_opclass", "c.oid")} IS NOT NULL
                         ORDER BY m.what DESC, m.number::int4, m."left", m."right"),
                   ARRAY[fn.nspname::text, f.opfname::text],
                   NOT EXISTS (SELECT FROM pg_opclass o WHERE o.opcfamily = c.opcfamily AND o.oid <> c.oid)
            FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am a ON a.oid = c.opcmethod
            JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
            WHERE c.oid >= 16384 AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def reference(self) -> str:
        return f"OPERATOR CLASS {qualified(self.schema, self.operator_class)} USING {identifier(self.method)}"

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        default = (("default_operator_class", self.type, self.method),) if self.default else ()
        family = (*self.home, self.method)
        return (self.identity, *default, *(name for one in self.members for name in _taken(family, one)))

    @property
    def may_set_aside(self) -> bool:  # type: ignore[override]
        """A type has one default class at a time, and a family two members that are alike at no time."""
        return bool(self.alone and not self.default)

    @property
    def stands_alone(self) -> str:
        return (
            f"{self.type} has one default operator class for {self.method} at a time" if self.default else ""
        )

    def drags(self) -> tuple[Identity, tuple[Identity, ...]] | None:
        family = ("operator_family", *self.home, self.method)
        return (family, (family,)) if self.may_set_aside else None

    def alterable(self, new: OperatorClass, changed: Sequence[str], facts: Facts) -> bool:
        old = [*map(tuple, self.members)]
        more = [one for one in new.members if tuple(one) not in old]
        grows = len(old) + len(more) == len(new.members) and self.method in _ADDS_TO_CLASS
        own = all(left == right == self.type for _, _, left, right, _ in more)
        loose = any(facts.old(_member((*self.home, self.method), one)) for one in more)
        return super().alterable(new, changed, facts) and grows and own and not loose

    def alter(self, new: OperatorClass, changed: Sequence[str], facts: Facts) -> list[Statement]:
        more = ",\n    ".join(_item(*one) for one in new.members if one not in self.members)
        schema, family = self.home
        return [Statement(f"ALTER {_family(schema, family, self.method)} ADD\n    {more}")]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        items = [_item(*one) for one in self.members]
        if self.storage or not items:
            items.insert(0, f"STORAGE {self.storage or self.type}")
        name = qualified(self.schema, self.operator_class)
        return [
            Statement(
                f"CREATE OPERATOR CLASS {name} {'DEFAULT ' if self.default else ''}FOR TYPE {self.type}"
                f" USING {identifier(self.method)} FAMILY {self.family} AS\n    {f',{chr(10)}    '.join(items)}"
            )
        ]


def _family(schema: str, family: str, method: str) -> str:
    return f"OPERATOR FAMILY {qualified(schema, family)} USING {identifier(method)}"


def _member(family: Sequence[str], item: Sequence[str]) -> Identity:
    """The identity of a loose member."""
    return ("operator_family_member", *family, *item[:4])


def _taken(family: Sequence[str], item: Sequence[str]) -> tuple[Identity, ...]:
    """An item has its number and its types for itself in a family, and an operator has one number there."""
    operator = (("family_operator", *family, item[4]),) if item[0] == "OPERATOR" else ()
    return (_member(family, item), *operator)


def _item(what: str, number: str, left: str, right: str, member: str) -> str:
    """A member as CREATE OPERATOR CLASS and ALTER OPERATOR FAMILY write it; an operator has its types by itself."""
    types = f" ({left}, {right})" if what == "FUNCTION" else ""
    return f"{what} {number}{types} {member}"
