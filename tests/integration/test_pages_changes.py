"""Open pages are told that something changed in their area, once, and of nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

from services.reporting.pages.changes import Changes
from shared.event_store import Pool
from tests.conftest import ServicePools

EVENTS = UUID("0f6d2a52-4cb1-5d0c-8f7e-2f0b1f7a2c11")
INSERT = """
INSERT INTO kept.received (tx, position, event_id, version, schema_version, source, event_type, stream_id,
                           area, data, meta)
VALUES (1, $1, $2::uuid, 1, 1, 'contact', 'VisitLogged', 'visit-' || $2::uuid, $3, '{}', '{}')
"""
TOWNSHIP, VILLAGE, OTHER = "431299102", "431299102204", "431299101200"


async def arrive(pool: Pool, position: int, area: str) -> None:
    await pool.execute(INSERT, position, uuid5(EVENTS, str(position)), area)


@asynccontextmanager
async def page_of(pool: Pool, changes: Changes, area: str) -> AsyncIterator["asyncio.Queue[int]"]:
    """Listen as a page of *area* does, from after its first look on; what it is told comes on the queue."""
    async with new_page_of(changes, area) as told:
        await changes.look(pool)
        await told.get()
        yield told


@asynccontextmanager
async def new_page_of(changes: Changes, area: str) -> AsyncIterator["asyncio.Queue[int]"]:
    """Begin to listen as a page of *area* does."""
    told: asyncio.Queue[int] = asyncio.Queue()

    async def listen() -> None:
        with changes.listening(area) as arrivals:
            async for arrival in arrivals:
                told.put_nowait(arrival)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    try:
        yield told
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_page_hears_of_its_villages_and_of_nobody_else_s(service_pool: ServicePools) -> None:
    pool, changes = await service_pool("reporting"), Changes()
    async with page_of(pool, changes, TOWNSHIP) as township, page_of(pool, changes, OTHER) as other:
        await arrive(pool, 1, VILLAGE)
        await changes.look(pool)
        await settled()
        assert (township.qsize(), other.qsize()) == (1, 0)


async def test_what_arrives_before_a_new_page_is_looked_for_is_told(service_pool: ServicePools) -> None:
    pool, changes = await service_pool("reporting"), Changes()
    async with new_page_of(changes, VILLAGE) as told:
        await arrive(pool, 1, VILLAGE)
        await changes.look(pool)
        await settled()
        assert told.qsize() == 1


async def test_one_arrival_is_told_once(service_pool: ServicePools) -> None:
    pool, changes = await service_pool("reporting"), Changes()
    async with page_of(pool, changes, TOWNSHIP) as told:
        await arrive(pool, 1, VILLAGE)
        for _ in range(4):
            await changes.look(pool)
            await settled()
        assert told.qsize() == 1


async def test_what_is_true_of_the_county_is_told_to_every_village(service_pool: ServicePools) -> None:
    pool, changes = await service_pool("reporting"), Changes()
    async with page_of(pool, changes, VILLAGE) as told:
        await arrive(pool, 1, "431299")
        await changes.look(pool)
        await settled()
        assert told.qsize() == 1


async def test_an_arrival_that_commits_late_is_told_all_the_same(service_pool: ServicePools) -> None:
    pool, changes = await service_pool("reporting"), Changes()
    async with page_of(pool, changes, VILLAGE) as told, pool.acquire() as late:
        transaction = late.transaction()
        await transaction.start()
        await late.execute(INSERT, 1, uuid5(EVENTS, "late"), VILLAGE)
        await arrive(pool, 2, OTHER)
        await changes.look(pool)
        await transaction.commit()
        await changes.look(pool)
        await settled()
        assert told.qsize() == 1
