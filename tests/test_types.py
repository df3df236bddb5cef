"""Changes of type: what is tried, what is refused, and which rows are asked for before anything changes."""

from __future__ import annotations

import re
from functools import partial

import pytest

from migrator import psql
from migrator.errors import PlanError
from migrator.hazards import Hazards
from migrator.plan.plan import Plan, plan
from migrator.postgres import Database, Server
from migrator.state import catalog, trial

CHEAP = [
    ("varchar(10)", "varchar(20)"),
    ("varchar(10)", "varchar"),
    ("varchar(10)", "text"),
    ("numeric(5,2)", "numeric(8,2)"),
    ("numeric(5,2)", "numeric"),
    ("timestamp(3)", "timestamp"),
    ("varbit(4)", "varbit(8)"),
    ("timestamp", "timestamptz"),
]
DEAR = [
    ("varchar(20)", "varchar(10)"),
    ("integer", "bigint"),
    ("bigint", "integer"),
    ("numeric(5,2)", "numeric(8,3)"),
    ("timestamp", "timestamp(3)"),
    ("text", "integer"),
]


def _plan(server: Server, before: str, after: str, using: dict[str, str] | None = None) -> Plan:
    with server.scratch() as old, server.scratch() as new:
        for database, script in ((old, before), (new, after)):
            psql.run_script(script, database.conninfo, psql=server.tool("psql"))
        with old.connect() as one, new.connect() as other:
            return plan(
                catalog.read(one),
                catalog.read(other),
                oldest=server.version,
                attempt=partial(trial.attempt, other),
                using=using,
            )


def _rewrites(made: Plan) -> bool:
    return any(Hazards.REWRITES_TABLE in statement.hazards for statement in made.statements)


def _in_the_way(made: Plan, database: Database, state: str, rows: str) -> list[list[object]]:
    """What each precondition finds, as its first column, in a database of that state with these rows."""
    psql.run_script(state + rows, database.conninfo, psql=database.server.tool("psql"))
    found = []
    with database.connect() as connection:
        for one in made.preconditions:
            if one.setup:
                connection.execute(one.setup)
            found.append(sorted(row[0] for row in connection.execute(one.query)))
    return found


def test_a_change_that_rewrites_nothing_is_found_cheap(server: Server) -> None:
    columns = lambda place: ", ".join(f"c{n} {pair[place]}" for n, pair in enumerate(CHEAP))  # noqa: E731
    made = _plan(server, f"CREATE TABLE t ({columns(0)})", f"CREATE TABLE t ({columns(1)})")
    assert len(made.statements) == len(CHEAP)
    assert not _rewrites(made)
    assert not made.preconditions


def test_a_change_that_rewrites_is_found_dear(server: Server) -> None:
    columns = lambda place: ", ".join(f"c{n} {pair[place]}" for n, pair in enumerate(DEAR))  # noqa: E731
    made = _plan(server, f"CREATE TABLE t ({columns(0)})", f"CREATE TABLE t ({columns(1)})")
    assert [Hazards.REWRITES_TABLE in one.hazards for one in made.statements] == [True] * len(DEAR)


def test_an_index_that_a_cheap_change_would_build_under_the_lock_is_built_concurrently(
    server: Server,
) -> None:
    before = """CREATE TABLE t (at timestamp, name varchar(10));
      CREATE INDEX t_at ON t (at); CREATE INDEX t_name ON t (name);"""
    made = _plan(server, before, before.replace("timestamp", "timestamptz").replace("(10)", "(20)"))
    said = [one.sql.split(" ON ")[0].split(" TYPE ")[0] for one in made.statements]
    assert [one for one in said if not one.endswith(" name")] == [
        "DROP INDEX CONCURRENTLY public.t_at",
        "ALTER TABLE public.t ALTER COLUMN at",
        "CREATE INDEX CONCURRENTLY t_at",
    ]


def test_a_check_on_a_widened_column_is_validated_afterwards(server: Server) -> None:
    before = "CREATE TABLE t (name varchar(10) CONSTRAINT long CHECK (length(name) > 1))"
    made = _plan(server, before, before.replace("(10)", "(20)"))
    said = [one.sql for one in made.statements]
    assert said[0] == "ALTER TABLE public.t DROP CONSTRAINT long"
    assert said[-2].endswith(" NOT VALID")
    assert said[-1] == "ALTER TABLE public.t VALIDATE CONSTRAINT long"


