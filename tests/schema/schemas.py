"""Databases made from the two states of the schema, and what their catalogs say."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, MetaData, create_engine
from sqlalchemy.pool import NullPool

from migrator.postgres import Database

COLUMNS = """
SELECT c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
  CASE WHEN a.attnotnull THEN 'NN' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname, a.attnum
"""
FOREIGN_KEYS = """
SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND convalidated ORDER BY conname
"""
OTHER_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('f', 'n', 't') ORDER BY conname
"""
INDEXES = """
SELECT indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
  AND NOT indisprimary AND indisvalid
"""
NEW_COLUMNS = """
SELECT attname, atthasdef FROM pg_attribute a WHERE attrelid = 'videos'::regclass AND attnum >
  (SELECT attnum FROM pg_attribute WHERE attrelid = a.attrelid AND attname = 'created_at')
"""


def engine(database: Database) -> Engine:
    """An engine that keeps no connection, so that the database can be dropped or copied."""
    url = URL.create("postgresql+psycopg")
    return create_engine(url, creator=lambda: psycopg.connect(database.conninfo), poolclass=NullPool)


def create(database: Database, metadata: MetaData) -> None:
    """Make everything that belongs to the metadata."""
    metadata.create_all(engine(database))


def not_backfilled(connection: psycopg.Connection[Any]) -> None:
    """Turn a Phase 2 database into one between the first step of the upgrade and the backfill.

    The columns of Phase 2 are there, NOT NULL only where they have a default, and so is the bridge; no row
    has a value in them yet.
    """
    columns = connection.execute(NEW_COLUMNS).fetchall()
    alters = [
        sql.SQL("ALTER {} DROP NOT NULL").format(sql.Identifier(c)) for c, default in columns if not default
    ]
    values = [
        sql.SQL("{} = {}").format(sql.Identifier(c), sql.SQL("DEFAULT" if default else "NULL"))
        for c, default in columns
    ]
    with connection.transaction():
        connection.execute("DELETE FROM processing_jobs")
        connection.execute(sql.SQL("ALTER TABLE videos {}").format(sql.SQL(", ").join(alters)))
        connection.execute("ALTER TABLE videos DISABLE TRIGGER USER")
        connection.execute(sql.SQL("UPDATE videos SET {}").format(sql.SQL(", ").join(values)))
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("ALTER TABLE videos ENABLE TRIGGER USER")
