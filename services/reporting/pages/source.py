"""Where pages get what they show: reporting's own queries, put together for one area and one question."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.areas import area_named, areas_within, highest_areas
from services.reporting.figures import When, figures, figures_of, latest_day, series, settled_until
from services.reporting.measures import MEASURES
from services.reporting.pages.asked import Asked
from services.reporting.pages.facts import Facts, Month, Place
from services.reporting.received import received_event
from shared.event_store import Connection, Position
from shared.problems import NotFound
from shared.sql import queries

SQL = queries(__file__)

LEVELS = (6, 9, 12)
"""How many digits the code of a county, a township and a village has: a prefix is the ancestor."""

MONTHS_MAX = 24
"""A longer period is drawn by its last months only."""

BY_AREA = (
    "files.open",
    "children.paired",
    "children.unpaired",
    "windows.counted",
    "windows.kept",
    "windows.missed",
    "windows.outstanding",
    "escalations.township",
    "escalations.county",
)
"""What the table of areas shows of each."""

BY_MONTH = tuple(name for name in MEASURES if name.startswith(("files.", "windows.", "children.paired")))
"""What charts and tables show by month."""


def when_of(asked: Asked) -> When:
    """Return the days of a question as reporting's queries take them."""
    return When(asked.as_of, asked.known_on, asked.first, asked.last)


async def latest(connection: Connection, otherwise: date) -> date:
    """Return the day Kith was last told of, or *otherwise* before the first event."""
    return await latest_day(connection) or otherwise


async def top_area(connection: Connection, day: date) -> str | None:
    """Return the code of the first of the areas where the caller begins to look; None where there is none."""
    areas = await highest_areas(connection, day)
    return areas[0].code if areas else None


async def facts_of(connection: Connection, asked: Asked) -> Facts:
    """Return all that a page about *asked* is made of; raises NotFound where the caller sees no such area."""
    path = await path_to(connection, asked)
    when = when_of(asked)
    below = await areas_within(connection, asked.area, asked.as_of, asked.known_on)
    values = await figures_of(connection, [area.code for area in below], when, BY_AREA) if below else {}
    return Facts(
        asked=asked,
        path=path,
        values=await figures(connection, asked.area, when),
        months=await _months(connection, asked, when),
        areas=[(Place(area.code, area.name), values[area.code]) for area in below],
        fresh=await latest_day(connection),
        settled=await settled_until(connection),
    )


async def path_to(connection: Connection, asked: Asked) -> list[Place]:
    """Return the areas from the highest the caller sees down to the one asked for; raises NotFound without it."""
    codes = [asked.area[:digits] for digits in LEVELS if digits <= len(asked.area)]
    found = [await area_named(connection, code, asked.as_of, asked.known_on) for code in codes]
    if found[-1] is None:
        raise NotFound
    return [Place(area.code, area.name) for area in found if area is not None]


async def _months(connection: Connection, asked: Asked, when: When) -> list[Month]:
    by_month = await series(connection, asked.area, BY_MONTH, when)
    if not by_month:
        return [Month(asked.last.replace(day=1), asked.last, dict.fromkeys(BY_MONTH, 0))]
    return [Month(month.month, month.last_day, month.figures) for month in by_month[-MONTHS_MAX:]]


async def names_of(
    connection: Connection, codes: Iterable[str], as_of: date, known_on: date
) -> Mapping[str, str]:
    """Return what areas were called on a day, by code."""
    rows = await connection.fetch(SQL.names, sorted(set(codes)), as_of, known_on)
    return {row["area"]: row["name"] for row in rows}


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as reporting received it."""

    event_id: UUID
    source: str
    event_type: str
    stream_id: str
    version: int
    position: Position
    area: str
    body: Mapping[str, Any]


async def event_kept(connection: Connection, event_id: UUID) -> Kept:
    """Return the event with this id; raises NotFound where the caller sees none."""
    row = await received_event(connection, event_id)
    if row is None:
        raise NotFound
    return Kept(
        event_id,
        row["source"],
        row["event_type"],
        row["stream_id"],
        row["version"],
        Position(row["tx"], row["position"]),
        row["area"],
        json.loads(row["data"]),
    )
