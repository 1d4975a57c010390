"""The servers that both sides of every figure run on: PostgreSQL with fsync, NATS that syncs before it answers."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import asyncpg
import nats
from nats.aio.client import Client

from kith.bus_permissions import OPERATOR, inbox_of
from kith.embedded.databases import owner_of, prepare_databases
from kith.embedded.kept_secrets import password
from kith.embedded.nats import RunningNats, start_nats
from kith.embedded.postgres import RunningPostgres, start_postgres
from shared.database import nothing_to_reset
from shared.event_store import Pool
from shared.migrate import migrate
from shared.scope import WHOLE_SCOPE
from shared.subjects import SERVICES

STATEMENT_SECONDS_MAX = 600.0


@dataclass
class Servers:
    """One PostgreSQL and one NATS for a whole run."""

    postgres: RunningPostgres
    bus: RunningNats
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def database(self, service: str) -> str:
        """Make a fresh, migrated database of *service* and return its address for the service's role."""
        prefix = f"bench{next(self._numbers)}_"
        roles = [role for one in SERVICES for role in (one, owner_of(one))]
        passwords = {role: password(self.folder, role) for role in roles}
        await prepare_databases(self.postgres.admin_dsn, passwords, [service], prefix=prefix)
        owner, name = owner_of(service), f"{prefix}{service}"
        await migrate(self.postgres.dsn(owner, passwords[owner], name), service)
        return self.postgres.dsn(service, passwords[service], name)

    async def empty_database(self) -> str:
        """Make a database without anything in it and return its address for the superuser."""
        name = f"bench{next(self._numbers)}_rival"
        admin = await asyncpg.connect(self.postgres.admin_dsn)
        await admin.execute(f'CREATE DATABASE "{name}"')
        await admin.close()
        return self.as_admin(name)

    def as_admin(self, dsn: str) -> str:
        """Return the same database's address for the superuser: to load what no service may write at once."""
        admin, _, _ = self.postgres.admin_dsn.rpartition("/")
        return f"{admin}/{dsn.rpartition('/')[2]}"

    @asynccontextmanager
    async def pool(self, dsn: str, size: int = 10) -> AsyncIterator[Pool]:
        """Open a pool as a service does, all connections made."""
        async with asyncpg.create_pool(
            dsn,
            min_size=size,
            max_size=size,
            server_settings=WHOLE_SCOPE,
            command_timeout=STATEMENT_SECONDS_MAX,
            reset=nothing_to_reset,
        ) as pool:
            yield pool

    @asynccontextmanager
    async def fresh_pool(self, service: str, size: int = 10) -> AsyncIterator[Pool]:
        """Open a pool on a fresh database, which is dropped in the end."""
        dsn = await self.database(service)
        try:
            async with self.pool(dsn, size) as pool:
                yield pool
        finally:
            await self.drop(dsn)

    async def drop(self, dsn: str) -> None:
        """Drop a database that was made here."""
        admin = await asyncpg.connect(self.postgres.admin_dsn)
        await admin.execute(f'DROP DATABASE "{dsn.rpartition("/")[2]}" WITH (FORCE)')
        await admin.close()

    @asynccontextmanager
    async def client(self, user: str = OPERATOR) -> AsyncIterator[Client]:
        """Connect to the bus as *user*: a service is in the account of its stream, the operator in none."""
        client = await nats.connect(self.bus.url_for(user), inbox_prefix=inbox_of(user).encode())
        try:
            yield client
        finally:
            await client.close()

    async def settle(self, dsn: str) -> None:
        """Tidy up and write out what work left in a database, so that nobody pays for it beside another."""
        admin = await asyncpg.connect(self.as_admin(dsn), command_timeout=None)
        await admin.execute("VACUUM ANALYZE")
        await admin.execute("CHECKPOINT")
        await admin.close()

    async def checkpoint(self) -> None:
        """Write out what former figures left behind, so that nobody pays for another."""
        admin = await asyncpg.connect(self.postgres.admin_dsn)
        await admin.execute("CHECKPOINT")
        await admin.close()


@contextmanager
def servers(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Servers]:
    """Start both servers in a folder that is deleted afterwards, PostgreSQL with *settings* besides its own."""
    folder = Path(tempfile.mkdtemp(prefix="kith-bench-"))
    try:
        with start_postgres(folder, settings) as postgres, start_nats(folder) as bus:
            yield Servers(postgres, bus, folder)
    finally:
        shutil.rmtree(folder)
