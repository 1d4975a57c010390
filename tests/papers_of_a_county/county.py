"""The papers of the invented county, written into a folder as they would arrive on a desk."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from tests.paper_files import delimited, workbook
from tests.papers_of_a_county.facts import County, LogEntry
from tests.papers_of_a_county.layouts import LAYOUTS, Rows
from tests.papers_of_a_county.people import COUNTY, People, areas
from tests.papers_of_a_county.townships import rosters
from tests.papers_of_a_county.visits import KINDS, log

DAY = timedelta(days=1)
WITHOUT_CARERS = f"{COUNTY}106"
"""The township all of whose carers are yet to be cleared."""
OTHER_FILES = ("~$520199100_青石镇.xlsx", ".DS_Store", "520199101_附件.pdf", "README.txt", "Thumbs.db")
"""What lies about in every folder."""
CARER_KINDS = ("爱心妈妈", "教师", "志愿者", "机关干部")


def invented(seed: int, filed_on: date, until: date, size: int = 6) -> County:
    """Return another county for every *seed*; somebody turns sixteen on every day that could matter by one."""
    people = People(seed)
    edges = [date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 3, 9), date(2026, 7, 5)]
    birthdays = [day for day in edges if filed_on < day] + [until, until + DAY]
    rows = rosters(people, filed_on, birthdays, size)
    return County(COUNTY, areas(), rows, log(people, rows, filed_on, until))


def write(county: County, folder: Path, *, log_as_workbook: bool = False) -> None:
    """Write every paper of *county* into *folder*."""
    _areas(county, folder)
    rosters_folder = folder / "2025年底花名册"
    rosters_folder.mkdir()
    for nth, township in enumerate(county.townships):
        layout = LAYOUTS[nth % len(LAYOUTS)]
        entries = [entry for entry in county.rosters if entry.township == township]
        name = f"{township}_{county.areas[township]}.{layout.ending}"
        (rosters_folder / name).write_bytes(layout.file(entries, county.areas))
    for name in OTHER_FILES:
        (rosters_folder / name).write_bytes(b"%PDF-1.7 of no use here")
    _carers(county, folder)
    if log_as_workbook:
        (folder / "走访记录.xlsx").write_bytes(workbook({"走访": _log_with_title(county.log)}))
    else:
        (folder / "走访记录.csv").write_bytes(delimited(*_log(county.log), encoding="gb18030"))


def _areas(county: County, folder: Path) -> None:
    levels = {6: "县", 9: "乡镇", 12: "村"}
    above = {6: 0, 9: 6, 12: 9}
    rows: Rows = [["级别", "行政区划代码", "名称", "上级代码"]]
    for code, name in county.areas.items():
        rows.append([levels[len(code)], code, name, code[: above[len(code)]]])
    (folder / "行政区划.xlsx").write_bytes(workbook({"Sheet1": rows}))


def _carers(county: County, folder: Path) -> None:
    rows: Rows = [["身份", "姓名", "所在地代码", "可结对人数", "审查通过", "联系电话"]]
    for township in county.townships:
        cleared = "否" if township == WITHOUT_CARERS else "是"
        rows.append(["儿童督导员", "督导甲", township, 0, "是", ""])
        rows.append(["儿童主任", "主任乙", f"{township}201", "", "是", ""])
        for nth, kind in enumerate(CARER_KINDS * 8):
            area = f"{township}{201 + nth % 5}" if nth % 2 else township
            rows.append([kind, f"{kind[0]}{nth:02}", area, 1 + nth % 5, cleared, ""])
    (folder / "结对帮扶人员.csv").write_bytes(delimited(*rows, encoding="utf-8-sig"))


def _log(entries: Sequence[LogEntry]) -> Rows:
    rows: Rows = [["走访日期", "录入日期", "儿童姓名", "身份证号", "所在村代码", "方式", "结果"]]
    for entry in entries:
        said = {**_said(entry), **entry.written}
        rows.append(
            [said[name] for name in ("on", "entered_on", "name", "number", "village", "kind", "result")]
        )
    return rows


def _log_with_title(entries: Sequence[LogEntry]) -> Rows:
    rows: Rows = [["云岭县2026年走访记录"], []]
    rows.append(
        [
            "序号",
            "录入\n日期",
            "走访\n方式",
            "走访结果",
            "走访\n日期",
            "姓名",
            "村代码",
            "公民身份号码",
            "备注",
        ]
    )
    for nth, entry in enumerate(entries, 1):
        said = {**_said(entry), "on": entry.on, "entered_on": entry.entered_on, **entry.written}
        row = [said[name] for name in ("entered_on", "kind", "result", "on", "name", "village", "number")]
        rows.append([nth, *row, ""])
    rows.append(["填表人:某某", "", "", "", "审核人:某某"])
    return rows


def _said(entry: LogEntry) -> dict[str, object]:
    return {
        "on": f"{entry.on.year}/{entry.on.month}/{entry.on.day}",
        "entered_on": f"{entry.entered_on.year}年{entry.entered_on.month}月{entry.entered_on.day}日",
        "name": entry.name,
        "number": entry.number or "",
        "village": entry.village,
        "kind": KINDS[entry.kind],
        "result": "成功" if entry.reached else "未联系上",
    }
