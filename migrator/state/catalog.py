"""Reads a snapshot: one query a kind and a few for all of them, in one REPEATABLE READ transaction."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import psycopg

from migrator.errors import ServerError
from migrator.kinds import KINDS
from migrator.kinds.base import Address, Object, located
from migrator.kinds.relation import RELATIONS
from migrator.state.answers import Answers
from migrator.state.made import Made
from migrator.state.snapshot import Snapshot
from migrator.state.ties import COPY, Links, Ties
from migrator.statement import Identity

OLDEST_SUPPORTED = 15
OUR_SCHEMA = "migrator"
"""Where the ledger lives; not part of what is compared."""
NOT_COMPARED: frozenset[Identity] = frozenset(
    {("schema", OUR_SCHEMA), ("table", "public", "alembic_version")}
)

_DEPEND = f"""
SELECT {located("classid", "objid", "objsubid")}, {located("refclassid", "refobjid", "refobjsubid")},
       CASE WHEN deptype = 'i' AND classid = refclassid AND classid = 'pg_constraint'::regclass THEN '{COPY}' ELSE deptype::text END
FROM pg_catalog.pg_depend
WHERE (objid >= 16384 AND (refobjid >= 16384 OR refobjid = 'public'::regnamespace OR refclassid = 'pg_language'::regclass)
         -- plpgsql is there from the beginning, with its members, and may go like any extension.
         OR deptype = 'e')
  -- Nothing depends on the triggers by which PostgreSQL itself keeps a foreign key.
  AND NOT (deptype = 'i' AND classid = 'pg_trigger'::regclass AND refclassid = 'pg_constraint'::regclass)
"""

ADDRESSED: dict[str, str] = {
    "pg_class": "relkind <> 't'",
    "pg_type": "",
    "pg_proc": "",
    "pg_constraint": "",
    "pg_attrdef": "",
    "pg_namespace": "nspname !~ '^pg_(temp|toast)'",
    "pg_extension": "",
    "pg_trigger": "NOT tgisinternal",
    "pg_rewrite": "",
    "pg_policy": "",
    "pg_event_trigger": "",
    "pg_collation": "",
    "pg_conversion": "",
    "pg_operator": "",
    "pg_opclass": "",
    "pg_opfamily": "",
    # The families of extensions have members with nothing that says whose they are.
    "pg_amop": "amopfamily < 16384",
    "pg_amproc": "amprocfamily < 16384",
    "pg_am": "",
    "pg_cast": "",
    "pg_language": "",
    "pg_statistic_ext": "",
    "pg_ts_config": "",
    "pg_ts_dict": "",
    "pg_ts_parser": "",
    "pg_ts_template": "",
    "pg_transform": "",
    "pg_foreign_data_wrapper": "",
    "pg_foreign_server": "",
    # Only the view of pg_user_mapping is open to everybody.
    "pg_user_mappings": "",
    "pg_publication": "",
    "pg_publication_rel": "",
    "pg_publication_namespace": "",
    "pg_subscription": "subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    "pg_default_acl": "",
}
"""Every catalog whose rows are objects of one database, and which of its rows are. Rows whose address no kind claims,
directly or through an internal dependency, are reported by name."""


def _all_addresses() -> str:
    """The addresses of all of these rows."""
    asked = []
    for catalog, condition in ADDRESSED.items():
        oid, table = ("umid", "pg_user_mapping") if catalog == "pg_user_mappings" else ("oid", catalog)
        where = f"{oid} >= 16384" + (f" AND {condition}" if condition else "")
        asked.append(
            f"SELECT '{table}'::regclass::oid AS class, {oid} AS object FROM {catalog} WHERE {where}"
        )
    return f"SELECT {located('class', 'object')} FROM ({' UNION ALL '.join(asked)}) AS every"


# What no kind carries of objects that are modelled.
_ODD = """
SELECT DISTINCT format('triggers of constraint %I on %s, which do not fire as usual', k.conname, t.tgrelid::regclass)
FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgisinternal AND t.tgenabled <> 'O' AND c.relpersistence <> 't'
UNION ALL
SELECT format('partition %s, whose detaching from %s was not finished', inhrelid::regclass, inhparent::regclass)
FROM pg_inherits WHERE inhdetachpending
UNION ALL
SELECT format('statistics target of column %s of index %s', a.attnum, a.attrelid::regclass)
FROM pg_attribute a JOIN pg_constraint k ON k.conindid = a.attrelid AND k.contype = 'x'
WHERE a.attnum > 0 AND a.attstattarget >= 0
UNION ALL
SELECT format('privileges on the row type of %s', c.oid::regclass)
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typacl IS NOT NULL AND t.oid >= 16384 AND c.relkind <> 'c'
"""

# Labels need a provider that the server loads, so they are told of and not carried.
_LABELS = """
SELECT 'security label of ' || provider || ' on ' || objtype || ' ' || objname FROM pg_seclabels
WHERE objtype NOT IN ('database', 'role', 'tablespace', 'subscription')
"""

_IDENTIFY = """
SELECT i.type || ' ' || i.identity
FROM unnest(%s::int8[]) AS a (address),
     LATERAL pg_identify_object(((address >> 16) & 16383)::oid, (address >> 30)::oid, (address & 65535)::int4) AS i
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
        # To compile these queries takes longer than to run them, and each parallel worker would fill caches of its own.
        execute("SET LOCAL jit = off")
        execute("SET LOCAL max_parallel_workers_per_gather = 0")
        execute("SET LOCAL work_mem = '32MB'")
        kinds = sorted(KINDS, key=_when)
        alone = [kind for kind in kinds if _when(kind) < _TOGETHER]
        batches = [
            [_DEPEND],
            *([kind.query(version)] for kind in alone),
            [kind.query(version) for kind in kinds[len(alone) :]],
            [_all_addresses(), _LABELS, _ODD],
        ]
        with closing(Answers(connection, batches)) as answers:
            rows = next(answers)
            links = Links(rows)
            made = Made(links, NOT_COMPARED)
            for kind in kinds:
                made.add(kind, next(answers), partial(_printed, answers, kind, version))
            made.leave_out_orphans()
            # What an object owns is told of with it.
            unclaimed = (
                one for (one,) in next(answers) if one not in links.objects and one not in links.owners
            )
            lost = [one for one in unclaimed if not links.known(one)]
            told = [what for (what,) in (*next(answers), *next(answers))]
        told += _identify(connection, lost)
        unmodelled = tuple(sorted(set(told)))
        roles = frozenset(name for (name,) in execute("SELECT rolname::text FROM pg_roles"))
    ties = Ties(rows, links, made.objects)
    return Snapshot(version, made.objects, ties.depends, ties.dependants, ties.parts, unmodelled, roles)


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


def _when(kind: type[Object]) -> tuple[bool, ...]:
    """When a kind is read: what stands on others, or is printed with their names, once these are known; and first what takes
    long to take apart, so that the servers have something left to do meanwhile."""
    return (kind.attached, kind.kind not in RELATIONS, not kind.indexed, kind.of_relation is None)


_TOGETHER = (False, True, True, True)
"""From here on kinds are asked for in one batch: of most there is little, and the server would wait more than work."""


def _printed(
    answers: Answers, kind: type[Object], version: int, some: list[Address]
) -> list[tuple[Any, ...]]:
    return answers.ask(kind.print_query(version), some)


def _identify(connection: psycopg.Connection[Any], addresses: Sequence[Address]) -> tuple[str, ...]:
    if not addresses:
        return ()
    return tuple(sorted({name for (name,) in connection.execute(_IDENTIFY, [addresses])}))
