"""What a child's file adds up to, as its events tell of it, early or late."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple, Self

from services.reporting.deltas import Cell, Cells, added
from services.reporting.measures import BOARDS, POOR, UNDER
from services.reporting.timeline import Step, Timeline, amended, changes
from shared.contracts.registry import (
    ChildFile,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
)

ChildEvent = (
    ChildRegistered
    | ChildFileRevised
    | ChildTransferred
    | ChildLeft
    | ChildReturned
    | ChildrenMerged
    | ChildrenUnmerged
)


class Codes(NamedTuple):
    """What is counted of a file."""

    birth_date: date
    sex: str
    schooling: str
    health: str
    guardianship: str
    rating: str
    poor: bool | None
    boards: bool | None

    @classmethod
    def of(cls, file: ChildFile) -> Self:
        return cls(
            file.birth_date,
            file.sex.value,
            file.schooling.value,
            file.health.value,
            file.guardianship.value,
            file.rating.value,
            file.poor,
            file.boards,
        )


class Open(NamedTuple):
    """An open file: in which village, saying what."""

    area: str
    codes: Codes


ChildTimeline = Timeline[Open]


OPENED_BY = {ChildRegistered: "registered", ChildReturned: "returned", ChildrenUnmerged: "unmerged"}
"""How an opening's event ends the measure's name."""
ANSWERS = {True: "", False: ".no", None: ".unknown"}
"""How a question's answer ends the measure's name."""


class NeverRegistered(LookupError):
    """The event is about a child whose registration was not received."""


def told(known: ChildTimeline | None, event: ChildEvent) -> ChildTimeline:
    """Return how the child's file stood and stands, now that *event* is known.

    Raises NeverRegistered where nothing was known of the child. An empty timeline is something: a file
    that closed before it opened was never open.
    """
    if known is None and not isinstance(event, ChildRegistered):
        raise NeverRegistered(event.child_id)

    timeline = known or ()
    codes = Codes.of(event.file)
    match event:
        case ChildRegistered() | ChildReturned() | ChildrenUnmerged():
            return amended(timeline, event.on, OPENED_BY[type(event)], lambda _: Open(event.area, codes))
        case ChildFileRevised():
            return amended(timeline, event.on, "revised", lambda file: file and file._replace(codes=codes))
        case ChildTransferred():
            moved = event.area
            return amended(timeline, event.on, "transferred", lambda file: file and file._replace(area=moved))
        case ChildLeft():
            return amended(timeline, event.on, event.reason.value, lambda _: None)
        case ChildrenMerged():
            return amended(timeline, event.on, "merged", lambda _: None)


def difference(before: ChildTimeline, after: ChildTimeline) -> Cells:
    """Return what must be added to every measure so that it says *after* where it said *before*."""
    cells: Cells = {}
    for sign, step, former in changes(before, after):
        if former is not None:
            _add_standing(cells, former, step.on, -sign)
        if step.state is not None:
            _add_standing(cells, step.state, step.on, sign)
        for flow in _flows(step, former):
            added(cells, flow, sign)
    return cells


def _add_standing(cells: Cells, file: Open, on: date, sign: int) -> None:
    area, codes = file
    for name in (
        "files.open",
        f"children.sex.{codes.sex}",
        f"children.schooling.{codes.schooling}",
        f"children.health.{codes.health}",
        f"children.guardianship.{codes.guardianship}",
        f"children.rating.{codes.rating}",
        POOR + ANSWERS[codes.poor],
        BOARDS + ANSWERS[codes.boards],
    ):
        added(cells, Cell(name, area, on), sign)
    for years, name in UNDER.items():
        ends = birthday(codes.birth_date, years)
        if ends > on:
            added(cells, Cell(name, area, on), sign)
            added(cells, Cell(name, area, ends), -sign)


def _flows(step: Step[Open], former: Open | None) -> Iterator[Cell]:
    file = step.state
    if former is None and file is not None:
        yield Cell(f"files.opened.{step.how}", file.area, step.on)
    elif former is not None and file is None:
        yield Cell(f"files.closed.{step.how}", former.area, step.on)
    elif former is not None and file is not None and former.area != file.area:
        yield Cell("files.closed.transferred_out", former.area, step.on, file.area)
        yield Cell("files.opened.transferred_in", file.area, step.on, former.area)


def birthday(born: date, years: int) -> date:
    """Return the day on which somebody is *years* old; who was born on 29 February, on 1 March."""
    if (born.month, born.day) == (2, 29):
        return date(born.year + years, 3, 1)
    return born.replace(year=born.year + years)
