"""The lists of contact: visits, those outside a child's file, misses, escalations."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.contact.paging import Keyset, whole_number
from shared.contracts.event import ContactKind, EscalationLevel
from shared.edge import Page
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

MissState = Literal["outstanding", "made_good", "withdrawn"]

VISIT_KEY = Keyset(date.fromisoformat, whole_number(18))
MISS_KEY = Keyset(date.fromisoformat, UUID, str)
ESCALATION_KEY = Keyset(date.fromisoformat, UUID, str, date.fromisoformat, str)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for: what lies where codes begin with *area*; of the rest None asks for all."""

    area: str
    child_id: UUID | None = None
    kind: ContactKind | None = None
    first: date | None = None
    last: date | None = None


async def visits(
    connection: Connection, asked: Asked, page: Page, *, outside_file: bool = False
) -> dict[str, Any]:
    """Return visits by their day, the earliest first; with *outside_file* those that lie outside a file."""
    on, seq = VISIT_KEY.read(page.after_key) or (None, None)
    query = SQL.visits_outside_file if outside_file else SQL.visits
    rows = await connection.fetch(
        query, asked.area, asked.child_id, asked.kind, asked.first, asked.last, on, seq, page.fetch
    )
    listed = page.of([dict(row) for row in rows], lambda item: VISIT_KEY.write(item["on"], item["seq"]))
    for item in listed["items"]:
        del item["seq"]
    return listed


async def visit_by_id(connection: Connection, visit_id: UUID) -> dict[str, Any] | None:
    """Return one visit in the caller's areas, or None."""
    row = await connection.fetchrow(SQL.visit_by_id, visit_id)
    return None if row is None else dict(row)


async def misses(connection: Connection, asked: Asked, state: MissState | None, page: Page) -> dict[str, Any]:
    """Return misses by the last day of their window, the earliest first."""
    closes, child_id, kind = MISS_KEY.read(page.after_key) or (None, None, None)
    rows = await connection.fetch(
        SQL.misses,
        asked.area,
        asked.child_id,
        asked.kind,
        asked.first,
        asked.last,
        state,
        closes,
        child_id,
        kind,
        page.fetch,
    )
    return page.of(
        [dict(row) for row in rows],
        lambda item: MISS_KEY.write(item["closes"], item["child_id"], item["kind"]),
    )


async def escalations(
    connection: Connection, asked: Asked, level: EscalationLevel | None, page: Page
) -> dict[str, Any]:
    """Return escalations by the day they were recorded on, the earliest first."""
    key = ESCALATION_KEY.read(page.after_key) or (None,) * 5
    rows = await connection.fetch(
        SQL.escalations,
        asked.area,
        asked.child_id,
        asked.kind,
        asked.first,
        asked.last,
        level,
        *key,
        page.fetch,
    )
    return page.of(
        [dict(row) for row in rows],
        lambda item: ESCALATION_KEY.write(
            item["recorded_on"], item["child_id"], item["kind"], item["first_opens"], item["level"]
        ),
    )
