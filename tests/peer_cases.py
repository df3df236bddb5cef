"""Runs the cases that other projects test themselves with: python -m tests.peer_cases PATH

PATH holds <suite>/<case>/old.sql and new.sql. Each case is run in both directions on each server version and
judged as tests/judge.py says. The table shows how many passed. The exit status is 1 if a case failed that is
not in EXPECTED, or if one passed that is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg

from migrator.errors import MigratorError
from migrator.postgres import Database, Server, serve
from tests import judge


@dataclass(frozen=True)
class Expected:
    """A case that cannot pass on these versions, and why."""

    case: str
    versions: tuple[int, ...]
    reason: str
    directions: tuple[str, ...] = ("up", "down")


EXPECTED = (
    Expected(
        "pgdelta/alter-extension--set-schema-non-relocatable",
        (16, 17, 18),
        "the servers of these versions do not have the extension xml2",
    ),
    Expected(
        "pgschema/create_table--issue_295_pgvector_typmod",
        (15, 17),
        "the servers of these versions do not have the extension vector",
    ),
    *(
        Expected(
            case, (16,), f"the server of this version, from a wheel, does not have the extension {extension}"
        )
        for case, extension in (
            ("pgdelta/alter-extension--set-schema-swap", "citext"),
            ("pgdelta/constraint-ops--exclude", "btree_gist"),
            ("pgdelta/extension-member--drop-with-grant", "hstore"),
            ("pgdelta/extension-member--grant-on-function", "hstore"),
            ("pgdelta/extension-member--revoke-public-execute", "hstore"),
            ("pgdelta/index-extension-deps--basic", "pg_trgm"),
            ("pgdelta/index-extension-deps--cross-schema", "pg_trgm"),
            ("pgdelta/index-extension-deps--from-empty", "pg_trgm"),
            ("pgdelta/sensitive-handling--user-mapping-options", "postgres_fdw"),
            ("pgschema/create_table--add_column_cross_schema_custom_type", "hstore"),
        )
    ),
)

USUAL_ROLES = ("test", "testuser")
"""The superusers that the suites' own servers are run by; some cases name them."""

PROCESSES = 2
"""One server each; a server of its own for every case would be slower."""


@dataclass(frozen=True)
class Result:
    """How one case ended in one direction on one version; `wrong` is None where it passed."""

    case: str
    direction: str
    version: int
    wrong: str | None

    @property
    def suite(self) -> str:
        """The folder that the case lies in."""
        return self.case.split("/")[0]

    @property
    def expected(self) -> str | None:
        """Why it is known to fail, if it is."""
        for known in EXPECTED:
            here = self.version in known.versions and self.direction in known.directions
            if known.case == self.case and here:
                return known.reason
        return None


