"""The refused rows of a paper as a workbook in the layout they came in, ready to be mended."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from shared.messages import Language, text
from shared.papers.faults import Fault
from shared.papers.limits import CELL_CHARS_MAX
from shared.papers.table import Cells, Table
from shared.papers.text import as_text, as_texts

WIDTH, TOLD_WIDTH = 14, 60
"""Column widths in characters: of the paper's own columns, and of the one that tells what is wrong."""
FAULTY, TOLD, HEADING = "#FFD9D9", "#FFF3C4", "#E7EDF3"
SHEET = "Sheet1"
SHEET_NAME_MAX = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\\]|^'|'$")

Refused = Sequence[tuple[int, Sequence[Fault]]]


def refused_workbook(table: Table, refused: Refused, language: Language | str = Language.ZH) -> bytes:
    """Return a workbook (.xlsx) of the rows with the given numbers and, in a last column, what is wrong.

    It has the title rows, headings and column order of *table*, every cell as text, and can be taken in
    again as it is once it is mended: the last column is known and not read.
    """
    file = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(file, options)
    RefusedSheet(workbook, table, Language(language)).write(refused)
    workbook.close()
    return file.getvalue()


def keep_refused(table: Table, refused: Refused) -> dict[str, Any]:
    """Return what `kept_workbook` needs of the refused rows, as the vault takes it; it holds personal data."""
    wanted = dict(refused)
    return {
        "sheet": table.sheet,
        "titles": [as_texts(row) for row in table.titles],
        "headings": [as_texts(row) for row in table.headings],
        "columns": dict(table.columns),
        "labels": dict(table.labels),
        "rows": [(number, as_texts(cells)) for number, cells in table.rows if number in wanted],
        "faults": refused,
    }


def kept_workbook(kept: Mapping[str, Any], language: Language | str = Language.ZH) -> bytes:
    """Return the workbook of refused rows that were kept by `keep_refused`, made when somebody asks for it."""
    table = Table(
        kept["sheet"], kept["titles"], kept["headings"], kept["columns"], kept["labels"], kept["rows"]
    )
    refused = [(number, [Fault(**fault) for fault in faults]) for number, faults in kept["faults"]]
    return refused_workbook(table, refused, language)


class RefusedSheet:
    """The one sheet of the workbook, written from the top down."""

    def __init__(self, workbook: Any, table: Table, language: Language) -> None:
        self.table = table
        self.language = language
        self.told_column = max([len(row) for row in table.headings], default=0)
        self.sheet = workbook.add_worksheet(NOT_IN_SHEET_NAMES.sub("", table.sheet[:SHEET_NAME_MAX]) or SHEET)
        self.as_text = workbook.add_format({"num_format": "@"})
        self.faulty = workbook.add_format({"num_format": "@", "bg_color": FAULTY})
        self.told = workbook.add_format(
            {"num_format": "@", "bg_color": TOLD, "text_wrap": True, "valign": "top"}
        )
        self.heading = workbook.add_format({"num_format": "@", "bold": True, "bg_color": HEADING})

    def write(self, refused: Refused) -> None:
        self.sheet.set_column(0, self.told_column - 1, WIDTH, self.as_text)
        self.sheet.set_column(self.told_column, self.told_column, TOLD_WIDTH)
        above = [*self.table.titles, *self.table.headings]
        for line, row in enumerate(above):
            self._line(line, row, {}, self.as_text if line < len(self.table.titles) else self.heading)
            if line == len(self.table.titles):
                self._cell(line, self.told_column, text("to_be_mended", self.language), self.told)
        self.sheet.freeze_panes(len(above), 0)
        rows = dict(self.table.rows)
        for line, (number, faults) in enumerate(refused, len(above)):
            self._line(line, rows[number], dict.fromkeys(self._columns_of(faults), self.faulty), self.as_text)
            self._cell(line, self.told_column, self._told(number, faults), self.told)

    def _line(self, line: int, cells: Cells, formats: Mapping[int, Any], usual: Any) -> None:
        for column, cell in enumerate(cells[: self.told_column]):
            self._cell(line, column, as_text(cell), formats.get(column, usual))

    def _cell(self, line: int, column: int, words: str, form: Any) -> None:
        # Only write_string: whatever a cell begins with, it never becomes a formula or a link.
        if words:
            self.sheet.write_string(line, column, words[:CELL_CHARS_MAX], form)
        else:
            self.sheet.write_blank(line, column, None, form)

    def _columns_of(self, faults: Sequence[Fault]) -> list[int]:
        labelled = {label: self.table.columns[column] for column, label in self.table.labels.items()}
        return [labelled[fault.column] for fault in faults if fault.column in labelled]

    def _told(self, number: int, faults: Sequence[Fault]) -> str:
        whats = "\n".join(fault.told(self.language) for fault in faults)
        return text("refused_row", self.language, number=number, faults=whats)
