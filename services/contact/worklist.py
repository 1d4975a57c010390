"""Work lists: what is due, for whom and until when, overdue first; by area, by carer."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.contact.domain.policy import Policy
from services.contact.domain.windows import windows_running
from services.contact.paging import Keyset, whole_number
from shared.edge import Page
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

KEY = Keyset(whole_number(1), date.fromisoformat, str, UUID, str)
"""Of an item: 0 overdue or 1 running, the window's last day, the area, the child, the kind."""


@dataclass(frozen=True, slots=True)
class WorkAsked:
    """What a work list is asked for: what lies under *area*, a carer's, and what closes on or before *until*."""

    area: str
    carer_id: UUID | None
    until: date | None


async def work_list(
    connection: Connection, policy: Policy, day: date, asked: WorkAsked, page: Page
) -> dict[str, Any]:
    """Return a page of what is owed on *day*: misses still outstanding, then windows nobody has kept yet.

    A window that has closed but can still be kept, because its due day has not passed, is in state grace.
    """
    running = windows_running(policy, day)
    overdue, closes, area, child_id, kind = KEY.read(page.after_key) or (None, None, None, None, None)
    rows = await connection.fetch(
        SQL.work_list,
        [window.kind for window in running],
        [window.opens for window in running],
        [window.closes for window in running],
        [window.due for window in running],
        [window.poor_only for window in running],
        day,
        asked.area,
        asked.carer_id,
        asked.until,
        overdue,
        closes,
        area,
        child_id,
        kind,
        page.fetch,
    )
    return page.of([_item(row, day) for row in rows], _key)


def _item(row: asyncpg.Record, day: date) -> dict[str, Any]:
    overdue = row["late"] == 0
    state = "overdue" if overdue else "grace" if row["closes"] < day else "open"
    carers = zip(row["carers"], row["carer_kinds"], strict=True)
    return {
        "child_id": row["child_id"],
        "kind": row["kind"],
        "area": row["area"],
        "opens": row["opens"],
        "closes": row["closes"],
        "due": row["due"],
        "state": state,
        "carers": [{"carer_id": carer_id, "kind": kind} for carer_id, kind in carers],
    }


def _key(item: dict[str, Any]) -> str:
    late = 0 if item["state"] == "overdue" else 1
    return KEY.write(late, item["closes"], item["area"], item["child_id"], item["kind"])
