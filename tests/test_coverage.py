"""Nothing that a database can hold passes unseen: it is read by a kind, reported by name, or excused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import psycopg
import pytest

from migrator.kinds import KINDS, coverage
from migrator.kinds.base import Object
from migrator.postgres import Database, Server, embedded_versions, serve
from migrator.state import catalog
from migrator.state.snapshot import Snapshot
from tests import modelled
from tests.every_change import CHANGES, MADE, ROLE

EXCUSED = {**coverage.REPORTED, **coverage.NO_SCHEMA}
Columns = set[tuple[str, str]]

_COLUMNS = """
SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""


@cache
def _columns(version: int) -> frozenset[tuple[str, str]]:
    with serve(f"embedded:{version}") as server, psycopg.connect(server.address) as connection:
        return frozenset(connection.execute(_COLUMNS).fetchall())


def _ever() -> Columns:
    return {column for version in embedded_versions() for column in _columns(version)}


@pytest.mark.parametrize("version", embedded_versions())
def test_every_column_of_the_catalogs_is_claimed_by_a_kind_or_excused(version: int) -> None:
    claimed = coverage.claimed()
    unread = {
        f"{name}.{column}"
        for name, column in _columns(version)
        if (name, column) not in claimed and not {name, f"{name}.{column}"} & EXCUSED.keys()
    }
    assert not unread


def test_every_claim_and_every_excuse_names_what_some_version_has() -> None:
    there = {f"{name}.{column}" for name, column in _ever()} | {name for name, _ in _ever()}
    named = {f"{name}.{column}" for name, column in coverage.claimed()} | EXCUSED.keys()
    assert not named - there


def test_nothing_is_both_claimed_and_excused() -> None:
    claimed = {f"{name}.{column}" for name, column in coverage.claimed()}
    assert not claimed & EXCUSED.keys()
    assert not coverage.REPORTED.keys() & coverage.NO_SCHEMA.keys()


@pytest.mark.parametrize("version", embedded_versions())
def test_every_catalog_of_addressed_objects_is_asked_for_what_no_kind_knows(version: int) -> None:
    """Labels of enums have an oid, but PostgreSQL gives them no address."""
    addressed = {name for name, column in _columns(version) if column == "oid"} - {"pg_enum"}
    asked = {"pg_user_mapping" if name == "pg_user_mappings" else name for name in catalog.ADDRESSED}
    assert addressed - coverage.NO_SCHEMA.keys() - {"pg_tablespace"} == asked


