"""Judging on a real database: what counts, what is missed, and whom a run is raised to."""

from datetime import date

import pytest

from services.contact.domain.policy import AppliesTo
from services.contact.visiting import Logging
from shared.contracts.contact import ContactEscalated, ContactMissed, VisitLogged, WindowJudged
from shared.contracts.event import LeavingReason
from tests.integration.contact_world import (
    APR_4,
    CALL,
    CONDOLENCE,
    EAST,
    FEB_3,
    FEB_4,
    JAN_10,
    MAR_4,
    POLICY,
    TALK,
    WEST,
    World,
    counted_talks,
    left,
    missed_talks,
    named,
    paired,
    parted,
    registered,
    returned,
    revised,
    transferred,
    world,
)

__all__ = ["world"]


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
