"""A PostgreSQL cluster as backup and restore see it: its superuser, and a database for each service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from kith.embedded.postgres import SUPERUSER, tool_environment
from shared.event_store import Connection
from shared.subjects import SERVICES

CONNECT_SECONDS_MAX = 10.0
STATEMENT_SECONDS_MAX = 3600.0
"""Summing up every row of a nation's database takes minutes; hours mean that it hangs."""


@dataclass(frozen=True)
class Cluster:
    """Where a server is: *host* is an address or the folder of its socket, where no password is asked."""

    host: str
    port: int
    password: str | None = None
    user: str = SUPERUSER
    databases: Mapping[str, str] = field(default_factory=lambda: {name: f"kith_{name}" for name in SERVICES})
    """The database of each service."""

    def of(self, service: str) -> AbstractAsyncContextManager[Connection]:
        """Give a connection to the database of *service*."""
        return self.connected(self.databases[service])

    @asynccontextmanager
    async def connected(self, database: str = "postgres") -> AsyncIterator[Connection]:
        """Give a connection as superuser; texts of moments are in UTC, whatever the server's zone."""
        connection = await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=STATEMENT_SECONDS_MAX,
            server_settings={"timezone": "UTC", "application_name": "kith-backup"},
        )
        try:
            yield connection
        finally:
            await connection.close()

    @property
    def words(self) -> list[str]:
        """What PostgreSQL's tools are told on their command line: no secret, since every user may read it."""
        return ["-h", self.host, "-p", str(self.port), "-U", self.user, "--no-password"]

    @property
    def environment(self) -> dict[str, str]:
        secret = {} if self.password is None else {"PGPASSWORD": self.password}
        return tool_environment() | secret
