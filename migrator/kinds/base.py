"""What a kind of object is: fields read by one catalog query, each of which says how it may change.

A kind is one subclass of Object in one file of this package. It declares its fields with

    key()       part of the identity; keys come first
    altered()   PostgreSQL can change it in place: the kind's `alter` does it
    replaced()  a change of it means drop and create
    noted(why)  kept to write SQL, never compared

and a field that says nothing is an error at import. Objects are tuples: comparing two databases of a
million objects is then a comparison of tuples in C.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, ClassVar, Protocol, Self, dataclass_transform

from migrator.errors import PlanError
from migrator.sql import identifier, qualified
from migrator.statement import Identity, LockMode, Precondition, Statement, lock

_LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
Address = int
"""Where pg_depend finds an object: oid (32 bits), catalog (14, which holds the oids that initdb gives) and attribute
number or 0 (16), as one number, because a database has millions of them. Never compared."""
NO_ADDRESS = "0::int8"
"""SQL: of what pg_depend does not know."""


@dataclass(frozen=True)
class Field:
    """How one field of a kind behaves when it differs."""

    how: str
    why: str = ""
    name: str = ""


def key() -> Any:
    """Part of the identity."""
    return Field("key")


def altered() -> Any:
    """May be changed in place."""
    return Field("altered")


def replaced() -> Any:
    """A change means drop and create."""
    return Field("replaced")


def noted(why: str) -> Any:
    """Not compared; `why` says what it is kept for."""
    return Field("noted", why)


class Facts(Protocol):
    """What a kind may ask while it writes SQL."""

    oldest: int
    """The oldest server major version that the SQL must run on."""

    def is_new(self, identity: Identity) -> bool:
        """Whether the plan itself creates this object, so that nobody uses it yet."""

    def old(self, identity: Identity) -> Object | None:
        """The object as it is before the plan."""

    def new(self, identity: Identity) -> Object | None:
        """The object as it is after the plan."""

    def inside(self, identity: Identity, *, before: bool = False) -> Sequence[Object]:
        """The objects whose parent this is, after the plan (or before it)."""

    def users(self, identity: Identity, *, before: bool = False) -> Sequence[Identity]:
        """The objects that depend on this one directly, after the plan (or before it)."""

    def uses(self, identity: Identity, *, before: bool = False) -> frozenset[Identity]:
        """The objects that this one depends on directly, after the plan (or before it)."""

    def moves(self, identity: Identity) -> bool:
        """Whether this column changes over from a type that is set aside to its replacement."""

    def copies(self, identity: Identity) -> Sequence[tuple[Identity, Identity]]:
        """The copies of a part of a table on tables that inherit from it, each with the tie, before the plan."""

    def together(self, identity: Identity) -> Sequence[Identity]:
        """The originals that share copies with this one, it too: where there are several, none changes alone."""

    def parts_tied(self, tie: Identity) -> bool:
        """Whether two tables are tied until one of them goes, so that what the tie holds goes with the parent's."""

    def constraint_elsewhere(self, table: Identity, name: str) -> bool:
        """Whether another table of the schema has a constraint of that name, before or after the plan."""

    def rewrites(self, identity: Identity) -> bool:
        """Whether creating or altering this object was seen, when tried, to rewrite its table."""

    def reindexes(self, identity: Identity) -> bool:
        """Whether altering this column was seen, when tried, to build the indexes on it again, and nothing else."""

    def conversion(self, identity: Identity) -> str | None:
        """The USING expression that a change of this column's type needs, as tried; None for none."""

    def converted_by_author(self, identity: Identity) -> bool:
        """Whether that expression is the author's."""

    def fills_itself(self, identity: Identity) -> bool:
        """Whether a new column gives every existing row a value at once (constant default, generated)."""

    def backfilled(self, identity: Identity) -> bool:
        """Whether a hook or a generated backfill fills this column."""

    def may_stop_writers(self, identity: Identity) -> bool:
        """Whether the author allows, by name, that writers wait while this object changes."""

    def prepared(self, identity: Identity) -> bool:
        """Whether what takes long in making this object is done by `prepare`, before `create`."""


