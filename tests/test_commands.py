"""Each command does what its help says, with its exit status: 0 done or nothing to do, 2 differences, 1 an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrator import psql
from migrator.kinds import KINDS
from migrator.postgres import Database, Server
from migrator.state import catalog
from tests.small_project import PACKAGE, SmallProject, rows, scratch_databases, url

ONE = 'Table("item", metadata, Column("id", Integer, primary_key=True))\n'
TWO = ONE.replace("True))", 'True), Column("label", Text))')
THREE = ONE.replace("True))", 'True), Column("label", Text), Index("item_label_idx", "label"))')
STRICT = ONE.replace("True))", 'True), Column("label", Text, nullable=False))')
BACKFILL = """\
-- backfill: item AS i
-- fills: label
-- remaining: i.label IS NULL
UPDATE item AS i SET label = 'item ' || i.id WHERE {batch}
"""
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
    """A project with three migrations, to be copied."""
    made = begun.copy(tmp_path_factory.mktemp("grown") / "project")
    for text, message in ((TWO, "two"), (THREE, "three")):
        made.models(text)
        made.done("diff", message)
    return made


@pytest.fixture
def one(tmp_path: Path, begun: SmallProject) -> SmallProject:
    """A project with a migration."""
    return begun.copy(tmp_path / "project")


@pytest.fixture
def three(tmp_path: Path, grown: SmallProject) -> SmallProject:
    """A project with three migrations."""
    return grown.copy(tmp_path / "project")


def content(project: SmallProject) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(project.root.rglob("*")) if p.is_file()}


# ---------------------------------------------------------------- diff


def test_diff_writes_a_migration_and_prints_its_folder_only(project: SmallProject) -> None:
    ended = project.done("diff", "The first: items!")
    folder = project.root / "generated_migrations/001_the_first_items"
    assert ended.out == f"{folder}\n"
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "downgrade.sql",
        "migration.json",
        "revision.py",
        "upgrade.sql",
    ]


def test_diff_without_a_difference_says_so_and_writes_nothing(one: SmallProject) -> None:
    before = content(one)
    assert one.done("diff", "two").out == "nothing to do: schema/ and the migrations are the same\n"
    assert one.done("diff").out == "nothing to do: schema/ and the migrations are the same\n"
    assert content(one) == before


def test_diff_of_the_same_input_is_the_same_bytes(project: SmallProject, tmp_path: Path) -> None:
    other = SmallProject(tmp_path / "other", project.server)
    for one in (project, other):
        one.models(THREE)
        one.done("diff", "one")
    assert [*content(project).values()] == [*content(other).values()]


def test_check_exits_2_names_the_steps_and_writes_nothing(one: SmallProject) -> None:
    assert one.run("diff", "--check").status == 0
    one.models(TWO)
    before = content(one)
    ended = one.run("diff", "--check")
    assert (ended.status, ended.out) == (2, "create column public.item.label\n")
    assert content(one) == before


def test_check_asks_for_no_hook(one: SmallProject) -> None:
    one.models(STRICT)
    assert one.run("diff", "--check").status == 2
    assert not (one.root / PACKAGE / "hooks").exists()


def test_amend_writes_the_newest_again_under_its_name(three: SmallProject) -> None:
    first = three.file(0, "upgrade.sql").read_bytes()
    three.models(THREE.replace("item_label_idx", "item_label_index"))
    three.done("diff", "--amend")
    assert three.migrations == ["001_one", "002_two", "003_three", "HISTORY"]
    assert "item_label_index" in three.file(-1, "upgrade.sql").read_text()
    assert three.file(0, "upgrade.sql").read_bytes() == first
    assert three.run("diff", "--check").status == 0


def test_amend_of_nothing_is_refused(project: SmallProject) -> None:
    ended = project.run("diff", "--amend")
    assert ended.status == 1 and "there is no migration to amend" in ended.err


def test_amend_where_nothing_is_left_says_to_delete_the_migration(three: SmallProject) -> None:
    three.models(TWO)
    ended = three.run("diff", "--amend")
    assert ended.status == 1 and "003_three: has nothing left to do" in ended.err
    assert three.migrations == ["001_one", "002_two", "003_three", "HISTORY"]


def git(folder: Path, *arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *arguments], cwd=folder, capture_output=True, check=True)


def test_amend_is_free_on_a_branch_and_refused_once_merged_or_tagged(
    three: SmallProject, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--bare", "-b", "main", "remote.git")
    git(three.root, "init", "-b", "feature")
    git(three.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(three.root, "add", ".")
    git(three.root, "commit", "-m", "three migrations")
    git(three.root, "push", "origin", "feature")
    three.models(THREE.replace("item_label_idx", "item_label_index"))
    three.done("diff", "--amend")
    git(three.root, "commit", "-am", "amended")
    git(three.root, "push", "origin", "feature:main")
    for ref, undo in (("origin/main", ["update-ref", "-d", "refs/remotes/origin/main"]), ("v1", [])):
        if ref == "v1":
            git(three.root, "tag", "v1")
        ended = three.run("diff", "--amend")
        assert ended.status == 1 and f"003_three: is in {ref} already" in ended.err
        if undo:
            git(three.root, *undo)


def test_a_new_not_null_column_stops_writes_a_hook_and_works_once_it_is_filled_in(
    one: SmallProject, database: Database
) -> None:
    one.models(STRICT)
    ended = one.run("diff", "two")
    file = one.root / PACKAGE / "hooks/002_two/upgrade/backfill_item.sql"
    assert ended.status == 1 and str(file) in ended.err
    assert (
        "table public.item: new NOT NULL columns without a value for the rows that are there: label"
        in ended.err
    )
    assert one.migrations == ["001_one", "HISTORY"]
    again = one.run("diff", "two")
    assert again.status == 1 and f"{file}: this hook is not written yet" in again.err
    written = [line for line in file.read_text().splitlines() if "unfinished" not in line]
    file.write_text("\n".join(written).replace("…", "'item ' || t.id"))
    one.done("diff", "two")
    one.done("roundtrip")
    one.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item SELECT generate_series(1, 3)")
    one.done("apply", url(database.conninfo))
    assert rows(database, "SELECT label FROM item ORDER BY id") == [("item 1",), ("item 2",), ("item 3",)]


def test_a_hook_that_leaves_a_column_out_is_told_which(one: SmallProject) -> None:
    one.models(STRICT.replace("nullable=False)", 'nullable=False), Column("size", Integer, nullable=False)'))
    file = one.write(f"{PACKAGE}/hooks/002_two/upgrade/backfill_item.sql", BACKFILL)
    ended = one.run("diff", "two")
    assert ended.status == 1 and f"{file}: does not fill size" in ended.err
    assert file.read_text() == BACKFILL


def test_every_table_that_needs_a_hook_gets_one_at_once(project: SmallProject) -> None:
    project.models(ONE + ONE.replace('"item"', '"order"'))
    project.done("diff", "one")
    project.models(STRICT + STRICT.replace('"item"', '"order"'))
    ended = project.run("diff", "two")
    folder = project.root / PACKAGE / "hooks/002_two/upgrade"
    assert ended.status == 1
    assert sorted(p.name for p in folder.iterdir()) == ["backfill_item.sql", "backfill_order.sql"]
    assert 'UPDATE "order" AS t' in (folder / "backfill_order.sql").read_text()


def test_a_downgrade_that_brings_a_not_null_column_back_asks_for_its_hook(
    project: SmallProject, database: Database
) -> None:
    project.models(STRICT)
    project.done("diff", "one")
    project.models(ONE)
    ended = project.run("diff", "two")
    file = project.root / PACKAGE / "hooks/002_two/downgrade/backfill_item.sql"
    assert ended.status == 1 and str(file) in ended.err
    file.write_text(BACKFILL)
    project.done("diff", "two")
    project.done("apply", url(database.conninfo))
    rows(database, "INSERT INTO item VALUES (1)")
    project.done("apply", url(database.conninfo), "--to", "001_one")
    assert rows(database, "SELECT label FROM item") == [("item 1",)]


def test_using_in_decisions_converts_values_that_postgresql_cannot(
    project: SmallProject, database: Database
) -> None:
    project.models(TWO.replace("Text", "Integer"))
    project.done("diff", "one")
    project.models(TWO.replace("Text", "Date"))
    ended = project.run("diff", "two")
    assert ended.status == 1
    assert "column public.item.label: PostgreSQL knows no way from integer to date" in ended.err
    assert "[using]" in ended.err
    for direction, expression in (
        ("upgrade", "date '2024-01-01' + label"),
        ("downgrade", "label - date '2024-01-01'"),
    ):
        project.write(
            f"{PACKAGE}/hooks/002_two/{direction}/decisions.toml",
            '[allow]\n"column public.item.label" = "three rows, and nobody writes"\n'
            f'[using]\n"column public.item.label" = "{expression}"\n',
        )
    project.done("diff", "two")
    assert "three rows, and nobody writes" in project.file(1, "README.md").read_text()
    project.done("apply", url(database.conninfo), "--to", "001_one")
    rows(database, "INSERT INTO item VALUES (1, 60)")
    project.done("apply", url(database.conninfo))
    assert rows(database, "SELECT label::text FROM item") == [("2024-03-01",)]
    project.done("apply", url(database.conninfo), "--to", "001_one")
    assert rows(database, "SELECT label FROM item") == [(60,)]


def test_a_rewrite_is_refused_until_it_is_allowed_by_name(one: SmallProject) -> None:
    one.models(ONE.replace("Integer", "BigInteger"))
    ended = one.run("diff", "two")
    assert ended.status == 1 and "REWRITES_TABLE" in ended.err
    assert '[allow], "column public.item.id" = "a sentence why"' in ended.err
    for direction in ("upgrade", "downgrade"):
        one.write(
            f"{PACKAGE}/hooks/002_two/{direction}/decisions.toml",
            '[allow]\n"column public.item.id" = "tiny"\n',
        )
    one.done("diff", "two")
    assert "`column public.item.id` is allowed: tiny" in one.file(1, "README.md").read_text()


UNMODELLED = """
from sqlalchemy import event
event.listen(metadata, "after_create", DDL("CREATE STATISTICS plain ON id, (id + 1) FROM item"))
"""


@pytest.fixture
def fewer_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migrator that knows no extended statistics."""
    monkeypatch.setattr(catalog, "KINDS", [kind for kind in KINDS if kind.kind != "statistics"])


