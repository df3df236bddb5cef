"""Servers come, serve scratch databases, and leave nothing behind, however their owner ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from migrator.errors import ConfigurationError, ServerError
from migrator.postgres import Database, Server, embedded, embedded_versions, serve, tools
from migrator.postgres import server as server_module
from migrator.postgres.server import major_version
from migrator.psql import dump_schema, run_script

ROOT = Path(__file__).parent.parent
SECONDS = 60
is_root = os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="only root runs the server as another account")
each_version = pytest.mark.parametrize("version", sorted(embedded_versions()))


def value(database: Database, query: str) -> object:
    with database.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


# ---------------------------------------------------------------- what a server gives


def test_the_server_of_this_run_says_its_version(server: Server, database: Database) -> None:
    assert server.version == int(str(value(database, "SHOW server_version_num"))) // 10_000


@each_version
def test_each_embedded_version_starts_with_its_own_clients(version: int) -> None:
    with serve(f"embedded:{version}") as server, server.scratch() as database:
        assert server.version == version
        assert value(database, "SHOW listen_addresses") == ""
        assert value(database, "SHOW wal_level") == "logical"
        for name in ("psql", "pg_dump"):
            found = tools.version(server.tool(name))
            assert found is not None and found[0] == version
        run_script("CREATE TABLE t ();", database.conninfo, psql=server.tool("psql"))
        assert "CREATE TABLE public.t" in dump_schema(database.conninfo, server.tool("pg_dump"))


def test_embedded_alone_means_the_newest() -> None:
    with serve("embedded") as server:
        assert server.version == max(embedded_versions())


def test_of_one_major_version_the_newest_minor_is_taken() -> None:
    for major, folder in embedded_versions().items():
        versions = [tools.version(other / "postgres") for other in tools.folders()]
        assert tools.version(folder / "postgres") == max(v for v in versions if v and v[0] == major)


def test_options_go_over_the_settings_of_a_throwaway_server() -> None:
    with serve("embedded", options={"fsync": "on"}) as server, server.scratch() as database:
        assert value(database, "SHOW fsync") == "on"
        assert value(database, "SHOW synchronous_commit") == "off"


def test_pgoptions_of_the_environment_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=elsewhere")
    with serve("embedded") as server, server.scratch() as database:
        assert value(database, "SHOW search_path") == '"$user", public'


def test_a_server_that_does_not_start_gives_its_log_and_leaves_nothing(playground: Path) -> None:
    wrong = serve("embedded", options={"no_such_setting": "1"})
    with (
        in_place(playground),
        pytest.raises(ServerError, match="unrecognized configuration parameter"),
        wrong,
    ):
        pass
    assert list(playground.iterdir()) == []


# ---------------------------------------------------------------- scratch databases


def test_scratch_databases_differ_in_name_and_are_utf8_and_c(server: Server) -> None:
    with server.scratch(label='a "b"') as one, server.scratch(label='a "b"') as two:
        assert one.name != two.name
        assert one.name.startswith(f'migrator_a "b"_{os.getpid()}_')
        assert value(one, "SHOW server_encoding") == "UTF8"
        query = "SELECT concat(datcollate, datctype, datlocprovider) FROM pg_database WHERE datname = "
        assert value(one, query + "current_database()") == "CCc"


def test_a_long_label_does_not_break_the_name(server: Server) -> None:
    with server.scratch(label="x" * 80) as database:
        assert value(database, "SELECT current_database()") == database.name


def test_a_name_that_is_taken_is_passed_over_and_left_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.scratch() as taken:
        number = int(taken.name.rpartition("_")[2])
        monkeypatch.setattr(server_module, "_numbers", iter([number, number + 1_000_000]))
        with server.scratch() as other:
            assert other.name != taken.name
        assert exists(server, taken.name)


def test_a_copy_has_the_rows_of_its_template_and_is_a_database_of_its_own(server: Server) -> None:
    with server.scratch() as template:
        with template.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
        with server.scratch(template) as copy:
            with copy.connect() as connection:
                connection.execute("DELETE FROM t WHERE n > 10")
            assert value(copy, "SELECT count(*) FROM t") == 10
        assert value(template, "SELECT count(*) FROM t") == 1000


def test_a_template_in_use_is_an_error_that_says_so(server: Server) -> None:
    with server.scratch() as template, template.connect():
        copy = server.scratch(template)
        with pytest.raises(ServerError, match="being accessed by other users"), copy:
            pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, LookupError])
def test_a_scratch_database_goes_with_its_block_also_with_connections_open(
    server: Server, error: type[BaseException]
) -> None:
    with pytest.raises(error), server.scratch() as database:
        connection = database.connect()
        connection.execute("SELECT 1")
        raise error
    assert not exists(server, database.name)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def exists(server: Server, name: str) -> bool:
    with psycopg.connect(server.address) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None


# ---------------------------------------------------------------- nothing is left behind

OWNER = """
import os, sys, time
from migrator.postgres import serve
if sys.argv[2:]:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
with serve(sys.argv[1]) as server, server.scratch() as database, database.connect() as connection:
    print(connection.execute("SELECT current_setting('data_directory')").fetchone()[0], flush=True)
    sys.stdin.readline()
