"""Areas: a tree of codes whose names change and whose codes end, while history keeps the old."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from shared.contracts.event import Event, Level
from shared.contracts.registry import AreaClosed, AreaDefined, AreaRenamed
from shared.decider import Decider, Rejected

CODE_LENGTHS = {Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}
"""Digits of a code by level; a code's prefix is its ancestor (GB/T 2260, GB/T 10114)."""


@dataclass(frozen=True, slots=True)
class DefineArea:
    """Tell Kith of an area; *parent_open*: the parent is known and not closed."""

    code: str
    name: str
    level: Level
    parent: str | None
    parent_open: bool
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class RenameArea:
    """Give an area another name from *on*."""

    name: str
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class CloseArea:
    """End a code; *open_below* counts the open files and open areas under it."""

    successor: str | None
    successor_open: bool
    open_below: int
    on: date
    recorded_on: date


AreaCommand = DefineArea | RenameArea | CloseArea


@dataclass(frozen=True, slots=True)
class Area:
    """An area as it stands; *since* is the day of the last change."""

    code: str
    name: str
    since: date
    closed_on: date | None = None
    successor: str | None = None


AreaState = Area | None


def decide(command: AreaCommand, state: AreaState) -> Sequence[Event]:
    """Return what follows from *command*; already true is nothing. Raises Rejected."""
    if command.on > command.recorded_on:
        raise Rejected("on_after_recorded", on=command.on, recorded_on=command.recorded_on)
    match command:
        case DefineArea():
            return _define(command, state)
        case RenameArea():
            area = _open(state, command.on)
            if command.name == area.name:
                return []
            return [
                AreaRenamed(
                    area=area.code,
                    on=command.on,
                    recorded_on=command.recorded_on,
                    name=command.name,
                    former_name=area.name,
                )
            ]
        case CloseArea():
            return _close(command, state)
        case _:
            assert_never(command)


def _define(command: DefineArea, state: AreaState) -> Sequence[Event]:
    if len(command.code) != CODE_LENGTHS[command.level]:
        raise Rejected("area_level_mismatch", area=command.code, level=command.level)
    if command.level is Level.COUNTY:
        if command.parent is not None:
            raise Rejected("area_parent_mismatch", area=command.code, parent=command.parent)
    elif command.parent != command.code[: len(command.code) - 3]:
        raise Rejected("area_parent_mismatch", area=command.code, parent=command.parent or "-")
    elif not command.parent_open:
        raise Rejected("area_parent_unknown", area=command.code, parent=command.parent)
    if state is not None:
        return _same(command, state)
    return [
        AreaDefined(
            area=command.code,
            on=command.on,
            recorded_on=command.recorded_on,
            name=command.name,
            level=command.level,
            parent=command.parent,
        )
    ]


def _same(command: DefineArea, area: Area) -> Sequence[Event]:
    if area.closed_on is not None:
        raise Rejected("area_closed", area=area.code, closed_on=area.closed_on)
    if area.name != command.name:
        raise Rejected("area_already_defined", area=area.code, name=area.name)
    return []


def _close(command: CloseArea, state: AreaState) -> Sequence[Event]:
    if state is not None and state.closed_on == command.on and state.successor == command.successor:
        return []
    area = _open(state, command.on)
    if command.successor is not None and (command.successor == area.code or not command.successor_open):
        raise Rejected("area_successor_unknown", area=area.code, successor=command.successor)
    if command.open_below:
        raise Rejected("area_not_empty", area=area.code, open_below=command.open_below)
    return [
        AreaClosed(
            area=area.code, on=command.on, recorded_on=command.recorded_on, successor=command.successor
        )
    ]


def _open(state: AreaState, on: date) -> Area:
    if state is None:
        raise Rejected("area_unknown")
    if state.closed_on is not None:
        raise Rejected("area_closed", area=state.code, closed_on=state.closed_on)
    if on < state.since:
        raise Rejected("before_last_change", on=on, last=state.since)
    return state


def evolve(state: AreaState, event: Event) -> AreaState:
    """Remember *event*."""
    match event:
        case AreaDefined():
            return Area(event.area, event.name, event.on)
        case AreaRenamed():
            return replace(_known(state), name=event.name, since=event.on)
        case AreaClosed():
            return replace(_known(state), closed_on=event.on, successor=event.successor)
        case _:
            raise TypeError(f"{type(event).__name__} is no event of an area")


def _known(state: AreaState) -> Area:
    if state is None:
        raise TypeError("an area's first event is its definition")
    return state


area = Decider[AreaCommand, AreaState](category="area", initial=None, decide=decide, evolve=evolve)
