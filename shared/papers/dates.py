"""Days as papers write them: a real date, a serial number, 2015年8月19日, 2015.8.19, 20150819."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from shared.papers.table import Cell
from shared.papers.text import NOTHING, TEXTS_REMEMBERED, code, spaced

SERIAL_ORIGIN = date(1899, 12, 30)
"""Day 0 of the office programs' serial numbers, for every day since March 1900."""

SERIAL_MIN, SERIAL_MAX = 25_569, 73_050
"""1970-01-01 to 2099-12-31: a smaller number is more likely a year or an age than a day."""

YEAR_MIN, YEAR_MAX = 1900, 2099

MISSING = "row_date_missing"
IMPOSSIBLE = "row_date_impossible"
NO_DAY = "row_date_no_day"
UNREADABLE = "row_date_unreadable"

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
SEPARATED = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})", re.ASCII)
CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]?", re.ASCII)
EIGHT_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
SERIAL = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
MONTH_ONLY = re.compile(r"\d{4}(?:年(?:\d{1,2}月?)?|[-./]\d{1,2}|0[1-9]|1[0-2])?", re.ASCII)
TIME_OF_DAY = re.compile(r"(?:[ T]|(?<=日))\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?$", re.ASCII)
DASHES = str.maketrans(dict.fromkeys("–—−‐‑‒―", "-") | dict.fromkeys("。｡", "."))


def read_date(cell: Cell) -> date | str:
    """Return the day that *cell* holds, or the code of what is wrong with it.

    A time of day beside it is passed by. A month without a day is no day, and nothing is guessed from
    two-digit years or from a day that stands before its month.
    """
    if isinstance(cell, str):
        return read_text(cell)
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return read_number(cell)
    return UNREADABLE


def read_number(number: float) -> date | str:
    """Return the day of a serial number, or of a number like 20150819."""
    if SERIAL_MIN <= number < SERIAL_MAX + 1:
        return SERIAL_ORIGIN + timedelta(days=int(number))
    if float(number).is_integer():
        return read_text(str(int(number)))
    return NO_DAY if YEAR_MIN <= number < YEAR_MAX + 1 else UNREADABLE


@lru_cache(maxsize=TEXTS_REMEMBERED)
def read_text(text: str) -> date | str:
    """Return the day that *text* writes out, or the code of what is wrong with it."""
    if found := ISO.fullmatch(text):
        return day_of(*found.groups())
    return read_loosely(text)


def read_loosely(text: str) -> date | str:
    plain = code(TIME_OF_DAY.sub("", spaced(text))).translate(DASHES)
    if plain in NOTHING:
        return MISSING
    if found := CHINESE.fullmatch(plain) or EIGHT_DIGITS.fullmatch(plain):
        return day_of(*found.groups())
    if found := SEPARATED.fullmatch(plain):
        return day_of(found[1], found[3], found[4])
    if SERIAL.fullmatch(plain) and SERIAL_MIN <= float(plain) < SERIAL_MAX + 1:
        return SERIAL_ORIGIN + timedelta(days=int(float(plain)))
    return NO_DAY if MONTH_ONLY.fullmatch(plain) else UNREADABLE


def day_of(year: str, month: str, day: str) -> date | str:
    """Return the day, or that the calendar has no such day."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return IMPOSSIBLE
