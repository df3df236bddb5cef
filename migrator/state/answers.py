"""Asks one server many questions, without letting it wait while an answer is taken apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import psycopg

AT_ONCE = 4000
"""Rows that are worked on in one call of C: while it lasts, no other thread runs, neither those that keep the servers busy."""

_Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass(frozen=True)
class _Asked:
    """A query, what it is given, and its answer once there is one."""

    query: str
    parameters: Sequence[object] | None = None
    answer: Future[_Cursor] = field(default_factory=Future)


class Answers(Iterator[list[tuple[Any, ...]]]):
    """The rows of each query in turn. The server works on the next one while those of one are taken apart."""

    def __init__(self, connection: psycopg.Connection[Any], batches: Iterable[Sequence[str]]):
        """`batches`: queries; those of one are sent together, so that the server does not wait between them."""
        self._connection = connection
        self._todo = deque([_Asked(query) for query in batch] for batch in batches)
        self._coming = deque(one.answer for batch in self._todo for one in batch)
        self._ahead = ThreadPoolExecutor(1)
        for _ in range(len(self._todo)):
            self._ahead.submit(self._run)

    def __next__(self) -> list[tuple[Any, ...]]:
        if not self._coming:
            raise StopIteration
        return _rows(self._coming.popleft())

    def ask(self, query: str, parameter: object) -> list[tuple[Any, ...]]:
        """The rows of one more query, with its parameter $1, which is run before those that still wait."""
        asked = _Asked(query, [parameter])
        self._todo.appendleft([asked])
        self._ahead.submit(self._run)
        return _rows(asked.answer)

    def close(self) -> None:
        """Asks nothing more."""
        self._ahead.shutdown(cancel_futures=True)

    def _run(self) -> None:
        batch = self._todo.popleft()
        try:
            with self._connection.pipeline() if len(batch) > 1 else nullcontext():
                ran = [self._execute(one) for one in batch]
            for one, cursor in zip(batch, ran, strict=True):
                one.answer.set_result(cursor)
        except BaseException as error:
            for one in batch:
                one.answer.set_exception(error)

    def _execute(self, asked: _Asked) -> _Cursor:
        cursor = psycopg.RawCursor(self._connection)
        return cursor.execute(asked.query, asked.parameters, binary=True)


def _rows(answer: Future[_Cursor]) -> list[tuple[Any, ...]]:
    cursor = answer.result()
    rows: list[tuple[Any, ...]] = []
    while some := cursor.fetchmany(AT_ONCE):
        rows += some
    return rows
