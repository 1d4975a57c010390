"""From the bytes of a file to its sheets: Excel workbooks of both kinds by content, else delimited text."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from io import BytesIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from shared.garbage import give_back
from shared.papers.delimited import read_delimited
from shared.papers.faults import PaperRefused
from shared.papers.limits import CELLS_MAX, COLUMNS_MAX, FILE_BYTES_MAX, MIB, ROWS_MAX, SHEETS_MAX
from shared.papers.table import Cell, Position, Texts
from shared.papers.xls import check_xls
from shared.papers.xlsx import check_xlsx

ZIP = b"PK\x03\x04"
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
NOT_TABLES: Mapping[bytes, str] = {
    b"%PDF": "paper_is_pdf",
    b"\x89PNG": "paper_is_picture",
    b"\xff\xd8\xff": "paper_is_picture",
    b"GIF8": "paper_is_picture",
    b"BM": "paper_is_picture",
    b"II*\x00": "paper_is_picture",
    b"MM\x00*": "paper_is_picture",
    b"{\\rtf": "paper_is_word",
    b"Rar!": "paper_is_archive",
    b"7z\xbc\xaf": "paper_is_archive",
    b"\x1f\x8b": "paper_is_archive",
    b"PK\x05\x06": "paper_damaged",
}
"""How the files begin that people send in place of a table; BM alone may begin a text, see below."""

WEB_PAGE = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|table|meta|\?xml|\?mso|!--|div|body)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows from the first of the file on, so that row n of the file is rows[n - 1]."""

    name: str
    rows: list[list[Cell]]
    formulas: Collection[Position] = ()


def read_sheets(content: bytes) -> list[Sheet]:
    """Return the sheets of the file whose bytes are *content*: of a workbook all worksheets, of a text one.

    Raises PaperRefused, and nothing else, whatever the bytes are.
    """
    if len(content) > FILE_BYTES_MAX:
        raise PaperRefused("paper_too_large", mib=len(content) // MIB, mib_max=FILE_BYTES_MAX // MIB)
    if not content.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise PaperRefused("paper_empty")
    if content.startswith(ZIP):
        return workbook_sheets(*check_xlsx(content))
    if content.startswith(COMPOUND):
        workbook, formulas = check_xls(content)
        return workbook_sheets(BytesIO(workbook), formulas)
    refuse_other_files(content)
    return [Sheet(name="CSV", rows=read_delimited(content))]


def refuse_other_files(content: bytes) -> None:
    """Raise PaperRefused for a file that shows by its first bytes that it is no table."""
    if WEB_PAGE.match(content[:2000]):
        raise PaperRefused("paper_is_web_page")
    for beginning, code in NOT_TABLES.items():
        if content.startswith(beginning) and (len(beginning) > len(b"BM") or b"\x00" in content[:64]):
            raise PaperRefused(code)


def workbook_sheets(file: BytesIO, formulas: Mapping[str, Collection[Position]]) -> list[Sheet]:
    """Return the worksheets of a workbook that was found safe to open; *file* is closed."""
    texts = Texts()
    sheets = reading_safely(
        lambda: [
            Sheet(texts[sheet.name], rows_of(sheet, texts), formulas.get(sheet.name, ()))
            for sheet in laid_out(file)
        ]
    )
    give_back()
    return sheets


def rows_of(sheet: CalamineSheet, texts: Texts) -> list[list[Cell]]:
    return [[texts[cell] if type(cell) is str else cell for cell in row] for row in sheet.iter_rows()]


def laid_out(file: BytesIO) -> list[CalamineSheet]:
    """Return the worksheets as their reader lays them out.

    What it reads from is let go as soon as may be: a workbook's bytes, its own copy of them and the cells are
    each as large as the others.
    """
    with CalamineWorkbook.from_filelike(file) as workbook:
        file.close()
        names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
        if len(names) > SHEETS_MAX:
            raise PaperRefused("paper_too_many_sheets", sheets=len(names), sheets_max=SHEETS_MAX)
        sheets, cells_left = [], CELLS_MAX
        for name in names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.start is None:
                continue
            # What they count is the last from 0 on.
            rows, columns = sheet.total_height + 1, sheet.total_width + 1
            refuse_too_wide_or_long(name, rows, columns)
            cells_left -= rows * columns
            if cells_left < 0:
                raise PaperRefused("paper_too_many_cells", cells_max=CELLS_MAX)
            sheets.append(sheet)
    return sheets


def refuse_too_wide_or_long(name: str, rows: int, columns: int) -> None:
    if rows > ROWS_MAX:
        raise PaperRefused("paper_too_many_rows", sheet=name, rows=rows, rows_max=ROWS_MAX)
    if columns > COLUMNS_MAX:
        raise PaperRefused("paper_too_many_columns", sheet=name, columns=columns, columns_max=COLUMNS_MAX)


def reading_safely(read: Callable[[], list[Sheet]]) -> list[Sheet]:
    """Return what *read* gives; a workbook that its reader cannot make sense of is refused as damaged."""
    try:
        return read()
    except PasswordError:
        raise PaperRefused("paper_has_password") from None
    except (CalamineError, ValueError, OverflowError, OSError) as error:
        raise PaperRefused("paper_damaged") from error
    except BaseException as error:
        # A panic of the reader, which is compiled, comes as a BaseException of its own.
        if type(error).__name__ != "PanicException":
            raise
        raise PaperRefused("paper_damaged") from error
