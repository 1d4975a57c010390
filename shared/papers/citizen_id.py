"""Citizen ids of GB 11643-1999: what a cell holds, whether its checksum is right, and what it says of its child."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from shared.contracts.event import Sex
from shared.papers.table import Cell
from shared.papers.text import APOSTROPHES, TEXTS_REMEMBERED, as_text, compact, is_full_width

LENGTH = 18
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_SIGNS = "10X98765432"
"""ISO 7064 MOD 11-2: the sign for each remainder of the weighted sum."""

WELL_FORMED = re.compile(r"\d{17}[\dX]", re.ASCII)
OLD_NUMBER = re.compile(r"\d{15}", re.ASCII)
ROUNDED_TEXT = re.compile(r"\d(?:\.\d+)?E\+?\d\d", re.ASCII | re.IGNORECASE)
NO_NUMBER = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "暂无",
        "没有",
        "空",
        "不详",
        "未知",
        "未办理",
        "未办",
        "待办",
        "待补",
    }
    | {"无户口", "未上户", "未上户口", "未落户", "未入户", "黑户"}
)
"""What papers write for a child that has no number."""

ROUNDED = "row_citizen_id_rounded"
OLD = "row_citizen_id_15"
MALFORMED = "row_citizen_id_malformed"
CHECKSUM = "row_citizen_id_checksum"
IMPOSSIBLE_BIRTH = "row_citizen_id_birth"

MENDED_FULL_WIDTH = "mended_full_width"
MENDED_SMALL_X = "mended_small_x"
MENDED_SPACES = "mended_spaces"
MENDED_APOSTROPHE = "mended_apostrophe"


@dataclass(frozen=True, slots=True)
class ReadId:
    """What a cell for a citizen id holds: a right number, none (both None), or a fault's code."""

    number: str | None = None
    fault: str | None = None
    mended: tuple[str, ...] = ()


NO_ID = ReadId()


def read_citizen_id(cell: Cell) -> ReadId:
    """Return the citizen id in *cell* (policy.md, The papers); one that came as a rounded number is never repaired."""
    if isinstance(cell, str):
        return read_id_text(cell)
    text = as_text(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and len(text) > len("123456789012345"):
        return ReadId(fault=ROUNDED)
    return read_id_text(text)


@lru_cache(maxsize=TEXTS_REMEMBERED)
def read_id_text(text: str) -> ReadId:
    if len(text) == LENGTH and text.isascii() and WELL_FORMED.fullmatch(text):
        return ReadId(number=text) if (fault := fault_of(text)) is None else ReadId(fault=fault)

    plain = compact(text)
    number = plain.strip(APOSTROPHES).upper()
    if number in NO_NUMBER:
        return NO_ID
    fault = fault_of(number)
    return ReadId(fault=fault) if fault else ReadId(number=number, mended=what_was_mended(text, plain))


def what_was_mended(text: str, plain: str) -> tuple[str, ...]:
    """Return what had to be put right to come from *text* to a right number."""
    mended = []
    if is_full_width(text.strip()):
        mended.append(MENDED_FULL_WIDTH)
    if plain.strip(APOSTROPHES)[-1] == "x":
        mended.append(MENDED_SMALL_X)
    if len(plain) != len(text):
        mended.append(MENDED_SPACES)
    if plain[0] in APOSTROPHES or plain[-1] in APOSTROPHES:
        mended.append(MENDED_APOSTROPHE)
    return tuple(mended)


def fault_of(number: str) -> str | None:
    """Return the code of what is wrong with *number*, or None."""
    if not WELL_FORMED.fullmatch(number):
        return fault_of_form(number)
    if check_sign(number) != number[-1]:
        return ROUNDED if number.endswith("000") else CHECKSUM
    return None if birth_date_of(number) else IMPOSSIBLE_BIRTH


def fault_of_form(number: str) -> str:
    if ROUNDED_TEXT.fullmatch(number):
        return ROUNDED
    return OLD if OLD_NUMBER.fullmatch(number) else MALFORMED


def check_sign(number: str) -> str:
    """Return the eighteenth sign that belongs to the first seventeen digits."""
    return CHECK_SIGNS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number, strict=False)) % 11]


@lru_cache(maxsize=10_000)
def birth_date_of_digits(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def birth_date_of(number: str) -> date | None:
    """Return the birth date that *number* says, or None where the calendar has no such day."""
    return birth_date_of_digits(number[6:14])


def sex_of(number: str) -> Sex:
    """Return the sex that *number* says: an odd seventeenth digit is a male's."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
