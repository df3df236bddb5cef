"""What depends on what, found out only for the objects that a plan touches.

A database of ten thousand tables has a quarter of a million rows in pg_depend; a change of ten objects needs a few
hundred of them. So the rows are kept as they were read, and resolved when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
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
        found = {
            one
            for row in self._rows(identity, self._by_referenced)
            if self.links.resolve(row[1]) == identity and (one := self.links.resolve(row[0])) is not None
        }
        found = {one for one in found if one in self.objects and identity[0] not in self.objects[one].loose}
        found.update(part.identity for part in self._children.get(identity, ()))
        found.update(self._by_need.get(identity, ()))
        return tuple(sorted(found - {identity}))

    def _parts(self, identity: Identity) -> tuple[Object, ...]:
        return tuple(sorted(self._children.get(identity, ()), key=_readable))

    def _rows(self, identity: Identity, index: Index) -> Iterator[Row]:
        """The rows of every address that may belong to the object."""
        address = self._addresses.get(identity)
        todo = [whole(address)] if address else []
        seen = set(todo)
        while todo:
            place = todo.pop()
            # P and S: a part of a partitioned object; the kinds that attach partitions carry that tie.
            yield from (row for row in index.at(place) if row[2] not in ("P", "S") and not self._of_copy(row))
            more = [owned for owned in self._owned.get(place, ()) if owned not in seen]
            seen.update(more)
            todo += more

    def _of_copy(self, row: Row) -> bool:
        """Whether a foreign key or trigger depends on something that is there because of a partition and its parent:
        it comes and goes with the partition, and the original stays."""
        one = whole(row[0])
        return one in self.links.copies and one not in self.links.objects

    @cached_property
    def _addresses(self) -> dict[Identity, Address]:
        return {identity: address for address, identity in self.links.objects.items()}

    @cached_property
    def _owned(self) -> dict[Address, list[Address]]:
        owned = defaultdict(list)
        for one, other in self.links.owners.items():
            owned[whole(other)].append(whole(one))
        return owned

    @cached_property
    def _by_object(self) -> Index:
        return Index(self.rows, 0)

    @cached_property
    def _by_referenced(self) -> Index:
        return Index(self.rows, 1)

    def _by_kind(self) -> Iterator[tuple[type[Object], Iterator[Object]]]:
        return groupby(self.objects.values(), type)

    @cached_property
    def _children(self) -> Mapping[Identity, Sequence[Object]]:
        found = defaultdict(list)
        for kind, ones in self._by_kind():
            if kind.parent is Object.parent and not kind.attached:
                continue
            for one in ones:
                parent = one.parent
                if parent is not None:
                    found[parent].append(one)
        return found

    @cached_property
    def _by_need(self) -> Mapping[Identity, Sequence[Identity]]:
        """Object -> those which name it as needed."""
        found = defaultdict(list)
        for kind, ones in self._by_kind():
            if kind.needs is Object.needs:
                continue
            for one in ones:
                for other in one.needs():
                    found[other].append(one.identity)
        return found


def _readable(one: Object) -> tuple[object, ...]:
    return (one.kind, one.position, one.identity)
