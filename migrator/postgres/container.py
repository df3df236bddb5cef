"""A server in a container, through testcontainers.

testcontainers is an optional dependency and imported only when a container is asked for. What was asked for
and cannot be had is an error.

Its wait for PostgreSQL goes on for minutes after a container has died, so the waiting is done here.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from migrator.errors import ConfigurationError, ServerError
from migrator.postgres.embedded import SETTINGS
from migrator.postgres.server import OLDEST, Server, major_version

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

DEFAULT_IMAGE = "postgres:18"

_DATA = "/scratch"
_PORT = 5432
_START_SECONDS = 120


@contextmanager
def start(which: str, options: Mapping[str, str]) -> Iterator[Server]:
    """A server from the image `which`: a major version, the name of an image, or "" for DEFAULT_IMAGE."""
    image = _image(which)
    password = secrets.token_hex(16)
    container = _prepare(image, password, {**SETTINGS, "listen_addresses": "*", **options})
    try:
        try:
            container.start()
        except Exception as error:  # docker's and requests' errors have no base of their own
            raise ServerError(
                "the container could not be started",
                where=image,
                why=str(error),
                hint=f"Try `docker pull {image}`. Where testcontainers' own helper image cannot be pulled, "
                "set TESTCONTAINERS_RYUK_DISABLED=true: a killed run then leaves its container behind.",
            ) from error
        address = make_conninfo(
            host=container.get_container_host_ip(),
            port=container.get_exposed_port(_PORT),
            user="postgres",
            password=password,
            dbname="postgres",
            options="",
            client_encoding="UTF8",
        )
        yield Server(version=_wait(container, image, address), address=address, throwaway=True)
    finally:
        container.stop()


def _image(which: str) -> str:
    if not which.isdigit():
        return which or DEFAULT_IMAGE
    if int(which) < OLDEST:
        raise ConfigurationError(
            f"PostgreSQL {which} is not supported",
            where="postgres",
            hint=f"Use container:N with N from {OLDEST} on, or container:IMAGE.",
        )
    return f"postgres:{which}"


def _prepare(image: str, password: str, settings: Mapping[str, str]) -> DockerContainer:
    try:
        import docker  # type: ignore[import-untyped]
        from testcontainers.core.container import DockerContainer
    except ImportError as error:
        raise ServerError(
            "a container was asked for, and testcontainers is not installed",
            why=str(error),
            hint="pip install 'migrator[container]', or use the embedded server.",
        ) from error
    try:
        with closing(docker.from_env(timeout=3)) as client:
            client.ping()
        container = DockerContainer(image)
    except docker.errors.DockerException as error:
        raise ServerError(
            "a container was asked for, and no container engine answers",
            why=str(error),
            hint="Start Docker (or set DOCKER_HOST to an engine that runs), or use the embedded server.",
        ) from error
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    return (
        container.with_envs(
            POSTGRES_USER="postgres",
            POSTGRES_PASSWORD=password,
            POSTGRES_DB="postgres",
            POSTGRES_INITDB_ARGS="--no-sync --locale=C --encoding=UTF8",
            PGDATA=f"{_DATA}/data",
        )
        .with_exposed_ports(_PORT)
        .with_tmpfs_mount(_DATA)
        .with_command(["postgres", *arguments])
    )


def _wait(container: DockerContainer, image: str, address: str) -> int:
    """The major version of the server, as soon as it answers; ServerError if its container ends first."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(address, connect_timeout=5) as connection:
            return major_version(connection.info.server_version)
        wrapped = container.get_wrapped_container()
        wrapped.reload()
        if wrapped.status in {"exited", "dead"} or time.monotonic() > deadline:
            log = b"\n".join(container.get_logs()).decode(errors="replace")
            raise ServerError(
                f"the server in the container does not answer (the container is {wrapped.status})",
                where=image,
                why="\n".join(log.splitlines()[-20:]),
                hint="The lines above are its log. The image must work as Docker's `postgres` does.",
            )
        time.sleep(0.1)
