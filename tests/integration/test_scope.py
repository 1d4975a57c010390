"""Reading as far as a caller may: what ends a read badly leaves neither its transaction nor its scope behind."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.database import nothing_to_reset
from shared.event_store import Connection, Pool
from shared.scope import WHOLE_SCOPE, scoped
from shared.tokens import Caller, Role
from tests.conftest import ServiceDatabases

ASKER = Caller("somebody", Role.TOWNSHIP, ("431299200",), "a token")
SEEN = "SELECT current_setting('kith.scope') || ' ' || current_setting('transaction_read_only')"


@pytest.fixture
async def pool(service_database: ServiceDatabases) -> AsyncIterator[Pool]:
    """One connection, given back as a service gives its own back."""
    database = await service_database("reporting")
    async with asyncpg.create_pool(
        database.dsn, min_size=1, max_size=1, server_settings=WHOLE_SCOPE, reset=nothing_to_reset
    ) as pool:
        yield pool


async def test_a_read_sees_its_scope_and_may_not_write(pool: Pool) -> None:
    async with scoped(pool, ASKER) as connection:
        assert await connection.fetchval(SEEN) == "431299200 on"
    assert await pool.fetchval(SEEN) == "* off"


async def test_a_read_that_fails_leaves_nothing_of_its_scope(pool: Pool) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with scoped(pool, ASKER) as connection:
            await connection.execute("SELECT 1 / 0")
    assert await pool.fetchval(SEEN) == "* off"


async def test_a_read_that_is_called_off_leaves_nothing_of_its_scope(pool: Pool) -> None:
    asked = asyncio.Event()

    async def ask() -> None:
        async with scoped(pool, ASKER) as connection:
            await _ask_for_long(connection, asked)

    reading = asyncio.create_task(ask())
    await asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await pool.fetchval(SEEN) == "* off"


async def _ask_for_long(connection: Connection, asked: asyncio.Event) -> None:
    asked.set()
    await connection.execute("SELECT pg_sleep(30)")
