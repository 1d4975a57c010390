"""The list of carers and staff, row by row."""

import pytest

from services.pairing.carer_list import CarerRow, read_carers
from shared.contracts.event import CarerKind, Sex
from tests.paper_files import GIRL, workbook

HEADINGS = [
    "姓名",
    "性别",
    "身份",
    "所在地代码",
    "联系电话",
    "可结对人数",
    "审查通过",
    "所在学校",
    "身份证号码",
]
RIGHT = ["罗丽", "女", "教师", "431299200201", "139-6020-0134", 2, "是", "西外乡中心小学", ""]


def one(**changes: object) -> CarerRow:
    cells = dict(zip(HEADINGS, RIGHT, strict=True)) | changes
    [row] = read_carers("结对帮扶人员.xlsx", workbook(None, HEADINGS, list(cells.values()))).rows
    return row


def test_a_right_row_is_taken_with_all_it_says() -> None:
    row = one()
    assert not row.refused
    assert (row.name, row.sex, row.kind, row.area) == ("罗丽", Sex.FEMALE, CarerKind.TEACHER, "431299200201")
    assert (row.phone, row.capacity, row.cleared, row.school) == ("13960200134", 2, True, "西外乡中心小学")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("爱心妈妈", CarerKind.SURROGATE_MOTHER),
        ("代理妈妈", CarerKind.SURROGATE_MOTHER),
        ("老师", CarerKind.TEACHER),
        ("志愿者", CarerKind.VOLUNTEER),
        ("干部", CarerKind.CADRE),
        ("机关干部", CarerKind.CADRE),
    ],
)
def test_carers_go_by_many_words(word: str, kind: CarerKind) -> None:
    assert one(身份=word).kind is kind


@pytest.mark.parametrize("word", ["儿童主任", "儿童督导员"])
def test_staff_take_nobody(word: str) -> None:
    assert one(身份=word, 可结对人数=0).faults == []
    assert one(身份=word, 可结对人数="").capacity == 0
    assert [fault.code for fault in one(身份=word).faults] == ["row_capacity_of_staff"]


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"姓名": " "}, "row_name_missing", "姓名"),
        ({"身份": ""}, "row_kind_missing", "身份"),
        ({"身份": "国王"}, "row_kind_unknown", "身份"),
        ({"所在地代码": ""}, "row_area_missing", "所在地代码"),
        ({"所在地代码": "西外乡"}, "row_area_malformed", "所在地代码"),
        ({"所在地代码": "43129920020"}, "row_area_malformed", "所在地代码"),
        ({"可结对人数": ""}, "row_capacity_missing", "可结对人数"),
        ({"可结对人数": "两个"}, "row_capacity_malformed", "可结对人数"),
        ({"可结对人数": 1.5}, "row_capacity_malformed", "可结对人数"),
        ({"可结对人数": -1}, "row_capacity_malformed", "可结对人数"),
        ({"可结对人数": 0}, "row_capacity_zero", "可结对人数"),
        ({"可结对人数": 13960200134}, "row_capacity_malformed", "可结对人数"),
        ({"可结对人数": 101}, "row_capacity_too_large", "可结对人数"),
        ({"审查通过": "也许"}, "row_cleared_unknown", "审查通过"),
        ({"身份证号码": "431299201607123724"}, "row_citizen_id_checksum", "身份证号码"),
        ({"身份证号码": GIRL, "性别": "男"}, "row_sex_contradicts_id", "性别"),
    ],
)
def test_a_row_is_refused_with_its_reason_and_its_place(
    changes: dict[str, object], code: str, column: str
) -> None:
    assert [(fault.code, fault.column) for fault in one(**changes).faults] == [(code, column)]


@pytest.mark.parametrize(
    ("word", "cleared"), [("是", True), ("通过", True), ("否", False), ("未通过", False), ("", False)]
)
def test_only_a_clear_yes_clears_a_carer(word: str, cleared: bool) -> None:
    assert one(审查通过=word).cleared is cleared


def test_codes_typed_as_numbers_and_filled_with_zeros_are_known() -> None:
    assert one(所在地代码=431299200201).area == "431299200201"
    assert one(所在地代码="431299200000").area == "431299200"
