"""The question a page answers stands in its address, and links keep it."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from services.reporting.pages.asked import NoDay, asked_by

LATEST = date(2026, 11, 23)


def test_an_address_without_days_asks_for_the_year_up_to_the_latest_day() -> None:
    asked = asked_by("431299", {}, LATEST)
    assert (asked.as_of, asked.known_on) == (LATEST, LATEST)
    assert (asked.first, asked.last) == (date(2026, 1, 1), LATEST)
    assert not asked.past


def test_a_page_that_named_no_day_leads_to_pages_that_follow_too() -> None:
    assert asked_by("431299", {}, LATEST).page_of("431299101") == "/areas/431299101"


def test_a_page_that_named_a_day_keeps_it_and_only_it() -> None:
    asked = asked_by("431299", {"as_of": "2026-06-30"}, LATEST)
    assert asked.past
    assert asked.page_of("431299101") == "/areas/431299101?as_of=2026-06-30"


def test_a_list_is_asked_for_all_days_of_its_number() -> None:
    asked = asked_by("431299", {"known_on": "2026-09-01"}, LATEST)
    link = urlsplit(asked.list_of("windows.missed"))
    assert link.path == "/lists/windows.missed"
    assert parse_qs(link.query) == {
        "area": ["431299"],
        "as_of": ["2026-11-23"],
        "known_on": ["2026-09-01"],
        "from": ["2026-01-01"],
        "to": ["2026-11-23"],
    }


def test_a_month_is_asked_as_of_its_last_day() -> None:
    month = asked_by("431299", {}, LATEST).within(date(2026, 3, 1), date(2026, 3, 31))
    assert month.as_of == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"as_of": "23.11.2026"}, "as_of"),
        ({"known_on": "2026-02-30"}, "known_on"),
        ({"from": "0001-01-01"}, "from"),
        ({"from": "2026-06-01", "to": "2026-05-01"}, "from"),
    ],
)
def test_a_day_that_is_none_is_named(query: dict[str, str], name: str) -> None:
    with pytest.raises(NoDay) as refused:
        asked_by("431299", query, LATEST)
    assert str(refused.value) == name
