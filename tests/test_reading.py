"""Reading a database: what the server keeps for itself is not part of its schema."""

from __future__ import annotations

from migrator.postgres import Database, Server
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
