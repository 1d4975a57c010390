"""What the registry says: areas, and the files of children from the day they open to the day they close."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.event import (
    AreaCode,
    Event,
    Guardianship,
    Health,
    Keyed,
    LeavingReason,
    Level,
    Rating,
    Schooling,
    Sex,
    TownshipCode,
    VillageCode,
)


class ChildFile(BaseModel):
    """The part of a child's file that may travel: codes and dates, nothing that names anybody."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    birth_date: date
    sex: Sex
    ethnic_group: str = "00"
    """Two digits of GB/T 3304; 00 where the paper does not say."""
    health: Health = Health.UNKNOWN
    schooling: Schooling = Schooling.UNKNOWN
    school: Keyed | None = None
    boards: bool | None = None
    poor: bool | None = None
    guardianship: Guardianship = Guardianship.UNKNOWN
    rating: Rating = Rating.UNKNOWN
    household: Keyed | None = None
    """The same for siblings: keyed from the parents' names and phones."""


class AreaDefined(Event):
    """An area came into being, or was first told to Kith. *area* is its code."""

    name: str
    level: Level
    parent: AreaCode | None


class AreaRenamed(Event):
    """An area has another name from *on*; the old one stays true before."""

    name: str
    former_name: str


class AreaClosed(Event):
    """An area's code ended on *on*; *successor* is the code that goes on for it, if any."""

    successor: AreaCode | None


class ChildRegistered(Event):
    """A child's file was opened; *on* is the day it was filed, *area* the village."""

    child_id: UUID
    file: ChildFile


class ChildFileRevised(Event):
    """What is known of a child changed from *on*; *file* is the whole new state, *former* the old."""

    child_id: UUID
    file: ChildFile
    former: ChildFile


class ChildTransferred(Event):
    """A child lives in another village from *on*; *area* is the village it enters."""

    child_id: UUID
    from_area: VillageCode
    file: ChildFile


class ChildTransferredOut(Event):
    """The township a child left learns of the transfer; *area* is the village it leaves.

    Spoken beside ChildTransferred when the township changes, for subscribers of one township; who
    reads the whole stream takes ChildTransferred and passes this one by.
    """

    child_id: UUID
    to_area: VillageCode


class ChildLeft(Event):
    """A child's file closed on *on*, the first day on which it no longer counts.

    Said again of a closed file, it closed on this earlier day already: the last word counts.
    """

    child_id: UUID
    reason: LeavingReason
    file: ChildFile


class ChildReturned(Event):
    """A child whose file was closed is here again and counts from *on*."""

    child_id: UUID
    file: ChildFile


class ChildrenMerged(Event):
    """The file *child_id* was a second file of *survivor_id* and closed on *on* (reason merged)."""

    child_id: UUID
    survivor_id: UUID
    file: ChildFile


class ChildrenUnmerged(Event):
    """A merge was undone: *child_id* is a child of its own again and counts from *on*."""

    child_id: UUID
    survivor_id: UUID
    file: ChildFile


class ChildForgotten(Event):
    """Who *child_id* is was deleted for good; the file stays, and nobody who hears it keeps words about it.

    Said as often as it is asked for: what was told of the child since is to be forgotten too.
    """

    child_id: UUID


class RosterImported(Event):
    """A roster was taken in; counts are of rows never seen before, so that they add up over imports.

    A row that was refused and is acceptable when it comes again moves: one fewer refused, no new row.
    """

    import_id: UUID
    area: TownshipCode
    rows: int
    taken: int
    put_right: int
    """Of those taken, the rows whose form was off and was mended."""
    duplicates: int
    refused: int
    likely_duplicates: int
    """Of those taken, the rows that a person should compare with another file."""


RegistryEvent = (
    AreaDefined
    | AreaRenamed
    | AreaClosed
    | ChildRegistered
    | ChildFileRevised
    | ChildTransferred
    | ChildTransferredOut
    | ChildLeft
    | ChildReturned
    | ChildrenMerged
    | ChildrenUnmerged
    | ChildForgotten
    | RosterImported
)
