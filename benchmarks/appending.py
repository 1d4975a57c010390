"""Appending: one event at a time with many in flight, and many at once, beside bare INSERT and COPY."""

import asyncio
import gc
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from benchmarks.figure import Figure, in_turns
from benchmarks.invented import Told, year
from benchmarks.servers import Servers
from shared.contracts.catalogue import decode
from shared.event_store import Append, Meta, NewEvent, Pool, append, append_many

T = TypeVar("T")

IN_FLIGHT = 64
MORE_REPETITIONS = 6
"""Beyond what was asked for: one takes a quarter or half of a second, and from one to the next the clock may change."""
META = Meta(UUID(int=1), UUID(int=2), "bench")

INSERT = """
INSERT INTO kernel.events (tx, version, schema_version, event_id, stream_id, event_type, data, meta)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7)
"""
BARE_TABLE = """
CREATE TABLE kernel.bare_events (LIKE kernel.events INCLUDING ALL);
GRANT ALL ON kernel.bare_events TO PUBLIC
"""
COPIED = "INSERT INTO kernel.bare_events OVERRIDING SYSTEM VALUE SELECT * FROM kernel.events"
COLUMNS = ("tx", "version", "schema_version", "event_id", "stream_id", "event_type", "data", "meta")


async def single_appends(servers: Servers, count: int, repetitions: int, held: int) -> Figure:
    """Append events to streams of their own, IN_FLIGHT at a time, to a log that holds *held* children's events."""
    repetitions += MORE_REPETITIONS
    told = _told(count * (2 * repetitions + 1))
    dsn = await servers.database("registry")
    await _hold(servers, dsn, held)
    async with servers.pool(dsn, IN_FLIGHT) as pool:

        async def ours() -> float:
            some = [_new_stream(one) for one in itertools.islice(told, count)]
            return await _at_once(pool, some, _append_one)

        async def limit() -> float:
            some = [_row(n, one) for n, one in enumerate(itertools.islice(told, count))]
            return await _at_once(pool, some, _insert_one)

        await ours()
        mine, bare = await in_turns(repetitions, ours, limit)
    await servers.drop(dsn)
    return Figure("single appends, 64 in flight", mine, bare, "appends/s", 0.8)


async def bulk_append(servers: Servers, count: int, repetitions: int, held: int) -> Figure:
    """Append to many streams in one call, as an import does, beside COPY into a table with the same indexes.

    Both tables hold *held* children's events.
    """
    repetitions += MORE_REPETITIONS
    told = _told(count * (2 * repetitions + 2))
    dsn = await servers.database("registry")
    await _hold(servers, dsn, held)
    async with servers.pool(servers.as_admin(dsn), 1) as admin:
        await admin.execute(BARE_TABLE)
        await admin.execute(COPIED)
    async with servers.pool(dsn, 1) as pool:

        async def ours() -> float:
            appends = [_new_stream(one) for one in itertools.islice(told, count)]
            gc.freeze()  # as services do with what is there before the work
            begun = time.perf_counter()
            async with pool.acquire() as connection, connection.transaction():
                await append_many(connection, appends, META)
            return count / (time.perf_counter() - begun)

        async def limit() -> float:
            rows = [_row(n, one) for n, one in enumerate(itertools.islice(told, count))]
            gc.freeze()
            begun = time.perf_counter()
            await _copy(pool, rows)
            return count / (time.perf_counter() - begun)

        await ours()
        await limit()
        mine, bare = await in_turns(repetitions, ours, limit)
    await servers.drop(dsn)
    return Figure("bulk append", mine, bare, "events/s", 0.5)


def _told(count: int) -> Iterator[Told]:
    """Yield events of the invented land; only those that a year repeats, so that all weigh the same."""
    people = count // 20 + CHUNK
    return (one for one in itertools.chain(year(people), year(people, 7)) if one.event_type == "VisitLogged")


CHUNK = 1_000
HELD_CHUNK = 20_000
HELD_SEED, HELD_MONTHS = 11, 2
HELD_TX = -1
"""Before every transaction that is measured, and of no number that a row of the bare table has."""
STREAMS_HELD = """
INSERT INTO kernel.streams (stream_id, version, last_tx)
SELECT stream_id, max(version), max(tx) FROM kernel.events GROUP BY stream_id
"""


async def _hold(servers: Servers, dsn: str, people: int) -> None:
    """Put what is said of *people* children in HELD_MONTHS into a log."""
    if not people:
        return
    rows = ((HELD_TX, one.version, *_row(0, one)[2:]) for one in year(people, HELD_SEED, HELD_MONTHS))
    async with servers.pool(servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
        while some := list(itertools.islice(rows, HELD_CHUNK)):
            await connection.copy_records_to_table(
                "events", schema_name="kernel", columns=COLUMNS, records=some
            )
        await connection.execute(STREAMS_HELD)
        await connection.execute("VACUUM ANALYZE")
    await servers.checkpoint()


def _new_stream(one: Told) -> Append:
    event = decode(one.event_type, 1, one.body)
    return Append(one.stream_id, [NewEvent(one.event_id, event)], expected=0)


def _row(number: int, one: Told) -> tuple[object, ...]:
    return (number, 1, 1, one.event_id, one.stream_id, one.event_type, one.body, META.as_json())


async def _append_one(pool: Pool, wanted: Append) -> None:
    async with pool.acquire() as connection:
        await append(connection, wanted, META)


async def _insert_one(pool: Pool, row: tuple[object, ...]) -> None:
    tx, version, _, *rest = row
    await pool.execute(INSERT, tx, version, *rest)


async def _copy(pool: Pool, rows: list[tuple[object, ...]]) -> None:
    async with pool.acquire() as connection:
        await connection.copy_records_to_table(
            "bare_events", schema_name="kernel", columns=COLUMNS, records=rows
        )


async def _at_once(pool: Pool, items: Sequence[T], do: Callable[[Pool, T], Awaitable[None]]) -> float:
    """Do something with each item, IN_FLIGHT at a time; return how many a second."""
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await do(pool, item)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return len(items) / (time.perf_counter() - begun)