def test_what_is_not_modelled_is_named_and_never_called_no_change(
    one: SmallProject, fewer_kinds: None
) -> None:
    one.models(ONE + UNMODELLED)
    for arguments in (["diff"], ["diff", "--check"], ["diff", "two"]):
        ended = one.run(*arguments)
        assert "not modelled: statistics object public.plain" in ended.err
        assert ended.status == 2 and "nothing to do" not in ended.out
    one.models(TWO + UNMODELLED)
    assert "not modelled: statistics object public.plain" in one.done("diff", "two").err
    assert "statistics object public.plain" in one.file(1, "README.md").read_text()


# ---------------------------------------------------------------- between


def test_between_prints_sql_that_makes_the_first_the_second_and_touches_neither(
    project: SmallProject, server: Server, database: Database
) -> None:
    with server.scratch() as other:
        rows(database, "CREATE TABLE item (id int PRIMARY KEY, old text)")
        rows(other, "CREATE TABLE item (id bigint PRIMARY KEY, label varchar(9) DEFAULT 'x' NOT NULL)")
        for one in (database, other):
            # A server that would refuse any change also of a temporary table.
            rows(one, f"ALTER DATABASE {one.name} SET default_transaction_read_only = on")
        ended = project.run("between", url(database.conninfo), url(other.conninfo))
        assert ended.status == 2 and ended.err == ""
        for one in (database, other):
            rows(Database("postgres", server), f"ALTER DATABASE {one.name} RESET ALL")
        file = project.write("between.sql", ended.out)
        subprocess.run(
            [server.tool("psql"), "-X", "-q", "-f", file, database.conninfo], check=True, capture_output=True
        )
        again = project.run("between", url(database.conninfo), url(other.conninfo))
        assert (again.status, again.out) == (0, "")


