"""Judging on a real database: what counts, what is missed, what mends it, each once."""

import asyncio
from contextlib import AsyncExitStack
from datetime import date
from uuid import UUID

import pytest

from services.contact.domain.policy import AppliesTo
from services.contact.locking import LEAVES, close_leaf, share_gate
from services.contact.visiting import Logging
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    DayAdvanced,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.contracts.event import LeavingReason
from shared.decider import Rejected
from tests.conftest import ServicePools
from tests.integration.contact_world import (
    CALL,
    CONDOLENCE,
    COUNTY,
    EAST,
    POLICY,
    TALK,
    WEST,
    World,
    areas,
    left,
    merged,
    named,
    paired,
    parted,
    registered,
    returned,
    revised,
    transferred,
    unmerged,
)

FEB_4, MAR_4, APR_4 = date(2026, 2, 4), date(2026, 3, 4), date(2026, 4, 4)
JAN_10, FEB_3 = date(2026, 1, 10), date(2026, 2, 3)


@pytest.fixture
async def world(service_pool: ServicePools) -> World:
    world = World(await service_pool("contact"))
    await world.hear(*areas())
    return world


async def missed_talks(world: World) -> list[tuple[str, str]]:
    said = await world.said(ContactMissed, "child_id", "opens", "kind")
    return [(child_id, opens) for child_id, opens, kind in said if kind == TALK]


async def counted_talks(world: World) -> dict[str, list[str]]:
    said = await world.said(WindowJudged, "opens", "area", "kind", "counted")
    return {f"{opens} {area}": counted for opens, area, kind, counted in said if kind == TALK}