@dataclass(frozen=True)
class Work:
    """What one process does at a time: some of the cases on one server."""

    version: int
    cases: tuple[Path, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line, runs, prints; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.peer_cases", description=__doc__)
    parser.add_argument("path", type=Path, help="the folder of suites")
    parser.add_argument("--versions", default="15,16,17,18", help="server versions (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", help="only cases whose suite/name match (may be given again)"
    )
    parser.add_argument("--out", type=Path, help="write every result to this file, as JSON")
    options = parser.parse_args(arguments)
    if not options.path.is_dir():
        print(f"skipped: there is no folder {options.path}")
        return 0
    cases = found(options.path, options.only or ["*"])
    versions = [int(version) for version in options.versions.split(",")]
    results = run(cases, versions)
    if options.out:
        options.out.write_text(json.dumps([asdict(result) for result in results], indent=1))
    return report(results)


def found(path: Path, patterns: Iterable[str]) -> list[Path]:
    """The folders of the cases that match one of the patterns."""
    cases = sorted(file.parent for file in path.glob("*/*/old.sql"))
    return [case for case in cases if any(fnmatch(name(case), f"*{pattern}*") for pattern in patterns)]


def name(case: Path) -> str:
    """suite/case."""
    return f"{case.parent.name}/{case.name}"


def run(cases: Sequence[Path], versions: Sequence[int]) -> list[Result]:
    """Every case on every version, in both directions."""
    work = [
        Work(version, tuple(cases[share::PROCESSES]))
        for version in versions
        for share in range(min(PROCESSES, len(cases)))
    ]
    with ProcessPoolExecutor(PROCESSES) as pool:
        results = [result for some in pool.map(_work, work) for result in some]
    return sorted(results, key=lambda r: (r.case, r.direction, r.version))


def _work(work: Work) -> list[Result]:
    results: list[Result] = []
    with serve(f"embedded:{work.version}") as server:
        _make_usual_roles(server)
        for number, case in enumerate(work.cases):
            if _meta(case).get("minVersion", 0) > work.version:
                continue
            ended = _case(case, server)
            results += ended
            for result in ended:
                if result.wrong is not None:
                    first = result.wrong.splitlines()[0]
                    place = f"{work.version} [{number + 1} of {len(work.cases)}]"
                    print(f"{place} {result.case} {result.direction}: {first}", file=sys.stderr, flush=True)
    return results


def _meta(case: Path) -> dict[str, Any]:
    file = case / "meta.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _case(case: Path, server: Server) -> list[Result]:
    isolated = bool(_meta(case).get("isolatedCluster"))
    results = []
    try:
        with server.scratch(label="old") as old, server.scratch(label="new") as new:
            for file, state in ((case / "old.sql", old), (case / "new.sql", new)):
                judge.build(file, state, roles_may_exist=isolated)
            with server.scratch(old, label="work") as work:
                results.append(_transition(case, "up", work, new))
            # Nothing needs the new state any more, so it may become the old one.
            results.append(_transition(case, "down", new, old))
    except (MigratorError, AssertionError, psycopg.Error) as error:
        told = {result.direction for result in results}
        results += [
            Result(name(case), direction, server.version, f"setup: {error}")
            for direction in ("up", "down")
            if direction not in told
        ]
    finally:
        judge.drop_roles(server, keep=USUAL_ROLES)
    return results


def _transition(case: Path, direction: str, before: Database, after: Database) -> Result:
    rows = case / f"rows_{'old' if direction == 'up' else 'new'}.sql"
    wrong = judge.transition(before, after, rows if rows.exists() else None)
    return Result(name(case), direction, before.server.version, wrong)


def _make_usual_roles(server: Server) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        for role in USUAL_ROLES:
            connection.execute(f"CREATE ROLE {role} SUPERUSER")


def report(results: Sequence[Result]) -> int:
    """Prints what failed and the table; 0 if all is as expected."""
    failed = [r for r in results if r.wrong is not None and r.expected is None]
    passed = [r for r in results if r.wrong is None and r.expected is not None]
    for result in failed:
        print(f"FAILED {result.case} {result.direction} {result.version}: {str(result.wrong)[:1500]}\n")
    for result in passed:
        print(f"PASSED, though expected to fail: {result.case} {result.direction} {result.version}")
    for result in results:
        if result.wrong is not None and result.expected is not None:
            print(f"expected to fail: {result.case} {result.direction} {result.version}: {result.expected}")
    print(table(results))
    return 1 if failed or passed else 0


def table(results: Sequence[Result]) -> str:
    """Passed of all, by suite, direction and version."""
    versions = sorted({r.version for r in results})
    every = Counter((r.suite, r.direction, r.version) for r in results)
    good = Counter((r.suite, r.direction, r.version) for r in results if r.wrong is None)
    lines = ["| suite | direction | " + " | ".join(str(v) for v in versions) + " |"]
    lines += ["| --- | --- |" + " ---: |" * len(versions)]
    for suite, direction in sorted({(r.suite, r.direction) for r in results}, reverse=True):
        cells = [f"{good[suite, direction, v]} / {every[suite, direction, v]}" for v in versions]
        lines.append(f"| {suite} | {direction} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
