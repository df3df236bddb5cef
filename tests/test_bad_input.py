"""Whatever is wrong with what the migrator is given: the command fails, says what, where and what to do, and harms nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migrator.errors import ServerError
from migrator.postgres import Database, Server
from migrator.state import catalog
from tests.small_project import PACKAGE, SmallProject, rows, scratch_databases, url

ONE = 'Table("item", metadata, Column("id", Integer, primary_key=True))\n'
TWO = 'Table("item", metadata, Column("id", Integer, primary_key=True), Column("label", Text))\n'
SECONDS = 60


@pytest.fixture
def project(tmp_path: Path, server: Server) -> SmallProject:
    """A project with models and no migration yet."""
    made = SmallProject(tmp_path / "project", server)
    made.models(ONE)
    return made


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, server: Server) -> SmallProject:
    """A project with a migration, to be copied."""
    made = SmallProject(tmp_path_factory.mktemp("begun") / "project", server)
    made.models(ONE)
    made.done("diff", "one")
    return made


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, begun: SmallProject) -> SmallProject:
    """A project with two migrations, to be copied."""
    made = begun.copy(tmp_path_factory.mktemp("grown") / "project")
    made.models(TWO)
    made.done("diff", "two")
    return made


@pytest.fixture
def one(tmp_path: Path, begun: SmallProject) -> SmallProject:
    """A project with a migration."""
    return begun.copy(tmp_path / "project")


@pytest.fixture
def two(tmp_path: Path, grown: SmallProject) -> SmallProject:
    """A project with two migrations."""
    return grown.copy(tmp_path / "project")


def refused(project: SmallProject, *arguments: str) -> str:
    """The message of a command that must fail as a person expects: status 1, stdout empty, no traceback of ours."""
    ended = project.run(*arguments)
    assert (ended.status, ended.out) == (1, ""), ended
    assert "error: " in ended.err
    assert f"{os.sep}migrator{os.sep}" not in ended.err.replace(str(project.root), "")
    return ended.err


# ---------------------------------------------------------------- arguments and settings


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "--chekc"], "--chekc"),
        (["dif"], "invalid choice: 'dif'"),
        (["apply"], "URL"),
        (["diff", "a", "b"], "unrecognized arguments: b"),
        (["diff", "--check", "--amend"], "not allowed with"),
    ],
)
def test_a_usage_error_is_exit_status_1_for_2_means_differences(
    project: SmallProject, arguments: list[str], said: str
) -> None:
    assert said in refused(project, *arguments)


def test_no_command_at_all_is_a_usage_error_too(project: SmallProject) -> None:
    with project.process() as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "") and "COMMAND" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "postgresql://u:s3cret@h/d", "postgresql://u:s3cret@h/d"],
        ["postgresql://u:s3cret@h/d"],
        ["apply", "postgresql://u:s3cret@127.0.0.1:1/d", "--to", "postgresql://u:s3cret@h/d"],
        ["roundtrip", "postgresql://u:s3cret@h/d"],
        ["between", "postgresql://u:s3cret@127.0.0.1:1/d", "postgresql://u:s3cret@127.0.0.1:1/d"],
        ["apply", "postgresql://u:s3cret@127.0.0.1:1/d"],
        ["status", "postgresql://u:p@s3cret@h/d"],
        ["verify", "host=127.0.0.1 port=1 user=u password=s3cret"],
    ],
)
def test_a_password_among_the_arguments_is_not_repeated(project: SmallProject, arguments: list[str]) -> None:
    assert "s3cret" not in refused(project, *arguments)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project]\n", "has no [tool.migrator]"),
        ("tool.migrator = 1\n", "has no [tool.migrator]"),
        ("[tool.migrator]\nmetdata = 'x:y'\n", "unknown setting 'metdata'"),
        ("[tool.migrator]\nhooks = 1\n", "hooks must be a string, not 1"),
        ("[tool.migrator]\noldest_server = true\n", "oldest_server must be a number, not True"),
        ("[tool.migrator]\noldest_server = 14\n", "oldest_server is 14"),
        ("[tool.migrator]\nfirst_revision = 'it\"s'\n", "first_revision is"),
        ("[tool.migrator\n", "not valid TOML"),
        ("[tool.migrator]\nmetadata = 'shop'\n", "is not of the form module:name"),
    ],
)
def test_a_wrong_setting_names_the_file_and_the_setting(project: SmallProject, text: str, said: str) -> None:
    project.write("pyproject.toml", text)
    message = refused(project, "diff", "x")
    assert said in message and ("pyproject.toml" in message or "[tool.migrator]" in message)


def test_outside_any_project_the_command_says_so(project: SmallProject) -> None:
    (project.root / "pyproject.toml").unlink()
    assert "no pyproject.toml here or above" in refused(project, "diff", "x")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("", "needs a message"),
        ("…", "has no letter from a to z"),
        ("видео", "has no letter from a to z"),
        ("a message that is far too long to be kept", "at most 28 characters"),
    ],
)
def test_a_message_that_cannot_be_a_name_is_refused(project: SmallProject, message: str, said: str) -> None:
    assert said in refused(project, "diff", message)
    assert project.migrations == []


def test_accents_of_a_message_are_left_out_of_the_name(project: SmallProject) -> None:
    project.done("diff", "Überwachung: größer & café/../x")
    assert project.migrations == ["001_uberwachung_gro_er_cafe_x", "HISTORY"]


# ---------------------------------------------------------------- servers and databases


def test_an_unreachable_server_is_named_by_its_place(project: SmallProject) -> None:
    for command in ("apply", "status", "verify"):
        assert "127.0.0.1:1/db: the server cannot be used" in refused(
            project, command, "postgresql://u@127.0.0.1:1/db"
        )


@pytest.fixture
def stranger(server: Server, database: Database) -> Iterator[str]:
    """The URL of a database for a role with a password that may do next to nothing there."""
    role, secret = f"stranger_{uuid4().hex[:8]}", "s3cret/@:?"
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{secret}'".encode())
    parts = conninfo_to_dict(database.conninfo)
    host, port = quote(str(parts["host"]), safe=""), parts.get("port") or 5432
    yield f"postgresql://{role}:{quote(secret, safe='')}@/{database.name}?host={host}&port={port}"
    with database.connect() as connection:
        connection.execute(f"DROP OWNED BY {role}".encode())
        connection.execute(f"DROP ROLE {role}".encode())


def test_a_database_on_a_server_older_than_15_is_refused() -> None:
    connection = cast(psycopg.Connection[Any], SimpleNamespace(info=SimpleNamespace(server_version=140_011)))
    with pytest.raises(ServerError, match="the server is PostgreSQL 14"):
        catalog.server_version(connection)


def test_a_role_without_rights_is_told_what_postgresql_refuses(two: SmallProject, stranger: str) -> None:
    message = refused(two, "apply", stranger)
    assert "permission denied for database" in message and "s3cret" not in message
    assert "upgrade.sql:" in message


def test_a_role_that_may_not_read_the_revision_is_told_so(
    two: SmallProject, database: Database, stranger: str
) -> None:
    two.done("apply", url(database.conninfo))
    message = refused(two, "status", stranger)
    assert "permission denied for table alembic_version" in message and "s3cret" not in message


def test_a_database_at_an_unknown_revision_is_named_and_left_alone(
    two: SmallProject, database: Database
) -> None:
    two.done("apply", url(database.conninfo))
    rows(database, "UPDATE alembic_version SET version_num = '099_elsewhere'")
    for command in (["apply"], ["status"], ["verify"], ["apply", "--to", "base"]):
        message = refused(two, command[0], url(database.conninfo), *command[1:])
        assert "is at revision 099_elsewhere, which is none of generated_migrations/" in message
        assert "stamp" in message


def test_a_database_with_two_revisions_is_refused(two: SmallProject, database: Database) -> None:
    two.done("apply", url(database.conninfo))
    rows(database, "INSERT INTO alembic_version VALUES ('001_one')")
    for command in ("apply", "status"):
        assert "several revisions: 001_one, 002_two" in refused(two, command, url(database.conninfo))


def test_tables_without_a_revision_are_in_the_way_and_nothing_is_changed(
    two: SmallProject, database: Database
) -> None:
    rows(database, "CREATE TABLE item (id int PRIMARY KEY)")
    message = refused(two, "apply", url(database.conninfo))
    assert "table public.item exists already" in message and "stamp" in message
    assert "nothing was changed" in message
    assert rows(database, "SELECT to_regclass('migrator.run'), to_regclass('alembic_version')") == [
        (None, None)
    ]


def test_a_database_that_ran_another_version_of_a_file_is_told(two: SmallProject, database: Database) -> None:
    two.done("apply", url(database.conninfo))
    two.models(TWO.replace("label", "name"))
    two.done("diff", "--amend")
    status = two.done("status", url(database.conninfo))
    assert "edited:   002_two was applied from another version of its files" in status.out
    message = refused(two, "apply", url(database.conninfo), "--to", "001_one")
    assert "002_two was applied to it from another version of its files" in message
    differs = two.run("verify", url(database.conninfo))
    assert differs.status == 2 and "missing: column public.item.name" in differs.out


def test_one_operator_at_a_time_and_the_other_is_named(two: SmallProject, database: Database) -> None:
    with database.connect() as other:
        other.execute("SET application_name = 'the other terminal'")
        other.execute("SELECT pg_advisory_lock(hashtext('migrator'), hashtext('one operator'))")
        message = refused(two, "apply", url(database.conninfo))
        assert f"pid {other.info.backend_pid}" in message and "the other terminal" in message
    two.done("apply", url(database.conninfo))


# ---------------------------------------------------------------- generated_migrations/


@pytest.mark.parametrize(
    "name", ["README.md", "upgrade.sql", "downgrade.sql", "revision.py", "migration.json"]
)
def test_an_edited_or_missing_file_stops_every_command_with_its_name(two: SmallProject, name: str) -> None:
    file = two.file(0, name)
    written = file.read_text()
    for command in (["diff"], ["diff", "--check"], ["roundtrip"], ["status", "postgresql://h/d"]):
        file.write_text(written + "\n")
        message = refused(two, *command)
        assert name in message and "was edited after it was written" in message
        file.unlink()
        message = refused(two, *command)
        assert str(file) in message and "is missing" in message


def test_a_record_that_is_no_json_any_more_is_an_edited_file(two: SmallProject) -> None:
    for text in ("{", "[]", '{"files": 1}', '{"files": {"../../x": "y"}}'):
        two.file(0, "migration.json").write_text(text)
        message = refused(two, "diff")
        assert "migration.json" in message and "was edited after it was written" in message


def test_a_missing_folder_is_named(two: SmallProject) -> None:
    folder = two.file(0, "")
    folder.rename(two.root / "elsewhere")
    assert f"{folder}: is missing" in refused(two, "diff")


def test_a_folder_that_history_does_not_list_is_named(two: SmallProject) -> None:
    (two.root / "generated_migrations/003_by_hand").mkdir()
    message = refused(two, "diff")
    assert "003_by_hand: is not in HISTORY" in message and "delete the folder" in message


def test_without_history_the_folders_are_not_taken_for_new(two: SmallProject) -> None:
    (two.root / "generated_migrations/HISTORY").unlink()
    assert "restore HISTORY with git" in refused(two, "diff")


def history(project: SmallProject) -> tuple[Path, list[str]]:
    file = project.root / "generated_migrations/HISTORY"
    return file, file.read_text().splitlines(keepends=True)


def test_two_migrations_with_one_parent_are_both_named(two: SmallProject) -> None:
    two.file(1, "").rename(two.root / "ours")
    file, lines = history(two)
    file.write_text("".join(lines[:-1]))
    two.models(TWO.replace("label", "name"))
    two.done("diff", "theirs")
    (two.root / "ours").rename(two.root / "generated_migrations/002_two")
    with file.open("a") as more:
        more.write(lines[-1])
    message = refused(two, "diff")
    assert "002_theirs and 002_two have the same parent, 001_one" in message


def test_lines_of_history_out_of_order_are_refused(two: SmallProject) -> None:
    file, lines = history(two)
    file.write_text("".join([*lines[:-2], lines[-1], lines[-2]]))
    assert "002_two names 001_one as its parent" in refused(two, "diff")


@pytest.mark.parametrize("theirs", ["feature", "0a1b2c3 (Add theirs)", "one two three four five"])
def test_a_merge_conflict_in_history_is_called_so(two: SmallProject, theirs: str) -> None:
    file, lines = history(two)
    conflict = [
        "<<<<<<< HEAD\n",
        lines[-1],
        "=======\n",
        lines[-1].replace("two", "their"),
        f">>>>>>> {theirs}\n",
    ]
    file.write_text("".join([*lines[:-1], *conflict]))
    message = refused(two, "diff")
    assert f"HISTORY:{len(lines)}: is part of a merge conflict" in message and "run `diff` again" in message


def test_a_merge_of_two_branches_that_both_add_a_migration_is_stopped_by_git(project: SmallProject) -> None:
    def git(*arguments: str) -> int:
        name = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *name, *arguments], cwd=project.root, capture_output=True).returncode

    project.done("diff", "one")
    assert (git("init", "-b", "main"), git("add", "."), git("commit", "-m", "one")) == (0, 0, 0)
    for branch in ("ours", "theirs"):
        git("checkout", "-b", branch, "main")
        project.models(TWO.replace("label", branch))
        project.done("diff", branch)
        git("add", "."), git("commit", "-m", branch)
    git("checkout", "ours", "--", f"{PACKAGE}/__init__.py"), git("commit", "-m", "same models")
    assert git("merge", "ours") != 0
    assert "is part of a merge conflict" in refused(project, "diff")


@pytest.mark.parametrize("text", ["a line\n", "002_x 002_x 001_one nohash\n", "\ufffd\n"])
def test_a_line_that_is_none_of_history_is_shown(two: SmallProject, text: str) -> None:
    file, lines = history(two)
    file.write_bytes("".join(lines).encode() + text.encode("utf-8").replace("\ufffd".encode(), b"\xff"))
    assert f"HISTORY:{len(lines) + 1}: is not a line of HISTORY" in refused(two, "diff")


# ---------------------------------------------------------------- the metadata


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from os import no_such_name\n", "ImportError: cannot import name 'no_such_name'"),
        ("def broken(:\n", "SyntaxError"),
        ("undefined_name\n", "NameError: name 'undefined_name' is not defined"),
        ("raise SystemExit(0)\n", "SystemExit: 0"),
    ],
)
def test_models_that_do_not_import_show_the_users_own_lines_only(
    project: SmallProject, text: str, said: str
) -> None:
    project.models("from shop import orders\n")
    file = project.write(f"{PACKAGE}/orders.py", f"# orders\n{text}")
    message = refused(project, "diff", "x")
    assert said in message
    assert f'"{file}", line 2' in message
    for foreign in ("importlib", "site-packages", "desired.py", "Traceback"):
        assert foreign not in message


def test_frames_of_libraries_that_lie_in_the_project_are_left_out(project: SmallProject) -> None:
    project.write("venv/lib/site-packages/shop_library.py", "raise ValueError('deep inside')\n")
    file = project.models("import sys\nsys.path.append('venv/lib/site-packages')\nimport shop_library\n")
    message = refused(project, "diff", "x")
    assert "ValueError: deep inside" in message and str(file) in message and "site-packages" not in message


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("nowhere:metadata", "there is no module nowhere"),
        (f"{PACKAGE}.nowhere:metadata", f"there is no module {PACKAGE}.nowhere"),
        (f"{PACKAGE}:metdata", f"{PACKAGE}: has no metdata"),
        (f"{PACKAGE}:Integer", "not a MetaData"),
        (f"{PACKAGE}:Base", "module:Base.metadata"),
    ],
)
def test_a_setting_that_leads_to_no_metadata_says_where_it_ended(
    project: SmallProject, setting: str, said: str
) -> None:
    project.models("from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n")
    project.configure(metadata=f'"{setting}"')
    assert said in refused(project, "diff", "x")


def test_the_metadata_of_a_declarative_base_is_named_by_its_path(project: SmallProject) -> None:
    project.models("from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n")
    project.configure(metadata=f'"{PACKAGE}:Base.metadata"')
    assert project.done("diff", "--check").out.startswith("nothing to do")


def test_what_models_print_does_not_reach_stdout(project: SmallProject) -> None:
    project.models(
        ONE
        + 'print("hello from the models")\nmetadata.create_all(create_mock_engine("postgresql+psycopg://", print))\n'
    )
    ended = project.run("diff", "x")
    assert ended.out == f"{project.root / 'generated_migrations/001_x'}\n"
    assert "hello from the models" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'Table("t", metadata, Column("a", Text, server_default=text("nosuch()")))',
            "function nosuch() does not exist",
        ),
        ('Table("t", metadata, Column("a", Text, ForeignKey("gone.id")))', "could not find table 'gone'"),
        ('Table("t", metadata, Column("a"))', "NullType"),
        (
            'Table("t" * 64, metadata, Column("a", Text, primary_key=True), Column("b", Enum("x", name="e" * 64)))',
            "63",
        ),
        (
            'event.listen(metadata, "after_create", lambda *a, **k: 1 / 0)',
            "ZeroDivisionError: division by zero",
        ),
    ],
    ids=["server", "reference", "type", "identifier", "listener"],
)
def test_a_create_all_that_fails_says_what_was_refused(project: SmallProject, text: str, said: str) -> None:
    project.models(f"from sqlalchemy import event\n{text}\n")
    message = refused(project, "diff", "x")
    assert "create_all fails" in message and said.lower() in message.lower()
    assert "sqlalche.me" not in message


# ---------------------------------------------------------------- hooks


NEEDS_A_HOOK = TWO.replace(
    'Column("label", Text)', 'Column("label", Text, nullable=False), Column("Größe", Integer)'
)
BACKFILL = "-- backfill: item AS i\n-- fills: label\n-- remaining: i.label IS NULL\nUPDATE item AS i\nSET label = i.id::text\nWHERE {batch}\n"


@pytest.fixture
def hooked(one: SmallProject) -> SmallProject:
    """A project whose next migration, 002_two, needs a backfill."""
    one.models(NEEDS_A_HOOK)
    return one


def hook(project: SmallProject, text: str, name: str = "fill.sql", direction: str = "upgrade") -> Path:
    return project.write(f"{PACKAGE}/hooks/002_two/{direction}/{name}", text)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (BACKFILL.replace("i.id::text", "nosuch(i.id)"), 5, "function nosuch(integer) does not exist"),
        (BACKFILL.replace("SET label", "SETT label"), 5, "syntax error"),
        (BACKFILL.replace("i.label IS", "i.lable IS"), 3, "column i.lable does not exist"),
        (
            BACKFILL.replace("WHERE {batch}", "FROM other AS o\nWHERE {batch}"),
            6,
            'relation "other" does not exist',
        ),
        (BACKFILL.replace("{batch}", "{batch} AND i.x"), 6, "column i.x does not exist"),
        (
            "-- precondition: p\n-- hint: h\n\nSELECT id\nFROM nosuch;\n",
            5,
            'relation "nosuch" does not exist',
        ),
    ],
)
def test_an_error_in_the_sql_of_a_hook_names_its_file_and_line(
    hooked: SmallProject, text: str, line: int, said: str
) -> None:
    hook(hooked, BACKFILL, "other.sql")
    file = hook(hooked, text)
    message = refused(hooked, "diff", "two")
    assert f"{file}:{line}: " in message and said in message
    assert hooked.migrations == ["001_one", "HISTORY"]


@pytest.mark.parametrize("wrong", [True, False])
def test_a_hook_is_tried_beside_a_column_that_is_filled_with_its_default(
    hooked: SmallProject, database: Database, wrong: bool
) -> None:
    token = 'Column("token", Text, server_default=text("gen_random_uuid()::text"), nullable=False)'
    hooked.models(NEEDS_A_HOOK.replace('Column("Größe"', f'{token}, Column("Größe"'))
    file = hook(hooked, BACKFILL.replace("i.id::text", "nosuch(i.id)") if wrong else BACKFILL)
    if wrong:
        message = refused(hooked, "diff", "two")
        assert f"{file}:5: " in message and "function nosuch(integer) does not exist" in message
        return
    hooked.done("diff", "two")
    hooked.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item VALUES (7), (8)")
    hooked.done("apply", url(database.conninfo))
    assert rows(database, "SELECT count(DISTINCT token), count(label) FROM item") == [(2, 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BACKFILL.replace("item AS i\n-- f", "itme AS i\n-- f"),
            ":1: there is no table public.itme after this upgrade",
        ),
        (BACKFILL.replace("fills: label", "fills: label, lable"), ":2: there is no column public.item.lable"),
        (BACKFILL.replace("fills: label", "fills: Größe"), "there is no column public.item.größe"),
        (BACKFILL.replace("item AS i\n-- f", "a.b.c AS i\n-- f"), "is not of the form: table AS alias"),
        (BACKFILL.replace("{batch}", "true"), "found it 0 times"),
        (BACKFILL.replace("{batch}", "{batch} AND {batch}"), "found it 2 times"),
        (BACKFILL.replace("-- fills: label\n", ""), "a backfill needs a line `-- fills: …`"),
        (
            BACKFILL.replace("-- remaining: i.label IS NULL\n", ""),
            "a backfill needs a line `-- remaining: …`",
        ),
        (BACKFILL.replace("-- fills", "-- filling"), "unknown line `-- filling: …`"),
        (
            BACKFILL.replace("-- backfill: item AS i\n", ""),
            "neither `-- precondition: …` nor `-- backfill: …`",
        ),
        ("-- precondition: nothing is asked\n", "has no SQL"),
        ("", "has no SQL"),
    ],
)
def test_a_hook_with_a_wrong_top_says_what_is_wrong_with_it(
    hooked: SmallProject, text: str, said: str
) -> None:
    file = hook(hooked, text)
    message = refused(hooked, "diff", "two")
    assert str(file) in message and said in message
    assert hooked.migrations == ["001_one", "HISTORY"]


def test_a_decision_about_what_nothing_touches_is_pointed_out(hooked: SmallProject) -> None:
    hook(hooked, BACKFILL)
    hooked.write(
        "shop/hooks/002_two/upgrade/decisions.toml",
        '[allow]\n"column public.item.lable" = "few rows"\n"column public.item.label" = "few rows"\n',
    )
    told = hooked.done("diff", "two").err
    assert "decisions.toml names column public.item.lable, which nothing of this upgrade touches" in told
    assert "names column public.item.label," not in told


def test_a_hook_that_only_rows_can_refuse_names_the_line_of_upgrade_sql(
    hooked: SmallProject, database: Database
) -> None:
    hook(hooked, BACKFILL.replace("i.id::text", "(1 / (i.id - 7))::text"))
    hooked.done("diff", "two")
    hooked.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item VALUES (7)")
    message = refused(hooked, "apply", url(database.conninfo))
    found = hooked.file(1, "upgrade.sql")
    assert f"{found}:" in message and "division by zero" in message
    # The server's end of a psql that has failed is there for a moment longer.
    while "by pid" in (told := hooked.done("status", url(database.conninfo)).out):
        pass
    assert told.count("run it again to go on") == 1


def test_names_in_the_top_of_a_hook_are_read_as_postgresql_reads_them(
    hooked: SmallProject, database: Database
) -> None:
    text = BACKFILL.replace("item AS i\n-- f", 'Public . "item" as I\n-- f').replace(
        "fills: label", 'fills: LABEL, "Größe"'
    )
    hook(hooked, text.replace("SET label", 'SET "Größe" = 1, label'))
    hooked.done("diff", "two")
    hooked.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item VALUES (7)")
    hooked.done("apply", url(database.conninfo))
    assert rows(database, "SELECT * FROM item") == [(7, "7", 1)]


def test_a_precondition_that_ends_in_a_comment_is_asked_all_the_same(
    hooked: SmallProject, database: Database
) -> None:
    hook(hooked, BACKFILL)
    hook(
        hooked,
        "-- precondition: no item is seven\n-- hint: change it\nSELECT id FROM item WHERE id = 7 -- seven\n",
        "p.sql",
    )
    hooked.done("diff", "two")
    hooked.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item VALUES (7)")
    message = refused(hooked, "apply", url(database.conninfo))
    assert "not true: no item is seven" in message and '{"id": 7}' in message and "change it" in message


def test_hooks_of_no_migration_are_warned_about(hooked: SmallProject) -> None:
    hook(hooked, BACKFILL)
    hooked.write(f"{PACKAGE}/hooks/002_tow/upgrade/fill.sql", BACKFILL)
    warned = hooked.done("diff", "two").err
    assert (
        "002_tow belongs to no migration: its hooks are not run" in warned and "002_two belongs" not in warned
    )


@pytest.mark.parametrize("path", ["fill.sql", "up/fill.sql", "upgrade/fill.SQL", "upgrade/decision.toml"])
def test_a_file_among_the_hooks_that_nobody_would_read_is_refused(hooked: SmallProject, path: str) -> None:
    hook(hooked, BACKFILL)
    hooked.write(f"{PACKAGE}/hooks/002_two/{path}", BACKFILL)
    assert f"002_two/{path.partition('/')[0]}" in refused(hooked, "diff", "two")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[alow]\n", "unknown table [alow]"),
        ("[allow\n", "not valid TOML"),
        ('[allow]\n"column public.item.label" = true\n', "[allow] holds [True]"),
        ("allow = 'everything'\n", "[allow] holds 'everything'"),
    ],
)
def test_wrong_decisions_name_their_file(hooked: SmallProject, text: str, said: str) -> None:
    hook(hooked, BACKFILL)
    file = hook(hooked, text, "decisions.toml")
    message = refused(hooked, "diff", "two")
    assert str(file) in message and said in message


# ---------------------------------------------------------------- names and texts


HOSTILE = [
    "'; DROP TABLE victim; --",
    '"; DROP TABLE victim; --',
    "\\! touch TOUCHED",
    "' \\! touch TOUCHED",
    "\\'; \\! touch TOUCHED",
    "\\",
    "`touch TOUCHED`",
    ":victim :'victim' :\"victim\" :{?victim}",
    "\n\\! touch TOUCHED\n",
    "*/ DROP TABLE victim; /*",
    "$$; DROP TABLE victim; $$",
    "$query$; DROP TABLE victim; $query$",
    "$remaining$ $update$ $body$",
    "a | b <script>alert(1)</script> [x](y) ``` `",
    "100% %s %(a)s %I {batch} {0}",
    "\u2028\u0085 \r\n-- x",
    "Ünï©ødé 🎥",
    "select",
    "Capital Letters",
    "x" * 63,
]


def ascii_of(text: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in text)[:20]


def hostile(project: SmallProject) -> str:
    """Models in which every name and every text is hostile; one table for each."""
    texts = [text.replace("TOUCHED", str(project.root / "TOUCHED")) for text in HOSTILE]
    return f"""
