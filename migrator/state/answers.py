"""Asks one server many questions, without letting it wait while an answer is taken apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg

_Answer = Future[psycopg.Cursor[tuple[Any, ...]]]


class Answers(Iterator[list[tuple[Any, ...]]]):
    """The rows of each query in turn. The server works on the next one while those of one are taken apart."""

    def __init__(self, connection: psycopg.Connection[Any], queries: Sequence[str]):
        self._connection = connection
        self._todo: deque[tuple[str, list[object] | None, _Answer]] = deque(
            (query, None, Future()) for query in queries
        )
        self._coming = deque(answer for _, _, answer in self._todo)
        self._ahead = ThreadPoolExecutor(1)
        for _ in queries:
            self._ahead.submit(self._run)

    def __next__(self) -> list[tuple[Any, ...]]:
        if not self._coming:
            raise StopIteration
        return self._coming.popleft().result().fetchall()

    def ask(self, query: str, parameter: object) -> list[tuple[Any, ...]]:
        """The rows of one more query, which is run before those that still wait."""
        answer: _Answer = Future()
        self._todo.appendleft((query, [parameter], answer))
        self._ahead.submit(self._run)
        return answer.result().fetchall()

    def close(self) -> None:
        """Asks nothing more."""
        self._ahead.shutdown(cancel_futures=True)

    def _run(self) -> None:
        query, parameters, answer = self._todo.popleft()
        try:
            answer.set_result(self._connection.cursor(binary=True).execute(query, parameters))
        except BaseException as error:
            answer.set_exception(error)
