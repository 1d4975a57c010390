"""What a child's file adds up to: as of any day, as known on any day, however late the news."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from services.reporting.checks import PARTITIONS
from services.reporting.children import ChildEvent, ChildTimeline, NeverRegistered, difference, told
from services.reporting.deltas import Behind, Delta, deltas, tallies
from services.reporting.measure import Item, Nature
from services.reporting.measures import MEASURES, NUMBERS, PARTS
from shared.contracts.event import LeavingReason, Schooling, Sex
from shared.contracts.registry import (
    ChildFile,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildReturned,
    ChildTransferred,
)

MEI, LAN = UUID(int=1), UUID(int=2)
EVENT = UUID(int=9)
HERE, NEXT, FAR = "431299100001", "431299100002", "431299200001"
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
SIX_IN_JUNE = ChildFile(birth_date=date(2020, 6, 15), sex=Sex.FEMALE, schooling=Schooling.KINDERGARTEN)
AT_SCHOOL = SIX_IN_JUNE.model_copy(update={"schooling": Schooling.PRIMARY})


def dated(on: date, recorded_on: date | None = None) -> dict[str, date]:
    return {"on": on, "recorded_on": recorded_on or on}


def registered(on: date = JANUARY, area: str = HERE, file: ChildFile = SIX_IN_JUNE) -> ChildRegistered:
    return ChildRegistered(area=area, child_id=MEI, file=file, **dated(on))


def revised(on: date, recorded_on: date | None = None, file: ChildFile = AT_SCHOOL) -> ChildFileRevised:
    return ChildFileRevised(area=HERE, child_id=MEI, file=file, former=SIX_IN_JUNE, **dated(on, recorded_on))


def transferred(on: date, to: str, recorded_on: date | None = None) -> ChildTransferred:
    return ChildTransferred(area=to, from_area=HERE, child_id=MEI, file=SIX_IN_JUNE, **dated(on, recorded_on))


def left(on: date, recorded_on: date | None = None) -> ChildLeft:
    return ChildLeft(
        area=HERE,
        child_id=MEI,
        reason=LeavingReason.MOVED_AWAY,
        file=SIX_IN_JUNE,
        **dated(on, recorded_on),
    )


def returned(on: date, area: str = HERE) -> ChildReturned:
    return ChildReturned(area=area, child_id=MEI, file=SIX_IN_JUNE, **dated(on))


class Counted:
    """What a history of one child adds up to."""

    def __init__(self, history: Iterable[ChildEvent]) -> None:
        timeline: ChildTimeline | None = None
        counted: list[Delta] = []
        for event in history:
            after = told(timeline, event)
            behind = Behind(Item.CHILD, MEI, MEI, event.recorded_on, EVENT)
            counted += deltas(difference(timeline or (), after), behind)
            timeline = after
        self.sums: dict[tuple[str, int], list[tuple[date, date, int]]] = defaultdict(list)
        for key, amount in tallies(counted).items():
            self.sums[key.area, key.measure].append((key.on, key.recorded_on, amount))

    def __call__(
        self, measure: str, as_of: date, known_on: date = date.max, area: str = HERE, first: date = date.min
    ) -> int:
        begins = first if MEASURES[measure].nature is Nature.FLOW else date.min
        return sum(
            part.sign * amount
            for part in PARTS[measure]
            for on, recorded_on, amount in self.sums.get((area, NUMBERS[part.name]), ())
            if begins <= on <= as_of and recorded_on <= known_on
        )


def test_a_file_counts_from_the_day_it_is_filed() -> None:
    counted = Counted([registered()])
    assert counted("files.open", JANUARY) == 1
    assert counted("files.open", JANUARY - timedelta(days=1)) == 0
    assert counted("files.opened.registered", JANUARY) == 1


def test_a_child_passes_to_the_next_age_band_on_its_birthday() -> None:
    counted = Counted([registered()])
    eve, birthday = date(2026, 6, 14), date(2026, 6, 15)
    assert (counted("children.age.0_5", eve), counted("children.age.6_13", eve)) == (1, 0)
    assert (counted("children.age.0_5", birthday), counted("children.age.6_13", birthday)) == (0, 1)
    assert counted("children.age.14_15", date(2034, 6, 15)) == 1


def test_who_was_born_on_29_february_is_a_year_older_on_1_march() -> None:
    counted = Counted([registered(file=ChildFile(birth_date=date(2020, 2, 29), sex=Sex.MALE))])
    assert counted("children.age.0_5", date(2026, 2, 28)) == 1
    assert counted("children.age.6_13", date(2026, 3, 1)) == 1


def test_a_child_who_left_passes_to_no_age_band() -> None:
    counted = Counted([registered(), left(MARCH)])
    for band in ("0_5", "6_13", "14_15"):
        assert counted(f"children.age.{band}", date(2040, 1, 1)) == 0


def test_a_revision_moves_the_child_between_codes_and_nothing_else() -> None:
    counted = Counted([registered(), revised(MARCH)])
    assert counted("children.schooling.kindergarten", FEBRUARY) == 1
    assert counted("children.schooling.primary", MARCH) == 1
    assert counted("children.schooling.kindergarten", MARCH) == 0
    assert counted("files.open", MARCH) == 1
    assert counted("files.opened", MARCH, first=FEBRUARY) == 0


def test_a_transfer_is_seen_only_by_areas_that_do_not_hold_both_villages() -> None:
    counted = Counted([registered(), transferred(MARCH, FAR)])
    assert counted("files.closed.transferred_out", MARCH, area=HERE) == 1
    assert counted("files.opened.transferred_in", MARCH, area=FAR) == 1
    assert counted("files.closed.transferred_out", MARCH, area=HERE[:9]) == 1
    assert counted("files.opened.transferred_in", MARCH, area=FAR[:9]) == 1
    assert counted("files.closed", MARCH, area=HERE[:6]) == 0
    assert counted("files.open", MARCH, area=HERE[:6]) == 1


def test_a_transfer_within_a_township_is_no_change_of_the_township() -> None:
    counted = Counted([registered(), transferred(MARCH, NEXT)])
    assert counted("files.closed", MARCH, area=HERE[:9]) == 0
    assert counted("files.open", MARCH, area=NEXT) == 1


def test_a_leave_that_is_learned_late_takes_back_what_was_dated_after_it() -> None:
    counted = Counted([registered(), transferred(MARCH, FAR), left(FEBRUARY, recorded_on=APRIL)])
    assert counted("files.open", MARCH, known_on=MARCH, area=FAR) == 1
    assert counted("files.open", MARCH, area=FAR) == 0
    assert counted("files.opened.transferred_in", APRIL, area=FAR) == 0
    assert counted("files.closed.moved_away", APRIL, area=HERE) == 1
    assert counted("files.closed.moved_away", FEBRUARY, area=HERE) == 1


def test_a_leaving_found_to_have_been_earlier_counts_there_and_only_there() -> None:
    died = left(FEBRUARY, recorded_on=APRIL).model_copy(update={"reason": LeavingReason.DIED})
    counted = Counted([registered(), left(MARCH), died])
    assert (counted("files.open", FEBRUARY), counted("files.open", APRIL)) == (0, 0)
    assert (counted("files.closed.died", APRIL), counted("files.closed.moved_away", APRIL)) == (1, 0)
    assert (counted("files.open", FEBRUARY, MARCH), counted("files.closed.moved_away", MARCH, MARCH)) == (
        1,
        1,
    )


def test_a_revision_that_is_learned_late_holds_in_the_village_of_its_day() -> None:
    counted = Counted([registered(), transferred(MARCH, FAR), revised(FEBRUARY, recorded_on=APRIL)])
    assert counted("children.schooling.primary", FEBRUARY, area=HERE) == 1
    assert counted("children.schooling.primary", MARCH, area=FAR) == 1
    assert counted("children.schooling.kindergarten", FEBRUARY, known_on=MARCH, area=HERE) == 1


def test_a_file_closed_on_the_day_it_was_opened_is_counted_in_and_out() -> None:
    counted = Counted([registered(), left(JANUARY)])
    assert counted("files.opened.registered", JANUARY) == 1
    assert counted("files.closed.moved_away", JANUARY) == 1
    assert counted("files.open", JANUARY) == 0


def test_a_merged_file_closes_and_a_returned_child_counts_again() -> None:
    merged = ChildrenMerged(area=HERE, child_id=MEI, survivor_id=LAN, file=SIX_IN_JUNE, **dated(FEBRUARY))
    counted = Counted([registered(), merged, returned(MARCH)])
    assert counted("files.closed.merged", FEBRUARY) == 1
    assert counted("files.open", FEBRUARY) == 0
    assert counted("files.opened.returned", MARCH) == 1


def test_an_event_of_a_child_never_registered_is_refused() -> None:
    with pytest.raises(NeverRegistered):
        told(None, left(FEBRUARY))


DAYS = st.integers(0, 400).map(lambda day: date(2026, 1, 1) + timedelta(days=day))
AREAS = (HERE, NEXT, FAR, HERE[:9], FAR[:9], HERE[:6])
FILES = st.builds(
    ChildFile,
    birth_date=st.dates(date(2010, 2, 1), date(2025, 12, 31)),
    sex=st.sampled_from(Sex),
    schooling=st.sampled_from(Schooling),
    poor=st.sampled_from((True, False, None)),
)


@st.composite
def histories(draw: st.DrawFn) -> list[ChildEvent]:
    """Any history that is learned in the order of recorded_on, whatever the days it is true on."""
    recorded = sorted(draw(st.lists(DAYS, min_size=1, max_size=7)))
    birth = draw(st.dates(date(2010, 2, 1), date(2025, 12, 31)))
    history: list[ChildEvent] = []
    for known in recorded:
        on = draw(st.dates(date(2026, 1, 1), known)) if history else known
        area = draw(st.sampled_from((HERE, NEXT, FAR)))
        file = draw(FILES).model_copy(update={"birth_date": birth})
        about = {"child_id": MEI, "file": file, **dated(on, known)}
        choices: Sequence[ChildEvent] = (
            ChildFileRevised(area=area, former=file, **about),
            ChildTransferred(area=area, from_area=HERE, **about),
            ChildLeft(area=area, reason=draw(st.sampled_from(LeavingReason)), **about),
            ChildReturned(area=area, **about),
        )
        first = ChildRegistered(area=area, **about)
        history.append(draw(st.sampled_from(choices)) if history else first)
    return history


@with_any(histories(), DAYS, DAYS, DAYS)
def test_opening_and_in_and_out_make_closing_on_any_day_as_known_on_any_day(
    history: list[ChildEvent], one: date, other: date, known_on: date
) -> None:
    counted = Counted(history)
    first, last = min(one, other), max(one, other)
    for area in AREAS:
        opening = counted("files.open", first - timedelta(days=1), known_on, area)
        came = counted("files.opened", last, known_on, area, first)
        went = counted("files.closed", last, known_on, area, first)
        assert opening + came - went == counted("files.open", last, known_on, area)


@with_any(histories(), DAYS, DAYS)
def test_each_open_file_is_in_one_part_of_every_partition(
    history: list[ChildEvent], as_of: date, known_on: date
) -> None:
    counted = Counted(history)
    for area in AREAS:
        files_open = counted("files.open", as_of, known_on, area)
        assert files_open in {0, 1}
        for parts in PARTITIONS.values():
            numbers = [counted(part, as_of, known_on, area) for part in parts]
            assert min(numbers) >= 0
            assert sum(numbers) == files_open


@with_any(histories(), DAYS, DAYS)
def test_what_was_known_on_a_day_is_the_same_whatever_is_learned_later(
    history: list[ChildEvent], as_of: date, known_on: date
) -> None:
    then = Counted(event for event in history if event.recorded_on <= known_on)
    now = Counted(history)
    for area in AREAS:
        for measure in ("files.open", "children.under_6", "files.opened", "files.closed", "children.poor"):
            assert then(measure, as_of, area=area) == now(measure, as_of, known_on, area)


@with_any(histories(), DAYS)
def test_the_last_word_on_a_day_counts(history: list[ChildEvent], as_of: date) -> None:
    """Compared with a day's state told by each event in turn, from its day on, over whatever was said before."""
    state: tuple[str, ChildFile] | None = None
    for event in history:
        if event.on > as_of:
            continue
        match event:
            case ChildLeft():
                state = None
            case ChildFileRevised():
                state = state and (state[0], event.file)
            case ChildTransferred():
                state = state and (event.area, state[1])
            case _:
                state = (event.area, event.file)
    counted = Counted(history)
    for area in (HERE, NEXT, FAR):
        here = state is not None and state[0] == area
        assert counted("files.open", as_of, area=area) == here
        if here and state is not None:
            assert counted(f"children.schooling.{state[1].schooling.value}", as_of, area=area) == 1
