"""Finding the one table of a paper: which sheet has it, what its columns are, and which rows are rows."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from shared.papers.faults import PaperRefused
from shared.papers.headings import SERIAL, TO_BE_MENDED, Headings, Layout, find_headings, plain
from shared.papers.limits import FORMULAS_NAMED_MAX
from shared.papers.sheet import Sheet, read_sheets
from shared.papers.table import Cell, Cells, Table
from shared.papers.text import TEXTS_REMEMBERED, as_text, compact
from shared.papers.xlsx_sheet import column_letters

SUM = re.compile(r"(?:合计|总计|小计|共计|总数|总人数)(?:$|[:\d(].*)")
SIGNATURE = re.compile(
    r"(?:(?:单位)?负责人|填[表报]人|审核人|复核人|制表人?|经办人|统计人|签[字名]|盖章|填[表报]单位|(?:填[表报]|制表)?(?:日期|时间)"
    r"|备注|附?注|(?:填表)?说明|联系电话)(?:$|[:(].*)"
)
ALONE = re.compile(r"共\d+[人名户].*|以上.*|\d{4}年\d{1,2}月\d{1,2}日|注\d?[、.].*")
"""How the lines below a table begin: sums, signatures, and notes that stand alone in their row."""
FOOT_CELLS_MAX = 8
"""A line below a table fills few cells; a row that fills more is a row."""
Found = tuple[Sheet, Headings]


def read_table(content: bytes, layout: Layout) -> Table:
    """Return the one table of the paper whose bytes are *content*.

    Raises PaperRefused when there is none, more than one, a column is missing or stands there twice, or
    cells that would be read hold formulas.
    """
    sheets = [sheet for sheet in read_sheets(content) if any(map(says_something, sheet.rows))]
    if not sheets:
        raise PaperRefused("paper_empty")
    sheet, headings = the_one(sheets, layout)
    return table_of(sheet, headings, layout, [other.name for other in sheets if other is not sheet])


def read_short_table(content: bytes, layout: Layout, rows_max: int) -> Table:
    """Return what `read_table` does, where it has at most *rows_max* rows; raises PaperRefused for more as well."""
    table = read_table(content, layout)
    if len(table.rows) > rows_max:
        raise PaperRefused("paper_too_many_rows", sheet=table.sheet, rows=len(table.rows), rows_max=rows_max)
    return table


def the_one(sheets: Sequence[Sheet], layout: Layout) -> Found:
    """Return the sheet that has the headings, of several the one that has rows below them."""
    found = [(sheet, headings) for sheet in sheets if (headings := find_headings(sheet.rows, layout))]
    if not found:
        raise PaperRefused("paper_no_headings", columns=[layout.label(group[0]) for group in layout.needed])
    complete = [(sheet, headings) for sheet, headings in found if not headings.missing(layout)]
    if not complete:
        sheet, headings = max(found, key=lambda one: one[1].recognised)
        raise PaperRefused(
            "paper_column_missing",
            columns=[layout.label(column) for column in headings.missing(layout)],
            sheet=sheet.name,
            row=headings.first + 1,
        )
    filled = [one for one in complete if rows_below(*one)] if len(complete) > 1 else complete
    if len(filled) > 1:
        raise PaperRefused("paper_several_tables", sheets=[sheet.name for sheet, _ in filled])
    sheet, headings = (filled or complete)[0]
    if headings.twice:
        raise PaperRefused("paper_column_twice", headings=headings.twice, sheet=sheet.name)
    return sheet, headings


def table_of(sheet: Sheet, headings: Headings, layout: Layout, unread: Sequence[str]) -> Table:
    """Return the table below *headings*, without the column that told what to mend."""
    told = [index for index, label in enumerate(headings.labels) if label in TO_BE_MENDED]
    known = {meaning: index for index, meaning in enumerate(headings.meanings) if meaning}
    rows = rows_below(sheet, headings)
    if not rows:
        raise PaperRefused("paper_no_rows", sheet=sheet.name)
    refuse_formulas(sheet, [number for number, _ in rows], known.values())
    return Table(
        sheet=sheet.name,
        titles=[without(row, told) for row in sheet.rows[: headings.first]],
        headings=[without(row, told) for row in sheet.rows[headings.first :][: headings.height]],
        columns={meaning: index - sum(gone < index for gone in told) for meaning, index in known.items()},
        labels={meaning: headings.labels[index] for meaning, index in known.items()},
        rows=[(number, without(row, told)) for number, row in rows] if told else rows,
        unknown=[headings.labels[index] for index in unknown_columns(headings)],
        missing=[layout.label(column) for column in layout.absent(known)],
        unread_sheets=unread,
    )


def without(row: Cells, told: Sequence[int]) -> Cells:
    return [cell for index, cell in enumerate(row) if index not in told] if told else row


def unknown_columns(headings: Headings) -> Iterator[int]:
    for index, (label, meaning) in enumerate(zip(headings.labels, headings.meanings, strict=True)):
        if label and meaning is None and plain(label) not in SERIAL and label not in TO_BE_MENDED:
            yield index


def rows_below(sheet: Sheet, headings: Headings) -> list[tuple[int, Cells]]:
    """Return the rows below *headings* with their numbers: not the empty ones, the sums, the signatures.

    A row that has but its serial number is empty; headings that a print-out repeats are no row.
    """
    width = len(headings.labels)
    start = headings.first + headings.height
    counted = [index for index, label in enumerate(headings.labels) if is_content(label)]
    first, second, *_ = [index for index, meaning in enumerate(headings.meanings) if meaning]
    heads = [*sheet.rows[start - 1], *[""] * width]
    printed_again = (heads[first], heads[second])
    return [
        (number, row if len(row) >= width else [*row, *[""] * (width - len(row))])
        for number, row in enumerate(sheet.rows[start:], start + 1)
        if is_row(row, counted) and tuple(row[first : second + 1 : second - first]) != printed_again
    ]


def is_content(label: str) -> bool:
    return plain(label) not in SERIAL and label not in TO_BE_MENDED


def is_row(row: Cells, counted: Sequence[int]) -> bool:
    filled = len(row) - row.count("")
    if filled > FOOT_CELLS_MAX + 1:
        return True
    if not any(index < len(row) and says(row[index]) for index in counted):
        return False
    return filled > FOOT_CELLS_MAX or not is_foot(
        filled, islice((as_text(cell) for cell in row if says(cell)), 3)
    )


def says(cell: Cell) -> bool:
    return cell != "" and (not isinstance(cell, str) or not cell.isspace())


def is_foot(filled: int, begins: Iterable[str]) -> bool:
    """Return whether a row that *begins* so is a sum, a signature or a note below the table."""
    marks = [mark_of(text) for text in begins]
    return marks[0] is SIGNATURE or (marks[0] is ALONE and filled == 1) or SUM in marks


@lru_cache(maxsize=TEXTS_REMEMBERED)
def mark_of(text: str) -> re.Pattern[str] | None:
    """Return which of the marks of a table's foot *text* has."""
    return next((mark for mark in (SUM, SIGNATURE, ALONE) if mark.fullmatch(compact(text))), None)


def refuse_formulas(sheet: Sheet, rows: Sequence[int], columns: Collection[int]) -> None:
    """Raise PaperRefused where a cell that would be read holds a formula: what it shows may be stale or forged.

    A text that begins like a formula is refused as one.
    """
    numbers = set(rows)
    places = [(row, column) for row, column in sheet.formulas if row + 1 in numbers and column in columns]
    if not places:
        places = [
            (number - 1, column)
            for number in rows
            for column, cell in enumerate(sheet.rows[number - 1])
            if isinstance(cell, str) and cell.startswith(("=", "＝")) and column in columns
        ]
    if places:
        named = [f"{column_letters(column)}{row + 1}" for row, column in sorted(places)[:FORMULAS_NAMED_MAX]]
        raise PaperRefused("paper_formulas", cells=named, sheet=sheet.name)


def says_something(row: Cells) -> bool:
    return any(map(says, row))
