"""The rules of a carer (policy.md, Pairs): enlisted, vetted, suspended, withdrawn, revised."""

from datetime import date
from uuid import UUID

from services.pairing.domain.carer import (
    CAPACITY_MAX,
    CARER,
    ClearCarer,
    EnlistCarer,
    ReviseCarer,
    SuspendCarer,
    WithdrawCarer,
)
from shared.contracts.event import CarerKind, Sex
from shared.contracts.pairing import CarerCleared, CarerEnlisted, CarerRevised, CarerSuspended, CarerWithdrew
from tests.spec import given

ROSE = UUID(int=1)
WILLOW = "431299200291"
ELM = "431299200292"
FIRST = date(2026, 1, 1)
NEXT = date(2026, 1, 2)
LATER = date(2026, 3, 1)
MOTHER = CarerKind.SURROGATE_MOTHER

ENLIST = EnlistCarer(ROSE, MOTHER, Sex.FEMALE, WILLOW, 2, None, FIRST, FIRST)
ENLISTED = CarerEnlisted(
    area=WILLOW, on=FIRST, recorded_on=FIRST, carer_id=ROSE, kind=MOTHER, sex=Sex.FEMALE, capacity=2
)
CLEARED = CarerCleared(area=WILLOW, on=FIRST, recorded_on=FIRST, carer_id=ROSE, kind=MOTHER)
SUSPENDED = CarerSuspended(area=WILLOW, on=NEXT, recorded_on=NEXT, carer_id=ROSE, kind=MOTHER)
WITHDREW = CarerWithdrew(area=WILLOW, on=NEXT, recorded_on=NEXT, carer_id=ROSE, kind=MOTHER)
CLEARED_AGAIN = CarerCleared(area=WILLOW, on=LATER, recorded_on=LATER, carer_id=ROSE, kind=MOTHER)
CLEAR_LATER = ClearCarer(LATER, LATER)


def test_a_carer_is_enlisted() -> None:
    given(CARER).when(ENLIST).then(ENLISTED)


def test_enlisting_with_the_same_facts_changes_nothing() -> None:
    given(CARER, ENLISTED).when(ENLIST).then_nothing()


def test_a_carer_is_not_enlisted_twice_with_other_facts() -> None:
    other = EnlistCarer(ROSE, MOTHER, Sex.FEMALE, WILLOW, 3, None, FIRST, FIRST)
    given(CARER, ENLISTED).when(other).then_rejected("carer_already_enlisted")


def test_staff_take_no_children() -> None:
    director = EnlistCarer(ROSE, CarerKind.CHILD_DIRECTOR, Sex.FEMALE, WILLOW, 1, None, FIRST, FIRST)
    given(CARER).when(director).then_rejected("staff_take_no_children")


def test_capacity_has_a_limit() -> None:
    crowd = EnlistCarer(ROSE, MOTHER, Sex.FEMALE, WILLOW, CAPACITY_MAX + 1, None, FIRST, FIRST)
    given(CARER).when(crowd).then_rejected("capacity_out_of_range")


def test_an_enlisted_carer_is_cleared() -> None:
    given(CARER, ENLISTED).when(ClearCarer(FIRST, FIRST)).then(CLEARED)


def test_clearing_a_cleared_carer_changes_nothing() -> None:
    given(CARER, ENLISTED, CLEARED).when(CLEAR_LATER).then_nothing()


def test_nobody_is_cleared_who_was_not_enlisted() -> None:
    given(CARER).when(CLEAR_LATER).then_rejected("carer_unknown")


def test_a_cleared_carer_is_suspended() -> None:
    given(CARER, ENLISTED, CLEARED).when(SuspendCarer(NEXT, NEXT)).then(SUSPENDED)


def test_a_carer_who_is_not_yet_cleared_can_be_suspended_too() -> None:
    given(CARER, ENLISTED).when(SuspendCarer(NEXT, NEXT)).then(SUSPENDED)


def test_a_suspended_carer_is_cleared_again() -> None:
    given(CARER, ENLISTED, CLEARED, SUSPENDED).when(CLEAR_LATER).then(CLEARED_AGAIN)


def test_a_carer_withdraws() -> None:
    given(CARER, ENLISTED, CLEARED).when(WithdrawCarer(NEXT, NEXT)).then(WITHDREW)


def test_withdrawing_twice_changes_nothing() -> None:
    given(CARER, ENLISTED, WITHDREW).when(WithdrawCarer(LATER, LATER)).then_nothing()


def test_a_carer_who_withdrew_is_not_cleared() -> None:
    given(CARER, ENLISTED, WITHDREW).when(CLEAR_LATER).then_rejected("carer_withdrawn")


def test_a_carer_who_withdrew_is_enlisted_again() -> None:
    again = EnlistCarer(ROSE, MOTHER, Sex.FEMALE, ELM, 1, None, LATER, LATER)
    enlisted_again = CarerEnlisted(
        area=ELM, on=LATER, recorded_on=LATER, carer_id=ROSE, kind=MOTHER, sex=Sex.FEMALE, capacity=1
    )
    given(CARER, ENLISTED, CLEARED, WITHDREW).when(again).then(enlisted_again)


def test_a_carer_moves_and_takes_more_children() -> None:
    revised = CarerRevised(area=ELM, on=LATER, recorded_on=LATER, carer_id=ROSE, kind=MOTHER, capacity=3)
    given(CARER, ENLISTED).when(ReviseCarer(ELM, 3, None, 2, LATER, LATER)).then(revised)


def test_revising_to_the_same_facts_changes_nothing() -> None:
    given(CARER, ENLISTED).when(ReviseCarer(WILLOW, 2, None, 2, LATER, LATER)).then_nothing()


def test_capacity_never_falls_below_the_open_pairs() -> None:
    given(CARER, ENLISTED).when(ReviseCarer(WILLOW, 1, None, 2, LATER, LATER)).then_rejected(
        "capacity_below_load"
    )


def test_nothing_is_dated_before_the_carers_last_change() -> None:
    given(CARER, ENLISTED, CLEARED, SUSPENDED).when(ClearCarer(FIRST, LATER)).then_rejected(
        "before_carers_last_change"
    )


def test_nothing_happens_after_it_is_recorded() -> None:
    given(CARER, ENLISTED).when(ClearCarer(LATER, NEXT)).then_rejected("on_after_recorded")
