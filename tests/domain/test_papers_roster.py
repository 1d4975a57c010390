"""The rows of a roster: what is taken, what is put right, and what is refused (policy.md, The papers)."""

from datetime import date

import pytest

from services.registry.roster import RosterRow, judge_rows, read_roster
from shared.contracts.event import Guardianship, Health, Rating, Schooling, Sex
from shared.papers.faults import PaperRefused
from tests.paper_files import (
    AREAS,
    FILED_ON,
    GIRL,
    HEADINGS,
    ROSTER_FILE,
    delimited,
    roster,
    row_with,
    with_check_sign,
    workbook,
)


def judged(*rows: list[object], filed_on: date = FILED_ON) -> list[RosterRow]:
    return list(judge_rows(read_roster(ROSTER_FILE, roster(*rows)), AREAS, filed_on))


def one(**changes: object) -> RosterRow:
    [row] = judged(row_with(**changes))
    return row


def faults(row: RosterRow) -> list[tuple[str, str | None]]:
    return [(fault.code, fault.column) for fault in row.faults]


def test_a_right_row_is_taken_with_all_it_says() -> None:
    row = one()
    assert not row.refused
    assert (row.number, row.name, row.citizen_id, row.birth_date) == (2, "廖雨馨", GIRL, date(2016, 7, 12))
    assert (row.sex, row.village, row.ethnic_group) == (Sex.FEMALE, "431299200201", "06")
    assert (row.health, row.schooling, row.school) == (Health.HEALTHY, Schooling.PRIMARY, "西外乡中心小学")
    assert (row.boards, row.poor) == (False, True)
    assert (row.guardianship, row.rating) == (Guardianship.MATERNAL_GRANDPARENTS, Rating.GOOD)
    assert (row.guardian_name, row.guardian_phone) == ("江帆", "13008322022")
    assert (row.father_name, row.father_workplace, row.father_phone) == (
        "雷俊波",
        "宁波市北仑区码头",
        "13135188193",
    )
    assert (row.mother_name, row.mother_workplace, row.mother_phone) == (
        "顾㛃",
        "深圳市龙岗区电子厂",
        "15214396377",
    )
    assert (row.mended, row.notes) == ([], [])


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"姓名": ""}, "row_name_missing", "姓名"),
        ({"姓名": "　"}, "row_name_missing", "姓名"),
        ({"姓名": "无"}, "row_name_missing", "姓名"),
        ({"所在村": "不存在村"}, "row_village_unknown", "所在村"),
        ({"所在村": "柳侨村"}, "row_village_unknown_similar", "所在村"),
        ({"所在村": ""}, "row_village_missing", "所在村"),
        ({"所在村": "银口村"}, "row_village_unknown", "所在村"),
        ({"所在村": "431299101201"}, "row_village_unknown", "所在村"),
        ({"出生日期": "2015年13月45日"}, "row_date_impossible", "出生日期"),
        ({"出生日期": "2016年7月"}, "row_date_no_day", "出生日期"),
        ({"出生日期": "", "公民身份证号码": ""}, "row_date_missing", "出生日期"),
        ({"出生日期": "2016-07-13"}, "row_birth_contradicts_id", "出生日期"),
        ({"出生日期": "2026-01-02", "公民身份证号码": ""}, "row_birth_after_filing", "出生日期"),
        ({"性别": "男"}, "row_sex_contradicts_id", "性别"),
        ({"公民身份证号码": "431299201607123724"}, "row_citizen_id_checksum", "公民身份证号码"),
        ({"公民身份证号码": 431299201607123723.0}, "row_citizen_id_rounded", "公民身份证号码"),
        ({"公民身份证号码": "4.31299E+17"}, "row_citizen_id_rounded", "公民身份证号码"),
        ({"公民身份证号码": "431299160712372"}, "row_citizen_id_15", "公民身份证号码"),
        ({"公民身份证号码": "43129920160712372"}, "row_citizen_id_malformed", "公民身份证号码"),
    ],
)
def test_a_row_is_refused_with_its_reason_and_its_place(
    changes: dict[str, object], code: str, column: str
) -> None:
    assert faults(one(**changes)) == [(code, column)]


def test_all_the_faults_of_a_row_are_told_at_once() -> None:
    codes = [fault.code for fault in one(姓名="", 所在村="", 出生日期="2015年13月45日").faults]
    assert codes == ["row_name_missing", "row_date_impossible", "row_village_missing"]


