"""Visits: what is logged, what is refused, and what lies outside a child's file (policy.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.contact import VisitLogged
from shared.contracts.event import ContactKind

AFTER_RECORDED = "visit_after_recorded"
"""The one reason to refuse a visit for its day: dated after the day it was recorded."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch in which a child's file was open: from *filed_on* to the day before *left_on*."""

    filed_on: date
    left_on: date | None = None

    def covers(self, day: date) -> bool:
        """Return whether the file was open on *day*."""
        return self.filed_on <= day and (self.left_on is None or day < self.left_on)


@dataclass(frozen=True, slots=True)
class Visit:
    """A contact that was made or tried, as somebody tells it."""

    visit_id: UUID
    child_id: UUID
    kind: ContactKind
    on: date
    entered_on: date
    reached: bool


def recorded_on(entered_on: date, last_advanced: date | None) -> date:
    """Return the day Kith learns of a visit: the later of the day entered and the day last advanced to."""
    return entered_on if last_advanced is None else max(entered_on, last_advanced)


def refusal(visit: Visit, recorded: date) -> str | None:
    """Return the code of why the visit is refused, or None where it is logged."""
    return AFTER_RECORDED if visit.on > recorded else None


def logged(
    visit: Visit, recorded: date, area: str, spells: Iterable[Spell], carer_id: UUID | None
) -> VisitLogged:
    """Return the event of a visit; *area* is the child's village that day, *carer_id* the pair's in force."""
    return VisitLogged(
        area=area,
        on=visit.on,
        recorded_on=recorded,
        visit_id=visit.visit_id,
        child_id=visit.child_id,
        kind=visit.kind,
        reached=visit.reached,
        entered_on=visit.entered_on,
        in_file=any(spell.covers(visit.on) for spell in spells),
        carer_id=carer_id,
    )
