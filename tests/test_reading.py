"""Reading a database: what the server keeps for itself is not part of its schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from migrator import pipeline, psql
from migrator.kinds import KINDS
from migrator.kinds.base import Columns, Forms
from migrator.kinds.column import Column
from migrator.kinds.constraint import Constraint
from migrator.kinds.default import Default
from migrator.kinds.index import Index
from migrator.postgres import Database, Server
from migrator.sql import identifier, qualified
from migrator.state import catalog


def test_two_databases_made_the_same_way_read_the_same(server: Server) -> None:
    """PostgreSQL 15.20 stamps columns with a number of its own, another one in each database."""
    with server.scratch() as one, server.scratch() as other:
        snapshots = []
        for database in (one, other):
            with database.connect() as connection:
                connection.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
                connection.execute("CREATE VIEW w AS SELECT v FROM t")
                snapshots.append(catalog.read(connection))
        assert snapshots[0].objects == snapshots[1].objects
        assert snapshots[0].depends == snapshots[1].depends


def test_options_that_people_set_on_a_column_are_read(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE t (id int)")
        before = catalog.read(connection).objects
        connection.execute("ALTER TABLE t ALTER id SET (n_distinct = 5)")
        after = catalog.read(connection).objects
    changed = {identity for identity in after if after[identity] != before.get(identity)}
    assert changed == {("column", "public", "t", "id")}


_PLPGSQL = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC"


@pytest.mark.parametrize(
    "made",
    [_PLPGSQL, f"DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql; {_PLPGSQL}"],
    ids=["as it came", "made again"],
)
def test_an_extension_that_every_database_has_may_go_and_come_back(server: Server, made: str) -> None:
    """pg_dump passes over the plpgsql that came with the database, so it cannot judge this."""
    with server.scratch() as without, server.scratch() as full:
        with without.connect() as one, full.connect() as other:
            one.execute("DROP EXTENSION plpgsql")
            other.execute(made)
        made_whole = pipeline.between(without.conninfo, full.conninfo)
        assert "CREATE EXTENSION plpgsql" in made_whole
        emptied = pipeline.between(full.conninfo, without.conninfo)
        for script in (made_whole, emptied, made_whole):
            psql.run_script(script, without.conninfo, psql=server.tool("psql"))
        assert pipeline.between(without.conninfo, full.conninfo) == ""


# Indexes each of which differs in one thing from the first of its table: what they are printed from.
LIKE_EACH_OTHER = """
    CREATE TABLE a (x text, y text, n int, r int4range, v tsvector);
    CREATE TABLE b (x varchar, y text COLLATE "C", n bigint, r int4range, v tsvector, "x, y" text);
    CREATE INDEX ON a (x);
    CREATE INDEX ON a (y);
    CREATE INDEX ON a (x DESC);
    CREATE INDEX ON a (x NULLS FIRST);
    CREATE INDEX ON a (x COLLATE "C");
    CREATE INDEX ON a (x text_pattern_ops);
    CREATE INDEX ON a (x, y);
    CREATE INDEX ON a (x) INCLUDE (y);
    CREATE INDEX ON a (x) WITH (fillfactor = 50);
    CREATE INDEX ON a (x) WITH (fillfactor = 51);
    CREATE INDEX ON a (x) WHERE n > 1;
    CREATE INDEX ON a (x) WHERE n > 2;
    CREATE INDEX ON a (lower(x));
    CREATE INDEX ON a (upper(x));
    CREATE INDEX ON a USING hash (x);
    CREATE UNIQUE INDEX ON a (n);
    CREATE UNIQUE INDEX ON a (n) NULLS NOT DISTINCT;
    CREATE INDEX ON a USING gist (v);
    CREATE INDEX ON a USING gist (v tsvector_ops (siglen = 100));
    CREATE INDEX ON a USING gist (v tsvector_ops (siglen = 200));
    CREATE INDEX ON b (x);
    CREATE INDEX ON b (y);
    CREATE INDEX ON b (y COLLATE "default");
    CREATE INDEX ON b (x varchar_pattern_ops);
    CREATE INDEX ON b ("x, y");
    CREATE INDEX ON b (x, y);
    ALTER TABLE a ADD UNIQUE (x), ADD UNIQUE (x, y), ADD UNIQUE NULLS NOT DISTINCT (y), ADD UNIQUE (n) INCLUDE (x),
        ADD EXCLUDE USING gist (r WITH &&), ADD EXCLUDE USING gist (r WITH &&) WHERE (n > 3);
    ALTER TABLE b ADD UNIQUE (x), ADD UNIQUE (x) WITH (fillfactor = 50), ADD UNIQUE (x, y), ADD EXCLUDE USING gist (r WITH -|-);
    CREATE TABLE c (n int, x text, y int, g int GENERATED ALWAYS AS (y + 1) STORED, h int DEFAULT 7);
    CREATE TABLE d (n int, x text, z int, g int GENERATED ALWAYS AS (z + 1) STORED, h int DEFAULT 7);
    CREATE INDEX ON c (x) WHERE y > 1;
    CREATE INDEX ON d (x) WHERE z > 1;
    CREATE INDEX ON c ((y + 1));
    CREATE INDEX ON d ((z + 1));
    CREATE INDEX ON c (x) WHERE c IS NOT NULL;
    CREATE INDEX ON d (x) WHERE d IS NOT NULL;
    ALTER TABLE c ADD PRIMARY KEY (n), ADD UNIQUE (y), ADD UNIQUE (n, y), ADD CHECK (y > 1), ADD CHECK (y > 2), ADD CHECK (c IS NOT NULL),
        ADD CHECK (y > 1) NO INHERIT, ADD CHECK (y > 1) NOT VALID, ADD UNIQUE (y) DEFERRABLE, ADD UNIQUE (y) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE d ADD PRIMARY KEY (n), ADD CHECK (z > 1), ADD CHECK (z > 2), ADD CHECK (d IS NOT NULL), ADD FOREIGN KEY (n) REFERENCES c,
        ADD FOREIGN KEY (n) REFERENCES d, ADD FOREIGN KEY (z) REFERENCES c, ADD FOREIGN KEY (z) REFERENCES c (y),
        ADD FOREIGN KEY (z) REFERENCES c ON DELETE CASCADE, ADD FOREIGN KEY (z) REFERENCES c ON UPDATE CASCADE,
        ADD FOREIGN KEY (z) REFERENCES c DEFERRABLE, ADD FOREIGN KEY (z) REFERENCES c NOT VALID,
        ADD FOREIGN KEY (n, z) REFERENCES c (n, y), ADD FOREIGN KEY (n, z) REFERENCES c (n, y) MATCH FULL, ADD FOREIGN KEY (n, z) REFERENCES c (n, y) ON DELETE SET NULL (z),
        ADD FOREIGN KEY (n, z) REFERENCES c (n, y) ON DELETE SET NULL (n);
    CREATE TABLE p (x text, n int) PARTITION BY LIST (n);
    CREATE INDEX ON p (x);
    CREATE MATERIALIZED VIEW m AS SELECT x, y FROM a;
    CREATE INDEX ON m (x);
    ALTER TABLE a ADD UNIQUE (n) INCLUDE (y);
    CREATE TABLE e (x text, y text, k int, r int4range, EXCLUDE USING gist (r WITH &&) WHERE (k > 3));
    CREATE TABLE f (b bit(3));
    CREATE TABLE g (b bit varying);
    CREATE MATERIALIZED VIEW mf AS SELECT b FROM f;
    CREATE MATERIALIZED VIEW mg AS SELECT b FROM g;
    CREATE INDEX ON f (b varbit_ops);
    CREATE INDEX ON g (b varbit_ops);
    CREATE INDEX ON mf (b varbit_ops);
    CREATE INDEX ON mg (b varbit_ops);
