"""Pairs in a real database: what follows when children and carers go, and what holds when many come at once."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.pairing import assigning
from services.pairing.assigning import assign_suggested, needs_of, plan_for
from services.pairing.carers import lock_carers
from services.pairing.command_part import part_of
from services.pairing.domain.carer import ReviseCarer, SuspendCarer, WithdrawCarer
from services.pairing.domain.pair import EndPair
from services.pairing.enlisting import change_carer
from services.pairing.from_registry import area_codes
from services.pairing.pairs import Granted, Order, Wish, assign_pairs, change_pairs, lock_pair
from services.pairing.unpaired import unpaired_counts, unpaired_page
from shared.contracts.event import CarerKind, LeavingReason, PairEndReason
from shared.contracts.registry import (
    AreaClosed,
    ChildFileRevised,
    ChildrenMerged,
    ChildReturned,
    ChildTransferred,
)
from shared.decider import Rejected
from shared.event_store import Connection, Pool, claim_owners
from shared.handling import once
from tests.conftest import ServicePools
from tests.integration.pairing_county import (
    ELM,
    FIRST,
    LATER,
    MOTHER,
    NEXT,
    POPLAR,
    TOWNSHIP,
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


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    opened = await service_pool("pairing")
    await tell(opened, *areas_defined())
    return opened


async def assign(pool: Pool, *wishes: tuple[str, UUID], name: str = "assign", on: date = FIRST) -> Granted:
    given: list[Granted] = []

    async def work(connection: Connection) -> dict[str, Any]:
        wanted = [Wish(child_id(child), carer) for child, carer in wishes]
        given.append(await assign_pairs(connection, wanted, on, on, cause(f"{name} {wishes}")))
        return {}

    await once(pool, cause(f"{name} {wishes}"), work)
    return given[-1]


async def pairs(pool: Pool) -> list[dict[str, Any]]:
    return [dict(row) for row in await pool.fetch("SELECT * FROM app.pairs ORDER BY started_on, pair_id")]


async def spoken(pool: Pool) -> Mapping[str, int]:
    rows = await pool.fetch("SELECT event_type FROM kernel.events")
    return Counter(row["event_type"] for row in rows)


async def unpaired(pool: Pool, area: str = TOWNSHIP) -> list[UUID]:
    async with pool.acquire() as connection:
        return [row["child_id"] for row in await unpaired_page(connection, area, ("", UUID(int=0)), 100)]


async def test_a_child_who_leaves_ends_its_pairs_on_that_day_whatever_is_repeated(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))
    gone = left("Lily", LATER, reason=LeavingReason.MOVED_AWAY)

    await tell(pool, gone)
    await tell(pool, gone)

    (pair,) = await pairs(pool)
    assert (pair["ended_on"], pair["reason"]) == (LATER, PairEndReason.CHILD_LEFT)
    assert (await spoken(pool))["PairEnded"] == 1
    assert await unpaired(pool) == []


async def test_a_child_found_to_have_left_earlier_ends_its_pairs_earlier(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))
    moved_away = left("Lily", LATER, reason=LeavingReason.MOVED_AWAY)
    died = left("Lily", NEXT, reason=LeavingReason.DIED).model_copy(update={"recorded_on": LATER})

    await tell(pool, moved_away)
    await tell(pool, died)
    await tell(pool, died)

    (pair,) = await pairs(pool)
    assert (pair["ended_on"], pair["reason"]) == (NEXT, PairEndReason.CHILD_LEFT)
    assert (await spoken(pool))["PairEnded"] == 2
    assert await pool.fetchval("SELECT left_on FROM app.children") == NEXT


async def test_a_child_who_returns_is_unpaired_and_can_be_paired_again(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))
    back = ChildReturned(
        area=ELM, on=LATER, recorded_on=LATER, child_id=child_id("Lily"), file=child_file(school="ab" * 8)
    )

    await tell(pool, left("Lily", NEXT, reason=LeavingReason.PARENTS_RETURNED), back)

    assert await unpaired(pool, ELM) == [child_id("Lily")]
    again = await assign(pool, ("Lily", rose), name="again", on=LATER)
    assert [pair.area for pair in again.pairs] == [ELM]


async def test_an_area_that_was_closed_is_no_place_to_be_enlisted_in(pool: Pool) -> None:
    closed = AreaClosed(area=ELM, on=LATER, recorded_on=LATER, successor=WILLOW)

    await tell(pool, closed)

    async with pool.acquire() as connection:
        assert await area_codes(connection, "") == {area.area for area in areas_defined()} - {ELM}
        assert await area_codes(connection, TOWNSHIP) == {TOWNSHIP, WILLOW}


async def test_a_merged_childs_pairs_end(pool: Pool) -> None:
    await tell(pool, registered("Lily"), registered("Lily again"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily again", rose))
    merged = ChildrenMerged(
        area=WILLOW,
        on=LATER,
        recorded_on=LATER,
        child_id=child_id("Lily again"),
        survivor_id=child_id("Lily"),
        file=child_file(),
    )

    await tell(pool, merged)

    assert [pair["ended_on"] for pair in await pairs(pool)] == [LATER]
    assert await unpaired(pool) == [child_id("Lily")]


async def test_a_pair_moves_with_its_child_and_ends_where_the_child_lives_then(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))
    moves = ChildTransferred(
        area=POPLAR,
        on=NEXT,
        recorded_on=NEXT,
        child_id=child_id("Lily"),
        from_area=WILLOW,
        file=child_file(),
    )

    await tell(pool, moves, left("Lily", LATER, area=POPLAR, reason=LeavingReason.REACHED_16))

    (pair,) = await pairs(pool)
    assert (pair["area"], pair["carer_area"], pair["ended_on"]) == (POPLAR, WILLOW, LATER)
    assert await spoken(pool) == {
        "CarerEnlisted": 1,
        "CarerCleared": 1,
        "PairAssigned": 1,
        "PairMoved": 1,
        "PairEnded": 1,
    }


async def test_a_suspended_carers_pairs_end_and_the_children_are_unpaired_again(pool: Pool) -> None:
    await tell(pool, registered("Lily"), registered("Iris"))
    rose = await enlisted(pool, "Rose", capacity=2)
    await assign(pool, ("Lily", rose), ("Iris", rose))

    async with pool.acquire() as connection, connection.transaction():
        await lock_carers(connection, [rose])
        told = await change_carer(connection, rose, SuspendCarer(LATER, LATER), cause("suspend"))

    assert told["pairs_ended"] == 2
    assert {(pair["ended_on"], pair["reason"]) for pair in await pairs(pool)} == {(LATER, "carer_suspended")}
    assert set(await unpaired(pool)) == {child_id("Lily"), child_id("Iris")}
    refused = await assign(pool, ("Lily", rose), name="again", on=LATER)
    assert [why.code for _, why in refused.refused] == ["carer_not_cleared"]


async def test_a_carer_who_withdraws_ends_the_pairs(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))

    async with pool.acquire() as connection, connection.transaction():
        await lock_carers(connection, [rose])
        await change_carer(connection, rose, WithdrawCarer(LATER, LATER), cause("withdraw"))

    assert [pair["reason"] for pair in await pairs(pool)] == ["carer_withdrew"]


async def test_a_pair_that_somebody_ends_gives_its_claim_back(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose, violet = await enlisted(pool, "Rose"), await enlisted(pool, "Violet")
    granted = await assign(pool, ("Lily", rose))
    pair_id = granted.pairs[0].pair_id
    claim = f"open_pair:{MOTHER}:{child_id('Lily')}"
    async with pool.acquire() as connection, connection.transaction():
        assert await claim_owners(connection, [claim]) == {claim: f"pair-{pair_id}"}
        assert await lock_pair(connection, pair_id) == (WILLOW, WILLOW)
        ending = EndPair(PairEndReason.REPLACED, LATER, LATER)
        await change_pairs(connection, [Order(pair_id, ending, cause("end").id_of("end"))], cause("end").meta)
        assert await claim_owners(connection, [claim]) == {}

    assert len((await assign(pool, ("Lily", violet), on=LATER)).pairs) == 1


async def test_capacity_holds_when_many_assign_at_once(pool: Pool) -> None:
    names = [f"child {n}" for n in range(12)]
    await tell(pool, *(registered(name) for name in names))
    rose = await enlisted(pool, "Rose", capacity=3)

    granted = await asyncio.gather(*(assign(pool, (name, rose), name=name) for name in names))

    assert sum(len(each.pairs) for each in granted) == 3
    assert {why.code for each in granted for _, why in each.refused} == {"carer_full"}
    assert len(await pairs(pool)) == 3


async def test_a_child_gets_one_carer_of_a_kind_when_many_assign_at_once(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    carers = [await enlisted(pool, f"carer {n}") for n in range(6)]
    teacher = await enlisted(pool, "a teacher", kind=CarerKind.TEACHER)

    granted = await asyncio.gather(*(assign(pool, ("Lily", carer)) for carer in [*carers, teacher]))

    assert sum(len(each.pairs) for each in granted) == 2
    assert {why.code for each in granted for _, why in each.refused} == {"child_has_such_a_pair"}
    assert {pair["kind"] for pair in await pairs(pool)} == {MOTHER, CarerKind.TEACHER}


async def test_suspending_and_assigning_at_once_leave_no_pair_open(pool: Pool) -> None:
    names = [f"child {n}" for n in range(8)]
    await tell(pool, *(registered(name) for name in names))
    rose = await enlisted(pool, "Rose", capacity=8)

    async def suspend(connection: Connection) -> dict[str, Any]:
        await lock_carers(connection, [rose])
        return await change_carer(connection, rose, SuspendCarer(LATER, LATER), cause("suspend"))

    await asyncio.gather(
        *(assign(pool, (name, rose), name=name) for name in names), once(pool, cause("suspend"), suspend)
    )

    assert [pair for pair in await pairs(pool) if pair["ended_on"] is None] == []


async def test_a_child_who_leaves_while_being_assigned_keeps_no_open_pair(pool: Pool) -> None:
    names = [f"child {n}" for n in range(8)]
    await tell(pool, *(registered(name) for name in names))
    rose = await enlisted(pool, "Rose", capacity=8)

    await asyncio.gather(
        *(assign(pool, (name, rose), name=name) for name in names),
        tell(pool, *(left(name, NEXT, reason=LeavingReason.DIED) for name in names)),
    )

    assert [pair for pair in await pairs(pool) if pair["ended_on"] is None] == []


async def test_capacity_does_not_fall_below_the_open_pairs(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))

    async with pool.acquire() as connection, connection.transaction():
        held = (await lock_carers(connection, [rose]))[rose]
        revise = ReviseCarer(ELM, 0, None, held.facts.load, LATER, LATER)
        with pytest.raises(Rejected) as refusal:
            await change_carer(connection, rose, revise, cause("revise"))
    assert refusal.value.code == "capacity_below_load"


async def test_a_carer_who_moves_is_seen_with_the_pairs_from_the_new_place(pool: Pool) -> None:
    await tell(pool, registered("Lily"))
    rose = await enlisted(pool, "Rose")
    await assign(pool, ("Lily", rose))

    async with pool.acquire() as connection, connection.transaction():
        await lock_carers(connection, [rose])
        await change_carer(connection, rose, ReviseCarer(ELM, 1, None, 1, LATER, LATER), cause("revise"))

    (pair,) = await pairs(pool)
    assert (pair["area"], pair["carer_area"]) == (WILLOW, ELM)


async def test_all_suggested_pairs_are_assigned_in_chunks_and_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigning, "CHUNK_MAX", 3)
    names = [f"child {n}" for n in range(10)]
    await tell(pool, *(registered(name, household="c0" * 8) for name in names[:2]))
    await tell(pool, *(registered(name, area=ELM) for name in names[2:]))
    for n in range(4):
        await enlisted(pool, f"carer {n}", capacity=2)

    first = await assign_suggested(pool, TOWNSHIP, FIRST, FIRST, cause("assign all"))
    again = await assign_suggested(pool, TOWNSHIP, FIRST, FIRST, cause("assign all"))
    anew = await assign_suggested(pool, TOWNSHIP, FIRST, FIRST, cause("assign what is left"))

    assert first.body == again.body == {"assigned": 8, "refused": 0}
    assert anew.body == {"assigned": 0, "refused": 0}
    async with pool.acquire() as connection:
        counts = [dict(row) for row in await unpaired_counts(connection, TOWNSHIP)]
    assert counts == [
        {"area": WILLOW, "children": 2, "unpaired": 0},
        {"area": ELM, "children": 8, "unpaired": 2},
    ]


async def test_assigning_goes_on_where_it_was_interrupted(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigning, "CHUNK_MAX", 3)
    await tell(pool, *(registered(f"child {n}") for n in range(9)))
    await enlisted(pool, "Rose", capacity=9)
    async with pool.acquire() as connection:
        plan = await plan_for(await needs_of(connection, TOWNSHIP, FIRST))
    part = part_of(cause("assign all"), "chunk", 0)
    await assigning._assign_chunk(pool, plan, FIRST, FIRST, part)
    assert len(await pairs(pool)) == 3

    answer = await assign_suggested(pool, TOWNSHIP, FIRST, FIRST, cause("assign all"))

    assert answer.body == {"assigned": 9, "refused": 0}
    assert len(await pairs(pool)) == 9


async def test_a_sibling_joins_the_one_who_is_paired_already(pool: Pool) -> None:
    household = "c0" * 8
    await tell(pool, registered("Lily", household=household), registered("Other"))
    rose = await enlisted(pool, "Rose", capacity=2)
    await enlisted(pool, "Violet", capacity=2)
    await assign(pool, ("Lily", rose))
    await tell(pool, registered("Iris", household=household))

    async with pool.acquire() as connection:
        plan = await plan_for(await needs_of(connection, TOWNSHIP, FIRST))

    chosen = {each.child_id: each for each in plan}[child_id("Iris")]
    assert (chosen.carer_id, chosen.reasons) == (rose, ("same_village", "with_sibling"))


async def test_a_file_that_is_revised_changes_what_is_suggested(pool: Pool) -> None:
    oak = "0a" * 8
    await tell(pool, registered("Lily"))
    revised = ChildFileRevised(
        area=WILLOW,
        on=NEXT,
        recorded_on=NEXT,
        child_id=child_id("Lily"),
        file=child_file(school=oak),
        former=child_file(),
    )
    await tell(pool, revised)
    row = await pool.fetchrow("SELECT school, filed_on FROM app.children")
    assert row is not None
    assert (row["school"], row["filed_on"]) == (oak, FIRST)
