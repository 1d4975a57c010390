"""What contact says: what happened, what was judged, what was missed, mended or withdrawn."""

from datetime import date
from uuid import UUID

from shared.contracts.event import (
    ContactKind,
    EscalationLevel,
    Event,
    LeavingReason,
    PairInForce,
)


class VisitLogged(Event):
    """A contact was made or tried on *on*; *area* is the child's village on that day."""

    visit_id: UUID
    child_id: UUID
    kind: ContactKind
    reached: bool
    entered_on: date
    """The day the paper says it was entered; *recorded_on* is the day Kith learned of it."""
    in_file: bool
    """False where the visit is dated before the file opened or after it closed: it keeps nothing."""
    carer_id: UUID | None = None


class WindowJudged(Event):
    """A window of a village was judged; *on* is its last day, *recorded_on* the day after *due*."""

    kind: ContactKind
    opens: date
    due: date
    part: int
    """1, 2, … where a village has more children than one event may name."""
    counted: tuple[UUID, ...]
    kept: tuple[UUID, ...]


class ContactMissed(Event):
    """A counted child's window closed and nobody had reached it; once, for ever. *on* is the window's last day."""

    child_id: UUID
    kind: ContactKind
    opens: date
    due: date
    pairs: tuple[PairInForce, ...]
    """All pairs in force on the window's last day."""


class ContactMadeGood(Event):
    """A visit made inside a missed window was recorded after all; *on* is that window's last day."""

    child_id: UUID
    kind: ContactKind
    opens: date
    visit_id: UUID


class MissWithdrawn(Event):
    """A miss turned out not to have been owed; *on* is the window's last day."""

    child_id: UUID
    kind: ContactKind
    opens: date
    reason: LeavingReason


class ContactEscalated(Event):
    """A run of missed windows raised the child to a level; *on* is the last day of the latest window."""

    child_id: UUID
    kind: ContactKind
    level: EscalationLevel
    first_opens: date
    """The first day of the first window of the run."""
    windows: int


class DayAdvanced(Event):
    """Everything due before *on* has been judged; *area* is the county."""


class VisitLogImported(Event):
    """Rows of a visit log were taken in; counts are of rows never seen before; *area* is the county."""

    import_id: UUID
    rows: int
    logged: int
    duplicates: int
    unknown_child: int
    ambiguous: int
    refused: int
    """Rows refused for another reason than the child: a bad date, kind or result."""


ContactEvent = (
    VisitLogged
    | WindowJudged
    | ContactMissed
    | ContactMadeGood
    | MissWithdrawn
    | ContactEscalated
    | DayAdvanced
    | VisitLogImported
)