"""


def test_each_index_is_read_as_postgresql_prints_it(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(LIKE_EACH_OTHER)
        query = (
            "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class c"
            " WHERE c.relkind IN ('i', 'I') AND c.relnamespace = 'public'::regnamespace"
        )
        printed = dict(connection.execute(query).fetchall())
        found = catalog.read(connection).objects.values()
    read = {}
    for one in found:
        if isinstance(one, Index):
            name, unique, table, text = (
                one.index_name,
                one.unique,
                one.table_name,
                one.text.replace(" = '", "='"),
            )
        elif isinstance(one, Constraint) and one.index_body is not None:
            name, unique, table, text = one.constraint, one.index_unique, one.table_name, one.index_body
        else:
            continue
        head = f"CREATE {'UNIQUE ' if unique else ''}INDEX {identifier(name)} ON {'ONLY ' if table == 'p' else ''}"
        read[name] = f"{head}{qualified('public', table)} {text}"
    assert read == printed


def test_each_constraint_is_read_as_postgresql_prints_it(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(LIKE_EACH_OTHER)
        # Nothing but pg_catalog on the path makes PostgreSQL print the schema of each table that is referenced.
        connection.execute("SET search_path = pg_catalog")
        query = (
            "SELECT c.relname::text, conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid"
            " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        )
        printed = {row[:2]: row[2] for row in connection.execute(query)}
        found = catalog.read(connection).objects.values()
    read = {
        (one.table_name, one.constraint): one.definition
        + one.deferrable
        + ("" if one.valid else " NOT VALID")
        for one in found
        if isinstance(one, Constraint)
    }
    assert read == printed


def test_each_expression_of_a_column_is_read_as_postgresql_prints_it(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(LIKE_EACH_OTHER)
        query = (
            "SELECT c.relname::text, a.attname::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d"
            " JOIN pg_class c ON c.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum"
        )
        printed = {row[:2]: row[2] for row in connection.execute(query)}
        found = catalog.read(connection).objects.values()
    generated = {
        (o.table_name, o.column): o.expression for o in found if isinstance(o, Column) and o.generated
    }
    assert len(generated) == 2
    assert (
        generated | {(o.table_name, o.column): o.expression for o in found if isinstance(o, Default)}
        == printed
    )


# Columns, indexes and constraints each of which differs from another in one thing that is not in their definition.
ALIKE_BUT_FOR_ONE_THING = """
    CREATE TYPE rows_of AS (x int);
    CREATE TABLE a1 (n int, m int, x text, y varchar(5), z varchar(6), c text COLLATE "C", k text, u int);
    CREATE TABLE a2 (n int, m bigint, x text, y varchar(6), z varchar(6), c text COLLATE "C", k text COLLATE "C", u int);
    CREATE TABLE a3 (LIKE a1);
    ALTER TABLE a2 ALTER x SET STORAGE MAIN, ALTER c SET COMPRESSION pglz, ALTER z SET STATISTICS 7, ALTER n SET (n_distinct = 5);
    ALTER TABLE a2 ADD g int GENERATED ALWAYS AS (n + 1) STORED;
    CREATE TABLE holds (r a3);
    CREATE TABLE above (n int, m int, CONSTRAINT positive CHECK (n > 0));
    CREATE TABLE below (n int) INHERITS (above);
    CREATE TABLE lower () INHERITS (above);
    CREATE TABLE lowest (CONSTRAINT positive CHECK (n > 0)) INHERITS (above);
    CREATE TABLE keyed (n int, m int) PARTITION BY LIST (n);
    CREATE TABLE part PARTITION OF keyed FOR VALUES IN (1);
    CREATE TABLE parts PARTITION OF keyed FOR VALUES IN (2) PARTITION BY LIST (m);
    CREATE TABLE not_keyed (n int, m int, CHECK (m > 0));
    CREATE INDEX ON keyed (m);
    CREATE INDEX ON part (m);
    ALTER TABLE keyed ADD UNIQUE (n, m), ADD CHECK (m > 0);
    ALTER TABLE part ADD UNIQUE (m);
    ALTER TABLE above ADD UNIQUE (m), ADD CHECK (m > 1);
    ALTER TABLE below ADD UNIQUE (m);
    CREATE INDEX ON a1 (n);
    CREATE UNIQUE INDEX ON a1 (n);
    CREATE INDEX broken ON a1 (n);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
    CREATE INDEX aimed ON a1 ((n + 1));
    CREATE INDEX ON a1 ((n + 1));
    ALTER INDEX aimed ALTER COLUMN 1 SET STATISTICS 99;
    CREATE INDEX ON a1 (n, m);
    CREATE INDEX ON a1 (n) INCLUDE (m);
    CREATE INDEX placed ON a1 (n) TABLESPACE aside;
    ALTER TABLE a1 ADD PRIMARY KEY (n), ADD UNIQUE (m), ADD UNIQUE (n) USING INDEX TABLESPACE aside, ADD UNIQUE (n), ADD CHECK (n > 0), ADD CHECK (n > 0) NOT VALID;
    CREATE MATERIALIZED VIEW v AS SELECT n FROM a1;
    CREATE INDEX ON v (n);
