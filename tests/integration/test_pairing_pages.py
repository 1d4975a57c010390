"""Pairing's pages on a real database: of any size and area they are cut out of one list, in the caller's areas."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from services.pairing.carers import carer_page
from services.pairing.pairs import Wish, assign_pairs, pair_page
from services.pairing.unpaired import unpaired_page
from shared.contracts.registry import ChildTransferred
from shared.event_store import Connection, Pool
from shared.handling import once
from shared.scope import scoped
from shared.tokens import Caller, Role
from tests.conftest import ServicePools
from tests.integration.pairing_county import (
    COUNTY,
    ELM,
    FIRST,
    NEXT,
    OTHER_TOWNSHIP,
    POPLAR,
    TOWNSHIP,
    WILLOW,
    areas_defined,
    cause,
    child_file,
    child_id,
    enlisted,
    registered,
    tell,
)

ALL = 500
PAIRED = ("Lily", "Rose", "Iris")
Place = tuple[str, UUID]
Read = Callable[[Connection, str, str, Place, int], Awaitable[Sequence[Any]]]


@pytest.fixture
async def county(service_pool: ServicePools) -> Pool:
    """Three paired children, of whom one has moved to another township than its carer's, and four who wait."""
    pool = await service_pool("pairing")
    waiting = [
        registered(name, area)
        for name, area in (("Fern", WILLOW), ("Moss", ELM), ("Ivy", ELM), ("Fig", POPLAR))
    ]
    await tell(pool, *areas_defined(), *(registered(name) for name in PAIRED), *waiting)
    carers = [await enlisted(pool, f"carer of {name}") for name in PAIRED]

    async def work(connection: Connection) -> dict[str, Any]:
        wishes = [Wish(child_id(name), carer) for name, carer in zip(PAIRED, carers, strict=True)]
        await assign_pairs(connection, wishes, FIRST, FIRST, cause("pairs"))
        return {}

    await once(pool, cause("pairs"), work)
    moves = {"area": POPLAR, "on": NEXT, "recorded_on": NEXT, "from_area": WILLOW, "file": child_file()}
    await tell(pool, ChildTransferred.model_validate({"child_id": child_id("Iris"), **moves}))
    return pool


async def carers(connection: Connection, _begin: str, area: str, after: Place, limit: int) -> Sequence[Any]:
    return await carer_page(connection, area, after, limit)


async def waiting(connection: Connection, _begin: str, area: str, after: Place, limit: int) -> Sequence[Any]:
    return [dict(row) for row in await unpaired_page(connection, area, after, limit)]


async def pairs(connection: Connection, begin: str, area: str, after: Place, limit: int) -> Sequence[Any]:
    return await pair_page(connection, after, limit, begin=begin, area=area)


async def all_pairs(
    connection: Connection, begin: str, _area: str, after: Place, limit: int
) -> Sequence[Any]:
    return await pair_page(connection, after, limit, begin=begin)


@pytest.mark.parametrize(
    ("read", "key", "count"),
    [(carers, "carer_id", 3), (waiting, "child_id", 4), (pairs, "pair_id", 3)],
)
async def test_a_list_is_the_same_in_pages_of_any_size(
    county: Pool, read: Read, key: str, count: int
) -> None:
    whole = await listed(county, read, key, COUNTY)
    assert len(whole) == count
    assert await listed(county, read, key, COUNTY, limit=1) == whole
    for area in (TOWNSHIP, OTHER_TOWNSHIP, WILLOW, ELM, POPLAR):
        part = [item for item in whole if item["area"].startswith(area)]
        assert await listed(county, read, key, COUNTY, area=area, limit=1) == part


async def test_a_pair_is_seen_from_both_its_ends_and_from_nowhere_else(county: Pool) -> None:
    whole = await listed(county, all_pairs, "pair_id", COUNTY)
    (moved,) = [pair for pair in whole if pair["child_id"] == child_id("Iris")]
    assert (moved["area"], moved["carer_area"]) == (POPLAR, WILLOW)
    for limit in (1, ALL):
        assert await listed(county, all_pairs, "pair_id", WILLOW, limit=limit) == whole
        assert await listed(county, all_pairs, "pair_id", POPLAR, limit=limit) == [moved]
        assert await listed(county, all_pairs, "pair_id", ELM, limit=limit) == []
        assert await listed(county, all_pairs, "pair_id", ELM, POPLAR, limit=limit) == [moved]


async def listed(
    pool: Pool, read: Read, key: str, *areas: str, area: str | None = None, limit: int = ALL
) -> list[dict[str, Any]]:
    """Read a list to its end as somebody of *areas*, *limit* items at a time."""
    caller = Caller("tester", Role.COUNTY, areas, "a token")
    after: Place = ("", UUID(int=0))
    items: list[dict[str, Any]] = []
    async with scoped(pool, caller) as connection:
        while page := await read(connection, caller.areas_begin, area or caller.areas_begin, after, limit):
            items += page
            after = page[-1]["area"], page[-1][key]
    return items
