"""The bridge helper on tables of its own: any names, any types, one rule at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from migrator.postgres import Database, Server
from schema.bridge import Rule, bridge, derive, derive_from_parent, mirror
from tests.schema.schemas import create, engine

ODD = [
    'quo"te',
    "apo'strophe",
    "two words",
    "Capital",
    "select",
    "100%",
    "%s %(x)s %%",
    "$bridge$",
    "back\\slash",
    ":colon",
    "{braces}",
    "über",
    "new\nline",
    "NEW",
    "value",
    "x" * 63,
    "ü" * 31,
]


def pair(
    database: Database, rules: Callable[[Table], list[Rule]], kind: Any = String
) -> psycopg.Connection[Any]:
    """A table `t` with the columns id, l and n and these rules, and a connection to it."""
    metadata = MetaData()
    table = Table(
        "t", metadata, Column("id", Integer, primary_key=True), Column("l", kind), Column("n", kind)
    )
    bridge(table, *rules(table))
    create(database, metadata)
    return database.connect()


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("(1, 'a', NULL)", ("a", "a")),
        ("(1, NULL, 'b')", ("b", "b")),
        ("(1, 'a', 'b')", ("b", "b")),
        ("(1, NULL, NULL)", (None, None)),
    ],
)
def test_an_insert_is_mirrored(database: Database, written: str, stored: tuple[Any, ...]) -> None:
    with pair(database, lambda t: [mirror(t.c.l, t.c.n)]) as connection:
        connection.execute(f"INSERT INTO t VALUES {written}".encode())
        assert connection.execute("SELECT l, n FROM t").fetchone() == stored


@pytest.mark.parametrize(
    ("sets", "stored"),
    [
        ("l = 'b'", ("b", "b")),
        ("n = 'b'", ("b", "b")),
        ("l = 'b', n = 'c'", ("c", "c")),
        ("l = 'b', n = n", ("b", "b")),
        ("n = NULL", ("a", "a")),
        ("id = 2", ("a", "a")),
    ],
)
def test_an_update_is_mirrored(database: Database, sets: str, stored: tuple[Any, ...]) -> None:
    with pair(database, lambda t: [mirror(t.c.l, t.c.n)]) as connection:
        connection.execute("INSERT INTO t VALUES (1, 'a', 'a')")
        connection.execute(f"UPDATE t SET {sets}".encode())
        assert connection.execute("SELECT l, n FROM t").fetchone() == stored


def test_values_are_converted_both_ways(database: Database) -> None:
    def rules(t: Table) -> list[Rule]:
        return [mirror(t.c.l, t.c.n, up=lambda old: f"{old} * 100", down=lambda new: f"{new} / 100")]

    with pair(database, rules, Integer) as connection:
        connection.execute("INSERT INTO t VALUES (1, 5, NULL), (2, NULL, 700)")
        connection.execute("UPDATE t SET l = 6 WHERE id = 1")
        connection.execute("UPDATE t SET n = 800 WHERE id = 2")
        assert connection.execute("SELECT * FROM t ORDER BY id").fetchall() == [(1, 6, 600), (2, 8, 800)]


def test_a_placeholder_stands_for_null_and_comes_back_as_null(database: Database) -> None:
    with pair(database, lambda t: [mirror(t.c.l, t.c.n, placeholder="'-'")]) as connection:
        connection.execute("ALTER TABLE t ALTER l SET NOT NULL")
        connection.execute("INSERT INTO t VALUES (1, NULL, NULL), (2, '-', NULL), (3, 'a', NULL)")
        connection.execute("UPDATE t SET n = NULL WHERE id = 3")
        assert connection.execute("SELECT DISTINCT l, n FROM t").fetchall() == [("-", None)]
        connection.execute("UPDATE t SET l = 'b'")
        assert connection.execute("SELECT DISTINCT l, n FROM t").fetchall() == [("b", "b")]
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute("UPDATE t SET l = NULL")


def test_the_rules_work_in_the_order_in_which_they_are_listed(database: Database) -> None:
    def rules(t: Table) -> list[Rule]:
        return [
            derive(t.c.l, "'from old code'", when="NEW.n IS NULL", on="insert"),
            mirror(t.c.l, t.c.n),
            derive(t.c.n, "NEW.n || '!'", when="NEW.id <> OLD.id", on="update"),
        ]

    with pair(database, rules) as connection:
        connection.execute("INSERT INTO t VALUES (1, 'a', NULL), (2, 'a', 'b')")
        stored = connection.execute("SELECT l, n FROM t ORDER BY id").fetchall()
        assert stored == [("from old code",) * 2, ("b", "b")]
        connection.execute("UPDATE t SET id = 3 WHERE id = 2")
        assert connection.execute("SELECT n FROM t WHERE id = 3").fetchone() == ("b!",)


def test_the_bridge_sees_what_other_triggers_did(database: Database) -> None:
    with pair(database, lambda t: [mirror(t.c.l, t.c.n)]) as connection:
        connection.execute(
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.l := upper(NEW.l); RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER zz_last BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION shout()"
        )
        connection.execute("INSERT INTO t (id, l) VALUES (1, 'a')")
        assert connection.execute("SELECT l, n FROM t").fetchone() == ("A", "A")


def test_a_caller_cannot_put_functions_of_its_own_in_the_way(database: Database) -> None:
    with pair(database, lambda t: [mirror(t.c.l, t.c.n, up=lambda old: f"upper({old})")]) as connection:
        connection.execute("CREATE SCHEMA trap")
        connection.execute(
            "CREATE FUNCTION trap.upper(text) RETURNS text LANGUAGE sql AS 'SELECT ''trapped'''"
        )
        connection.execute("SET search_path = trap, pg_catalog, public")
        connection.execute("INSERT INTO public.t (id, l) VALUES (1, 'a')")
        assert connection.execute("SELECT n FROM public.t").fetchone() == ("A",)


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[Database]:
    """One database for many small tests, each of which leaves it empty."""
    with server.scratch() as database:
        with database.connect() as connection:
            connection.execute('CREATE SCHEMA "Own ""schema"""')
        yield database


