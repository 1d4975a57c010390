"""What was judged, written into contact's own tables: misses, runs of misses, escalations."""

from collections.abc import Sequence
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
    missed = [event for event in events if isinstance(event, ContactMissed)]
    await connection.execute(SQL.record_judged, window.kind, window.opens, areas)
    await connection.execute(SQL.end_runs, window.kind, ended)
    await connection.execute(SQL.begin_runs, window.kind, window.opens, begun)
    await _record_misses(connection, window, missed)
    await record_mends(connection, [e for e in events if isinstance(e, ContactMadeGood | MissWithdrawn)])
    await _record_escalations(connection, window, [e for e in events if isinstance(e, ContactEscalated)])


async def _record_misses(connection: Connection, window: Window, missed: Sequence[ContactMissed]) -> None:
    await connection.execute(
        SQL.record_misses,
        window.kind,
        window.opens,
        window.closes,
        window.due,
        [miss.child_id for miss in missed],
        [miss.area for miss in missed],
    )


async def _record_escalations(
    connection: Connection, window: Window, raised: Sequence[ContactEscalated]
) -> None:
    await connection.execute(
        SQL.record_escalations,
        window.kind,
        window.closes,
        window.judged_on,
        [e.child_id for e in raised],
        [e.first_opens for e in raised],
        [e.level for e in raised],
        [e.windows for e in raised],
        [e.area for e in raised],
    )
