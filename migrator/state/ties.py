"""What depends on what, found out only for the objects that a plan touches.

A database of ten thousand tables has a quarter of a million rows in pg_depend; a change of ten objects needs a few
hundred of them. So the rows are kept as they were read, and resolved when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from migrator.kinds.base import Address, Object, attribute, whole
from migrator.state.snapshot import Lazy
from migrator.statement import Identity

Row = tuple[Address, Address, str]
"""pg_depend: the one that depends, the other, and the type of the tie."""
COPY = "copy"
"""Type of the tie between two constraints: a foreign key has a part of its own for each partition that it references."""
_OWNED = frozenset({"i", "e", "P", COPY})


class Links:
    """Which object an address belongs to: its own, its table's, or that of its internal owner."""

    def __init__(self, rows: Iterable[Row]):
        self.objects: dict[Address, Identity] = {}
        self.owners: dict[Address, Address] = {}
        self.members: set[Address] = set()
        self.left_out: set[Address] = set()
        self.copies: set[Address] = set()
        """What is there because of a partition and its parent."""
        self.kinds: dict[type[Object], tuple[list[Identity], list[Address]]] = {}
        """Kind -> what was read of it, and its addresses in the same order."""
        self.parts: dict[tuple[str, ...], list[tuple[list[Identity], int, int]]] = defaultdict(list)
        """Names of a relation -> what was read with it: of all of a kind, from one place to another."""
        for one, other, tie in rows:
            if tie not in _OWNED:
                continue
            self.owners.setdefault(one, other)
            if tie == "e":
                self.members.add(whole(one))
            elif tie != "i":
                self.copies.add(whole(one))

    def resolve(self, address: Address) -> Identity | None:
        """The object at the address, or None."""
        for step in self._way(address):
            if step in self.objects:
                return self.objects[step]
        return None

    def known(self, address: Address) -> bool:
        """Whether the address is modelled or belongs to something that is not compared."""
        return any(
            step in self.objects or step in self.left_out or step in self.members
            for step in self._way(address)
        )

    def member(self, address: Address) -> bool:
        """Whether the address belongs to an extension."""
        return any(step in self.members for step in self._way(address))

    def _way(self, address: Address) -> Iterator[Address]:
        for _ in range(10):
            yield address
            owner = self.owners.get(address)
            if owner is None and attribute(address):
                owner = whole(address)
            if owner is None:
                return
            address = owner


class Index:
    """The rows in the order of an address: they are nearly in it as they come, so that sorting them is quicker than a
    dictionary of lists, of which a plan needs few."""

    def __init__(self, rows: Iterable[Row], place: int):
        self._address = itemgetter(place)
        self._rows = sorted(rows, key=self._address)

    def at(self, address: Address) -> Sequence[Row]:
        """The rows of the object that is there whole, and of its parts."""
        low = bisect_left(self._rows, address, key=self._address)
        return self._rows[low : bisect_right(self._rows, address | 0xFFFF, lo=low, key=self._address)]


