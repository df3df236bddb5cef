"""Desired definitions as PostgreSQL reads them back.

Some definitions are not printed as they would be read: a CHECK `status IN ('a', 'b')` on a varchar column is printed
in a form which, executed, is printed in another one. What a migration makes is the second form, so the desired state
is built once more from its own printed text, and the definitions that come out are the ones to compare with.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrator import psql
from migrator.migration import sql
from migrator.plan.plan import plan
from migrator.postgres import Server
from migrator.state import catalog
from migrator.state.snapshot import Snapshot, dependencies
from migrator.statement import Identity


def settle(server: Server, desired: Snapshot) -> Snapshot:
    """The same objects, with those definitions that PostgreSQL prints otherwise once they were executed."""
    with server.scratch(label="settle") as copy:
        with copy.connect() as connection:
            empty = catalog.read(connection)
        psql.run_script(
            sql.script(plan(empty, desired, oldest=desired.version)), copy.conninfo, psql=server.tool("psql")
        )
        with copy.connect() as connection:
            rebuilt = catalog.read(connection)
    objects = dict(desired.objects)
    for identity in _reprinted(desired, rebuilt):
        objects[identity] = rebuilt.objects[identity]
    return Snapshot(desired.version, objects, dependencies(objects, desired.depends), desired.unmodelled)


def _reprinted(desired: Snapshot, rebuilt: Snapshot) -> Iterable[Identity]:
    """Objects on both sides of which only printed texts differ: anything else is a defect, not another spelling."""
    for identity, one in desired.objects.items():
        other = rebuilt.objects.get(identity)
        if other is None or one == other:
            continue
        changed = one.differences(other)
        if changed and all(isinstance(getattr(one, name), str) and name in one.printed for name in changed):
            yield identity
