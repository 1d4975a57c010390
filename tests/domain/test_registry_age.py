"""Ages and birthdays (policy.md, Commitments and windows)."""

from datetime import date

import pytest

from services.registry.domain.age import age_on, sixteen_on


def test_childhood_ends_on_the_sixteenth_birthday() -> None:
    assert date(2026, 8, 12) == sixteen_on(date(2010, 8, 12))


def test_born_on_29_february_becomes_sixteen_on_1_march() -> None:
    assert date(2028, 3, 1) == sixteen_on(date(2012, 2, 29))


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2010, 8, 12), date(2026, 8, 11), 15),
        (date(2010, 8, 12), date(2026, 8, 12), 16),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2012, 2, 29), date(2028, 2, 29), 15),
        (date(2020, 12, 31), date(2020, 12, 31), 0),
    ],
)
def test_age_is_counted_in_full_years(born: date, day: date, years: int) -> None:
    assert years == age_on(born, day)