class Ties:
    """The ties between the objects of one database."""

    def __init__(self, rows: list[tuple[Any, ...]], links: Links, objects: Mapping[Identity, Object]):
        self.rows, self.links, self.objects = rows, links, objects
        self._addresses: dict[type[Object], dict[Identity, Address]] = {}

    @property
    def depends(self) -> Mapping[Identity, frozenset[Identity]]:
        """Object -> the objects that must exist before it."""
        return Lazy(self.objects, self._depends)

    @property
    def dependants(self) -> Mapping[Identity, tuple[Identity, ...]]:
        """Object -> the objects that depend on it directly."""
        return Lazy(self.objects, self._dependants)

    @property
    def parts(self) -> Mapping[Identity, tuple[Object, ...]]:
        """Object -> the objects whose parent it is, in their readable order."""
        return Lazy(self.objects, self._parts)

    def _depends(self, identity: Identity) -> frozenset[Identity]:
        one = self.objects[identity]
        found = {
            other
            for row in self._rows(identity, self._by_object)
            if self.links.resolve(row[0]) == identity and (other := self.links.resolve(row[1])) is not None
        }
        found = {other for other in found if other in self.objects and other[0] not in one.loose}
        if one.parent is not None:
            found.add(one.parent)
        found.update(other for other in one.needs() if other in self.objects)
        return frozenset(found - {identity})

    def _dependants(self, identity: Identity) -> tuple[Identity, ...]:
        rows = [(self.links.resolve(row[0]), row[1]) for row in self._rows(identity, self._by_referenced)]
        tied = [(one, other) for one, other in rows if one is not None and one in self.objects]
        found = {one for one, other in tied if self.links.resolve(other) == identity}
        found = {one for one in found if identity[0] not in self.objects[one].loose}
        found.update(part.identity for part in self._children(identity))
        found.update(self._by_need.get(identity, ()))
        near = {one.identity for one in self._near(identity)}.union(one for one, _ in tied)
        found.update(one for one in near if identity in self.objects[one].needs())
        return tuple(sorted(found - {identity}))

    def _parts(self, identity: Identity) -> tuple[Object, ...]:
        return tuple(sorted(self._children(identity), key=_readable))

    def _rows(self, identity: Identity, index: Index) -> Iterator[Row]:
        """The rows of every address that may belong to the object."""
        address = self._address(identity)
        todo = [whole(address)] if address else []
        seen = set(todo)
        while todo:
            place = todo.pop()
            # P and S: a part of a partitioned object; the kinds that attach partitions carry that tie.
            yield from (row for row in index.at(place) if row[2] not in ("P", "S") and not self._of_copy(row))
            more = {owned for owned in self._owned(place) if owned not in seen}
            seen |= more
            todo += more

    def _of_copy(self, row: Row) -> bool:
        """Whether a foreign key or trigger depends on something that is there because of a partition and its parent:
        it comes and goes with the partition, and the original stays."""
        one = whole(row[0])
        return one in self.links.copies and one not in self.links.objects

    def _owned(self, place: Address) -> Iterator[Address]:
        """What has the object at a place, or a part of it, for its internal owner."""
        for one, other, _ in self._by_referenced.at(place):
            if self.links.owners.get(one) == other:
                yield whole(one)

    def _address(self, identity: Identity) -> Address | None:
        one = self.objects[identity]
        kind, table = type(one), one.table
        identities, addresses = self.links.kinds[kind]
        if kind.of_relation is not None and table is not None:
            for found, start, end in self.links.parts.get(table[1:], ()):
                if found is identities and identity in found[start:end]:
                    return addresses[found.index(identity, start, end)]
        if kind not in self._addresses:
            self._addresses[kind] = dict(zip(identities, addresses, strict=not kind.attached))
        return self._addresses[kind].get(identity)

    @cached_property
    def _by_object(self) -> Index:
        return Index(self.rows, 0)

    @cached_property
    def _by_referenced(self) -> Index:
        return Index(self.rows, 1)

    def _children(self, identity: Identity) -> list[Object]:
        near = [one for one in self._near(identity) if one.parent == identity]
        return near + self._children_elsewhere.get(identity, [])

    def _near(self, identity: Identity) -> Iterator[Object]:
        """What was read as parts of the relation that this is, or is a part of."""
        for found, start, end in self.links.parts.get(identity[1:3], ()):
            yield from (self.objects[one] for one in found[start:end] if one in self.objects)

    def _of(self, kind: type[Object]) -> Iterator[Object]:
        for identity in self.links.kinds[kind][0]:
            if identity in self.objects:
                yield self.objects[identity]

    @cached_property
    def _children_elsewhere(self) -> Mapping[Identity, list[Object]]:
        """Object -> those whose parent it is, of the kinds that are not read by relation."""
        found: dict[Identity, list[Object]] = defaultdict(list)
        for kind in self.links.kinds:
            if kind.of_relation is not None or (kind.parent is Object.parent and not kind.attached):
                continue
            for one in self._of(kind):
                parent = one.parent
                if parent is not None:
                    found[parent].append(one)
        return found

    @cached_property
    def _by_need(self) -> Mapping[Identity, Sequence[Identity]]:
        """Object -> those which name it as needed."""
        found = defaultdict(list)
        for kind in self.links.kinds:
            if kind.of_relation is not None or kind.needs is Object.needs:
                continue
            for one in self._of(kind):
                for other in one.needs():
                    found[other].append(one.identity)
        return found


def _readable(one: Object) -> tuple[object, ...]:
    return (one.kind, one.position, one.identity)
