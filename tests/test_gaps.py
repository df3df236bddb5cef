"""What has to go and come back because something else changes is not away while anything takes long."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from migrator.plan.gaps import close_gaps
from migrator.plan.plan import Plan
from migrator.plan.vertex import Verb, Vertex
from migrator.postgres import Database, Server
from migrator.statement import Identity
from tests.test_partitions import execute, made

STATES = {
    "another primary key that a foreign key follows": (
        """CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY, big bigint);
        CREATE TABLE r (t int CONSTRAINT r_t REFERENCES t); CREATE TABLE s (t int CONSTRAINT s_t REFERENCES t);""",
        """CREATE TABLE t (id int, big bigint CONSTRAINT t_pkey PRIMARY KEY, CONSTRAINT t_id UNIQUE (id));
        CREATE TABLE r (t int CONSTRAINT r_t REFERENCES t (id)); CREATE TABLE s (t int CONSTRAINT s_t REFERENCES t (id));""",
    ),
    "a primary key under another name": (
        "CREATE TABLE t (id int, CONSTRAINT one PRIMARY KEY (id)); CREATE TABLE r (t int REFERENCES t)",
        "CREATE TABLE t (id int, v int, CONSTRAINT two PRIMARY KEY (id)); CREATE TABLE r (t int REFERENCES t)",
    ),
    "a key of another form": (
        "CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a)); CREATE TABLE r (a int REFERENCES t (a))",
        """CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE (a) INCLUDE (b));
        CREATE TABLE r (a int REFERENCES t (a)); COMMENT ON CONSTRAINT u ON t IS 'wider'""",
    ),
    "a unique index of another form": (
        "CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX k ON t (a); CREATE TABLE r (a int REFERENCES t (a))",
        """CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX k ON t (a) INCLUDE (b);
        CREATE TABLE r (a int REFERENCES t (a))""",
    ),
    "a primary key of partitions": (
        """CREATE TABLE t (id int NOT NULL, v int NOT NULL, CONSTRAINT p PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);""",
        """CREATE TABLE t (id int NOT NULL, v int NOT NULL, CONSTRAINT p PRIMARY KEY (id, v)) PARTITION BY RANGE (id);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);""",
    ),
    "a view and a check on columns that get wider": (
        """CREATE TABLE t (a varchar(10) CONSTRAINT c CHECK (a <> ''), b varchar(10) CONSTRAINT d CHECK (b <> ''));
        CREATE INDEX i ON t (a) WHERE a > 'b'; CREATE INDEX j ON t (b) WHERE b > 'b'; CREATE VIEW v AS SELECT a, b FROM t;
        CREATE VIEW w AS SELECT a FROM v; GRANT SELECT ON v TO PUBLIC""",
        """CREATE TABLE t (a varchar(20) CONSTRAINT c CHECK (a <> ''), b varchar(20) CONSTRAINT d CHECK (b <> ''));
        CREATE INDEX i ON t (a) WHERE a > 'b'; CREATE INDEX j ON t (b) WHERE b > 'b'; CREATE VIEW v AS SELECT a, b FROM t;
        CREATE VIEW w AS SELECT a FROM v; GRANT SELECT ON v TO PUBLIC""",
    ),
}


def away(found: Plan) -> Iterator[tuple[str, Identity]]:
    """What takes long, with each object that is away meanwhile: indexes aside, which take long themselves."""
    again = {
        identity for identity in found.changes.replaced if identity[0] not in ("index", "index_partition")
    }
    attached = {i: one.parent if (one := found.changes.old.objects[i]).attached else None for i in again}
    gone: set[Identity] = set()
    for statement in found.statements:
        if statement.alone or not statement.transactional:
            yield from ((statement.sql, identity) for identity in sorted(gone))
        elif statement.subject in again:
            if statement.verb == "drop":
                gone |= {statement.subject, *(i for i in again if attached[i] == statement.subject)}
            elif statement.verb == "create":
                gone.discard(statement.subject)


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("case", STATES)
def test_nothing_takes_long_while_it_is_away(
    server: Server, database: Database, case: str, direction: str
) -> None:
    before, after = STATES[case] if direction == "up" else reversed(STATES[case])
    execute(database, before)
    found = made(server, database, after, allowed=None)
    assert found.changes.replaced
    assert not [*away(found)]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_moves_out_of_gaps_the_order_holds(seed: int) -> None:
    random = Random(seed)
    verbs = [Verb.DROP, Verb.CREATE, Verb.ALTER]
    ordered = [Vertex(random.choice(verbs), ("thing", str(number))) for number in range(30)]
    before = {
        one: set(random.sample(ordered[:place], min(place, random.randrange(3))))
        for place, one in enumerate(ordered)
    }
    gaps = []
    for _ in range(4):
        first, last = sorted(random.sample(range(30), 2))
        before[ordered[last]].add(ordered[first])
        gaps.append((ordered[first], ordered[last]))
    slow = set(random.sample(ordered, 6))
    found = close_gaps(ordered, before, gaps, slow.__contains__)
    assert sorted(found) == sorted(ordered)
    place = {one: number for number, one in enumerate(found)}
    assert all(place[other] < place[one] for one, others in before.items() for other in others)
