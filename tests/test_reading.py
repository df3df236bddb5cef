"""Reading a database: what the server keeps for itself is not part of its schema."""

from __future__ import annotations

from migrator.kinds.constraint import Constraint
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
    CREATE TABLE p (x text, n int) PARTITION BY LIST (n);
    CREATE INDEX ON p (x);
    CREATE MATERIALIZED VIEW m AS SELECT x, y FROM a;
    CREATE INDEX ON m (x);
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