def test_a_change_that_postgresql_has_no_cast_for_names_the_column_and_the_hook(server: Server) -> None:
    states = ("CREATE TABLE t (c bigint)", "CREATE TABLE t (c timestamptz)")
    with pytest.raises(PlanError, match=r"column public\.t\.c: .*bigint.*timestamp") as error:
        _plan(server, *states)
    assert '[using], "column public.t.c"' in str(error.value.hint)
    made = _plan(server, *states, using={"column public.t.c": "to_timestamp(c)"})
    assert made.statements[0].sql.endswith("USING to_timestamp(c)")
    assert _rewrites(made)


@pytest.mark.parametrize(
    "column", ["d positive", "d integer GENERATED ALWAYS AS (id + 1) STORED"], ids=["rule", "generated"]
)
@pytest.mark.parametrize("child", ["", "CREATE TABLE c () INHERITS (t);"], ids=["itself", "child"])
def test_a_column_that_rows_stored_elsewhere_cannot_take_names_what_holds_them(
    server: Server, column: str, child: str
) -> None:
    domain = "CREATE DOMAIN positive AS integer CHECK (value > 0);"
    holds = f"{child} CREATE TABLE h (one {'c' if child else 't'}[]);"
    states = (f"{domain} CREATE TABLE t (id integer {more}); {holds}" for more in ("", f", {column}"))
    with pytest.raises(PlanError, match=r"column public\.t\.d: cannot come") as error:
        _plan(server, *states)
    assert "column public.h.one holds rows" in str(error.value.why)
    assert "column public.h.one" in str(error.value.hint)


def test_rows_of_another_form_inside_an_array_or_a_domain_of_one_are_not_converted_by_place(
    server: Server,
) -> None:
    rest = "CREATE DOMAIN several AS t[]; CREATE TABLE h (x several);"
    states = [f"CREATE TABLE t ({inside}); {rest}" for inside in ("id int, b text", "b text, id bigint")]
    with pytest.raises(PlanError, match=r"column public\.h\.x: no expression changes the rows inside"):
        _plan(server, *states)
    given = {"column public.h.x": "NULL"}
    assert any("USING NULL" in one.sql for one in _plan(server, *states, using=given).statements)


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ("CREATE TABLE t (k pair) PARTITION BY RANGE (k);", r"table public\.t"),
        ("CREATE TYPE pairs AS RANGE (SUBTYPE = pair); CREATE TABLE t (k pairs);", r"range public\.pairs"),
    ],
    ids=["partition key", "range"],
)
def test_a_default_operator_class_that_others_cannot_be_without_names_them_and_the_way_round(
    server: Server, user: str, word: str
) -> None:
    types = "CREATE TYPE pair AS (a int, b int);" + "".join(
        f"CREATE FUNCTION {name}(pair, pair) RETURNS {result} IMMUTABLE RETURN {body};"
        for name, result, body in [
            *((name, "boolean", "($1).a < ($2).a") for name in ("lt", "le", "eq", "ge", "gt")),
            *((name, "integer", "($1).a - ($2).a") for name in ("first", "second")),
        ]
    )
    types += "".join(
        f"CREATE OPERATOR {sign} (LEFTARG = pair, RIGHTARG = pair, FUNCTION = {name});"
        for sign, name in {"<<<": "lt", "<<=": "le", "===": "eq", "=>>": "ge", ">>>": "gt"}.items()
    )
    states = [
        f"""{types} CREATE OPERATOR CLASS by_a DEFAULT FOR TYPE pair USING btree AS OPERATOR 1 <<<, OPERATOR 2 <<=,
            OPERATOR 3 ===, OPERATOR 4 =>>, OPERATOR 5 >>>, FUNCTION 1 {compares}(pair, pair); {user}"""
        for compares in ("first", "second")
    ]
    with pytest.raises(
        PlanError, match=r"operator class public\.by_a\.btree: it cannot be replaced"
    ) as error:
        _plan(server, *states)
    assert re.search(word, str(error.value.why))


