"""Roles belong to the server: a plan names those it needs and makes none. What is not modelled is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from migrator.errors import PlanError
from migrator.plan.plan import plan
from migrator.postgres import Database, Server
from migrator.state import catalog
from migrator.state.snapshot import Snapshot

ROLE = "Needed Role"


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    """Asked for before the database, so that it is dropped after it."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{ROLE}"')
        try:
            yield ROLE
        finally:
            connection.execute(f'DROP ROLE "{ROLE}"')


def snapshot(database: Database, sql: str = "") -> Snapshot:
    with database.connect() as connection:
        connection.execute(sql)
        return catalog.read(connection)


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (f'GRANT SELECT ON paper TO "{ROLE}"', f'grant table.public.paper."{ROLE}".OWNER'),
        (f'ALTER TABLE paper OWNER TO "{ROLE}"', "owner table.public.paper"),
        (
            f'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "{ROLE}"',
            f'default privilege CURRENT_ROLE.TABLES."{ROLE}"',
        ),
    ],
)
def test_a_missing_role_is_named_with_what_needs_it(
    role: str, database: Database, sql: str, where: str
) -> None:
    old = snapshot(database, "CREATE TABLE paper (id integer)")
    new = snapshot(database, sql)
    elsewhere = replace(old, roles=old.roles - {role})
    with pytest.raises(PlanError) as caught:
        plan(elsewhere, new, oldest=15)
    assert caught.value.what == f"the role {role} does not exist"
    assert caught.value.where == where
    assert f'CREATE ROLE "{role}"' in str(caught.value.hint)
    # Taking the privilege away needs nobody to be made.
    assert plan(new, elsewhere, oldest=15).steps


def test_a_migration_asks_for_its_roles_before_it_changes_anything(role: str, database: Database) -> None:
    old = snapshot(database, "CREATE TABLE paper (id integer)")
    new = snapshot(database, f'GRANT SELECT ON paper TO "{role}"')
    [asked] = [p for p in plan(old, new, oldest=15).preconditions if role in p.name]
    with database.connect() as connection:
        assert connection.execute(asked.query).fetchall() == []
        connection.execute("DROP TABLE paper")
        missing = asked.query.replace(role, "nobody has this name")
        assert connection.execute(missing).fetchall() == [("nobody has this name",)]


def test_a_privilege_that_an_older_server_has_not_got_is_refused_for_it(
    role: str, server: Server, database: Database
) -> None:
    if server.version < 17:
        pytest.skip("has no privilege MAINTAIN")
    old = snapshot(database, "CREATE TABLE paper (id integer)")
    new = snapshot(database, f'GRANT SELECT, MAINTAIN ON paper TO "{role}"')
    with pytest.raises(PlanError) as caught:
        plan(old, new, oldest=16)
    assert caught.value.what == "PostgreSQL 16 has no privilege MAINTAIN"
    assert caught.value.where == f'grant table.public.paper."{role}".OWNER'
    assert "MAINTAIN" in plan(old, new, oldest=17).statements[-1].sql


@pytest.mark.parametrize("option", ["", " WITH GRANT OPTION"])
def test_all_privileges_become_some_and_back_in_words_of_every_server(
    role: str, database: Database, option: str
) -> None:
    some = snapshot(
        database, f'CREATE TABLE paper (id integer); GRANT SELECT, INSERT ON paper TO "{role}"{option}'
    )
    every = snapshot(database, f'GRANT ALL ON paper TO "{role}"{option}')
    weaker = snapshot(
        database,
        f'''
        REVOKE GRANT OPTION FOR ALL ON paper FROM "{role}"; GRANT SELECT ON paper TO "{role}"{option}''',
    )
    for old, new in [(some, every), (every, some), (every, weaker), (weaker, every)]:
        assert not [s.sql for s in plan(old, new, oldest=15).statements if "MAINTAIN" in s.sql]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "ALTER OPERATOR FAMILY box_ops USING gist ADD OPERATOR 20 ~= (point, point)",
            "operator of access method operator 20 (pg_catalog.point, pg_catalog.point) of pg_catalog.box_ops USING gist",
        ),
        ("CREATE LANGUAGE mine HANDLER plpgsql_call_handler", "language mine"),
        (
            "SET allow_system_table_mods = on;"
            " INSERT INTO pg_seclabel"
            " VALUES ('public'::regnamespace, 'pg_namespace'::regclass, 0, 'mine', 'x')",
            "security label of mine on schema public",
        ),
    ],
)
def test_what_is_not_modelled_is_told_by_name(database: Database, sql: str, told: str) -> None:
    assert told in snapshot(database, sql).unmodelled
