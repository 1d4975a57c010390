"""Databases that live as long as one example of a law."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from shared.event_store import Pool
from shared.scope import WHOLE_SCOPE
from tests.conftest import ServiceDatabases
from tests.laws.bounds import TIMES
from tests.servers import DatabaseServer

LAW_SECONDS_MAX = 600 * TIMES
"""A law that falls is tried many times more, until its smallest example is found and told."""

FreshPool = Callable[[str], AbstractAsyncContextManager[Pool]]
FreshPools = Callable[[str, int], AbstractAsyncContextManager[Sequence[Pool]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each law the time to tell its smallest example; a hook of a folder is given the items of all."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(LAW_SECONDS_MAX))


@pytest.fixture
def fresh_pools(postgres: DatabaseServer, service_database: ServiceDatabases) -> FreshPools:
    """Give pools of so many replicas on one database of a service, which is dropped when the example ends."""

    @asynccontextmanager
    async def fresh(service: str, replicas: int) -> AsyncIterator[Sequence[Pool]]:
        database = await service_database(service)
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    asyncpg.create_pool(database.dsn, min_size=1, max_size=6, server_settings=WHOLE_SCOPE)
                )
                for _ in range(replicas)
            ]
        admin = await asyncpg.connect(postgres.admin_dsn)
        await admin.execute(f'DROP DATABASE "{database.name}"')
        await admin.close()

    return fresh


@pytest.fixture
def fresh_pool(fresh_pools: FreshPools) -> FreshPool:
    """Give the pool of one that is alone."""

    @asynccontextmanager
    async def fresh(service: str) -> AsyncIterator[Pool]:
        async with fresh_pools(service, 1) as [pool]:
            yield pool

    return fresh
