"""What is learned after a judgement: a late visit makes a miss good, a leaving or a merge withdraws it, once."""

from datetime import date

from services.contact.visiting import Logging
from shared.contracts.contact import ContactMadeGood, MissWithdrawn, VisitLogged
from shared.contracts.event import LeavingReason
from tests.integration.contact_world import (
    APR_4,
    EAST,
    FEB_3,
    FEB_4,
    JAN_10,
    MAR_4,
    TALK,
    World,
    counted_talks,
    left,
    merged,
    missed_talks,
    named,
    registered,
    unmerged,
    world,
)

__all__ = ["world"]


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
