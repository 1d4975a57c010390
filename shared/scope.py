"""What a caller may see: one read transaction in which every table with areas shows only the caller's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shared.event_store import ACQUIRE_SECONDS, Connection, Pool
from shared.sql import queries
from shared.tokens import Caller

SQL = queries(__file__)

WHOLE_SCOPE = {"kith.scope": "*"}
"""Session settings of a service's own connections: it sees all areas until a caller narrows it."""


Narrowing = Callable[[Connection, Caller], Awaitable[None]]
"""Narrows the current transaction, and nothing after it, to a caller's areas."""


async def narrow(connection: Connection, caller: Caller) -> None:
    """Narrow the current transaction, and nothing after it, to the caller's areas."""
    await connection.execute(SQL.narrow, scope_of(caller))


def scope_of(caller: Caller) -> str:
    """Return the caller's areas as kernel.in_scope reads them."""
    return ",".join(caller.areas)


@asynccontextmanager
async def scoped(pool: Pool, caller: Caller, narrowing: Narrowing = narrow) -> AsyncIterator[Connection]:
    """Open a read-only transaction of one snapshot that sees only rows in the caller's areas.

    Row level security applies it below every query (policy kernel.in_scope). *narrowing* may do more in the
    same round trip. Raises TimeoutError where no connection is free in time.
    """
    async with (
        pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await narrowing(connection, caller)
        yield connection