@dataclass(frozen=True)
class On:
    """Some columns of a table."""

    names: list[str | None]
    """None: an expression."""
    alike: int
    """The same for those that agree in the `indexed` fields."""


class Columns(Protocol):
    """The columns of tables and materialized views, while a database is read."""

    def of(self, table: Address, numbers: str) -> On:
        """Those with these numbers, as PostgreSQL prints an int2vector or int2[]."""

    def every(self, table: Address) -> int:
        """The same for tables all of whose columns agree in the `indexed` fields."""

    def forms(
        self,
        rows: Sequence[tuple[Any, ...]],
        form: Callable[[tuple[Any, ...]], tuple[Hashable, tuple[Any, ...]]],
    ) -> Forms:
        """The `Object.forms` of rows of parts of tables: address, address of the table, name, then what the form follows
        from. `form` gives the form of a row and its names; it is asked once for rows that agree, on tables alike."""


Forms = tuple[Sequence[Hashable], Mapping[Hashable, tuple[Any, ...]]]


@dataclass(frozen=True)
class Tree:
    """An object with those of its parts that are written inside its own statement."""

    object: Object
    parts: tuple[Tree, ...] = ()

    def __iter__(self) -> Iterator[Tree]:
        return iter(self.parts)


def address(catalog: str, oid: str, part: str = "0") -> str:
    """SQL: the Address of an object in a catalog, given by its name; `oid` and `part` are SQL."""
    return located(f"'{catalog}'::regclass::oid", oid, part)


def located(catalog: str, oid: str, part: str = "0") -> str:
    """SQL: the Address of an object in a catalog, given by its oid; all three are SQL."""
    return f"(({oid}::int8 << 30) | ({catalog}::int8 << 16) | ({part} & 65535))"


def oid_of(address: str) -> str:
    """SQL: the oid in an Address, which is SQL."""
    return f"({address} >> 30)::oid"


def attribute(address: Address) -> int:
    """The attribute number in an address, 0 for none."""
    return address & 0xFFFF


def whole(address: Address) -> Address:
    """The address of the object that it is a part of."""
    return address & ~0xFFFF


def _field_getter(index: int) -> Any:
    return property(itemgetter(index))


