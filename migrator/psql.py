"""Runs SQL files with psql, and reads a schema with pg_dump.

What is proved and what is run in production are the same files, run by the same program: this is its one
call. Passwords go through the environment, where other users of the machine cannot read them.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migrator.errors import ServerError, SqlFileError

OnLine = Callable[[str], None]

_CONNECTION_LOST = 2
_INTERRUPTS = 30
_RUN_AGAIN = "Mend what it names, then run it again: what was committed is kept."

# How pg_dump begins an entry; the rule that makes a view what it is.
_ENTRY = "\n--\n-- Name: "
_RETURN = " _RETURN"

# psql's own form of a message, `psql:FILE:LINE: `, and the parts that the server's messages have below it.
_MESSAGE = re.compile(r"psql:(?P<file>.+?):(?P<line>\d+): (?P<text>.*)")
_PART = re.compile(r"(?P<part>LINE \d+|DETAIL|HINT|CONTEXT|QUERY|LOCATION):\s+(?P<text>.*)")


def run_file(
    file: Path,
    database_conninfo: str,
    *,
    psql: Path,
    variables: Mapping[str, str] = {},
    on_line: OnLine | None = None,
) -> str:
    """Run a SQL file with psql until its end or its first error, and return what it printed to stdout.

    `variables` are psql's (`:name` in the file). `on_line` is called with each line of its output and of
    its messages as it comes, without the newline.

    SqlFileError: the file stopped at an error. ServerError: no connection, or it was lost.
    On KeyboardInterrupt psql cancels its statement and ends first.
    """
    return _run(file, None, database_conninfo, psql=psql, variables=variables, on_line=on_line)


def run_script(
    sql: str,
    database_conninfo: str,
    *,
    psql: Path,
    variables: Mapping[str, str] = {},
    on_line: OnLine | None = None,
) -> str:
    """Like `run_file`, with the text of the file; errors call it `<stdin>`."""
    with tempfile.TemporaryFile() as script:
        script.write(sql.encode())
        script.seek(0)
        return _run(
            Path("<stdin>"), script, database_conninfo, psql=psql, variables=variables, on_line=on_line
        )


def dump_schema(
    conninfo: str,
    pg_dump: Path,
    exclude_schemas: Sequence[str] = (),
    exclude_tables: Sequence[str] = (),
) -> str:
    """The schema of a database as pg_dump writes it, without what differs from one run to the next.

    What is excluded is given as pg_dump's patterns (`migrator`, `public.alembic_version`, `"Mixed"`).
    """
    excluded = [f"--exclude-schema={pattern}" for pattern in exclude_schemas]
    excluded += [f"--exclude-table={pattern}" for pattern in exclude_tables]
    address, environment = _without_password(conninfo)
    done = subprocess.run(
        [pg_dump, "--schema-only", "--no-password", *excluded, f"--dbname={address}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode:
        raise ServerError(
            "pg_dump failed",
            where=_place(conninfo),
            why=done.stderr.decode(errors="replace").strip(),
            hint="Its message is above. It must be at least as new as the server, and may read every object.",
        )
    return _stable(done.stdout.decode())  # a text stream would lose carriage returns


def whole_views(dump: str) -> str:
    """A dump to be compared: every view in one piece.

    Where a view needs a primary key (GROUP BY it), pg_dump writes stand-ins for some views, and what they are as a rule after
    the key. Which views those are follows from the order in which they were made.
    """
    first, *entries = dump.split(_ENTRY)
    views: dict[tuple[str, str], int] = {}
    rules: dict[int, tuple[str, str]] = {}
    for place, entry in enumerate(entries):
        name, _, rest = entry.partition("; Type: ")
        type_, _, where = rest.partition("\n")[0].partition("; ")
        if type_ == "VIEW":
            views[name, where] = place
        elif type_ == "RULE" and name.endswith(_RETURN):
            rules[place] = name.removesuffix(_RETURN), where
    for place, view in rules.items():
        rule = entries[place].partition("CREATE OR REPLACE VIEW ")[2].rstrip("\n")
        head, create, rest = entries[views[view]].partition("CREATE VIEW ")
        _, end, others = rest.partition(";\n")
        entries[views[view]] = head + create + rule.removesuffix(";") + end + others
    return _ENTRY.join([first, *(entry for place, entry in enumerate(entries) if place not in rules)])


def _stable(dump: str) -> str:
    """A dump without the lines that name versions, and those with the random key of `\\restrict`."""
    head, settings, body = dump.partition("\nSET ")
    changing = ("-- Dumped from database version ", "-- Dumped by pg_dump version ", "\\restrict ")
    lines = head.split("\n")
    keys = [line.removeprefix("\\restrict ") for line in lines if line.startswith("\\restrict ")]
    head = "\n".join(line for line in lines if not line.startswith(changing))
    for key in keys:
        body = body.replace(f"\n\\unrestrict {key}\n", "\n")
    return head + settings + body


def _run(
    file: Path,
    script: IO[bytes] | None,
    conninfo: str,
    *,
    psql: Path,
    variables: Mapping[str, str],
    on_line: OnLine | None,
) -> str:
    address, environment = _without_password(conninfo)
    settings = [f"--set={name}={value}" for name, value in {"ON_ERROR_STOP": "1", **variables}.items()]
    command = [str(psql), "--no-psqlrc", "--quiet", "--no-password", *settings, f"--dbname={address}"]
    try:
        process = subprocess.Popen(
            [*command, f"--file={'-' if script else file}"],
            env=environment,
            stdin=script or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ServerError(
            "psql cannot be started",
            where=str(psql),
            why=str(error),
            hint="Install PostgreSQL's client programs.",
        ) from error
    with process:
        try:
            output, messages = _follow(process, on_line or _ignore)
        except BaseException:
            _interrupt(process)
            raise
    if process.returncode == _CONNECTION_LOST:
        raise ServerError(
            "psql has no connection to the server",
            where=_place(conninfo),
            why=messages.strip(),
            hint=f"Once the server answers, run {file} again: what was committed is kept.",
        )
    if process.returncode:
        raise _error(file, messages, process.returncode)
    return output


def _follow(process: subprocess.Popen[bytes], on_line: OnLine) -> tuple[str, str]:
    """All of stdout and of stderr, each line told as it comes."""
    assert process.stdout and process.stderr
    texts = {process.stdout: b"", process.stderr: b""}
    told = dict.fromkeys(texts, 0)
    with selectors.DefaultSelector() as selector:
        for stream in texts:
            selector.register(stream, selectors.EVENT_READ, stream)
        while selector.get_map():
            for key, _ in selector.select():
                stream = key.data
                chunk = os.read(stream.fileno(), 65536)
                texts[stream] += chunk
                end = texts[stream].rfind(b"\n") + 1 if chunk else len(texts[stream])
                for line in texts[stream][told[stream] : end].splitlines():
                    on_line(line.decode(errors="replace"))
                told[stream] = max(end, told[stream])
                if not chunk:
                    selector.unregister(stream)
    process.wait()
    output, messages = (text.decode(errors="replace") for text in texts.values())
    return output, messages


def _ignore(line: str) -> None:
    """Nobody listens."""


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Have psql cancel its statement and end; it is killed only if it does not, or if we are asked again."""
    try:
        for _ in range(_INTERRUPTS):
            # Again and again, because psql overlooks one that comes just before it sends a statement.
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=1)
                return
    finally:
        process.kill()


