"""Between two commits of a migration nobody sees more, or less, than both before and after it, or the plan says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from migrator.errors import PlanError
from migrator.hazards import Hazards
from migrator.plan.plan import Plan, refuse
from migrator.plan.sight import bound
from migrator.plan.steps import group
from migrator.postgres import Database, Server
from migrator.statement import Sight, Statement
from tests.test_partitions import execute, made

SECURED = "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE o ENABLE ROW LEVEL SECURITY;"
TABLES = """CREATE TABLE t (a varchar(10), n int, CONSTRAINT c CHECK (a <> '')); CREATE TABLE o (a varchar(10), n int);"""
WIDER = TABLES.replace("10", "20")
ROWS = "INSERT INTO {0} SELECT chr(96 + i), i FROM generate_series(1, 6) i"
VIEW = "CREATE VIEW v AS SELECT t.a, o.a AS b FROM t, o;"
ON_COLUMNS = f"""{SECURED} {VIEW} CREATE INDEX i ON t (a) WHERE a > 'b';
    CREATE POLICY shows ON t USING (a < 'e'); CREATE POLICY hides ON t AS RESTRICTIVE USING (a <> 'b');
    CREATE POLICY shows ON o USING (a < 'e'); CREATE POLICY hides ON o AS RESTRICTIVE USING (a <> 'b');"""
FUNCTION = "CREATE FUNCTION {0}(given int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 < 5';"
CALLED = """{0} CREATE POLICY shows ON t USING (f(n)); CREATE POLICY hides ON t AS RESTRICTIVE USING (f(n + 1));
    CREATE POLICY shows ON o USING (f(n)); CREATE POLICY hides ON o AS RESTRICTIVE USING (f(n + 1));"""
STATE_USED = f"""CREATE TABLE t (a varchar({{0}}), n int, s s); CREATE TABLE o (a varchar({{0}}), n int, s s); {SECURED}
    CREATE VIEW v AS SELECT a FROM t WHERE s <> 'a';
    CREATE POLICY p ON t USING (a < 'e' AND s IS NULL OR s = 'a'::s);
    CREATE POLICY q ON t AS RESTRICTIVE USING (a > 'b' AND s IS NULL OR s = 'a'::s)"""
STATES = {
    "columns that policies, a view and an index use get wider": (TABLES + ON_COLUMNS, WIDER + ON_COLUMNS),
    "a function that policies of two tables call is replaced": (
        TABLES + FUNCTION.format("f") + CALLED.format(SECURED),
        TABLES + FUNCTION.format("f").replace("given", "given_otherwise") + CALLED.format(SECURED),
    ),
    "a policy of another command": (
        f"{TABLES} {SECURED} CREATE POLICY p ON t USING (n > 1); CREATE POLICY q ON t AS RESTRICTIVE USING (n > 2);",
        f"{TABLES} {SECURED} CREATE POLICY p ON t FOR SELECT USING (n > 1);"
        " CREATE POLICY q ON t AS RESTRICTIVE FOR SELECT USING (n > 2);",
    ),
    "permissive and restrictive policies change places": (
        f"{TABLES} {SECURED} CREATE POLICY p ON t USING (n > 1); CREATE POLICY q ON t AS RESTRICTIVE USING (n > 2);",
        f"{TABLES} {SECURED} CREATE POLICY p ON t AS RESTRICTIVE USING (n < 5); CREATE POLICY q ON t USING (n < 6);",
    ),
    "policies under other names, which call what is new": (
        f"{TABLES} {SECURED} CREATE POLICY z ON t USING (n = 1); CREATE TABLE gone (id int);",
        f"{TABLES} {SECURED} {FUNCTION.format('later')} CREATE POLICY a ON t USING (n = 2 AND later(n));"
        " ALTER TABLE o ADD CONSTRAINT positive CHECK (n > 0)",
    ),
    "a policy under another name, which needs a key that takes long": (
        f"{TABLES} {SECURED} CREATE POLICY z ON t USING (n = 1);",
        f"{TABLES} {SECURED} ALTER TABLE o ADD CONSTRAINT k PRIMARY KEY (n);"
        " CREATE VIEW v AS SELECT n, a FROM o GROUP BY n; CREATE POLICY a ON t USING (n = 2 OR n IN (SELECT n FROM v))",
    ),
    "two policies altered, with the other's terms each": (
        f"{TABLES} {SECURED} CREATE POLICY p ON t USING (n = 1); CREATE POLICY q ON t USING (n = 2);"
        " CREATE POLICY m ON o USING (n = 1);",
        f"{TABLES} {SECURED} CREATE POLICY p ON t USING (n = 2); CREATE POLICY q ON t USING (n = 1);"
        " CREATE POLICY m ON o USING (n = 2);",
    ),
    "a label is added to a type that policies use": (
        "CREATE TYPE s AS ENUM ('a', 'b');" + STATE_USED.format("10"),
        "CREATE TYPE s AS ENUM ('a', 'b', 'c');" + STATE_USED.format("20"),
    ),
    "a table with policies becomes partitioned": (
        f"{TABLES} {SECURED} CREATE POLICY p ON t USING (n > 1); CREATE POLICY q ON t AS RESTRICTIVE USING (n > 2);",
        f"{TABLES.replace('));', ')) PARTITION BY RANGE (n); CREATE TABLE t1 PARTITION OF t DEFAULT;', 1)} {SECURED}"
        " CREATE POLICY p ON t USING (n > 1); CREATE POLICY q ON t AS RESTRICTIVE USING (n > 2);",
    ),
    "row security is turned on with its policies": (
        TABLES,
        TABLES + FUNCTION.format("f") + CALLED.format(SECURED),
    ),
}


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("case", STATES)
def test_row_security_shows_neither_more_nor_less_between_two_commits(
    server: Server, database: Database, case: str, direction: str
) -> None:
    before, after = STATES[case] if direction == "up" else reversed(STATES[case])
    execute(database, before)
    found = made(server, database, after, allowed=None)
    assert not _told(found)
    for table in ("t", "o"):
        execute(database, ROWS.format(table))
    commits = [*_commits(database, found, _rows)]
    for seen in commits:
        assert commits[0] & commits[-1] <= seen <= commits[0] | commits[-1]


PUBLISHED = {
    "columns that row filters use get wider": (
        f"{TABLES} {VIEW} CREATE PUBLICATION p FOR TABLE t WHERE (a <> 'x'), TABLE o WHERE (a <> 'x')",
        f"{WIDER} {VIEW} CREATE PUBLICATION p FOR TABLE t WHERE (a <> 'x'), TABLE o WHERE (a <> 'x')",
    ),
    "a list of columns": (
        f"{TABLES} CREATE PUBLICATION p FOR TABLE t, TABLE o",
        f"{TABLES} CREATE PUBLICATION p FOR TABLE t (a), TABLE o (n)",
    ),
    "all tables or a few": (
        f"{TABLES} CREATE PUBLICATION p FOR ALL TABLES",
        f"{TABLES} ALTER TABLE t ADD CONSTRAINT d CHECK (n > 0); CREATE PUBLICATION p FOR TABLE t, TABLE o",
    ),
    "the schema or its tables": (
        f"{TABLES} CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
        f"{TABLES} CREATE PUBLICATION p FOR TABLE t (a), TABLE o (n)",
    ),
}


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("case", PUBLISHED)
def test_a_table_that_is_published_before_and_after_is_published_at_every_commit(
    server: Server, database: Database, case: str, direction: str
) -> None:
    before, after = PUBLISHED[case] if direction == "up" else reversed(PUBLISHED[case])
    execute(database, before)
    found = made(server, database, after, allowed=None)
    assert not _told(found)
    for seen in _commits(database, found, _published):
        assert seen == {("p", "t"), ("p", "o")}


def test_a_restrictive_policy_that_has_to_be_away_for_long_is_refused_unless_allowed(
    server: Server, database: Database
) -> None:
    before, after = STATES["a policy of another command"]
    execute(database, before)
    found = made(server, database, after)
    alone = Statement("LONG", alone=True, subject=("table", "public", "o"))
    parted = [each for one in found.statements for each in (replace(one, with_last=False), alone)]
    found = replace(found, steps=tuple(group(bound(parted))))
    assert _told(found) == {
        ("policy", "public", "t", "p"): ["HIDES_ROWS", "SHOWS_ROWS"],
        ("policy", "public", "t", "q"): ["SHOWS_ROWS"],
    }
    with pytest.raises(PlanError) as caught:
        refuse(found, {})
    assert caught.value.where == "policy public.t.p"
    assert "SHOWS_ROWS" in str(caught.value.why)
    refuse(found, dict.fromkeys(("policy public.t.p", "policy public.t.q"), "nobody is connected"))


def test_a_table_that_cannot_be_published_again_at_once_is_told() -> None:
    leaves, comes = (
        Sight(("publication_table", "p", "t"), more, not more, None, Hazards.MISSES_CHANGES)
        for more in (False, True)
    )
    first, long, last = bound(
        [Statement("DROP", sight=leaves), Statement("LONG", alone=True), Statement("ADD", sight=comes)]
    )
    assert first.hazards == (Hazards.MISSES_CHANGES,)
    assert not (long.hazards or last.hazards or last.with_last)
    kept = bound([Statement("DROP", sight=leaves), Statement("SHORT"), Statement("ADD", sight=comes)])
    assert [(one.hazards, one.with_last) for one in kept] == [((), False), ((), True), ((), True)]
    other_way = bound([Statement("ADD", sight=comes), Statement("LONG"), Statement("DROP", sight=leaves)])
    assert not any(one.hazards or one.with_last for one in other_way)


def _told(found: Plan) -> dict[tuple[str, ...], list[str]]:
    ours = {Hazards.SHOWS_ROWS, Hazards.HIDES_ROWS, Hazards.MISSES_CHANGES}
    told: dict[tuple[str, ...], list[str]] = {}
    for one in found.statements:
        for hazard in ours.intersection(one.hazards):
            told.setdefault(one.subject, []).append(hazard.code)
    return told


def _commits(database: Database, found: Plan, look: object) -> Iterator[set[tuple[object, ...]]]:
    """What is seen before the plan and after each of its commits."""
    with database.connect() as connection:
        connection.autocommit = True
        yield look(connection)  # type: ignore[operator]
        for step in found.steps:
            if step.transactional:
                with connection.transaction():
                    for statement in step.statements:
                        connection.execute(statement.sql.encode())
            else:
                connection.execute(step.statements[0].sql.encode())
            yield look(connection)  # type: ignore[operator]


def _rows(connection: psycopg.Connection) -> set[tuple[object, ...]]:
    with connection.transaction():
        connection.execute("SET LOCAL ROLE pg_read_all_data")
        return {*connection.execute("SELECT 't', n FROM t UNION ALL SELECT 'o', n FROM o")}


def _published(connection: psycopg.Connection) -> set[tuple[object, ...]]:
    return {*connection.execute("SELECT pubname, tablename FROM pg_publication_tables")}
