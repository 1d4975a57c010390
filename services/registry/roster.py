"""A township's roster: from the file as it came to rows that are judged, put right or refused."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.roster_layout import ROSTER
from services.registry.roster_row import Judge, RosterRow
from services.registry.villages import Villages, townships_by_village
from shared.papers.citizen_id import ROUNDED
from shared.papers.faults import Fault, PaperRefused
from shared.papers.finding import read_short_table
from shared.papers.limits import LISTED_MAX
from shared.papers.table import Table
from shared.papers.text import compact

__all__ = ["RosterPaper", "RosterRow", "judge_rows", "read_roster"]

TOWNSHIP = re.compile(r"(\d{9})(?:0{3})?(?!\d)", re.ASCII)
OTHER_TOWNSHIP_ROWS_MIN = 5
"""Fewer rows than this are told one by one: a mended paper may have but these."""
ROUNDED_ROWS_MIN, ROUNDED_SHARE = 3, 20
"""Of right numbers one in a thousand ends in 000: three, and one in twenty, did not come so from a register."""


@dataclass(frozen=True, slots=True)
class RosterPaper:
    """A roster as it was read, before anything was judged."""

    filename: str
    township: str
    """The 9-digit code that the file's name begins with."""
    table: Table


def read_roster(filename: str, content: bytes) -> RosterPaper:
    """Return the roster in *content*; the township is the 9-digit code that *filename* begins with.

    Raises PaperRefused when the file is no roster, or not one that can be read without guessing.
    """
    name = re.split(r"[/\\\\]", compact(filename))[-1]
    township = TOWNSHIP.match(name)
    if township is None:
        raise PaperRefused("paper_no_township_code")
    return RosterPaper(name, township[1], read_short_table(content, ROSTER, LISTED_MAX))


def judge_rows(paper: RosterPaper, areas: Mapping[str, str], filed_on: date) -> Sequence[RosterRow]:
    """Return every row of *paper*, judged against *areas* (code to name, the whole county) on *filed_on*.

    Raises PaperRefused when the township is not among *areas*, or most rows belong to another one.
    """
    villages = Villages(paper.township, areas)
    if paper.township not in areas and not villages.names:
        raise PaperRefused("paper_township_unknown", township=paper.township)
    judge = Judge(paper.table, villages, filed_on)
    rows = [judge.row(number, cells) for number, cells in paper.table.rows]
    refuse_other_township(paper.township, rows, areas)
    refuse_rounded(rows, judge.label("citizen_id"))
    return rows


def refuse_other_township(township: str, rows: Sequence[RosterRow], areas: Mapping[str, str]) -> None:
    """Raise PaperRefused where most rows live in villages that only another township has."""
    elsewhere = townships_by_village(areas)
    lost = [
        elsewhere.get(compact(row.village_name), set())
        for row in rows
        if row.village is None and row.village_name
    ]
    counted = Counter(other for townships in lost for other in townships if other != township)
    for other, count in counted.most_common(1):
        if count >= OTHER_TOWNSHIP_ROWS_MIN and count * 2 > len(rows):
            raise PaperRefused(
                "paper_other_township",
                township=township,
                township_name=areas.get(township, ""),
                other=other,
                other_name=areas.get(other, ""),
                rows=count,
            )


def refuse_rounded(rows: Sequence[RosterRow], column: str) -> None:
    """Refuse the numbers that end in 000 where too many do: they were numbers, rounded, before they were text."""
    ending = [row for row in rows if row.citizen_id and row.citizen_id.endswith("000")]
    if len(ending) >= ROUNDED_ROWS_MIN and len(ending) * ROUNDED_SHARE > len(rows):
        for row in ending:
            row.faults.append(Fault(ROUNDED, column))
