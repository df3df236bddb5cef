"""Every precondition can be asked of the database as it is before the plan, and is asked until something changes."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path

import psycopg
import pytest

from migrator.migration.sql import migration_file
from migrator.plan.plan import Plan, plan
from migrator.postgres import Database, Server, serve
from migrator.postgres.embedded import embedded_versions
from migrator.state import catalog, trial
from tests.migrated import psql, rows

PAIRS = {
    "a check calls a function that comes": (
        "CREATE TABLE t (a int)",
        "CREATE FUNCTION ok(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';"
        " CREATE TABLE t (a int CHECK (ok(a))); CREATE UNIQUE INDEX ON t (a) WHERE ok(a)",
    ),
    "a check compares what a column becomes": (
        "CREATE TABLE t (a text)",
        "CREATE TABLE t (a int CHECK (a > 0))",
    ),
    "a foreign key compares what a column becomes": (
        "CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (a text)",
        "CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES r)",
    ),
    "a check names a label that comes": (
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a e)",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (a e CHECK (a IN ('a', 'b')))",
    ),
    "a multirange is called otherwise": (
        "CREATE TYPE r AS RANGE (SUBTYPE = int); CREATE TABLE t (a r_multirange)",
        "CREATE TYPE r AS RANGE (SUBTYPE = bigint, MULTIRANGE_TYPE_NAME = rs); CREATE TABLE t (a rs)",
    ),
    "a column of a foreign table changes": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE FOREIGN TABLE t (a int) SERVER s",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
        " CREATE FOREIGN TABLE t (a int NOT NULL CHECK (a > 0)) SERVER s",
    ),
}


def planned(old: Database, new: Database, before: str, after: str) -> Plan:
    with old.connect() as one, new.connect() as other:
        one.execute(before)
        other.execute(after)
        return plan(*catalog.read_both(one, other), oldest=15, attempt=partial(trial.attempt, other))


@pytest.mark.parametrize(("before", "after"), PAIRS.values(), ids=PAIRS)
def test_nothing_is_asked_in_words_that_the_database_has_not_got(
    server: Server, database: Database, before: str, after: str
) -> None:
    with server.scratch() as wanted:
        made = planned(database, wanted, before, after)
    with database.connect() as connection:
        for one in made.preconditions:
            with connection.transaction(force_rollback=True):
                if one.setup:
                    connection.execute(one.setup)
                assert connection.execute(one.query).fetchall() == []


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        ("CREATE TABLE t (a int CHECK (a > 0), b text)", "every row of public.t satisfies t_a_check"),
        ("CREATE TABLE t (a int UNIQUE, b text)", "no two rows of public.t have the same a"),
        ("CREATE TABLE t (a int, b text NOT NULL)", "public.t.b holds no NULL"),
        ("CREATE TABLE t (a int, b int)", "every b of public.t can become integer"),
    ],
)
def test_what_can_be_asked_is_asked(server: Server, database: Database, after: str, asked: str) -> None:
    with server.scratch() as wanted:
        made = planned(database, wanted, "CREATE TABLE t (a int, b text)", after)
    assert asked in [one.name for one in made.preconditions]


def test_values_of_a_domain_that_is_built_again_are_asked_for_its_new_rule(
    server: Server, database: Database
) -> None:
    # It is built again, as PostgreSQL puts no rule on a domain that an array holds.
    stored = "CREATE TABLE t (a d, b d[])"
    with server.scratch() as wanted:
        made = planned(
            database,
            wanted,
            f"CREATE DOMAIN d AS int; {stored}; INSERT INTO t VALUES (0)",
            f"CREATE DOMAIN d AS int CHECK (VALUE > 0); {stored}",
        )
    assert ("domain", "public", "d") in made.changes.created
    [asked] = [one for one in made.preconditions if "satisfies d_check" in one.name]
    with database.connect() as connection:
        assert connection.execute(asked.query).fetchall() == [(0, None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "CREATE DOMAIN d AS int; CREATE TABLE t (a d)",
            "CREATE DOMAIN d AS bigint {}; CREATE TABLE t (a d)",
        ),
        (
            "CREATE DOMAIN d AS text; CREATE TABLE t (a d)",
            "CREATE DOMAIN d AS bigint {}; CREATE TABLE t (a d)",
        ),
        ("CREATE TABLE t (a int)", "CREATE DOMAIN d AS int {}; CREATE TABLE t (a d)"),
        ("CREATE TABLE t (a text)", "CREATE DOMAIN d AS int {}; CREATE TABLE t (a d)"),
        (
            "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; CREATE TABLE t (a e)",
            "CREATE DOMAIN d AS int {}; CREATE DOMAIN e AS d; CREATE TABLE t (a e)",
        ),
        (
            "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; CREATE TABLE t (a e)",
            "CREATE DOMAIN d AS bigint; CREATE DOMAIN e AS d {}; CREATE TABLE t (a e)",
        ),
    ],
)
def test_values_are_asked_for_the_rules_of_the_domain_that_they_come_to(
    server: Server, database: Database, before: str, after: str
) -> None:
    rules = "CHECK (VALUE < 100) NOT NULL"
    with server.scratch() as wanted:
        made = planned(
            database, wanted, f"{before}; INSERT INTO t VALUES (5), (500), (NULL)", after.format(rules)
        )
    found: set[object] = set()
    with database.connect() as connection:
        for one in made.preconditions:
            connection.execute(one.setup or "SELECT")
            found.update(value for (value,) in connection.execute(one.query).fetchall())
    assert {value and int(str(value)) for value in found} == {500, None}


INSIDE = {
    "an array gets a rule": (
        "CREATE DOMAIN d AS int; {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100) NOT NULL; {}",
        "d[]",
    ),
    "an array gets another base": ("CREATE DOMAIN d AS text; {}", "CREATE DOMAIN d AS smallint; {}", "d[]"),
    "an array gets a rule further below": (
        "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100); CREATE DOMAIN e AS d; {}",
        "e[]",
    ),
    "an array becomes one of a domain": (
        "{}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100); {}",
        "int[] d[]",
    ),
    "a composite gets a rule": (
        "CREATE DOMAIN d AS int; CREATE TYPE c AS (a int, b d); {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100); CREATE TYPE c AS (a int, b d); {}",
        "c",
    ),
    "a composite gets another base": (
        "CREATE DOMAIN d AS text; CREATE TYPE c AS (a int, b d); {}",
        "CREATE DOMAIN d AS smallint; CREATE TYPE c AS (a int, b d); {}",
        "c",
    ),
    "an array of composites gets a rule": (
        "CREATE DOMAIN d AS int; CREATE TYPE c AS (a int, b d); {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100) NOT NULL; CREATE TYPE c AS (a int, b d); {}",
        "c[]",
    ),
    "an array in a composite in a domain gets a rule": (
        "CREATE DOMAIN d AS int; CREATE TYPE c AS (a int, b d[]); CREATE TYPE o AS (c c); CREATE DOMAIN od AS o; {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100); CREATE TYPE c AS (a int, b d[]); CREATE TYPE o AS (c c);"
        " CREATE DOMAIN od AS o; {}",
        "od",
    ),
    "an attribute comes to a domain": (
        "CREATE TYPE c AS (a int, b int); {}",
        "CREATE DOMAIN d AS int CHECK (VALUE < 100) NOT NULL; CREATE TYPE c AS (a int, b d); {}",
        "c",
    ),
    "an attribute changes its type": (
        "CREATE TYPE c AS (a int, b text); {}",
        "CREATE TYPE c AS (a int, b smallint); {}",
        "c",
    ),
}
VALUES = {
    "d[]": "'{{{}}}'",
    "e[]": "'{{{}}}'",
    "int[]": "'{{{}}}'",
    "c": "ROW(1, {})::c",
    "c[]": "ARRAY[NULL, ROW(1, 7), ROW(1, {})]::c[]",
    "od": "ROW(ROW(1, '{{{}}}'))::o",
}


@pytest.mark.parametrize(("before", "after", "types"), INSIDE.values(), ids=INSIDE)
def test_values_inside_others_are_asked_for_what_they_become(
    server: Server, database: Database, before: str, after: str, types: str
) -> None:
    old, new = (f"CREATE TABLE t (v {one}, id int)" for one in (types.split()[0], types.split()[-1]))
    few, many = (VALUES[types.split()[0]].format(value) for value in (5, 70000))
    rows_ = f"INSERT INTO t VALUES (NULL, 1), ({few}, 2), ({many}, 3)"
    with server.scratch() as wanted:
        made = planned(database, wanted, f"{before.format(old)}; {rows_}", after.format(new))
    found = []
    with database.connect() as connection:
        for one in made.preconditions:
            connection.execute(one.setup or "SELECT")
            found += [row[-1] for row in connection.execute(one.query).fetchall()]
    assert found == [3]


REFUSES = "CREATE DOMAIN d AS int NOT NULL"
COMES = {
    "to a type": ("CREATE TYPE c AS (a int)", f"{REFUSES}; CREATE TYPE c AS (a int, n d)", "c"),
    "of a domain that was there": (
        f"{REFUSES}; CREATE TYPE c AS (a int)",
        f"{REFUSES}; CREATE TYPE c AS (a int, n d)",
        "c",
    ),
    "of a domain with a check": (
        "CREATE TYPE c AS (a int)",
        "CREATE DOMAIN d AS text CHECK (VALUE IS NOT NULL); CREATE DOMAIN e AS d; CREATE TYPE c AS (a int, n e)",
        "c",
    ),
    "to a type in an array": (
        "CREATE TYPE c AS (a int)",
        f"{REFUSES}; CREATE TYPE c AS (a int, n d)",
        "c[]",
    ),
    "to a type in others": (
        "CREATE TYPE c AS (a int); CREATE TYPE o AS (c c); CREATE DOMAIN od AS o",
        f"{REFUSES}; CREATE TYPE c AS (a int, n d); CREATE TYPE o AS (c c); CREATE DOMAIN od AS o",
        "od",
    ),
    "to a type that is built again": (
        "CREATE TYPE c AS (a int)",
        f"{REFUSES}; CREATE TYPE c AS (n d, a int)",
        "c",
    ),
}
HOLDS = {"c": "ROW(1)::c", "c[]": "ARRAY[NULL, ROW(1)]::c[]", "od": "ROW(ROW(1))::o"}


@pytest.mark.parametrize(("before", "after", "type_"), COMES.values(), ids=COMES)
def test_no_row_may_lack_a_new_attribute_that_takes_no_null(
    server: Server, database: Database, before: str, after: str, type_: str
) -> None:
    """PostgreSQL adds it all the same, and COPY takes back none of what it then writes."""
    table = f"CREATE TABLE t (v {type_}, id int)"
    rows_ = f"INSERT INTO t VALUES (NULL, 1), ({HOLDS[type_]}, 2)"
    with server.scratch() as wanted:
        made = planned(database, wanted, f"{before}; {table}; {rows_}", f"{after}; {table}")
    [asked] = made.preconditions
    assert "takes no NULL" in asked.name
    with database.connect() as connection:
        connection.execute(asked.setup or "")
        assert [row[-1] for row in connection.execute(asked.query).fetchall()] == [2]


def test_no_row_may_be_there_for_a_new_column_that_takes_no_null(server: Server, database: Database) -> None:
    with server.scratch() as wanted:
        made = planned(
            database,
            wanted,
            "CREATE TABLE t (id int); INSERT INTO t VALUES (1)",
            f"{REFUSES}; CREATE DOMAIN e AS int DEFAULT 7 NOT NULL; CREATE DOMAIN o AS int CHECK (VALUE > 0);"
            " CREATE TABLE t (id int, refused d, filled e, given d DEFAULT 1, taken o)",
        )
    refused = {}
    with database.connect() as connection:
        for one in made.preconditions:
            connection.execute(one.setup or "SELECT")
            refused[one.name.split()[6]] = connection.execute(one.query).fetchall()
    assert refused == {"refused": [(1,)], "taken": []}


def test_of_a_new_attribute_that_takes_null_nothing_is_asked(server: Server, database: Database) -> None:
    table = "CREATE TABLE t (v c)"
    with server.scratch() as wanted:
        made = planned(
            database,
            wanted,
            f"CREATE TYPE c AS (a int); {table}; INSERT INTO t VALUES (ROW(1)::c)",
            f"{REFUSES}; CREATE DOMAIN e AS text; CREATE TYPE c AS (a int, n int, m d[], k e); {table}",
        )
    assert made.preconditions == ()


NAMED_APART = [
    "CREATE TABLE p (a int NOT NULL); CREATE TABLE c (a int CONSTRAINT own_name NOT NULL) INHERITS (p)",
    "CREATE TABLE o (a int); CREATE TABLE p (a int NOT NULL) INHERITS (o);"
    " CREATE TABLE c (a int CONSTRAINT own_name NOT NULL) INHERITS (p)",
]
NAMED_ALIKE = [
    "CREATE TABLE p (a int NOT NULL); CREATE TABLE c () INHERITS (p); CREATE TABLE d (a int) INHERITS (c)",
    # A partition takes the name from its table.
    "CREATE TABLE p (a int NOT NULL, k int) PARTITION BY LIST (k); CREATE TABLE c (a int CONSTRAINT own_name NOT NULL, k int);"
    " ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1)",
]


@pytest.mark.parametrize("before", [*NAMED_APART, *NAMED_ALIKE])
def test_not_nulls_that_have_two_names_are_told_of_before_a_server_that_names_them_fails(
    server: Server, database: Database, before: str
) -> None:
    """PostgreSQL 18 refuses to change the type of their column in all tables at once; older ones know no names."""
    after = before.replace("a int", "a bigint")
    with server.scratch() as wanted:
        made = planned(database, wanted, before, after)
    asked = [one for one in made.preconditions if "has one name" in one.name]
    if server.version >= 18:
        assert asked == []  # it knows the names, and leads round them
        return
    assert len(asked) == 1
    with database.connect() as connection:
        assert connection.execute(asked[0].query).fetchall() == []
    if 18 not in embedded_versions():
        pytest.skip("PostgreSQL 18 is not here")
    with serve("embedded:18") as other, other.scratch() as named, named.connect() as connection:
        connection.execute(before)
        found = connection.execute(asked[0].query).fetchall()
        assert [row[2] for row in found] == ([] if before in NAMED_ALIKE else ["c"])
        refused = nullcontext() if before in NAMED_ALIKE else pytest.raises(psycopg.Error, match="own_name")
        with refused:
            connection.execute(f"ALTER TABLE {'o' if ' o ' in before else 'p'} ALTER COLUMN a TYPE bigint")


# A run that ended before it changed anything

GIVES_UP = "SELECT pg_terminate_backend(pg_backend_pid());\n"
TO_UNIQUE = ("CREATE TABLE t (a int)", "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a)")
TO_CHECKED = (
    "CREATE TABLE t (a int)",
    "CREATE TABLE other (a int); CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0))",
)


def file_of(database: Database, server: Server, folder: Path, before: str, after: str) -> Path:
    """The migration from one state, which the database gets, to another."""
    with server.scratch() as wanted:
        made = planned(database, wanted, before, after)
    file = folder / "upgrade.sql"
    file.write_text(migration_file(made, revision="r", direction="upgrade", before=None, after="r", about=[]))
    return file


def ended_at(server: Server, database: Database, file: Path, line: str) -> None:
    """Runs the file up to a line, where it loses its connection."""
    assert line in file.read_text()
    ends = file.with_name("ends.sql")
    ends.write_text(file.read_text().replace(line, GIVES_UP + line))
    assert psql(server, database, "-f", ends).returncode == 2


@pytest.mark.parametrize(
    ("states", "row", "told"),
    [
        (TO_CHECKED, "(-1)", "every row of public.t satisfies positive"),
        (TO_UNIQUE, "(1), (1)", "no two rows of public.t have the same a"),
    ],
    ids=["in a transaction", "outside a transaction"],
)
def test_what_must_hold_is_asked_again_as_long_as_no_step_has_begun(
    server: Server, database: Database, tmp_path: Path, states: tuple[str, str], row: str, told: str
) -> None:
    file = file_of(database, server, tmp_path, *states)
    ended_at(server, database, file, "SELECT pg_temp.todo(1)")
    with database.connect() as connection:
        connection.execute(f"INSERT INTO t VALUES {row}")
    refused = psql(server, database, "-f", file)
    assert refused.returncode == 3
    assert f"not true: {told}" in refused.stderr
    with database.connect() as connection:
        connection.execute("DELETE FROM t")
    done = psql(server, database, "-f", file)
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT finished_at IS NOT NULL FROM migrator.run") == [(True,)]


@pytest.mark.parametrize(
    ("states", "line"),
    [(TO_CHECKED, "SELECT pg_temp.todo(2)"), (TO_UNIQUE, "CALL pg_temp.done(1,")],
    ids=["in a transaction", "outside a transaction"],
)
def test_what_had_to_hold_before_is_not_asked_of_what_a_step_has_made(
    server: Server, database: Database, tmp_path: Path, states: tuple[str, str], line: str
) -> None:
    file = file_of(database, server, tmp_path, *states)
    assert "CALL pg_temp.expect_absent" in file.read_text()
    ended_at(server, database, file, line)
    done = psql(server, database, "-f", file)
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT finished_at IS NOT NULL FROM migrator.run") == [(True,)]


def test_a_ledger_that_an_earlier_version_made_is_brought_up_to_date(
    server: Server, database: Database, tmp_path: Path
) -> None:
    file = file_of(database, server, tmp_path, *TO_UNIQUE)
    ended_at(server, database, file, "CALL pg_temp.done(1,")
    with database.connect() as connection:
        connection.execute("ALTER TABLE migrator.run DROP COLUMN begun_at")
    done = psql(server, database, "-f", file)
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT count(*), bool_and(finished_at IS NOT NULL) FROM migrator.run") == [
        (1, True)
    ]
    assert psql(server, database, "-f", file).returncode == 0


def test_another_file_may_be_run_instead_of_one_that_ended_before_it_changed_anything(
    server: Server, database: Database, tmp_path: Path
) -> None:
    file = file_of(database, server, tmp_path, *TO_CHECKED)
    ended_at(server, database, file, "SELECT pg_temp.todo(1)")
    file.write_text(
        file.read_text().replace("\\set migrator_revision 'r'", "\\set migrator_revision 'other'")
    )
    done = psql(server, database, "-f", file)
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT revision FROM migrator.run") == [("other",)]
