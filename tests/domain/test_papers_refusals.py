"""Refused rows go back in the layout they came in, and come in again once they are mended."""

from io import BytesIO

import openpyxl  # type: ignore[import-untyped]  # it comes without types
import pytest

from services.registry.roster import RosterPaper, judge_rows, read_roster
from shared.messages import Language
from shared.papers.faults import Fault
from shared.papers.limits import CELL_CHARS_MAX
from shared.papers.refusals import refused_workbook
from shared.papers.table import Table
from tests.paper_files import AREAS, FILED_ON, GIRL, HEADINGS, ROSTER_FILE, row_with, workbook

TITLES = (["西外乡农村留守儿童花名册"], ["填报单位（盖章）："])


def refused_of(paper: RosterPaper, language: Language = Language.ZH) -> bytes:
    rows = judge_rows(paper, AREAS, FILED_ON)
    return refused_workbook(paper.table, [(row.number, row.faults) for row in rows if row.refused], language)


def cells_of(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def three_rows() -> RosterPaper:
    second, third = (
        row_with(序号=2, 姓名="", 备注="借住"),
        row_with(序号=3, 所在村="不存在村", 出生日期="20160712"),
    )
    rows = row_with(), second, third
    return read_roster(ROSTER_FILE, workbook(None, *TITLES, [*HEADINGS, "备注"], *rows))


def test_refused_rows_keep_titles_headings_order_and_unknown_columns() -> None:
    above, below, headings, *rows = cells_of(refused_of(three_rows()))
    assert (above[0], below[0]) == (TITLES[0][0], TITLES[1][0])
    assert headings == [*HEADINGS, "备注", "需修改之处"]
    assert [row[0] for row in rows] == ["2", "3"]
    assert [row[HEADINGS.index("公民身份证号码")] for row in rows] == [GIRL, GIRL]
    assert rows[0][HEADINGS.index("母亲电话") + 1] == "借住"


def test_the_last_column_says_what_is_wrong_where_and_how_to_mend_it() -> None:
    *_, first, second = cells_of(refused_of(three_rows()))
    assert first[-1] == "原第 5 行\n“姓名”没有填写。请填上姓名。"
    assert str(second[-1]).startswith("原第 6 行\n“所在村”不是西外乡的村。")
    *_, headings, first, second = cells_of(refused_of(three_rows(), Language.EN))
    assert headings[-1] == "To be mended"
    assert str(first[-1]).startswith("Row 5 of the original\n姓名 is empty.")


@pytest.mark.parametrize("language", list(Language))
def test_the_mended_workbook_comes_in_again(language: Language) -> None:
    book = openpyxl.load_workbook(BytesIO(refused_of(three_rows(), language)))
    book.worksheets[0].cell(4, HEADINGS.index("姓名") + 1, "廖雨馨")
    book.worksheets[0].cell(5, HEADINGS.index("所在村") + 1, "柳桥村")
    file = BytesIO()
    book.save(file)
    paper = read_roster(ROSTER_FILE, file.getvalue())
    rows = judge_rows(paper, AREAS, FILED_ON)
    assert [(row.number, row.refused, row.name, row.village) for row in rows] == [
        (4, False, "廖雨馨", "431299200201"),
        (5, False, "廖雨馨", "431299200201"),
    ]
    assert list(paper.table.unknown) == ["备注"]
    assert "备注" in paper.table.headings[0]
    assert "需修改之处" not in paper.table.headings[0]


def test_what_is_still_wrong_goes_back_in_the_same_layout() -> None:
    once = refused_of(three_rows())
    twice = refused_of(read_roster(ROSTER_FILE, once))
    assert [row[:-1] for row in cells_of(twice)] == [row[:-1] for row in cells_of(once)]


def test_two_heading_rows_go_back_as_two() -> None:
    above = ["姓名", "性别", "出生日期", "身份证号", "所在村", "父亲", ""]
    below = ["", "", "", "", "", "姓名", "电话"]
    paper = read_roster(
        ROSTER_FILE, workbook(None, above, below, ["", "女", "2016-07-12", GIRL, "柳桥村", "雷俊波", "1"])
    )
    content = refused_of(paper)
    assert [row[:7] for row in cells_of(content)[:2]] == [
        [cell or None for cell in row] for row in (above, below)
    ]
    again = read_roster(ROSTER_FILE, content)
    assert dict(again.table.columns) == dict(paper.table.columns)


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://example.org","x")', "http://example.org", "+1", "@x", "{=A1}"]
)
def test_no_cell_becomes_a_formula_or_a_link(text: str) -> None:
    content = refused_workbook(table_with(text), [(2, [Fault("row_name_missing", "姓名")])])
    cell = openpyxl.load_workbook(BytesIO(content)).worksheets[0].cell(2, 1)
    assert (cell.value, cell.data_type, cell.hyperlink) == (
        text,
        "s" if not text.startswith("=") else cell.data_type,
        None,
    )
    assert b"<f>" not in content


def test_texts_that_no_workbook_can_hold_are_cut_and_signs_it_cannot_hold_do_no_harm() -> None:
    content = refused_workbook(
        table_with("长" * (CELL_CHARS_MAX + 9) + "\x01\ufffe"), [(2, [Fault("row_name_missing")])]
    )
    assert len(str(cells_of(content)[1][0])) == CELL_CHARS_MAX
    assert cells_of(refused_workbook(table_with("a\x01b\ufffec"), [(2, [])]))[1][0]


def test_the_faulty_cells_are_coloured() -> None:
    sheet = openpyxl.load_workbook(BytesIO(refused_of(three_rows()))).worksheets[0]
    assert sheet.cell(4, HEADINGS.index("姓名") + 1).fill.fgColor.rgb == "FFFFD9D9"
    assert sheet.cell(4, HEADINGS.index("性别") + 1).fill.fgColor.rgb == "00000000"


def table_with(text: str) -> Table:
    return Table(
        sheet="a[b]:*",
        titles=[],
        headings=[["姓名"]],
        columns={"name": 0},
        labels={"name": "姓名"},
        rows=[(2, [text])],
    )