def test_who_turns_sixteen_on_the_day_of_filing_is_refused_and_a_day_later_is_taken() -> None:
    assert faults(one(出生日期="2010-01-01", 公民身份证号码="")) == [("row_over_age", "出生日期")]
    assert faults(one(出生日期="2010-01-02", 公民身份证号码="")) == []


def test_who_was_born_on_a_leap_day_is_sixteen_on_the_first_of_march() -> None:
    child = row_with(出生日期="2008-02-29", 公民身份证号码="")
    assert not judged(child, filed_on=date(2024, 2, 29))[0].refused
    assert judged(child, filed_on=date(2024, 3, 1))[0].refused


@pytest.mark.parametrize(
    ("changes", "mended"),
    [
        ({"姓名": "廖 雨馨"}, ["mended_spaces"]),
        ({"姓名": "廖　雨　馨"}, ["mended_spaces"]),
        ({"公民身份证号码": "４３１２９９２０１６０７１２３７２３"}, ["mended_full_width"]),
        ({"公民身份证号码": "431299 20160712 3723"}, ["mended_spaces"]),
        ({"公民身份证号码": f"'{GIRL}"}, ["mended_apostrophe"]),
        ({"出生日期": "２０１６年７月１２日"}, ["mended_full_width"]),
        ({"出生日期": ""}, ["mended_birth_from_id"]),
        ({"性别": ""}, ["mended_sex_from_id"]),
    ],
)
def test_what_is_only_off_in_form_is_put_right_and_taken(
    changes: dict[str, object], mended: list[str]
) -> None:
    row = one(**changes)
    assert (faults(row), row.mended) == ([], mended)
    assert (row.name, row.citizen_id, row.birth_date) == ("廖雨馨", GIRL, date(2016, 7, 12))
    assert row.sex is Sex.FEMALE


def test_a_small_x_is_put_right() -> None:
    number = next(
        n for n in (with_check_sign(f"43129920160712{k:03}") for k in range(0, 999, 2)) if n.endswith("X")
    )
    row = one(公民身份证号码=number.lower())
    assert (row.citizen_id, row.mended) == (number, ["mended_small_x"])


@pytest.mark.parametrize("cell", ["", "无", "-", "未上户口"])
def test_a_child_may_have_no_number(cell: str) -> None:
    row = one(公民身份证号码=cell)
    assert (row.refused, row.citizen_id) == (False, None)
    assert row.who == ("廖雨馨", "2016-07-12", "2", "431299200201")


@pytest.mark.parametrize(
    ("cell", "village"),
    [
        ("柳桥村", "431299200201"),
        (" 柳桥村 ", "431299200201"),
        ("柳桥", "431299200201"),
        ("柳桥村委会", "431299200201"),
        ("柳桥村村民委员会", "431299200201"),
        ("西外乡柳桥村", "431299200201"),
        ("青溪县西外乡柳桥村三组", "431299200201"),
        ("柳桥村3组", "431299200201"),
        ("马塘社区", "431299200203"),
        ("马塘社区居委会", "431299200203"),
        ("马塘", "431299200203"),
        ("431299200202", "431299200202"),
        (431299200202, "431299200202"),
    ],
)
def test_a_village_is_known_by_its_name_or_its_code_within_the_township(cell: object, village: str) -> None:
    assert one(所在村=cell).village == village


def test_a_village_name_that_two_villages_fit_is_not_guessed() -> None:
    areas = {**AREAS, "431299200204": "柳桥社区"}
    rows = [row_with(所在村=name) for name in ("柳桥", "柳桥村", "柳桥社区")]
    found = judge_rows(read_roster(ROSTER_FILE, roster(*rows)), areas, FILED_ON)
    assert [row.village for row in found] == [None, "431299200201", "431299200204"]


def test_a_name_and_a_code_that_are_two_villages_are_refused() -> None:
    headings, right, wrong = (
        ["村代码", *HEADINGS],
        ["431299200201", *row_with()],
        ["431299200202", *row_with()],
    )
    paper = read_roster(ROSTER_FILE, workbook(None, headings, right, wrong))
    rows = judge_rows(paper, AREAS, FILED_ON)
    assert [[code for code, _ in faults(row)] for row in rows] == [[], ["row_village_contradicts_code"]]


