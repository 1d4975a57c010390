"""One paper at a time in each process: laid out it takes a hundred times the memory of a request, and a whole core."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.garbage import make_room
from shared.problems import Away

WAITING_MAX = 24
"""Papers that may wait for their turn, on disk and not in memory: each holds the place of a request, half of all."""
WAIT_SECONDS_MAX = 120.0
"""How long one waits for those before it; its sender waits longer."""

RETRY_SECONDS = 30
PAPERS_WAIT = "papers_wait"


class PaperTurns:
    """The turns of papers in one process."""

    def __init__(self, *, waiting_max: int = WAITING_MAX, wait_seconds: float = WAIT_SECONDS_MAX) -> None:
        self._at_work = asyncio.Lock()
        self._may_wait = waiting_max
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the turn, when those who came before are through.

        Raises Away(papers_wait) where too many wait already, at once, or where the turn did not come in time.
        """
        await self._wait()
        try:
            make_room()
            yield
        finally:
            self._at_work.release()

    async def _wait(self) -> None:
        if self._at_work.locked() and not self._may_wait:
            raise Away(PAPERS_WAIT, retry_seconds=RETRY_SECONDS)
        self._may_wait -= 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._at_work.acquire()
        except TimeoutError:
            raise Away(PAPERS_WAIT, retry_seconds=RETRY_SECONDS) from None
        finally:
            self._may_wait += 1