"""


@dataclass
class Owner:
    """Another process, which has a server running."""

    process: subprocess.Popen[str]
    data: Path

    @property
    def server_pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def guard_pid(self) -> int:
        return os.getsid(self.server_pid)


@pytest.fixture
def playground() -> Iterator[Path]:
    """A directory for temporary files of ours alone, with a name short enough for a socket."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def in_place(directory: Path) -> Iterator[None]:
    """Within the block, temporary files of this process go to a directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(directory))
        yield


def own(playground: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, *arguments],
        env={**os.environ, "TMPDIR": str(playground), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def owner(playground: Path) -> Iterator[Owner]:
    with own(playground, "embedded") as process:
        assert process.stdout
        yield Owner(process, Path(process.stdout.readline().strip()))
        process.kill()


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # In a container nobody may collect a process whose parent has died.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    return state != "Z"


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_server_and_no_directory_is_left_however_the_owner_ends(
    owner: Owner, playground: Path, number: signal.Signals | None
) -> None:
    pid = owner.server_pid
    guard = owner.guard_pid
    assert runs(pid) and runs(guard) and owner.data.is_relative_to(playground)
    if number:
        owner.process.send_signal(number)
    owner.process.communicate(None if number else "\n", timeout=SECONDS)
    assert wait_until(lambda: not runs(pid)), "the server still runs"
    assert wait_until(lambda: not runs(guard)), "its guard still runs"
    assert list(playground.iterdir()) == []


def test_an_owner_killed_while_its_server_is_being_made_leaves_nothing(playground: Path) -> None:
    with own(playground, "embedded") as process:
        assert wait_until(lambda: any(playground.glob("*/data/global")))
        process.kill()
    assert wait_until(lambda: list(playground.iterdir()) == [])


DEAF = """#!{python}
import signal, time
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
time.sleep(1)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
time.sleep(600)
"""


def test_a_server_that_has_just_begun_and_hears_no_signal_yet_is_stopped_all_the_same(tmp_path: Path) -> None:
    programs, data = tmp_path / "bin", tmp_path / "data"
    programs.mkdir()
    data.mkdir()
    for name, text in (("initdb", "#!/bin/sh\n"), ("postgres", DEAF.format(python=sys.executable))):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    guard = ["/bin/sh", "-c", embedded._GUARD, "guard", data, programs]
    ended = subprocess.run(guard, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=SECONDS)
    assert ended.returncode == 0
    assert not data.exists()


def test_what_a_killed_guard_left_is_removed_by_the_next_start(owner: Owner, playground: Path) -> None:
    pid = owner.server_pid
    os.kill(owner.guard_pid, signal.SIGKILL)
    owner.process.kill()
    owner.process.wait()
    assert runs(pid), "nobody is there to stop it"
    with in_place(playground), serve("embedded"):
        assert not owner.data.exists()
    assert wait_until(lambda: not runs(pid))
    assert list(playground.iterdir()) == []


def test_a_leftover_whose_number_is_another_process_now_harms_nobody(playground: Path) -> None:
    with subprocess.Popen(["sleep", "600"], **embedded._account()) as innocent:
        data = playground / f"{embedded.PREFIX}leftover" / "data"
        data.mkdir(parents=True)
        (data / "postmaster.pid").write_text(f"{innocent.pid}\n")
        with in_place(playground), serve("embedded"):
            assert not data.exists()
        assert innocent.poll() is None
        innocent.kill()


def test_the_next_start_leaves_servers_alone_whose_owner_lives(owner: Owner, playground: Path) -> None:
    with in_place(playground), serve("embedded"):
        assert runs(owner.server_pid)
    assert owner.data.exists()
    owner.process.communicate("\n", timeout=SECONDS)
    assert owner.process.returncode == 0, "its connection and its scratch database lived on"


def test_ctrl_c_of_a_terminal_does_not_reach_the_server_itself(owner: Owner) -> None:
    assert os.getpgid(owner.server_pid) != os.getpgid(owner.process.pid)
    assert os.getsid(owner.server_pid) != os.getsid(owner.process.pid)


def test_a_forked_child_does_not_keep_the_server_alive(playground: Path) -> None:
    script = """