def test_words_that_mean_nothing_are_taken_as_unknown_and_told() -> None:
    row = one(健康状况="？", 就学状况="博士", 监护情况="蓝", 民族="火星族", 低保或困难家庭="也许", 性别="")
    assert not row.refused
    assert (row.health, row.schooling, row.rating) == (Health.UNKNOWN, Schooling.UNKNOWN, Rating.UNKNOWN)
    assert (row.ethnic_group, row.poor) == ("00", None)
    assert {note.column for note in row.notes} == {
        "健康状况",
        "就学状况",
        "监护情况",
        "民族",
        "低保或困难家庭",
    }


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("爷爷奶奶", Guardianship.PATERNAL_GRANDPARENTS),
        ("爷爷、奶奶", Guardianship.PATERNAL_GRANDPARENTS),
        ("祖父母", Guardianship.PATERNAL_GRANDPARENTS),
        ("外公外婆", Guardianship.MATERNAL_GRANDPARENTS),
        ("姥姥姥爷", Guardianship.MATERNAL_GRANDPARENTS),
        ("亲戚", Guardianship.KIN_OR_FRIENDS),
        ("父母一方外出，另一方无监护能力", Guardianship.INCAPABLE_PARENT),
        ("无人监护", Guardianship.NOBODY),
        ("", Guardianship.UNKNOWN),
    ],
)
def test_guardians_go_by_many_words(word: str, meant: Guardianship) -> None:
    row = one(监护类型=word)
    assert (row.guardianship, row.notes) == (meant, [])


def test_numbers_that_all_end_in_000_were_rounded_before_they_were_text() -> None:
    numbers = [f"4312992016{month:02}{day:02}000" for month in range(1, 13) for day in range(1, 29)]
    right = [n + "0" for n in numbers if with_check_sign(n).endswith("0")][:3]
    rows = [row_with(公民身份证号码=n, 出生日期="") for n in right]
    assert [[code for code, _ in faults(row)] for row in judged(*rows)] == [["row_citizen_id_rounded"]] * 3


def test_the_same_row_says_the_same_in_every_layout() -> None:
    turned = list(reversed(HEADINGS))
    other = delimited(
        ["花名册"], turned, list(reversed(row_with(序号=7, 出生日期="2016.7.12"))), encoding="gb18030"
    )
    [again] = judge_rows(read_roster(ROSTER_FILE, other), AREAS, FILED_ON)
    assert one(出生日期=date(2016, 7, 12)).content == again.content


@pytest.mark.parametrize(
    ("name", "township"),
    [
        ("431299200_西外乡.xlsx", "431299200"),
        ("花名册/431299200西外乡.csv", "431299200"),
        ("C:\\表\\431299200000.xls", "431299200"),
        ("４３１２９９２００_西外乡.xlsx", "431299200"),
    ],
)
def test_the_township_is_the_code_that_the_files_name_begins_with(name: str, township: str) -> None:
    assert read_roster(name, roster(row_with())).township == township


@pytest.mark.parametrize(
    "name", ["西外乡.xlsx", "43129920.xlsx", "4312992001.xlsx", "", "西外乡431299200.xlsx"]
)
def test_a_file_without_its_townships_code_is_refused(name: str) -> None:
    with pytest.raises(PaperRefused, match="paper_no_township_code"):
        read_roster(name, roster(row_with()))


def test_a_township_that_the_areas_do_not_have_is_refused() -> None:
    with pytest.raises(PaperRefused, match="paper_township_unknown"):
        judge_rows(read_roster("431299999_无名乡.xlsx", roster(row_with())), AREAS, FILED_ON)


def test_a_roster_under_another_townships_name_is_refused_as_a_whole() -> None:
    rows = [
        row_with(所在村=name) for name in ("银口村", "虎坝村", "银口村", "虎坝村", "431299101201", "柳桥村")
    ]
    with pytest.raises(PaperRefused) as refused:
        judged(*rows)
    assert (refused.value.code, refused.value.params["other"]) == ("paper_other_township", "431299101")
    assert "双江镇" in refused.value.told()


def test_no_text_of_a_fault_holds_a_name_or_a_number() -> None:
    wrong = one(姓名="廖雨馨", 公民身份证号码="431299201607123724", 所在村="廖雨馨家", 性别="廖雨馨")
    told = "".join(fault.told() for fault in [*wrong.faults, *wrong.notes])
    assert "廖雨馨" not in told
    assert "431299201607123724" not in told
