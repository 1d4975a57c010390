"""Contact's lists on a real database: a page, an area, a carer's part are all cut out of one and the same list."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.contact.listing import Asked, misses
from services.contact.worklist import WorkAsked, work_list
from shared.contracts.event import LeavingReason
from shared.edge import PAGE_MAX, Page
from shared.event_store import Connection
from shared.scope import scoped
from shared.tokens import Caller, Role
from tests.integration.contact_world import (
    CALL,
    EAST,
    JAN_10,
    POLICY,
    TALK,
    WEST,
    World,
    left,
    named,
    paired,
    parted,
    registered,
    world,
)

__all__ = ["world"]

MAR_2 = date(2026, 3, 2)
"""What February owed has closed and can be kept for a day more; what January owed was missed."""
FEB_10, FEB_20 = date(2026, 2, 10), date(2026, 2, 20)
BETWEEN = "431299150001"
"""A village between the two, of which some callers see nothing."""
FEB_28, MAR_1 = date(2026, 2, 28), date(2026, 3, 1)

Read = Callable[[Connection, Page], Awaitable[dict[str, Any]]]


@pytest.fixture
async def owing(world: World) -> World:
    """Seven children in three villages: some were missed, some are owed, two left, one has another carer since."""
    await world.hear(
        registered("ada"),
        registered("ben"),
        registered("cai", area=BETWEEN, poor=True),
        registered("dai", area=WEST),
        registered("eve", area=WEST),
        registered("fay", area=WEST),
        registered("gus", area=WEST),
        paired("first", "ada", "lin", JAN_10),
        paired("second", "dai", "lin", JAN_10),
        paired("third", "ben", "lin", JAN_10),
        parted("third", "ben", "lin", FEB_10),
        paired("fourth", "ben", "mo", FEB_10),
    )
    await world.tell("ada", TALK, JAN_10, JAN_10)
    await world.tell("eve", CALL, FEB_10, FEB_10)
    await world.hear(
        left("fay", LeavingReason.MOVED_AWAY, FEB_20, area=WEST),
        left("gus", LeavingReason.MOVED_AWAY, MAR_1, area=WEST),
    )
    await world.advance(MAR_2)
    return world


@pytest.mark.parametrize("limit", [1, 2, 5, PAGE_MAX])
async def test_a_work_list_is_the_same_in_pages_of_any_size(owing: World, limit: int) -> None:
    assert await owed(owing, limit=limit) == await owed(owing)


async def test_a_work_list_holds_what_is_overdue_then_what_runs(owing: World) -> None:
    whole = await owed(owing)
    overdue = [(item["child_id"], item["kind"]) for item in whole if item["state"] == "overdue"]
    names = ("ada", "ben", "cai", "dai", "eve", "fay", "gus")
    january = {(named(name), kind) for name in names for kind in (TALK, CALL)}
    assert sorted(overdue) == sorted(january - {(named("ada"), TALK)})
    running = whole[len(overdue) :]
    assert [item["state"] for item in running] == sorted((item["state"] for item in running), key=grace_first)
    assert [item["kind"] for item in running if item["child_id"] == named("eve")].count(CALL) == 1


async def test_nothing_runs_for_a_child_after_it_left_but_a_window_that_had_closed_before(
    owing: World,
) -> None:
    running = [item for item in await owed(owing) if item["state"] != "overdue"]
    closing = {
        name: {item["closes"] for item in running if item["child_id"] == named(name)}
        for name in ("fay", "gus")
    }
    assert closing == {"fay": set(), "gus": {FEB_28}}


@pytest.mark.parametrize("limit", [1, PAGE_MAX])
@pytest.mark.parametrize("area", [EAST, WEST, BETWEEN, "431299101", "431299", "4312"])
async def test_the_work_list_of_an_area_is_its_part_of_the_whole(owing: World, area: str, limit: int) -> None:
    expected = [item for item in await owed(owing) if item["area"].startswith(area)]
    assert expected
    assert await owed(owing, under=area, limit=limit) == expected


@pytest.mark.parametrize("limit", [1, PAGE_MAX])
@pytest.mark.parametrize(
    ("carer", "children"), [("lin", {"ada", "dai"}), ("mo", {"ben"}), ("nobody", set[str]())]
)
async def test_the_work_list_of_a_carer_is_that_of_the_children_in_her_care(
    owing: World, carer: str, children: set[str], limit: int
) -> None:
    expected = [item for item in await owed(owing) if item["child_id"] in set(map(named, children))]
    assert {item["child_id"] for item in expected} == set(map(named, children))
    assert await owed(owing, carer=named(carer), limit=limit) == expected


@pytest.mark.parametrize("until", [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)])
async def test_a_work_list_until_a_day_holds_what_closes_by_then(owing: World, until: date) -> None:
    expected = [item for item in await owed(owing) if item["closes"] <= until]
    assert expected
    assert await owed(owing, until=until) == expected


async def test_a_caller_of_two_areas_is_shown_nothing_of_what_lies_between(owing: World) -> None:
    for read in (work(), missed()):
        whole = await listed(owing, read)
        assert {item["area"] for item in whole} == {EAST, BETWEEN, WEST}
        for limit in (1, PAGE_MAX):
            seen = await listed(owing, read, areas=(WEST, EAST), limit=limit)
            assert seen == [item for item in whole if item["area"] != BETWEEN]


async def owed(
    owing: World,
    *,
    under: str = "",
    carer: UUID | None = None,
    until: date | None = None,
    limit: int = PAGE_MAX,
) -> list[dict[str, Any]]:
    return await listed(owing, work(under, carer, until), limit=limit)


def work(under: str = "", carer: UUID | None = None, until: date | None = None) -> Read:
    asked = WorkAsked(under, carer, until)
    return lambda connection, page: work_list(connection, POLICY, MAR_2, asked, page)


def missed(under: str = "") -> Read:
    return lambda connection, page: misses(connection, Asked(under), None, page)


async def listed(
    owing: World, read: Read, *, areas: Sequence[str] = ("431299",), limit: int = PAGE_MAX
) -> list[dict[str, Any]]:
    """Read a list to its end, in pages of *limit*."""
    caller = Caller("tester", Role.COUNTY, tuple(areas), "a token")
    async with scoped(owing.pool, caller) as connection:
        page = await read(connection, Page(limit, None))
        items: list[dict[str, Any]] = page["items"]
        while page["next"] is not None:
            page = await read(connection, Page(limit, page["next"]))
            items += page["items"]
    return items


def grace_first(state: str) -> int:
    return ("grace", "open").index(state)
