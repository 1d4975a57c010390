"""Text files of rows: which encoding, which separator, and then the cells."""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from io import StringIO
from itertools import islice

from shared.papers.faults import PaperRefused
from shared.papers.limits import CELLS_MAX, COLUMNS_MAX, ROWS_MAX
from shared.papers.table import Cell, Texts

SEPARATORS = (",", "\t", ";")
SNIFFED_ROWS = 40
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def read_delimited(content: bytes) -> list[list[Cell]]:
    """Return the rows of a text file as it comes out of an office program.

    Raises PaperRefused when it is no text, has no columns, or has an open quotation mark.
    """
    text = decoded(content)
    if CONTROL.search(text):
        raise PaperRefused("paper_not_a_table")
    separator = separator_of(text)
    try:
        return rows_of(text, separator)
    except csv.Error as error:
        raise PaperRefused("paper_quotes_open") from error


def decoded(content: bytes) -> str:
    """Return the text: by its byte order mark, else UTF-8, else GB18030, each strictly."""
    try:
        if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return content.decode("utf-16")
        if content.startswith(BOM_UTF8):
            return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PaperRefused("paper_encoding_unknown") from error
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PaperRefused("paper_not_a_table")


def separator_of(text: str) -> str:
    """Return the separator that stands most often in the first rows, all of them: one line may be full of another."""
    found = {separator: times(text, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: found[separator])
    if not found[best]:
        raise PaperRefused("paper_not_a_table")
    return best


def times(text: str, separator: str) -> int:
    """Return how often *separator* parts two cells of the first rows."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    try:
        return sum(max(len(row) - 1, 0) for row in islice(reader, SNIFFED_ROWS))
    except csv.Error:
        return 0


def rows_of(text: str, separator: str) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    texts, cells_left = Texts(), CELLS_MAX
    for row in csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True):
        rows.append([texts[cell] for cell in row])
        if len(rows) > ROWS_MAX:
            raise PaperRefused("paper_too_many_rows", sheet="CSV", rows=len(rows), rows_max=ROWS_MAX)
        if len(row) > COLUMNS_MAX:
            raise PaperRefused(
                "paper_too_many_columns", sheet="CSV", columns=len(row), columns_max=COLUMNS_MAX
            )
        cells_left -= len(row)
        if cells_left < 0:
            raise PaperRefused("paper_too_many_cells", cells_max=CELLS_MAX)
    return rows
