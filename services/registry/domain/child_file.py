"""A child's file as it stands, what may be done to it then, and how later changes are taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from services.registry.domain.age import sixteen_on
from shared.contracts.event import Event, LeavingReason
from shared.contracts.registry import (
    ChildFile,
    ChildFileRevised,
    ChildLeft,
    ChildTransferred,
    ChildTransferredOut,
)
from shared.decider import Rejected

TOWNSHIP_DIGITS = 9


class FileStatus(StrEnum):
    """Whether a file counts, and if not, why."""

    OPEN = "open"
    LEFT = "left"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the child stood from a day on: where, and what the file said."""

    on: date
    area: str
    file: ChildFile


@dataclass(frozen=True, slots=True)
class Child:
    """A file as it is; *standings* go back to the day it was last opened, the last one holds now."""

    child_id: UUID
    status: FileStatus
    standings: tuple[Standing, ...]
    left_on: date | None = None
    reason: LeavingReason | None = None
    survivor_id: UUID | None = None

    @property
    def now(self) -> Standing:
        return self.standings[-1]

    @property
    def opened_on(self) -> date:
        return self.standings[0].on


ChildState = Child | None


def left(
    child_id: UUID, standing: Standing, *, on: date, recorded_on: date, reason: LeavingReason
) -> ChildLeft:
    """Return the closing of a file that stood like this."""
    return ChildLeft(
        area=standing.area,
        on=on,
        recorded_on=recorded_on,
        child_id=child_id,
        reason=reason,
        file=standing.file,
    )


def moved(child: Child, leaving: Standing, to_area: str, on: date, recorded_on: date) -> Sequence[Event]:
    """Return the move from *leaving* to another village, told to the township left where it is another."""
    entered = ChildTransferred(
        area=to_area,
        on=on,
        recorded_on=recorded_on,
        child_id=child.child_id,
        from_area=leaving.area,
        file=leaving.file,
    )
    if to_area[:TOWNSHIP_DIGITS] == leaving.area[:TOWNSHIP_DIGITS]:
        return [entered]
    left_township = ChildTransferredOut(
        area=leaving.area, on=on, recorded_on=recorded_on, child_id=child.child_id, to_area=to_area
    )
    return [entered, left_township]


def taken_back(child: Child, on: date, recorded_on: date) -> tuple[Sequence[Event], Standing]:
    """Take back what was dated after *on*, the latest first, so that the file closes as it stood then."""
    events: list[Event] = []
    for later, earlier in zip(reversed(child.standings), reversed(child.standings[:-1]), strict=False):
        if later.on <= on:
            return events, later
        # Nothing is known before it is true, not even where this is told earlier than what it takes back.
        known_on = max(recorded_on, later.on)
        if later.area != earlier.area:
            events += moved(child, later, earlier.area, later.on, known_on)
        elif later.file != earlier.file:
            events.append(
                ChildFileRevised(
                    area=earlier.area,
                    on=later.on,
                    recorded_on=known_on,
                    child_id=child.child_id,
                    file=earlier.file,
                    former=later.file,
                )
            )
    return events, child.standings[0]


def closed(child: Child, on: date) -> Child:
    """Return the file as it stood on *on*, without what was dated later and taken back."""
    return replace(child, standings=tuple(one for one in child.standings if one.on <= on))


def must_be_open(child: Child) -> None:
    """Raise Rejected (child_left, child_merged) unless the file is open."""
    match child.status:
        case FileStatus.OPEN:
            return
        case FileStatus.LEFT:
            raise Rejected("child_left", left_on=child.left_on, reason=child.reason)
        case FileStatus.MERGED:
            raise Rejected("child_merged", left_on=child.left_on)
        case _:
            assert_never(child.status)


def must_leave_earlier(child: Child, on: date) -> None:
    """Raise Rejected unless the file is open on *on*, as far as is known (child_merged, leaving_not_earlier)."""
    if child.status is FileStatus.LEFT and child.left_on is not None:
        if on >= child.left_on:
            raise Rejected("leaving_not_earlier", on=on, left_on=child.left_on, reason=child.reason)
        return
    must_be_open(child)


def must_have_opened(child: Child, on: date) -> None:
    """Raise Rejected (before_opening) for a day on which the file was not open yet."""
    if on < child.opened_on:
        raise Rejected("before_opening", on=on, opened_on=child.opened_on)


def must_stand(child: Child, on: date) -> None:
    """Raise Rejected unless the file is open and nothing is dated after *on* (before_last_change)."""
    must_be_open(child)
    if on < child.now.on:
        raise Rejected("before_last_change", on=on, last=child.now.on)


def must_be_child(file: ChildFile, on: date) -> None:
    """Raise Rejected unless the child is born and under 16 on *on* (not_yet_born, sixteen_or_more)."""
    if file.birth_date > on:
        raise Rejected("not_yet_born", on=on)
    birthday = sixteen_on(file.birth_date)
    if birthday <= on:
        raise Rejected("sixteen_or_more", on=on, birthday=birthday)


def must_be_open_village(area: str, village_open: bool) -> None:
    if not village_open:
        raise Rejected("village_unknown", area=area)