"""
SINCE_18 = """
    ALTER TABLE a1 ADD CHECK (n > 0) NOT ENFORCED;
    CREATE TABLE t1 (n int4range, r int4range, UNIQUE (n, r), UNIQUE (n, r WITHOUT OVERLAPS));
    CREATE TABLE t2 (n int4range, r int4range, FOREIGN KEY (n, r) REFERENCES t1 (n, r), FOREIGN KEY (n, PERIOD r) REFERENCES t1 (n, PERIOD r));
"""


@pytest.mark.parametrize("made", [LIKE_EACH_OTHER, ALIKE_BUT_FOR_ONE_THING])
def test_what_is_read_once_for_a_form_is_what_each_object_would_give(
    server: Server, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE aside LOCATION ''")
        try:
            with server.scratch() as database:
                _read_by_form_and_each(database, monkeypatch, made)
        finally:
            connection.execute("DROP TABLESPACE aside")


def _read_by_form_and_each(database: Database, monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    with database.connect() as connection:
        connection.execute(made)
        if database.server.version >= 18 and made is ALIKE_BUT_FOR_ONE_THING:
            connection.execute(SINCE_18)
        by_form = catalog.read(connection).objects
        for kind in KINDS:
            if kind.by_form:
                monkeypatch.setattr(kind, "forms", _each_its_own(kind.forms))
        assert by_form == catalog.read(connection).objects


def _each_its_own(forms: Callable[[Sequence[Any], Columns], Forms]) -> Callable[..., Forms]:
    def each(rows: Sequence[Any], columns: Columns) -> Forms:
        named = {}
        for row in rows:
            (form,), names = forms([row], columns)
            named[row[0]] = names.get(form, ())
        return [row[0] for row in rows], named

    return each
