"""Receiving: events from the bus into reporting's tables, beside a loop that only fetches and decodes them."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from uuid import UUID

from nats.aio.client import Client

from benchmarks.figure import Figure, in_turns
from benchmarks.invented import Told, year
from benchmarks.servers import Servers
from benchmarks.streaming import bare_reader, fetch_and_decode, fresh_stream, message, publish
from services.reporting.readers import SOURCES, readers
from shared.event_store import Pool, Position
from shared.garbage import settle
from shared.receiving import Receiving

WAIT_SECONDS_MAX = 600.0


async def receiving(servers: Servers, people: int, months: int, repetitions: int) -> Figure:
    """Receive *months* of *people* children, one source after the other."""
    told = list(year(people, months=months))
    counts: dict[str, int] = {}
    async with servers.client() as client, servers.client("reporting") as reading:
        for source in SOURCES:
            messages = [message(one, n) for n, one in enumerate(_of(told, source), start=1)]
            counts[source] = len(messages)
            await fresh_stream(client, source)
            await publish(client, messages)
        settle()  # as a service does

        async def ours() -> float:
            async with servers.fresh_pool("reporting") as pool:
                begun = time.perf_counter()
                await _received(pool, reading, counts)
                return len(told) / (time.perf_counter() - begun)

        async def limit() -> float:
            async with AsyncExitStack() as made:
                bare = {
                    source: await made.enter_async_context(bare_reader(client, source)) for source in counts
                }
                begun = time.perf_counter()
                for source, count in counts.items():
                    await fetch_and_decode(bare[source], source, count)
                took = time.perf_counter() - begun
            return len(told) / took

        mine, bare = await in_turns(repetitions, ours, limit)
    return Figure("receiving into reporting's read models", mine, bare, "events/s", 0.4)


def _of(told: list[Told], source: str) -> list[Told]:
    return [one for one in told if one.source == source]


async def _received(pool: Pool, client: Client, counts: dict[str, int]) -> None:
    for reader in readers():
        working = Receiving(pool, client, reader, UUID(int=3))
        running = asyncio.create_task(working.run())
        end = Position(1, counts[reader.source])
        assert await working.caught_up(end, WAIT_SECONDS_MAX)
        assert not working.state.parked
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
