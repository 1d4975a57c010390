"""A pair: a child and a cleared carer, from the day they are put together to the day they part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from services.pairing.domain.carer import Standing
from shared.contracts.event import STAFF, CarerKind, Event, PairEndReason
from shared.contracts.pairing import PairAssigned, PairEnded, PairMoved
from shared.decider import Decider, Rejected


@dataclass(frozen=True, slots=True)
class CarerFacts:
    """What must be known of a carer to pair him: *load* is his open pairs, *since* his last change."""

    carer_id: UUID
    kind: CarerKind
    standing: Standing
    capacity: int
    load: int
    since: date


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What must be known of a child to pair it: *paired_kinds* are the kinds of its open pairs."""

    child_id: UUID
    area: str
    filed_on: date
    left_on: date | None
    paired_kinds: frozenset[CarerKind]


@dataclass(frozen=True, slots=True)
class AssignPair:
    """Put a child and a carer together."""

    pair_id: UUID
    child: ChildFacts
    carer: CarerFacts
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class MovePair:
    """The child lives in another village from *on*; the pair goes on."""

    area: str
    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class EndPair:
    """End a pair: *on* is the first day on which it is no longer in force.

    One that ended with its child ends earlier where the child is found to have left earlier.
    """

    reason: PairEndReason
    on: date
    recorded_on: date


PairCommand = AssignPair | MovePair | EndPair
PairSpeech = PairAssigned | PairMoved | PairEnded

BY_PERSON = frozenset({PairEndReason.REQUESTED, PairEndReason.REPLACED})
"""Reasons that a person gives, who may mistake the day; the others follow from what has happened already."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair as it is; *ended_on* and *ended_by* are None while it is open."""

    pair_id: UUID
    child_id: UUID
    carer_id: UUID
    kind: CarerKind
    area: str
    started_on: date
    ended_on: date | None = None
    ended_by: PairEndReason | None = None


PairState = Pair | None


def open_pair_claim(kind: CarerKind, child_id: UUID) -> str:
    """Return the claim that lets a child have one open pair of a kind."""
    return f"open_pair:{kind}:{child_id}"


def decide(command: PairCommand, state: PairState) -> Sequence[Event]:
    """Return what *command* makes happen; raise Rejected with the rule that refuses it (policy.md, Pairs)."""
    if command.on > command.recorded_on:
        raise Rejected("on_after_recorded", on=command.on, recorded_on=command.recorded_on)
    match command:
        case AssignPair():
            return _assign(command, state)
        case MovePair():
            return _move(command, _known(state))
        case EndPair():
            return _end(command, _known(state))
        case _:
            assert_never(command)


def evolve(state: PairState, event: PairSpeech) -> PairState:
    """Return the pair after *event*."""
    match event:
        case PairAssigned():
            return Pair(event.pair_id, event.child_id, event.carer_id, event.kind, event.area, event.on)
        case PairMoved():
            return replace(_known(state), area=event.area)
        case PairEnded():
            return replace(_known(state), ended_on=event.on, ended_by=event.reason)
        case _:
            assert_never(event)


def _assign(command: AssignPair, state: PairState) -> Sequence[Event]:
    if state is not None:
        return []
    child, carer = command.child, command.carer
    _must_be_free(carer, command.on)
    _must_need(child, carer.kind, command.on)
    return [
        PairAssigned(
            area=child.area,
            on=command.on,
            recorded_on=command.recorded_on,
            pair_id=command.pair_id,
            child_id=child.child_id,
            carer_id=carer.carer_id,
            kind=carer.kind,
        )
    ]


def _must_be_free(carer: CarerFacts, on: date) -> None:
    if carer.kind in STAFF:
        raise Rejected("staff_are_never_paired", kind=carer.kind)
    if carer.standing is not Standing.CLEARED:
        raise Rejected("carer_not_cleared", standing=carer.standing)
    if on < carer.since:
        raise Rejected("before_carers_last_change", on=on, since=carer.since)
    if carer.load >= carer.capacity:
        raise Rejected("carer_full", capacity=carer.capacity)


def _must_need(child: ChildFacts, kind: CarerKind, on: date) -> None:
    if child.left_on is not None:
        raise Rejected("childs_file_closed", left_on=child.left_on)
    if on < child.filed_on:
        raise Rejected("before_childs_file", on=on, filed_on=child.filed_on)
    if kind in child.paired_kinds:
        raise Rejected("child_has_such_a_pair", kind=kind)


def _move(command: MovePair, pair: Pair) -> Sequence[Event]:
    if pair.ended_on is not None or command.area == pair.area:
        return []
    on = max(command.on, pair.started_on)
    return [
        PairMoved(
            area=command.area,
            on=on,
            recorded_on=max(command.recorded_on, on),
            pair_id=pair.pair_id,
            child_id=pair.child_id,
            carer_id=pair.carer_id,
            kind=pair.kind,
            from_area=pair.area,
        )
    ]


def _end(command: EndPair, pair: Pair) -> Sequence[Event]:
    # What ends a pair may have happened before it began and been told late: then it was in force on no day.
    on = max(command.on, pair.started_on)
    if pair.ended_on is not None and not (_with_its_child(command, pair) and on < pair.ended_on):
        return []
    if command.reason in BY_PERSON and command.on < pair.started_on:
        raise Rejected("before_pair_began", on=command.on, started_on=pair.started_on)
    return [
        PairEnded(
            area=pair.area,
            on=on,
            recorded_on=max(command.recorded_on, on),
            pair_id=pair.pair_id,
            child_id=pair.child_id,
            carer_id=pair.carer_id,
            kind=pair.kind,
            reason=command.reason,
        )
    ]


def _with_its_child(command: EndPair, pair: Pair) -> bool:
    """Return whether the pair ended because its child left, and *command* tells of that again."""
    return command.reason is pair.ended_by is PairEndReason.CHILD_LEFT


def _known(state: PairState) -> Pair:
    if state is None:
        raise Rejected("pair_unknown")
    return state


PAIR: Decider[PairCommand, PairState] = Decider("pair", None, decide, evolve)
