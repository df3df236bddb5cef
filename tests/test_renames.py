"""Declared renames keep rows, take along what names the renamed, and come back by the downgrade."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from migrator import psql
from migrator.errors import ConfigurationError, PlanError
from migrator.migration import sql
from migrator.plan import renames
from migrator.plan.changes import diff
from migrator.plan.plan import Planning, plan
from migrator.plan.renames import Renamed
from migrator.postgres import Database, Server
from migrator.state import catalog, declared
from migrator.state.declared import Rename
from migrator.state.reworded import in_old_words
from migrator.state.snapshot import Snapshot
from tests import judge

BEFORE = """
CREATE TYPE status AS ENUM ('NEW', 'DONE');
CREATE TABLE film (id serial PRIMARY KEY, title varchar(50) NOT NULL, state status DEFAULT 'NEW',
  CONSTRAINT film_title_key UNIQUE (title), CONSTRAINT film_check CHECK (length(title) > 1));
CREATE INDEX ix_film_state ON film (state);
CREATE VIEW titles AS SELECT title FROM film WHERE state = 'NEW';
CREATE FUNCTION length_of(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
INSERT INTO film (title) VALUES ('Alien'), ('Brazil');
"""
AFTER = """
CREATE TYPE progress AS ENUM ('CREATED', 'DONE');
CREATE TABLE movie (id serial PRIMARY KEY, name varchar(50) NOT NULL, state progress DEFAULT 'CREATED',
  CONSTRAINT movie_name_key UNIQUE (name), CONSTRAINT movie_check CHECK (length(name) > 1));
CREATE INDEX ix_movie_state ON movie (state);
CREATE VIEW names AS SELECT name AS title FROM movie WHERE state = 'CREATED';
CREATE FUNCTION duration_of(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
"""
RENAMES = (
    Rename(("table", "public", "film"), ("table", "public", "movie")),
    Rename(("column", "public", "movie", "title"), ("column", "public", "movie", "name")),
    Rename(("enum", "public", "status"), ("enum", "public", "progress")),
    Rename(("enum_value", "public", "progress", "NEW"), ("enum_value", "public", "progress", "CREATED")),
    Rename(("view", "public", "titles"), ("view", "public", "names")),
    Rename(("function", "public", "length_of", "integer"), ("function", "public", "duration_of", "integer")),
)


def _run(database: Database, script: str) -> None:
    psql.run_script(script, database.conninfo, psql=database.server.tool("psql"))


def _read(database: Database) -> Snapshot:
    with database.connect() as connection:
        return catalog.read(connection)


def _dump(database: Database) -> list[str]:
    return sorted(psql.dump_schema(database.conninfo, database.server.tool("pg_dump")).splitlines())


def _apply(
    server: Server, have: Database, wanted: Snapshot, back: bool = False, which: Sequence[Rename] = RENAMES
) -> Renamed:
    with server.scratch(have) as copy:

        def run(commands: Sequence[str]) -> Snapshot:
            _run(copy, "\\set ON_ERROR_STOP on\n" + "".join(f"{command};\n" for command in commands))
            return _read(copy)

        return renames.apply(_read(have), wanted, which, run, back=back)


def _migrate(
    server: Server,
    have: Database,
    wanted: Database,
    back: bool = False,
    which: Sequence[Rename] = RENAMES,
) -> str:
    after = _read(wanted)
    renamed = _apply(server, have, after, back, which)
    made = plan(renamed.snapshot, after, oldest=after.version, first=renamed.statements)
    script = sql.script(made)
    _run(have, script)
    return script


def test_renamed_objects_keep_their_rows_and_take_along_what_names_them_in_both_directions(
    server: Server,
) -> None:
    with server.scratch() as have, server.scratch() as wanted, server.scratch() as origin:
        _run(have, BEFORE)
        _run(origin, BEFORE)
        _run(wanted, AFTER)
        up = _migrate(server, have, wanted)
        assert _dump(have) == _dump(wanted)
        with have.connect() as connection:
            rows = connection.execute("SELECT id, name, state::text FROM movie ORDER BY id").fetchall()
        assert rows == [(1, "Alien", "CREATED"), (2, "Brazil", "CREATED")]
        assert not re.search(r"^(DROP|CREATE)", up, re.MULTILINE)
        _migrate(server, have, origin, back=True)
        assert _dump(have) == _dump(origin)
        with have.connect() as connection:
            rows = connection.execute("SELECT id, title, state::text FROM film ORDER BY id").fetchall()
        assert rows == [(1, "Alien", "NEW"), (2, "Brazil", "NEW")]


def test_a_renamed_attribute_renames_the_columns_of_tables_of_its_type(
    server: Server, database: Database
) -> None:
    which = [Rename(("attribute", "public", "pair", "x"), ("attribute", "public", "pair", "z"))]
    _run(database, "CREATE TYPE pair AS (x int, y int); CREATE TABLE t OF pair; INSERT INTO t VALUES (1, 2);")
    with server.scratch() as wanted:
        _run(wanted, "CREATE TYPE pair AS (z int, y int); CREATE TABLE t OF pair;")
        after = _read(wanted)
        renamed = _apply(server, database, after, which=which)
        made = plan(renamed.snapshot, after, oldest=after.version, first=renamed.statements)
        _run(database, sql.script(made))
        assert _dump(database) == _dump(wanted)
    with database.connect() as connection:
        assert connection.execute("SELECT z, y FROM t").fetchall() == [(1, 2)]


def test_derived_names_follow_only_where_the_wanted_state_has_them(
    server: Server, database: Database
) -> None:
    _run(database, BEFORE)
    with server.scratch() as wanted:
        _run(wanted, AFTER.replace("movie_check", "film_check").replace("ix_movie_state", "ix_state"))
        statements = [one.sql for one in _apply(server, database, _read(wanted)).statements]
    assert any("movie_pkey" in one for one in statements)
    assert any("movie_id_seq" in one for one in statements)
    assert not any("film_check" in one or "ix_film_state" in one for one in statements)


def test_rows_in_the_way_of_a_renamed_column_are_asked_for_by_its_old_name(
    server: Server, database: Database
) -> None:
    before = "CREATE TABLE a (x integer, CONSTRAINT small CHECK (x < 9)); INSERT INTO a VALUES (1), (NULL);"
    after = "CREATE TABLE b (y bigint NOT NULL, z integer, CONSTRAINT small CHECK (y < 9));"
    which = [
        Rename(("table", "public", "a"), ("table", "public", "b")),
        Rename(("column", "public", "b", "x"), ("column", "public", "b", "y")),
    ]
    _run(database, before)
    with server.scratch(database) as copy, server.scratch() as wanted:
        _run(wanted, after)
        new = _read(wanted)

        def run(commands: Sequence[str]) -> Snapshot:
            _run(copy, "".join(f"{command};\n" for command in commands))
            return _read(copy)

        renamed = renames.apply(_read(database), new, which, run)
        made = plan(renamed.snapshot, new, oldest=new.version, first=renamed.statements)
        with copy.connect() as connection:
            asked = in_old_words(connection, made.preconditions, renamed.undo)
    with database.connect() as connection:
        found = [connection.execute(one.query).fetchall() for one in asked]
    assert [(None,)] in found


def test_a_rename_that_is_done_changes_nothing_and_is_pointed_out(server: Server, database: Database) -> None:
    _run(database, AFTER)
    snapshot = _read(database)
    renamed = _apply(server, database, snapshot)
    assert renamed.statements == ()
    assert renamed.snapshot is snapshot or renamed.snapshot.objects == snapshot.objects
    assert "table public.movie: its rename from film is done; the declaration can go" in renamed.notes


def test_the_way_back_of_a_stale_declaration_renames_nothing(server: Server, database: Database) -> None:
    _run(database, AFTER)
    assert _apply(server, database, _read(database), back=True).statements == ()


def test_a_declaration_of_nothing_is_pointed_out(server: Server, database: Database) -> None:
    which = [Rename(("table", "public", "a"), ("table", "public", "b"))]
    notes = _apply(server, database, _read(database), which=which).notes
    assert notes == ("table public.b: declared as renamed from a, but there is nothing of either name",)


def test_a_new_name_that_is_taken_stops_the_plan(server: Server, database: Database) -> None:
    _run(database, "CREATE TABLE a (); CREATE TABLE b ();")
    with server.scratch() as wanted:
        _run(wanted, "CREATE TABLE b ();")
        with pytest.raises(PlanError, match=r"table public\.a: it cannot be renamed to b"):
            _apply(
                server,
                database,
                _read(wanted),
                which=[Rename(("table", "public", "a"), ("table", "public", "b"))],
            )


def _renamed(*pairs: str) -> list[Rename]:
    """Renames from words such as "column public t a b": kind, words of the old name, new last name."""
    words = [tuple(pair.split()) for pair in pairs]
    return [Rename(one[:-1], (*one[:-2], one[-1])) for one in words]


NAMES_PASSED_ON = {
    "columns": (
        "CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3);",
        "CREATE TABLE t (b int, c int, d int);",
        _renamed("column public t a b", "column public t b c", "column public t c d"),
        ("SELECT b, c, d FROM t", [(1, 2, 3)]),
    ),
    "tables with what is named after them": (
        "CREATE TABLE a (id serial PRIMARY KEY, x int CHECK (x > 0)); CREATE INDEX ix_a ON a (x);"
        "CREATE TABLE b (id serial PRIMARY KEY, x int CHECK (x > 0)); CREATE INDEX ix_b ON b (x);"
        "INSERT INTO a (x) VALUES (1); INSERT INTO b (x) VALUES (2), (3);",
        "CREATE TABLE b (id serial PRIMARY KEY, x int CHECK (x > 0)); CREATE INDEX ix_b ON b (x);"
        "CREATE TABLE c (id serial PRIMARY KEY, x int CHECK (x > 0)); CREATE INDEX ix_c ON c (x);",
        _renamed("table public a b", "table public b c"),
        ("SELECT (SELECT max(x) FROM b), nextval('b_id_seq'), nextval('c_id_seq')", [(1, 2, 3)]),
    ),
    "labels": (
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (e e); INSERT INTO t VALUES ('a'), ('b');",
        "CREATE TYPE e AS ENUM ('b', 'c'); CREATE TABLE t (e e);",
        _renamed("enum_value public e a b", "enum_value public e b c"),
        ("SELECT e::text FROM t", [("b",), ("c",)]),
    ),
    "parts that others inherit": (
        "CREATE TABLE base (id int NOT NULL, n text CHECK (n <> '')); CREATE TABLE kid () INHERITS (base);"
        "INSERT INTO kid VALUES (1, 'x');",
        "CREATE TABLE root (rid int NOT NULL, m text CHECK (m <> '')); CREATE TABLE kid () INHERITS (root);",
        _renamed("table public base root", "column public root n m", "column public root id rid")
        + _renamed("column public kid id rid"),
        ("SELECT rid, m FROM root", [(1, "x")]),
    ),
    "the column of a view": (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (1);",
        "CREATE TABLE t (b int); CREATE VIEW v AS SELECT b FROM t;",
        _renamed("column public t a b"),
        ("SELECT b FROM v", [(1,)]),
    ),
}


@pytest.mark.parametrize("case", NAMES_PASSED_ON.values(), ids=NAMES_PASSED_ON)
def test_names_pass_from_one_to_the_next_and_nothing_is_made_anew(
    server: Server, case: tuple[str, str, list[Rename], tuple[str, list[tuple[object, ...]]]]
) -> None:
    before, after, which, (query, rows) = case
    with server.scratch() as have, server.scratch() as wanted, server.scratch() as origin:
        _run(have, before)
        _run(origin, before)
        _run(wanted, after)
        up = _migrate(server, have, wanted, which=which)
        assert not judge.difference(judge.dump(have), judge.dump(wanted))
        assert not re.search(r"^(DROP|CREATE)", up, re.MULTILINE)
        with have.connect() as connection:
            assert connection.execute(query.encode()).fetchall() == rows
        down = _migrate(server, have, origin, back=True, which=which)
        assert not judge.difference(judge.dump(have), judge.dump(origin))
        assert not re.search(r"^(DROP|CREATE)", down, re.MULTILINE)


@pytest.mark.parametrize(
    ("before", "after", "which"),
    [
        ("CREATE TABLE t (a int)", "CREATE TABLE t (a text, b int)", _renamed("column public t a b")),
        (
            "CREATE TABLE t (a int PRIMARY KEY)",
            "CREATE TABLE u (a int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, z text)",
            _renamed("table public t u"),
        ),
        (
            "CREATE TABLE t (a int)",
            "CREATE TABLE u (a int); CREATE VIEW t AS SELECT a FROM u",
            _renamed("table public t u"),
        ),
        (
            "CREATE TABLE t (a int)",
            "CREATE TABLE t (a int) PARTITION BY LIST (a);CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1)",
            _renamed("table public t t_1"),
        ),
    ],
)
def test_an_old_name_may_be_taken_anew_and_is_free_again_on_the_way_back(
    server: Server, before: str, after: str, which: list[Rename]
) -> None:
    with server.scratch() as have, server.scratch() as wanted, server.scratch() as origin:
        _run(have, f"{before}; INSERT INTO t VALUES (1);")
        _run(origin, f"{before};")
        _run(wanted, f"{after};")
        _migrate(server, have, wanted, which=which)
        assert not judge.difference(judge.dump(have), judge.dump(wanted))
        _migrate(server, have, origin, back=True, which=which)
        assert not judge.difference(judge.dump(have), judge.dump(origin))
        with have.connect() as connection:
            assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_an_exchange_of_names_is_refused_as_nobody_could_tell_whether_it_is_done() -> None:
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("a", sa.Integer, info={"renamed_from": "b"}),
        sa.Column("b", sa.Integer, info={"renamed_from": "a"}),
    )
    with pytest.raises(ConfigurationError, match="the renames a -> b -> a are a circle"):
        declared.renames(metadata)


def test_what_looks_like_a_rename_and_is_not_declared_is_said(server: Server, database: Database) -> None:
    _run(
        database,
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x int, y text); CREATE TABLE u (x int, y int);",
    )
    with server.scratch() as wanted:
        _run(
            wanted,
            "CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE s (x int, y text);CREATE TABLE u (x int, z int);",
        )
        old, new = _read(database), _read(wanted)
    told = renames.suspicions(diff(old, new, Planning(old, new, old.version, frozenset())))
    assert [one.split(":")[0] for one in told] == [
        "column public.u.y goes and column public.u.z comes, and they are alike",
        "table public.t goes and table public.s comes, and they are alike",
        "enum public.e",
    ]
    assert '("enum_value", "public", "e", "b", "c")' in told[2]


def test_the_metadata_declares_renames_where_things_are_written_or_in_one_list() -> None:
    metadata = sa.MetaData(
        info={"renames": [("view", "public", "titles", "names"), ("enum_value", "public", "e", "A", "B")]}
    )
    sa.Table(
        "movie",
        metadata,
        sa.Column("name", sa.Text, info={"renamed_from": "title"}),
        sa.CheckConstraint("length(name) > 1", name="long", info={"renamed_from": "lengthy"}),
        sa.Index("ix_name", "name", info={"renamed_from": "ix_title"}),
        info={"renamed_from": "film"},
    )
    assert [(*one.old, one.new[-1]) for one in declared.renames(metadata)] == [
        ("column", "public", "movie", "title", "name"),
        ("constraint", "public", "movie", "lengthy", "long"),
        ("enum_value", "public", "e", "A", "B"),
        ("index", "public", "ix_title", "ix_name"),
        ("table", "public", "film", "movie"),
        ("view", "public", "titles", "names"),
    ]


@pytest.mark.parametrize(
    "entry", [("view", "titles"), ("no_kind", "public", "a", "b"), "view", ("table", "public", "a", 1)]
)
def test_a_declaration_that_cannot_be_understood_is_an_error_with_an_example(entry: object) -> None:
    with pytest.raises(ConfigurationError, match="is not a rename"):
        declared.renames(sa.MetaData(info={"renames": [entry]}))