def cut(text):
    return text.encode()[:63].decode(errors="ignore")

for n, t in enumerate({texts!r}):
    table = Table(cut(f"{{n}}" + t), metadata,
        Column("id", Integer, primary_key=True),
        Column(cut(t), Text, server_default=t, comment=t, nullable=False),
        Column("e", Enum(cut(t), "b" + cut(t)[:60], name=cut(f"e{{n}}" + t))),
        comment=t)
    table.append_constraint(CheckConstraint(literal(t) != table.c[cut(t)], name=DDL_NAME(cut(f"c{{n}}" + t))))
    Index(cut(f"i{{n}}" + t), table.c[cut(t)], postgresql_where=table.c[cut(t)] != t)
"""


def test_no_text_of_a_catalog_is_read_as_a_command(project: SmallProject, database: Database) -> None:
    project.models(
        "from sqlalchemy.sql.elements import conv as DDL_NAME\nTable('victim', metadata, Column('id', Integer))\n"
    )
    project.done("diff", "one")
    project.models(
        "from sqlalchemy.sql.elements import conv as DDL_NAME\nTable('victim', metadata, Column('id', Integer))\n"
        + hostile(project)
    )
    project.done("diff", "two")
    project.done("apply", url(database.conninfo))
    assert project.run("verify", url(database.conninfo)).status == 0
    made = {name for (name,) in rows(database, "SELECT relname::text FROM pg_class WHERE relkind = 'r'")}
    assert made >= {
        f"{n}{text}" for n, text in enumerate(HOSTILE) if "TOUCHED" not in text and len(text) < 40
    }
    project.done("roundtrip")
    project.done("apply", url(database.conninfo), "--to", "001_one")
    assert rows(database, "SELECT to_regclass('victim') IS NOT NULL") == [(True,)]
    assert not (project.root / "TOUCHED").exists()
    project.models(
        "from sqlalchemy.sql.elements import conv as DDL_NAME\n"
        + hostile(project).replace("server_default=t, comment=t", "server_default=t + 'x', comment=t + 'x'")
    )
    project.done("diff", "three")
    project.done("roundtrip", "003_three")
    assert not (project.root / "TOUCHED").exists()


def test_names_stay_text_in_the_review(project: SmallProject) -> None:
    project.models("Table('a`b|c <b>x</b>\\n# d', metadata, Column('e', Integer))\n")
    project.done("diff", "one")
    text = project.file(0, "README.md").read_text()
    assert "`` public.a`b\\|c <b>x</b> # d ``" in text
    assert "\n# d" not in text and "<b>" not in text.replace("`` public.a`b\\|c <b>x</b> # d ``", "")


def test_a_name_that_is_a_path_stays_in_its_folder(project: SmallProject) -> None:
    weird = "../../../we/ird"
    project.models(f"Table({weird!r}, metadata, Column('id', Integer))\n")
    project.done("diff", "one")
    project.models(
        f"Table({weird!r}, metadata, Column('id', Integer), Column('N N', Integer, nullable=False))\n"
    )
    message = refused(project, "diff", "two")
    (made,) = (project.root / f"{PACKAGE}/hooks/002_two/upgrade").iterdir()
    assert str(made) in message and "unfinished" in made.read_text()
    lines = [line for line in made.read_text().splitlines() if "unfinished" not in line]
    made.write_text("\n".join(lines).replace("…", "1"))
    project.done("diff", "two")
    project.done("roundtrip")


# ---------------------------------------------------------------- interruptions, permissions, pipes


def wait_until_asleep(process: subprocess.Popen[str], marker: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert marker.exists(), process.communicate()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_an_interrupted_diff_leaves_no_half_migration_and_no_scratch_database(
    project: SmallProject, number: signal.Signals, status: int
) -> None:
    project.models(
        ONE
        + "import time, pathlib\nfrom sqlalchemy import event\n"
        + "def wait(*a, **k):\n    pathlib.Path('asleep').touch()\n    time.sleep(60)\n"
        + "event.listen(metadata, 'after_create', wait)\n"
    )
    with project.process("diff", "one", "--postgres", url(project.server.address)) as process:
        wait_until_asleep(process, project.root / "asleep")
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == status and "Traceback" not in err
    assert project.migrations == []
    left = {name for name in scratch_databases(project.server) if f"_{process.pid}_" in name}
    if number != signal.SIGKILL:
        assert left == set()
    with psycopg.connect(project.server.address, autocommit=True) as connection:
        for name in left:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def test_what_a_killed_diff_left_is_cleared_away_by_the_next(project: SmallProject) -> None:
    project.write("generated_migrations/.001_other.half/upgrade.sql", "half")
    project.write("generated_migrations/.HISTORY.half", "half")
    project.done("diff", "one")
    assert project.migrations == ["001_one", "HISTORY"]


def test_a_write_that_fails_halfway_leaves_everything_as_it_was(
    two: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p: p.read_bytes() for p in two.root.rglob("*") if p.is_file() and "generated" in str(p)}
    written = Path.write_bytes

    def write(self: Path, data: bytes) -> int:
        if self.name == "README.md":
            raise OSError(28, "No space left on device", str(self))
        return written(self, data)

    two.models(TWO.replace("label", "name"))
    monkeypatch.setattr(Path, "write_bytes", write)
    assert "No space left on device" in refused(two, "diff", "--amend")
    monkeypatch.undo()
    after = {p: p.read_bytes() for p in two.root.rglob("*") if p.is_file() and "generated" in str(p)}
    assert after == before
    assert two.run("diff", "--check").status == 2


def test_a_place_that_cannot_be_written_is_named(project: SmallProject) -> None:
    project.write("generated_migrations", "a file where the folder belongs")
    assert "generated_migrations: " in refused(project, "diff", "one")


def test_a_folder_of_migrations_with_bytecode_in_it_can_be_amended(two: SmallProject) -> None:
    two.file(1, "__pycache__").mkdir()
    two.file(1, "__pycache__/revision.pyc").write_text("x")
    two.models(TWO.replace("label", "name"))
    two.done("diff", "--amend")
    assert two.migrations == ["001_one", "002_two", "HISTORY"]


@pytest.mark.parametrize("lines", [1, 5000])
def test_a_reader_that_goes_away_is_no_traceback(
    project: SmallProject, server: Server, database: Database, lines: int
) -> None:
    with server.scratch() as other:
        rows(other, "".join(f"CREATE SEQUENCE s{n};" for n in range(max(1, lines // 100))))
        reading, writing = os.pipe()
        os.close(reading)
        started = subprocess.run(
            [sys.executable, "-m", "migrator", "between", url(database.conninfo), url(other.conninfo)],
            cwd=project.root,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
        )
        os.close(writing)
    assert started.returncode == 1
    assert started.stderr == ""


def test_the_record_of_a_migration_is_json_whatever_the_names(project: SmallProject) -> None:
    project.models("Table('\\\\ \" \\n \\u2028', metadata, Column('id', Integer))\n")
    project.done("diff", "one")
    json.loads(project.file(0, "migration.json").read_text())
