"""Rebuilding: the figures made anew from every event received, beside the live ones, and swapped in at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.reporting.counting import Happened, count, count_without_sums, keep_day, places, sum_up
from services.reporting.recounting import TYPES, VERSIONS, recount
from services.reporting.side import Side, fill, hold_sides, look_at, make_live, resting_side
from shared.applying import AWAY, PASSING
from shared.contracts.catalogue import decode
from shared.event_store import Connection, Pool
from shared.sql import queries

SQL = queries(__file__)

PROJECTIONS = ("figures",)
"""What can be rebuilt; "all" means all of these."""
REPLAY_MAX = 2_000
"""Events of one transaction: more would hold up the service's other work for too long."""
FINISH_MAX = 2_000
"""Events that are still to come when readers are held for the swap."""
RECOUNTED_MAX = 10_000
"""Arrivals whose events the database counts in one transaction."""
RECOUNTED_AT_ONCE = 2
"""Stretches of them that it counts at the same time."""
SUMMED_AT_ONCE = 2
"""Counties or townships whose sums are made at the same time."""
LOOK_SECONDS = 5.0
"""How often a replica looks whether another one was asked, or left a rebuild unfinished."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come: events done of those received."""

    projection: str
    state: str
    done: int
    total: int
    error: str | None


Counting = Callable[[Connection, Sequence[Happened]], Awaitable[object]]
But = tuple[Sequence[str], Sequence[int]]
"""Types and versions of events that are left out."""
BUT_CONTACTS: But = (TYPES, VERSIONS)
EVERYTHING: But = ((), ())


class AlreadyRebuilding(Exception):
    """A rebuild was asked for or is running: it must end first."""


class Rebuilding:
    """What a service does when it is asked to rebuild; one rebuild runs at a time, whichever replica was asked."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    async def ask(self, pool: Pool, projection: str) -> Progress:
        """Have *projection* rebuilt; raises AlreadyRebuilding."""
        if not await pool.fetchval(SQL.ask, projection):
            raise AlreadyRebuilding(projection)
        self._asked.set()
        return await progress(pool, projection)

    async def rebuild_when_asked(self, pool: Pool) -> None:
        """Rebuild whenever somebody has asked, and begin again what a killed service has left."""
        while True:
            for projection in await pool.fetch(SQL.asked):
                await rebuild(pool, projection["projection"])
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            self._asked.clear()


async def progress(pool: Pool, projection: str) -> Progress:
    """Return how far the last rebuild of *projection* has come; "never" where none was asked for."""
    row = await pool.fetchrow(SQL.progress, projection)
    return Progress(*row.values()) if row else Progress(projection, "never", 0, 0, None)


async def rebuild(pool: Pool, projection: str = PROJECTIONS[0]) -> bool:
    """Make the figures anew and swap them in; return False where another replica is at it.

    The live side is not touched before the swap. Where it fails, the reason is kept with the progress.
    """
    async with pool.acquire() as guard:
        if not await guard.fetchval(SQL.try_lock):
            return False
        try:
            await _rebuild(pool, projection)
        except (*PASSING, *AWAY):
            raise
        except Exception as why:
            await pool.execute(SQL.failed, projection, type(why).__name__)
            raise
        finally:
            guard.terminate()  # whatever happens, the lock goes with its session
    return True


async def _rebuild(pool: Pool, projection: str) -> None:
    async with pool.acquire() as connection:
        side = await resting_side(connection)
    await _empty(pool, side)
    await pool.execute(SQL.begin, projection)

    arrival = await _last_arrival(pool, projection)
    waiting = _stretches(arrival)
    await _together(
        _replay(pool, side, projection, (0, arrival), but=BUT_CONTACTS, counted_by=count_without_sums),
        *(_recount(pool, side, projection, waiting) for _ in range(RECOUNTED_AT_ONCE)),
    )
    await _sum_up(pool, side)
    while not await _finish(pool, side, projection, arrival):
        end = await _last_arrival(pool, projection)
        await _replay(pool, side, projection, (arrival, end))
        arrival = end


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """Do all *works*; where one fails, none goes on: it would write into what the next rebuild has emptied."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _filling(pool: Pool, side: Side) -> AsyncIterator[Connection]:
    """Open a transaction that writes the side that is not live."""
    async with pool.acquire() as connection, connection.transaction():
        await fill(connection, side)
        yield connection


