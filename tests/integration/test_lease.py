"""A lease: one replica holds it at a time, and it passes on when it is given back or has run out."""

from uuid import UUID

from shared.lease import RENEW_SECONDS, TERM_SECONDS, Lease
from tests.conftest import ServicePools

ANNA, BERTA = UUID(int=1), UUID(int=2)
RUN_OUT = "UPDATE kernel.leases SET held_until = clock_timestamp() - interval '1 ms'"


async def test_one_replica_holds_a_lease_until_it_gives_it_back(service_pool: ServicePools) -> None:
    pool = await service_pool("contact")
    hers, other = Lease(pool, "work", ANNA), Lease(pool, "work", BERTA)
    assert (await hers.hold(), await other.hold()) == (True, False)
    assert await Lease(pool, "work", ANNA).hold(), "who holds it keeps it"
    assert await Lease(pool, "other work", BERTA).hold()
    await other.give_back()
    assert not await other.hold(), "nobody gives back what another holds"
    await hers.give_back()
    assert (await other.hold(), await hers.hold()) == (True, False)


async def test_a_lease_that_has_run_out_is_taken_by_the_next(service_pool: ServicePools) -> None:
    pool = await service_pool("contact")
    frozen, next_one = Lease(pool, "work", ANNA), Lease(pool, "work", BERTA)
    assert await frozen.hold()
    await pool.execute(RUN_OUT)
    assert await next_one.hold()
    assert not await Lease(pool, "work", ANNA).hold()


def test_a_lease_is_renewed_well_before_it_runs_out() -> None:
    assert RENEW_SECONDS * 2 < TERM_SECONDS
