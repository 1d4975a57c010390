"""What reporting says: that a summary went out, and of what it was made."""

from datetime import date
from uuid import UUID

from shared.contracts.event import Event


class SummaryIssued(Event):
    """A summary of *area* was issued; the same figures come again for the same as-of and known-on days."""

    summary_id: UUID
    first_day: date
    last_day: date
    known_on: date
    digest: str
    """SHA-256 of the figures as JSON, so that a later copy can be compared."""


ReportingEvent = SummaryIssued
