"""Finding the table: title rows, groups over columns, other names for a column, and what is refused."""

import pytest

from services.registry.roster_layout import ROSTER
from shared.papers.faults import PaperRefused
from shared.papers.finding import read_table
from tests.paper_files import HEADINGS, delimited, old_workbook, roster, row_with, workbook

NEEDED = ["姓名", "性别", "出生日期", "身份证号", "所在村"]
CHILD = ["廖雨馨", "女", "2016-07-12", "431299201607123723", "柳桥村"]


def refusal(content: bytes) -> PaperRefused:
    with pytest.raises(PaperRefused) as refused:
        read_table(content, ROSTER)
    return refused.value


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        *[
            (name, "citizen_id")
            for name in ("身份证号", "身份证号码", "公民身份号码", "公民身份证号码", "证件号码")
        ],
        *[
            (name, "village")
            for name in ("村(居)", "村（居）", "所属村", "村名", "现居住村", "村 （居）", "所在村*")
        ],
        *[
            (name, "birth_date")
            for name in ("出生年月", "出生年月日", "出生\n日期", "生日", "出生日期(YYYY-MM-DD)")
        ],
        *[(name, "poor") for name in ("是否低保", "家庭困难情况", "是否困难", "低保或困难家庭（是/否）")],
        *[(name, "name") for name in ("姓 名", "姓名（必填）", "＊姓名", "儿童姓名", "1.姓名", "姓名：")],
        *[(name, "guardian_name") for name in ("监护人", "监护人姓名", "实际监护人姓名")],
        *[(name, "father_workplace") for name in ("父亲务工地", "父亲打工地点", "父务工地")],
    ],
)
def test_a_heading_is_known_by_its_other_names(heading: str, column: str) -> None:
    assert ROSTER.meaning(heading) == column


def test_no_heading_means_two_columns() -> None:
    every = [(ROSTER.meaning(name), column) for column, names in ROSTER.columns.items() for name in names]
    assert [pair for pair in every if pair[0] != pair[1]] == []


def test_headings_are_found_below_titles_and_rows_keep_their_numbers() -> None:
    table = read_table(
        workbook(None, ["西外乡农村留守儿童花名册"], ["填报单位："], HEADINGS, row_with()), ROSTER
    )
    assert len(table.titles) == 2
    assert [number for number, _ in table.rows] == [4]
    assert list(table.unknown) == []


def test_two_heading_rows_are_read_as_groups_over_columns() -> None:
    above = ["序号", *NEEDED, "父亲", "", "", "母亲", "", "", "监护人", ""]
    below = ["", "", "", "", "", "", "姓名", "务工地", "电话", "姓名", "务工地", "电话", "姓名", "联系电话"]
    child = [
        1,
        *CHILD,
        "雷俊波",
        "宁波市",
        "13135188193",
        "顾㛃",
        "深圳市",
        "15214396377",
        "江帆",
        "13008322022",
    ]
    table = read_table(workbook(None, ["花名册"], above, below, child), ROSTER)
    said = {column: child[place] for column, place in table.columns.items()}
    assert [said[column] for column in ("name", "sex", "birth_date", "citizen_id", "village")] == CHILD
    assert [said[f"father_{part}"] for part in ("name", "workplace", "phone")] == child[6:9]
    assert [said[f"mother_{part}"] for part in ("name", "workplace", "phone")] == child[9:12]
    assert [said[f"guardian_{part}"] for part in ("name", "phone")] == child[12:]
    assert [number for number, _ in table.rows] == [4]


def test_a_second_line_of_headings_that_mean_nothing_here_is_no_row() -> None:
    above = [*NEEDED, "家庭", "", "备注"]
    below = [*[""] * len(NEEDED), "住房情况", "收入来源", ""]
    table = read_table(workbook(None, above, below, [*CHILD, "砖房", "打工", ""]), ROSTER)
    assert [number for number, _ in table.rows] == [3]
    assert len(table.headings) == 2


def test_a_row_below_the_headings_that_says_anything_of_a_child_is_a_row() -> None:
    nameless = ["", "女", "", "", "", "砖房"]
    table = read_table(workbook(None, [*NEEDED, "住房情况"], nameless, [*CHILD, "砖房"]), ROSTER)
    assert [number for number, _ in table.rows] == [2, 3]


def test_a_column_below_another_person_never_means_the_child() -> None:
    above = ["儿童基本情况", "", "", "", "", "父亲情况", ""]
    below = [*NEEDED, "身份证号", "出生日期"]
    table = read_table(workbook(None, above, below, [*CHILD, "x", "y"]), ROSTER)
    assert table.columns["citizen_id"] == 3
    assert list(table.unknown) == ["父亲情况/身份证号", "父亲情况/出生日期"]


