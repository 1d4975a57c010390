"""How much a paper may hold: what would fill a service's memory is refused before it does."""

from collections.abc import Callable

import pytest

from services.contact.visit_log import read_visits, split_by_entry_day
from services.pairing.carer_list import read_carers
from services.registry.area_list import read_areas
from services.registry.roster import read_roster
from shared.papers.faults import PaperRefused
from shared.papers.limits import CELL_TEXT_BYTES_MAX, CELLS_MAX, COLUMNS_MAX, LISTED_MAX, VISITS_MAX
from shared.papers.sheet import read_sheets
from shared.papers.xlsx import formulas_of

VISIT = (
    "姓名,身份证号,村代码,走访方式,走访结果,走访日期,录入日期\n",
    "周梅,,431299200101,家访,成功,2026-03-01,2026-03-02\n",
)
AREA = "431299200,西外乡\n"
LISTS: list[tuple[Callable[[str, bytes], object], str, str, int]] = [
    (read_roster, "姓名,性别,出生日期,身份证号,所在村\n", "周梅,女,2015-01-01,,柳桥村\n", LISTED_MAX),
    (
        read_carers,
        "姓名,性别,身份,所在地代码,联系电话,可结对人数,审查通过\n",
        "罗丽,女,教师,431299200201,13960200134,2,是\n",
        LISTED_MAX,
    ),
    (read_visits, *VISIT, VISITS_MAX),
]


@pytest.mark.parametrize(
    ("read", "heading", "row", "rows_max"), LISTS, ids=[read.__name__ for read, *_ in LISTS]
)
def test_a_service_takes_in_as_many_rows_as_it_can_hold_and_not_one_more(
    read: Callable[[str, bytes], object], heading: str, row: str, rows_max: int
) -> None:
    with pytest.raises(PaperRefused, match="paper_too_many_rows") as refused:
        read("431299200.csv", f"{heading}{row * (rows_max + 1)}".encode())
    assert refused.value.params == {"sheet": "CSV", "rows": rows_max + 1, "rows_max": rows_max}
    assert read("431299200.csv", f"{heading}{row * rows_max}".encode())


def test_a_list_of_more_areas_than_any_county_has_is_refused() -> None:
    with pytest.raises(PaperRefused, match="paper_too_many_rows"):
        read_areas("areas.csv", f"代码,名称\n{AREA * (LISTED_MAX + 1)}".encode())


def test_a_log_that_is_sent_day_by_day_may_be_longer() -> None:
    heading, row = VISIT
    [(_, part)] = split_by_entry_day("走访记录.csv", f"{heading}{row * (VISITS_MAX + 1)}".encode())
    assert part.count(b"\n") == VISITS_MAX + 2


def test_a_text_with_more_cells_than_a_workbook_may_have_is_refused() -> None:
    row = b"," * (COLUMNS_MAX - 1) + b"\n"
    rows_max = CELLS_MAX // COLUMNS_MAX
    with pytest.raises(PaperRefused, match="paper_too_many_cells"):
        read_sheets(b"x" + row * (rows_max + 1))
    assert len(read_sheets(b"x" + row * rows_max)[0].rows) == rows_max


def test_shared_texts_count_in_all_sheets_together() -> None:
    long_text = 30_000
    shown = CELL_TEXT_BYTES_MAX // long_text // 2
    part = (
        b"<worksheet><sheetData>"
        + b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, shown + 1))
        + b"</sheetData></worksheet>"
    )
    assert formulas_of([("one", part), ("two", part)], [long_text]) == {"one": set(), "two": set()}
    with pytest.raises(PaperRefused, match="paper_unpacks_too_large"):
        formulas_of([("one", part), ("two", part), ("three", part)], [long_text])
