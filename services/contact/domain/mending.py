"""What later knowledge does to a miss: a late visit makes it good, a departure withdraws it."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from shared.contracts.contact import ContactMadeGood, MissWithdrawn
from shared.contracts.event import ContactKind, LeavingReason

NEVER_OWED = frozenset({LeavingReason.REGISTERED_IN_ERROR, LeavingReason.MERGED})
"""Reasons that say that the file should not have been: nothing was ever owed to it, whatever the day."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A missed window of a child; *area* is its village on the day the window closed."""

    child_id: UUID
    kind: ContactKind
    opens: date
    closes: date
    due: date
    area: str


@dataclass(frozen=True, slots=True)
class LateVisit:
    """A reached visit inside a missed window; *known_on* is the day Kith knew that it was this child's.

    *number* counts visits in the order in which they were told.
    """

    visit_id: UUID
    known_on: date
    number: int = 0


@dataclass(frozen=True, slots=True)
class Leaving:
    """A child's file closed on *left_on*, the first day that no longer counts, as learned on *known_on*.

    *last_visit* is the number of the last visit that was told before, None where nobody noted it.
    """

    left_on: date
    reason: LeavingReason
    known_on: date
    last_visit: int | None = None


def owed_after(leaving: Leaving, closes: date) -> bool:
    """Return whether a window that closed on *closes* was owed although the child left.

    It was when the file was open to the window's end and was not one that should never have been.
    """
    return leaving.reason not in NEVER_OWED and leaving.left_on > closes


def made_good(miss: Miss, visit: LateVisit) -> ContactMadeGood:
    """Return the event that mends *miss*: recorded on the visit's day, after the miss at the earliest."""
    return ContactMadeGood(
        area=miss.area,
        on=miss.closes,
        recorded_on=_after(miss, visit.known_on),
        child_id=miss.child_id,
        kind=miss.kind,
        opens=miss.opens,
        visit_id=visit.visit_id,
    )


def withdrawn(miss: Miss, leaving: Leaving) -> MissWithdrawn:
    """Return the event that takes *miss* back because of *leaving*."""
    return MissWithdrawn(
        area=miss.area,
        on=miss.closes,
        recorded_on=_after(miss, leaving.known_on),
        child_id=miss.child_id,
        kind=miss.kind,
        opens=miss.opens,
        reason=leaving.reason,
    )


def mended(
    miss: Miss, visit: LateVisit | None, leaving: Leaving | None
) -> ContactMadeGood | MissWithdrawn | None:
    """Return what mends *miss*, if anything: what was told first, so that a miss is mended once, whenever it is judged.

    Known on the same day, and nobody noted which was told first, the visit counts: a contact that was made is worth
    more than one not owed.
    """
    if leaving is not None and owed_after(leaving, miss.closes):
        leaving = None
    if visit is not None and (leaving is None or _told_before(visit, leaving)):
        return made_good(miss, visit)
    return None if leaving is None else withdrawn(miss, leaving)


def _told_before(visit: LateVisit, leaving: Leaving) -> bool:
    if visit.known_on == leaving.known_on and leaving.last_visit is not None:
        return visit.number <= leaving.last_visit
    return visit.known_on <= leaving.known_on


def _after(miss: Miss, known_on: date) -> date:
    return max(known_on, miss.due + timedelta(days=1))
