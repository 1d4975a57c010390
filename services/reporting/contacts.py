"""What visits, windows and papers add up to: each of these events says it all by itself."""

from typing import assert_never
from uuid import UUID

from services.reporting.deltas import Behind, Cell, Delta, deltas
from services.reporting.measure import Item
from services.reporting.measures import IMPORT_COUNTS
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    VisitLogged,
    VisitLogImported,
    WindowJudged,
)
from shared.contracts.pairing import CarersImported
from shared.contracts.registry import RosterImported

ContactCounted = (
    VisitLogged | WindowJudged | ContactMissed | ContactMadeGood | MissWithdrawn | ContactEscalated
)
PaperCounted = RosterImported | CarersImported | VisitLogImported


def contact_deltas(event: ContactCounted, event_id: UUID) -> list[Delta]:
    """Return what a contact event adds; all of it on the event's own day and in its own area."""
    match event:
        case VisitLogged():
            result = "reached" if event.reached else "tried"
            names = [f"visits.{event.kind.value}.{result}"]
            if not event.in_file:
                names.append("visits.outside_file")
            return _one(event, event_id, Item.VISIT, event.visit_id, *names)
        case WindowJudged():
            behind = Behind(Item.WINDOW, None, None, event.recorded_on, event_id)
            judged = {"windows.counted": len(event.counted), "windows.kept": len(event.kept)}
            # Two deltas even where the amounts are equal: each has its own list of children.
            return [
                Delta(behind, event.area, None, event.on, amount, (f"{name}.{event.kind.value}",))
                for name, amount in judged.items()
                if amount
            ]
        case ContactMissed():
            return _one(event, event_id, Item.WINDOW, event.child_id, f"windows.missed.{event.kind.value}")
        case ContactMadeGood():
            return _one(event, event_id, Item.WINDOW, event.child_id, f"windows.made_good.{event.kind.value}")
        case MissWithdrawn():
            return _one(event, event_id, Item.WINDOW, event.child_id, f"windows.withdrawn.{event.kind.value}")
        case ContactEscalated():
            name = f"escalations.{event.level.value}.{event.kind.value}"
            return _one(event, event_id, Item.ESCALATION, event.child_id, name)
        case _:
            assert_never(event)


def _one(
    event: VisitLogged | ContactMissed | ContactMadeGood | MissWithdrawn | ContactEscalated,
    event_id: UUID,
    kind: Item,
    item: UUID,
    *names: str,
) -> list[Delta]:
    behind = Behind(kind, item, event.child_id, event.recorded_on, event_id)
    return [Delta(behind, event.area, None, event.on, 1, names)]


def paper_deltas(event: PaperCounted, event_id: UUID) -> list[Delta]:
    """Return what an import adds to the counts of its kind of paper."""
    match event:
        case RosterImported():
            paper = "rosters"
        case CarersImported():
            paper = "carer_lists"
        case VisitLogImported():
            paper = "log"
        case _:
            assert_never(event)
    cells = {
        Cell(f"{paper}.{count}", event.area, event.on): getattr(event, count)
        for count in IMPORT_COUNTS[paper]
    }
    return deltas(cells, Behind(Item.IMPORT, event.import_id, None, event.recorded_on, event_id))
