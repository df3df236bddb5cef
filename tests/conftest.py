"""What every test may ask for: a server, and a database on it."""

from __future__ import annotations

import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.postgres import Database, Server, serve

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in the background has them, and what they start, pass over Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    default = tomllib.loads(_PYPROJECT.read_text())["tool"]["migrator"]["postgres"]
    parser.addoption(
        "--postgres",
        default=default,
        help="the server that tests run on: embedded, embedded:17, container, container:17 or a URL "
        f"(default: {default})",
    )


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server that `--postgres` asks for: one a session, and under xdist one a worker.

    On a server that is shared, by a URL, workers meet only in the names of their scratch databases, which
    differ.
    """
    with serve(request.config.getoption("--postgres")) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty scratch database of this test alone."""
    with server.scratch() as scratch:
        yield scratch