@pytest.fixture(scope="module", params=embedded_versions())
def reader(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose role may read every column of the catalogs, each by a privilege of its own."""
    with serve(f"embedded:{request.param}") as server, psycopg.connect(server.address) as connection:
        names = {name for name, _ in _columns(request.param)}
        views = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relkind = 'v' AND relnamespace = 'pg_catalog'::regnamespace"
        ).fetchall()
        connection.execute(f"CREATE ROLE {ROLE}")
        connection.execute("REVOKE SELECT ON ALL TABLES IN SCHEMA pg_catalog FROM PUBLIC")
        for name in names:
            columns = ", ".join(column for its, column in _columns(request.param) if its == name)
            connection.execute(f"GRANT SELECT ({columns}) ON pg_catalog.{name} TO {ROLE}")
        for (view,) in views:
            connection.execute(f"GRANT SELECT ON pg_catalog.{view} TO {ROLE}")
        connection.execute("SET LOCAL search_path = pg_catalog")
        yield connection
        connection.rollback()


def _needs(connection: psycopg.Connection[Any], kind: type[Object], privilege: str) -> bool:
    """Whether a query of the kind fails without the privilege, and does not fail with it."""
    version = connection.info.server_version // 10000
    try:
        with connection.transaction():
            connection.execute(f"REVOKE {privilege} FROM PUBLIC, {ROLE}")
            connection.execute(f"SET LOCAL ROLE {ROLE}")
            # A plan is refused as its query is, without running it.
            cursor = psycopg.RawCursor(connection)
            cursor.execute(f"EXPLAIN {kind.query(version)}")
            if kind.by_form:
                cursor.execute(f"EXPLAIN {kind.print_query(version)}", [[0]])
            raise psycopg.Rollback
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_every_kind_reads_what_it_claims(reader: psycopg.Connection[Any]) -> None:
    """A query that works without the right to read a column does not read it. What only pg_get_…def reads is listed
    with that function, which the query must call."""
    version = reader.info.server_version // 10000
    there = _columns(version)
    calls = {
        (kind, what): _needs(reader, kind, _use(reader, what)) for kind in KINDS for what in coverage.THROUGH
    }
    wrong = {}
    for kind in KINDS:
        for name, columns in kind.catalogs.items():
            through = {
                column
                for what, read in coverage.THROUGH.items()
                if calls[kind, what]
                for column in read.get(name, "").split()
            }
            for column in set(columns.split()) - through:
                if (name, column) in there and not _needs(
                    reader, kind, f"SELECT ({column}) ON pg_catalog.{name}"
                ):
                    wrong[kind.__name__, name, column] = "not read"
    # Up to 17, NOT NULL has no row in pg_constraint (up to 16 that of a domain).
    late = {"NotNull": 18, "DomainNotNull": 17}
    assert not {w for w in wrong if not (w[1] == "pg_constraint" and version < late.get(w[0], 0))}


def _use(connection: psycopg.Connection[Any], what: str) -> str:
    """The privilege without which a function of any signature, or a view, cannot be used."""
    functions = [
        name
        for (name,) in connection.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = %s", [what]
        )
    ]
    return f"EXECUTE ON FUNCTION {', '.join(functions)}" if functions else f"SELECT ON pg_catalog.{what}"


def _through(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], Any]:
    """What the columns hold that no query reads directly, whichever rows hold it."""
    version = connection.info.server_version // 10000
    read = {
        (name, column)
        for what in coverage.THROUGH.values()
        for name, columns in what.items()
        for column in columns.split()
    } & _columns(version)
    sums = ", ".join(
        f"(SELECT md5(string_agg({column}::text, ' ' ORDER BY {column}::text)) FROM pg_catalog.{name})"
        for name, column in sorted(read)
    )
    (row,) = connection.execute(f"SELECT {sums}").fetchall()
    return dict(zip(sorted(read), row, strict=True))


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (
        one.objects.keys() == other.objects.keys()
        and one.unmodelled == other.unmodelled
        and not any(one.objects[identity].differences(new) for identity, new in other.objects.items())
    )


@pytest.fixture
def roomy(server: Server) -> Iterator[Database]:
    """A database on a server that has another role and another tablespace."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute(f"CREATE ROLE {ROLE}")
        connection.execute("CREATE TABLESPACE coverage_space LOCATION ''")
        try:
            with server.scratch() as database:
                yield database
        finally:
            connection.execute("DROP TABLESPACE coverage_space")
            connection.execute(f"DROP ROLE {ROLE}")


def test_every_change_of_a_database_is_seen(roomy: Database) -> None:
    """And each column that is only read inside of a function of PostgreSQL is among what was changed and seen."""
    unseen, witnessed = [], set()
    with roomy.connect() as connection:
        connection.autocommit = True
        connection.execute("SET jit = off")
        connection.execute(MADE)
        before, held = catalog.read(connection), _through(connection)
        for least, change in CHANGES:
            if least > before.version:
                continue
            connection.execute(change)
            after, holds = catalog.read(connection), _through(connection)
            if _same(before, after):
                unseen.append(change)
            else:
                witnessed |= {column for column in holds if holds[column] != held[column]}
            before, held = after, holds
    assert not unseen
    assert not held.keys() - witnessed


def test_readme_tells_what_is_modelled() -> None:
    """`python -m tests.modelled` writes it."""
    assert modelled.section() == coverage.table()
