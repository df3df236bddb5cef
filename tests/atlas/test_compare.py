"""Atlas as a second opinion finds what is different, and finds nothing where nothing is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import create_engine

from migrator.errors import ConfigurationError
from migrator.postgres import Database, Server, embedded_versions, serve
from schema import metadata
from tests.atlas import compare

READABLE = 15
"""The newest PostgreSQL that the community edition reads."""

needs_atlas = pytest.mark.skipif(
    shutil.which("atlas") is None
    or find_spec("atlas_provider_sqlalchemy") is None
    or READABLE not in embedded_versions(),
    reason="needs Atlas (tests/atlas/install.sh), its provider for SQLAlchemy, and binaries of PostgreSQL 15",
)


@pytest.fixture(scope="module")
def readable() -> Iterator[Server]:
    with serve(f"embedded:{READABLE}") as server:
        yield server


@pytest.fixture
def built(readable: Server) -> Iterator[Database]:
    """A database that holds the desired schema."""
    with readable.scratch() as database:
        engine = create_engine("postgresql+psycopg://", creator=lambda: database.connect(autocommit=False))
        metadata.create_all(engine)
        engine.dispose()
        yield database


@needs_atlas
def test_the_desired_schema_has_no_findings(built: Database) -> None:
    assert compare.main([built.conninfo]) == 0


@needs_atlas
def test_what_the_migrator_keeps_for_itself_is_no_finding(built: Database) -> None:
    with built.connect() as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("CREATE SCHEMA migrator")
        connection.execute("CREATE TABLE migrator.history (revision text)")
    assert compare.main([built.conninfo]) == 0


@needs_atlas
@pytest.mark.parametrize(
    ("done_by_hand", "named"),
    [
        ("ALTER TABLE videos DROP COLUMN fps", '"fps"'),
        ("DROP INDEX ix_videos_uploaded_at", '"ix_videos_uploaded_at"'),
        ("ALTER TABLE tenants DROP CONSTRAINT tenants_mall_id_fkey", '"tenants_mall_id_fkey"'),
        ('ALTER TABLE malls ADD COLUMN "new %{ ${ col" int DEFAULT 5', '"new %{ ${ col"'),
    ],
)
def test_a_change_made_by_hand_is_found(
    built: Database, capsys: pytest.CaptureFixture[str], done_by_hand: str, named: str
) -> None:
    with built.connect() as connection:
        connection.execute(done_by_hand)
    assert compare.main([built.conninfo]) == 2
    assert named in capsys.readouterr().out


def test_a_false_finding_that_no_longer_appears_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "FALSE_FINDINGS", {"DROP A": "a reason", "DROP B": "another"})
    assert compare.report(["DROP A", "DROP B"]) == 0
    assert compare.report(["DROP B"]) == 2
    assert "take it out of FALSE_FINDINGS: DROP A" in capsys.readouterr().err


def test_without_atlas_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match=r"tests/atlas/install\.sh"):
        compare.find_atlas()


def test_an_address_keeps_its_meaning_as_a_url_for_atlas() -> None:
    given = {
        "host": "/sockets/a b",
        "user": "o'neil@x",
        "password": "p&w=%?",
        "dbname": "my db",
        "port": "5433",
    }
    url = compare.atlas_url(make_conninfo(**given))
    assert url.startswith("postgres:///")
    assert conninfo_to_dict(url) == given | {"sslmode": "disable"}


def test_a_literal_of_the_configuration_starts_no_template() -> None:
    assert compare.hcl('a${b}%{c}"') == r'"a$${b}%%{c}\""'
