"""What pairing keeps of the registry, and what follows for pairs when a child leaves or moves."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from services.pairing.domain.pair import EndPair, MovePair
from services.pairing.pairs import Order, change_pairs, lock_pairs_of_children
from shared.contracts.event import PairEndReason
from shared.contracts.registry import (
    AreaClosed,
    AreaDefined,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
)
from shared.decider import rule_id
from shared.envelope import Received
from shared.event_store import Connection
from shared.handling import rule_cause
from shared.reader import Reader
from shared.sql import queries

SQL = queries(__file__)

Opening = ChildRegistered | ChildReturned | ChildrenUnmerged
Leaving = ChildLeft | ChildrenMerged
StandingEvent = Opening | Leaving | ChildFileRevised | ChildTransferred


async def project(connection: Connection, batch: Sequence[Received]) -> None:
    """Take a batch: first how areas and children stand, then what that does to the open pairs."""
    await _keep_areas(connection, batch)
    await _keep_children(connection, batch)
    await _react(connection, batch)


async def _keep_areas(connection: Connection, batch: Sequence[Received]) -> None:
    defined = [each.event for each in batch if isinstance(each.event, AreaDefined)]
    if defined:
        codes, levels = [event.area for event in defined], [event.level for event in defined]
        await connection.execute(SQL.keep_areas, codes, levels)
    closed = {each.event.area: each.event.on for each in batch if isinstance(each.event, AreaClosed)}
    if closed:
        await connection.execute(SQL.close_areas, list(closed), list(closed.values()))


async def _keep_children(connection: Connection, batch: Sequence[Received]) -> None:
    standing: dict[UUID, dict[str, Any]] = {}
    for received in batch:
        event = received.event
        if isinstance(event, StandingEvent):
            row = standing.setdefault(event.child_id, {"child_id": event.child_id})
            row |= {"area": event.area, "school": event.file.school, "household": event.file.household}
            if isinstance(event, Leaving):
                row["left_on"] = event.on
            if isinstance(event, Opening):
                row |= {"filed_on": event.on, "left_on": None}
                # A child arrives once, however its registration and its return are cut into batches.
                row.setdefault("arrived", received.position.position)
    opened = [row for row in standing.values() if "filed_on" in row]
    if opened:
        await connection.execute(SQL.open_files, orjson.dumps(opened).decode())
    changed = [row for row in standing.values() if "filed_on" not in row]
    if changed:
        await connection.execute(SQL.change_files, orjson.dumps(changed).decode())


async def _react(connection: Connection, batch: Sequence[Received]) -> None:
    gone = {each.event.child_id for each in batch if isinstance(each.event, Leaving | ChildTransferred)}
    if not gone:
        return
    pairs = await lock_pairs_of_children(connection, sorted(gone))
    orders = [order for received in batch for order in _orders(received, pairs)]
    if orders:
        cause = rule_cause("pairing-from-registry", batch[0].event_id)
        await change_pairs(connection, orders, replace(cause.meta, traceparent=_traceparent_of(batch)))


def _traceparent_of(batch: Sequence[Received]) -> str | None:
    """Return the trace of the first event that tells pairs anything: what follows is part of it."""
    return next(
        (
            each.meta.get("traceparent")
            for each in batch
            if isinstance(each.event, Leaving | ChildTransferred)
        ),
        None,
    )


def _orders(received: Received, pairs: dict[UUID, list[UUID]]) -> Iterator[Order]:
    """Yield what *received* tells the pairs of before its batch; one that ended takes nothing but an earlier end."""
    event = received.event
    match event:
        case ChildLeft() | ChildrenMerged():
            ending = EndPair(PairEndReason.CHILD_LEFT, event.on, event.recorded_on)
            for pair_id in pairs.get(event.child_id, ()):
                yield Order(pair_id, ending, _name("pair_ends_with_child", pair_id, received))
        case ChildTransferred():
            moving = MovePair(event.area, event.on, event.recorded_on)
            for pair_id in pairs.get(event.child_id, ()):
                yield Order(pair_id, moving, _name("pair_moves_with_child", pair_id, received))
        case _:
            return


def _name(rule: str, pair_id: UUID, received: Received) -> UUID:
    return rule_id(rule, pair_id, received.event_id)


async def area_codes(connection: Connection, begin: str) -> frozenset[str]:
    """Return the codes of all open areas that the registry has told of and that begin with *begin*."""
    return frozenset(row["code"] for row in await connection.fetch(SQL.area_codes, begin))


READER = Reader("pairing-from-registry", "registry", project)
