"""The columns of tables, by the numbers under which indexes and constraints name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from migrator.kinds.base import Address, Forms, Object, On, whole


class TableColumns:
    """The columns of what was read so far (kinds.base.Columns). Tables that are made alike share all that is found out."""

    def __init__(self) -> None:
        self._every: dict[Address, int] = {}
        self._tables: dict[Hashable, int] = {(): 0}
        self._columns: list[dict[int, tuple[Any, ...]]] = [{}]
        self._found: dict[tuple[int, str], On] = {}
        self._alike: dict[Hashable, int] = {}

    def add(self, kind: type[Object], rows: Iterable[tuple[Any, ...]]) -> None:
        """Makes the columns in the rows of a kind known."""
        if not kind.indexed:
            return
        told = itemgetter(*kind.indexed)
        tables: dict[Address, list[tuple[Any, ...]]] = defaultdict(list)
        for table, of_table in groupby(rows, _table if kind.of_relation is None else itemgetter(1)):
            tables[table] += map(told, of_table)
        for table, columns in tables.items():
            form = tuple(columns)
            self._every[table] = alike = self._tables.setdefault(form, len(self._tables))
            if alike == len(self._columns):
                self._columns.append({number: (name, *rest) for name, number, *rest in form})

    def of(self, table: Address, numbers: str) -> On:
        """Those with these numbers, as PostgreSQL prints an int2vector or int2[]."""
        key = self.every(table), numbers
        found = self._found.get(key)
        if found is None:
            columns = [self._columns[key[0]].get(number) for number in _numbers(numbers)]
            alike = self._alike.setdefault(tuple(columns), len(self._alike))
            found = self._found[key] = On([one[0] if one else None for one in columns], alike)
        return found

    def every(self, table: Address) -> int:
        """The same for tables all of whose columns agree in the `indexed` fields."""
        return self._every.get(table, 0)

    def forms(
        self,
        rows: Sequence[tuple[Any, ...]],
        form: Callable[[tuple[Any, ...]], tuple[Hashable, tuple[Any, ...]]],
    ) -> Forms:
        """See kinds.base.Columns."""
        forms: list[Hashable] = []
        named: dict[Hashable, tuple[Any, ...]] = {}
        alike: dict[Hashable, Hashable] = {}
        for row in rows:
            like = self.every(row[1]), row[3:]
            found = alike.get(like)
            if found is None:
                found, named[found] = form(row)
                alike[like] = found
            forms.append(found)
        return forms, named


def _table(row: tuple[Any, ...]) -> Address:
    """The table of the column in a row."""
    return whole(row[0])


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.strip("{}").replace(",", " ").split()]
