"""Where a PostgreSQL server comes from, and the scratch databases on it.

| setting                                        | server                                 |
|------------------------------------------------|----------------------------------------|
| `embedded`, `embedded:17`                      | binaries found on this machine         |
| `container`, `container:17`, `container:IMAGE` | an image, through testcontainers       |
| `postgresql://…`                               | one that is there already              |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from migrator.errors import ConfigurationError
from migrator.postgres import container, embedded, given
from migrator.postgres.embedded import embedded_versions
from migrator.postgres.server import Database, Server

__all__ = ["Database", "Server", "embedded_versions", "serve"]


@contextmanager
def serve(setting: str, *, options: Mapping[str, str] = {}) -> Iterator[Server]:
    """A server as `setting` says (see the table above), there until the block ends.

    `options` are server settings that go over the throwaway defaults, `{"fsync": "on"}` for instance;
    a server that is there already takes none.

    ConfigurationError: the setting means nothing. ServerError: no such server here, not reachable, too old.
    """
    if setting.startswith(("postgresql://", "postgres://")):
        if options:
            raise ConfigurationError(
                f"server settings cannot be given to a server that already runs: {', '.join(options)}",
                where="postgres",
                hint="Use embedded or container, or set them on the server itself.",
            )
        source = given.connect(setting)
    else:
        kind, _, which = setting.partition(":")
        if kind == "embedded":
            source = embedded.start(which, options)
        elif kind == "container":
            source = container.start(which, options)
        else:
            # A mistyped URL may hold a password: only what stands before its first colon is repeated.
            raise ConfigurationError(
                f"{kind!r} is no place to get a PostgreSQL server from",
                where="postgres",
                hint="Use embedded, embedded:17, container, container:17, container:IMAGE "
                "or postgresql://user@host/database.",
            )
    with source as server:
        yield server
