"""Days as papers write them."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.papers.dates import read_date
from shared.papers.table import Cell

DAY = date(2015, 8, 19)


@pytest.mark.parametrize(
    "cell",
    [
        DAY,
        datetime(2015, 8, 19, 13, 30),  # noqa: DTZ001 - a spreadsheet knows no time zone
        42235.0,
        42235.75,
        "42235",
        20150819,
        20150819.0,
        "20150819",
        "2015年8月19日",
        "2015年08月19日",
        "2015 年 8 月 19 日",
        "2015年8月19",
        "2015.8.19",
        "2015.08.19",
        "2015/08/19",
        "2015/8/19",
        "2015-8-19",
        "2015-08-19",
        " 2015-08-19 ",
        "2015-08-19 00:00:00",
        "2015-8-19 0:00",
        "'2015-08-19",
        "2015-08-19T00:00:00",
        "２０１５－０８－１９",
        "２０１５年８月１９日",
        "2015–8–19",
    ],
)
def test_a_day_is_read_in_all_the_ways_papers_write_it(cell: Cell) -> None:
    assert read_date(cell) == DAY


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "row_date_missing"),
        (" ", "row_date_missing"),
        ("无", "row_date_missing"),
        ("2015年13月45日", "row_date_impossible"),
        ("2015-02-29", "row_date_impossible"),
        (20150230, "row_date_impossible"),
        ("2015年8月", "row_date_no_day"),
        ("2015.8", "row_date_no_day"),
        ("2015-08", "row_date_no_day"),
        ("201508", "row_date_no_day"),
        ("2015年", "row_date_no_day"),
        (2015, "row_date_no_day"),
        (2015.08, "row_date_no_day"),
        ("15.8.19", "row_date_unreadable"),
        ("19/8/2015", "row_date_unreadable"),
        ("2015/8-19", "row_date_unreadable"),
        ("属羊", "row_date_unreadable"),
        (10, "row_date_unreadable"),
        (1e300, "row_date_unreadable"),
        (float("inf"), "row_date_unreadable"),
        (float("nan"), "row_date_unreadable"),
        (True, "row_date_unreadable"),
        (time(1, 2), "row_date_unreadable"),
        (timedelta(days=3), "row_date_unreadable"),
    ],
)
def test_what_is_no_day_is_told_by_what_is_wrong(cell: Cell, code: str) -> None:
    assert read_date(cell) == code


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2099, 12, 31)))
def test_every_way_of_writing_a_day_is_the_same_day(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    written: list[Cell] = [
        f"{day:%Y-%m-%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        serial,
        f"{day:%Y.%m.%d}",
    ]
    assert {read_date(cell) for cell in written} == {day}
