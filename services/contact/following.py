"""Following the registry and pairing: whose file is open where, who cares for whom, and what that mends."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from services.contact.domain.mending import Leaving
from services.contact.event_ids import RuleEvent
from services.contact.locking import close_gate
from services.contact.mending import append_by_child, misses_made_good, misses_withdrawn, record_mends
from shared.contracts.contact import ContactMadeGood, MissWithdrawn
from shared.contracts.event import ContactKind, Event, LeavingReason
from shared.contracts.pairing import PairAssigned, PairEnded
from shared.contracts.registry import (
    AreaDefined,
    ChildFileRevised,
    ChildForgotten,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
)
from shared.envelope import CORRELATION, Received
from shared.event_store import Connection, Meta
from shared.reader import Reader
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)

FROM_REGISTRY = "contact-from-registry"
FROM_PAIRING = "contact-from-pairing"

Opened = ChildRegistered | ChildReturned | ChildrenUnmerged
Stated = Opened | ChildFileRevised | ChildTransferred

Closed = tuple[Received, ChildLeft | ChildrenMerged, LeavingReason]

Spoken = TypeVar("Spoken", bound=Event)


def readers(vault: Vault) -> list[Reader]:
    """Return contact's two readings; *vault* is contact's own, with the notes."""
    return [
        Reader(FROM_REGISTRY, "registry", partial(follow_registry, vault)),
        Reader(FROM_PAIRING, "pairing", follow_pairing),
    ]


async def follow_registry(vault: Vault, connection: Connection, batch: Sequence[Received]) -> None:
    """Take events of the registry in order, neighbours of one type together; withdraw what was not owed."""
    await close_gate(connection)
    for event_type, group in groupby(batch, key=lambda received: received.event_type):
        step = _REGISTRY_STEPS.get(event_type)
        if step is not None:
            await step(connection, list(group))
        elif event_type == ChildForgotten.__name__:
            await _forget_notes(vault, connection, [event for _, event in _events(group, ChildForgotten)])


async def follow_pairing(connection: Connection, batch: Sequence[Received]) -> None:
    """Take events of pairing in order: the pairs and the days on which they were in force."""
    for event_type, group in groupby(batch, key=lambda received: received.event_type):
        if event_type == PairAssigned.__name__:
            await _begin_pairs(connection, [event for _, event in _events(group, PairAssigned)])
        elif event_type == PairEnded.__name__:
            await _end_pairs(connection, [event for _, event in _events(group, PairEnded)])


def _events(
    group: Iterator[Received] | Sequence[Received], spoken: type[Spoken]
) -> list[tuple[Received, Spoken]]:
    return [(received, received.event) for received in group if isinstance(received.event, spoken)]


async def _define_areas(connection: Connection, group: Sequence[Received]) -> None:
    areas = [event for _, event in _events(group, AreaDefined)]
    await connection.execute(SQL.define_areas, [area.area for area in areas], [area.level for area in areas])


async def _open_files(connection: Connection, group: Sequence[Received]) -> None:
    opened = [(received.event_id, received.event) for received in group]
    events = [(event_id, event) for event_id, event in opened if isinstance(event, Opened)]
    await connection.execute(
        SQL.open_files,
        [event_id for event_id, _ in events],
        [event.child_id for _, event in events],
        [event.on for _, event in events],
        [event.recorded_on for _, event in events],
        [event.area for _, event in events],
        [bool(event.file.poor) for _, event in events],
    )
    await _state(connection, [event for _, event in events])


async def _restate(connection: Connection, group: Sequence[Received]) -> None:
    stated = [received.event for received in group if isinstance(received.event, Stated)]
    await _state(connection, stated)
    await connection.execute(
        SQL.restate_children,
        [event.child_id for event in stated],
        [event.on for event in stated],
        [event.area for event in stated],
        [bool(event.file.poor) for event in stated],
    )


async def _state(connection: Connection, events: Sequence[Stated]) -> None:
    await connection.execute(
        SQL.state_children,
        [event.child_id for event in events],
        [event.on for event in events],
        [event.recorded_on for event in events],
        [event.area for event in events],
        [bool(event.file.poor) for event in events],
    )


async def _leave(connection: Connection, group: Sequence[Received]) -> None:
    tellings: list[list[Closed]] = []
    told: Counter[UUID] = Counter()
    for received, event in _events(group, ChildLeft):
        # Of a child that is told of twice, the second telling corrects what the first has closed.
        if told[event.child_id] == len(tellings):
            tellings.append([])
        tellings[told[event.child_id]].append((received, event, event.reason))
        told[event.child_id] += 1
    for closed in tellings:
        await _close(connection, closed)


async def _close(connection: Connection, closed: Sequence[Closed]) -> None:
    """Close files, each once, and withdraw the misses that their closing shows were not owed."""
    await connection.execute(
        SQL.close_files,
        [event.child_id for _, event, _ in closed],
        [event.on for _, event, _ in closed],
        [event.recorded_on for _, event, _ in closed],
        [reason for _, _, reason in closed],
    )
    leavings = {event.child_id: Leaving(event.on, reason, event.recorded_on) for _, event, reason in closed}
    await _mend(connection, closed[0][0], await misses_withdrawn(connection, leavings))


async def _merge(connection: Connection, group: Sequence[Received]) -> None:
    """Close the second file, and let its visits keep and make good what was promised to the survivor."""
    for received, event in _events(group, ChildrenMerged):
        await _close(connection, [(received, event, LeavingReason.MERGED)])
        await connection.execute(SQL.merge, event.child_id, event.survivor_id)
        rows = await connection.fetch(SQL.hand_over, event.child_id, event.survivor_id, event.recorded_on)
        visits = [
            (event.survivor_id, ContactKind(row["kind"]), row["on_day"], row["visit_id"], row["known_on"])
            for row in rows
        ]
        await _mend(connection, received, await misses_made_good(connection, visits))


async def _unmerge(connection: Connection, group: Sequence[Received]) -> None:
    for received, event in _events(group, ChildrenUnmerged):
        await connection.execute(SQL.take_back_keeping, event.child_id, event.survivor_id, event.recorded_on)
        await connection.execute(SQL.take_back_visits, event.child_id)
        await connection.execute(SQL.unmerge, event.child_id)
        await _open_files(connection, [received])


async def _forget_notes(vault: Vault, connection: Connection, forgotten: Sequence[ChildForgotten]) -> None:
    """Forget every visit of these children, with a note or without: one told again brings no words back."""
    rows = await connection.fetch(SQL.visits_forgotten, [event.child_id for event in forgotten])
    await vault.apply_forgotten(connection, [row["visit_id"] for row in rows])


async def _mend(
    connection: Connection, received: Received, mends: Sequence[ContactMadeGood | MissWithdrawn]
) -> None:
    """Say what received events mend, with the first as the cause."""
    if not mends:
        return
    await record_mends(connection, mends)
    events: list[tuple[UUID, RuleEvent]] = [(mend.child_id, mend) for mend in mends]
    await append_by_child(connection, events, _meta(received))


def _meta(received: Received) -> Meta:
    correlation, trace = received.meta[CORRELATION], received.meta.get("traceparent")
    return Meta(received.event_id, UUID(correlation), f"reader:{FROM_REGISTRY}", trace)


async def _begin_pairs(connection: Connection, events: Sequence[PairAssigned]) -> None:
    await connection.execute(
        SQL.begin_pairs,
        [event.pair_id for event in events],
        [event.child_id for event in events],
        [event.carer_id for event in events],
        [event.kind for event in events],
        [event.on for event in events],
        [event.recorded_on for event in events],
    )


async def _end_pairs(connection: Connection, events: Sequence[PairEnded]) -> None:
    """End pairs as last told: of one pair a batch may hold its end and, corrected, an earlier one."""
    last = {event.pair_id: event for event in events}.values()
    await connection.execute(
        SQL.end_pairs,
        [event.pair_id for event in last],
        [event.on for event in last],
        [event.recorded_on for event in last],
    )


_Step = Callable[[Connection, Sequence[Received]], Awaitable[None]]

_REGISTRY_STEPS: dict[str, _Step] = {
    AreaDefined.__name__: _define_areas,
    ChildRegistered.__name__: _open_files,
    ChildReturned.__name__: _open_files,
    ChildFileRevised.__name__: _restate,
    ChildTransferred.__name__: _restate,
    ChildLeft.__name__: _leave,
    ChildrenMerged.__name__: _merge,
    ChildrenUnmerged.__name__: _unmerge,
}
