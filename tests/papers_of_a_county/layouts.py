"""Seven ways to lay out a roster, one a township, none of which is the example county's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from tests.paper_files import delimited, workbook
from tests.papers_of_a_county.facts import RosterEntry

Rows = list[Sequence[object]]
EMPTY: list[object] = []
SERIAL_ORIGIN = date(1899, 12, 30)
TELLS_NOTHING: Mapping[str, object] = {
    "ethnic": "苗族",
    "health": "健康",
    "schooling": "小学",
    "school": "中心小学",
    "boards": "是",
    "kin": "祖父母",
    "guardian": "甘棠",
    "phone": "13900000000",
    "father": "柏舟",
    "father_at": "广东省东莞市",
    "mother": "葛覃",
    "mother_at": "浙江省温州市",
    "note": "",
}
"""What is the same for every child, since no figure of the year depends on it."""


@dataclass(frozen=True)
class Layout:
    """How a township writes its roster: the columns in order, and how it writes days and villages."""

    ending: str
    columns: Sequence[tuple[str, str]]
    """Heading and field."""
    day: Callable[[date], object]
    village: Callable[[str, str, str], object]
    """From the village's code, its name and its township's name."""
    above: Rows = field(default_factory=list)
    groups: Sequence[str] = ()
    """A row of headings above the headings, for groups of columns."""
    below: Rows = field(default_factory=list)
    gap: int = 0
    """After so many rows stand two empty ones."""
    poor: tuple[str, str] = ("是", "否")
    encoding: str = "utf-8"
    separator: str = ","
    sheets: tuple[Mapping[str, Rows], Mapping[str, Rows]] = field(default=({}, {}))
    """Sheets without data before and after it."""

    def file(self, entries: Sequence[RosterEntry], areas: Mapping[str, str]) -> bytes:
        rows: Rows = [
            *self.above,
            *([self.groups] if self.groups else []),
            [heading for heading, _ in self.columns],
        ]
        for nth, entry in enumerate(entries, 1):
            rows.append([self.cell(name, nth, entry, areas) for _, name in self.columns])
            if self.gap and nth % self.gap == 0:
                rows += [EMPTY, EMPTY]
        rows += self.below
        if self.ending == "csv":
            return delimited(*rows, encoding=self.encoding, separator=self.separator)
        before, after = self.sheets
        return workbook({**before, "花名册": rows, **after})

    def cell(self, name: str, nth: int, entry: RosterEntry, areas: Mapping[str, str]) -> object:
        """Return what stands in the column of the field *name*."""
        child = entry.child
        said = {
            **TELLS_NOTHING,
            "no": nth,
            "name": child.name,
            "sex": child.sex,
            "born": self.day(child.born),
            "number": child.number or "",
            "village": self.village(child.village, areas[child.village], areas[entry.township]),
            "poor": self.poor[0] if child.poor else self.poor[1],
            **entry.written,
        }
        return said[name]


def columns(text: str) -> list[tuple[str, str]]:
    """Return the columns of `heading=field` pairs separated by spaces."""
    return [(heading, name) for heading, _, name in (pair.partition("=") for pair in text.split())]


def dotted(day: date) -> str:
    return f"{day.year}.{day.month}.{day.day}"


def dashed(day: date) -> str:
    return f"{day.year}-{day.month}-{day.day}"


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def with_time(day: date) -> str:
    return f"{day} 00:00:00"


def serial(day: date) -> int:
    return (day - SERIAL_ORIGIN).days


def eight_digits(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def at_midnight(day: date) -> datetime:
    return datetime.combine(day, time())


GROUPED = Layout(
    "xlsx",
    columns(
        "=no 姓名(必填)=name 性别(必填)=sex 出生年月日(必填)=born 身份证号码=number 所在村(居)*=village"
        " 困难家庭=poor 与儿童关系=kin 姓名=guardian 联系电话=phone 姓名=father 务工地=father_at 姓名=mother"
        " 务工地=mother_at =note"
    ),
    chinese,
    lambda code, name, township: name,
    above=[
        ["云岭县农村留守儿童信息采集表"],
        EMPTY,
        ["填报单位:青石镇人民政府", "", "", "填表日期:2025年12月20日"],
    ],
    groups=(
        *("序号", "儿童基本信息", "", "", "", "", "", "监护人信息", "", ""),
        *("父亲信息", "", "母亲信息", "", "备注"),
    ),
    below=[["合计", 99], EMPTY, ["负责人:", "", "复核人:", "", "填表人:", "", "2025年12月20日"]],
)
TABBED = Layout(
    "csv",
    columns(
        "编号=no 所在村名称=village 儿童姓名=name 身份证号=number 性别=sex 出生日期=born 民族=ethnic 是否低保=poor"
        " 监护人姓名=guardian 监护人电话=phone 备注=note"
    ),
    dotted,
    lambda code, name, township: name,
    encoding="gb18030",
    separator="\t",
)
UNNUMBERED_ROWS = Layout(
    "csv",
    columns(
        "公民身份号码=number 姓名=name 出生年月=born 性别=sex 健康状况=health 就学状况=schooling 行政村=village"
        " 低保/困难家庭=poor 父亲姓名=father 母亲姓名=mother"
    ),
    dashed,
    lambda code, name, township: f"{township}{name}",
    encoding="utf-8-sig",
    separator=";",
    poor=("是", ""),
    below=[["合计:", "", "", "", "", "", "", "", "", ""]],
)
MANY_SHEETS = Layout(
    "xlsx",
    columns(
        "序号=no 姓名=name 公民身份证号码=number 性别=sex 出生日期=born 所在村代码=village 就读学校=school"
        " 是否寄宿=boards 是否低保或困难家庭=poor"
    ),
    lambda day: day,
    lambda code, name, township: code,
    above=[["竹溪乡留守儿童花名册"]],
    sheets=({"填表说明": [["填表说明"], ["一、本表由村填报"], ["二、每年更新"]]}, {"Sheet3": []}),
)
SERIALS = Layout(
    "xlsx",
    columns(
        "姓名=name 性别=sex 民族=ethnic 出生时间=born 村名=village 身份证=number 困难家庭=poor 监护情况=note"
    ),
    serial,
    lambda code, name, township: f"云岭县{township}{name}",
    above=[EMPTY, EMPTY],
    gap=7,
    below=[EMPTY, ["制表人:某某", "", "审核:某某"]],
)
TIMES = Layout(
    "csv",
    columns(
        "序号=no 姓名=name 性别=sex 出生日期=born 公民身份证号码=number 所在村=village 低保或困难家庭=poor"
    ),
    with_time,
    lambda code, name, township: name.removesuffix("村"),
    poor=("是", "否"),
)
DIGITS = Layout(
    "xlsx",
    columns(
        "序号=no 村(社区)=village 姓名=name 出生日期=born 性别=sex 证件号码=number 家庭住址=note 是否困难家庭=poor"
    ),
    eight_digits,
    lambda code, name, township: name,
    poor=("是", "/"),
)
LAYOUTS = (GROUPED, TABBED, UNNUMBERED_ROWS, MANY_SHEETS, SERIALS, TIMES, DIGITS)
