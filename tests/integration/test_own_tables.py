"""What a service keeps beside its log is what the log comes to, and a row that was changed past it is told."""

import pytest

from services.pairing.carers import lock_carers
from services.pairing.domain.carer import ReviseCarer
from services.pairing.enlisting import change_carer
from services.pairing.pairs import Wish, assign_pairs
from shared.contracts.event import LeavingReason
from shared.contracts.registry import ChildTransferred
from shared.event_store import Pool
from tests.conftest import ServicePools
from tests.folding import read_log
from tests.integration.pairing_county import (
    ELM,
    FIRST,
    LATER,
    NEXT,
    WILLOW,
    areas_defined,
    cause,
    child_file,
    child_id,
    enlisted,
    left,
    registered,
    tell,
)
from tests.integration.registry_at_work import Registry, deployment, registry
from tests.integration.test_registry_files import DONGHE, YINKOU
from tests.integration.test_registry_files import registered as filed
from tests.own_tables import differing

__all__ = ["deployment", "registry"]


async def told(pool: Pool, service: str) -> list[str]:
    async with pool.acquire() as connection:
        return await differing(connection, service, await read_log(connection, service))


async def pair_and_move(pool: Pool) -> None:
    """Let one carer be revised with two pairs, of which one child moves and one leaves; two others stay alone."""
    await tell(pool, *areas_defined(), registered("Lily"), registered("Mei"), registered("Ling"))
    rose = await enlisted(pool, "Rose", capacity=5)
    await enlisted(pool, "Ivy", cleared=False)
    async with pool.acquire() as connection, connection.transaction():
        wishes = [Wish(child_id(name), rose) for name in ("Lily", "Mei")]
        await assign_pairs(connection, wishes, FIRST, FIRST, cause("assign"))
    moved = ChildTransferred(
        area=ELM, on=NEXT, recorded_on=NEXT, child_id=child_id("Mei"), file=child_file(), from_area=WILLOW
    )
    await tell(pool, left("Lily", NEXT, reason=LeavingReason.MOVED_AWAY), moved)
    async with pool.acquire() as connection, connection.transaction():
        await lock_carers(connection, [rose])
        await change_carer(connection, rose, ReviseCarer(ELM, 4, None, 1, LATER, LATER), cause("revise"))


async def live_through(registry: Registry) -> None:
    """Let children move, leave and return."""
    mei = await filed(registry)
    await registry.do(f"/children/{mei}/transfer", {"on": "2026-02-01", "to_area": YINKOU})
    lily = await filed(registry, {"name": "周莉"})
    await registry.do(f"/children/{lily}/leave", {"on": "2026-03-01", "reason": "parents_returned"})
    await registry.do(f"/children/{lily}/return", {"on": "2026-04-01", "area": DONGHE})
    ling = await filed(registry, {"name": "周玲"})
    await registry.do(f"/children/{ling}/leave", {"on": "2026-03-01", "reason": "parents_returned"})


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("carers", "UPDATE app.carers SET capacity = 9"),
        ("carers", "UPDATE app.carers SET standing = 'cleared'"),
        ("pairs", "UPDATE app.pairs SET ended_on = NULL, reason = NULL"),
        ("pairs", "UPDATE app.pairs SET carer_area = area || '0'"),
        ("pairs", "DELETE FROM app.pairs WHERE ended_on IS NULL"),
    ],
)
async def test_carers_and_pairs_are_what_pairings_log_comes_to(
    service_pool: ServicePools, table: str, changed: str
) -> None:
    pool = await service_pool("pairing")
    await pair_and_move(pool)
    assert await told(pool, "pairing") == []
    await pool.execute(changed)
    assert await told(pool, "pairing") == [f"pairing's {table} are not what its log comes to"]


async def test_areas_and_children_are_what_the_registrys_log_comes_to(registry: Registry) -> None:
    await live_through(registry)
    assert await told(registry.pool, "registry") == []
    for table, changed in (
        ("children", "UPDATE app.children SET left_on = NULL, reason = NULL"),
        ("children", "UPDATE app.children SET opened_on = filed_on"),
        ("children", """UPDATE app.children SET file = jsonb_set(file, '{boards}', 'true')"""),
        ("areas", "UPDATE app.areas SET until_on = '2026-05-01' WHERE level = 'village'"),
    ):
        async with registry.pool.acquire() as connection:
            undone = connection.transaction()
            await undone.start()
            await connection.execute(changed)
            log = await read_log(connection, "registry")
            assert await differing(connection, "registry", log) == [
                f"registry's {table} are not what its log comes to"
            ]
            await undone.rollback()
