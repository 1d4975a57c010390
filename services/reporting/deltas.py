"""Dated deltas: what an event adds to measures or takes from them, at a place and a day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.reporting.measure import Item
from services.reporting.measures import NUMBERS

AREA_DIGITS = (6, 9, 12)
"""Digits of a county, a township and a village: each delta counts in all that hold its area."""


class Cell(NamedTuple):
    """Where an amount is counted; *beyond* is the other side of a transfer, counted only where it is outside."""

    measure: str
    area: str
    on: date
    beyond: str | None = None


Cells = dict[Cell, int]


class Behind(NamedTuple):
    """What stands behind a delta: the item that a list shows, and the event that told of it."""

    kind: Item
    item: UUID | None
    """None where the event itself names those counted."""
    child_id: UUID | None
    recorded_on: date
    event_id: UUID


class Delta(NamedTuple):
    """The same *amount* added to several measures at once."""

    behind: Behind
    area: str
    beyond: str | None
    on: date
    amount: int
    measures: tuple[str, ...]


def deltas(cells: Mapping[Cell, int], behind: Behind) -> list[Delta]:
    """Return the deltas that make these cells: one for all measures with the same place, day and amount."""
    together: dict[tuple[str, str | None, date, int], list[str]] = defaultdict(list)
    for cell, amount in cells.items():
        if amount:
            together[cell.area, cell.beyond, cell.on, amount].append(cell.measure)
    return [
        Delta(behind, area, beyond, on, amount, tuple(measures))
        for (area, beyond, on, amount), measures in together.items()
    ]


def added(cells: Cells, cell: Cell, amount: int) -> None:
    """Add *amount* to a cell."""
    cells[cell] = cells.get(cell, 0) + amount


class Tally(NamedTuple):
    """What is summed: a measure of an area on a day, as learned on a day."""

    area: str
    on: date
    measure: int
    recorded_on: date


def tallies(counted: Iterable[Delta]) -> dict[Tally, int]:
    """Return the sums by day for every area that holds a delta's place, and not its other side."""
    sums: dict[Tally, int] = defaultdict(int)
    for delta in counted:
        area, beyond, on, recorded_on = delta.area, delta.beyond, delta.on, delta.behind.recorded_on
        numbers = [NUMBERS[name] for name in delta.measures]
        for digits in AREA_DIGITS:
            if digits > len(area):
                break
            holder = area[:digits]
            if beyond is not None and beyond[:digits] == holder:
                continue
            for number in numbers:
                sums[Tally(holder, on, number, recorded_on)] += delta.amount
    return sums
