"""Areas as of a day: what a code was called, what it is part of, and whether it still stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.figures import EVERYTHING_KNOWN
from shared.contracts.event import Event
from shared.contracts.registry import AreaClosed, AreaDefined, AreaRenamed
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Area:
    """An area by its code; *closed_on* is the first day on which the code no longer stands."""

    code: str
    name: str
    level: str
    parent: str | None
    closed_on: date | None
    successor: str | None


async def area_named(
    connection: Connection, code: str, as_of: date, known_on: date = EVERYTHING_KNOWN
) -> Area | None:
    """Return the area with this code, as it was called on *as_of*; None where the caller sees none."""
    row = await connection.fetchrow(SQL.area, code, as_of, known_on)
    return Area(*row.values()) if row else None


async def areas_within(
    connection: Connection, code: str, as_of: date, known_on: date = EVERYTHING_KNOWN
) -> list[Area]:
    """Return the areas that are directly part of *code*, by code, the closed ones too."""
    rows = await connection.fetch(SQL.areas_within, code, as_of, known_on)
    return [Area(*row.values()) for row in rows]


async def highest_areas(connection: Connection, as_of: date, known_on: date = EVERYTHING_KNOWN) -> list[Area]:
    """Return the areas that the caller sees and whose parent he does not: where he begins to look."""
    rows = await connection.fetch(SQL.highest_areas, as_of, known_on)
    return [Area(*row.values()) for row in rows]


async def keep_areas(connection: Connection, events: Sequence[tuple[Event, int]]) -> None:
    """Keep what events, each with its version in its stream, say of areas."""
    rows = [_row(event, version) for event, version in events if isinstance(event, AreaEvent)]
    if rows:
        await connection.executemany(SQL.keep_area, rows)


AreaEvent = AreaDefined | AreaRenamed | AreaClosed


def _row(event: AreaEvent, version: int) -> tuple[object, ...]:
    dated = (event.area, version, event.on, event.recorded_on)
    match event:
        case AreaDefined():
            return (*dated, event.name, event.level.value, event.parent, False, None)
        case AreaRenamed():
            return (*dated, event.name, None, None, False, None)
        case AreaClosed():
            return (*dated, None, None, None, True, event.successor)
