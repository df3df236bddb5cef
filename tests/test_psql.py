"""psql runs files: output, errors with file and line, lost connections, interrupts."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from migrator.errors import ServerError, SqlFileError
from migrator.postgres import Database, Server
from migrator.psql import dump_schema, run_file, run_script, whole_views


@pytest.fixture
def psql(server: Server) -> Path:
    return server.tool("psql")


def tables(database: Database) -> list[str]:
    with database.connect() as connection:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        return [name for (name,) in connection.execute(query)]


def test_a_file_runs_and_its_stdout_comes_back(database: Database, psql: Path, tmp_path: Path) -> None:
    file = tmp_path / "with space.sql"
    file.write_text("CREATE TABLE made (id int);\n\\echo done\nDO $$ BEGIN RAISE NOTICE 'noticed'; END $$;\n")
    assert run_file(file, database.conninfo, psql=psql) == "done\n"
    assert tables(database) == ["made"]


def test_lines_are_told_as_they_come(database: Database, psql: Path) -> None:
    # The script waits for a lock that is only let go once its first two lines were heard.
    heard: list[str] = []
    with database.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(1)")

        def hear(line: str) -> None:
            heard.append(line)
            if len(heard) == 2:
                holder.execute("SELECT pg_advisory_unlock(1)")

        run_script(
            "SET lock_timeout = '60s';\n\\echo first\nDO $$ BEGIN RAISE NOTICE 'second'; END $$;\n"
            "DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$;\n\\echo third\n",
            database.conninfo,
            psql=psql,
            on_line=hear,
        )
    assert heard == ["first", "psql:<stdin>:3: NOTICE:  second", "third"]


def test_the_last_line_is_told_without_its_newline(database: Database, psql: Path) -> None:
    heard: list[str] = []
    assert (
        run_script("\\echo -n unfinished", database.conninfo, psql=psql, on_line=heard.append) == "unfinished"
    )
    assert heard == ["unfinished"]


def test_variables_reach_the_file(database: Database, psql: Path) -> None:
    value = 'it\'s "a" = $1; \\'
    told = run_script(
        "\\pset format unaligned\n\\pset tuples_only on\nSELECT :'given';",
        database.conninfo,
        psql=psql,
        variables={"given": value},
    )
    assert told == value + "\n"


def test_an_error_names_file_line_message_detail_and_hint(
    database: Database, psql: Path, tmp_path: Path
) -> None:
    file = tmp_path / "broken.sql"
    file.write_text(
        "CREATE TABLE before_it ();\n\nDO $$ BEGIN RAISE EXCEPTION E'two\\nlines' "
        "USING DETAIL = E'of\\nrows', HINT = 'mend'; END $$;\nCREATE TABLE after_it ();\n"
    )
    with pytest.raises(SqlFileError) as caught:
        run_file(file, database.conninfo, psql=psql)
    error = caught.value
    assert (error.file, error.line, error.what, error.hint) == (file, 3, "two\nlines", "mend")
    assert error.why is not None and error.why.startswith("of\nrows\n")
    assert tables(database) == ["before_it"], "what came before stays, nothing after it runs"


def test_an_error_in_an_included_file_names_that_file(database: Database, psql: Path, tmp_path: Path) -> None:
    (tmp_path / "inner.sql").write_text("\n\nSELECT missing;\n")
    (tmp_path / "outer.sql").write_text("\\ir inner.sql\n")
    with pytest.raises(SqlFileError) as caught:
        run_file(tmp_path / "outer.sql", database.conninfo, psql=psql)
    assert caught.value.file.name == "inner.sql"
    assert caught.value.line == 3
    assert 'column "missing" does not exist' in str(caught.value)


def test_an_error_after_a_notice_is_not_the_notice(database: Database, psql: Path) -> None:
    with pytest.raises(SqlFileError) as caught:
        run_script(
            "DO $$ BEGIN RAISE NOTICE 'no harm' USING HINT = 'none'; END $$;\nSELECT 1 / 0;",
            database.conninfo,
            psql=psql,
        )
    assert (caught.value.what, caught.value.line) == ("division by zero", 2)
    assert caught.value.hint != "none"


def test_a_wrong_psql_command_is_an_error_with_its_line(database: Database, psql: Path) -> None:
    with pytest.raises(SqlFileError) as caught:
        run_script("SELECT 1;\n\\nonsense\n", database.conninfo, psql=psql)
    assert caught.value.line == 2
    assert "nonsense" in caught.value.what


def test_a_missing_file_is_an_error_that_names_it(database: Database, psql: Path, tmp_path: Path) -> None:
    with pytest.raises(SqlFileError, match=r"missing\.sql: No such file"):
        run_file(tmp_path / "missing.sql", database.conninfo, psql=psql)


def test_a_lost_connection_says_that_the_file_can_be_run_again(database: Database, psql: Path) -> None:
    with pytest.raises(ServerError, match="again") as caught:
        run_script("SELECT pg_terminate_backend(pg_backend_pid());", database.conninfo, psql=psql)
    assert caught.value.why is not None and "terminating connection" in caught.value.why


def test_a_database_that_is_not_there_is_a_server_error(server: Server, psql: Path) -> None:
    with pytest.raises(ServerError, match='database "not there" does not exist'):
        run_script("SELECT 1;", server.conninfo("not there"), psql=psql)


def test_a_missing_psql_is_a_server_error(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="client programs"):
        run_script("SELECT 1;", database.conninfo, psql=tmp_path / "psql")


def test_the_password_goes_through_the_environment_only(tmp_path: Path) -> None:
    # A program in psql's place shows what psql would be given.
    program = tmp_path / "psql"
    program.write_text('#!/bin/sh\necho "$@"\necho "PGPASSWORD=$PGPASSWORD"\n')
    program.chmod(0o755)
    arguments, environment = run_script(
        "", make_conninfo(host="h", password="s3cret word"), psql=program
    ).splitlines()
    assert "s3cret" not in arguments and "host=h" in arguments
    assert environment == "PGPASSWORD=s3cret word"


def test_pgoptions_and_psqlrc_of_the_environment_do_not_count(
    database: Database, psql: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psqlrc").write_text("\\echo from psqlrc\n")
    monkeypatch.setenv("PSQLRC", str(tmp_path / "psqlrc"))
    monkeypatch.setenv("PGOPTIONS", "-c search_path=elsewhere")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    script = "\\pset format unaligned\n\\pset tuples_only on\nSHOW search_path;\nSHOW client_encoding;\n"
    assert run_script(script, database.conninfo, psql=psql) == '"$user", public\nUTF8\n'


def test_ctrl_c_cancels_the_statement_waits_for_psql_and_goes_on(database: Database, psql: Path) -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        # Not sent from here: the signal must meet the wait for psql's output.
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run_script(
            "CREATE TABLE kept ();\n\\echo sleeping\nSELECT pg_sleep(600);\nCREATE TABLE never ();\n",
            database.conninfo,
            psql=psql,
            on_line=hear,
        )
    assert heard == ["sleeping"]
    with database.connect() as connection:
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND datname = %s"
        assert connection.execute(sleeping, [database.name]).fetchone() == (0,)
    assert tables(database) == ["kept"]


def test_an_error_of_the_listener_stops_psql_and_comes_out(database: Database, psql: Path) -> None:
    def fail(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError, match="heard"):
        run_script("\\echo heard\nSELECT pg_sleep(600);\n", database.conninfo, psql=psql, on_line=fail)


def test_two_dumps_of_one_schema_are_the_same_text(server: Server, database: Database) -> None:
    body = "\\restrict x\\n-- Dumped from database version 1"
    with database.connect() as connection:
        connection.execute(f"CREATE TABLE t (id int); COMMENT ON TABLE t IS E'{body}'")
    dumps = {dump_schema(database.conninfo, server.tool("pg_dump")) for _ in range(2)}
    (dump,) = dumps
    assert "CREATE TABLE public.t" in dump
    assert "-- Dumped from database version 1" in dump, "text of the schema itself is not touched"
    assert dump.count("Dumped") == 1
    assert "unrestrict" not in dump


def test_a_view_that_pg_dump_writes_in_two_parts_is_compared_in_one(
    server: Server, database: Database
) -> None:
    views = (
        "CREATE VIEW v WITH (security_barrier) AS SELECT 1 AS a, ';' AS b; ALTER VIEW v ALTER a SET DEFAULT 7"
    )
    with database.connect() as connection:
        connection.execute(f"CREATE TABLE t (id int PRIMARY KEY, b text); {views}")
        whole = dump_schema(database.conninfo, server.tool("pg_dump"))
        assert whole_views(whole) == whole
        keyed = "SELECT id AS a, b FROM t GROUP BY id"
        connection.execute(f"CREATE OR REPLACE VIEW v WITH (security_barrier) AS {keyed}")
        dump = dump_schema(database.conninfo, server.tool("pg_dump"))
    assert "NULL::integer AS a" in dump and "CREATE OR REPLACE VIEW public.v WITH (" in dump
    whole = whole_views(dump)
    assert "NULL::" not in whole and "REPLACE" not in whole and "_RETURN" not in whole
    assert "CREATE VIEW public.v WITH (security_barrier='true') AS\n SELECT id AS a,\n    b\n" in whole
    assert "GROUP BY id;\n" in whole and "ALTER COLUMN a SET DEFAULT 7;\n" in whole


def test_a_dump_leaves_out_what_is_excluded(server: Server, database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE SCHEMA hidden CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c ()")
    dump = dump_schema(
        database.conninfo, server.tool("pg_dump"), exclude_schemas=["hidden"], exclude_tables=["public.b"]
    )
    assert "public.c" in dump
    assert "hidden" not in dump and "public.b" not in dump


def test_a_dump_that_fails_says_why(server: Server) -> None:
    with pytest.raises(ServerError, match='database "not there" does not exist'):
        dump_schema(server.conninfo("not there"), server.tool("pg_dump"))
