"""Ages and birthdays (policy.md, Commitments and windows)."""

from datetime import date

from services.registry.domain.age import sixteen_on


def test_childhood_ends_on_the_sixteenth_birthday() -> None:
    assert date(2026, 8, 12) == sixteen_on(date(2010, 8, 12))


def test_born_on_29_february_becomes_sixteen_on_1_march() -> None:
    assert date(2028, 3, 1) == sixteen_on(date(2012, 2, 29))