PRINTED = """
    CREATE DOMAIN size AS varchar CHECK (VALUE IN ('s', 'm'));
    CREATE TABLE item (id int PRIMARY KEY, status varchar(9) CONSTRAINT known CHECK (status IN ('new', 'done')));
    CREATE INDEX of_status ON item (id) WHERE status IN ('new', 'done');
    CREATE VIEW v AS SELECT id FROM item WHERE status IN ('new', 'done');
    CREATE MATERIALIZED VIEW m AS SELECT id FROM item WHERE status IN ('new', 'done') WITH NO DATA;
"""


def test_what_only_prints_otherwise_once_it_was_restored_is_no_difference(
    project: SmallProject, server: Server, database: Database
) -> None:
    rows(database, PRINTED)
    with server.scratch() as restored, restored.connect() as connection:
        dump = psql.dump_schema(database.conninfo, server.tool("pg_dump"))
        psql.run_script(dump, restored.conninfo, psql=server.tool("psql"))
        with database.connect() as original:
            texts = [
                [getattr(one, "definition", None) for _, one in sorted(catalog.read(c).objects.items())]
                for c in (original, connection)
            ]
        assert texts[0] != texts[1], "this server prints what it was told: the test has nothing to show"
        ends = url(database.conninfo), url(restored.conninfo)
        for old, new in (ends, ends[::-1]):
            ended = project.run("between", old, new)
            assert (ended.status, ended.out) == (0, ""), ended.out
        rows(
            database, "ALTER TABLE item DROP CONSTRAINT known, ADD CONSTRAINT known CHECK (status IN ('new'))"
        )
        for old, new in (ends, ends[::-1]):
            out = project.run("between", old, new).out
            assert "CONSTRAINT known" in out and "of_status" not in out and "VIEW" not in out


