"""What pairing says: who may care for children, and who cares for whom."""

from uuid import UUID

from shared.contracts.event import CarerKind, Event, Keyed, PairEndReason, Sex, VillageCode


class CarerEnlisted(Event):
    """A carer or a member of staff was put on the list; *area* is a village or a township."""

    carer_id: UUID
    kind: CarerKind
    sex: Sex
    capacity: int
    """How many children the carer takes at most; 0 for staff."""
    school: Keyed | None = None


class CarerRevised(Event):
    """A carer's place or capacity changed from *on*."""

    carer_id: UUID
    kind: CarerKind
    capacity: int
    school: Keyed | None = None


class CarerCleared(Event):
    """Vetting was passed: the carer may be paired from *on*."""

    carer_id: UUID
    kind: CarerKind


class CarerSuspended(Event):
    """A carer may not be paired from *on* until cleared again; the open pairs end."""

    carer_id: UUID
    kind: CarerKind


class CarerWithdrew(Event):
    """A carer left the work on *on*; the open pairs end."""

    carer_id: UUID
    kind: CarerKind


class PairAssigned(Event):
    """A child has a carer from *on*; *area* is the child's village."""

    pair_id: UUID
    child_id: UUID
    carer_id: UUID
    kind: CarerKind


class PairMoved(Event):
    """The child of an open pair lives in another village from *on*; *area* is the village it enters."""

    pair_id: UUID
    child_id: UUID
    carer_id: UUID
    kind: CarerKind
    from_area: VillageCode


class PairEnded(Event):
    """A pair ended on *on*, the first day on which it is no longer in force.

    Said again, it ended on this earlier day already: the last word counts.
    """

    pair_id: UUID
    child_id: UUID
    carer_id: UUID
    kind: CarerKind
    reason: PairEndReason


class CarersImported(Event):
    """A list of carers was taken in; counts are of rows never seen before, so that they add up over imports.

    A row that was refused and is acceptable when it comes again moves: one fewer refused, no new row.
    """

    import_id: UUID
    rows: int
    taken: int
    duplicates: int
    refused: int


PairingEvent = (
    CarerEnlisted
    | CarerRevised
    | CarerCleared
    | CarerSuspended
    | CarerWithdrew
    | PairAssigned
    | PairMoved
    | PairEnded
    | CarersImported
)
