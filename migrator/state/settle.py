"""Desired definitions as PostgreSQL reads them back.

Some definitions are not printed as they would be read: a CHECK `status IN ('a', 'b')` on a varchar column is printed
in a form which, executed, is printed in another one. What a migration makes is the second form. So the desired state
is restored once from its own pg_dump, and what comes out is what to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migrator import psql
from migrator.postgres import Database, Server


@contextmanager
def settled(server: Server, desired: Database) -> Iterator[Database]:
    """A scratch database with the same schema, every definition as it is printed once it was executed."""
    with server.scratch(label="settled") as copy:
        dump = psql.dump_schema(desired.conninfo, server.tool("pg_dump"))
        psql.run_script(dump, copy.conninfo, psql=server.tool("psql"))
        yield copy
