"""Mending misses: late visits and departures find what they mend, and each miss is mended once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

import asyncpg

from services.contact.domain.mending import LateVisit, Leaving, Miss, made_good, owed_after, withdrawn
from services.contact.event_ids import RuleEvent, child_stream, with_id
from shared.contracts.contact import ContactMadeGood, MissWithdrawn
from shared.contracts.event import ContactKind
from shared.event_store import EVENTS_MAX, Append, Connection, Meta, append, append_many
from shared.sql import queries

SQL = queries(__file__)

Mend = ContactMadeGood | MissWithdrawn


async def misses_made_good(
    connection: Connection, visits: Sequence[tuple[UUID, ContactKind, date, UUID, date]]
) -> list[ContactMadeGood]:
    """Return what reached visits in a file make good, each (child, kind, on, visit, known on), the first first.

    The misses stay locked until the transaction ends; `record_mends` is to follow.
    """
    if not visits:
        return []
    child_ids, kinds, days, _, _ = zip(*visits, strict=True)
    rows = await connection.fetch(
        SQL.lock_misses_around, list(set(child_ids)), list(set(kinds)), min(days), max(days)
    )
    found: dict[tuple[UUID, ContactKind, date], ContactMadeGood] = {}
    misses = defaultdict(list)
    for miss in map(_miss, rows):
        misses[miss.child_id, miss.kind].append(miss)
    for child_id, kind, on, visit_id, known_on in visits:
        for miss in misses[child_id, kind]:
            if miss.opens <= on <= miss.closes:
                found.setdefault((child_id, kind, miss.opens), made_good(miss, LateVisit(visit_id, known_on)))
    return list(found.values())


async def misses_withdrawn(connection: Connection, leavings: dict[UUID, Leaving]) -> list[MissWithdrawn]:
    """Return the outstanding misses that were not owed after all because these children left."""
    rows = await connection.fetch(SQL.lock_misses_of, list(leavings))
    return [
        withdrawn(miss, leavings[miss.child_id])
        for miss in map(_miss, rows)
        if not owed_after(leavings[miss.child_id], miss.closes)
    ]


async def record_mends(connection: Connection, mends: Sequence[Mend]) -> None:
    """Write into the misses what has mended them."""
    if not mends:
        return
    await connection.execute(
        SQL.mend_misses,
        [mend.child_id for mend in mends],
        [mend.kind for mend in mends],
        [mend.opens for mend in mends],
        [mend.recorded_on for mend in mends],
        [mend.visit_id if isinstance(mend, ContactMadeGood) else None for mend in mends],
        [mend.reason if isinstance(mend, MissWithdrawn) else None for mend in mends],
    )


async def append_by_child(
    connection: Connection, events: Iterable[tuple[UUID, RuleEvent]], meta: Meta
) -> None:
    """Append events to the streams of their children, in bulk; raises Overtaken to be tried again.

    What one child's stream takes needs no bulk, which costs five times as much as one event.
    """
    in_order = sorted(events, key=lambda event: event[0])
    appends = [
        Append(child_stream(child_id), [with_id(event) for _, event in group])
        for child_id, group in groupby(in_order, key=lambda event: event[0])
    ]
    if len(appends) == 1:
        await append(connection, appends[0], meta)
    else:
        await append_bounded(connection, appends, meta)


async def append_bounded(connection: Connection, appends: Sequence[Append], meta: Meta) -> None:
    """Append to streams that expect any version, in calls of at most EVENTS_MAX events."""
    for some in _bounded(appends):
        await append_many(connection, some, meta)


def _bounded(appends: Sequence[Append]) -> Iterable[list[Append]]:
    some: list[Append] = []
    size = 0
    for wanted in appends:
        for start in range(0, len(wanted.events), EVENTS_MAX):
            piece = wanted.events[start : start + EVENTS_MAX]
            if size + len(piece) > EVENTS_MAX:
                yield some
                some, size = [], 0
            some.append(Append(wanted.stream, piece))
            size += len(piece)
    if some:
        yield some


def _miss(row: asyncpg.Record) -> Miss:
    return Miss(
        row["child_id"], ContactKind(row["kind"]), row["opens"], row["closes"], row["due"], row["area"]
    )
