"""Events that write one row twice are the same in one batch and one by one, whatever plan a statement gets."""

from collections.abc import Sequence
from datetime import date

import pytest

from services.pairing.pairs import Wish, assign_pairs
from shared.contracts.event import Event, LeavingReason
from shared.contracts.registry import ChildFileRevised, ChildReturned, ChildTransferred
from shared.event_store import Pool
from tests.conftest import ServicePools
from tests.integration import pairing_county
from tests.integration.contact_world import (
    World,
    areas,
    left,
    paired,
    parted,
    registered,
    returned,
    revised,
    transferred,
)
from tests.integration.pairing_county import ELM, FIRST, POPLAR, WILLOW, child_file, child_id, enlisted, tell
from tests.laws.test_projections import KEPT_IN_CONTACT, KEPT_IN_PAIRING, kept

FEB, MAR, LATER = date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 5)
MOVED_AWAY, DIED = LeavingReason.MOVED_AWAY, LeavingReason.DIED

TOLD_TO_CONTACT: dict[str, Sequence[Event]] = {
    "a pair ended, and was found to have ended before": [
        paired("pair", "mei", "li", FIRST),
        parted("pair", "mei", "li", MAR),
        parted("pair", "mei", "li", FEB, LATER),
    ],
    "a child left, and was found to have left before": [
        left("mei", MOVED_AWAY, MAR),
        left("mei", DIED, FEB, LATER),
    ],
    "a child left, was found to have left before, and returned": [
        left("mei", MOVED_AWAY, MAR),
        left("mei", DIED, FEB, LATER),
        returned("mei", LATER),
    ],
    "a file was revised twice on one day": [
        revised("mei", FEB, poor=True),
        revised("mei", FEB, poor=False),
    ],
    "a file was revised, and then for a day before": [
        revised("mei", MAR, poor=True),
        revised("mei", FEB, poor=False, known_on=LATER),
    ],
    "a child moved twice on one day": [
        transferred("mei", FEB),
        transferred("mei", FEB, to=WILLOW),
    ],
}


@pytest.mark.parametrize("told", TOLD_TO_CONTACT.values(), ids=TOLD_TO_CONTACT)
async def test_contact_keeps_the_last_word_of_a_batch(
    service_pool: ServicePools, told: Sequence[Event]
) -> None:
    whole, cut = [World(await service_pool("contact")) for _ in range(2)]
    for world in (whole, cut):
        await world.hear(*areas(), registered("mei", FIRST))
    await whole.hear(*told)
    for event in told:
        await cut.hear(event)
    assert await kept(whole.pool, KEPT_IN_CONTACT) == await kept(cut.pool, KEPT_IN_CONTACT)


def gone(reason: LeavingReason, on: date, known_on: date) -> Event:
    return pairing_county.left("mei", on, reason=reason).model_copy(update={"recorded_on": known_on})


def moved(to: str, on: date, before: str) -> Event:
    return ChildTransferred(
        area=to, on=on, recorded_on=on, child_id=child_id("mei"), from_area=before, file=child_file()
    )


def schooled(school: str) -> Event:
    return ChildFileRevised(
        area=WILLOW,
        on=FEB,
        recorded_on=FEB,
        child_id=child_id("mei"),
        file=child_file(school=school),
        former=child_file(),
    )


BACK = ChildReturned(area=ELM, on=LATER, recorded_on=LATER, child_id=child_id("mei"), file=child_file())

TOLD_TO_PAIRING: dict[str, Sequence[Event]] = {
    "a child left, and was found to have left before": [
        gone(MOVED_AWAY, MAR, MAR),
        gone(DIED, FEB, LATER),
    ],
    "a child left, was found to have left before, and returned": [
        gone(MOVED_AWAY, MAR, MAR),
        gone(DIED, FEB, LATER),
        BACK,
    ],
    "a child moved twice, and left": [
        moved(ELM, FEB, WILLOW),
        moved(POPLAR, FEB, ELM),
        gone(MOVED_AWAY, MAR, MAR),
    ],
    "a file was revised twice on one day": [schooled("ab" * 8), schooled("cd" * 8)],
    "a child left, and then its file was revised": [gone(MOVED_AWAY, FEB, FEB), schooled("ab" * 8)],
}


@pytest.mark.parametrize("told", TOLD_TO_PAIRING.values(), ids=TOLD_TO_PAIRING)
async def test_pairing_keeps_the_last_word_of_a_batch(
    service_pool: ServicePools, told: Sequence[Event]
) -> None:
    whole, cut = [await service_pool("pairing") for _ in range(2)]
    for pool in (whole, cut):
        await tell(pool, *pairing_county.areas_defined(), pairing_county.registered("mei"))
        await pair_mei(pool)
    await tell(whole, *told)
    for event in told:
        await tell(cut, event)
    assert await kept(whole, KEPT_IN_PAIRING) == await kept(cut, KEPT_IN_PAIRING)


async def pair_mei(pool: Pool) -> None:
    wish = Wish(child_id("mei"), await enlisted(pool, "Rose"))
    async with pool.acquire() as connection, connection.transaction():
        granted = await assign_pairs(connection, [wish], FIRST, FIRST, pairing_county.cause("assign"))
    assert granted.pairs
