"""Judges one transition of a database: from the state that one file builds to the state that another builds.

pg_dump is the judge. It must not be able to tell the migrated database from one that was built in the new
state, a second diff must find nothing, and the rows must be alive. The order of columns inside a table is
left aside, because PostgreSQL cannot move a column.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from migrator import pipeline, psql
from migrator.errors import MigratorError
from migrator.migration.sql import script
from migrator.postgres import Database, Server

_TABLES = """
SELECT n.nspname::text, c.relname::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  -- A foreign table below it would be asked for its rows, which are not of this database.
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class f ON f.oid = i.inhrelid
                  WHERE i.inhparent = c.oid AND f.relkind = 'f')
ORDER BY 1, 2
"""

# A generated column's values follow its expression, which may change; those of a composite type its attributes.
_COLUMNS = """
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
  || coalesce((SELECT pg_catalog.string_agg(p.attname || pg_catalog.format_type(p.atttypid, p.atttypmod), ', '
                                            ORDER BY p.attnum)
               FROM pg_catalog.pg_attribute p
               WHERE p.attrelid = coalesce(e.typrelid, t.typrelid) AND p.attnum > 0 AND NOT p.attisdropped), '')
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
"""

Table = tuple[str, str]
Columns = dict[str, str]


def build(file: Path, database: Database, *, roles_may_exist: bool = False) -> None:
    """Runs the file that builds a state. SqlFileError where it does not run to its end.

    `roles_may_exist`: go over roles that the other state's file made on this server, and over nothing else.
    """
    tool = database.server.tool("psql")
    if not roles_may_exist:
        psql.run_file(file, database.conninfo, psql=tool)
        return
    messages: list[str] = []
    psql.run_file(
        file, database.conninfo, psql=tool, variables={"ON_ERROR_STOP": "0"}, on_line=messages.append
    )
    for message in messages:
        _, error, text = message.partition(": ERROR:  ")
        if error and not (text.startswith('role "') and text.endswith(" already exists")):
            raise AssertionError(f"the state cannot be built: {message}")


def transition(
    before: Database,
    after: Database,
    rows: Path | None = None,
    transcript: list[str] | None = None,
    not_compared: list[str] | None = None,
    oldest: int | None = None,
) -> str | None:
    """Migrates `before` to the state of `after` and tells what is wrong with the result, or None.

    `rows`: a file of INSERTs, run first; what it leaves in tables that both states have must be there after.
    `transcript`: what psql printed for each command is added to it. `not_compared`: so is what the second diff told
    of as not modelled. `oldest`: the oldest server that the SQL must run on. The first word of an answer names the stage that failed.
    """
    tool = before.server.tool("psql")
    if rows is not None:
        psql.run_file(rows, before.conninfo, psql=tool)
    kept = _kept(before, after)
    alive = _values(before, kept)
    try:
        sql = pipeline.between(before.conninfo, after.conninfo, oldest=oldest)
    except MigratorError as error:
        return f"plan: {error}"
    except Exception as error:
        return f"crash: {type(error).__name__}: {error}"
    try:
        told = psql.run_script(f"\\set QUIET off\n{sql}", before.conninfo, psql=tool)
    except MigratorError as error:
        return f"run: {error}"
    if transcript is not None:
        transcript += told.splitlines()
    told = difference(dump(before), dump(after))
    if told:
        return f"pg_dump: {told}"
    plan = pipeline.plan_between(before.conninfo, after.conninfo)
    if not_compared is not None:
        not_compared += pipeline.not_compared(plan)
    if again := script(plan):
        return f"second diff: {again[again.find('-- 1.') :]}"
    for table, values in _values(before, kept).items():
        if values != alive[table]:
            lost, new = alive[table] - values, values - alive[table]
            return f"rows: {'.'.join(table)}: lost {sorted(lost)[:3]}, new {sorted(new)[:3]}"
    return None


def schema_changes_after_rows(transcript: Sequence[str]) -> list[str]:
    """The commands that change the schema in a transaction which has changed rows, as psql's tags."""
    found, inside, rows_changed = [], False, False
    for tag in transcript:
        verb = tag.partition(" ")[0]
        if verb in ("BEGIN", "COMMIT"):
            inside, rows_changed = verb == "BEGIN", False
        elif verb in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            rows_changed = inside
        elif rows_changed and verb in ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "TRUNCATE"):
            found.append(tag)
    return found


def dump(database: Database) -> Counter[str]:
    """The blocks of a `pg_dump -s`, in any order; the lines of tables and of grants are sorted."""
    text = psql.whole_views(psql.dump_schema(database.conninfo, database.server.tool("pg_dump")))
    return Counter(_in_order(block) for block in text.split("\n\n") if block.strip())


def difference(have: Counter[str], want: Counter[str]) -> str:
    """The blocks that differ as a unified diff, empty where none does."""
    only_have, only_want = sorted((have - want).elements()), sorted((want - have).elements())
    if not only_have and not only_want:
        return ""
    have_lines, want_lines = "\n".join(only_have).splitlines(), "\n".join(only_want).splitlines()
    return "\n".join(difflib.unified_diff(have_lines, want_lines, "migrated", "built", lineterm="", n=0))


def _in_order(block: str) -> str:
    block = block.strip("\n")
    if not block.startswith(
        ("CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE FOREIGN TABLE", "GRANT", "REVOKE")
    ):
        return block
    return "\n".join(sorted(line.rstrip(",") for line in block.splitlines()))


def _kept(before: Database, after: Database) -> dict[Table, list[str]]:
    """The tables that both have, with the columns whose values must stay as they are."""
    old, new = _tables(before), _tables(after)
    return {
        table: sorted(name for name, type_ in old[table].items() if new[table].get(name) == type_)
        for table in old
        if table in new
    }


def _tables(database: Database) -> dict[Table, Columns]:
    with _reading(database) as connection:
        tables: list[Table] = connection.execute(_TABLES).fetchall()
        return {
            table: dict(connection.execute(_COLUMNS, [Identifier(*table).as_string(connection)]).fetchall())
            for table in tables
        }


def _values(database: Database, kept: dict[Table, list[str]]) -> dict[Table, Counter[str]]:
    with _reading(database) as connection:
        return {table: _rows(connection, table, columns) for table, columns in kept.items()}


def _rows(connection: psycopg.Connection, table: Table, columns: list[str]) -> Counter[str]:
    row = SQL(", ").join(Identifier(column) for column in columns)
    query = SQL("SELECT ROW({})::text FROM {}").format(row, Identifier(*table))
    return Counter(found for (found,) in connection.execute(query))


@contextmanager
def _reading(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET datestyle = 'ISO, YMD'")
        connection.execute("SET row_security = off")
        yield connection


def drop_roles(server: Server, keep: Sequence[str] = ()) -> None:
    """Drops every role but the server's own, the connected one and `keep`; no database may depend on them."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        names = connection.execute(
            "SELECT rolname FROM pg_catalog.pg_roles"
            " WHERE oid >= 16384 AND rolname <> current_user AND rolname <> ALL (%s)",
            [list(keep)],
        ).fetchall()
        for (name,) in names:
            connection.execute(SQL("DROP OWNED BY {}").format(Identifier(name)))
        for (name,) in names:
            connection.execute(SQL("DROP ROLE {}").format(Identifier(name)))
