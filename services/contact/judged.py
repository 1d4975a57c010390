"""What was judged, written into contact's own tables: misses, runs of misses, escalations."""

from collections.abc import Sequence
from uuid import UUID

from services.contact.domain.judging import Judgement
from services.contact.domain.windows import Window
from shared.contracts.contact import ContactEscalated, ContactMadeGood, ContactMissed, MissWithdrawn
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


async def record_judged(
    connection: Connection,
    window: Window,
    areas: Sequence[str],
    kept: Sequence[UUID],
    events: Sequence[Judgement],
) -> None:
    """Write that *window* was judged in *areas*, whom it kept, and what else was said, *events*."""
    await connection.execute(SQL.record_judged, window.kind, window.opens, areas)
    await connection.execute(SQL.end_runs, window.kind, kept)
    mends = {event.child_id: event for event in events if isinstance(event, ContactMadeGood | MissWithdrawn)}
    missed = [event for event in events if isinstance(event, ContactMissed)]
    await _record_misses(connection, window, missed, mends)
    await connection.execute(SQL.begin_runs, window.kind, window.opens, [e.child_id for e in missed])
    await _record_escalations(connection, [e for e in events if isinstance(e, ContactEscalated)])


async def _record_misses(
    connection: Connection,
    window: Window,
    missed: Sequence[ContactMissed],
    mends: dict[UUID, ContactMadeGood | MissWithdrawn],
) -> None:
    found = [mends.get(miss.child_id) for miss in missed]
    await connection.execute(
        SQL.record_misses,
        window.kind,
        window.opens,
        window.closes,
        window.due,
        [miss.child_id for miss in missed],
        [miss.area for miss in missed],
        [None if mend is None else mend.recorded_on for mend in found],
        [mend.visit_id if isinstance(mend, ContactMadeGood) else None for mend in found],
        [mend.reason if isinstance(mend, MissWithdrawn) else None for mend in found],
    )


async def _record_escalations(connection: Connection, raised: Sequence[ContactEscalated]) -> None:
    if not raised:
        return
    await connection.execute(
        SQL.record_escalations,
        [e.child_id for e in raised],
        [e.kind for e in raised],
        [e.first_opens for e in raised],
        [e.level for e in raised],
        [e.on for e in raised],
        [e.windows for e in raised],
        [e.area for e in raised],
        [e.recorded_on for e in raised],
    )
