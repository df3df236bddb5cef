"""The commands: reads arguments, prints, decides nothing.

Exit status: 0 done or nothing to do, 2 differences, 1 an error. Only what was asked for goes to stdout.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psycopg

from migrator import config, pipeline
from migrator.errors import ConfigurationError, MigratorError, ServerError
from migrator.migration import sql

DONE, FAILED, DIFFERENT = 0, 1, 2
_kept: list[object] = []
"""What is left to the end of the process: two snapshots are millions of small values, which take long to free one by one."""


def run() -> NoReturn:
    """Runs one command and ends the process with its exit status."""
    status = main()
    if _kept:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    # A snapshot is millions of small values, all kept to the end: to look for garbage among them takes as long as to make them.
    gc.disable()
    # What a server sends is passed on at once, while what came before is taken apart: no server waits for that.
    sys.setswitchinterval(0.0005)
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        status = command(options)
        sys.stdout.flush()
        return status
    except MigratorError as error:
        return _failed(error, arguments)
    except psycopg.Error as error:
        return _failed(_refused(error), arguments)
    except KeyboardInterrupt:
        print("interrupted: nothing is half written, no server is left behind", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _failed(ConfigurationError(error.strerror or str(error), where=error.filename), arguments)


def _failed(error: MigratorError, arguments: Sequence[str]) -> int:
    """Tells the error; a URL among the arguments, which may hold a password, is not repeated."""
    text = f"error: {error}"
    for argument in arguments:
        if "://" in argument:
            text = text.replace(repr(argument), "the URL").replace(argument, "the URL")
    print(text, file=sys.stderr)
    return FAILED


def _refused(error: psycopg.Error) -> ServerError:
    return ServerError(
        str(error.diag.message_primary or error).strip(),
        where="the server",
        why=error.diag.message_detail,
        hint=error.diag.message_hint or "see that the server runs and the role may do this, then try again",
    )


class _Parser(argparse.ArgumentParser):
    """Reads arguments; what it cannot read is an error like any other: exit status 2 means differences."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(message, hint=f"{self.prog} --help")


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def tell(line: str) -> None:
    """Progress, to stderr."""
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="migrator", description=pipeline.__doc__)
    parser.set_defaults(postgres=None)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help, description=help)
        one.set_defaults(command=run)
        one.add_argument(
            "--postgres",
            metavar="WHERE",
            help="where scratch servers come from: embedded, embedded:17, container, container:17 or a URL",
        )
        return one

    diff = add("diff", _diff, "write the next migration, or say that there is nothing to do")
    diff.add_argument("message", nargs="?", help="what the migration does, in a few words; becomes its name")
    how = diff.add_mutually_exclusive_group()
    how.add_argument(
        "--check", action="store_true", help="write nothing; exit 2 if schema/ and migrations differ"
    )
    how.add_argument(
        "--amend", action="store_true", help="write the newest migration again; it must not have run anywhere"
    )
    roundtrip = add(
        "roundtrip", _roundtrip, "prove each migration on scratch: upgrade, downgrade, upgrade again"
    )
    roundtrip.add_argument("revision", nargs="*", help="only these; all of them by default")
    between = add("between", _between, "print the SQL that turns the first database into the second")
    between.add_argument("old", metavar="OLD_URL")
    between.add_argument("new", metavar="NEW_URL")
    apply = add("apply", _apply, "run what is pending on a database, through psql")
    apply.add_argument("url", metavar="URL")
    apply.add_argument("--to", metavar="REVISION", help='where to, up or down; "base" undoes all')
    status = add("status", _status, "tell where a database stands")
    status.add_argument("url", metavar="URL")
    verify = add("verify", _verify, "tell whether a database is what its revision says")
    verify.add_argument("url", metavar="URL")
    return parser


def _project(options: argparse.Namespace) -> config.Project:
    return config.load(Path.cwd(), postgres=options.postgres)


def _diff(options: argparse.Namespace) -> int:
    written = pipeline.diff(
        _project(options), options.message, check=options.check, amend=options.amend, tell=tell
    )
    if not written.plans and written.unmodelled:
        print("nothing that the migrator models differs; what it does not model is named above")
        return DIFFERENT
    if not written.plans:
        print("nothing to do: schema/ and the migrations are the same")
        return DONE
    if written.migration is None:
        for step in written.plans["upgrade"].steps:
            print(step.title)
        return DIFFERENT
    print(written.migration.folder)
    return DONE


def _roundtrip(options: argparse.Namespace) -> int:
    print(pipeline.roundtrip(_project(options), options.revision, tell=tell))
    return DONE


def _between(options: argparse.Namespace) -> int:
    made = pipeline.plan_between(options.old, options.new)
    _kept.append(made)
    unknown = pipeline.not_compared(made)
    for what in unknown:
        tell(f"not modelled: {what}")
    written = sql.script(made)
    sys.stdout.write(written)
    return DIFFERENT if written or unknown else DONE


def _apply(options: argparse.Namespace) -> int:
    files = pipeline.apply(_project(options), options.url, to=options.to, tell=tell)
    print("\n".join(files) or "nothing to do")
    return DONE


def _status(options: argparse.Namespace) -> int:
    found = pipeline.status(_project(options), options.url)
    print(f"revision: {found.revision or '(none)'}")
    for one in found.pending:
        print(f"pending:  {one.folder.name}")
    for one in found.edited:
        print(f"edited:   {one.folder.name} was applied from another version of its files")
    if found.unfinished:
        revision, direction, done, steps = found.unfinished
        state = "running:  " if found.operator else "stopped:  "
        rest = f", by pid {found.operator}" if found.operator else "; run it again to go on"
        print(f"{state}{direction} of {revision}, {done} of {steps} steps done{rest}")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    lines = pipeline.verify(_project(options), options.url, tell=tell)
    print("\n".join(lines) or "the database is what its revision says")
    return DIFFERENT if lines else DONE


if __name__ == "__main__":
    run()
