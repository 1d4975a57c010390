"""Ages and birthdays as the registry counts them."""

from datetime import date

CHILDHOOD_ENDS = 16
"""A child's file closes by itself on this birthday (policy.md, Commitments and windows)."""


def birthday(born: date, years: int) -> date:
    """Return the day on which somebody born on *born* becomes *years* old.

    Who was born on 29 February has the birthday on 1 March, in leap years too (policy.md, Commitments
    and windows).
    """
    if (born.month, born.day) == (2, 29):
        return date(born.year + years, 3, 1)
    return born.replace(year=born.year + years)


def sixteen_on(born: date) -> date:
    """Return the first day on which somebody born on *born* no longer counts as a child."""
    return birthday(born, CHILDHOOD_ENDS)