def test_between_tells_what_it_does_not_model_of_either_database(
    project: SmallProject, server: Server, database: Database
) -> None:
    with server.scratch() as other:
        rows(database, "CREATE TYPE common; CREATE TYPE going")
        rows(other, "CREATE TYPE common; CREATE TYPE coming")
        ended = project.run("between", url(database.conninfo), url(other.conninfo))
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "not modelled: type public.coming, which only the second database has",
        "not modelled: type public.common",
        "not modelled: type public.going, which only the first database has",
    ]
    assert ended.status == 2


def test_between_needs_no_project(tmp_path: Path, server: Server, database: Database) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "migrator", "between", url(database.conninfo), url(database.conninfo)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# ---------------------------------------------------------------- apply, status, verify


def revision(database: Database) -> list[tuple[object, ...]]:
    return rows(database, "SELECT version_num FROM alembic_version")


def test_apply_goes_up_and_down_to_any_revision(three: SmallProject, database: Database) -> None:
    to = url(database.conninfo)
    assert three.done("apply", to, "--to", "002_two").out.split() == [
        "001_one/upgrade.sql",
        "002_two/upgrade.sql",
    ]
    assert revision(database) == [("002_two",)]
    ended = three.done("apply", to)
    assert ended.out == "003_three/upgrade.sql\n"
    assert "== 003_three: upgrade" in ended.err and "create index public.item_label_idx" in ended.err
    assert three.done("apply", to).out == "nothing to do\n"
    assert three.done("apply", to, "--to", "001_one").out.split() == [
        "003_three/downgrade.sql",
        "002_two/downgrade.sql",
    ]
    assert three.done("apply", to, "--to", "base").out == "001_one/downgrade.sql\n"
    assert revision(database) == [] and rows(database, "SELECT to_regclass('item')") == [(None,)]
    three.done("apply", to)
    assert three.run("verify", to).status == 0


def test_apply_to_a_revision_that_is_not_there_names_those_that_are(
    three: SmallProject, database: Database
) -> None:
    ended = three.run("apply", url(database.conninfo), "--to", "004")
    assert ended.status == 1 and "there is no revision 004" in ended.err
    assert "base, 001_one, 002_two, 003_three" in ended.err


