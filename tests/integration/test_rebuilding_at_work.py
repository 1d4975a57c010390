"""A rebuild while readers are at work: what they have written and not yet committed is neither lost nor doubled."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from services.reporting import rebuilding
from services.reporting.readers import take
from services.reporting.rebuilding import progress, rebuild
from shared.envelope import Received
from shared.event_store import Pool
from tests.conftest import ServicePools
from tests.integration.house import until
from tests.integration.test_reporting_figures import SEED, read, rows_of, take_batch
from tests.reporting_world.telling import received, world

Told = Mapping[str, Sequence[Received]]


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    return await service_pool("reporting")


async def before_the_last(pool: Pool) -> Told:
    """Let the readers take all but what the registry says last and contact says; return that."""
    told = received(world(SEED))
    half = len(told["registry"]) * 3 // 4
    await read(pool, {"registry": told["registry"][:half], "pairing": []})
    return {"registry": told["registry"][half:], "contact": told["contact"], "pairing": told["pairing"]}


@asynccontextmanager
async def taken_but_not_committed(pool: Pool, batch: Sequence[Received]) -> AsyncIterator[None]:
    """Let a reader have written *batch*, and commit it when the context is left."""
    async with pool.acquire() as connection, connection.transaction():
        await take(connection, batch)
        yield


async def until_it_waits(pool: Pool, task: asyncio.Task[bool]) -> None:
    """Wait until a rebuild waits for readers, or is done where nothing makes it wait."""

    async def waits() -> bool:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return task.done() or bool(await pool.fetchval(held))

    await until(waits)


async def says_what_others_say(pool: Pool, service_pool: ServicePools) -> None:
    whole = await service_pool("reporting")
    await read(whole, received(world(SEED)))
    assert await rows_of(pool) == await rows_of(whole)


async def test_a_rebuild_begins_with_what_a_reader_commits_late(
    pool: Pool, service_pool: ServicePools
) -> None:
    last = await before_the_last(pool)
    async with taken_but_not_committed(pool, last["registry"]):
        await take_batch(pool, last["contact"])
        rebuilt = asyncio.ensure_future(rebuild(pool))
        await until_it_waits(pool, rebuilt)
    assert await rebuilt
    await take_batch(pool, last["pairing"])
    await says_what_others_say(pool, service_pool)


async def test_a_rebuild_ends_with_what_a_reader_commits_late(
    pool: Pool, service_pool: ServicePools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "REPLAY_MAX", 5)
    last = await before_the_last(pool)
    async with pool.acquire() as connection:
        rebuilt = asyncio.ensure_future(rebuild(pool))
        while not (await progress(pool, "figures")).done:  # noqa: ASYNC110 - the database tells it
            await asyncio.sleep(0)
        stops_counting = connection.transaction()
        await stops_counting.start()
        await connection.execute("LOCK TABLE side_b.facts IN SHARE MODE")
        async with taken_but_not_committed(pool, last["registry"]):
            await take_batch(pool, last["contact"])
            assert not rebuilt.done()
            await stops_counting.rollback()
            await until_it_waits(pool, rebuilt)
    assert await rebuilt
    await take_batch(pool, last["pairing"])
    await says_what_others_say(pool, service_pool)