async def _empty(pool: Pool, side: Side) -> None:
    async with _filling(pool, side) as connection:
        await connection.execute(SQL.empty)


async def _last_arrival(pool: Pool, projection: str) -> int:
    """Return the last arrival below which nothing can appear any more."""
    async with pool.acquire() as connection, connection.transaction():
        await hold_sides(connection)
        end: int = await connection.fetchval(SQL.last_arrival)
        await connection.execute(SQL.expect, projection)
    return end


async def _replay(
    pool: Pool,
    side: Side,
    projection: str,
    arrivals: tuple[int, int],
    *,
    but: But = EVERYTHING,
    counted_by: Counting = count,
) -> None:
    """Count the events of *arrivals* but those left out; the next are fetched while these are counted."""
    arrival, end = arrivals
    coming = asyncio.create_task(_received(pool, arrival, end, but))
    try:
        while True:
            arrival, received = await coming
            if not received:
                return
            coming = asyncio.create_task(_received(pool, arrival, end, but))
            async with _filling(pool, side) as connection:
                await counted_by(connection, received)
                await connection.execute(SQL.advance, projection, len(received))
    finally:
        coming.cancel()


def _stretches(end: int) -> Iterator[tuple[int, int]]:
    """Yield the arrivals up to *end* in stretches: after which one each begins, and where it ends."""
    for begins in range(0, end, RECOUNTED_MAX):
        yield begins, min(begins + RECOUNTED_MAX, end)


async def _recount(pool: Pool, side: Side, projection: str, waiting: Iterator[tuple[int, int]]) -> None:
    """Count what contact said in the stretches that nobody has taken yet, in the database itself."""
    for stretch in waiting:
        async with _filling(pool, side) as connection:
            events, day = await recount(connection, *stretch)
            if day is not None:
                await keep_day(connection, "contact", day)
            await connection.execute(SQL.advance, projection, events)


async def _sum_up(pool: Pool, side: Side) -> None:
    """Make the sums of all counties and townships, each in a transaction of its own."""
    async with _filling(pool, side) as connection:
        waiting = iter(await places(connection))

    async def sum_up_waiting() -> None:
        for place in waiting:
            async with _filling(pool, side) as connection:
                await sum_up(connection, place)

    await _together(*(sum_up_waiting() for _ in range(SUMMED_AT_ONCE)))


async def _received(pool: Pool, arrival: int, end: int, but: But) -> tuple[int, list[Happened]]:
    """Return the next events and the arrival of the last of them."""
    rows = await pool.fetch(SQL.received, arrival, end, REPLAY_MAX, *but)
    return (rows[-1]["arrival"] if rows else arrival), [_happened(row) for row in rows]


async def _finish(pool: Pool, side: Side, projection: str, arrival: int) -> bool:
    """Swap, if what has arrived meanwhile is little; readers are held while it is counted."""
    async with pool.acquire() as connection, connection.transaction():
        await hold_sides(connection)
        rows = await _rest(connection, arrival)
        if len(rows) > FINISH_MAX:
            return False
        await look_at(connection, side)
        await count(connection, [_happened(row) for row in rows])
        await make_live(connection, side)
        await connection.execute(SQL.done, projection, len(rows))
    return True


async def _rest(connection: Connection, arrival: int) -> Sequence[asyncpg.Record]:
    last: int = await connection.fetchval(SQL.last_arrival)
    return await connection.fetch(SQL.received, arrival, last, FINISH_MAX + 1, *EVERYTHING)


def _happened(row: asyncpg.Record) -> Happened:
    event = decode(row["event_type"], row["schema_version"], row["data"])
    return Happened(row["source"], row["event_id"], row["version"], event)