import os, signal, time
from migrator.postgres import serve
with serve("embedded"):
    child = os.fork()
    if not child:
        time.sleep(600)
print(os.listdir(os.environ["TMPDIR"]), os.waitpid(child, os.WNOHANG))
os.kill(child, signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(playground), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout == "[] (0, 0)\n", done.stderr


# ---------------------------------------------------------------- whose account it is


@needs_root
@each_version
def test_an_ordinary_user_gets_a_server_as_well(playground: Path, version: int) -> None:
    nobody = embedded._account()["user"]
    with own(playground, f"embedded:{version}", str(nobody)) as process:
        assert process.stdout and process.stderr
        data = process.stdout.readline().strip()
        assert data, process.stderr.read()
        assert Path(data).stat().st_uid == nobody
        process.communicate("\n", timeout=SECONDS)
    assert process.returncode == 0
    assert list(playground.iterdir()) == []


@needs_root
def test_root_runs_the_server_as_another_account(owner: Owner) -> None:
    assert owner.data.stat().st_uid == embedded._account()["user"] != 0
    assert owner.data.parent.stat().st_mode & 0o077 == 0, "nobody else may connect"


@needs_root
@each_version
def test_binaries_that_the_account_may_not_read_are_copied(
    tmp_path: Path, playground: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    folder = embedded_versions()[version]
    if not folder.is_relative_to(sys.prefix):
        pytest.skip("the system's own binaries can be read by everybody")
    package = folder.parent.parent
    for source in (folder.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, tmp_path / source.relative_to(package.parent), symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tools, "folders", lambda: [tmp_path / folder.relative_to(package.parent)])
    embedded_versions.cache_clear()
    try:
        with in_place(playground), serve("embedded") as server:
            assert server.version == version
            assert any(playground.glob(f"{embedded.PREFIX}*/binaries"))
            assert server.tool("psql").is_relative_to(tmp_path)
    finally:
        embedded_versions.cache_clear()
    assert list(playground.iterdir()) == []


@pytest.mark.parametrize("name", ["d" * 80, "with,comma"])
def test_a_place_for_temporary_files_that_no_socket_can_have_is_not_used(playground: Path, name: str) -> None:
    unfit = playground / name
    unfit.mkdir(mode=0o1777)
    with in_place(unfit), serve("embedded"):
        assert list(unfit.iterdir()) == []


# ---------------------------------------------------------------- a server by its URL


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server that asks everybody but `postgres` for a password."""
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    rules = directory / "pg_hba.conf"
    rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    rules.chmod(0o644)
    try:
        with serve("embedded", options={"hba_file": str(rules)}) as server:
            with psycopg.connect(server.address, autocommit=True) as connection:
                connection.execute("CREATE ROLE maker LOGIN CREATEDB PASSWORD 'p@ss/w:rd?'")
                connection.execute("CREATE ROLE reader LOGIN PASSWORD 'p@ss/w:rd?'")
            yield server
    finally:
        shutil.rmtree(directory)


def url(server: Server, user: str, password: str) -> str:
    host = psycopg.conninfo.conninfo_to_dict(server.address)["host"]
    return f"postgresql://{user}:{quote(password, safe='')}@/postgres?host={quote(str(host), safe='')}"


def test_a_server_by_its_url_gives_scratch_databases_and_clients(guarded: Server) -> None:
    with serve(url(guarded, "maker", "p@ss/w:rd?")) as server, server.scratch() as database:
        assert server.version == guarded.version
        run_script("CREATE TABLE t ();", database.conninfo, psql=server.tool("psql"))
        assert "CREATE TABLE public.t" in dump_schema(database.conninfo, server.tool("pg_dump"))
        with server.scratch(database) as copy:
            assert value(copy, "SELECT count(*) FROM t") == 0
    assert not exists(guarded, database.name)


def test_a_server_by_its_url_lives_on(guarded: Server) -> None:
    with serve(url(guarded, "maker", "p@ss/w:rd?")):
        pass
    assert exists(guarded, "postgres")


def test_a_wrong_password_is_an_error_that_does_not_print_it(guarded: Server) -> None:
    wrong = serve(url(guarded, "maker", "wr0ng-s3cret"))
    with pytest.raises(ServerError, match="password authentication failed") as caught, wrong:
        pass
    assert "s3cret" not in f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"


def test_a_role_without_createdb_is_told_so(guarded: Server) -> None:
    reader = serve(url(guarded, "reader", "p@ss/w:rd?"))
    with reader as server, pytest.raises(ServerError, match="CREATEDB"), server.scratch():
        pass


def test_an_unreachable_server_is_an_error_that_names_the_place_and_not_the_password() -> None:
    nowhere = serve("postgresql://user:s3cret@127.0.0.1:1/db")
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:1/db") as caught, nowhere:
        pass
    assert "s3cret" not in f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://user:pass@s3cret@host/db",
        "postgresql://user:s3cret/word@host/db",
        "postgresql://user:12/s3cret@host/db",
        "postgresql://user:pass?word@s3cret@host/db",
        "postgresql://user:%s3cret@host/db",
        "postgresql://user:s3cret",
        "postgresql://host/db?s3cret=1",
        "postgres:user:s3cret@host",
        "postgrseql://user:s3cret@host/db",
    ],
)
def test_a_malformed_url_is_refused_and_nothing_of_it_repeated(wrong: str) -> None:
    with pytest.raises(ConfigurationError) as caught, serve(wrong):
        pass
    shown = caught.getrepr(style="native", chain=True).reprcrash
    assert "s3cret" not in f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r} {shown}"


def test_settings_for_a_server_that_runs_already_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="fsync"), serve("postgresql://h/d", options={"fsync": "on"}):
        pass


# ---------------------------------------------------------------- bad settings, missing programs


@pytest.mark.parametrize(
    "setting", ["", "embeded", "embedded:14", "embedded:new", "container:14", "docker", "15"]
)
def test_a_setting_that_means_nothing_is_a_configuration_error(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="Use "), serve(setting):
        pass


def test_a_version_that_is_not_installed_says_which_are_and_how_to_get_it() -> None:
    with pytest.raises(ServerError) as caught, serve("embedded:99"):
        pass
    assert caught.value.why is not None and ", ".join(map(str, embedded_versions())) in caught.value.why
    assert "install" in str(caught.value.hint)


def test_a_server_older_than_15_is_refused() -> None:
    with pytest.raises(ServerError, match="PostgreSQL 14"):
        major_version(140_011)
    assert (major_version(150_000), major_version(180_004)) == (15, 18)


def test_the_newest_client_is_taken_and_it_must_not_be_older_than_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newest = max(embedded_versions())
    found = tools.version(tools.newest("psql", at_least=15))
    assert found is not None and found[0] >= newest
    with pytest.raises(ServerError, match="pip install"):
        tools.newest("psql", at_least=99)
    monkeypatch.setattr(tools, "folders", list)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerError, match="There is none here"):
        tools.newest("psql", at_least=15)


def test_a_container_without_an_engine_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("testcontainers")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(ServerError, match="no container engine answers"), serve("container"):
        pass


def test_a_container_without_testcontainers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers.core.container", None)
    with pytest.raises(ServerError, match=r"migrator\[container\]"), serve("container"):
        pass


def test_a_container_whose_server_does_not_start_gives_its_log(request: pytest.FixtureRequest) -> None:
    setting = request.config.getoption("--postgres")
    if not setting.startswith("container"):
        pytest.skip("containers were not asked for (--postgres container)")
    wrong = serve(setting, options={"no_such_setting": "1"})
    with pytest.raises(ServerError, match="unrecognized configuration parameter"), wrong:
        pass
