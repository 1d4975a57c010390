"""Judging that is interrupted, repeated or done by several at once: each window of a village is judged once."""

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import date
from uuid import UUID

import pytest

from services.contact.locking import LEAVES, close_leaf, share_gate
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    DayAdvanced,
    WindowJudged,
)
from shared.decider import Rejected
from tests.integration.contact_world import (
    CALL,
    COUNTY,
    EAST,
    FEB_4,
    JAN_10,
    MAR_4,
    TALK,
    WEST,
    World,
    registered,
    world,
)

__all__ = ["world"]


async def test_the_same_day_again_changes_nothing_and_going_back_is_refused(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    before = await world.events(WindowJudged, ContactMissed, DayAdvanced)
    await world.advance(MAR_4)
    assert await world.events(WindowJudged, ContactMissed, DayAdvanced) == before
    assert await world.said(DayAdvanced, "area", "on") == [(COUNTY, "2026-03-04")]
    with pytest.raises(Rejected, match="day_is_past"):
        await world.advance(FEB_4)


@pytest.mark.parametrize(("children_max", "villages_max"), [(5, 20_000), (5, 2), (4_000, 20_000)])
async def test_two_replicas_at_once_judge_once(
    world: World, monkeypatch: pytest.MonkeyPatch, children_max: int, villages_max: int
) -> None:
    monkeypatch.setattr("services.contact.advancing.CHILDREN_MAX", children_max)
    monkeypatch.setattr("services.contact.advancing.VILLAGES_MAX", villages_max)
    await world.hear(*[registered(f"child {n}", area=f"4312991012{n % 7:02}") for n in range(60)])
    await asyncio.gather(*[world.advance(date(2026, 6, 4)) for _ in range(3)])
    events = await world.events(WindowJudged, ContactMissed, ContactEscalated, DayAdvanced)
    ids: list[UUID] = [event_id for event_id, _, _ in events]
    assert len(ids) == len(set(ids))
    assert len(await world.said(ContactMissed, "child_id")) == 60 * (5 * 2 + 2)


async def test_replicas_that_cut_the_villages_differently_judge_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = itertools.count(1)

    def cut(children: Mapping[str, int]) -> Iterator[list[str]]:
        areas, size = list(children), next(cuts)
        return (areas[start : start + size] for start in range(0, len(areas), size))

    monkeypatch.setattr("services.contact.advancing.batches", cut)
    await world.hear(*[registered(f"child {n}", area=f"4312991012{n % 7:02}") for n in range(60)])
    await asyncio.gather(*[world.advance(date(2026, 6, 4)) for _ in range(3)])
    ids = [event_id for event_id, _, _ in await world.events(WindowJudged, ContactMissed, ContactEscalated)]
    assert len(ids) == len(set(ids))
    assert len(await world.said(ContactMissed, "child_id")) == 60 * (5 * 2 + 2)


async def test_an_interrupted_judging_goes_on_where_it_was(world: World) -> None:
    await world.hear(registered("ada"), registered("ben", area=WEST))
    await world.advance(FEB_4)
    expected = await world.events(WindowJudged, ContactMissed)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM app.judged_until")
        await connection.execute("DELETE FROM app.judged_windows WHERE area = $1", WEST)
    await world.advance(FEB_4)
    assert await world.events(WindowJudged, ContactMissed) == expected


async def test_kinds_of_the_same_days_are_judged_each_where_it_was_not_yet(world: World) -> None:
    await world.hear(registered("ada"), registered("ben", area=WEST))
    await world.pool.execute(
        "INSERT INTO app.judged_windows (kind, opens, area) VALUES ($1, '2026-01-01', $2)", TALK, WEST
    )
    await world.advance(FEB_4)
    assert sorted(await world.said(ContactMissed, "kind", "area")) == [
        (TALK, EAST),
        (CALL, WEST),
        (CALL, EAST),
    ]


async def test_a_late_visit_told_while_its_window_is_judged_always_makes_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.contact.advancing.CHILDREN_MAX", 1)
    names = [f"child {n}" for n in range(40)]
    await world.hear(*[registered(name, area=f"4312991012{n % 4:02}") for n, name in enumerate(names)])
    late = date(2026, 2, 6)
    await asyncio.gather(
        *[world.tell(name, TALK, JAN_10, late) for name in names[:20]],
        world.advance(date(2026, 2, 10)),
        *[world.tell(name, TALK, JAN_10, late) for name in names[20:]],
    )
    assert len(await world.said(ContactMadeGood, "child_id")) == len(names)


async def test_a_visit_waits_for_each_judge_and_judges_for_none_but_their_own_leaf(world: World) -> None:
    async with AsyncExitStack() as stack:
        judges = [await stack.enter_async_context(world.pool.acquire()) for _ in LEAVES]
        judging = [judge.transaction() for judge in judges]
        for judge, transaction, leaf in zip(judges, judging, LEAVES, strict=True):
            await transaction.start()
            await close_leaf(judge, leaf)
        visit = asyncio.create_task(_share(world))
        for leaf, transaction in zip(LEAVES, judging, strict=True):
            await _waited_for(world, leaf)
            await transaction.commit()
        await visit


async def _share(world: World) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        await share_gate(connection)


async def _waited_for(world: World, leaf: int) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
    while not await world.pool.fetchval(waiting, leaf):  # noqa: ASYNC110 - the database tells it
        await asyncio.sleep(0.005)
