"""What carers and pairs add up to: pairs by kind, children who have somebody, and how loaded carers are."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.reporting.deltas import Cell, Cells, added
from services.reporting.measure import Load
from services.reporting.timeline import Timeline, amended, changes, days_of, state_on
from shared.contracts.event import STAFF, CarerKind
from shared.contracts.pairing import (
    CarerCleared,
    CarerEnlisted,
    CarerRevised,
    CarerSuspended,
    CarerWithdrew,
    PairAssigned,
    PairEnded,
    PairMoved,
)

PairEvent = PairAssigned | PairMoved | PairEnded
CarerEvent = CarerEnlisted | CarerRevised | CarerCleared | CarerSuspended | CarerWithdrew


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair, and in which village it was open from when."""

    pair_id: UUID
    child_id: UUID
    carer_id: UUID
    kind: str
    timeline: Timeline[str] = ()


class Listed(NamedTuple):
    """A carer on the list: where, for how many children, and whether vetting was passed."""

    area: str
    capacity: int
    cleared: bool


@dataclass(frozen=True, slots=True)
class Carer:
    """A carer or a member of staff, and how he stood on the list from when."""

    carer_id: UUID
    kind: str
    timeline: Timeline[Listed] = ()


class NeverAssigned(LookupError):
    """The event is about a pair whose assignment was not received."""


class NeverEnlisted(LookupError):
    """The event is about a carer whose enlisting was not received."""


def pair_told(known: Pair | None, event: PairEvent) -> Pair:
    """Return the pair, now that *event* is known; raises NeverAssigned where it was not known at all."""
    if known is None and not isinstance(event, PairAssigned):
        raise NeverAssigned(event.pair_id)
    pair = known or Pair(event.pair_id, event.child_id, event.carer_id, event.kind.value)
    match event:
        case PairAssigned():
            timeline = amended(pair.timeline, event.on, "assigned", lambda _: event.area)
        case PairMoved():
            timeline = amended(pair.timeline, event.on, "moved", lambda area: area and event.area)
        case PairEnded():
            timeline = amended(pair.timeline, event.on, event.reason.value, lambda _: None)
    return replace(pair, timeline=timeline)


def carer_told(known: Carer | None, event: CarerEvent) -> Carer:
    """Return the carer, now that *event* is known; raises NeverEnlisted where he was not known at all."""
    if known is None and not isinstance(event, CarerEnlisted):
        raise NeverEnlisted(event.carer_id)
    carer = known or Carer(event.carer_id, event.kind.value)
    how, change = _change(event)
    return replace(carer, timeline=amended(carer.timeline, event.on, how, change))


def _change(event: CarerEvent) -> tuple[str, Callable[[Listed | None], Listed | None]]:
    match event:
        case CarerEnlisted():
            return "enlisted", lambda _: Listed(event.area, event.capacity, cleared=False)
        case CarerRevised():
            area, capacity = event.area, event.capacity
            return "revised", lambda was: was and was._replace(area=area, capacity=capacity)
        case CarerCleared():
            return "cleared", lambda was: was and was._replace(cleared=True)
        case CarerSuspended():
            return "suspended", lambda was: was and was._replace(cleared=False)
        case CarerWithdrew():
            return "withdrew", lambda _: None


def pair_difference(before: Timeline[str], pair: Pair) -> Cells:
    """Return what must be added to the measures of pairs so that they say what *pair* says now."""
    cells: Cells = {}
    kind = pair.kind
    for sign, step, former in changes(before, pair.timeline):
        if former is not None:
            added(cells, Cell(f"pairs.open.{kind}", former, step.on), -sign)
        if step.state is not None:
            added(cells, Cell(f"pairs.open.{kind}", step.state, step.on), sign)
        if former is None and step.state is not None:
            added(cells, Cell(f"pairs.assigned.{kind}", step.state, step.on), sign)
        if former is not None and step.state is None:
            added(cells, Cell(f"pairs.ended.{step.how}", former, step.on), sign)
    return cells


def paired(pairs: Collection[Pair]) -> Cells:
    """Return what a child's pairs add up to: one child, in the village of the first pair that is open."""
    cells: Cells = {}
    in_order = sorted(pairs, key=lambda pair: pair.pair_id)
    former: str | None = None
    for day in days_of(pair.timeline for pair in in_order):
        areas = (state_on(pair.timeline, day) for pair in in_order)
        area = next((area for area in areas if area is not None), None)
        if area != former:
            if former is not None:
                added(cells, Cell("children.paired", former, day), -1)
            if area is not None:
                added(cells, Cell("children.paired", area, day), 1)
        former = area
    return cells


def on_the_list(carer: Carer, pairs: Collection[Pair]) -> Cells:
    """Return what a carer with these pairs adds up to."""
    cells: Cells = {}
    timelines = [pair.timeline for pair in pairs]
    former: dict[tuple[str, str], int] = {}
    for day in sorted({*days_of(timelines), *days_of([carer.timeline])}):
        listed = state_on(carer.timeline, day)
        children = sum(state_on(timeline, day) is not None for timeline in timelines)
        now = dict(_standing(carer.kind, listed, children)) if listed else {}
        if now != former:
            _add_all(cells, former, day, -1)
            _add_all(cells, now, day, 1)
        former = now
    return cells


def _standing(kind: str, listed: Listed, children: int) -> Iterator[tuple[tuple[str, str], int]]:
    yield (f"carers.{kind}", listed.area), 1
    if listed.cleared:
        yield (f"carers.cleared.{kind}", listed.area), 1
    if CarerKind(kind) in STAFF:
        return
    if listed.cleared:
        yield ("carers.places", listed.area), listed.capacity
    yield (f"carers.load.{_load(children, listed.capacity).value}", listed.area), 1


def _load(children: int, capacity: int) -> Load:
    if not children:
        return Load.NONE
    return Load.SOME if children < capacity else Load.FULL


def _add_all(cells: Cells, standing: dict[tuple[str, str], int], day: date, sign: int) -> None:
    for (measure, area), amount in standing.items():
        added(cells, Cell(measure, area, day), sign * amount)


def minus(after: Cells, before: Cells) -> Cells:
    """Return what must be added to *before* to make it *after*."""
    cells = dict(after)
    for cell, amount in before.items():
        added(cells, cell, -amount)
    return cells
