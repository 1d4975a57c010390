"""The rules of a pair (policy.md, Pairs): who may be paired, and how a pair moves and ends."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.pairing.domain.carer import Standing
from services.pairing.domain.pair import PAIR, AssignPair, CarerFacts, ChildFacts, EndPair, MovePair
from shared.contracts.event import CarerKind, PairEndReason
from shared.contracts.pairing import PairAssigned, PairEnded, PairMoved
from tests.spec import given

PAIR_ID, LILY, ROSE = UUID(int=1), UUID(int=2), UUID(int=3)
WILLOW = "431299200291"
ELM = "431299200292"
EARLY = date(2025, 12, 1)
FIRST = date(2026, 1, 1)
NEXT = date(2026, 1, 2)
LATER = date(2026, 3, 1)
MOTHER = CarerKind.SURROGATE_MOTHER

CARER = CarerFacts(ROSE, MOTHER, Standing.CLEARED, capacity=2, load=1, since=FIRST)
CHILD = ChildFacts(LILY, WILLOW, filed_on=FIRST, left_on=None, paired_kinds=frozenset())
ASSIGN = AssignPair(PAIR_ID, CHILD, CARER, NEXT, NEXT)
ASSIGNED = PairAssigned(
    area=WILLOW, on=NEXT, recorded_on=NEXT, pair_id=PAIR_ID, child_id=LILY, carer_id=ROSE, kind=MOTHER
)


def moved(on: date, recorded_on: date) -> PairMoved:
    return PairMoved(
        area=ELM,
        on=on,
        recorded_on=recorded_on,
        pair_id=PAIR_ID,
        child_id=LILY,
        carer_id=ROSE,
        kind=MOTHER,
        from_area=WILLOW,
    )


def ended(on: date, reason: PairEndReason, recorded_on: date, area: str = WILLOW) -> PairEnded:
    return PairEnded(
        area=area,
        on=on,
        recorded_on=recorded_on,
        pair_id=PAIR_ID,
        child_id=LILY,
        carer_id=ROSE,
        kind=MOTHER,
        reason=reason,
    )


def test_a_child_and_a_cleared_carer_are_paired() -> None:
    given(PAIR).when(ASSIGN).then(ASSIGNED)


def test_assigning_the_same_pair_again_changes_nothing() -> None:
    given(PAIR, ASSIGNED).when(ASSIGN).then_nothing()


def test_only_a_cleared_carer_is_paired() -> None:
    for standing in (Standing.ENLISTED, Standing.SUSPENDED, Standing.WITHDRAWN):
        command = replace(ASSIGN, carer=replace(CARER, standing=standing))
        given(PAIR).when(command).then_rejected("carer_not_cleared")


def test_staff_are_never_paired() -> None:
    for kind in (CarerKind.CHILD_DIRECTOR, CarerKind.CHILD_SUPERVISOR):
        command = replace(ASSIGN, carer=replace(CARER, kind=kind))
        given(PAIR).when(command).then_rejected("staff_are_never_paired")


def test_a_carer_takes_no_more_children_than_the_capacity() -> None:
    given(PAIR).when(replace(ASSIGN, carer=replace(CARER, load=2))).then_rejected("carer_full")


def test_a_child_has_at_most_one_open_pair_of_a_kind() -> None:
    command = replace(ASSIGN, child=replace(CHILD, paired_kinds=frozenset({MOTHER})))
    given(PAIR).when(command).then_rejected("child_has_such_a_pair")


def test_a_child_may_have_open_pairs_of_several_kinds() -> None:
    command = replace(ASSIGN, child=replace(CHILD, paired_kinds=frozenset({CarerKind.TEACHER})))
    given(PAIR).when(command).then(ASSIGNED)


def test_a_child_whose_file_is_closed_is_not_paired() -> None:
    given(PAIR).when(replace(ASSIGN, child=replace(CHILD, left_on=NEXT))).then_rejected("childs_file_closed")


def test_a_pair_does_not_begin_before_the_childs_file() -> None:
    command = replace(ASSIGN, child=replace(CHILD, filed_on=LATER))
    given(PAIR).when(command).then_rejected("before_childs_file")


def test_a_pair_does_not_begin_before_the_carer_was_cleared() -> None:
    command = replace(ASSIGN, carer=replace(CARER, since=LATER))
    given(PAIR).when(command).then_rejected("before_carers_last_change")


def test_a_pair_moves_with_the_child() -> None:
    given(PAIR, ASSIGNED).when(MovePair(ELM, LATER, LATER)).then(moved(LATER, LATER))


def test_a_pair_that_ended_does_not_move() -> None:
    over = ended(LATER, PairEndReason.REQUESTED, LATER)
    given(PAIR, ASSIGNED, over).when(MovePair(ELM, LATER, LATER)).then_nothing()


def test_a_move_told_late_counts_from_the_pairs_first_day() -> None:
    given(PAIR, ASSIGNED).when(MovePair(ELM, FIRST, LATER)).then(moved(NEXT, LATER))


def test_a_pair_ends_on_the_day_the_child_leaves() -> None:
    command = EndPair(PairEndReason.CHILD_LEFT, LATER, LATER)
    given(PAIR, ASSIGNED).when(command).then(ended(LATER, PairEndReason.CHILD_LEFT, LATER))


def test_a_pair_ends_where_the_child_lives_then() -> None:
    command = EndPair(PairEndReason.CHILD_LEFT, LATER, LATER)
    expected = ended(LATER, PairEndReason.CHILD_LEFT, LATER, ELM)
    given(PAIR, ASSIGNED, moved(NEXT, LATER)).when(command).then(expected)


def test_a_pair_that_began_after_its_child_had_left_was_in_force_on_no_day() -> None:
    command = EndPair(PairEndReason.CHILD_LEFT, EARLY, FIRST)
    given(PAIR, ASSIGNED).when(command).then(ended(NEXT, PairEndReason.CHILD_LEFT, NEXT))


def test_nobody_asks_for_an_end_before_the_beginning() -> None:
    command = EndPair(PairEndReason.REQUESTED, FIRST, LATER)
    given(PAIR, ASSIGNED).when(command).then_rejected("before_pair_began")


def test_a_pair_ends_once() -> None:
    over = ended(LATER, PairEndReason.REQUESTED, LATER)
    given(PAIR, ASSIGNED, over).when(EndPair(PairEndReason.CHILD_LEFT, LATER, LATER)).then_nothing()


def test_a_pair_that_ended_with_its_child_ends_earlier_where_the_child_left_earlier() -> None:
    over = ended(LATER, PairEndReason.CHILD_LEFT, LATER)
    earlier = EndPair(PairEndReason.CHILD_LEFT, date(2026, 2, 1), LATER)
    expected = ended(date(2026, 2, 1), PairEndReason.CHILD_LEFT, LATER)
    given(PAIR, ASSIGNED, over).when(earlier).then(expected)
    given(PAIR, ASSIGNED, over, expected).when(earlier).then_nothing()


def test_a_pair_that_somebody_ended_does_not_end_again_with_its_child() -> None:
    over = ended(LATER, PairEndReason.REQUESTED, LATER)
    given(PAIR, ASSIGNED, over).when(EndPair(PairEndReason.CHILD_LEFT, NEXT, LATER)).then_nothing()


def test_an_unknown_pair_does_not_end() -> None:
    given(PAIR).when(EndPair(PairEndReason.REQUESTED, LATER, LATER)).then_rejected("pair_unknown")


def test_no_pair_begins_after_it_is_recorded() -> None:
    given(PAIR).when(replace(ASSIGN, on=LATER)).then_rejected("on_after_recorded")
