"""What judging a window says: one test for each rule of policy.md, Commitments and windows."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from services.contact.domain.judging import COUNTED_MAX, Judgement, Missing, judge_village
from services.contact.domain.mending import LateVisit, Leaving
from services.contact.domain.policy import Escalation
from services.contact.domain.runs import EarlierMiss
from services.contact.domain.windows import Window
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    WindowJudged,
)
from shared.contracts.event import CarerKind, ContactKind, EscalationLevel, LeavingReason, PairInForce

VILLAGE = "431299200241"
ADA, BEN, CAI = UUID(int=1), UUID(int=2), UUID(int=3)
LATE = UUID(int=77)
TOWNSHIP, COUNTY = EscalationLevel.TOWNSHIP, EscalationLevel.COUNTY
RULES = (Escalation(level=TOWNSHIP, run=2), Escalation(level=COUNTY, run=3))

JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
MARCH = Window(ContactKind.GUARDIAN_TALK, MAR, date(2026, 3, 31), date(2026, 4, 3), poor_only=False)
DUE = MARCH.due
JUDGED_ON = date(2026, 4, 4)
TEACHER = PairInForce(pair_id=UUID(int=9), carer_id=UUID(int=8), kind=CarerKind.TEACHER)


def judged(*missing: Missing, counted: tuple[UUID, ...] = (ADA, BEN)) -> list[Judgement]:
    kept = set(counted) - {child.child_id for child in missing}
    return judge_village(MARCH, VILLAGE, kept, missing, RULES)


def escalations(
    *earlier: EarlierMiss, raised: tuple[tuple[date, EscalationLevel], ...] = ()
) -> list[tuple[object, ...]]:
    events = judged(Missing(ADA, earlier=earlier, raised=raised))
    return [(e.level, e.first_opens, e.windows) for e in events if isinstance(e, ContactEscalated)]


def test_a_judged_window_names_the_children_it_counted_and_those_who_were_kept() -> None:
    [window, _] = judged(Missing(BEN))
    assert (
        WindowJudged(
            area=VILLAGE,
            on=MARCH.closes,
            recorded_on=JUDGED_ON,
            kind=MARCH.kind,
            opens=MAR,
            due=DUE,
            part=1,
            counted=(ADA, BEN),
            kept=(ADA,),
        )
        == window
    )


def test_every_other_counted_child_is_missed_with_the_pairs_in_force() -> None:
    [_, missed] = judged(Missing(ADA, pairs=(TEACHER,)))
    assert (
        ContactMissed(
            area=VILLAGE,
            on=MARCH.closes,
            recorded_on=JUDGED_ON,
            child_id=ADA,
            kind=MARCH.kind,
            opens=MAR,
            due=DUE,
            pairs=(TEACHER,),
        )
        == missed
    )


def test_a_window_is_split_at_a_named_size() -> None:
    many = tuple(UUID(int=n) for n in range(COUNTED_MAX + 1))
    parts = [e for e in judged(counted=many) if isinstance(e, WindowJudged)]
    assert [(part.part, len(part.counted)) for part in parts] == [(1, COUNTED_MAX), (2, 1)]
    assert [part.kept for part in parts] == [part.counted for part in parts]
    assert max(len(part.model_dump_json()) for part in parts) < 512 * 1024


def test_each_part_of_a_split_window_names_those_of_its_children_who_were_kept() -> None:
    many = tuple(UUID(int=n) for n in range(2 * COUNTED_MAX + 1))
    missing = {*many[::3], many[COUNTED_MAX - 1], many[COUNTED_MAX], many[-1]}
    parts = [e for e in judged(*map(Missing, missing), counted=many) if isinstance(e, WindowJudged)]
    assert [child_id for part in parts for child_id in part.counted] == list(many)
    assert [set(part.kept) for part in parts] == [set(part.counted) - missing for part in parts]


def test_the_same_facts_in_another_order_give_the_same_events() -> None:
    assert judged(Missing(ADA), Missing(BEN)) == judged(Missing(BEN), Missing(ADA), counted=(BEN, ADA))


def test_one_missed_window_raises_nobody() -> None:
    assert escalations() == []


def test_a_run_of_two_raises_the_child_to_the_township() -> None:
    assert escalations(EarlierMiss(FEB)) == [(TOWNSHIP, FEB, 2)]


def test_a_run_of_three_raises_the_child_to_the_county() -> None:
    assert escalations(EarlierMiss(JAN), EarlierMiss(FEB), raised=((JAN, TOWNSHIP),)) == [(COUNTY, JAN, 3)]


def test_a_level_is_reached_once_a_run() -> None:
    raised = ((JAN, TOWNSHIP), (JAN, COUNTY))
    assert (
        escalations(
            EarlierMiss(date(2025, 12, 1), made_good_on=JAN),
            EarlierMiss(JAN),
            EarlierMiss(FEB),
            raised=raised,
        )
        == []
    )


def test_a_window_made_good_breaks_the_run() -> None:
    assert escalations(EarlierMiss(JAN), EarlierMiss(FEB, made_good_on=DUE)) == []


def test_a_window_made_good_only_later_is_still_outstanding_when_the_latest_is_judged() -> None:
    assert escalations(EarlierMiss(FEB, made_good_on=JUDGED_ON)) == [(TOWNSHIP, FEB, 2)]


def test_a_run_that_lost_its_first_window_is_another_run_with_its_own_levels() -> None:
    earlier = (EarlierMiss(date(2025, 12, 1), made_good_on=MAR), EarlierMiss(JAN), EarlierMiss(FEB))
    former_run = (date(2025, 12, 1), TOWNSHIP)
    assert escalations(*earlier, raised=(former_run,)) == [(TOWNSHIP, JAN, 3), (COUNTY, JAN, 3)]


def test_a_withdrawn_miss_neither_breaks_a_run_nor_counts_in_it() -> None:
    assert escalations(EarlierMiss(JAN), EarlierMiss(FEB, withdrawn_on=MAR)) == [(TOWNSHIP, JAN, 2)]


def test_a_visit_recorded_after_due_and_known_already_is_missed_and_made_good_at_once() -> None:
    [_, missed, made_good] = judged(Missing(ADA, late=LateVisit(LATE, date(2026, 4, 20))))
    assert isinstance(missed, ContactMissed)
    assert (
        ContactMadeGood(
            area=VILLAGE,
            on=MARCH.closes,
            recorded_on=date(2026, 4, 20),
            child_id=ADA,
            kind=MARCH.kind,
            opens=MAR,
            visit_id=LATE,
        )
        == made_good
    )


def left(reason: LeavingReason, on: date, known_on: date = date(2026, 4, 20)) -> Leaving:
    return Leaving(on, reason, known_on)


def test_a_departure_learned_after_due_withdraws_the_miss_at_once() -> None:
    [_, _, gone] = judged(Missing(ADA, leaving=left(LeavingReason.DIED, MARCH.closes)))
    assert (
        MissWithdrawn(
            area=VILLAGE,
            on=MARCH.closes,
            recorded_on=date(2026, 4, 20),
            child_id=ADA,
            kind=MARCH.kind,
            opens=MAR,
            reason=LeavingReason.DIED,
        )
        == gone
    )


def test_a_child_who_left_after_the_window_closed_was_owed_the_contact() -> None:
    after = MARCH.closes + timedelta(days=1)
    assert len(judged(Missing(ADA, leaving=left(LeavingReason.MOVED_AWAY, after)))) == 2


def test_a_file_registered_in_error_or_merged_was_never_owed_anything() -> None:
    for reason in (LeavingReason.REGISTERED_IN_ERROR, LeavingReason.MERGED):
        [_, _, gone] = judged(Missing(ADA, leaving=left(reason, date(2026, 4, 20))))
        assert isinstance(gone, MissWithdrawn)


def test_a_miss_is_mended_once_by_what_was_known_first() -> None:
    leaving = left(LeavingReason.DIED, MARCH.closes)
    same_day, later = LateVisit(LATE, leaving.known_on), LateVisit(LATE, leaving.known_on + timedelta(days=1))
    assert isinstance(judged(Missing(ADA, late=same_day, leaving=leaving))[-1], ContactMadeGood)
    assert isinstance(judged(Missing(ADA, late=later, leaving=leaving))[-1], MissWithdrawn)


def test_of_a_visit_and_a_leaving_of_one_day_the_one_that_was_told_first_mends_the_miss() -> None:
    leaving = replace(left(LeavingReason.DIED, MARCH.closes), last_visit=7)
    before, after = (LateVisit(LATE, leaving.known_on, number) for number in (7, 8))
    assert isinstance(judged(Missing(ADA, late=before, leaving=leaving))[-1], ContactMadeGood)
    assert isinstance(judged(Missing(ADA, late=after, leaving=leaving))[-1], MissWithdrawn)