@pytest.mark.parametrize(
    ("old", "new", "good", "bad"),
    [
        ("varchar(20)", "varchar(3)", "abc  ", "abcd"),
        ("text", "integer", "12", "twelve"),
        ("bigint", "integer", "7", "3000000000"),
        ("numeric", "numeric(4,1)", "999.9", "1000"),
        ("text", "date[]", "{2020-01-01}", "{soon}"),
    ],
)
def test_values_that_do_not_fit_are_asked_for(
    server: Server, database: Database, old: str, new: str, good: str, bad: str
) -> None:
    before = f'CREATE TABLE t (id integer, "the ""c" {old});'
    made = _plan(server, before, f'CREATE TABLE t (id integer, "the ""c" {new});')
    rows = f"INSERT INTO t VALUES (1, '{good}'), (2, '{bad}'), (3, NULL);"
    assert _in_the_way(made, database, before, rows) == [[2]]


def test_a_conversion_of_the_author_is_asked_with_all_columns_of_the_row(
    server: Server, database: Database
) -> None:
    before = "CREATE TABLE t (id integer, c text, more integer);"
    made = _plan(
        server,
        before,
        "CREATE TABLE t (id integer, c integer, more integer);",
        {"column public.t.c": "c::integer / more"},
    )
    rows = "INSERT INTO t VALUES (1, '4', 2), (2, '4', 0), (3, 'x', 1);"
    assert _in_the_way(made, database, before, rows) == [[2, 3]]


def test_rows_with_an_enum_value_that_goes_are_asked_for_wherever_they_hold_it(
    server: Server, database: Database
) -> None:
    before = """CREATE TYPE e AS ENUM ('a', 'it''s'); CREATE DOMAIN d AS e; CREATE TYPE p AS (x e, n integer);
      CREATE TABLE t (id integer, one e, many e[], d d, p p, ps p[]);"""
    made = _plan(server, before, before.replace("'a', 'it''s'", "'a'"))
    rows = """INSERT INTO t VALUES (0, 'a', '{a}', 'a', '(a,1)', '{"(a,1)"}'),
      (1, 'it''s', NULL, NULL, NULL, NULL), (2, NULL, '{a,it''s}', NULL, NULL, NULL), (3, NULL, NULL, 'it''s', NULL, NULL),
      (4, NULL, NULL, NULL, '(it''s,1)', NULL), (5, NULL, NULL, NULL, NULL, '{"(a,1)","(it''s,1)"}');"""
    assert sorted(_in_the_way(made, database, before, rows)) == [[1], [2], [3], [4], [5]]


def test_values_that_no_label_of_a_new_enum_takes_are_asked_for(server: Server, database: Database) -> None:
    before = "CREATE TABLE t (id integer, c text);"
    made = _plan(server, before, "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id integer, c e);")
    rows = "INSERT INTO t VALUES (1, 'a'), (2, 'c'), (3, NULL);"
    assert _in_the_way(made, database, before, rows) == [[2]]


def test_values_that_a_new_rule_of_a_domain_forbids_are_asked_for(server: Server, database: Database) -> None:
    before = 'CREATE DOMAIN d AS integer; CREATE TABLE t (id integer, "value" d);'
    made = _plan(
        server,
        before,
        before.replace("AS integer;", "AS integer NOT NULL CONSTRAINT small CHECK (VALUE < 9);", 1),
    )
    rows = "INSERT INTO t VALUES (1, 1), (2, 10), (3, NULL);"
    assert sorted(_in_the_way(made, database, before, rows)) == [[2], [3]]


def test_a_type_does_not_change_over_two_levels_of_not_nulls_of_other_names(server: Server) -> None:
    if server.version < 18:
        pytest.skip("before 18 they have no names")

    def tree(type_: str) -> str:
        return f"""CREATE TABLE p (a {type_} NOT NULL); CREATE TABLE c (a {type_} CONSTRAINT own NOT NULL) INHERITS (p);
            CREATE TABLE g (a {type_} CONSTRAINT another NOT NULL) INHERITS (c);"""

    with pytest.raises(PlanError, match=r"not null public\.c\.a(.*\n)*.*make it again as own"):
        _plan(server, tree("int"), tree("bigint"))
