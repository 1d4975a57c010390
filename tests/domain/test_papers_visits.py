"""The visit log, row by row and day by day."""

from datetime import date

import pytest

from services.contact.visit_log import VisitRow, read_visits, split_by_entry_day
from shared.contracts.event import ContactKind
from shared.papers.faults import PaperRefused
from tests.paper_files import GIRL, delimited, workbook

HEADINGS = ["走访日期", "录入日期", "儿童姓名", "身份证号", "所在村代码", "方式", "结果"]
RIGHT = ["2026-03-01", "2026-03-09", "廖雨馨", GIRL, "431299200201", "家访", "成功"]


def one(**changes: object) -> VisitRow:
    cells = dict(zip(HEADINGS, RIGHT, strict=True)) | changes
    [row] = read_visits("走访记录.csv", delimited(HEADINGS, list(cells.values()))).judged()
    return row


def test_a_right_row_is_taken_with_all_it_says() -> None:
    row = one()
    assert not row.refused
    assert (row.on, row.entered_on) == (date(2026, 3, 1), date(2026, 3, 9))
    assert (row.name, row.citizen_id, row.village) == ("廖雨馨", GIRL, "431299200201")
    assert (row.kind, row.reached) == (ContactKind.HOME_VISIT, True)


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"走访日期": ""}, "row_date_missing", "走访日期"),
        ({"走访日期": "2026-02-30"}, "row_date_impossible", "走访日期"),
        ({"录入日期": "2026年3月"}, "row_date_no_day", "录入日期"),
        ({"走访日期": "2026-03-10"}, "row_visit_after_entry", "走访日期"),
        ({"方式": "写信"}, "row_kind_unknown", "方式"),
        ({"方式": ""}, "row_kind_missing", "方式"),
        ({"结果": "也许"}, "row_reached_unknown", "结果"),
        ({"结果": ""}, "row_reached_missing", "结果"),
        ({"身份证号": "4.31299E+17", "所在村代码": ""}, "row_citizen_id_rounded", "身份证号"),
        ({"身份证号": "", "儿童姓名": ""}, "row_name_missing", "儿童姓名"),
        ({"身份证号": "", "所在村代码": ""}, "row_village_missing", "所在村代码"),
        ({"身份证号": "", "所在村代码": "柳桥村"}, "row_village_code_malformed", "所在村代码"),
    ],
)
def test_a_row_is_refused_with_its_reason_and_its_place(
    changes: dict[str, object], code: str, column: str
) -> None:
    assert [(fault.code, fault.column) for fault in one(**changes).faults] == [(code, column)]


def test_a_child_is_known_by_its_number_or_by_its_name_and_village() -> None:
    assert not one(儿童姓名="", 所在村代码="").refused
    assert not one(身份证号="").refused


def test_what_is_wrong_with_one_of_them_is_passed_by_where_the_other_is_right() -> None:
    by_number = one(所在村代码="柳桥村")
    assert (by_number.refused, by_number.citizen_id, by_number.village) == (False, GIRL, "")
    by_name = one(身份证号="4.31299E+17", 所在村代码="'431299200201")
    assert (by_name.refused, by_name.citizen_id, by_name.village) == (False, None, "431299200201")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("监护人沟通", ContactKind.GUARDIAN_TALK),
        ("亲子通话", ContactKind.PARENT_CALL),
        ("入户走访", ContactKind.HOME_VISIT),
        ("走访慰问", ContactKind.CONDOLENCE),
    ],
)
def test_contacts_go_by_many_words(word: str, kind: ContactKind) -> None:
    assert one(方式=word).kind is kind


@pytest.mark.parametrize(
    ("word", "reached"), [("已联系上", True), ("未联系上", False), ("无人", False), ("无人接听", False)]
)
def test_results_go_by_many_words(word: str, reached: bool) -> None:
    assert one(结果=word).reached is reached


def test_the_same_visit_says_the_same_in_every_layout() -> None:
    turned = workbook(None, HEADINGS[::-1], [*RIGHT[:1:-1], date(2026, 3, 9), "2026年3月1日"])
    [row] = read_visits("走访记录.xlsx", turned).judged()
    assert row.content == one().content


def test_the_log_is_split_by_the_day_of_entry_in_order_and_loses_no_row() -> None:
    later, other = ["2026-03-02", "2026-03-10", *RIGHT[2:]], ["2026-03-03", "2026.3.9", *RIGHT[2:]]
    unreadable = ["2026-03-04", "?", *RIGHT[2:]]
    days = list(split_by_entry_day("走访记录.csv", delimited(HEADINGS, later, RIGHT, unreadable, other)))
    assert [day for day, _ in days] == [date(2026, 3, 9), date(2026, 3, 10)]
    rows = [read_visits("一天.csv", part).judged() for _, part in days]
    assert [[row.on and row.on.day for row in part] for part in rows] == [[4, 1, 3], [2]]
    assert [fault.code for fault in rows[0][0].faults] == ["row_date_unreadable"]


@pytest.mark.parametrize("above", [[], [["留守儿童走访记录", *[""] * (len(HEADINGS) - 1)]]])
def test_rows_of_earlier_days_come_with_the_first_day_below_headings_of_several_lines(
    above: list[list[str]],
) -> None:
    broken = [f"{heading[:2]}\n{heading[2:]}" for heading in HEADINGS]
    rows = [[day, day, *RIGHT[2:]] for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")]
    paper = workbook(None, *above, broken, *rows)
    days = dict(split_by_entry_day("走访记录.xlsx", paper, date(2026, 3, 1)))
    assert list(days) == [date(2026, 3, 1), date(2026, 3, 2)]
    first, second = (read_visits("一天.csv", part).judged() for part in days.values())
    assert [row.on and row.on.isoformat() for row in first] == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert not any(row.refused for row in (*first, *second))


@pytest.mark.parametrize("sign", ["\x01", "\x1b", "\r", "\n", '"', ","])
def test_a_sign_that_no_text_holds_loses_no_row_of_a_workbook_that_is_split(sign: str) -> None:
    spoilt = [*RIGHT[:2], f"李{sign}响", *RIGHT[3:]]
    alone = [sign, *[""] * (len(HEADINGS) - 1)]
    [(_, part)] = split_by_entry_day("走访记录.xlsx", workbook(None, HEADINGS, RIGHT, spoilt, alone))
    whole = read_visits("走访记录.xlsx", workbook(None, HEADINGS, RIGHT, spoilt, alone)).judged()
    apart = read_visits("一天.csv", part).judged()
    assert sorted(row.content for row in apart) == sorted(row.content for row in whole)
    assert sorted(row.name for row in apart) == sorted(row.name for row in whole)


def test_a_log_without_one_day_of_entry_is_refused() -> None:
    with pytest.raises(PaperRefused, match="paper_no_entry_day"):
        list(split_by_entry_day("走访记录.csv", delimited(HEADINGS, [RIGHT[0], "?", *RIGHT[2:]])))