@pytest.mark.parametrize("schema", [None, 'Own "schema"'], ids=["public", "own schema"])
@pytest.mark.parametrize("name", ODD, ids=repr)
def test_any_name_is_quoted(shared: Database, name: str, schema: str | None) -> None:
    def like(prefix: str) -> str:
        return (prefix + name).encode()[:63].decode(errors="ignore")

    def of(table: str, query: str, *columns: str) -> bytes:
        names = [sql.Identifier(*filter(None, [schema, table])), *map(sql.Identifier, columns)]
        return sql.SQL(query).format(*names).as_bytes()

    metadata = MetaData(schema=schema)
    parent = Table(like("p"), metadata, Column(name, Integer, primary_key=True), Column(like("c"), String(9)))
    child = Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column(like("a"), Integer, ForeignKey(parent.c[name], name=like("f"))),
        Column(name, Integer),
        Column(like("d"), String(9)),
    )
    bridge(
        child,
        mirror(child.c[like("a")], child.c[name]),
        derive_from_parent(child.c[like("d")], parent=parent.c[like("c")], via=child.c[like("a")]),
    )
    create(shared, metadata)
    with shared.connect() as connection:
        connection.execute(of(like("p"), "INSERT INTO {} VALUES (7, 'here')"))
        connection.execute(of(name, "INSERT INTO {} (id, {}) VALUES (1, 7)", name))
        assert connection.execute(of(name, "SELECT * FROM {}")).fetchone() == (1, 7, 7, "here")
        connection.execute(of(like("p"), "UPDATE {} SET {} = 'there'", like("c")))
        assert connection.execute(of(name, "SELECT * FROM {}")).fetchone() == (1, 7, 7, "there")
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused:
            connection.execute(of(name, "UPDATE {} SET {} = 8", name))
        assert refused.value.diag.constraint_name == like("f")
        assert refused.value.diag.table_name == name
    metadata.drop_all(engine(shared))
    with shared.connect() as connection:
        assert connection.execute("SELECT proname FROM pg_proc WHERE oid >= 16384").fetchall() == []


def test_a_child_has_its_own_value_only_without_a_parent(database: Database) -> None:
    metadata = MetaData()
    parent = Table("p", metadata, Column("id", Integer, primary_key=True), Column("v", Integer))
    child = Table(
        "c",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("p", Integer, ForeignKey("p.id", name="c_p_fkey")),
        Column("v", Integer),
    )
    bridge(child, derive_from_parent(child.c.v, parent=parent.c.v, via=child.c.p))
    create(database, metadata)
    with database.connect() as connection:
        connection.execute("INSERT INTO p VALUES (1, NULL), (2, 20)")
        connection.execute("INSERT INTO c VALUES (1, 1, 5), (2, 2, 5), (3, NULL, 5)")
        stored = connection.execute("SELECT id, v FROM c ORDER BY id").fetchall()
        assert stored == [(1, None), (2, 20), (3, 5)]
        connection.execute("UPDATE c SET p = 2 WHERE id = 3")
        connection.execute("UPDATE p SET v = v + 1")
        stored = connection.execute("SELECT id, v FROM c ORDER BY id").fetchall()
        assert stored == [(1, None), (2, 21), (3, 21)]


def test_two_bridges_on_one_parent_do_not_meet(database: Database) -> None:
    metadata = MetaData()
    parent = Table("p", metadata, Column("id", Integer, primary_key=True), Column("v", Integer))
    for name in ("c", "d"):
        child = Table(
            name,
            metadata,
            Column("id", Integer, primary_key=True),
            Column("p", Integer, ForeignKey("p.id", name=f"{name}_p_fkey")),
            Column("v", Integer),
        )
        bridge(child, derive_from_parent(child.c.v, parent=parent.c.v, via=child.c.p))
    create(database, metadata)
    with database.connect() as connection:
        connection.execute("INSERT INTO p VALUES (1, 10)")
        connection.execute("INSERT INTO c (id, p) VALUES (1, 1)")
        connection.execute("INSERT INTO d (id, p) VALUES (1, 1)")
        connection.execute("UPDATE p SET v = 11")
        assert connection.execute("SELECT c.v, d.v FROM c, d").fetchone() == (11, 11)
