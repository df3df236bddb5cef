"""All objects of a database at one moment, as a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from migrator.kinds.base import Object
from migrator.statement import Identity


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Objects by identity, what each depends on, and what was seen but is not modelled."""

    version: int = 0
    objects: Mapping[Identity, Object] = field(default_factory=dict)
    depends: Mapping[Identity, frozenset[Identity]] = field(default_factory=dict)
    """Object -> the objects that must exist before it."""
    dependants: Mapping[Identity, tuple[Identity, ...]] = field(default_factory=dict)
    """Object -> the objects that depend on it directly."""
    unmodelled: tuple[str, ...] = ()
    """Objects of kinds that the migrator does not know, as pg_identify_object names them."""
    roles: frozenset[str] = frozenset()
    """The roles of the server, which no plan makes."""

    @cached_property
    def copies(self) -> Mapping[Identity, tuple[tuple[Identity, Identity], ...]]:
        """Part of a table -> the copies of it on tables that inherit from that one, each with the tie of the two."""
        found: dict[Identity, list[tuple[Identity, Identity]]] = defaultdict(list)
        for identity, one in self.objects.items():
            if one.copyable:
                for tie, original in one.copies():
                    found[original].append((tie, identity))
        return {identity: tuple(sorted(ones)) for identity, ones in found.items()}

    @cached_property
    def parts(self) -> Mapping[Identity, tuple[Object, ...]]:
        """Object -> the objects whose parent it is, in their readable order."""
        found: dict[Identity, list[Object]] = defaultdict(list)
        for one in self.objects.values():
            if one.parent is not None:
                found[one.parent].append(one)
        return {
            identity: tuple(sorted(ones, key=lambda o: (o.kind, o.position, o.identity)))
            for identity, ones in found.items()
        }
