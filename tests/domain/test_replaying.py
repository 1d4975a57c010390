"""A log on its way into a replay: rows by the day they go in."""

from datetime import date
from pathlib import Path

import pytest

from kith.console import Console
from kith.exits import Failed
from kith.replaying import rows_by_day

HEADINGS = "走访日期,录入日期,儿童姓名,身份证号,所在村代码,方式,结果\n"
ROW = "{on},{entered},张小明,,520199100200,家访,成功\n"
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def write(folder: Path, text: str) -> Path:
    log = folder / "走访记录.csv"
    log.write_text(text, encoding="utf-8")
    return log


def test_rows_go_in_on_the_day_they_were_entered_and_earlier_ones_on_the_first(tmp_path: Path) -> None:
    rows = "".join(
        ROW.format(on=day, entered=day) for day in ("2026-02-20", "2026-03-05", "2026-03-05", "2026-04-01")
    )
    split = rows_by_day(Console(as_json=True), write(tmp_path, HEADINGS + rows), FIRST, LAST)
    assert {day: part.decode().count("张小明") for day, part in split.items()} == {
        FIRST: 1,
        date(2026, 3, 5): 2,
    }


def test_a_log_that_nobody_has_written_in_is_a_time_without_visits(tmp_path: Path) -> None:
    assert rows_by_day(Console(as_json=True), write(tmp_path, HEADINGS), FIRST, LAST) == {}


def test_what_is_no_log_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed) as failure:
        rows_by_day(Console(as_json=True), write(tmp_path, "<html>no log</html>"), FIRST, LAST)
    assert failure.value.code == "paper_refused"
