"""Each rule of planning: what the statements of a plan were seen to lock, read and rewrite, on rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from migrator.errors import PlanError
from migrator.plan.hooks import Hooks
from migrator.plan.plan import Plan, plan, refuse, with_measured
from migrator.plan.steps import Step
from migrator.postgres import Server
from migrator.proof import locks
from migrator.state import catalog, trial
from migrator.statement import Identity, LockMode, Measured, Statement


@dataclass(frozen=True)
class Rule:
    """Two states of a database, and what the plan between them may not do."""

    before: str
    after: str
    oldest: int = 15
    newest: int = 18
    """The last server version on which the rule is as it is told here."""
    refused: tuple[str, ...] = ()
    """The objects whose statements have no form that lets writers pass."""
    without: tuple[LockMode, ...] = ()
    """Modes that no statement takes on an existing table."""


T = "CREATE TABLE t (id int PRIMARY KEY, a int, s varchar(10), j timestamp, r int4range, n bigint);"
P = "CREATE TABLE p (id int PRIMARY KEY, s varchar(10) UNIQUE); CREATE TABLE q (id int PRIMARY KEY);"
RANGES = """CREATE TABLE m (id int, a int) PARTITION BY RANGE (id);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (100);
    CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (100) TO (1000);"""
APART = """CREATE TABLE m (id int, a int) PARTITION BY RANGE (id);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (100);
    CREATE TABLE m2 (id int, a int);"""
FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
ABC = "CREATE TYPE e AS ENUM ('a', 'b', 'c');"
EXCLUSIVE = (LockMode.EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE)
STOPS_WRITERS = (LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, *EXCLUSIVE)

ONLINE = {
    "NOT NULL is proved by a validated constraint": Rule(T, T + "ALTER TABLE t ALTER a SET NOT NULL"),
    "NOT NULL goes at once": Rule(T + "ALTER TABLE t ALTER a SET NOT NULL", T),
    "CHECK is added not valid, then validated": Rule(T, T + "ALTER TABLE t ADD CHECK (a > 0)"),
    "a foreign key is added not valid, then validated": Rule(
        T + P, T + P + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", without=EXCLUSIVE
    ),
    "a foreign key is dropped by itself": Rule(
        T + P + "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", T + P
    ),
    "UNIQUE adopts an index that was built concurrently": Rule(T, T + "ALTER TABLE t ADD UNIQUE (a)"),
    "PRIMARY KEY adopts an index, after NOT NULL": Rule(
        "CREATE TABLE t (id int)", "CREATE TABLE t (id int PRIMARY KEY)"
    ),
    "an index is built concurrently": Rule(T, T + "CREATE INDEX i ON t (a)", without=STOPS_WRITERS),
    "an index is dropped concurrently": Rule(T + "CREATE INDEX i ON t (a)", T, without=STOPS_WRITERS),
    "an index is replaced by one that is there before": Rule(
        T + "CREATE INDEX i ON t (a)", T + "CREATE INDEX i ON t (a DESC)", without=STOPS_WRITERS
    ),
    "an index of a materialized view is built concurrently": Rule(
        T + "CREATE MATERIALIZED VIEW v AS SELECT a FROM t",
        T + "CREATE MATERIALIZED VIEW v AS SELECT a FROM t; CREATE INDEX i ON v (a)",
        without=STOPS_WRITERS,
    ),
    "a column with a constant default": Rule(T, T + "ALTER TABLE t ADD c int NOT NULL DEFAULT 1"),
    "a column with a volatile default is filled in batches": Rule(
        T, T + "ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()"
    ),
    "a new identity column is filled in batches": Rule(
        T, T + "ALTER TABLE t ADD c bigint GENERATED ALWAYS AS IDENTITY"
    ),
    "a new serial column is filled in batches": Rule(T, T + "ALTER TABLE t ADD c bigserial"),
    "identity on a column that was there goes on from its highest value, by an index": Rule(
        T + "CREATE INDEX i ON t (n);",
        T
        + "CREATE INDEX i ON t (n);"
        + "ALTER TABLE t ALTER n SET NOT NULL, ALTER n ADD GENERATED ALWAYS AS IDENTITY",
    ),
    "a new column with a CHECK": Rule(T, T + "ALTER TABLE t ADD c int NOT NULL DEFAULT 1 CHECK (c > 0)"),
    "a new column with a default and a foreign key": Rule(
        T + P, T + P + "ALTER TABLE t ADD c int DEFAULT 1 REFERENCES p"
    ),
    "a new column that is unique": Rule(T, T + "ALTER TABLE t ADD c int UNIQUE"),
    "a column with an index goes after the index": Rule(
        T + "CREATE INDEX i ON t (a, n)",
        "CREATE TABLE t (id int PRIMARY KEY, s varchar(10), j timestamp, r int4range, n bigint)",
    ),
    "a column that is unique goes": Rule(T + "ALTER TABLE t ADD c int UNIQUE", T),
    "a type is widened": Rule(T, T + "ALTER TABLE t ALTER s TYPE varchar(20)"),
    "a type is widened under an index": Rule(
        T + "CREATE INDEX i ON t (s)", T + "ALTER TABLE t ALTER s TYPE varchar(20); CREATE INDEX i ON t (s)"
    ),
    "a type is widened under a CHECK": Rule(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'x')",
        T + "ALTER TABLE t ALTER s TYPE varchar(20); ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'x')",
    ),
    "a type is widened under a partial index and an index on an expression": Rule(
        T + "CREATE INDEX i ON t (id) WHERE s <> 'x'; CREATE INDEX k ON t (lower(s))",
        T + "ALTER TABLE t ALTER s TYPE varchar(20); CREATE INDEX i ON t (id) WHERE s <> 'x';"
        " CREATE INDEX k ON t (lower(s))",
    ),
    "a type is widened on both sides of a foreign key": Rule(
        T + P + "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (s) REFERENCES p (s)",
        T
        + P
        + "ALTER TABLE t ALTER s TYPE varchar(20); ALTER TABLE p ALTER s TYPE varchar(20);"
        + "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (s) REFERENCES p (s)",
    ),
    "timestamp becomes timestamptz in UTC, its index built again concurrently": Rule(
        T + "CREATE INDEX i ON t (j)", T + "ALTER TABLE t ALTER j TYPE timestamptz; CREATE INDEX i ON t (j)"
    ),
    "another collation, its index built again concurrently": Rule(
        T + "CREATE INDEX i ON t (s)",
        T + 'ALTER TABLE t ALTER s TYPE varchar(10) COLLATE "POSIX"; CREATE INDEX i ON t (s)',
    ),
    "a table goes after its foreign keys, one by one": Rule(
        P + "CREATE TABLE x (id int, a int REFERENCES p, b int REFERENCES q)", P
    ),
    "a table comes with foreign keys to tables that are there": Rule(
        P, P + "CREATE TABLE x (id int, a int REFERENCES p, b int REFERENCES q)", without=EXCLUSIVE
    ),
    "a trigger": Rule(
        T + FUNCTION,
        T + FUNCTION + "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
        without=EXCLUSIVE,
    ),
    "a policy": Rule(T, T + "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 0)"),
    "a rule": Rule(T + P, T + P + "CREATE RULE u AS ON INSERT TO t DO ALSO INSERT INTO q VALUES (1)"),
    "a view": Rule(T, T + "CREATE VIEW v AS SELECT a FROM t", without=STOPS_WRITERS),
    "a materialized view": Rule(
        T, T + "CREATE MATERIALIZED VIEW v AS SELECT a FROM t", without=STOPS_WRITERS
    ),
    "storage parameters, comments, statistics": Rule(
        T,
        T
        + "ALTER TABLE t SET (fillfactor = 70); COMMENT ON TABLE t IS 'x';"
        + "CREATE STATISTICS x ON a, n FROM t",
        without=STOPS_WRITERS,
    ),
    "a value of an enum": Rule(
        "CREATE TYPE e AS ENUM ('a', 'c'); CREATE TABLE t (v e)",
        ABC + "CREATE TABLE t (v e)",
        without=STOPS_WRITERS,
    ),
    "a generated column goes": Rule(T + "ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED", T),
    "an index of a partitioned table is built on each partition": Rule(
        RANGES, RANGES + "CREATE INDEX i ON m (a)"
    ),
    "an index of a partitioned table goes": Rule(RANGES + "CREATE INDEX i ON m (a)", RANGES),
    "a key of a partitioned table is built on each partition": Rule(
        RANGES, RANGES + "ALTER TABLE m ADD PRIMARY KEY (id)"
    ),
    "NOT NULL of a partitioned table": Rule(RANGES, RANGES + "ALTER TABLE m ALTER a SET NOT NULL"),
    "CHECK of a partitioned table": Rule(RANGES, RANGES + "ALTER TABLE m ADD CHECK (a > 0)"),
    "a foreign key of a partitioned table": Rule(
        RANGES + P, RANGES + P + "ALTER TABLE m ADD FOREIGN KEY (a) REFERENCES p", oldest=18
    ),
    "a partition is detached": Rule(RANGES, APART, without=()),
    "a partition is attached after its rows are proved": Rule(APART, RANGES),
    "a new partition": Rule(
        RANGES,
        RANGES + "CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (1000) TO (2000)",
        without=STOPS_WRITERS,
    ),
    "a partition goes": Rule(
        RANGES + "CREATE TABLE m3 PARTITION OF m FOR VALUES FROM (1000) TO (2000)", RANGES
    ),
    "INHERIT": Rule(
        "CREATE TABLE p (id int); CREATE TABLE t (id int)",
        "CREATE TABLE p (id int); CREATE TABLE t () INHERITS (p)",
    ),
}

REFUSED = {
    "a type change that rewrites": Rule(
        T, T + "ALTER TABLE t ALTER a TYPE bigint", refused=("column public.t.a",)
    ),
    "a type that narrows": Rule(
        T, T + "ALTER TABLE t ALTER s TYPE varchar(5)", refused=("column public.t.s",)
    ),
    "EXCLUDE": Rule(
        T,
        T + "ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&)",
        refused=("constraint public.t.x",),
    ),
    "SET UNLOGGED": Rule(T, T + "ALTER TABLE t SET UNLOGGED", refused=("table public.t",)),
    "SET LOGGED": Rule(T + "ALTER TABLE t SET UNLOGGED", T, refused=("table public.t",)),
    "a stored generated column": Rule(
        T, T + "ALTER TABLE t ADD g int GENERATED ALWAYS AS (a * 2) STORED", refused=("column public.t.g",)
    ),
    "a column of a domain with a CHECK": Rule(
        T + "CREATE DOMAIN d AS int CHECK (VALUE > 0);",
        T + "CREATE DOMAIN d AS int CHECK (VALUE > 0); ALTER TABLE t ADD c d",
        refused=("column public.t.c",),
    ),
    "identity on a column without an index": Rule(
        T,
        T + "ALTER TABLE t ALTER n SET NOT NULL, ALTER n ADD GENERATED ALWAYS AS IDENTITY",
        refused=("identity public.t.n",),
    ),
    "a value that goes from an enum": Rule(
        ABC + "CREATE TABLE t (v e)",
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (v e)",
        refused=("column public.t.v",),
    ),
    "a foreign key of a partitioned table before 18": Rule(
        RANGES + P,
        RANGES + P + "ALTER TABLE m ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p",
        newest=17,
        refused=("constraint public.m.f",),
    ),
}


@contextmanager
def measured(server: Server, before: str, after: str, oldest: int | None = None) -> Iterator[Plan]:
    with server.scratch() as old, server.scratch() as new:
        for database, sql in ((old, before), (new, after)):
            with database.connect() as connection:
                connection.execute(sql)
        with old.connect() as one, new.connect() as other:
            snapshots = catalog.read(one), catalog.read(other)
            made = plan(*snapshots, oldest=oldest or server.version, attempt=partial(trial.attempt, other))
        found = locks.measure(old, made, None)
        assert None not in found, "a statement did not run"
        yield with_measured(made, found)


def rules(found: dict[str, Rule]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in found.items()])


def skip_other_versions(rule: Rule, server: Server) -> None:
    if not rule.oldest <= server.version <= rule.newest:
        pytest.skip(f"for PostgreSQL {rule.oldest} to {rule.newest}")


def works_under_lock(made: Plan) -> list[str]:
    """The statements that read or rewrite a table while their step keeps writers of any table out."""
    return [
        f"{statement.sql}: {step.locks}, {statement.measured}"
        for step in made.steps
        for statement in step.statements
        if statement.measured and (statement.measured.reads or statement.measured.rewrites)
        if step.stops_writers
    ]


def waits_while_it_holds(made: Plan) -> list[str]:
    """The statements that take a lock which their step did not ask for before the first of them."""
    return [
        f"{statement.sql}: {one}"
        for step in made.steps
        for statement in step.statements
        for one in (statement.measured.locks if statement.measured else ())
        if one.relation[0] == "table" and one.mode >= LockMode.SHARE_UPDATE_EXCLUSIVE
        if one.mode > {asked.relation: asked.mode for asked in step.locks}.get(one.relation, 0)
    ]


def taken(statement: Statement) -> dict[Identity, LockMode]:
    assert statement.measured
    return taken_by(statement.measured)


def taken_by(seen: Measured) -> dict[Identity, LockMode]:
    return {one.relation: one.mode for one in seen.locks if one.relation[0] == "table"}


@pytest.mark.parametrize("files_for", ["the oldest server", "this server"])
@rules(ONLINE)
def test_no_statement_keeps_writers_out_while_it_reads_or_rewrites_a_table(
    rule: Rule, server: Server, files_for: str
) -> None:
    """Files for servers from 15 on take other forms than those for 18 alone, and run on 18 all the same."""
    skip_other_versions(rule, server)
    oldest = rule.oldest if files_for == "the oldest server" else server.version
    with measured(server, rule.before, rule.after, oldest) as made:
        assert made.statements
        assert not works_under_lock(made)
        assert not waits_while_it_holds(made)
        refuse(made, {})
        modes = {mode for statement in made.statements for mode in taken(statement).values()}
        assert not modes & set(rule.without)


@rules(REFUSED)
def test_what_has_no_online_form_is_refused_until_it_is_allowed_by_name(rule: Rule, server: Server) -> None:
    skip_other_versions(rule, server)
    with measured(server, rule.before, rule.after) as made:
        assert works_under_lock(made)
        with pytest.raises(PlanError) as refusal:
            refuse(made, {}, "schema/hooks/003/upgrade/decisions.toml")
        told = str(refusal.value)
        assert rule.refused[0] in told
        assert "tried on a scratch server it re" in told
        assert f'schema/hooks/003/upgrade/decisions.toml: under [allow], "{rule.refused[0]}"' in told
        refuse(made, dict.fromkeys(rule.refused, "a small table"))


def test_a_lock_that_a_statement_did_not_name_is_asked_for_before_its_step(server: Server) -> None:
    with measured(server, RANGES + "CREATE INDEX i ON m (a)", RANGES) as made:
        (step,) = made.steps
        assert [one.relation[-1] for one in step.locks] == ["m", "m1", "m2"]


def test_locks_rows_and_rewrites_are_what_the_server_says_not_what_the_statement_claims(
    server: Server,
) -> None:
    with server.scratch() as database:
        with database.connect() as connection:
            connection.execute(T)
            snapshot = catalog.read(connection)
        empty = plan(snapshot, snapshot, oldest=15, hooks=Hooks())
        claims = [
            Statement("ALTER TABLE t ALTER a SET NOT NULL"),
            Statement("ALTER TABLE t ALTER a TYPE bigint"),
            Statement("ALTER TABLE t ADD c int"),
            Statement("CREATE INDEX i ON t (a)"),
        ]
        seen = [
            found
            for statement in claims
            if (found := locks.measure(database, _with(empty, statement), None)[0]) is not None
        ]
    table = ("table", "public", "t")
    assert [taken_by(found)[table].name for found in seen] == [
        "ACCESS_EXCLUSIVE",
        "ACCESS_EXCLUSIVE",
        "ACCESS_EXCLUSIVE",
        "SHARE",
    ]
    assert [bool(found.reads) for found in seen] == [True, True, False, True]
    assert [bool(found.rewrites) for found in seen] == [False, True, False, False]


def _with(made: Plan, statement: Statement) -> Plan:
    return replace(made, steps=(Step(1, (statement,)),))
