"""Ids that begin with a day: what came on one day lies side by side, and the same comes to the same."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contact.event_ids import with_id
from shared.contracts.contact import DayAdvanced
from shared.contracts.event import Event
from shared.dated_ids import dated_id
from shared.decider import rule_id
from shared.event_store import NewEvent

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
DAY = date(2026, 3, 1)


def advanced(on: date, recorded_on: date) -> DayAdvanced:
    return DayAdvanced(area="431299", on=on, recorded_on=recorded_on)


@given(st.uuids(), st.uuids(), DAYS, st.integers(1, 1_000))
def test_what_came_on_a_later_day_lies_behind_all_that_came_before(
    one: UUID, other: UUID, day: date, days: int
) -> None:
    assert dated_id(one, day) < dated_id(other, day + timedelta(days=days))


@given(st.uuids(version=5), DAYS)
def test_an_id_says_its_day_and_keeps_the_rest_of_what_it_is_named(named: UUID, day: date) -> None:
    told = dated_id(named, day)
    assert date.fromordinal(int(told.hex[:6], 16)) == day
    assert (told.hex[6:12], told.hex[13:]) == (named.hex[6:12], named.hex[13:])
    assert (told.version, told.variant) == (8, "specified in RFC 4122")


def test_an_event_has_the_day_it_was_recorded_on_and_not_the_day_it_is_true() -> None:
    late: Event = advanced(DAY, DAY + timedelta(days=9))
    assert NewEvent.caused(UUID(int=1), late).event_id == dated_id(UUID(int=1), late.recorded_on)


@given(DAYS, DAYS)
def test_contact_names_its_events_as_everybody_else_does(on: date, recorded_on: date) -> None:
    event = advanced(on, recorded_on)
    assert with_id(event).event_id == NewEvent.caused(rule_id("day_advanced", event.area, on), event).event_id
