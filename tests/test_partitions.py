"""Partitions come, go and change under the eyes of readers and writers, and no row is left without a place."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from migrator.errors import PlanError
from migrator.migration.sql import migration_file
from migrator.plan.plan import Plan, plan, refuse
from migrator.postgres import Database, Server
from migrator.state import catalog, trial
from migrator.statement import LockMode
from tests import judge
from tests.migrated import psql, rows, value
from tests.test_killed import OPERATORS, end_backend, start, until_free
from tests.test_locks import measured, waits_while_it_holds, works_under_lock

RANGES = """CREATE TABLE m (id int, a int, CONSTRAINT m_id_check CHECK (id >= 0)) PARTITION BY RANGE (id);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (100);
    CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (100) TO (1000);"""
M1 = """CREATE TABLE m (id int, a int, CONSTRAINT m_id_check CHECK (id >= 0)) PARTITION BY RANGE (id);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (100);"""
APART = M1 + "CREATE TABLE m2 (id int, a int, CONSTRAINT m_id_check CHECK (id >= 0));"
ROWS = "INSERT INTO m SELECT i, i FROM generate_series(1, 300) i;"
PENDING = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending"


def made(server: Server, before: Database, after: str, *, allowed: tuple[str, ...] | None = ()) -> Plan:
    """The plan from a database to a state."""
    with server.scratch() as new:
        with new.connect() as connection:
            connection.execute(after)
        with before.connect() as one, new.connect() as other:
            return plan(
                catalog.read(one),
                catalog.read(other),
                oldest=server.version,
                attempt=partial(trial.attempt, other),
                allowed=allowed,
            )


def written(found: Plan, folder: Path) -> Path:
    """The plan as the file of a migration."""
    file = folder / "upgrade.sql"
    file.write_text(
        migration_file(found, revision="r", direction="upgrade", before=None, after="r", about=[])
    )
    return file


def execute(database: Database, sql: str) -> None:
    with database.connect() as connection:
        connection.execute(sql)


# Detached


@pytest.mark.parametrize("after", [APART, M1], ids=["kept as a table", "dropped"])
def test_nobody_who_uses_the_parent_waits_while_a_partition_is_detached(server: Server, after: str) -> None:
    with measured(server, RANGES, after) as found:
        seen = [one for s in found.statements if s.measured for one in s.measured.locks]
        refuse(found, {})
    on_parent = {one.mode for one in seen if one.relation == ("table", "public", "m")}
    assert on_parent == {LockMode.SHARE_UPDATE_EXCLUSIVE}


@pytest.mark.parametrize(
    "beside", ["", "CREATE TABLE rest PARTITION OF k DEFAULT;"], ids=["alone", "beside a default"]
)
def test_nobody_waits_who_writes_where_rows_refer_to_the_parent_of_a_partition_that_is_detached(
    server: Server, beside: str
) -> None:
    """DETACH of either sort would hold them off, and read their table, were the foreign key there."""
    first = "CREATE TABLE k (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE k1 PARTITION OF k FOR VALUES FROM (0) TO (9);"
    refers = "CREATE TABLE r (k int CONSTRAINT r_k REFERENCES k); INSERT INTO r SELECT 1 FROM generate_series(1, 300);"
    rows = "INSERT INTO k VALUES (1);"
    second = "CREATE TABLE k2 PARTITION OF k FOR VALUES FROM (10) TO (20);"
    with measured(server, first + second + beside + rows + refers, first + beside + rows + refers) as found:
        refuse(found, {})
        assert not works_under_lock(found)
        assert not waits_while_it_holds(found)
    (step,) = [one for one in found.steps if any("DETACH" in s.sql for s in one.statements)]
    assert ["DROP CONSTRAINT r_k" in s.sql or "ADD CONSTRAINT r_k" in s.sql for s in step.statements].count(
        True
    ) == 2


def test_a_detach_that_reads_the_tables_which_refer_to_its_parent_says_so(
    server: Server, database: Database
) -> None:
    """Up to PostgreSQL 17 a foreign key of a partitioned table cannot come back without being proved under a lock."""
    tree = "CREATE TABLE k (id int PRIMARY KEY, up int REFERENCES k) PARTITION BY RANGE (id); CREATE TABLE k1 PARTITION OF k FOR VALUES FROM (0) TO (9);"
    second = "CREATE TABLE k2 PARTITION OF k FOR VALUES FROM (10) TO (20);"
    execute(database, tree + second)
    found = made(server, database, tree)  # not measured: what is refused is what the plan itself knows
    if server.version < 18:
        with pytest.raises(PlanError, match="DETACH"):
            refuse(found, {})
    else:
        refuse(found, {})


def test_a_partition_beside_a_default_one_is_detached_the_plain_way_and_its_lock_is_told(
    server: Server,
) -> None:
    default = "CREATE TABLE rest PARTITION OF m DEFAULT;"
    with measured(server, RANGES + default, APART + default) as found:
        first = found.steps[0]
    assert {(one.relation[-1], one.mode) for one in first.locks} == {
        ("m", LockMode.ACCESS_EXCLUSIVE),
        ("m2", LockMode.ACCESS_EXCLUSIVE),
        ("rest", LockMode.ACCESS_EXCLUSIVE),
    }


@pytest.mark.parametrize(
    "after",
    [APART, APART + "ALTER TABLE m2 ADD CONSTRAINT m2_id_check CHECK (id < 1000);", M1],
    ids=["kept as a table", "kept with a new CHECK", "dropped"],
)
@pytest.mark.parametrize("when", ["while it waits", "when it is done but not noted"])
def test_a_detach_that_is_killed_is_finished_by_the_same_file(
    server: Server, database: Database, tmp_path: Path, after: str, when: str
) -> None:
    execute(database, RANGES + ROWS)
    file = written(made(server, database, after), tmp_path)
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM m")
        with start(server, database, file) as process:
            while not rows(database, PENDING):
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            execute(database, "INSERT INTO m VALUES (50, 50)")
            with database.connect() as connection:
                end_backend(process, connection)
            process.communicate()
        assert rows(database, OPERATORS) == []
    assert rows(database, PENDING) == [("m2",)]
    if when == "when it is done but not noted":
        execute(database, "ALTER TABLE m DETACH PARTITION m2 FINALIZE")
    again = psql(server, database, "-f", file)
    assert again.returncode == 0, again.stderr
    until_free(database)
    with server.scratch() as wanted:
        execute(wanted, after)
        execute(database, "DROP SCHEMA migrator CASCADE; DROP TABLE alembic_version")
        assert not judge.difference(judge.dump(database), judge.dump(wanted))
    assert value(database, "SELECT count(*) FROM m") == 100
    if after != M1:
        assert value(database, "SELECT count(*) FROM m2") == 201


def test_a_partition_that_goes_leaves_what_its_siblings_have_alone(
    server: Server, database: Database
) -> None:
    """Keys and triggers of the whole table are not made again because one partition has a copy of them."""
    before = (
        "CREATE TABLE c (id int PRIMARY KEY);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TABLE t (id int PRIMARY KEY, c int REFERENCES c, up int REFERENCES t) PARTITION BY RANGE (id);"
        "CREATE INDEX i ON t (c); CREATE TRIGGER g BEFORE UPDATE OF c ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TABLE other (id int REFERENCES t);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);"
    )
    execute(database, before + "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100) TO (200)")
    found = made(server, database, before)
    assert not found.changes.created
    assert {identity[2] for identity in found.changes.dropped} <= {"t2", "t2_pkey", "t2_c_idx"}


def test_rows_that_refer_to_a_partition_which_goes_are_told_before_anything_changes(
    server: Server, database: Database
) -> None:
    keys = "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t) PARTITION BY RANGE (id);"
    inner = (
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);"
        "CREATE TABLE t11 PARTITION OF t1 FOR VALUES FROM (0) TO (50);"
    )
    other = "CREATE TABLE other (t int REFERENCES t);"
    last = "CREATE TABLE t12 PARTITION OF t1 FOR VALUES FROM (50) TO (100);"
    execute(database, keys + inner + last + other)
    execute(
        database,
        "INSERT INTO t VALUES (1, NULL), (60, 1), (70, NULL); INSERT INTO other VALUES (1), (60), (60)",
    )
    found = made(server, database, keys + inner + other)
    assert asked(database, found) == {
        "no row of public.other refers to a row of public.t12 by other_t_fkey": 2
    }
    execute(database, "DELETE FROM other WHERE t = 60; UPDATE t SET up = 70 WHERE id = 1")
    assert asked(database, found) == {"no row of public.t refers to a row of public.t12 by t_up_fkey": 1}
    execute(database, "UPDATE t SET up = NULL WHERE id = 1")
    assert not asked(database, found)
    with server.scratch() as wanted:
        execute(wanted, keys + inner + other)
        assert judge.transition(database, wanted) in (
            None,
            "rows: public.t: lost ['(60,1)', '(70,)'], new []",
        )
    assert value(database, "SELECT count(*) FROM other") == 1


# Attached

BESIDE = RANGES + "CREATE TABLE rest PARTITION OF m DEFAULT;"
THIRD = "CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (2000) TO (3000);"


@pytest.mark.parametrize(
    "before", ["", "CREATE TABLE m3 (id int, a int, CONSTRAINT m_id_check CHECK (id >= 0));"]
)
def test_a_partition_comes_beside_a_default_one_and_neither_is_read_under_a_lock(
    server: Server, before: str
) -> None:
    filled = "INSERT INTO m SELECT i, i FROM generate_series(1, 1500) i;"
    alone = before and "INSERT INTO m3 SELECT i, i FROM generate_series(2000, 2100) i;"
    with measured(server, BESIDE + filled + before + alone, BESIDE + THIRD) as found:
        refuse(found, {})
        attach = [s for s in found.statements if s.subject == ("partition", "public", "m3")]
        blind = {one for s in attach if s.measured for one in s.measured.blind}
        under_lock = {
            one
            for step in found.steps
            if step.stops_writers
            for s in step.statements
            for one in (s.measured.reads if s.measured else ())
        }
    assert not blind and not under_lock
    assert {h.code for s in attach for h in s.hazards} == {"HOLDS_OFF_ROWS"}


def asked(database: Database, found: Plan) -> dict[str, int]:
    """How many rows each precondition finds, those that find none left out."""
    with database.connect() as connection:
        counts = {
            one.name: connection.execute(f"SELECT count(*) FROM ({one.query}) AS q".encode()).fetchall()[0][0]
            for one in found.preconditions
        }
    return {name: count for name, count in counts.items() if count}


def test_rows_of_a_new_partition_that_the_default_holds_are_told_before_anything_changes(
    server: Server, database: Database, tmp_path: Path
) -> None:
    execute(database, BESIDE + "INSERT INTO m VALUES (1500, 1), (2500, 2), (2600, 3)")
    found = made(server, database, BESIDE + THIRD)
    assert asked(database, found) == {"no row of the default partition public.rest belongs to public.m3": 2}
    refused = psql(server, database, "-f", written(found, tmp_path))
    assert refused.returncode == 3
    assert "2 rows are in the way" in refused.stderr
    assert '"partition public.m3" = "a sentence why"' in refused.stderr
    assert value(database, "SELECT to_regclass('m3') IS NULL")


def test_rows_of_a_new_partition_that_the_default_holds_move_where_the_author_lets_writers_wait(
    server: Server, database: Database, tmp_path: Path
) -> None:
    execute(database, BESIDE + "INSERT INTO m VALUES (1500, 1), (2500, 2), (2600, 3)")
    found = made(server, database, BESIDE + THIRD, allowed=("partition public.m3",))
    with pytest.raises(PlanError, match=r"partition public\.m3"):
        refuse(found, {})
    done = psql(server, database, "-f", written(found, tmp_path))
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT tableoid::regclass::text, id FROM m ORDER BY id") == [
        ("rest", 1500),
        ("m3", 2500),
        ("m3", 2600),
    ]


# Rows without a place

PLAIN = "CREATE TABLE t (id int NOT NULL, region text, day date);"
ID_ONLY = "CREATE TABLE t (id int NOT NULL, region text, day date) PARTITION BY RANGE (id);"
LISTED = "CREATE TABLE t (id int NOT NULL, region text, day date) PARTITION BY LIST (region);"
FIT = "every row of public.t fits a partition of public.t"

PLACES = {
    "no partition at all": (PLAIN, LISTED, {FIT: 4}),
    "one list": (PLAIN, LISTED + "CREATE TABLE n PARTITION OF t FOR VALUES IN ('n', NULL);", {FIT: 1}),
    "a default": (
        PLAIN,
        LISTED + "CREATE TABLE n PARTITION OF t FOR VALUES IN ('n'); CREATE TABLE r PARTITION OF t DEFAULT;",
        {},
    ),
    "two levels": (
        PLAIN,
        LISTED
        + "CREATE TABLE n PARTITION OF t FOR VALUES IN ('n', 's', NULL) PARTITION BY RANGE (id);"
        + "CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (0) TO (3);",
        {FIT: 2},
    ),
    "hash": (
        PLAIN,
        "CREATE TABLE t (id int NOT NULL, region text, day date) PARTITION BY HASH (id);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);",
        {},
    ),
    "hash below a list": (
        PLAIN,
        LISTED
        + "CREATE TABLE n PARTITION OF t FOR VALUES IN ('n') PARTITION BY HASH (id);"
        + "CREATE TABLE n0 PARTITION OF n FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
        {FIT: 2},
    ),
    "another type of the key": (
        PLAIN,
        "CREATE TABLE t (id bigint NOT NULL, region text, day date) PARTITION BY RANGE (id);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES FROM (0) TO (2);",
        {FIT: 3},
    ),
    "a key that is new": (
        PLAIN,
        "CREATE TABLE t (id int NOT NULL, region text, day date, k int DEFAULT 7) PARTITION BY LIST (k);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES IN (8);",
        {FIT: 4},
    ),
    "another key": (
        LISTED + "CREATE TABLE r PARTITION OF t DEFAULT;",
        ID_ONLY + "CREATE TABLE r PARTITION OF t FOR VALUES FROM (2) TO (9);",
        {FIT: 1},
    ),
    "other bounds": (
        ID_ONLY + "CREATE TABLE r PARTITION OF t FOR VALUES FROM (0) TO (9);",
        ID_ONLY
        + "CREATE TABLE r PARTITION OF t FOR VALUES FROM (0) TO (3);"
        + "CREATE TABLE q PARTITION OF t FOR VALUES FROM (4) TO (9);",
        {"every row of public.r fits a partition of public.t": 1},
    ),
    "other bounds of hash": (
        "CREATE TABLE t (id int NOT NULL, region text, day date) PARTITION BY HASH (id);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
        "CREATE TABLE t (id int NOT NULL, region text, day date) PARTITION BY HASH (id);"
        "CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);",
        {},
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_rows_that_fit_no_partition_are_counted_before_anything_changes(
    server: Server, database: Database, case: str
) -> None:
    before, after, expected = PLACES[case]
    execute(database, before + "INSERT INTO t VALUES (1, 'n'), (2, 'n'), (3, 's'), (4, NULL)")
    found = made(server, database, after, allowed=None)
    assert asked(database, found) == expected
    if not expected:
        return
    with server.scratch() as new:
        execute(new, after)
        told = judge.transition(database, new)
    assert told and told.startswith("run: "), "what was counted would have stopped the migration"


def test_no_migration_begins_whose_rows_fit_no_partition(
    server: Server, database: Database, tmp_path: Path
) -> None:
    execute(database, PLAIN + "INSERT INTO t VALUES (1, 'n'), (2, 'x')")
    found = made(server, database, LISTED + "CREATE TABLE n PARTITION OF t FOR VALUES IN ('n');")
    refused = psql(server, database, "-f", written(found, tmp_path))
    assert refused.returncode == 3
    assert (
        FIT in refused.stderr
        and '"region": "x"' in refused.stderr
        and "1 row is in the way" in refused.stderr
    )
    assert value(database, "SELECT relkind::text FROM pg_class WHERE oid = 't'::regclass") == "r"


# Other bounds

FULL = """CREATE TABLE c (id int PRIMARY KEY); CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY, c int REFERENCES c,
      CONSTRAINT t_pkey PRIMARY KEY (id), CONSTRAINT small CHECK (c < 1000)) PARTITION BY RANGE (id);
    CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);
    CREATE TABLE last PARTITION OF t FOR VALUES FROM (100) TO ({last});
    {more} CREATE INDEX t_c ON t (c); CREATE UNIQUE INDEX t_both ON t (id, c);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    ALTER TABLE last ADD CONSTRAINT own CHECK (id > 99); GRANT SELECT ON last TO PUBLIC;"""
LAST = FULL.format(last="MAXVALUE", more="")
SPLIT = FULL.format(
    last="1000", more="CREATE TABLE further PARTITION OF t FOR VALUES FROM (1000) TO (MAXVALUE);"
)
REST = "CREATE TABLE rest PARTITION OF t DEFAULT;"
# ATTACH PARTITION takes the oldest index that fits.
ONE_OF_TWO = """CREATE INDEX other ON last (c, id {order}); CREATE INDEX part ON last (c, id); CREATE INDEX t1_part ON t1 (c, id);
    CREATE INDEX whole ON ONLY t (c, id); ALTER INDEX whole ATTACH PARTITION part; ALTER INDEX whole ATTACH PARTITION t1_part;"""
NARROWED = FULL.format(last="1000", more="")
EQUAL, SORTED = ONE_OF_TWO.format(order="ASC"), ONE_OF_TWO.format(order="DESC")
BOUNDS = {
    "narrowed for a new one": (LAST, SPLIT),
    "widened over one that goes": (SPLIT, LAST),
    "beside a default": (FULL.format(last="1000", more=REST), FULL.format(last="900", more=REST)),
    "with an index equal to a part": (LAST + EQUAL, NARROWED + EQUAL),
    "with an index sorted otherwise than a part": (LAST + SORTED, NARROWED + SORTED),
    "widened beside a default": (FULL.format(last="900", more=REST), FULL.format(last="1000", more=REST)),
}
IN_T = "INSERT INTO c VALUES (1); INSERT INTO t (id, c) SELECT i, 1 FROM generate_series(1, 300) AS i;"


@pytest.mark.parametrize("case", BOUNDS)
def test_new_bounds_that_hold_are_given_at_once_without_reading_the_partition_under_a_lock(
    server: Server, database: Database, tmp_path: Path, case: str
) -> None:
    before, after = BOUNDS[case]
    execute(database, before + IN_T)
    found = made(server, database, after)
    assert not asked(database, found)
    (step,) = [one for one in found.steps if "DETACH PARTITION public.last" in str(one)]
    assert any("ATTACH PARTITION public.last" in one.sql for one in step.statements), "no row is out of sight"
    with measured(server, before + IN_T, after) as seen:
        refuse(seen, {})
        assert not works_under_lock(seen)
    done = psql(server, database, "-f", written(found, tmp_path))
    assert done.returncode == 0, done.stderr
    with server.scratch() as wanted:
        execute(wanted, after)
        execute(database, "DROP SCHEMA migrator CASCADE; DROP TABLE alembic_version")
        assert not judge.difference(judge.dump(database), judge.dump(wanted))
    assert not made(server, database, after).changes
    assert value(database, "SELECT count(*) FROM t") == 300


REFERRED = (
    "CREATE TABLE r (t int CONSTRAINT r_t REFERENCES t ON DELETE CASCADE);"
    "COMMENT ON CONSTRAINT r_t ON r IS 'of rows that stay';"
)


def test_rows_of_a_partition_that_gets_new_bounds_may_be_referred_to(
    server: Server, database: Database, tmp_path: Path
) -> None:
    """The foreign key is away for one transaction, in which nobody writes, and proved after it."""
    before, after = LAST + REFERRED, NARROWED + REFERRED
    filled = IN_T + "INSERT INTO r VALUES (2), (150)"
    execute(database, before + filled)
    found = made(server, database, after)
    assert not asked(database, found)
    (step,) = [one for one in found.steps if "DROP CONSTRAINT r_t" in str(one)]
    assert any("ADD CONSTRAINT r_t" in one.sql for one in step.statements)
    with measured(server, before + filled, after) as seen:
        refuse(seen, {})
        assert not works_under_lock(seen)
        assert not waits_while_it_holds(seen)
    done = psql(server, database, "-f", written(found, tmp_path))
    assert done.returncode == 0, done.stderr
    assert not made(server, database, after).changes
    with server.scratch() as wanted:
        execute(wanted, after)
        execute(database, "DROP SCHEMA migrator CASCADE; DROP TABLE alembic_version")
        assert not judge.difference(judge.dump(database), judge.dump(wanted))


def test_a_partition_whose_not_null_is_called_otherwise_is_not_read_under_a_lock(
    server: Server, database: Database, tmp_path: Path
) -> None:
    """It is detached and attached again for that, as an inherited constraint cannot be renamed."""
    if server.version < 18:
        pytest.skip("its name is part of the schema from PostgreSQL 18 on")
    whole = """CREATE TABLE c (id int PRIMARY KEY);
        CREATE TABLE t (id int, c int NOT NULL REFERENCES c, CONSTRAINT t_pkey PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE rest PARTITION OF t DEFAULT;"""
    plain = "CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (999);"
    named = """CREATE TABLE p (id int NOT NULL, c int CONSTRAINT p_is_in_one NOT NULL);
        ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (0) TO (999);"""
    filled = IN_T + "INSERT INTO t VALUES (2000, 1); INSERT INTO r VALUES (2), (2000)"
    for first, then in ((plain, named), (named, plain)):
        with measured(server, whole + first + REFERRED + filled, whole + then + REFERRED) as seen:
            refuse(seen, {})
            assert not works_under_lock(seen)
            assert not waits_while_it_holds(seen)
        with server.scratch() as one, server.scratch() as wanted:
            execute(one, whole + first + REFERRED + filled)
            execute(wanted, whole + then + REFERRED)
            assert judge.transition(one, wanted) is None


def test_rows_that_refer_to_such_a_partition_are_told_where_the_key_cannot_be_away_for_so_short(
    server: Server, database: Database, tmp_path: Path
) -> None:
    """Up to PostgreSQL 17 a foreign key of a partitioned table is made only by reading the table under a lock."""
    up = "ALTER TABLE t ADD up int CONSTRAINT t_up REFERENCES t;"
    execute(database, LAST + up + IN_T)
    assert not asked(database, made(server, database, NARROWED + up))
    execute(database, "UPDATE t SET up = 150 WHERE id = 3")
    found = made(server, database, NARROWED + up)
    told = "no row of public.t refers to a row of public.last by t_up"
    assert asked(database, found) == ({} if server.version >= 18 else {told: 1})
    ran = psql(server, database, "-f", written(found, tmp_path))
    assert ran.returncode == (0 if server.version >= 18 else 3), ran.stderr
    assert server.version >= 18 or "drop the foreign key in a migration before this one" in ran.stderr


def test_rows_that_new_bounds_leave_out_are_told_before_anything_changes_or_move_where_it_is_allowed(
    server: Server, database: Database, tmp_path: Path
) -> None:
    execute(database, LAST + IN_T + "INSERT INTO t VALUES (2000, 1), (3000, 1)")
    found = made(server, database, SPLIT)
    within = "every row of public.last is within FOR VALUES FROM (100) TO (1000)"
    assert asked(database, found) == {within: 2}
    refused = psql(server, database, "-f", written(found, tmp_path))
    assert refused.returncode == 3 and '"partition public.last" = "a sentence why"' in refused.stderr
    found = made(server, database, SPLIT, allowed=("partition public.last",))
    with pytest.raises(PlanError, match="ROWS_AWAY"):
        refuse(found, {})
    done = psql(server, database, "-f", written(found, tmp_path))
    assert done.returncode == 0, done.stderr
    assert rows(database, "SELECT tableoid::regclass::text, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        ("further", 2),
        ("last", 201),
        ("t1", 99),
    ]


def test_partitions_that_exchange_ranges_are_refused_since_their_rows_are_away_meanwhile(
    server: Server, database: Database
) -> None:
    execute(database, RANGES)
    found = made(server, database, RANGES.replace("(100)", "(200)"))
    with pytest.raises(PlanError, match="ROWS_AWAY"):
        refuse(found, {})
    refuse(found, {"partition public.m1": "at night", "partition public.m2": "at night"})


# Turned into a tree of INHERITS, and back

_TREE = """CREATE TABLE logs (id int, day date NOT NULL);
    CREATE TABLE logs_1 (CHECK (day < '2026-01-01')) INHERITS (logs);
    CREATE TABLE logs_2 (CHECK (day >= '2026-01-01')) INHERITS (logs);"""
_PARTITIONED = """CREATE TABLE logs (id int, day date NOT NULL) PARTITION BY RANGE (day);
    CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);"""
_LOGS = "INSERT INTO logs_1 VALUES (1, '2025-05-05'); INSERT INTO logs_2 VALUES (2, '2026-05-05');"


@pytest.mark.parametrize(
    ("before", "after"), [(_TREE, _PARTITIONED), (_PARTITIONED, _TREE)], ids=["partitioned", "a tree"]
)
def test_rows_lie_in_the_same_tables_when_a_tree_becomes_partitioned_and_back(
    server: Server, database: Database, tmp_path: Path, before: str, after: str
) -> None:
    execute(database, before + _LOGS)
    ran = psql(server, database, "-f", written(made(server, database, after, allowed=None), tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert rows(database, "SELECT tableoid::regclass::text, id FROM logs ORDER BY 2") == [
        ("logs_1", 1),
        ("logs_2", 2),
    ]


def test_a_tree_that_becomes_partitioned_is_refused_since_its_rows_are_away_meanwhile(
    server: Server, database: Database
) -> None:
    execute(database, _TREE)
    found = made(server, database, _PARTITIONED)
    with pytest.raises(PlanError, match=r"nobody sees its rows(.*\n)*.*\[allow\]"):
        refuse(found, {})
    refuse(
        found,
        {
            "inherit public.logs_1.public.logs": "at night",
            "inherit public.logs_2.public.logs": "at night",
            "table public.logs": "its own rows are few",
        },
    )


def test_rows_that_refer_to_a_partition_which_is_away_for_a_while_are_told_before_anything_changes(
    server: Server, database: Database
) -> None:
    key = "CREATE TABLE s (id int PRIMARY KEY, up int REFERENCES s) PARTITION BY HASH (id);"
    even = "CREATE TABLE s0 PARTITION OF s FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    execute(
        database, f"{key} {even} CREATE TABLE s1 PARTITION OF s FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    )
    after = (
        f"{key} {even} CREATE TABLE s1 PARTITION OF s FOR VALUES WITH (MODULUS 4, REMAINDER 1);"
        "CREATE TABLE s3 PARTITION OF s FOR VALUES WITH (MODULUS 4, REMAINDER 3);"
    )
    execute(database, "INSERT INTO s SELECT i, NULL FROM generate_series(1, 9) AS i")
    found = made(server, database, after, allowed=None)
    assert not asked(database, found)
    execute(database, "UPDATE s SET up = (SELECT min(id) FROM s1) WHERE id = 4")
    assert asked(database, found) == {"no row of public.s refers to a row of public.s1 by s_up_fkey": 1}
    with server.scratch() as new:
        execute(new, after)
        told = judge.transition(database, new)
    assert told and "removing partition" in told, "what was counted would have stopped the migration"
