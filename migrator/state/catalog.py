"""Reads a snapshot: one query a kind and three for all of them, in one REPEATABLE READ transaction."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from migrator.errors import ServerError
from migrator.kinds import KINDS
from migrator.kinds.base import Address, Object
from migrator.state.snapshot import Snapshot
from migrator.state.ties import Links, Ties
from migrator.statement import Identity

OLDEST_SUPPORTED = 15
OUR_SCHEMA = "migrator"
"""Where the ledger lives; not part of what is compared."""
NOT_COMPARED: frozenset[Identity] = frozenset(
    {("schema", OUR_SCHEMA), ("table", "public", "alembic_version")}
)

_DEPEND = """
SELECT classid::int8, objid::int8, objsubid, refclassid::int8, refobjid::int8, refobjsubid, deptype::text
FROM pg_catalog.pg_depend
WHERE objid >= 16384 AND (refobjid >= 16384 OR refobjid = 'public'::regnamespace)
"""

# Every catalog whose rows have an oid of their own and live in one database. Rows whose address no kind claims,
# directly or through an internal dependency, are reported by name.
_ALL_ADDRESSES = """
SELECT classid::int8, objid::int8, 0 FROM (
  SELECT 'pg_class'::regclass AS classid, oid AS objid FROM pg_class WHERE relkind <> 't'
  UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
  UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
  UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
  UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef
  UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
      WHERE nspname !~ '^pg_(temp|toast)'
  UNION ALL SELECT 'pg_extension'::regclass, oid FROM pg_extension
  UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
  UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite
  UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy
  UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
  UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
  UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
  UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
  UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
  UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
  UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
  UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
  UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
  UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
  UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
  UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
  UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
  UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
  UNION ALL SELECT 'pg_user_mapping'::regclass, oid FROM pg_user_mapping
  UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
  UNION ALL SELECT 'pg_publication_rel'::regclass, oid FROM pg_publication_rel
  UNION ALL SELECT 'pg_publication_namespace'::regclass, oid FROM pg_publication_namespace
  UNION ALL SELECT 'pg_subscription'::regclass, oid FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL SELECT 'pg_default_acl'::regclass, oid FROM pg_default_acl
  UNION ALL SELECT 'pg_largeobject_metadata'::regclass, oid FROM pg_largeobject_metadata WHERE false
) AS every
WHERE objid >= 16384
"""

# Labels need a provider that the server loads, so they are told of and not carried.
_LABELS = """
SELECT 'security label of ' || provider || ' on ' || objtype || ' ' || objname FROM pg_seclabels
WHERE objtype NOT IN ('database', 'role', 'tablespace', 'subscription')
"""

_IDENTIFY = """
SELECT i.type || ' ' || i.identity, a.c, a.o, a.s
FROM unnest(%s::int8[], %s::int8[], %s::int4[]) AS a (c, o, s),
     LATERAL pg_identify_object(a.c::oid, a.o::oid, a.s) AS i
WHERE i.identity IS NOT NULL AND coalesce(i.schema, '') !~ '^pg_(temp|toast)'
"""


def read(connection: psycopg.Connection[Any]) -> Snapshot:
    """The snapshot of the connected database. The connection is idle before and after."""
    version = server_version(connection)
    with connection.transaction():
        execute = connection.execute
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # Nothing but pg_catalog on the path makes PostgreSQL print every other name with its schema.
        execute("SET LOCAL search_path = pg_catalog")
        execute("SET LOCAL quote_all_identifiers = off")
        with connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_DEPEND).fetchall()
            links = Links(rows)
            objects: dict[Identity, Object] = {}
            for kind in sorted(KINDS, key=lambda k: k.attached):
                collect = _attach if kind.attached else _collect
                collect(kind, cursor.execute(kind.query(version)).fetchall(), objects, links)
            if links.left_out:
                _leave_out_orphans(objects)
            every = cursor.execute(_ALL_ADDRESSES).fetchall()
            lost = [row for row in every if not links.known(row)]
            labels = [label for (label,) in cursor.execute(_LABELS)]
            unmodelled = tuple(sorted({*_identify(connection, lost), *labels}))
            roles = frozenset(name for (name,) in cursor.execute("SELECT rolname::text FROM pg_roles"))
    ties = Ties(rows, links, objects)
    return Snapshot(version, objects, ties.depends, ties.dependants, unmodelled, roles)


def read_both(one: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> tuple[Snapshot, Snapshot]:
    """Two snapshots, read at the same time: most of it is waiting for two servers."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.submit(read, one), pool.submit(read, other)
        return found[0].result(), found[1].result()


def server_version(connection: psycopg.Connection[Any]) -> int:
    """The server's major version; ServerError below the oldest one supported."""
    version = connection.info.server_version // 10000
    if version < OLDEST_SUPPORTED:
        raise ServerError(
            f"the server is PostgreSQL {version}",
            why=f"the migrator supports PostgreSQL {OLDEST_SUPPORTED} and newer",
            hint="upgrade the server, or name another one with --postgres",
        )
    return version


def _collect(
    kind: type[Object], rows: Iterable[tuple[Any, ...]], objects: dict[Identity, Object], links: Links
) -> None:
    make, keys, word = tuple.__new__, 3 + kind._key_count, (kind.kind,)
    members, addresses = links.members, links.objects
    for row in rows:
        if (row[0], row[1], 0) in members:
            links.left_out.add(row[:3])
            continue
        identity = word + row[3:keys]
        if identity in NOT_COMPARED:
            links.left_out.add(row[:3])
            continue
        addresses[row[:3]] = identity
        objects[identity] = make(kind, row[3:])


def _attach(
    kind: type[Object], rows: Iterable[tuple[Any, ...]], objects: dict[Identity, Object], links: Links
) -> None:
    for row in rows:
        address: Address = row[:3]
        target, part = links.objects.get(address), ""
        if target is None and address[2]:
            target, part = links.objects.get((*address[:2], 0)), row[3]
        if target is None or target not in objects:
            continue
        one = tuple.__new__(kind, (target, part, *row[4:]))
        objects[one.identity] = one


def _leave_out_orphans(objects: dict[Identity, Object]) -> None:
    """Leaves out parts of what is not compared, down to the last."""
    while True:
        orphans = [i for i, one in objects.items() if one.parent is not None and one.parent not in objects]
        if not orphans:
            return
        for identity in orphans:
            del objects[identity]


def _identify(connection: psycopg.Connection[Any], addresses: list[tuple[Any, ...]]) -> tuple[str, ...]:
    if not addresses:
        return ()
    columns = [[row[i] for row in addresses] for i in range(3)]
    rows = connection.execute(_IDENTIFY, columns).fetchall()
    return tuple(sorted({row[0] for row in rows}))
