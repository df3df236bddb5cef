"""A second opinion: Atlas compares a migrated database with the desired schema.

    python -m tests.atlas.compare [URL] [--postgres embedded:15]

Without a URL the migrations are applied to a scratch database first. Atlas gets the desired schema as
`external_schema`, through atlas-provider-sqlalchemy, and says which statements it would run on the database;
nothing is run. Each is printed, unless FALSE_FINDINGS tells why it is none.

Exit status: 0 nothing found, 2 something found (or a false finding that no longer appears), 1 an error.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from migrator.errors import ConfigurationError, MigratorError, ServerError
from migrator.postgres import Server, serve
from schema import metadata

PROJECT = Path(__file__).parents[2]

# What the migrator itself keeps in a database: no part of the desired schema.
OURS = ["public.alembic_version", "migrator"]

FALSE_FINDINGS: dict[str, str] = {}
"""A statement as Atlas words it, and why the database is right without it."""


def main(argv: list[str]) -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("url", nargs="?", help="the migrated database; it is only read")
    # The server's version is that of the newest PostgreSQL which the community edition can read.
    arguments.add_argument("--postgres", default="embedded:15", help="where scratch databases are made")
    options = arguments.parse_args(argv)
    try:
        found = findings(options.url, options.postgres)
    except MigratorError as error:
        print(error, file=sys.stderr)
        return 1
    return report(found)


def findings(url: str | None, postgres: str) -> list[str]:
    """The statements that Atlas would run to make the desired schema out of the database at `url`."""
    program = find_atlas()
    with serve(postgres) as server, server.scratch(label="atlas") as empty:
        if url:
            return ask(program, atlas_url(url), atlas_url(empty.conninfo))
        with migrated(server) as database:
            return ask(program, atlas_url(database), atlas_url(empty.conninfo))


def find_atlas() -> str:
    program = shutil.which("atlas")
    if program is None:
        raise ConfigurationError(
            "Atlas is not installed",
            where="atlas",
            why="no program of this name is on the PATH",
            hint="sh tests/atlas/install.sh DIRECTORY builds it with Go; have DIRECTORY in PATH",
        )
    return program


@contextmanager
def migrated(server: Server) -> Iterator[str]:
    """A scratch database to which all migrations were applied."""
    with server.scratch(label="migrated") as database:
        url = "postgresql" + atlas_url(database.conninfo).removeprefix("postgres")
        applied = run([sys.executable, "-m", "migrator", "apply", url])
        if applied.returncode:
            raise ServerError("the migrations could not be applied", why=applied.stderr.strip())
        yield url


def ask(program: str, database: str, empty: str) -> list[str]:
    """The statements that lead from `database` to the desired schema; Atlas normalises in `empty`."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "atlas.hcl")
        # URLs may hold passwords: they go into a file that only we can read, not into the arguments.
        config.write_text(configuration(database, empty))
        command = [
            program,
            "schema",
            "apply",
            "--dry-run",
            "--env",
            "project",
            "--config",
            f"file://{config}",
        ]
        answer = run([*command, "--format", "{{ json .Changes }}"])
    if answer.returncode:
        raise ServerError(
            "Atlas could not compare",
            where=program,
            why=(answer.stderr or answer.stdout).strip(),
            hint="tests/atlas/install.sh builds the version that this comparison was written for",
        )
    return list(json.loads(answer.stdout or "{}").get("Pending") or [])


def configuration(database: str, empty: str) -> str:
    schemas = sorted({table.schema or "public" for table in metadata.tables.values()})
    return f"""\
data "external_schema" "desired" {{
  program = {hcl([sys.executable, "-m", "tests.atlas.desired"])}
}}
env "project" {{
  src     = data.external_schema.desired.url
  url     = {hcl(database)}
  dev     = {hcl(empty)}
  schemas = {hcl(schemas)}
  exclude = {hcl(OURS)}
}}
"""


def hcl(value: str | list[str]) -> str:
    """A literal: JSON's, but that HCL would look for templates in it."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def atlas_url(address: str) -> str:
    """The form of a URL or conninfo that Atlas's driver understands, also for a unix socket."""
    try:
        given = conninfo_to_dict(address)
    except ProgrammingError as error:
        raise ConfigurationError(
            "the address of the database cannot be read", hint="postgresql://user@host:5432/database"
        ) from error
    wanted = ("host", "port", "user", "password", "sslmode")
    parameters = {"sslmode": "disable"} | {name: str(given[name]) for name in wanted if given.get(name)}
    return f"postgres:///{quote(str(given.get('dbname') or ''))}?{urlencode(parameters, quote_via=quote)}"


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def report(found: list[str]) -> int:
    """Print what was found, and what was to be found and was not; the exit status."""
    new = [statement for statement in found if statement not in FALSE_FINDINGS]
    gone = [statement for statement in FALSE_FINDINGS if statement not in found]
    for statement in new:
        print(f"{statement};")
    for statement in gone:
        print(f"no longer found, take it out of FALSE_FINDINGS: {statement}", file=sys.stderr)
    known = len(found) - len(new)
    print(f"Atlas: {len(new)} found, {known} known to be false", file=sys.stderr)
    return 2 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
