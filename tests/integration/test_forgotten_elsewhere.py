"""What a forgetting changes outside the vaults: nothing, whoever hears of it."""

from dataclasses import replace

from services.pairing.from_registry import project
from services.reporting.readers import take
from shared.contracts.registry import ChildForgotten
from tests.conftest import ServicePools
from tests.integration.pairing_county import (
    NEXT,
    WILLOW,
    areas_defined,
    child_id,
    received,
    registered,
)

FORGOTTEN = ChildForgotten(area=WILLOW, on=NEXT, recorded_on=NEXT, child_id=child_id("lan"))
HEARD = received([*areas_defined(), registered("lan"), FORGOTTEN])
BATCH = [replace(one, data=one.event.model_dump_json().encode()) for one in HEARD]


async def test_pairing_has_the_child_still(service_pool: ServicePools) -> None:
    pool = await service_pool("pairing")
    query = "SELECT * FROM app.children"
    async with pool.acquire() as connection, connection.transaction():
        await project(connection, BATCH[:-1])
        before = await connection.fetch(query)
        await project(connection, BATCH[-1:])
        assert await connection.fetch(query) == before


async def test_reporting_counts_the_child_still(service_pool: ServicePools) -> None:
    pool = await service_pool("reporting")
    query = "SELECT measure, sum(amount) FROM tallies GROUP BY 1 ORDER BY 1"
    async with pool.acquire() as connection, connection.transaction():
        await take(connection, BATCH[:-1])
        before = await connection.fetch(query)
        await take(connection, BATCH[-1:])
        assert before
        assert await connection.fetch(query) == before