@dataclass_transform(eq_default=False, frozen_default=True, field_specifiers=(key, altered, replaced, noted))
class Object(tuple[Any, ...]):
    """One object of a database, as a value; subclasses are the kinds."""

    __slots__ = ()

    kind: ClassVar[str]
    """The kind's word in identities and in reviews."""
    fields: ClassVar[tuple[Field, ...]] = ()
    catalogs: ClassVar[dict[str, str]] = {}
    """Catalog -> the columns of it that the query's fields cover, separated by spaces."""

    forbids_null: ClassVar[bool] = False
    """True: says that its parent, a column, holds no NULL."""
    lockable: ClassVar[bool] = False
    """True: LOCK TABLE takes it."""
    address_type: ClassVar[str] = ""
    """Its type as pg_get_object_address calls it, where the file asks that it is not there yet."""
    attached: ClassVar[bool] = False
    """True: lives on any other object (comment, grant, owner). Its query gives the target's address; its first
    key is the target's identity, its second the name of a column that is no object of its own, or ''."""
    falls: ClassVar[bool] = True
    """True: goes with its parent when that is dropped."""
    enforces: ClassVar[bool] = False
    """True: holds rows to a rule or indexes them; comes after the backfill of what it uses."""
    pins_type: ClassVar[bool] = False
    """True: PostgreSQL refuses to change the type of a column (or to replace a function, a view …) that it
    uses, so it is dropped before and built again after."""
    declarable: ClassVar[bool] = False
    """True: it can stand, by `declare`, without what it uses, and be filled in later (a view)."""
    sets_aside: ClassVar[bool] = False
    """True: when replaced, the old one is renamed first, so that columns can move from the old to the new."""
    may_set_aside: ClassVar[bool] = False
    """True: set aside where it is replaced while something that is set aside uses it (a function in a key)."""
    naming: ClassVar[str] = ""
    """The key that RENAME changes, where it is not the last one (a function)."""
    inseparable: ClassVar[bool] = False
    """True: lives and dies with its parent (an attribute of a type): where it would be replaced, its parent is."""
    grows: ClassVar[bool] = False
    """True: a change in place only adds to it, so that what uses it can go after that as well as before."""
    renames: ClassVar[tuple[str, ...]] = ()
    """Fields whose change in place gives new names to what belongs to it, which its users follow by themselves."""
    own_name: ClassVar[str] = ""
    """The altered field that holds a name of its own, which it can give up, by `make_way`, before it takes another."""
    constraint_name: ClassVar[str] = ""
    """The field that holds its name among the constraints of its table."""
    loose: ClassVar[frozenset[str]] = frozenset()
    """Kinds that its pg_depend rows point to, but a kind of its own carries that tie (partition, ownership)."""
    moves_type: ClassVar[bool] = False
    """True: can change in place from a type that is set aside to its replacement (a column)."""
    sets_terms: ClassVar[bool] = False
    """True: acts on whatever is created after it (default privileges), so it changes before anything is created."""
    bridges: ClassVar[bool] = False
    """True: keeps old and new columns in step (a trigger), so it comes before the backfill of its table."""
    stays_aside: ClassVar[bool] = False
    """True: stays on its table while the table's replacement takes its place, and goes with it."""
    copyable: ClassVar[bool] = False
    """True: has to fit where its table is made to inherit from another, so it changes while the two are not tied."""
    handed_on: ClassVar[bool] = False
    """True: though copyable, it may be created or change once its table has children, which then get it (a foreign key)."""
    holds_rows: ClassVar[bool] = False
    """True: dropping it loses rows or values."""
    watches: ClassVar[bool] = False
    """True: sees what the other statements do (an event trigger), so it is made last and dropped first."""
    seen_through: ClassVar[bool] = False
    """True: its statements can have a `sight`; what is of a table then goes when the others of it come and go."""
    opaque: ClassVar[bool] = False
    """True: holds code whose text can name what pg_depend does not know (a function)."""
    evaluates: ClassVar[bool] = False
    """True: making it can run such code at once, so it comes as late as its dependencies let it."""
    printed: ClassVar[tuple[str, ...]] = ()
    """The fields whose text PostgreSQL may print otherwise once it has read it: what `reprint` asks for."""
    by_form: ClassVar[bool] = False
    """True: to print its fields is most of the work of reading it, and PostgreSQL prints them alike for all objects of one
    form. `query` gives names and what `forms` needs; the fields are asked for by `print_query`, of one object of each form."""
    of_relation: ClassVar[int | None] = None
    """Not None: a part of a relation, whose address `query` gives behind its own. So many keys, from the first, are schema and
    name of that, and where the name is no key it is the first field behind them: these are left out, so that they are read
    once for a table, and not again with each of its parts. What it `needs` is on the same relation, or on one that pg_depend
    ties it to."""
    indexed: ClassVar[tuple[int, ...]] = ()
    """Where a row of a column has its name, its number, and all else that the print of an index can depend on."""
    _key_count: ClassVar[int] = 0
    _compared: ClassVar[tuple[int, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = cls.__dict__
        names = [n for n, t in own.get("__annotations__", {}).items() if "ClassVar" not in str(t)]
        if not names:
            return
        fields = []
        for index, name in enumerate(names):
            declared = own.get(name)
            if not isinstance(declared, Field):
                raise TypeError(
                    f"{cls.__name__}.{name} does not say how it may change: key, altered, replaced or noted"
                )
            fields.append(Field(declared.how, declared.why, name))
            setattr(cls, name, _field_getter(index))
        cls.fields = tuple(fields)
        cls._key_count = sum(f.how == "key" for f in fields)
        if any(f.how == "key" for f in fields[cls._key_count :]):
            raise TypeError(f"{cls.__name__}: keys come first")
        cls._compared = tuple(i for i, f in enumerate(fields) if f.how in ("altered", "replaced"))

    def __new__(cls, *args: Any, **values: Any) -> Self:
        names = [f.name for f in cls.fields[len(args) :]]
        return tuple.__new__(cls, (*args, *(values[n] for n in names)))

    @classmethod
    def query(cls, version: int) -> str:
        """The one catalog query: the address, then the fields in order. `version` is the major."""
        raise NotImplementedError

    @classmethod
    def forms(cls, rows: Sequence[tuple[Any, ...]], columns: Columns) -> Forms:
        """For each row of `query` all that its fields behind the keys follow from; and for each of these forms the last
        fields, where those are names of columns."""
        raise NotImplementedError

    @classmethod
    def print_query(cls, version: int) -> str:
        """The address and the fields behind the keys, but those that come from elsewhere, of each object in an array of
        addresses, $1."""
        raise NotImplementedError

    # ── naming ──

    @property
    def identity(self) -> Identity:
        """Kind and names."""
        if self.attached:
            return (self.kind, *self[0], *(name for name in self[1 : self._key_count] if name))
        return (self.kind, *self[: self._key_count])

    @property
    def parent(self) -> Identity | None:
        """The object that this one is part of, if any."""
        return self[0] if self.attached else None

    @property
    def table(self) -> Identity | None:
        """The relation whose lock a change of this object needs; by default the parent's."""
        return None

    @property
    def name(self) -> str:
        """The quoted name under which SQL finds it."""
        return qualified(*self[: self._key_count])

    @property
    def reference(self) -> str:
        """What follows ALTER, DROP or COMMENT ON: the keyword and the name."""
        return f"{self.kind.upper().replace('_', ' ')} {self.name}"

    @property
    def comment_reference(self) -> str:
        """What follows COMMENT ON."""
        return self.reference

    @property
    def grant_reference(self) -> str:
        """What follows GRANT … ON."""
        return self.reference

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        """Names in a namespace shared with other kinds, e.g. ("relation", schema, name)."""
        return ()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the server that its SQL names."""
        return ()

    @property
    def overloads(self) -> Identity | None:
        """What it shares with others, where PostgreSQL picks one: functions of a name, keys on the same columns."""
        return None

    @property
    def stands_alone(self) -> str:
        """Why its replacement cannot stand beside it until what uses it has gone over; '' where nothing is in the way."""
        return ""

    @property
    def position(self) -> int:
        """Where it stands among its siblings, for a readable order; names decide between equals."""
        return 0

    # ── comparing ──

    def differences(self, new: Object) -> tuple[str, ...]:
        """The names of the compared fields in which `new` differs."""
        if type(new) is not type(self):
            return ("kind",)  # a table and a foreign table share their identity
        return tuple(self.fields[i].name for i in self._compared if self[i] != new[i])

    def reprint(self) -> tuple[list[str], str]:
        """Statements that make it as a temporary object, and a query of its `printed` fields as they are then."""
        raise NotImplementedError

    def alterable(self, new: Self, changed: Sequence[str], facts: Facts) -> bool:
        """Whether all of `changed` can happen in place. Kinds narrow it where PostgreSQL has conditions."""
        how = {f.name: f.how for f in self.fields}
        return all(how.get(name) == "altered" for name in changed)

    def renews(self, changed: Sequence[str], facts: Facts) -> bool:
        """Whether `alter` builds it again under the same name, so that what hangs on it must be built again too."""
        return False

    @property
    def computes(self) -> tuple[str, ...]:
        """The types of the values that it computes and holds, so that it can be built again from others."""
        return ()

    @property
    def has_index(self) -> bool:
        """Whether an index comes and goes with it (a key)."""
        return False

    def pins(self, used: Identity, facts: Facts) -> bool:
        """Whether it stands in the way of a change of type of `used`; by default `pins_type`."""
        return bool(self.pins_type)

    def retypes(self, changed: Sequence[str]) -> bool:
        """Whether this change in place is one that objects with `pins_type` stand in the way of."""
        return False

    def same_to_users(self, changed: Sequence[str]) -> bool:
        """Whether what uses it can be made and dropped before this change in place as well as after it."""
        return False

    def needs(self) -> Iterable[Identity]:
        """Objects it depends on beyond what pg_depend and `parent` say."""
        return ()

    def ties(self) -> tuple[Identity, Identity] | None:
        """The two tables, child and parent, where this object makes the one inherit from the other."""
        return None

    def holds_still(self) -> tuple[Identity, ...]:
        """The objects whose parts that hold rows, or are inseparable, do not change while this one is there."""
        return ()

    def copies(self) -> Iterable[tuple[Identity, Identity]]:
        """Of what it is a copy because its table inherits: the tie of the tables, and the original."""
        return ()

    @property
    def own(self) -> bool:
        """Whether it stays where what it is a copy of goes."""
        return True

    def completes(self) -> Identity | None:
        """The object that is not whole without this one; what uses that object comes after this one."""
        return None

    def goes_with(self, facts: Facts) -> Iterable[Identity]:
        """Objects whose DROP takes it along, the first that is dropped counts. A schema takes only what is attached
        to it: what is in it goes first, by itself."""
        if self.parent is None or not self.falls or (self.parent[0] == "schema" and not self.attached):
            return ()
        return (self.parent,)

    def displaces(self, facts: Facts) -> Iterable[Identity]:
        """Objects that can be there before and after, but must not be there when this one is made or changes in place."""
        return ()

    def drags(self) -> tuple[Identity, tuple[Identity, ...]] | None:
        """What must go too where this goes by itself: unless the first is dropped, the others."""
        return None

    def fits_inside(self, facts: Facts) -> bool:
        """Whether it is written inside its parent's CREATE, by `clause`, where the parent is created too."""
        return False

    def loses_rows(self, after: Any) -> bool:
        """Whether dropping it loses what cannot be computed again. `after`: the snapshot without it."""
        return self.holds_rows

    def preconditions(self, facts: Facts) -> list[Precondition]:
        """What must be true of the rows before this object can be created or altered to what it is."""
        return []

    def retype_preconditions(self, facts: Facts) -> list[Precondition]:
        """What must be true before its parent, a column, can change its type."""
        return []

    def drop_preconditions(self, facts: Facts) -> list[Precondition]:
        """What must be true of the rows before this object can be dropped for good."""
        return []

    def fills_rows(self, facts: Facts) -> bool:
        """Whether it gives every existing row of its column a value at once."""
        return False

    def moving(self, new: Self, facts: Facts) -> str | None:
        """The USING expression for the change to the replacement of a type that is set aside; only where `moves_type`."""
        return None

    def fill(self, facts: Facts) -> list[Statement]:
        """The statements that fill the rows of its parent, a new column, where they come right after that column."""
        return []

    def conversions(self, new: Self, facts: Facts) -> list[str | None]:
        """USING expressions to try for a change of type, the most general last; only where `moves_type`."""
        return [None]

    def trials(self, before: Self | None, facts: Facts) -> list[tuple[str, str, str | None]]:
        """What to try on an empty temporary table, the first that works counts: its columns, the action of an
        ALTER TABLE, and the USING expression that this stands for. `before`: the object as it was, None if new."""
        return []

    def renamed(self, name: str) -> Self:
        """The same object under another name."""
        return self.with_(**{self.fields[self.naming_place()].name: name})

    def with_(self, **values: Any) -> Self:
        """The same object with other values in the fields named."""
        return type(self)(*(values.get(f.name, value) for f, value in zip(self.fields, self, strict=True)))

    def follows(self) -> Iterable[Identity]:
        """Objects that it does not depend on, but that are created before it where both are created."""
        return ()

    # ── SQL ──

    def clause(self, parts: Sequence[Tree], facts: Facts) -> str:
        """The text inside the parent's CREATE; only where `fits_inside`."""
        raise NotImplementedError

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        """The statements that make it; `parts` are written inside."""
        raise NotImplementedError

    def prepares(self, facts: Facts) -> bool:
        """Whether what takes long in making it can be done while what goes because of it is still there."""
        return False

    def prepare(self, facts: Facts) -> list[Statement]:
        """The statements that do it; what is left is for `create`."""
        raise NotImplementedError

    def declare(self, facts: Facts) -> list[Statement]:
        """The statements that make it, or turn it into, something of the same form that uses nothing; only where
        `declarable`."""
        raise NotImplementedError

    def complete(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        """The statements that make it whole once it was declared."""
        raise NotImplementedError

    def joins(self, facts: Facts) -> bool:
        """Whether it is created together with others of its kind and table that come next to it."""
        return False

    @classmethod
    def create_together(cls, ones: Sequence[Self], facts: Facts) -> list[Statement]:
        """The statements that make several objects which `join`."""
        raise NotImplementedError

    def drop(self, facts: Facts) -> list[Statement]:
        """The statements that remove it."""
        return [Statement(f"DROP {self.reference}")]

    def alter(self, new: Self, changed: Sequence[str], facts: Facts) -> list[Statement]:
        """The statements that turn it into `new` in place."""
        raise PlanError(
            f"{', '.join(changed)} cannot be altered",
            where=describe(self.identity),
            why="its kind declares the field as altered and writes no statement for it",
            hint="report this as a defect of the migrator",
        )

    def make_way(self, aside: str, facts: Facts) -> list[Statement]:
        """Renames the old one out of the way of its replacement, or of another that takes its name; only where
        `sets_aside` or `own_name`."""
        return [Statement(f"ALTER {self.reference} RENAME TO {identifier(aside)}")]

    def drop_old(self, aside: str, facts: Facts) -> list[Statement]:
        """The statements that remove it once its replacement is whole; only where `sets_aside`."""
        return self.renamed(aside).drop(facts)

    def rename(self, new: Self) -> list[Statement]:
        """The statements that give it the name of `new`."""
        locks = lock(LockMode.ACCESS_EXCLUSIVE, self.table) if self.table else ()
        return [Statement(f"ALTER {self.reference} RENAME TO {identifier(new[self.naming_place()])}", locks)]

    def aside(self) -> Self:
        """The same object under the name that `make_way` gives it."""
        name = self.own_name or self.fields[self.naming_place()].name
        return self.with_(**{name: self.name_aside})

    @property
    def name_aside(self) -> str:
        """The name that `make_way` gives it."""
        return aside_name(getattr(self, self.own_name or self.fields[self.naming_place()].name))

    @classmethod
    def naming_place(cls) -> int:
        """Which field RENAME changes, counted from 0."""
        return [f.name for f in cls.fields].index(cls.naming) if cls.naming else cls._key_count - 1


def suffixed(name: str, suffix: str) -> str:
    """The name with the suffix; one too long for that is cut, and told apart from others that begin alike."""
    if len((name + suffix).encode()) <= _LONGEST_NAME:
        return name + suffix
    told = f"_{hashlib.sha256(name.encode()).hexdigest()[:8]}{suffix}"
    return name.encode()[: _LONGEST_NAME - len(told)].decode(errors="ignore") + told


def aside_name(name: str) -> str:
    """The name of a type or a table while its replacement takes its place."""
    return suffixed(name, "__replaced")


def describe(identity: Identity) -> str:
    """An identity as people read it: `column public.videos.mall_id`."""
    kind, *names = identity
    return f"{kind.replace('_', ' ')} {'.'.join(filter(None, names))}"
