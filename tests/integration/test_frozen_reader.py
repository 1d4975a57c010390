"""A reader that stood still past its lease, with a batch in its hands: when it goes on, it changes nothing."""

import asyncio
from typing import Any
from uuid import uuid5

import pytest

from shared.event_store import Pool
from shared.lease import TERM_SECONDS
from shared.receiving import Receiving
from tests.integration.house import READER, House, house, names, stop, until
from tests.integration.test_event_store import SPACE

__all__ = ["house"]

pytestmark = pytest.mark.timeout(20 * TERM_SECONDS)


class Freezing:
    """A pool that hands out no connection while it is frozen, as if the process that asks stood still."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._thawed = asyncio.Event()
        self._thawed.set()
        self.stands_with_a_batch = asyncio.Event()

    def freeze(self) -> None:
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()

    def acquire(self) -> "_Acquiring":
        return _Acquiring(self._pool.acquire(), self)

    async def stand_still(self) -> None:
        if not self._thawed.is_set():
            self.stands_with_a_batch.set()
        await self._thawed.wait()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class _Acquiring:
    def __init__(self, acquiring: Any, freezing: Freezing) -> None:
        self._acquiring, self._freezing = acquiring, freezing

    async def __aenter__(self) -> Any:
        await self._freezing.stand_still()
        return await self._acquiring.__aenter__()

    async def __aexit__(self, *raised: object) -> None:
        await self._acquiring.__aexit__(*raised)


async def test_a_reader_that_was_frozen_with_a_batch_and_thawed_changes_nothing(house: House) -> None:
    frozen: Any = Freezing(house.target)
    holder = uuid5(SPACE, "the frozen reader")
    receiving = Receiving(frozen, await house.client("contact"), READER, holder)
    standing = asyncio.ensure_future(receiving.run())
    try:
        await house.relay()
        await house.say(*names(5))
        assert await house.arrived()
        frozen.freeze()
        await house.say(*names(5, "held"))
        await asyncio.wait_for(frozen.stands_with_a_batch.wait(), TERM_SECONDS)

        async def loses_its_lease() -> bool:
            held = "SELECT held_until < clock_timestamp() FROM kernel.leases WHERE holder = $1"
            return bool(await house.target.fetchval(held, holder))

        await until(loses_its_lease)
        await house.reader()
        await house.say(*names(5, "after"))
        assert await house.arrived()
        frozen.thaw()

        async def sees_that_it_is_late() -> bool:
            return receiving.state.error == "LeaseLost"

        await until(sees_that_it_is_late)
        assert sorted(await house.taken()) == sorted(names(5) + names(5, "held") + names(5, "after"))
    finally:
        frozen.thaw()
        await stop(standing)
