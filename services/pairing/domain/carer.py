"""A carer: from enlisting through vetting to withdrawing, and back (policy.md, Pairs)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from shared.contracts.event import STAFF, CarerKind, Event, Sex
from shared.contracts.pairing import CarerCleared, CarerEnlisted, CarerRevised, CarerSuspended, CarerWithdrew
from shared.decider import Decider, Rejected

CAPACITY_MAX = 100
"""Children one carer may take at most; companion mothers of large villages look after fifty to seventy."""


@dataclass(frozen=True, slots=True)
class EnlistCarer:
    """Put a carer or a member of staff on the list of a village or a township."""

    carer_id: UUID
    kind: CarerKind
    sex: Sex
    area: str
    capacity: int
    school: str | None
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class ReviseCarer:
    """Change where a carer works or how many children he takes; *load* is his open pairs."""

    area: str
    capacity: int
    school: str | None
    load: int
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class ClearCarer:
    """Vetting was passed."""

    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class SuspendCarer:
    """Take a carer off the list of those who may be paired, until cleared again."""

    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class WithdrawCarer:
    """A carer leaves the work; he may be enlisted again and is then vetted anew."""

    on: date
    recorded_on: date


CarerCommand = EnlistCarer | ReviseCarer | ClearCarer | SuspendCarer | WithdrawCarer
CarerSpeech = CarerEnlisted | CarerRevised | CarerCleared | CarerSuspended | CarerWithdrew


class Standing(StrEnum):
    """Where a carer stands; only a cleared one is paired."""

    ENLISTED = "enlisted"
    CLEARED = "cleared"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Carer:
    """A carer as he is; *since* is the day of the last change."""

    carer_id: UUID
    kind: CarerKind
    sex: Sex
    area: str
    capacity: int
    school: str | None
    standing: Standing
    since: date


CarerState = Carer | None


def decide(command: CarerCommand, state: CarerState) -> Sequence[Event]:
    """Return what *command* makes happen; raise Rejected with the rule that refuses it."""
    if command.on > command.recorded_on:
        raise Rejected("on_after_recorded", on=command.on, recorded_on=command.recorded_on)
    match command:
        case EnlistCarer():
            return _enlist(command, state)
        case ReviseCarer():
            return _revise(command, _at_work(command.on, state))
        case ClearCarer():
            return _clear(command, _at_work(command.on, state))
        case SuspendCarer():
            return _suspend(command, _at_work(command.on, state))
        case WithdrawCarer():
            return _withdraw(command, state)
        case _:
            assert_never(command)


def evolve(state: CarerState, event: CarerSpeech) -> CarerState:
    """Return the carer after *event*."""
    match event:
        case CarerEnlisted():
            return Carer(
                event.carer_id,
                event.kind,
                event.sex,
                event.area,
                event.capacity,
                event.school,
                Standing.ENLISTED,
                event.on,
            )
        case CarerRevised():
            return _changed(
                state, area=event.area, capacity=event.capacity, school=event.school, since=event.on
            )
        case CarerCleared():
            return _changed(state, standing=Standing.CLEARED, since=event.on)
        case CarerSuspended():
            return _changed(state, standing=Standing.SUSPENDED, since=event.on)
        case CarerWithdrew():
            return _changed(state, standing=Standing.WITHDRAWN, since=event.on)
        case _:
            assert_never(event)


def _changed(state: CarerState, **facts: object) -> Carer:
    if state is None:
        raise ValueError("a carer's stream starts with CarerEnlisted")
    return replace(state, **facts)  # type: ignore[arg-type] # the fields are named by evolve alone


def _enlist(command: EnlistCarer, state: CarerState) -> Sequence[Event]:
    _must_fit(command.kind, command.capacity)
    wanted = (command.kind, command.sex, command.area, command.capacity, command.school)
    if state is not None and state.standing is not Standing.WITHDRAWN:
        if wanted == (state.kind, state.sex, state.area, state.capacity, state.school):
            return []
        raise Rejected("carer_already_enlisted", since=state.since)
    if state is not None:
        _must_follow(command.on, state)
    return [
        CarerEnlisted(
            area=command.area,
            on=command.on,
            recorded_on=command.recorded_on,
            carer_id=command.carer_id,
            kind=command.kind,
            sex=command.sex,
            capacity=command.capacity,
            school=command.school,
        )
    ]


def _revise(command: ReviseCarer, carer: Carer) -> Sequence[Event]:
    _must_fit(carer.kind, command.capacity)
    if (command.area, command.capacity, command.school) == (carer.area, carer.capacity, carer.school):
        return []
    if command.capacity < command.load:
        raise Rejected("capacity_below_load", capacity=command.capacity, load=command.load)
    return [
        CarerRevised(
            area=command.area,
            on=command.on,
            recorded_on=command.recorded_on,
            carer_id=carer.carer_id,
            kind=carer.kind,
            capacity=command.capacity,
            school=command.school,
        )
    ]


def _clear(command: ClearCarer, carer: Carer) -> Sequence[Event]:
    if carer.standing is Standing.CLEARED:
        return []
    return [
        CarerCleared(
            area=carer.area,
            on=command.on,
            recorded_on=command.recorded_on,
            carer_id=carer.carer_id,
            kind=carer.kind,
        )
    ]


def _suspend(command: SuspendCarer, carer: Carer) -> Sequence[Event]:
    if carer.standing is Standing.SUSPENDED:
        return []
    return [
        CarerSuspended(
            area=carer.area,
            on=command.on,
            recorded_on=command.recorded_on,
            carer_id=carer.carer_id,
            kind=carer.kind,
        )
    ]


def _withdraw(command: WithdrawCarer, state: CarerState) -> Sequence[Event]:
    if state is not None and state.standing is Standing.WITHDRAWN:
        return []
    carer = _at_work(command.on, state)
    return [
        CarerWithdrew(
            area=carer.area,
            on=command.on,
            recorded_on=command.recorded_on,
            carer_id=carer.carer_id,
            kind=carer.kind,
        )
    ]


def _at_work(on: date, state: CarerState) -> Carer:
    if state is None:
        raise Rejected("carer_unknown")
    if state.standing is Standing.WITHDRAWN:
        raise Rejected("carer_withdrawn", since=state.since)
    _must_follow(on, state)
    return state


def _must_follow(on: date, carer: Carer) -> None:
    if on < carer.since:
        raise Rejected("before_carers_last_change", on=on, since=carer.since)


def _must_fit(kind: CarerKind, capacity: int) -> None:
    if kind in STAFF and capacity != 0:
        raise Rejected("staff_take_no_children", kind=kind, capacity=capacity)
    if not 0 <= capacity <= CAPACITY_MAX:
        raise Rejected("capacity_out_of_range", capacity=capacity, most=CAPACITY_MAX)


CARER: Decider[CarerCommand, CarerState] = Decider("carer", None, decide, evolve)
