"""A lease: one replica at a time does a piece of work; its effects are fenced elsewhere all the same."""

import asyncio
import time
from uuid import UUID

from shared.event_store import Pool
from shared.sql import queries
from shared.stopping import stop_if_cancelled

SQL = queries(__file__)

TERM_SECONDS = 6.0
RENEW_SECONDS = 2.0
RETRY_SECONDS = 1.0


class Lease:
    """The right to do one named piece of work, held for TERM_SECONDS at a time."""

    def __init__(self, pool: Pool, name: str, holder: UUID) -> None:
        self._pool = pool
        self._name = name
        self._holder = holder
        self._asked_at = 0.0
        self.held = False

    async def hold(self) -> bool:
        """Take or renew the lease when it is time to; return whether this replica holds it."""
        now = time.monotonic()
        if self.held and now - self._asked_at < RENEW_SECONDS:
            return True
        self.held = bool(await self._pool.fetchval(SQL.hold, self._name, self._holder, TERM_SECONDS))
        self._asked_at = now
        return self.held

    async def wait(self) -> None:
        """Return as soon as this replica holds the lease."""
        while not await self.hold():
            stop_if_cancelled()
            await asyncio.sleep(RETRY_SECONDS)

    async def give_back(self) -> None:
        """Let the next replica begin at once."""
        self.held = False
        await self._pool.execute(SQL.give_back, self._name, self._holder)
