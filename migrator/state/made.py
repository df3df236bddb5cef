"""Rows become objects: a few thousand tables are a million values, so what is done to all of them is done by whole lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice, repeat
from operator import add, itemgetter
from sys import intern
from typing import Any

from migrator.kinds.base import Address, Object, attribute, whole
from migrator.kinds.relation import RELATIONS
from migrator.state.answers import AT_ONCE
from migrator.state.columns import TableColumns
from migrator.state.ties import Links
from migrator.statement import Identity

Row = tuple[Any, ...]
Ask = Callable[[list[Address]], list[Row]]
"""The rows of a kind's `print_query` for these addresses."""


class Made:
    """The objects of one database, made of the rows of one kind after the other."""

    def __init__(self, links: Links, left_out: frozenset[Identity]):
        """`left_out`: what is not compared, with all its parts."""
        self.objects: dict[Identity, Object] = {}
        self._links, self._left_out = links, left_out
        self._kinds_left_out = {kind for kind, *_ in left_out}
        self._columns = TableColumns()

    def add(self, kind: type[Object], rows: Sequence[Row], ask: Ask) -> None:
        """Makes the objects of a kind. What these stand on, or are parts of, is there already."""
        self._columns.add(kind, rows)
        if kind.attached:
            self._attach(kind, rows)
            return
        own = _own_keys(kind)
        rows, found, beside = self._named(kind, rows, own)
        addresses = [row[0] for row in rows]
        self._links.kinds[kind] = found, addresses
        _enter(zip(addresses, found, strict=True), self._links.objects)
        fields = (
            self._by_form(kind, rows, ask) if kind.by_form else map(itemgetter(slice(own.stop, None)), rows)
        )
        values = map(add, map(add, map(itemgetter(slice(1, None)), found), beside), fields)
        _enter(zip(found, map(partial(tuple.__new__, kind), values), strict=True), self.objects)

    def leave_out_orphans(self) -> None:
        """Leaves out parts of what is not compared, down to the last."""
        if not self._links.left_out:
            return
        apart = {i: one for i, one in self.objects.items() if one.of_relation is None}
        while True:
            orphans = [
                i for i, one in apart.items() if one.parent is not None and one.parent not in self.objects
            ]
            if not orphans:
                return
            for identity in orphans:
                del self.objects[identity], apart[identity]
                if identity[0] in RELATIONS:
                    self._leave_out_parts(identity)

    def _leave_out_parts(self, relation: Identity) -> None:
        for found, start, end in self._links.parts.pop(relation[1:], ()):
            for part in found[start:end]:
                del self.objects[part]

    def _named(
        self, kind: type[Object], rows: Sequence[Row], own: slice
    ) -> tuple[Sequence[Row], list[Identity], Iterable[Row]]:
        """The rows that are compared, their identities, and names behind the keys that they have from their relations."""
        if kind.of_relation is not None:
            return self._named_by_relation(kind.of_relation, kind, rows, own)
        word = (kind.kind,)
        if self._links.members:
            rows = self._without(rows, lambda row: whole(row[0]) in self._links.members)
        if kind.kind in self._kinds_left_out:
            rows = self._without(rows, lambda row: word + row[own] in self._left_out)
        return rows, [word + row[own] for row in rows], repeat(())

    def _named_by_relation(
        self, keys: int, kind: type[Object], rows: Sequence[Row], own: slice
    ) -> tuple[Sequence[Row], list[Identity], list[Row]]:
        known, word = self._links.objects, (kind.kind,)
        if not {row[1] for row in rows} <= known.keys():
            rows = self._without(rows, lambda row: row[1] not in known)
        found: list[Identity] = []
        beside: list[Row] = []
        for relation, of_relation in groupby(rows, itemgetter(1)):
            names, start = known[relation][1:], len(found)
            first = word + names[:keys]
            found += [first + row[own] for row in of_relation]
            beside += [names[keys:]] * (len(found) - start)
            self._links.parts[names].append((found, start, len(found)))
        return rows, found, beside

    def _without(self, rows: Sequence[Row], out: Callable[[Row], bool]) -> Sequence[Row]:
        some = [out(row) for row in rows]
        self._links.left_out.update(row[0] for row, gone in zip(rows, some, strict=True) if gone)
        return [row for row, gone in zip(rows, some, strict=True) if not gone] if True in some else rows

    def _by_form(self, kind: type[Object], rows: Sequence[Row], ask: Ask) -> Iterator[Row]:
        """The fields behind the names, which are asked for of one object of each form."""
        forms, named = kind.forms(rows, self._columns)
        example = {form: row[0] for form, row in zip(forms, rows, strict=True)}
        printed = {row[0]: row[1:] for row in ask(list(example.values()))} if example else {}
        fields = {form: _interned(printed[at]) + named.get(form, ()) for form, at in example.items()}
        return map(fields.__getitem__, forms)

    def _attach(self, kind: type[Object], rows: Iterable[Row]) -> None:
        """Adds what stands on an object, or on a part of one: a column, or what else belongs to it (row[1] names it)."""
        links, found = self._links, []
        for address, named, *values in rows:
            target, part = links.objects.get(address), ""
            if target is None and attribute(address):
                target, part = links.objects.get(whole(address)), named
            elif target is None and named and not links.member(address):
                target, part = links.resolve(address), named
            if target is None or target not in self.objects:
                continue
            one = tuple.__new__(kind, (target, part, *values))
            self.objects[one.identity] = one
            found.append(one.identity)
        links.kinds[kind] = found, []


def _own_keys(kind: type[Object]) -> slice:
    """Where a row has the keys that it has not from its relation."""
    if kind.of_relation is None:
        return slice(1, 1 + kind._key_count)
    return slice(2, 2 + kind._key_count - kind.of_relation)


def _interned(fields: Row) -> Row:
    """The same; texts that two databases share are then compared by their place in memory."""
    return tuple(intern(one) if type(one) is str else one for one in fields)


def _enter(pairs: Iterator[tuple[Any, Any]], mapping: dict[Any, Any]) -> None:
    """Adds the pairs to the mapping."""
    while some := list(islice(pairs, AT_ONCE)):
        mapping.update(some)
