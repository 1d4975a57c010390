"""Pairs: assigned many at once to locked carers, moved and ended, written with their events."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.pairing.carers import lock_carers
from services.pairing.domain.pair import (
    PAIR,
    AssignPair,
    ChildFacts,
    EndPair,
    MovePair,
    PairState,
    open_pair_claim,
)
from shared.contracts.event import CarerKind, Event
from shared.contracts.pairing import PairAssigned, PairEnded, PairMoved
from shared.dated_ids import dated_id
from shared.decider import Rejected
from shared.event_store import Append, Connection, Meta, NewEvent, Outcome, Overtaken, append_many, load_many
from shared.handling import Cause
from shared.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Wish:
    """A child that is to be paired with a carer."""

    child_id: UUID
    carer_id: UUID


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of wishes: the pairs, and those that a rule refused."""

    pairs: Sequence[PairAssigned]
    refused: Sequence[tuple[Wish, Rejected]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to happen to a pair, and the name that its cause gives to the event."""

    pair_id: UUID
    command: MovePair | EndPair
    name: UUID


async def assign_pairs(
    connection: Connection, wishes: Sequence[Wish], on: date, recorded_on: date, cause: Cause
) -> Granted:
    """Grant each wish that no rule refuses, in order, all in this transaction; children must be distinct.

    Carers and children are held meanwhile, so that capacity, clearance and open files are as decided on.
    """
    held = await lock_carers(connection, [wish.carer_id for wish in wishes])
    carers = {carer_id: carer.facts for carer_id, carer in held.items()}
    children = await _lock_children(connection, [wish.child_id for wish in wishes])
    decided: list[tuple[Wish, PairAssigned]] = []
    refused: list[tuple[Wish, Rejected]] = []
    for wish in wishes:
        try:
            if wish.carer_id not in carers:
                raise Rejected("carer_unknown")  # noqa: TRY301 - told with the rules' own refusals
            if wish.child_id not in children:
                raise Rejected("child_not_known_yet")  # noqa: TRY301 - likewise
            carer = carers[wish.carer_id]
            pair_id = dated_id(cause.id_of("pair", wish.child_id, wish.carer_id), recorded_on)
            command = AssignPair(pair_id, children[wish.child_id], carer, on, recorded_on)
            assigned = _assigned(command)
        except Rejected as why:
            refused.append((wish, why))
        else:
            carers[wish.carer_id] = replace(carer, load=carer.load + 1)
            decided.append((wish, assigned))
    appends = [_opening(assigned, cause) for _, assigned in decided]
    outcomes = await append_many(connection, appends, cause.meta)
    pairs = []
    for (wish, assigned), outcome in zip(decided, outcomes, strict=True):
        if outcome is Outcome.TAKEN:
            pairs.append(assigned)
        else:
            refused.append((wish, Rejected("child_has_such_a_pair", kind=assigned.kind)))
    await project_pairs(connection, pairs)
    return Granted(pairs, refused)


def _assigned(command: AssignPair) -> PairAssigned:
    (event,) = PAIR.decide(command, PAIR.initial)
    if not isinstance(event, PairAssigned):
        raise TypeError(f"assigning made {type(event).__name__}")
    return event


def _opening(assigned: PairAssigned, cause: Cause) -> Append:
    return Append(
        PAIR.stream(assigned.pair_id),
        [NewEvent.named(cause.id_of(PAIR.stream(assigned.pair_id), 0), assigned)],
        expected=0,
        claims=[open_pair_claim(assigned.kind, assigned.child_id)],
    )


async def _lock_children(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, ChildFacts]:
    children = await connection.fetch(SQL.lock_children, list(child_ids))
    paired: dict[UUID, set[CarerKind]] = defaultdict(set)
    for row in await connection.fetch(SQL.paired_kinds, list(child_ids)):
        paired[row["child_id"]].add(CarerKind(row["kind"]))
    return {
        row["child_id"]: ChildFacts(
            row["child_id"], row["area"], row["filed_on"], row["left_on"], frozenset(paired[row["child_id"]])
        )
        for row in children
    }


async def change_pairs(connection: Connection, orders: Sequence[Order], meta: Meta) -> Sequence[Event]:
    """Do what *orders* say, in order, in one append; return what it made happen.

    The pairs must be held by this transaction. Raises Rejected, Overtaken.
    """
    streams = list(dict.fromkeys(PAIR.stream(order.pair_id) for order in orders))
    past = await load_many(connection, streams)
    states: dict[str, PairState] = {stream: PAIR.fold(past[stream]) for stream in streams}
    new: dict[str, list[NewEvent]] = defaultdict(list)
    for order in orders:
        stream = PAIR.stream(order.pair_id)
        for event in PAIR.decide(order.command, states[stream]):
            states[stream] = PAIR.evolve(states[stream], event)
            new[stream].append(NewEvent.named(order.name, event))
    appends = [_change(stream, events, len(past[stream])) for stream, events in new.items()]
    outcomes = await append_many(connection, appends, meta)
    if Outcome.CONFLICT in outcomes:
        raise Overtaken("a pair that this transaction holds was changed past it")
    happened = [made.event for events in new.values() for made in events]
    await project_pairs(connection, happened)
    return happened


def _change(stream: str, events: Sequence[NewEvent], version: int) -> Append:
    releases = [
        open_pair_claim(made.event.kind, made.event.child_id)
        for made in events
        if isinstance(made.event, PairEnded)
    ]
    return Append(stream, events, version, releases=releases)


async def end_pairs_of_carer(
    connection: Connection,
    carer_id: UUID,
    ending: EndPair,
    cause: Cause,
) -> int:
    """End all open pairs of a carer who is held by this transaction; return how many."""
    rows = await connection.fetch(SQL.lock_of_carer, carer_id)
    orders = [Order(row["pair_id"], ending, cause.id_of("end", row["pair_id"])) for row in rows]
    return len(await change_pairs(connection, orders, cause.meta))


async def lock_pairs_of_children(connection: Connection, child_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Hold the pairs that children have or left with until the transaction ends; return their ids by child."""
    pairs: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await connection.fetch(SQL.lock_of_children, list(child_ids)):
        pairs[row["child_id"]].append(row["pair_id"])
    return pairs


async def area_of_child(connection: Connection, child_id: UUID) -> str | None:
    """Return where a child lives, None for one whom pairing has not heard of."""
    area: str | None = await connection.fetchval(SQL.area_of_child, child_id)
    return area


async def pair_page(
    connection: Connection,
    after: tuple[str, UUID],
    limit: int,
    *,
    begin: str,
    area: str | None = None,
    child: UUID | None = None,
    carer: UUID | None = None,
    is_open: bool | None = None,
) -> list[dict[str, Any]]:
    """Return pairs after a place, by the child's village and id; one end of each lies where codes begin so."""
    rows = await connection.fetch(SQL.page, area, child, carer, is_open, *after, begin, limit)
    return [dict(row) for row in rows]


async def lock_pair(connection: Connection, pair_id: UUID) -> tuple[str, str] | None:
    """Hold a pair until the transaction ends; return the child's and the carer's area, None if unknown."""
    row = await connection.fetchrow(SQL.lock_one, pair_id)
    return None if row is None else (row["area"], row["carer_area"])


async def project_pairs(connection: Connection, events: Sequence[Event]) -> None:
    """Write how pairs stand after *events*: of each pair the last of a kind holds."""
    assigned = [
        (event.pair_id, event.child_id, event.carer_id, event.kind, event.area, event.on)
        for event in events
        if isinstance(event, PairAssigned)
    ]
    if assigned:
        await connection.execute(SQL.open_pairs, *map(list, zip(*assigned, strict=True)))
    moved = {event.pair_id: event.area for event in events if isinstance(event, PairMoved)}
    if moved:
        await connection.execute(SQL.move_pairs, list(moved), list(moved.values()))
    # Of one pair a batch may hold its end and, where the child had left before, an earlier one.
    ended = {
        event.pair_id: (event.pair_id, event.on, event.reason)
        for event in events
        if isinstance(event, PairEnded)
    }
    if ended:
        await connection.execute(SQL.end_pairs, *map(list, zip(*ended.values(), strict=True)))