def test_a_first_revision_of_another_name_is_found_by_both_its_names(
    project: SmallProject, database: Database
) -> None:
    project.configure(first_revision='"839d4ee251e4"')
    project.done("diff", "one")
    project.models(TWO)
    project.done("diff", "two")
    project.done("apply", url(database.conninfo), "--to", "001_one")
    assert revision(database) == [("839d4ee251e4",)]
    project.done("apply", url(database.conninfo))
    project.done("apply", url(database.conninfo), "--to", "839d4ee251e4")
    assert revision(database) == [("839d4ee251e4",)]


def test_an_unfinished_run_is_shown_and_finished_first(three: SmallProject, database: Database) -> None:
    to = url(database.conninfo)
    three.done("apply", to, "--to", "002_two")
    # The index cannot be built while its name is taken; the step before it is in the ledger already.
    rows(database, "INSERT INTO item VALUES (1, repeat('x', 10)); ALTER TABLE item ADD CHECK (id < 9)")
    rows(
        database,
        "CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''stopped''; END'",
    )
    rows(
        database,
        "CREATE EVENT TRIGGER stop ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION stop()",
    )
    failed = three.run("apply", to)
    assert failed.status == 1 and "stopped" in failed.err and "003_three/upgrade.sql:" in failed.err
    status = three.done("status", to).out
    assert status.startswith(
        "revision: 002_two\npending:  003_three\nstopped:  upgrade of 003_three, 0 of 1 steps done"
    )
    rows(database, "DROP EVENT TRIGGER stop; DROP FUNCTION stop")
    assert three.done("apply", to, "--to", "001_one").out.split() == [
        "003_three/upgrade.sql",
        "003_three/downgrade.sql",
        "002_two/downgrade.sql",
    ]
    assert three.done("status", to).out == "revision: 001_one\npending:  002_two\npending:  003_three\n"


def test_status_of_an_empty_database(three: SmallProject, database: Database) -> None:
    assert three.done("status", url(database.conninfo)).out == (
        "revision: (none)\npending:  001_one\npending:  002_two\npending:  003_three\n"
    )


def test_a_database_that_is_ahead_of_the_migrations_is_told(three: SmallProject, database: Database) -> None:
    three.done("apply", url(database.conninfo))
    newest = three.file(-1, "")
    newest.rename(three.root / "taken")
    history = three.root / "generated_migrations/HISTORY"
    history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))
    ended = three.run("apply", url(database.conninfo))
    assert (
        ended.status == 1 and "is at revision 003_three, which is none of generated_migrations/" in ended.err
    )


def test_verify_names_each_difference_and_exits_2(
    three: SmallProject, database: Database, fewer_kinds: None
) -> None:
    to = url(database.conninfo)
    three.done("apply", to)
    assert three.done("verify", to).out == "the database is what its revision says\n"
    rows(database, "DROP INDEX item_label_idx")
    rows(
        database,
        "ALTER TABLE item ADD COLUMN extra int DEFAULT 7; ALTER TABLE item ALTER label TYPE varchar(9)",
    )
    rows(database, "COMMENT ON TABLE item IS 'by hand'")
    rows(database, "CREATE STATISTICS plain ON id, (id + 1) FROM item")
    ended = three.run("verify", to)
    lines = ended.out.splitlines()
    assert ended.status == 2
    assert "missing: index public.item_label_idx" in lines
    assert "not in its revision: column public.item.extra" in lines
    assert "not modelled: statistics object public.plain" in lines
    assert any(line.startswith("not in its revision: comment") and "item" in line for line in lines)
    assert any(
        line.startswith("differs: column public.item.label: type is 'character varying(9)'") for line in lines
    )


def test_verify_tells_what_is_missing_though_not_modelled(
    one: SmallProject, database: Database, request: pytest.FixtureRequest
) -> None:
    one.models(ONE + UNMODELLED)
    one.done("diff", "two")
    one.done("apply", url(database.conninfo))
    rows(database, "DROP STATISTICS plain")
    request.getfixturevalue("fewer_kinds")
    ended = one.run("verify", url(database.conninfo))
    assert (ended.status, ended.out) == (2, "missing, and not modelled: statistics object public.plain\n")


