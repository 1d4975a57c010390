"""The numbers: any measure of any area, as of any day and as known on any day, from sums kept by day and month."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from services.reporting.measure import Nature
from services.reporting.measures import MEASURES, NUMBERS, PARTS
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

EVERYTHING_KNOWN = date.max
FIRST_DAY_EVER = date.min

ADVANCED = "advanced"
"""Beside the sources' days, the day that all services have advanced to: contact says it, and advances last."""

MONTHS_MAX = 600
"""The longest series; of a longer period it shows the end."""

Figures = dict[str, int]
"""The number of each measure, by the measure's name."""


@dataclass(frozen=True, slots=True)
class When:
    """Which days a figure speaks of; all in Asia/Shanghai, both ends inclusive.

    A stock is as of *as_of*, a flow from *first_day* to *last_day*, which is *as_of* where none is given;
    all of it as it was known on *known_on*.
    """

    as_of: date
    known_on: date = EVERYTHING_KNOWN
    first_day: date = FIRST_DAY_EVER
    last_day: date | None = None

    @property
    def last(self) -> date:
        return self.last_day or self.as_of

    @property
    def eve(self) -> date | None:
        """The day before the period, where it has a beginning."""
        return None if self.first_day == FIRST_DAY_EVER else self.first_day - timedelta(days=1)


class Total(NamedTuple):
    """The sums of one counted measure, by its number: up to the as-of day, the period's last day, and its eve."""

    number: int
    standing: int
    until_last: int
    before: int


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month's flows, and its stocks as of *last_day*: the month's last day, or the as-of day before it."""

    month: date
    last_day: date
    figures: Figures


async def figures(
    connection: Connection, area: str, when: When, measures: Iterable[str] | None = None
) -> Figures:
    """Return every measure of *area*, or only *measures*; a county, a township and a village answer alike."""
    return (await figures_of(connection, [area], when, measures))[area]


async def figures_of(
    connection: Connection, areas: Sequence[str], when: When, measures: Iterable[str] | None = None
) -> dict[str, Figures]:
    """Return the same for several areas at once; an area without any event has zeros."""
    names = tuple(MEASURES if measures is None else measures)
    rows = await connection.fetch(
        SQL.totals,
        areas,
        *(bound for day in (when.as_of, when.last, when.eve) for bound in (day and _open_month(day), day)),
        _open_month(when.known_on),
        when.known_on,
        None if measures is None else _numbers(names),
    )
    totals: dict[str, list[Total]] = defaultdict(list)
    for area, *sums in rows:
        totals[area].append(Total(*sums))
    return {area: evaluated(names, totals[area]) for area in areas}


async def series(
    connection: Connection, area: str, measures: Iterable[str], when: When
) -> list[MonthFigures]:
    """Return *measures* month by month from *when*'s first day to its last; whole months, the last as it goes.

    Without a first day it begins with the first month that has anything.
    """
    names = tuple(measures)
    known_months, open_month = _open_month(when.known_on), _open_month(when.last)
    rows = await connection.fetch(
        SQL.months, area, open_month, when.last, known_months, when.known_on, _numbers(names)
    )
    by_month: dict[date, dict[int, int]] = defaultdict(dict)
    for row in rows:
        by_month[row["month"]][row["measure"]] = row["amount"]
    if not by_month:
        return []

    first = max(when.first_day, min(by_month)).replace(day=1)
    standing: dict[int, int] = defaultdict(int)
    months = _months(first, when.last)
    for month in sorted(month for month in by_month if month < months[0]):
        _add(standing, by_month[month])
    answer = []
    for month in months:
        opening = dict(standing)
        _add(standing, by_month.get(month, {}))
        totals = [Total(number, sum_, sum_, opening.get(number, 0)) for number, sum_ in standing.items()]
        last_day = min(_last_day(month), when.last)
        answer.append(MonthFigures(month, last_day, evaluated(names, totals)))
    return answer


async def latest_day(connection: Connection) -> date | None:
    """Return the last day that Kith knows anything of, None before the first event."""
    day: date | None = await connection.fetchval(SQL.latest_day)
    return day


async def settled_until(connection: Connection) -> date | None:
    """Return the last day as known on which figures do not change any more, None before the first advance.

    What is recorded on a day may still come while the services have not advanced beyond it: an advance that makes
    up for missed days records on those days what was due on them. It holds once readers have taken what was said.
    """
    day: date | None = await connection.fetchval(SQL.settled_until, ADVANCED)
    return day


def evaluated(names: tuple[str, ...], totals: Iterable[Total]) -> Figures:
    """Add up measures: stocks stand, flows are what came between, an opening stood before."""
    shares = _shares(names)
    answer = dict.fromkeys(names, 0)
    for number, standing, until_last, before in totals:
        amounts = standing, until_last - before, before
        for name, place, sign in shares.get(number, ()):
            answer[name] += sign * amounts[place]
    return answer


AMOUNTS = (Nature.STOCK, Nature.FLOW, Nature.OPENING)
"""What the amounts of a total stand for, in their order."""


@cache
def _shares(names: tuple[str, ...]) -> Mapping[int, Sequence[tuple[str, int, int]]]:
    """Return in which of these measures each counted one has a part: which of AMOUNTS, and whether it adds or takes."""
    shares: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for name in names:
        place = AMOUNTS.index(MEASURES[name].nature)
        for part in PARTS[name]:
            shares[NUMBERS[part.name]].append((name, place, part.sign))
    return dict(shares)


def _numbers(names: Iterable[str]) -> list[int]:
    return sorted({NUMBERS[part.name] for name in names for part in PARTS[name]})


def _open_month(day: date) -> date:
    """Return the first day of the first month that has not passed whole by the end of *day*."""
    if day == date.max:
        return day
    return (day + timedelta(days=1)).replace(day=1)


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _months(first: date, last: date) -> list[date]:
    """Return the first days of all months from *first* to *last*, at most the last MONTHS_MAX."""
    end = last.year * 12 + last.month
    begin = max(first.year * 12 + first.month - 1, end - MONTHS_MAX)
    return [date(month // 12, month % 12 + 1, 1) for month in range(min(begin, end - 1), end)]


def _add(standing: dict[int, int], amounts: Mapping[int, int]) -> None:
    for number, amount in amounts.items():
        standing[number] += amount