def test_the_guardians_number_is_not_taken_for_the_childs_that_is_missing() -> None:
    above = ["儿童", "", "", "", "监护人", "", ""]
    below = ["姓名", "性别", "出生日期", "所在村", "姓名", "身份证号", "电话"]
    refused = refusal(
        workbook(None, above, below, ["廖雨馨", "女", "2016-07-12", "柳桥村", "江帆", "x", "1300"])
    )
    assert refused.params["columns"] == ["公民身份证号码"]


def test_lines_for_signatures_above_the_headings_are_titles() -> None:
    table = read_table(workbook(None, ["填报单位：西外乡", "", "监护人签字："], HEADINGS, row_with()), ROSTER)
    assert len(table.titles) == 1


def test_unknown_columns_are_told() -> None:
    table = read_table(delimited(["备用栏", *NEEDED], ["?", *CHILD]), ROSTER)
    assert list(table.unknown) == ["备用栏"]
    assert "健康状况" in table.missing


def test_a_missing_column_is_refused_by_its_name() -> None:
    refused = refusal(delimited(NEEDED[1:], CHILD[1:]))
    assert refused.code == "paper_column_missing"
    assert refused.params["columns"] == ["姓名"]
    assert "姓名" in refused.told()


def test_two_columns_that_mean_the_same_are_refused() -> None:
    refused = refusal(delimited([*NEEDED, "公民身份号码"], [*CHILD, CHILD[3]]))
    assert refused.code == "paper_column_twice"
    assert refused.params["headings"] == ("身份证号", "公民身份号码")


def test_a_table_of_other_things_is_refused() -> None:
    assert refusal(delimited(["商品", "数量"], ["米", "3"])).code == "paper_no_headings"


def test_headings_without_rows_are_refused() -> None:
    assert refusal(roster()).code == "paper_no_rows"


def test_of_several_sheets_the_one_with_the_headings_is_read_and_the_others_are_told() -> None:
    content = workbook({"说明": [["请按要求填写"]], "花名册": [HEADINGS, row_with()], "空": []})
    table = read_table(content, ROSTER)
    assert (table.sheet, list(table.unread_sheets)) == ("花名册", ["说明"])


def test_two_sheets_with_rows_are_refused_rather_than_one_dropped() -> None:
    refused = refusal(workbook({"一村": [HEADINGS, row_with()], "二村": [HEADINGS, row_with()]}))
    assert refused.code == "paper_several_tables"
    assert refused.params["sheets"] == ["一村", "二村"]


@pytest.mark.parametrize(
    "line",
    [
        ["", "", "", ""],
        [" ", "　"],
        [2, "", ""],
        ["合计", "35人"],
        ["", "合 计", "", 35],
        ["小计：35"],
        ["单位负责人:        复核人:        填表人:        联系电话:"],
        ["填表人：张三", "", "填表日期：2026年1月5日"],
        ["注：本表一式两份"],
        ["2026年1月5日"],
        HEADINGS,
    ],
)
def test_sums_signatures_and_empty_lines_are_no_rows(line: list[object]) -> None:
    table = read_table(roster(row_with(), line, row_with(序号=2)), ROSTER)
    assert [number for number, _ in table.rows] == [2, 4]


def test_a_row_without_its_name_is_still_a_row() -> None:
    assert len(read_table(roster(row_with(姓名=""), ["", "侯帅"]), ROSTER).rows) == 2


def test_formulas_in_cells_that_are_read_refuse_the_paper_and_are_named() -> None:
    refused = refusal(roster(row_with(), row_with(出生日期="=TODAY()", 所在村="=A1")))
    assert refused.code == "paper_formulas"
    assert refused.params["cells"] == ["E3", "G3"]


def test_formulas_in_an_old_workbook_are_found_as_well() -> None:
    content = old_workbook(NEEDED, CHILD, formula_at=(1, 4))
    assert refusal(content).params["cells"] == ["E2"]


def test_text_that_begins_like_a_formula_is_refused_as_one() -> None:
    refused = refusal(delimited(NEEDED, ['=HYPERLINK("http://example.org")', *CHILD[1:]]))
    assert (refused.code, refused.params["cells"]) == ("paper_formulas", ["A2"])


def test_formulas_that_only_number_the_rows_or_sum_below_do_no_harm() -> None:
    assert len(read_table(roster(row_with(序号="=ROW()-1"), ["合计", "=COUNTA(B2:B2)"]), ROSTER).rows) == 1
