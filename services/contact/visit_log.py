"""The county's visit log: from the file as it came to rows that are judged, and day by day for a replay."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import StringIO
from typing import TypeVar

from shared.contracts.event import ContactKind
from shared.papers.citizen_id import read_citizen_id
from shared.papers.dates import read_date
from shared.papers.delimited import CONTROL
from shared.papers.faults import Fault, PaperRefused
from shared.papers.finding import read_short_table, read_table
from shared.papers.headings import Layout, listed
from shared.papers.lengths import too_long
from shared.papers.limits import VISITS_MAX
from shared.papers.table import Cell, Cells, Table
from shared.papers.text import NOTHING, TEXTS_REMEMBERED, as_text, code, compact, person_name
from shared.papers.words import by_word

VISITS = Layout(
    columns={
        "on": listed("走访日期 走访时间 联系日期 联系时间 日期 探访日期 探访时间 家访日期 关爱日期"),
        "entered_on": listed(
            "录入日期 录入时间 登记日期 登记时间 填报日期 填写日期 记录日期 上报日期 录入日 系统录入日期"
        ),
        "name": listed("儿童姓名 姓名 留守儿童姓名 孩子姓名 走访对象 走访儿童 学生姓名"),
        "citizen_id": listed(
            "身份证号 身份证号码 儿童身份证号 儿童身份证号码 公民身份证号码 公民身份号码 公民身份证号 居民身份证号码"
            " 居民身份证号 身份证 身份证件号码 儿童身份证 证件号码"
        ),
        "village": listed(
            "所在村代码 村代码 行政村代码 所在村编码 村编码 村(居)代码 村居代码"
            " 区划代码 行政区划代码 所在地代码 所在地区划代码"
        ),
        "kind": listed("方式 走访方式 联系方式 走访类型 联系类型 类型 关爱方式 探访方式 走访形式"),
        "reached": listed("结果 走访结果 联系结果 是否成功 是否联系上 探访结果"),
    },
    needed=(("on",), ("entered_on",), ("name",), ("citizen_id",), ("village",), ("kind",), ("reached",)),
)
KINDS = by_word(
    {
        ContactKind.GUARDIAN_TALK: "监护人沟通 与监护人沟通 监护人谈话 监护人联系 监护人访谈 guardian_talk",
        ContactKind.PARENT_CALL: "亲子通话 亲情通话 亲情电话 亲子视频 亲子连线 亲情视频 亲子沟通 parent_call",
        ContactKind.HOME_VISIT: "家访 入户走访 入户 上门走访 入户家访 上门家访 入户探访 走访 home_visit",
        ContactKind.CONDOLENCE: "慰问 走访慰问 节日慰问 慰问走访 物资慰问 condolence",
    }
)
RESULTS = by_word(
    {
        True: "成功 已联系上 联系上 已见到 见到 完成 已完成 接通 已接通 是 联系成功 走访成功 1",
        False: "未联系上 无人 未成功 失败 不成功 联系不上 未见到 无人在家 无人接听 未接通 未完成 未遇 没人 不在家 否"
        " 未联系到 没联系上 空号 关机 停机 0",
    }
)
iso = lru_cache(maxsize=TEXTS_REMEMBERED)(date.isoformat)
"""A day as a text, which is one object: the days of a log are a few hundred, its rows tens of thousands."""
Value = TypeVar("Value")
VILLAGE = re.compile(r"\d{12}", re.ASCII)
UNSEEN = "\u200b"
"""Read as control signs are: it is no cell's whole content, and nothing beside any."""


@dataclass(slots=True)
class VisitRow:
    """One contact made or tried."""

    number: int
    """The row's number in the file, from 1."""
    on: date | None
    """走访日期; the dates, kind and reached are never None in a row that is taken."""
    entered_on: date | None
    """录入日期"""
    name: str
    citizen_id: str | None
    """18 characters; None where the log has none."""
    village: str
    """12 digits, or empty where the log gives an id number only."""
    kind: ContactKind | None
    reached: bool | None
    faults: tuple[Fault, ...] = ()
    content: tuple[str, ...] = ()
    """What the row says, normalised, in one order for all layouts: the key of the import ledger."""

    @property
    def refused(self) -> bool:
        return bool(self.faults)


@dataclass(frozen=True, slots=True)
class VisitPaper:
    """A visit log as it was read; its rows are judged when they are wanted, and a long log's not all at once."""

    table: Table

    def judged(self, start: int = 0, stop: int | None = None) -> list[VisitRow]:
        """Return the rows from the one at *start* up to the one at *stop*, from 0, each judged."""
        judge = Judge(self.table)
        return [judge.row(number, cells) for number, cells in self.table.rows[start:stop]]


