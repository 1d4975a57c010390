"""The county's list of areas: county, townships and villages by code, checked as a tree."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.event import Level
from shared.papers.faults import PaperRefused
from shared.papers.finding import read_short_table
from shared.papers.headings import Layout, listed
from shared.papers.lengths import NAME_CHARS_MAX
from shared.papers.limits import FAULTS_NAMED_MAX, LISTED_MAX
from shared.papers.table import Cells, Table
from shared.papers.text import as_text, compact, free_text
from shared.papers.text import code as as_code

AREAS = Layout(
    columns={
        "code": listed("代码 行政区划代码 区划代码 地区代码 编码 区划编码 行政区划编码 统计用区划代码 code"),
        "name": listed("名称 行政区划名称 区划名称 地区名称 单位名称 name"),
        "parent": listed("上级代码 上级区划代码 上级行政区划代码 父级代码 上级 上级编码 所属代码 parent"),
        "level": listed("级别 层级 行政级别 区划级别 类型 区划级次 level"),
    },
    needed=(("code",), ("name",)),
)
LEVELS: Mapping[Level, tuple[int, frozenset[str]]] = {
    Level.COUNTY: (
        6,
        frozenset({"county", "县", "县级", "区", "市", "区县", "县区", "县(区)", "区(县)", "1"}),
    ),
    Level.TOWNSHIP: (
        9,
        frozenset(
            {"township", "乡镇", "乡镇级", "镇", "乡", "街道", "街道办事处", "乡级", "镇级", "乡(镇)", "2"}
        ),
    ),
    Level.VILLAGE: (
        12,
        frozenset(
            {
                "village",
                "村",
                "行政村",
                "村级",
                "社区",
                "村(居)",
                "村居",
                "村社区",
                "村(社区)",
                "居委会",
                "村委会",
                "3",
            }
        ),
    ),
}
"""Each level's digits of a code and the words for it."""
LEVEL_BY_DIGITS = {digits: level for level, (digits, _) in LEVELS.items()}
DIGITS = re.compile(r"\d{6,12}", re.ASCII)
COUNTY_DIGITS, TOWNSHIP_DIGITS, VILLAGE_DIGITS = 6, 9, 12
ABOVE = {Level.TOWNSHIP: COUNTY_DIGITS, Level.VILLAGE: TOWNSHIP_DIGITS}


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area of the list."""

    number: int
    """The row's number in the file, from 1."""
    code: str
    """6 digits a county, 9 a township, 12 a village."""
    name: str
    level: Level
    parent: str | None
    """The parent's code; None for a county."""


@dataclass(frozen=True, slots=True)
class AreaPaper:
    """A list of areas without a fault, parents before children."""

    table: Table
    areas: Sequence[AreaRow]


def read_areas(filename: str, content: bytes) -> AreaPaper:
    """Return the areas in *content*, counties first, then townships, then villages, each by code.

    The tree is taken whole or not at all: raises PaperRefused, which names the first faulty rows.
    """
    del filename  # A list of areas says everything itself.
    table = read_short_table(content, AREAS, LISTED_MAX)
    levelled = [read_area(table, number, cells) for number, cells in table.rows]
    check_tree(levelled)
    return AreaPaper(table, sorted(levelled, key=lambda area: (len(area.code), area.code)))


def read_area(table: Table, number: int, cells: Cells) -> AreaRow:
    """Return the area in a row; raises PaperRefused where its code, name or level says nothing or contradicts."""
    by_column = {column: cells[index] for column, index in table.columns.items()}
    code = as_code(as_text(by_column["code"]))
    name = free_text(by_column["name"])
    level = level_of(number, code, compact(as_text(by_column.get("level", ""))))
    if not name:
        raise PaperRefused("areas_name_missing", row=number)
    if len(name) > NAME_CHARS_MAX:
        raise PaperRefused("areas_name_too_long", row=number, most=NAME_CHARS_MAX)
    code = code[: LEVELS[level][0]]
    parent = code[: ABOVE[level]] if level in ABOVE else None
    told = as_code(as_text(by_column.get("parent", "")))
    if parent is not None and told and (not told.startswith(parent) or told[len(parent) :].strip("0")):
        raise PaperRefused("areas_parent_contradicts", row=number, code=code, parent=told[:NAME_CHARS_MAX])
    return AreaRow(number, code, name, level, parent)


def level_of(number: int, code: str, word: str) -> Level:
    """Return an area's level, by its word and the digits of its code, which must agree.

    The twelve digits of the statistics office, filled up with zeros, are known where the word tells the level.
    """
    if not DIGITS.fullmatch(code):
        raise PaperRefused("areas_code_malformed", row=number)
    by_digits = LEVEL_BY_DIGITS.get(len(code))
    by_word = next((level for level, (_, words) in LEVELS.items() if word.lower() in words), None)
    if word and by_word is None:
        raise PaperRefused("areas_level_unknown", row=number, level=word[:NAME_CHARS_MAX])
    if by_word is None and len(code) == VILLAGE_DIGITS and code.endswith("000"):
        return Level.COUNTY if code.endswith("000000") else Level.TOWNSHIP
    if by_word is not None and len(code) == VILLAGE_DIGITS and not code[LEVELS[by_word][0] :].strip("0"):
        return by_word
    if by_digits is None:
        raise PaperRefused("areas_code_malformed", row=number)
    if by_word not in {None, by_digits}:
        raise PaperRefused("areas_level_contradicts", row=number, code=code, level=word)
    return by_digits


def check_tree(areas: Sequence[AreaRow]) -> None:
    """Raise PaperRefused where a code stands twice or an area's parent is not in the list."""
    rows: dict[str, int] = {}
    for area in areas:
        if area.code in rows:
            raise PaperRefused("areas_code_twice", code=area.code, rows=[rows[area.code], area.number])
        rows[area.code] = area.number
    orphans = [area for area in areas if area.parent is not None and area.parent not in rows]
    if orphans:
        raise PaperRefused(
            "areas_parent_missing",
            rows=[area.number for area in orphans[:FAULTS_NAMED_MAX]],
            parents=sorted({area.parent or "" for area in orphans})[:FAULTS_NAMED_MAX],
        )
