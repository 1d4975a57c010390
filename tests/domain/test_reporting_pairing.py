"""What carers and pairs add up to: a child with somebody is one child, and a load is a carer's, day by day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from services.reporting.deltas import Cells
from services.reporting.pairing import (
    Carer,
    CarerEvent,
    NeverAssigned,
    Pair,
    carer_told,
    minus,
    on_the_list,
    pair_difference,
    pair_told,
    paired,
)
from shared.contracts.event import CarerKind, PairEndReason, Sex
from shared.contracts.pairing import (
    CarerCleared,
    CarerEnlisted,
    CarerRevised,
    CarerSuspended,
    CarerWithdrew,
    PairAssigned,
    PairEnded,
    PairMoved,
)

MEI, FANG = UUID(int=1), UUID(int=2)
FIRST, SECOND = UUID(int=11), UUID(int=12)
HERE, FAR = "431299100001", "431299200001"
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
TEACHER = CarerKind.TEACHER


def pair(pair_id: UUID, *events: PairAssigned | PairMoved | PairEnded) -> Pair:
    known = None
    for event in events:
        known = pair_told(known, event)
    assert known is not None
    assert known.pair_id == pair_id
    return known


def about(pair_id: UUID) -> dict[str, object]:
    return {"pair_id": pair_id, "child_id": MEI, "carer_id": FANG, "kind": TEACHER}


def assigned(pair_id: UUID, on: date, area: str = HERE) -> PairAssigned:
    return PairAssigned(area=area, on=on, recorded_on=on, **about(pair_id))


def moved(pair_id: UUID, on: date, area: str = FAR) -> PairMoved:
    return PairMoved(area=area, from_area=HERE, on=on, recorded_on=on, **about(pair_id))


def ended(pair_id: UUID, on: date) -> PairEnded:
    return PairEnded(area=HERE, on=on, recorded_on=APRIL, reason=PairEndReason.CHILD_LEFT, **about(pair_id))


def carer(*events: CarerEvent) -> Carer:
    known = None
    for event in events:
        known = carer_told(known, event)
    assert known is not None
    return known


def enlisted(on: date = JANUARY, capacity: int = 2) -> CarerEnlisted:
    return CarerEnlisted(
        area=HERE,
        on=on,
        recorded_on=on,
        carer_id=FANG,
        kind=TEACHER,
        sex=Sex.FEMALE,
        capacity=capacity,
    )


def standing(cells: Cells, measure: str, as_of: date, area: str = HERE) -> int:
    return sum(
        amount
        for cell, amount in cells.items()
        if cell.measure == measure and cell.area == area and cell.on <= as_of
    )


def test_a_child_with_two_carers_is_one_child_who_has_somebody() -> None:
    cells = paired([pair(FIRST, assigned(FIRST, JANUARY)), pair(SECOND, assigned(SECOND, FEBRUARY))])
    assert standing(cells, "children.paired", MARCH) == 1


def test_a_child_has_somebody_until_its_last_pair_ends() -> None:
    cells = paired(
        [
            pair(FIRST, assigned(FIRST, JANUARY), ended(FIRST, FEBRUARY)),
            pair(SECOND, assigned(SECOND, JANUARY), ended(SECOND, MARCH)),
        ]
    )
    assert [standing(cells, "children.paired", day) for day in (JANUARY, FEBRUARY, MARCH)] == [1, 1, 0]


def test_a_pair_moves_with_its_child() -> None:
    known = pair(FIRST, assigned(FIRST, JANUARY), moved(FIRST, MARCH))
    cells = pair_difference((), known)
    assert standing(cells, "pairs.open.teacher", MARCH, HERE) == 0
    assert standing(cells, "pairs.open.teacher", MARCH, FAR) == 1
    assert standing(cells, "pairs.assigned.teacher", MARCH, FAR) == 0


def test_a_pair_that_ended_before_it_moved_never_moved() -> None:
    known = pair(FIRST, assigned(FIRST, JANUARY), moved(FIRST, MARCH), ended(FIRST, FEBRUARY))
    cells = pair_difference((), known)
    assert standing(cells, "pairs.open.teacher", APRIL, FAR) == 0
    assert standing(cells, "pairs.ended.child_left", APRIL, HERE) == 1


def test_a_pair_never_assigned_cannot_end() -> None:
    with pytest.raises(NeverAssigned):
        pair_told(None, ended(FIRST, MARCH))


def test_a_carer_is_loaded_by_the_children_of_the_day() -> None:
    cells = on_the_list(
        carer(enlisted()),
        [pair(FIRST, assigned(FIRST, FEBRUARY)), pair(SECOND, assigned(SECOND, MARCH))],
    )
    loads = [
        [standing(cells, f"carers.load.{load}", day) for load in ("none", "some", "full")]
        for day in (JANUARY, FEBRUARY, MARCH)
    ]
    assert loads == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_only_who_is_cleared_has_places() -> None:
    cleared = CarerCleared(area=HERE, on=FEBRUARY, recorded_on=FEBRUARY, carer_id=FANG, kind=TEACHER)
    suspended = CarerSuspended(area=HERE, on=MARCH, recorded_on=MARCH, carer_id=FANG, kind=TEACHER)
    cells = on_the_list(carer(enlisted(), cleared, suspended), [])
    assert [standing(cells, "carers.places", day) for day in (JANUARY, FEBRUARY, MARCH)] == [0, 2, 0]
    assert standing(cells, "carers.teacher", MARCH) == 1


def test_a_carer_is_where_he_lives_now_and_takes_as_many_as_he_says_now() -> None:
    cleared = CarerCleared(area=HERE, on=JANUARY, recorded_on=JANUARY, carer_id=FANG, kind=TEACHER)
    revised = CarerRevised(area=FAR, on=MARCH, recorded_on=MARCH, carer_id=FANG, kind=TEACHER, capacity=5)
    cells = on_the_list(carer(enlisted(), cleared, revised), [])
    places = [
        (standing(cells, "carers.places", day, HERE), standing(cells, "carers.places", day, FAR))
        for day in (FEBRUARY, MARCH)
    ]
    assert places == [(2, 0), (0, 5)]


def test_who_withdrew_is_on_no_list() -> None:
    withdrew = CarerWithdrew(area=HERE, on=MARCH, recorded_on=MARCH, carer_id=FANG, kind=TEACHER)
    cells = on_the_list(carer(enlisted(), withdrew), [pair(FIRST, assigned(FIRST, FEBRUARY))])
    assert standing(cells, "carers.teacher", MARCH) == 0
    assert standing(cells, "carers.load.some", MARCH) == 0


MONTHS = st.sampled_from((JANUARY, FEBRUARY, MARCH, APRIL))
SPANS = st.lists(st.tuples(MONTHS, MONTHS), max_size=4)


@with_any(SPANS, MONTHS)
def test_a_child_is_paired_on_the_days_on_which_any_pair_is_open(
    spans: Sequence[tuple[date, date]], day: date
) -> None:
    pairs = [
        pair(UUID(int=at), assigned(UUID(int=at), min(span)), ended(UUID(int=at), max(span)))
        for at, span in enumerate(spans, start=1)
    ]
    expected = any(min(span) <= day < max(span) for span in spans)
    assert standing(paired(pairs), "children.paired", day) == expected


def test_a_difference_leads_from_one_to_the_other() -> None:
    before = paired([pair(FIRST, assigned(FIRST, JANUARY))])
    after = paired([pair(FIRST, assigned(FIRST, JANUARY), ended(FIRST, MARCH))])
    change = {cell: amount for cell, amount in minus(after, before).items() if amount}
    assert [(cell.on, amount) for cell, amount in change.items()] == [(MARCH, -1)]
