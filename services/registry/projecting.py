"""The registry's own tables, written with the events in one transaction: files as they stand, and areas."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from services.registry.domain.age import sixteen_on
from shared.contracts.event import Event, LeavingReason
from shared.contracts.registry import (
    AreaClosed,
    AreaDefined,
    AreaRenamed,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
)
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

StandingEvent = (
    ChildRegistered
    | ChildFileRevised
    | ChildTransferred
    | ChildLeft
    | ChildReturned
    | ChildrenMerged
    | ChildrenUnmerged
)
"""After each of these the child stands as the event says; ChildTransferredOut says nothing of its own."""


async def project_children(connection: Connection, events: Sequence[Event]) -> None:
    """Write how the children of *events* stand after the last event of each, in a statement for all."""
    opened = [_standing(event) for event in events if isinstance(event, ChildRegistered)]
    if opened:
        await connection.execute(SQL.open_files, _json(opened))
    changed = {
        event.child_id: _standing(event)
        for event in events
        if isinstance(event, StandingEvent) and not isinstance(event, ChildRegistered)
    }
    if changed:
        await connection.execute(SQL.change_files, _json(list(changed.values())))
    moved = [event for event in events if isinstance(event, ChildTransferred | ChildReturned)]
    if moved:
        await connection.execute(
            SQL.write_villages, [event.child_id for event in moved], [event.area for event in moved]
        )


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()  # asyncpg's UUIDs are of a class of their own


def _standing(event: StandingEvent) -> dict[str, Any]:
    opened_on: date | None = None
    left_on: date | None = None
    reason: LeavingReason | None = None
    survivor_id: UUID | None = None
    match event:
        case ChildRegistered() | ChildReturned() | ChildrenUnmerged():
            opened_on = event.on
        case ChildLeft():
            left_on, reason = event.on, event.reason
        case ChildrenMerged():
            left_on, reason, survivor_id = event.on, LeavingReason.MERGED, event.survivor_id
        case _:
            pass
    return {
        "child_id": event.child_id,
        "area": event.area,
        "birth_date": event.file.birth_date,
        "sixteen_on": sixteen_on(event.file.birth_date),
        "sex": event.file.sex,
        "file": event.file.model_dump(mode="json"),
        "opened_on": opened_on,
        "recorded_on": event.recorded_on,
        "left_on": left_on,
        "reason": reason,
        "merged_into": survivor_id,
    }


async def project_areas(connection: Connection, events: Iterable[Event]) -> None:
    """Write the versions of the areas of *events*: a version ends where the next begins."""
    for event in events:
        match event:
            case AreaDefined():
                await connection.execute(
                    SQL.define_area, event.area, event.on, event.name, event.level, event.parent
                )
            case AreaRenamed():
                await connection.execute(SQL.end_area, event.area, event.on, None)
                await connection.execute(SQL.rename_area, event.area, event.on, event.name)
            case AreaClosed():
                await connection.execute(SQL.end_area, event.area, event.on, event.successor)
            case _:
                raise TypeError(f"{type(event).__name__} is no event of an area")
