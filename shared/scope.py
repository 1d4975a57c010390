"""What a caller may see: one read transaction in which every table with areas shows only the caller's."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.event_store import ACQUIRE_SECONDS, Connection, Pool
from shared.sql import queries
from shared.tokens import Caller

SQL = queries(__file__)

WHOLE_SCOPE = {"kith.scope": "*"}
"""Session settings of a service's own connections: it sees all areas until a caller narrows it."""
NARROW_READING: str = SQL.narrow_reading
"""The statement that narrows a transaction of reading to a scope."""
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_SCOPE = re.compile(r"[0-9,]*")


async def narrow(connection: Connection, caller: Caller) -> None:
    """Narrow the current transaction, and nothing after it, to the caller's areas."""
    await connection.execute(SQL.narrow, scope_of(caller))


def scope_of(caller: Caller) -> str:
    """Return the caller's areas as kernel.in_scope reads them."""
    return ",".join(caller.areas)


@asynccontextmanager
async def scoped(pool: Pool, caller: Caller, narrowing: str = NARROW_READING) -> AsyncIterator[Connection]:
    """Open a read-only transaction of one snapshot that sees only rows in the caller's areas.

    Row level security applies it below every query (policy kernel.in_scope). *narrowing* is a statement whose one
    parameter is the scope, and which may set more. Raises TimeoutError where no connection is free in time.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        try:
            # In one round trip, which takes no parameters.
            await connection.execute(f"{SNAPSHOT};\n{narrowing.replace('$1', _quoted(scope_of(caller)))}")
            yield connection
        finally:
            await connection.execute("COMMIT")  # nothing was written, so that it ends a failed one as well


def _quoted(scope: str) -> str:
    """Return *scope* as a literal; raises ValueError where it is none, which no token brings about."""
    if _SCOPE.fullmatch(scope) is None:
        raise ValueError("a scope is areas of digits")
    return f"'{scope}'"
