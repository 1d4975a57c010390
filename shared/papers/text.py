"""Cells as text, and the small differences of form that mean nothing: widths, spaces, invisible signs."""

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache

from shared.papers.table import Cell, Cells

EXACT_DIGITS = 10**15
"""Office programs keep fifteen digits of a number; a longer one came rounded."""

TEXTS_REMEMBERED = 20_000
"""The same villages, kinds and days stand in thousands of rows: each is normalised once."""

NOTHING = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "无", "暂无", "没有", "空", "不详", "未知", "N/A", "NULL", "None"}
)
"""What papers write into a cell that has nothing to say."""

APOSTROPHES = "'’‘`"
"""What office programs put before a number that is a text; it says nothing."""
INVISIBLE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x1f\x7f]+")
FULL_WIDTH = re.compile(r"[\uff01-\uff5e]")
HAN = r"[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
SPACE_BESIDE_HAN = re.compile(rf"(?<={HAN}) +| +(?={HAN})")
NAME_DOTS = re.compile(rf"(?<={HAN})[•‧∙・･⋅.·](?={HAN})")


def as_text(cell: Cell) -> str:
    """Return *cell* as a person reads it on the sheet: 1.0 as 1, a day as 2015-08-19."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_DIGITS:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time() != datetime.min.time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def as_texts(cells: Cells) -> tuple[str, ...]:
    """Return the cells of a row as a person reads them."""
    return tuple([cell if type(cell) is str else as_text(cell) for cell in cells])


def is_plain(text: str) -> bool:
    """Return whether *text* is letters, digits and signs of one width without a space, as most cells are."""
    return text.isalnum() and unicodedata.is_normalized("NFKC", text)


def compact(text: str) -> str:
    """Return *text* in one width and without any space, for codes, numbers and headings."""
    return text if is_plain(text) else compacted(text)


def code(text: str) -> str:
    """Return *text* as a code or a day is read: compact, without the apostrophe that keeps digits a text."""
    return compact(text).strip(APOSTROPHES)


def spaced(text: str) -> str:
    """Return *text* in one width, with single spaces, and none beside a Chinese character."""
    return text if is_plain(text) else spaced_out(text)


@lru_cache(maxsize=TEXTS_REMEMBERED)
def compacted(text: str) -> str:
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=TEXTS_REMEMBERED)
def spaced_out(text: str) -> str:
    single = INVISIBLE.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    return SPACE_BESIDE_HAN.sub("", single)


def person_name(cell: Cell) -> str:
    """Return a person's name: one width, no spaces inside a Chinese name, one kind of dot; empty for none."""
    text = as_text(cell)
    name = text if is_plain(text) else NAME_DOTS.sub("·", spaced_out(text))
    return "" if name in NOTHING else name


def free_text(cell: Cell) -> str:
    """Return what a cell says, or nothing where it holds a sign for nothing."""
    text = spaced(as_text(cell))
    return "" if text in NOTHING else text


def phone_number(cell: Cell) -> str:
    """Return a phone's digits, without the signs people put between them; empty for none."""
    text = as_text(cell)
    if text.isdecimal() and text.isascii():
        return text
    text = compact(text).lstrip("'’`")
    return "" if text in NOTHING else text.removeprefix("+86").replace("-", "")


def is_full_width(text: str) -> bool:
    """Return whether *text* has digits, letters or signs of double width."""
    return FULL_WIDTH.search(text) is not None