def _error(file: Path, messages: str, status: int) -> SqlFileError:
    """What psql said last, with its file (which may be an included one) and line, and the server's parts."""
    lines = messages.splitlines()
    starts = [(number, found) for number, line in enumerate(lines) if (found := _MESSAGE.fullmatch(line))]
    if not starts:
        return SqlFileError(
            messages.strip() or f"psql ended with status {status} and no message",
            file=file,
            line=None,
            hint=_RUN_AGAIN,
        )
    number, start = starts[-1]
    parts = _parts([start["text"], *lines[number + 1 :]])
    message = parts.pop("")
    hint = parts.pop("HINT", _RUN_AGAIN)
    why = [parts.pop("DETAIL", ""), *(f"{part}: {text}" for part, text in parts.items())]
    return SqlFileError(
        # The server puts two spaces after its severity.
        message.partition(":  ")[2] or message,
        file=Path(start["file"]),
        line=int(start["line"]),
        why="\n".join(filter(None, why)) or None,
        hint=hint,
    )


def _parts(lines: Sequence[str]) -> dict[str, str]:
    """The parts of one message by their names; the message itself is ""."""
    parts: dict[str, list[str]] = {"": []}
    part = ""
    for line in lines:
        found = _PART.fullmatch(line)
        if found:
            part = found["part"]
        parts.setdefault(part, []).append(found["text"] if found else line)
    return {name: "\n".join(text) for name, text in parts.items()}


def _without_password(conninfo: str) -> tuple[str, dict[str, str]]:
    """The conninfo without the password, and the environment which has it."""
    options = conninfo_to_dict(conninfo)
    password = options.pop("password", None)
    environment = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    environment |= {"PGCLIENTENCODING": "UTF8", "LC_ALL": "C"}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **options), environment


def _place(conninfo: str) -> str:
    options = conninfo_to_dict(conninfo)
    host = options.get("host") or options.get("hostaddr") or "local socket"
    return f"{host}:{options.get('port') or 5432}/{options.get('dbname') or ''}"