async def test_a_window_is_judged_when_its_due_day_has_passed(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(FEB_3)
    assert await world.said(WindowJudged, "kind") == []
    await world.advance(FEB_4)
    assert await world.said(WindowJudged, "kind", "on", "recorded_on") == [
        ("guardian_talk", "2026-01-31", "2026-02-04"),
        ("parent_call", "2026-01-31", "2026-02-04"),
    ]


async def test_a_reached_visit_recorded_in_time_keeps_the_window(world: World) -> None:
    await world.hear(registered("ada"), registered("ben"), registered("cai"), registered("dai"))
    await world.tell("ada", TALK, JAN_10, FEB_3)
    await world.tell("ben", TALK, JAN_10, JAN_10, reached=False)
    await world.tell("cai", TALK, JAN_10, FEB_4)
    await world.advance(FEB_4)
    missed = {child_id for child_id, _ in await missed_talks(world)}
    assert missed == {str(named(name)) for name in ("ben", "cai", "dai")}


async def test_a_file_opened_during_the_window_does_not_count(world: World) -> None:
    await world.hear(registered("ada", date(2026, 1, 2)))
    await world.advance(FEB_4)
    assert await counted_talks(world) == {}
    await world.advance(MAR_4)
    assert list(await counted_talks(world)) == [f"2026-02-01 {EAST}"]


async def test_a_child_who_left_on_the_last_day_does_not_count_and_a_day_later_does(world: World) -> None:
    await world.hear(
        registered("ada"),
        registered("ben"),
        left("ada", LeavingReason.MOVED_AWAY, date(2026, 1, 31)),
        left("ben", LeavingReason.MOVED_AWAY, date(2026, 2, 1)),
    )
    await world.advance(FEB_4)
    assert await counted_talks(world) == {f"2026-01-01 {EAST}": [str(named("ben"))]}


async def test_a_returned_child_counts_from_the_day_of_its_return(world: World) -> None:
    await world.hear(
        registered("ada"),
        left("ada", LeavingReason.PARENTS_RETURNED, date(2026, 1, 20)),
        returned("ada", date(2026, 2, 1)),
    )
    await world.advance(MAR_4)
    assert list(await counted_talks(world)) == [f"2026-02-01 {EAST}"]


async def test_the_village_and_poverty_are_those_of_the_last_day(world: World) -> None:
    await world.hear(
        registered("ada"),
        registered("ben", poor=True),
        transferred("ada", date(2026, 1, 31)),
        revised("ada", date(2026, 6, 30), poor=True, area=WEST),
        revised("ben", date(2026, 6, 1), poor=False),
    )
    await world.advance(FEB_4)
    assert await counted_talks(world) == {
        f"2026-01-01 {EAST}": [str(named("ben"))],
        f"2026-01-01 {WEST}": [str(named("ada"))],
    }
    await world.advance(date(2026, 7, 16))
    judged = await world.said(WindowJudged, "kind", "area", "counted")
    assert [(area, counted) for kind, area, counted in judged if kind == CONDOLENCE] == [
        (WEST, [str(named("ada"))])
    ]


async def test_what_was_learned_after_the_due_day_changes_no_judgement(world: World) -> None:
    await world.hear(
        registered("ada"),
        registered("late", known_on=date(2026, 2, 10)),
        transferred("ada", date(2026, 1, 15), known_on=date(2026, 2, 10)),
    )
    await world.advance(date(2026, 2, 20))
    assert await counted_talks(world) == {f"2026-01-01 {EAST}": [str(named("ada"))]}


async def test_a_miss_names_all_pairs_in_force_on_the_last_day(world: World) -> None:
    await world.hear(
        registered("ada"),
        paired("first", "ada", "li", date(2026, 1, 5)),
        parted("first", "ada", "li", date(2026, 1, 31)),
        paired("second", "ada", "wu", date(2026, 1, 31)),
        paired("third", "ada", "xu", date(2026, 2, 1)),
    )
    await world.advance(FEB_4)
    [pairs, _] = await world.said(ContactMissed, "pairs")
    assert [pair["pair_id"] for pair in pairs[0]] == [str(named("second"))]


async def test_a_miss_names_the_pairs_that_were_known_on_its_due_day(world: World) -> None:
    begun, over = date(2026, 1, 5), date(2026, 1, 20)
    await world.hear(
        registered("ada"),
        paired("ended in time", "ada", "li", begun),
        paired("ended late", "ada", "wu", begun),
        paired("begun in time", "ada", "xu", begun, FEB_3),
        paired("begun late", "ada", "ye", begun, FEB_4),
        parted("ended in time", "ada", "li", over, FEB_3),
        parted("ended late", "ada", "wu", over, FEB_4),
    )
    await world.advance(FEB_4)
    [pairs, _] = await world.said(ContactMissed, "pairs")
    assert {pair["pair_id"] for pair in pairs[0]} == {str(named("ended late")), str(named("begun in time"))}


async def test_a_leaving_corrected_on_the_due_day_counts_as_corrected_and_a_day_later_as_it_was(
    world: World,
) -> None:
    in_error, moved_away, feb_1 = (
        LeavingReason.REGISTERED_IN_ERROR,
        LeavingReason.MOVED_AWAY,
        date(2026, 2, 1),
    )
    await world.hear(
        registered("in time"),
        registered("late"),
        left("in time", in_error, date(2026, 2, 2)),
        left("late", in_error, date(2026, 2, 2)),
        left("in time", moved_away, feb_1, FEB_3),
        left("late", moved_away, feb_1, FEB_4),
    )
    await world.advance(FEB_4)
    assert await counted_talks(world) == {f"2026-01-01 {EAST}": [str(named("in time"))]}


async def test_a_merge_undone_on_the_due_day_takes_its_visit_back_and_a_day_later_does_not(
    world: World,
) -> None:
    await world.hear(*[registered(name) for name in ("ada", "ada again", "ben", "ben again")])
    await world.hear(merged("ada again", "ada", JAN_10), merged("ben again", "ben", JAN_10))
    await world.tell("ada again", TALK, JAN_10, JAN_10)
    await world.tell("ben again", TALK, JAN_10, JAN_10)
    await world.hear(unmerged("ada again", "ada", FEB_3), unmerged("ben again", "ben", FEB_4))
    await world.advance(FEB_4)
    missed = [child_id for child_id, _ in await missed_talks(world)]
    assert str(named("ada")) in missed
    assert str(named("ben")) not in missed


async def test_of_late_visits_that_were_known_before_judging_the_one_known_first_makes_good(
    world: World,
) -> None:
    await world.hear(registered("ada"))
    await world.tell("ada", TALK, JAN_10, date(2026, 2, 9))
    await world.tell("ada", TALK, date(2026, 1, 11), date(2026, 2, 6))
    await world.advance(date(2026, 2, 10))
    assert await world.said(ContactMadeGood, "opens", "recorded_on") == [("2026-01-01", "2026-02-06")]


async def test_a_late_visit_makes_good_once(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(date(2026, 2, 10))
    assert await world.tell("ada", TALK, JAN_10, FEB_3) is Logging.LOGGED
    assert await world.tell("ada", TALK, JAN_10, FEB_3) is Logging.ALREADY
    await world.tell("ada", TALK, date(2026, 1, 11), date(2026, 2, 12))
    assert await world.said(ContactMadeGood, "child_id", "opens", "on", "recorded_on", "area") == [
        (str(named("ada")), "2026-01-01", "2026-01-31", "2026-02-10", EAST)
    ]
    assert len(await world.said(VisitLogged, "visit_id")) == 2


async def test_a_late_visit_that_was_known_before_judging_is_missed_and_made_good_at_once(
    world: World,
) -> None:
    await world.hear(registered("ada"))
    await world.tell("ada", TALK, JAN_10, date(2026, 2, 6))
    await world.advance(date(2026, 2, 10))
    assert (str(named("ada")), "2026-01-01") in await missed_talks(world)
    assert await world.said(ContactMadeGood, "opens", "recorded_on") == [("2026-01-01", "2026-02-06")]


async def test_leaving_learned_later_withdraws_the_misses_it_covers(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    await world.hear(left("ada", LeavingReason.DIED, date(2026, 2, 28), date(2026, 3, 10)))
    withdrawn = await world.said(MissWithdrawn, "opens", "kind", "reason", "recorded_on")
    assert withdrawn == [
        ("2026-02-01", "guardian_talk", "died", "2026-03-10"),
        ("2026-02-01", "parent_call", "died", "2026-03-10"),
    ]


async def test_a_leaving_found_to_have_been_earlier_withdraws_what_was_missed_between(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    moved_away, died = date(2026, 3, 2), date(2026, 2, 20)
    await world.hear(left("ada", LeavingReason.MOVED_AWAY, moved_away, date(2026, 3, 6)))
    assert await world.said(MissWithdrawn, "opens") == []
    await world.hear(left("ada", LeavingReason.DIED, died, date(2026, 3, 10)))
    assert await world.said(MissWithdrawn, "opens", "kind", "reason", "recorded_on") == [
        ("2026-02-01", "guardian_talk", "died", "2026-03-10"),
        ("2026-02-01", "parent_call", "died", "2026-03-10"),
    ]
    await world.advance(APR_4)
    assert [window[:7] for window in await counted_talks(world)] == ["2026-01", "2026-02"]


async def test_a_leaving_told_twice_in_one_batch_counts_from_the_earlier_day(world: World) -> None:
    twice = [
        left("ada", LeavingReason.MOVED_AWAY, date(2026, 3, 2), MAR_4),
        left("ada", LeavingReason.DIED, date(2026, 1, 20), MAR_4),
    ]
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    await world.hear(*twice)
    assert len(await world.said(MissWithdrawn, "opens", "kind")) == 4


async def test_a_file_registered_in_error_takes_all_its_outstanding_misses_back(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    await world.tell("ada", TALK, JAN_10, MAR_4)
    await world.hear(left("ada", LeavingReason.REGISTERED_IN_ERROR, date(2026, 3, 20)))
    withdrawn = await world.said(MissWithdrawn, "opens", "kind")
    assert ("2026-01-01", "guardian_talk") not in withdrawn
    assert len(withdrawn) == 3
    await world.advance(APR_4)
    assert f"2026-03-01 {EAST}" not in await counted_talks(world)


async def test_the_visits_of_a_merged_child_follow_the_survivor(world: World) -> None:
    await world.hear(registered("ada"), registered("again"))
    await world.tell("again", TALK, JAN_10, JAN_10)
    await world.advance(FEB_4)
    await world.hear(merged("again", "ada", date(2026, 2, 8)))
    assert await world.said(ContactMadeGood, "child_id", "kind", "recorded_on") == [
        (str(named("ada")), "guardian_talk", "2026-02-08")
    ]
    assert await world.said(MissWithdrawn, "child_id", "kind", "reason") == [
        (str(named("again")), "parent_call", "merged")
    ]
    await world.tell("again", TALK, date(2026, 2, 9), date(2026, 2, 9))
    await world.advance(MAR_4)
    assert str(named("ada")) not in {
        child for child, opens in await missed_talks(world) if opens == "2026-02-01"
    }


async def test_a_merge_undone_gives_the_visits_back(world: World) -> None:
    await world.hear(registered("ada"), registered("again"))
    await world.tell("again", TALK, JAN_10, JAN_10)
    await world.hear(merged("again", "ada", date(2026, 1, 20)), unmerged("again", "ada", date(2026, 1, 25)))
    owners = await world.pool.fetch(
        "SELECT child_id FROM app.visits UNION ALL SELECT child_id FROM app.keeping"
        " WHERE until_on = 'infinity'"
    )
    assert {row["child_id"] for row in owners} == {named("again")}


async def test_runs_of_missed_windows_are_raised_once_a_level(world: World) -> None:
    await world.hear(registered("ada"))
    for day in (FEB_4, MAR_4, APR_4, date(2026, 5, 4)):
        await world.advance(day)
    raised = await world.said(ContactEscalated, "kind", "level", "first_opens", "windows", "recorded_on")
    assert [row[1:] for row in raised if row[0] == TALK] == [
        ("county", "2026-01-01", 3, "2026-04-04"),
        ("township", "2026-01-01", 2, "2026-03-04"),
    ]


async def test_a_kept_window_breaks_the_run(world: World) -> None:
    await world.hear(registered("ada"))
    await world.tell("ada", TALK, date(2026, 2, 10), date(2026, 2, 10))
    await world.advance(date(2026, 5, 4))
    raised = await world.said(ContactEscalated, "kind", "level", "first_opens")
    assert [row[1:] for row in raised if row[0] == TALK] == [("township", "2026-03-01")]


async def test_a_window_that_does_not_count_does_not_break_a_run(world: World) -> None:
    await world.hear(
        registered("ada"),
        left("ada", LeavingReason.MOVED_AWAY, date(2026, 2, 10)),
        returned("ada", date(2026, 2, 20)),
    )
    await world.advance(APR_4)
    raised = await world.said(ContactEscalated, "kind", "level", "first_opens")
    assert [row[1:] for row in raised if row[0] == TALK] == [("township", "2026-01-01")]


async def test_the_same_day_again_changes_nothing_and_going_back_is_refused(world: World) -> None:
    await world.hear(registered("ada"))
    await world.advance(MAR_4)
    before = await world.events(WindowJudged, ContactMissed, DayAdvanced)
    await world.advance(MAR_4)
    assert await world.events(WindowJudged, ContactMissed, DayAdvanced) == before
    assert await world.said(DayAdvanced, "area", "on") == [(COUNTY, "2026-03-04")]
    with pytest.raises(Rejected, match="day_is_past"):
        await world.advance(FEB_4)


async def test_a_visit_outside_the_file_is_logged_and_keeps_nothing(world: World) -> None:
    await world.hear(registered("ada", date(2026, 1, 5)))
    assert await world.tell("ada", TALK, date(2026, 1, 4), date(2026, 1, 6)) is Logging.LOGGED
    assert await world.said(VisitLogged, "in_file") == [(False,)]
    assert await world.pool.fetchval("SELECT count(*) FROM app.keeping") == 0


async def test_a_visit_dated_after_it_was_recorded_is_refused(world: World) -> None:
    await world.hear(registered("ada"))
    assert await world.tell("ada", TALK, date(2026, 1, 7), date(2026, 1, 6)) is Logging.REFUSED
    assert await world.tell("nobody", TALK, JAN_10, JAN_10) is Logging.UNKNOWN_CHILD


async def test_a_visit_is_credited_to_the_pair_in_force_on_its_day(world: World) -> None:
    await world.hear(registered("ada"), paired("first", "ada", "li", JAN_10))
    await world.tell("ada", TALK, date(2026, 1, 9), JAN_10)
    await world.tell("ada", TALK, JAN_10, JAN_10)
    assert await world.said(VisitLogged, "on", "carer_id") == [
        ("2026-01-09", None),
        ("2026-01-10", str(named("li"))),
    ]


@pytest.mark.parametrize("children_max", [5, 4_000])
async def test_two_replicas_at_once_judge_once(
    world: World, monkeypatch: pytest.MonkeyPatch, children_max: int
) -> None:
    monkeypatch.setattr("services.contact.advancing.CHILDREN_MAX", children_max)
    await world.hear(*[registered(f"child {n}", area=f"4312991012{n % 7:02}") for n in range(60)])
    await asyncio.gather(*[world.advance(date(2026, 6, 4)) for _ in range(3)])
    events = await world.events(WindowJudged, ContactMissed, ContactEscalated, DayAdvanced)
    ids: list[UUID] = [event_id for event_id, _, _ in events]
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


async def test_a_kind_for_the_poor_counts_them_alone_beside_one_for_all_with_the_same_days(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls_of_the_poor = [
        kept.model_copy(update={"applies_to": AppliesTo.POOR}) if kept.kind is CALL else kept
        for kept in POLICY.commitments
    ]
    monkeypatch.setattr(
        "tests.integration.contact_world.POLICY",
        POLICY.model_copy(update={"commitments": tuple(calls_of_the_poor)}),
    )
    await world.hear(registered("ada"), registered("ben", poor=True))
    await world.tell("ben", TALK, JAN_10, JAN_10)
    await world.advance(FEB_4)
    assert sorted(await world.said(ContactMissed, "kind", "child_id")) == [
        (TALK, str(named("ada"))),
        (CALL, str(named("ben"))),
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
