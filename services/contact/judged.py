"""What was judged, written into contact's own tables: misses, runs of misses, escalations."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.contact.domain.judging import Judgement
from services.contact.domain.windows import Window
from services.contact.mending import record_mends
from shared.contracts.contact import ContactEscalated, ContactMadeGood, ContactMissed, MissWithdrawn
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


async def record_judged(
    connection: Connection,
    window: Window,
    areas: Sequence[str],
    events: Sequence[Judgement],
    *,
    ended: Sequence[UUID],
    begun: Sequence[UUID],
) -> None:
    """Write that *window* was judged in *areas*, what *events* say, and the runs it has *ended* and *begun*."""
    said: dict[type[Judgement], list[Any]] = defaultdict(list)
    for event in events:  # by its type: to ask what each is an instance of takes several times as long
        said[type(event)].append(event)
    missed, raised = said[ContactMissed], said[ContactEscalated]
    await connection.execute(
        SQL.record_judged,
        window.kind,
        window.opens,
        window.closes,
        window.due,
        window.judged_on,
        areas,
        ended,
        begun,
        [miss.child_id for miss in missed],
        [miss.area for miss in missed],
        [e.child_id for e in raised],
        [e.first_opens for e in raised],
        [e.level for e in raised],
        [e.windows for e in raised],
        [e.area for e in raised],
    )
    await record_mends(connection, said[ContactMadeGood] + said[MissWithdrawn])
