"""The list of areas: a tree that is taken whole or not at all."""

import pytest

from services.registry.area_list import read_areas
from shared.contracts.event import Level
from shared.papers.faults import PaperRefused
from tests.paper_files import workbook

HEADINGS = ["代码", "名称", "上级代码", "级别"]
COUNTY = ["431299", "青溪县", "", "county"]
TOWNSHIP = ["431299200", "西外乡", "431299", "township"]
VILLAGE = ["431299200201", "柳桥村", "431299200", "village"]


def refusal(*rows: list[object], headings: list[str] = HEADINGS) -> PaperRefused:
    with pytest.raises(PaperRefused) as refused:
        read_areas("行政区划.xlsx", workbook(None, headings, *rows))
    return refused.value


def test_parents_come_before_children_in_whatever_order_the_rows_stand() -> None:
    areas = read_areas("行政区划.xlsx", workbook(None, HEADINGS, VILLAGE, TOWNSHIP, COUNTY)).areas
    assert [(area.code, area.name, area.level, area.parent, area.number) for area in areas] == [
        ("431299", "青溪县", Level.COUNTY, None, 4),
        ("431299200", "西外乡", Level.TOWNSHIP, "431299", 3),
        ("431299200201", "柳桥村", Level.VILLAGE, "431299200", 2),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [
            [431299, "青溪县", "", "县"],
            [431299200, "西外乡", 431299, "乡镇"],
            [431299200201, "柳桥村", 431299200, "村"],
        ],
        [
            ["'431299000000", "青溪县", "", "县级"],
            ["431299200000", "西外乡", "'431299", "乡级"],
            [*VILLAGE[:2], "431299200000", "村级"],
        ],
        [["431299000000", "青溪县", "", ""], ["431299200000", "西外乡", "", ""], [*VILLAGE[:2], "", ""]],
        [["431299", "青溪县", "", ""], ["431299200", "西外乡", "", ""], [*VILLAGE[:2], "", ""]],
    ],
)
def test_codes_and_levels_are_known_however_they_are_written(rows: list[list[object]]) -> None:
    areas = read_areas(
        "行政区划.xlsx", workbook(None, ["行政区划代码", "区划名称", "上级", "级别"], *rows)
    ).areas
    assert [(area.code, area.level, area.parent) for area in areas] == [
        ("431299", Level.COUNTY, None),
        ("431299200", Level.TOWNSHIP, "431299"),
        ("431299200201", Level.VILLAGE, "431299200"),
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([COUNTY, ["43129920", "西外乡", "", ""]], "areas_code_malformed"),
        ([COUNTY, ["乡", "西外乡", "", ""]], "areas_code_malformed"),
        ([COUNTY, [*TOWNSHIP[:1], "", *TOWNSHIP[2:]]], "areas_name_missing"),
        ([COUNTY, [*TOWNSHIP[:3], "星球"]], "areas_level_unknown"),
        ([COUNTY, [*TOWNSHIP[:3], "village"]], "areas_level_contradicts"),
        ([COUNTY, [*TOWNSHIP[:2], "431298", "township"]], "areas_parent_contradicts"),
        ([COUNTY, TOWNSHIP, TOWNSHIP], "areas_code_twice"),
        ([COUNTY, VILLAGE], "areas_parent_missing"),
        ([TOWNSHIP], "areas_parent_missing"),
    ],
)
def test_a_tree_with_a_fault_is_refused_with_its_place(rows: list[list[object]], code: str) -> None:
    refused = refusal(*rows)
    assert refused.code == code
    assert str(refused.params.get("row", refused.params.get("rows"))) in {"3", "[3]", "[3, 4]", "[2]"}


def test_a_list_without_codes_is_refused() -> None:
    assert refusal(["青溪县", "", ""], headings=["名称", "上级代码", "级别"]).params["columns"] == ["代码"]
