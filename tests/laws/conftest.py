"""Databases that live as long as one example of a law."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from shared.event_store import Pool
from shared.scope import WHOLE_SCOPE
from tests.conftest import ServiceDatabases
from tests.servers import DatabaseServer

FreshPool = Callable[[str], AbstractAsyncContextManager[Pool]]


@pytest.fixture
def fresh_pool(postgres: DatabaseServer, service_database: ServiceDatabases) -> FreshPool:
    """Give a pool on a database of a service that is dropped when the example ends."""

    @asynccontextmanager
    async def fresh(service: str) -> AsyncIterator[Pool]:
        database = await service_database(service)
        async with asyncpg.create_pool(
            database.dsn, min_size=1, max_size=6, server_settings=WHOLE_SCOPE
        ) as pool:
            yield pool
        admin = await asyncpg.connect(postgres.admin_dsn)
        await admin.execute(f'DROP DATABASE "{database.name}"')
        await admin.close()

    return fresh
