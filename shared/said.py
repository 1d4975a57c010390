"""Days, yes or no, and counts as a request may say them: what the OpenAPI document promises and nothing near it."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator, Strict
from pydantic_core import PydanticCustomError

YEAR_MIN, YEAR_MAX = 1900, 2199
"""Years that a day may lie in: a slip such as 0206 would have eighteen centuries of windows judged."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day_as_written(day: object) -> object:
    """Let pass only a day of the calendar: a number would be read as seconds since 1970."""
    if isinstance(day, date) and not isinstance(day, datetime):
        year = day.year
    elif isinstance(day, str) and _DAY.fullmatch(day):
        year = int(day[:4])
    else:
        raise PydanticCustomError("date_parsing", "a day is written YYYY-MM-DD")
    if not YEAR_MIN <= year <= YEAR_MAX:
        limits = {"first": YEAR_MIN, "last": YEAR_MAX}
        raise PydanticCustomError("day_out_of_range", "a day lies between {first} and {last}", limits)
    return day


def _number_as_number(count: object) -> object:
    if isinstance(count, bool) or not isinstance(count, int | float):
        raise PydanticCustomError("int_type", "a count is a number")
    return count


Day = Annotated[date, BeforeValidator(_day_as_written)]
"""A day, written YYYY-MM-DD, in a year from YEAR_MIN to YEAR_MAX."""

YesOrNo = Annotated[bool, Strict()]
"""true or false in a JSON body: a word or a number that stands for one is a mistake of the sender."""

A_NUMBER = BeforeValidator(_number_as_number)
"""Beside a whole number's limits in a JSON body: it may be written 3.0, but not as a text."""
