"""The servers that tests work on: embedded, or with KITH_TEST_SERVERS=containers from container images."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from kith.embedded.nats import start_nats
from kith.embedded.postgres import start_postgres

SWITCH = "KITH_TEST_SERVERS"
EMBEDDED, CONTAINERS = "embedded", "containers"


class DatabaseServer(Protocol):
    """A PostgreSQL server that runs for the tests."""

    @property
    def port(self) -> int: ...

    @property
    def password(self) -> str: ...

    @property
    def admin_dsn(self) -> str: ...

    def dsn(self, role: str, secret: str, database: str) -> str: ...


class BusServer(Protocol):
    """A NATS server that runs for the tests, on a port that its folder keeps."""

    port: int

    @property
    def url(self) -> str: ...

    def url_for(self, user: str) -> str: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...


def start_database(data: Path) -> AbstractContextManager[DatabaseServer]:
    """Start the PostgreSQL of *data*."""
    if _chosen() == EMBEDDED:
        return start_postgres(data)
    from tests.servers_in_containers import postgres_in_container  # noqa: PLC0415 - needs an engine

    return postgres_in_container()


def start_bus(data: Path) -> AbstractContextManager[BusServer]:
    """Start the NATS server of *data*; once it was stopped or killed, the same folder starts again."""
    if _chosen() == EMBEDDED:
        return start_nats(data)
    from tests.servers_in_containers import nats_in_container  # noqa: PLC0415 - needs an engine

    return nats_in_container(data)


def _chosen() -> str:
    chosen = os.environ.get(SWITCH, EMBEDDED)
    if chosen not in {EMBEDDED, CONTAINERS}:
        raise ValueError(f"{SWITCH} is {chosen!r}; it may be {EMBEDDED} or {CONTAINERS}")
    return chosen
