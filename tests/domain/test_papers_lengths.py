"""What a row says of a person or a place is as long as it may be where nobody sends a paper, and no longer."""

from collections.abc import Callable, Sequence
from io import BytesIO
from zipfile import ZipFile

import pytest

from services.contact.visit_log import read_visits
from services.pairing.carer_list import read_carers
from services.registry.area_list import read_areas
from services.registry.roster import judge_rows, read_roster
from services.registry.roster_row import TEXTS
from shared.papers.faults import Fault, PaperRefused
from shared.papers.lengths import LINE_CHARS_MAX, NAME_CHARS_MAX
from shared.papers.limits import CELL_CHARS_MAX
from shared.papers.sheet import read_sheets
from tests.paper_files import AREAS, FILED_ON, HEADINGS, ROSTER_FILE, roster, row_with, workbook

CARERS = ["姓名", "性别", "身份", "所在地代码", "联系电话", "可结对人数", "审查通过", "所在学校"]
VISITS = ["走访日期", "录入日期", "儿童姓名", "身份证号", "所在村代码", "方式", "结果"]
Faults = Sequence[Fault]


def of_a_child(column: str, text: str) -> Faults:
    paper = read_roster(ROSTER_FILE, roster(row_with(**{column: text})))
    return judge_rows(paper, AREAS, FILED_ON)[0].faults


def of_a_carer(column: str, text: str) -> Faults:
    right = dict(zip(CARERS, ["罗丽", "女", "教师", "431299200201", "13960200134", 2, "是", ""], strict=True))
    rows = read_carers(
        "结对帮扶人员.xlsx", workbook(None, CARERS, list((right | {column: text}).values()))
    ).rows
    return rows[0].faults


def of_a_visit(column: str, text: str) -> Faults:
    said = ["2026-01-05", "2026-01-06", "廖雨馨", "", "431299200201", "亲子通话", "成功"]
    right = dict(zip(VISITS, said, strict=True))
    paper = read_visits("走访记录.xlsx", workbook(None, VISITS, list((right | {column: text}).values())))
    return paper.judged()[0].faults


@pytest.mark.parametrize(
    ("judge", "column", "most"),
    [
        (of_a_child, "姓名", NAME_CHARS_MAX),
        *(
            (of_a_child, column, LINE_CHARS_MAX)
            for column in HEADINGS
            if column.endswith(("学校", "务工地", "监护人姓名", "亲姓名", "电话"))
        ),
        (of_a_carer, "姓名", NAME_CHARS_MAX),
        (of_a_carer, "联系电话", LINE_CHARS_MAX),
        (of_a_carer, "所在学校", LINE_CHARS_MAX),
        (of_a_visit, "儿童姓名", NAME_CHARS_MAX),
    ],
)
def test_a_row_whose_text_is_too_long_is_refused_with_the_column_and_how_long_it_may_be(
    judge: Callable[[str, str], Faults], column: str, most: int
) -> None:
    assert list(judge(column, "长" * most)) == []
    assert list(judge(column, "长" * (most + 1))) == [Fault("row_text_too_long", column, {"most": most})]


def test_each_text_that_a_roster_has_is_measured() -> None:
    longer = dict.fromkeys(HEADINGS, "长" * (LINE_CHARS_MAX + 1))
    [row] = judge_rows(read_roster(ROSTER_FILE, roster(row_with(**longer))), AREAS, FILED_ON)
    assert [fault.code for fault in row.faults].count("row_text_too_long") == len(TEXTS)


def test_an_area_whose_name_is_too_long_has_its_list_refused() -> None:
    headings = ["代码", "名称", "上级代码", "级别"]
    assert read_areas("区划.xlsx", workbook(None, headings, ["431299", "县" * NAME_CHARS_MAX, "", ""]))
    with pytest.raises(PaperRefused, match="areas_name_too_long") as refused:
        read_areas("区划.xlsx", workbook(None, headings, ["431299", "县" * (NAME_CHARS_MAX + 1), "", ""]))
    assert refused.value.params == {"row": 2, "most": NAME_CHARS_MAX}


def test_a_text_that_no_office_program_can_hold_is_read_as_one_that_is_too_long() -> None:
    file = BytesIO()
    with ZipFile(BytesIO(workbook(None, ["姓名"], ["MUCH"]))) as usual, ZipFile(file, "w") as packed:
        for part in usual.namelist():
            packed.writestr(part, usual.read(part).replace(b"MUCH", "长".encode() * 400_000))
    [sheet] = read_sheets(file.getvalue())
    assert sheet.rows == [["姓名"], ["长" * (CELL_CHARS_MAX + 1)]]
