"""All objects of a database at one moment, as a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from migrator.kinds.base import Object
from migrator.statement import Identity

Value = TypeVar("Value")


class Lazy(Mapping[Identity, Value]):
    """A mapping over these identities whose values are found out when asked for, once."""

    def __init__(self, identities: Collection[Identity], find: Callable[[Identity], Value]):
        self._identities, self._find = identities, find
        self._found: dict[Identity, Value] = {}

    def __getitem__(self, identity: Identity) -> Value:
        if identity not in self._found:
            if identity not in self._identities:
                raise KeyError(identity)
            self._found[identity] = self._find(identity)
        return self._found[identity]

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._identities)

    def __len__(self) -> int:
        return len(self._identities)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Objects by identity, what each depends on, and what was seen but is not modelled."""

    version: int = 0
    objects: Mapping[Identity, Object] = field(default_factory=dict)
    depends: Mapping[Identity, frozenset[Identity]] = field(default_factory=dict)
    """Object -> the objects that must exist before it."""
    dependants: Mapping[Identity, tuple[Identity, ...]] = field(default_factory=dict)
    """Object -> the objects that depend on it directly."""
    parts: Mapping[Identity, tuple[Object, ...]] = field(default_factory=dict)
    """Object -> the objects whose parent it is, in their readable order."""
    unmodelled: tuple[str, ...] = ()
    """Objects of kinds that the migrator does not know, as pg_identify_object names them."""
    roles: frozenset[str] = frozenset()
    """The roles of the server, which no plan makes."""

    @cached_property
    def constraints(self) -> Mapping[tuple[str, str], set[str]]:
        """Schema and name of a constraint -> the tables that have one of that name."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in self.objects.values():
            if one.constraint_name and one.table:
                _, schema, table = one.table
                found[schema, getattr(one, one.constraint_name)].add(table)
        return found

    @cached_property
    def copies(self) -> Mapping[Identity, tuple[tuple[Identity, Identity], ...]]:
        """Part of a table -> the copies of it on tables that inherit from that one, each with the tie of the two."""
        found: dict[Identity, list[tuple[Identity, Identity]]] = defaultdict(list)
        kinds = {type(one) for one in self.objects.values()}
        if all(kind.ties is Object.ties for kind in kinds):
            return {}  # no table inherits from another
        for identity, one in self.objects.items():
            if one.copyable:
                for tie, original in one.copies():
                    found[original].append((tie, identity))
        return {identity: tuple(sorted(ones)) for identity, ones in found.items()}


def unmodelled(old: Snapshot, new: Snapshot, old_has: str, new_has: str) -> tuple[str, ...]:
    """What either holds of kinds that the migrator does not know. `old_has`, `new_has`: who has what the other has not."""
    one_sided = dict.fromkeys(old.unmodelled, f", which only {old_has}")
    one_sided |= dict.fromkeys(new.unmodelled, f", which only {new_has}")
    one_sided |= dict.fromkeys(set(old.unmodelled) & set(new.unmodelled), "")
    return tuple(what + one_sided[what] for what in sorted(one_sided))
