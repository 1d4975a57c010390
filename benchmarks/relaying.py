"""The relay: a log into its stream, beside a loop that publishes the same bytes from memory."""

import asyncio
import itertools
import time
from contextlib import suppress
from uuid import UUID

from nats.aio.client import Client

from benchmarks.figure import Figure, in_turns
from benchmarks.invented import Told, year
from benchmarks.servers import Servers
from benchmarks.streaming import fresh_stream, message, publish
from shared.contracts.catalogue import decode
from shared.event_store import Append, Meta, NewEvent, Pool, append_many, last_position
from shared.relay import Relay

META = Meta(UUID(int=1), UUID(int=2), "bench")
CHUNK = 1_000
LOOK_SECONDS = 0.002


async def relay(servers: Servers, count: int, repetitions: int) -> Figure:
    """Relay *count* events that are in the log already."""
    told = [one for one in year(count // 20 + 50) if one.event_type == "VisitLogged"][:count]
    async with (
        servers.fresh_pool("contact") as pool,
        servers.client() as operator,
        servers.client("contact") as client,
    ):
        await fill_log(pool, told)
        messages = [message(one, n) for n, one in enumerate(told, start=1)]

        async def ours() -> float:
            await fresh_stream(operator, "contact")
            begun = time.perf_counter()
            await _relayed(pool, client)
            return count / (time.perf_counter() - begun)

        async def limit() -> float:
            await fresh_stream(operator, "contact")
            begun = time.perf_counter()
            await publish(client, messages)
            return count / (time.perf_counter() - begun)

        mine, bare = await in_turns(repetitions, ours, limit)
    return Figure("relay", mine, bare, "events/s", 0.8)


async def fill_log(pool: Pool, told: list[Told]) -> None:
    """Append events, each stream's first, to the log of a service."""
    async with pool.acquire() as connection:
        for start in range(0, len(told), CHUNK):
            some = itertools.islice(told, start, start + CHUNK)
            appends = [
                Append(one.stream_id, [NewEvent(one.event_id, decode(one.event_type, 1, one.body))], 0)
                for one in some
            ]
            await append_many(connection, appends, META)


async def _relayed(pool: Pool, client: Client) -> None:
    async with pool.acquire() as connection:
        end = await last_position(connection)
    working = Relay(pool, client, "contact", asyncio.Event(), UUID(int=3))
    running = asyncio.create_task(working.run())
    while working.state.published < end:  # noqa: ASYNC110 - the relay tells nobody
        await asyncio.sleep(LOOK_SECONDS)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
