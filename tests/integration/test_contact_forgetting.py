"""Forgetting in contact: the notes of a child's visits go when the registry says that it was forgotten."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from services.contact.visiting import identified
from tests.conftest import ServicePools
from tests.integration.contact_world import (
    TALK,
    VAULT,
    World,
    areas,
    forgotten,
    merged,
    named,
    registered,
    unmerged,
)

MAY_1, JUNE_1, JULY_1 = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture
async def world(service_pool: ServicePools) -> World:
    world = World(await service_pool("contact"))
    await world.hear(*areas(), *(registered(name) for name in ("lan", "twin", "other")))
    return world


async def noted(world: World, name: str, on: date = MAY_1) -> UUID:
    """Log a visit with a note."""
    await world.tell(name, TALK, on, on)
    visit = identified(VAULT, named(name), TALK, on, on, reached=True)
    async with world.pool.acquire() as connection, connection.transaction():
        await VAULT.put(connection, [(visit.visit_id, {"note": f"{name} is well"})])
    return visit.visit_id


async def kept(world: World, visits: Sequence[UUID]) -> set[UUID]:
    async with world.pool.acquire() as connection, connection.transaction():
        return set(await VAULT.read(connection, visits))


async def test_the_notes_of_a_forgotten_child_go_and_its_visits_stay(world: World) -> None:
    visits = [await noted(world, "lan"), await noted(world, "lan", JUNE_1), await noted(world, "other")]
    await world.hear(forgotten("lan", JUNE_1))
    assert await kept(world, visits) == {visits[2]}
    assert await world.pool.fetchval("SELECT count(*) FROM app.visits") == 3


async def test_with_the_survivor_the_notes_of_the_merged_file_go(world: World) -> None:
    visits = [await noted(world, "lan"), await noted(world, "twin"), await noted(world, "other")]
    await world.hear(merged("twin", "lan", JUNE_1), forgotten("lan", JUNE_1))
    assert await kept(world, visits) == {visits[2]}


async def test_a_merged_file_is_forgotten_with_the_visits_that_follow_its_survivor(world: World) -> None:
    visits = [await noted(world, "lan"), await noted(world, "twin"), await noted(world, "other")]
    await world.hear(merged("twin", "lan", JUNE_1), forgotten("twin", JUNE_1))
    assert await kept(world, visits) == {visits[0], visits[2]}


async def test_a_child_that_is_its_own_again_keeps_its_notes_when_the_other_is_forgotten(
    world: World,
) -> None:
    visits = [await noted(world, "lan"), await noted(world, "twin")]
    await world.hear(merged("twin", "lan", JUNE_1), unmerged("twin", "lan", JULY_1))
    await world.hear(forgotten("lan", JULY_1))
    assert await kept(world, visits) == {visits[1]}
