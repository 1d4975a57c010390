"""Old workbooks (.xls): the reader is given what was looked through, whatever else the file says or has."""

import tracemalloc
from collections.abc import Callable, Sequence
from datetime import date, datetime
from struct import pack

import pytest

from shared.papers.faults import PaperRefused
from shared.papers.limits import COLUMNS_MAX, SHEETS_MAX
from shared.papers.sheet import read_sheets
from shared.papers.table import Cell
from tests.paper_files import (
    compound,
    entry,
    old_book,
    old_cell,
    old_stream,
    old_workbook,
    record,
    small_compound,
    workbook,
)

ROWS = [["姓名", "村"], ["廖雨馨", "Willow"]]
WHOLE = old_workbook(*ROWS)
PROMISE = pack("<HHIIHH", 0x200, 14, 0, 2, 0, 2)
CHART_BEGINS = record(0x809, pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0))
SHEET_BEGINS = record(0x809, pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
END = record(0x0A, b"")
SECTOR = 512


def rows_of(content: bytes) -> Sequence[Sequence[Cell]]:
    [sheet] = read_sheets(content)
    return sheet.rows


def refusal(content: bytes) -> str:
    with pytest.raises(PaperRefused) as refused:
        read_sheets(content)
    return refused.value.code


def with_number(content: bytes, at: int, number: int) -> bytes:
    return content[:at] + pack("<I", number) + content[at + 4 :]


def number_at(line: int, column: int) -> bytes:
    return old_cell(line, column, 1, formula=False, texts=None)


def old_sheets(*ends: tuple[int, int]) -> bytes:
    return compound({"Workbook": old_book(b"", *(number_at(*end) for end in ends))})


def new_sheets(*ends: tuple[int, int]) -> bytes:
    return workbook({f"表{n}": [*[[]] * line, [""] * column + [1]] for n, (line, column) in enumerate(ends)})


@pytest.mark.parametrize("shared", [True, False])
def test_every_kind_of_cell_is_read(shared: bool) -> None:
    cells = ["a", "长😀", "", 1, 1.5, True, date(2015, 8, 19), datetime(2015, 8, 19, 1, 2)]  # noqa: DTZ001
    assert rows_of(old_workbook(cells, shared=shared)) == [cells]


@pytest.mark.parametrize(
    ("first", "rows", "columns"),
    [(0, 2, 2), (0, 65_536, 256), (0, 2, 257), (0, 2**32 - 1, 1), (3, 2, 2), (2**31 - 1, 3, 22)],
)
def test_what_a_sheet_promises_to_hold_is_not_believed(first: int, rows: int, columns: int) -> None:
    """Room for billions of rows would end the process."""
    assert WHOLE.count(PROMISE) == 1
    assert rows_of(WHOLE.replace(PROMISE, pack("<HHIIHH", 0x200, 14, first, rows, 0, columns))) == ROWS


@pytest.mark.parametrize("place", [40, 44, 64, 66])
def test_how_many_sectors_a_file_says_it_has_is_not_believed(place: int) -> None:
    """Room for billions of sectors would end the process."""
    assert rows_of(with_number(WHOLE, place, 0xFFFF_FFF0)) == ROWS


def test_chains_that_bite_their_own_tails_are_refused() -> None:
    chains_of_names, second_of_workbook = SECTOR + 4, SECTOR + 12
    assert refusal(with_number(WHOLE, chains_of_names, 1)) == "paper_damaged"
    assert refusal(with_number(WHOLE, second_of_workbook, 2)) == "paper_damaged"
    small = small_compound("Workbook", old_stream(*ROWS))
    first_of_small = 3 * SECTOR
    assert refusal(with_number(small, first_of_small, 0)) == "paper_damaged"


def test_no_chain_leads_through_more_than_the_file() -> None:
    """Sectors of 64 KB, one of which is the next of itself, would make a gigabyte of a small file."""
    large = 1 << 16
    header = WHOLE[:30] + pack("<H", 16) + WHOLE[32:SECTOR]
    chains = pack("<2I", 0xFFFF_FFFD, 1).ljust(large, b"\xff")
    file = header.ljust(large, b"\0") + chains + WHOLE[2 * SECTOR : 3 * SECTOR].ljust(large, b"\0")
    tracemalloc.start()
    try:
        assert refusal(file) == "paper_damaged"
        assert tracemalloc.get_traced_memory()[1] < 20 * len(file)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("missing", [1, SECTOR, 4 * SECTOR])
def test_a_file_that_was_cut_off_is_refused(missing: int) -> None:
    assert refusal(WHOLE[:-missing]) == "paper_damaged"


def test_a_workbook_in_a_small_stream_is_looked_through_as_well() -> None:
    assert rows_of(small_compound("Workbook", old_stream(*ROWS))) == ROWS
    [sheet] = read_sheets(small_compound("Workbook", old_stream(*ROWS, formula_at=(1, 1))))
    assert list(sheet.formulas) == [(1, 1)]
    locked = small_compound("Workbook", old_stream(*ROWS, locked=True))
    assert refusal(locked) == "paper_has_password"


def test_of_two_streams_of_one_name_the_first_is_read() -> None:
    two = compound({"Workbook": old_stream(*ROWS), "Workbooc": old_stream(["a"])})
    assert rows_of(two.replace("Workbooc".encode("utf-16-le"), "Workbook".encode("utf-16-le"))) == ROWS
    assert two.count(entry("Workbook", 2, 2, 4096)) == 1


def test_a_chart_on_a_sheet_is_no_part_of_its_table() -> None:
    chart = CHART_BEGINS + number_at(9, 9) + END
    book = old_book(b"", number_at(0, 0) + chart + number_at(0, 1))
    assert rows_of(compound({"Workbook": book})) == [[1.0, 1.0]]


@pytest.mark.parametrize(
    "cell",
    [
        number_at(0, COLUMNS_MAX),
        record(0xD6, pack("<HHHHB", 0, COLUMNS_MAX, 0, 1, 0) + b"x" + pack("<H", 0)),
        record(0xBD, pack("<HH", 0, COLUMNS_MAX - 1) + pack("<HI", 0, 2) * 2 + pack("<H", COLUMNS_MAX)),
    ],
    ids=["alone", "text of several fonts", "the last of several"],
)
def test_a_cell_far_out_is_refused_however_it_is_written(cell: bytes) -> None:
    """The reader would lay out all the cells up to it."""
    assert refusal(compound({"Workbook": old_book(b"", cell)})) == "paper_cell_far_out"


def test_sheets_that_lie_in_one_another_are_refused() -> None:
    """Few bytes would be read any number of times."""
    long = b"".join(number_at(line, 0) for line in range(99))
    apart = old_book(b"", long, b"", b"")
    assert [len(sheet.rows) for sheet in read_sheets(compound({"Workbook": apart}))] == [99]
    begins = [at for at in range(len(apart)) if apart.startswith(SHEET_BEGINS, at)]
    for begin in begins[1:]:
        apart = apart.replace(pack("<IH", begin, 0), pack("<IH", begins[0], 0))
    assert refusal(compound({"Workbook": apart})) == "paper_damaged"


def test_a_workbook_may_have_as_many_sheets_as_the_limit_says() -> None:
    sheets = [number_at(0, 0)] * (SHEETS_MAX + 1)
    assert refusal(compound({"Workbook": old_book(b"", *sheets)})) == "paper_too_many_sheets"
    assert len(read_sheets(compound({"Workbook": old_book(b"", *sheets[1:])}))) == SHEETS_MAX


@pytest.mark.parametrize("write", [old_sheets, new_sheets])
def test_sheets_may_reach_over_as_many_cells_as_the_limit_says(
    write: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader lays out every cell up to the last, and those of all sheets stay."""
    for module in ("xls", "sheet"):
        monkeypatch.setattr(f"shared.papers.{module}.CELLS_MAX", 300)
    assert len(read_sheets(write((9, 9), (19, 9)))) == 2
    assert refusal(write((9, 9), (19, 9), (0, 0))) == "paper_too_many_cells"


def test_a_sheet_s_name_that_is_no_text_harms_nothing() -> None:
    name = pack("<BB", 6, 0) + b"Sheet1"
    nameless = WHOLE.replace(name, pack("<BB", 3, 1) + b"\xd8\xd8\xd8\xd8\xd8\xd8")
    assert nameless != WHOLE
    assert rows_of(nameless) == ROWS
