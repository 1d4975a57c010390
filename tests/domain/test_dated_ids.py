"""Ids that begin with a day: what came on one day lies side by side, and the same comes to the same."""

from datetime import date, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.contracts_export import SAMPLES
from services.contact.event_ids import RuleEvent, with_id
from shared.contracts.contact import DayAdvanced
from shared.dated_ids import dated_id, event_id
from shared.decider import rule_id
from shared.event_store import NewEvent

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
AREAS = st.sampled_from((6, 9, 12)).flatmap(
    lambda digits: st.text("0123456789", min_size=digits, max_size=digits)
)
NAMED = {
    "VisitLogged": ("visit_logged", ("visit_id",)),
    "WindowJudged": ("window_judged", ("kind", "on", "area", "part")),
    "ContactMissed": ("contact_missed", ("child_id", "kind", "on")),
    "ContactEscalated": ("contact_escalated", ("child_id", "kind", "first_opens", "level")),
    "ContactMadeGood": ("contact_made_good", ("child_id", "kind", "on")),
    "MissWithdrawn": ("miss_withdrawn", ("child_id", "kind", "on")),
    "DayAdvanced": ("day_advanced", ("area", "on")),
}
"""The rule that says each of contact's events, and what of the event tells one firing from another."""


def sample_of(event_class: type[RuleEvent]) -> RuleEvent:
    return event_class.model_validate_json((SAMPLES / f"{event_class.__name__}.v1.json").read_bytes())


@given(st.uuids(), st.uuids(), DAYS, st.integers(1, 1_000))
def test_what_came_on_a_later_day_lies_behind_all_that_came_before(
    one: UUID, other: UUID, day: date, days: int
) -> None:
    assert dated_id(one, day) < dated_id(other, day + timedelta(days=days))


@given(st.uuids(version=5), DAYS)
def test_an_id_says_its_day_and_keeps_the_rest_of_its_name(name: UUID, day: date) -> None:
    given_id = dated_id(name, day)
    assert date.fromordinal(int(given_id.hex[:6], 16)) == day
    assert (given_id.hex[6:12], given_id.hex[13:]) == (name.hex[6:12], name.hex[13:])
    assert (given_id.version, given_id.variant) == (8, "specified in RFC 4122")


def told(area: str, recorded_on: date) -> DayAdvanced:
    return DayAdvanced(area=area, on=date(1990, 1, 1), recorded_on=recorded_on)


@given(st.tuples(st.uuids(), AREAS), st.tuples(st.uuids(), AREAS), DAYS, st.integers(1, 1_000))
def test_an_event_recorded_on_a_later_day_lies_behind_all_before_it_of_any_area(
    one: tuple[UUID, str], other: tuple[UUID, str], day: date, days: int
) -> None:
    (name, area), (later_name, elsewhere) = one, other
    later = told(elsewhere, day + timedelta(days=days))
    assert event_id(name, told(area, day)) < event_id(later_name, later)


@given(st.lists(st.tuples(st.uuids(), AREAS), min_size=2), DAYS)
def test_events_of_one_day_lie_in_the_order_of_their_areas(named: list[tuple[UUID, str]], day: date) -> None:
    in_order = sorted(named, key=lambda one: event_id(one[0], told(one[1], day)))
    townships = [int(area[:9].ljust(9, "0")) // 64 for _, area in in_order]
    assert townships == sorted(townships)


@given(st.uuids(version=5), AREAS, DAYS)
def test_an_event_s_id_says_its_day_and_keeps_the_rest_of_its_name(name: UUID, area: str, day: date) -> None:
    given_id = event_id(name, told(area, day))
    assert date.fromordinal(int(given_id.hex[:6], 16)) == day
    assert given_id.hex[13:] == name.hex[13:]
    assert (given_id.version, given_id.variant) == (8, "specified in RFC 4122")


@pytest.mark.parametrize("event_class", get_args(RuleEvent))
def test_contact_gives_its_events_the_ids_that_their_rules_names_have_everywhere(
    event_class: type[RuleEvent],
) -> None:
    event, (rule, parts) = sample_of(event_class), NAMED[event_class.__name__]
    name = rule_id(rule, *(getattr(event, part) for part in parts))
    assert with_id(event).event_id == event_id(name, event) == NewEvent.named(name, event).event_id
