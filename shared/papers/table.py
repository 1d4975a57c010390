"""A table found on a sheet: its title rows, its headings, and its rows with their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from shared.papers.limits import CELL_CHARS_MAX

Cell = str | int | float | bool | date | datetime | time | timedelta
"""A cell as the reader gives it; an empty cell is an empty string."""

Cells = Sequence[Cell]

Position = tuple[int, int]
"""Row and column of a cell, both from 0."""


TEXTS_TOLD_APART_MAX = 100_000
"""Of a paper that says something else in each cell only so many are remembered."""


class Texts(dict[str, str]):
    """Each text of a paper as one object, however many cells say the same: four of five do.

    A space stands for NUL, which some programs fill a cell up with: nobody sees it, and PostgreSQL keeps it in
    no text. What is longer than any cell can be is cut one sign beyond it: it is too long for what is read.
    """

    def __missing__(self, text: str) -> str:
        kept = text.replace("\x00", " ")[: CELL_CHARS_MAX + 1]
        if len(self) < TEXTS_TOLD_APART_MAX:
            self[text] = kept
        return kept


@dataclass(frozen=True, slots=True)
class Table:
    """The one table of a paper."""

    sheet: str
    """The sheet's name; "CSV" for delimited text."""
    titles: Sequence[Cells]
    """The rows above the headings."""
    headings: Sequence[Cells]
    """One heading row, or two where a group stands over its columns."""
    columns: Mapping[str, int]
    """Where each column that was recognised stands, from 0."""
    labels: Mapping[str, str]
    """How the paper itself calls each column that was recognised."""
    rows: Sequence[tuple[int, Cells]]
    """The rows with their number in the file, from 1, as the office program shows it."""
    unknown: Sequence[str] = field(default_factory=tuple)
    """Headings that mean nothing to the reader: told, not read."""
    missing: Sequence[str] = field(default_factory=tuple)
    """Columns that may be there and are not."""
    unread_sheets: Sequence[str] = field(default_factory=tuple)
    """Other sheets of the workbook that hold something."""