def read_visits(filename: str, content: bytes) -> VisitPaper:
    """Return the visit log in *content*. Raises PaperRefused when it is none."""
    del filename  # A visit log says everything itself.
    return VisitPaper(read_short_table(content, VISITS, VISITS_MAX))


class Judge:
    """Judges the rows of one visit log."""

    def __init__(self, table: Table) -> None:
        self.labels: Mapping[str, str] = table.labels
        self.places = [table.columns[column] for column in VISITS.columns]

    def row(self, number: int, cells: Cells) -> VisitRow:
        """Return the row, judged: dates, kind, result, and something to know the child by."""
        on_cell, entered_cell, name_cell, id_cell, village_cell, kind_cell, result_cell = (
            cells[place] for place in self.places
        )
        faults: list[Fault] = []
        on = self._day("on", on_cell, faults)
        entered_on = self._day("entered_on", entered_cell, faults)
        if on and entered_on and on > entered_on:
            faults.append(Fault("row_visit_after_entry", self.labels["on"]))
        name = person_name(name_cell)
        faults += too_long({"name": name}, self.labels.__getitem__)
        citizen_id, village = self._child(name, id_cell, village_cell, faults)
        kind = self._word("kind", kind_cell, KINDS, faults)
        reached = self._word("reached", result_cell, RESULTS, faults)
        told = (on, entered_on, name, citizen_id, village, kind, reached)
        return VisitRow(
            number, *told, tuple(faults), content_of(cells, self.places, on, entered_on, citizen_id)
        )

    def _day(self, column: str, cell: Cell, faults: list[Fault]) -> date | None:
        day = read_date(cell)
        if isinstance(day, str):
            faults.append(Fault(day, self.labels[column]))
            return None
        return day

    def _child(
        self, name: str, id_cell: Cell, village_cell: Cell, faults: list[Fault]
    ) -> tuple[str | None, str]:
        """Return the number and the village that the child is known by: either is enough (policy.md, The papers).

        Only a row that has neither a right number nor a name in a village is told what is wrong with them.
        """
        read = read_citizen_id(id_cell)
        place = code(as_text(village_cell))
        village = place if VILLAGE.fullmatch(place) else ""
        if read.number is not None or (name and village):
            return read.number, village
        if read.fault:
            faults.append(Fault(read.fault, self.labels["citizen_id"]))
            return None, village
        if not name:
            faults.append(Fault("row_name_missing", self.labels["name"]))
        if not village:
            reason = "row_village_missing" if place in NOTHING else "row_village_code_malformed"
            faults.append(Fault(reason, self.labels["village"]))
        return None, village

    def _word(self, column: str, cell: Cell, words: Mapping[str, Value], faults: list[Fault]) -> Value | None:
        word = compact(as_text(cell))
        value = words.get(word)
        if value is None:
            faults.append(
                Fault(f"row_{column}_{'missing' if word in NOTHING else 'unknown'}", self.labels[column])
            )
        return value


def content_of(
    cells: Cells, places: Sequence[int], on: date | None, entered_on: date | None, citizen_id: str | None
) -> tuple[str, ...]:
    """Return what the row says in one order and form, whatever the layout and the kind of file."""
    said = [compact(as_text(cells[place])) for place in places]
    said[:2] = [iso(day) if day else text for day, text in zip((on, entered_on), said, strict=False)]
    said[3] = citizen_id or said[3]
    return tuple(said)


def split_by_entry_day(
    filename: str, content: bytes, first_day: date = date.min
) -> Iterator[tuple[date, bytes]]:
    """Yield the log day by day of entry, each day's rows as a UTF-8 CSV with the log's own headings.

    Rows entered before *first_day* come with that day. A row whose day of entry cannot be read comes with
    the first one, to be refused there. Raises PaperRefused when *content* is no visit log.
    """
    del filename
    table = read_table(content, VISITS)
    by_day: dict[date, list[Cells]] = defaultdict(list)
    unreadable: list[Cells] = []
    place = table.columns["entered_on"]
    for _, cells in table.rows:
        day = read_date(cells[place])
        (unreadable if isinstance(day, str) else by_day[max(day, first_day)]).append(cells)
    days = sorted(by_day)
    if unreadable and not days:
        raise PaperRefused("paper_no_entry_day", column=table.labels["entered_on"])
    for day in days:
        yield day, as_csv([*table.headings, *(unreadable if day == days[0] else ()), *by_day[day]])


def as_csv(rows: Sequence[Cells]) -> bytes:
    """Return *rows* as text that reads as they did, whatever signs a workbook's cells hold.

    A control sign stands in no text; lines end as the writer's own do, so that it quotes any end of line in a cell.
    """
    text = StringIO()
    csv.writer(text).writerows([CONTROL.sub(UNSEEN, as_text(cell)) for cell in row] for row in rows)
    return text.getvalue().encode()
