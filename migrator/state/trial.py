"""Learns by trying what no catalog tells: whether a default or a change of type rewrites its table or builds its
indexes again, and which conversion a change of type needs. Each trial is a temporary table in a transaction that is
rolled back; types that only the old state has are made in it as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrator.kinds import KINDS
from migrator.kinds.base import Facts, Object, Tree, aside_name
from migrator.kinds.column import Column
from migrator.sql import identifier
from migrator.statement import Identity


@dataclass(frozen=True)
class Trial:
    """What was learnt, by identity."""

    rewrites: Mapping[Identity, bool] = field(default_factory=dict)
    reindexes: Mapping[Identity, bool] = field(default_factory=dict)
    """Changes of type that build the indexes on the column again, without a rewrite of the table."""
    conversions: Mapping[Identity, str | None] = field(default_factory=dict)
    impossible: Mapping[Identity, str] = field(default_factory=dict)
    """Changes of type that no conversion makes possible, with the server's reason."""


def attempt(
    connection: psycopg.Connection[Any], wanted: Mapping[Identity, Object | None], facts: Facts
) -> Trial:
    """Tries each object that is created (None) or altered (as it was before), in the database of the desired state."""
    rewrites: dict[Identity, bool] = {}
    reindexes: dict[Identity, bool] = {}
    conversions: dict[Identity, str | None] = {}
    impossible: dict[Identity, str] = {}
    for identity, before in sorted(wanted.items(), key=lambda item: item[0]):
        after = facts.new(identity)
        setup = [*_missing(identity, facts)] if before else []
        back, forth = _moved(identity, facts) if before else ([], [])
        for columns, action, using in after.trials(before, facts) if after else ():
            try:
                rewrites[identity], reindexes[identity] = _rewrites(
                    connection, setup + back, columns, forth, action
                )
            except (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege):
                raise  # nothing can be tried here, which says nothing about the change
            except psycopg.Error as error:
                # Not even possible on an empty table; the next conversion may be.
                rewrites[identity] = True
                if before:
                    impossible.setdefault(identity, error.diag.message_primary or str(error))
                continue
            conversions[identity] = using
            impossible.pop(identity, None)
            break
    return Trial(rewrites, reindexes, conversions, impossible)


def _missing(identity: Identity, facts: Facts, made: set[Identity] | None = None) -> Iterator[str]:
    """Statements that make what the object needed before and the new state has not got, what is needed first first."""
    made = set() if made is None else made
    for other in sorted(facts.uses(identity, before=True)):
        one = facts.old(other)
        if one is None or other in made or facts.new(other) is not None:
            continue
        columns = [part for part in facts.inside(other, before=True) if isinstance(part, Column)]
        if one.table is not None and not columns:
            continue
        made.add(other)
        yield from _missing(other, facts, made)
        for taker in _takers(one, facts):
            yield from (s.sql for s in taker.rename(taker.renamed(aside_name(taker[taker.naming_place()]))))
        if columns:
            # Of a table no more than its row type is needed.
            for column in columns:
                yield from _missing(column.identity, facts, made)
            listed = ", ".join(f"{identifier(column.column)} {column.typed()}" for column in columns)
            yield f"CREATE TYPE {one.name} AS ({listed})"
            continue
        parts = [part for part in facts.inside(other, before=True) if part.inseparable]
        yield from (statement.sql for statement in one.create([Tree(part) for part in parts], facts))


def _takers(one: Object, facts: Facts) -> list[Object]:
    """What has the name of the object in the new state."""
    found: dict[Identity, Object] = {}
    for name in one.names_taken:
        alike = (facts.new((kind.kind, *name[1:])) for kind in KINDS)
        found |= {taker.identity: taker for taker in alike if taker is not None and name in taker.names_taken}
    return [*found.values()]


def _moved(identity: Identity, facts: Facts) -> tuple[list[str], list[str]]:
    """Statements that give what the object uses its old names, and those that take them back."""
    back: list[str] = []
    forth: list[str] = []
    for other in sorted(facts.uses(identity, before=True)):
        old, new = facts.old(other), facts.new(other)
        if old is None or new is None or facts.is_new(other):
            continue
        changed = [name for name in old.differences(new) if name in old.renames]
        if changed:
            back += [*_missing(other, facts), *(one.sql for one in new.alter(old, changed, facts))]
            forth += [one.sql for one in old.alter(new, changed, facts)]
    return back, forth


def _rewrites(
    connection: psycopg.Connection[Any], setup: list[str], columns: str, then: list[str], action: str
) -> tuple[bool, bool]:
    """Whether the action rewrites the table, and whether it builds its index again without that."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION READ WRITE")  # for a temporary table, which is rolled back
        unwatched(connection)
        connection.execute("SET LOCAL search_path = pg_catalog, public")
        connection.execute("SET LOCAL timezone = 'UTC'")
        for statement in setup:
            connection.execute(statement)
        connection.execute(f"CREATE TEMPORARY TABLE trial ({columns}) ON COMMIT DROP")
        for statement in then:
            connection.execute(statement)
        if columns:
            try:
                with connection.transaction():
                    return _altered(connection, action, indexed=True)
            except psycopg.errors.UndefinedObject:
                pass  # one of the two types can have no such index
        return _altered(connection, action, indexed=False)


def unwatched(connection: psycopg.Connection[Any]) -> None:
    """Has event triggers not fire until the transaction ends, as far as the connected role may: what they do to a trial
    says nothing about what is tried."""
    since_17 = connection.info.server_version >= 170000
    setting = ("event_triggers", "off") if since_17 else ("session_replication_role", "replica")
    connection.execute(
        "SELECT pg_catalog.set_config(%(name)s, %(value)s, true)"
        " WHERE EXISTS (SELECT FROM pg_catalog.pg_event_trigger)"
        " AND pg_catalog.has_parameter_privilege(%(name)s, 'SET')",
        {"name": setting[0], "value": setting[1]},
    )


def _altered(connection: psycopg.Connection[Any], action: str, *, indexed: bool) -> tuple[bool, bool]:
    """The same two answers of the table that is there, with or without an index on its first column."""
    if indexed:
        connection.execute(
            "DO $do$ BEGIN EXECUTE format('CREATE INDEX trial_index ON pg_temp.trial (%I)', (SELECT attname"
            " FROM pg_attribute WHERE attrelid = 'pg_temp.trial'::regclass AND attnum = 1)); END $do$"
        )
    before = _files(connection)
    connection.execute(f"ALTER TABLE pg_temp.trial {action}")
    after = _files(connection)
    rewritten = before[0] != after[0]
    return rewritten, not rewritten and before[1:] != after[1:]


def _files(connection: psycopg.Connection[Any]) -> list[int]:
    rows = connection.execute(
        "SELECT c.relfilenode::int8 FROM pg_class c WHERE c.oid IN (SELECT 'pg_temp.trial'::regclass::oid"
        " UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = 'pg_temp.trial'::regclass)"
        " ORDER BY c.relkind DESC, c.relname"
    ).fetchall()
    return [int(row[0]) for row in rows]