def test_verify_passes_over_what_no_migration_could_change(three: SmallProject, database: Database) -> None:
    three.done("apply", url(database.conninfo))
    # The column comes back with another number.
    rows(
        database,
        "ALTER TABLE item DROP COLUMN label, ADD COLUMN label text; CREATE INDEX item_label_idx ON item (label)",
    )
    ended = three.run("verify", url(database.conninfo))
    assert (ended.status, ended.out) == (0, "the database is what its revision says\n")


def test_verify_of_an_older_revision_compares_with_that_one(three: SmallProject, database: Database) -> None:
    three.done("apply", url(database.conninfo), "--to", "002_two")
    assert three.run("verify", url(database.conninfo)).status == 0


# ---------------------------------------------------------------- roundtrip, and what holds for all


def test_roundtrip_without_samples_proves_the_schema_and_prints_a_table(three: SmallProject) -> None:
    ended = three.done("roundtrip")
    assert [line.split()[1] for line in ended.out.splitlines() if line.startswith("| 00")] == [
        "001_one",
        "002_two",
        "003_three",
    ]
    assert "003_three: downgrade" in ended.err
    assert "| 002_two |" in three.done("roundtrip", "002_two").out
    assert "| 002_two |" in three.done("roundtrip", "002_two", "002_two").out
    unknown = three.run("roundtrip", "002_two", "002")
    assert unknown.status == 1
    assert "no migration 002\n" in unknown.err
    assert "known are: 001_one, 002_two, 003_three" in unknown.err


def test_roundtrip_of_a_project_without_migrations_says_so(project: SmallProject) -> None:
    ended = project.run("roundtrip")
    assert ended.status == 1 and "generated_migrations: there is no migration" in ended.err


def test_samples_that_fail_are_told_with_the_migration(three: SmallProject) -> None:
    three.configure(samples=f'"{PACKAGE}.samples:load"')
    three.write(
        f"{PACKAGE}/samples.py", "def load(connection):\n    print('loading')\n    raise KeyError('mall')\n"
    )
    ended = three.run("roundtrip")
    assert ended.status == 1 and "the samples do not fit: KeyError: 'mall'" in ended.err
    assert "loading" not in ended.out


def test_a_migration_that_does_not_give_what_is_asked_for_fails_the_round_trip(three: SmallProject) -> None:
    three.models(THREE.replace("Text", "String(7)"))
    ended = three.run("roundtrip")
    assert ended.status == 1 and ended.out == ""
    assert "upgrade gives what schema/ asks for: does not hold" in ended.err
    assert "column public.item.label" in ended.err


def own(server: Server) -> set[str]:
    """The scratch databases of this process."""
    return {name for name in scratch_databases(server) if f"_{os.getpid()}_" in name}


def test_no_command_leaves_a_scratch_database(three: SmallProject, database: Database) -> None:
    before = own(three.server)
    three.models(STRICT)
    for arguments in (
        ["diff"],
        ["diff", "x"],
        ["diff", "--check"],
        ["roundtrip"],
        ["verify", url(database.conninfo)],
    ):
        three.run(*arguments)
    assert own(three.server) == before


@pytest.mark.parametrize("program", [("migrator",), ("-m", "migrator")])
def test_the_console_script_and_the_module_are_the_same_program(
    project: SmallProject, program: tuple[str, ...]
) -> None:
    folder = Path(sys.executable).parent
    command = (sys.executable, *program) if program[0] == "-m" else (str(folder / program[0]),)
    with project.process(
        "diff", "one", "--postgres", url(project.server.address), program=command
    ) as process:
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, f"{project.root / 'generated_migrations/001_one'}\n"), err


def test_the_option_goes_over_the_setting(project: SmallProject) -> None:
    project.configure(postgres='"postgresql://127.0.0.1:1/nowhere"')
    ended = project.run("diff", "--check", server=False)
    assert ended.status == 1 and "127.0.0.1:1/nowhere" in ended.err
    assert project.run("diff", "--check").status == 2


def test_help_of_each_command_names_its_options(project: SmallProject) -> None:
    for command in ("diff", "roundtrip", "between", "apply", "status", "verify"):
        ended = project.run(command, "--help", server=False)
        assert ended.status == 0 and "--postgres" in ended.out
