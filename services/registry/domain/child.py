"""A child's file, from the day it is opened to the day it closes, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from services.registry.domain.age import sixteen_on
from services.registry.domain.child_file import (
    Child,
    ChildState,
    FileStatus,
    Standing,
    closed,
    left,
    moved,
    must_be_child,
    must_be_open,
    must_be_open_village,
    must_have_opened,
    must_leave_earlier,
    must_stand,
    taken_back,
)
from shared.contracts.event import Event, LeavingReason
from shared.contracts.registry import (
    ChildFile,
    ChildFileRevised,
    ChildForgotten,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
    ChildTransferredOut,
)
from shared.decider import Decider, Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """What every command says: the day it is true and the day Kith learned it."""

    on: date
    recorded_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterChild(Dated):
    """Open a file in a village; *village_open*: the area is known and not closed."""

    child_id: UUID
    area: str
    village_open: bool
    file: ChildFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseChildFile(Dated):
    """State anew what is known; *identity_changed*: a name or number in the vault changes with it."""

    file: ChildFile
    identity_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferChild(Dated):
    """The child lives in another village from *on*."""

    to_area: str
    village_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LetChildLeave(Dated):
    """Close the file, or one that is closed on an earlier day; *on* is the first day that no longer counts."""

    reason: LeavingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnChild(Dated):
    """Open a closed file again; *file* where something was corrected, else what stood when it closed."""

    area: str
    village_open: bool
    file: ChildFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeChildren(Dated):
    """This file is a second one of *survivor_id*; *survivor_known*: that file is there, not merged itself."""

    survivor_id: UUID
    survivor_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeChildren(Dated):
    """The merge was a mistake: the child counts for itself again from *on*."""


ChildCommand = (
    RegisterChild
    | ReviseChildFile
    | TransferChild
    | LetChildLeave
    | ReturnChild
    | MergeChildren
    | UnmergeChildren
)


def decide(command: ChildCommand, state: ChildState) -> Sequence[Event]:
    """Return what follows from *command*; already true is nothing. Raises Rejected."""
    if command.on > command.recorded_on:
        raise Rejected("on_after_recorded", on=command.on, recorded_on=command.recorded_on)
    match command:
        case RegisterChild():
            decided = _register(command, state)
        case ReviseChildFile():
            decided = _revise(command, _known(state))
        case TransferChild():
            decided = _transfer(command, _known(state))
        case LetChildLeave():
            decided = _leave(command, _known(state))
        case ReturnChild():
            decided = _return(command, _known(state))
        case MergeChildren():
            decided = _merge(command, _known(state))
        case UnmergeChildren():
            decided = _unmerge(command, _known(state))
        case _:
            assert_never(command)
    return decided


def _known(state: ChildState) -> Child:
    if state is None:
        raise Rejected("child_unknown")
    return state


def _register(command: RegisterChild, state: ChildState) -> Sequence[Event]:
    if state is not None:
        same = state.status is FileStatus.OPEN and (command.area, command.file) == (
            state.now.area,
            state.now.file,
        )
        if same:
            return []
        raise Rejected("already_registered", status=state.status)
    must_be_open_village(command.area, command.village_open)
    must_be_child(command.file, command.on)
    return [
        ChildRegistered(
            area=command.area,
            on=command.on,
            recorded_on=command.recorded_on,
            child_id=command.child_id,
            file=command.file,
        )
    ]


def _revise(command: ReviseChildFile, child: Child) -> Sequence[Event]:
    if child.status is FileStatus.OPEN and command.file == child.now.file and not command.identity_changed:
        return []
    must_stand(child, command.on)
    must_be_child(command.file, command.on)
    return [
        ChildFileRevised(
            area=child.now.area,
            on=command.on,
            recorded_on=command.recorded_on,
            child_id=child.child_id,
            file=command.file,
            former=child.now.file,
        )
    ]


def _transfer(command: TransferChild, child: Child) -> Sequence[Event]:
    if child.status is FileStatus.OPEN and command.to_area == child.now.area:
        return []
    must_stand(child, command.on)
    must_be_child(child.now.file, command.on)
    must_be_open_village(command.to_area, command.village_open)
    return moved(child, child.now, command.to_area, command.on, command.recorded_on)


def _leave(command: LetChildLeave, child: Child) -> Sequence[Event]:
    if (child.status, child.left_on, child.reason) == (FileStatus.LEFT, command.on, command.reason):
        return []
    must_leave_earlier(child, command.on)
    must_have_opened(child, command.on)
    birthday = sixteen_on(child.now.file.birth_date)
    match command.reason:
        case LeavingReason.MERGED:
            raise Rejected("leaving_by_merge")
        case LeavingReason.REACHED_16 if command.on != birthday:
            raise Rejected("not_sixteen_that_day", on=command.on, birthday=birthday)
        case LeavingReason.REACHED_16:
            pass
        case _:
            must_be_child(child.now.file, command.on)
    reverted, standing = taken_back(child, command.on, command.recorded_on)
    return [
        *reverted,
        left(
            child.child_id,
            standing,
            on=command.on,
            recorded_on=command.recorded_on,
            reason=command.reason,
        ),
    ]


def _return(command: ReturnChild, child: Child) -> Sequence[Event]:
    if child.status is not FileStatus.LEFT or child.left_on is None:
        raise Rejected("not_left", status=child.status)
    if command.on < child.left_on:
        raise Rejected("before_leaving", on=command.on, left_on=child.left_on)
    file = command.file or child.now.file
    must_be_child(file, command.on)
    must_be_open_village(command.area, command.village_open)
    return [
        ChildReturned(
            area=command.area,
            on=command.on,
            recorded_on=command.recorded_on,
            child_id=child.child_id,
            file=file,
        )
    ]


def _merge(command: MergeChildren, child: Child) -> Sequence[Event]:
    if child.survivor_id == command.survivor_id:
        return []
    must_be_open(child)
    must_have_opened(child, command.on)
    if command.survivor_id == child.child_id or not command.survivor_known:
        raise Rejected("survivor_unknown")
    reverted, standing = taken_back(child, command.on, command.recorded_on)
    return [
        *reverted,
        ChildrenMerged(
            area=standing.area,
            on=command.on,
            recorded_on=command.recorded_on,
            child_id=child.child_id,
            survivor_id=command.survivor_id,
            file=standing.file,
        ),
    ]


def _unmerge(command: UnmergeChildren, child: Child) -> Sequence[Event]:
    if child.survivor_id is None or child.left_on is None:
        raise Rejected("not_merged")
    if command.on < child.left_on:
        raise Rejected("before_leaving", on=command.on, left_on=child.left_on)
    must_be_child(child.now.file, command.on)
    return [
        ChildrenUnmerged(
            area=child.now.area,
            on=command.on,
            recorded_on=command.recorded_on,
            child_id=child.child_id,
            survivor_id=child.survivor_id,
            file=child.now.file,
        )
    ]


def evolve(state: ChildState, event: Event) -> ChildState:
    """Remember *event*."""
    if isinstance(event, ChildRegistered):
        return Child(event.child_id, FileStatus.OPEN, (Standing(event.on, event.area, event.file),))
    if state is None:
        raise TypeError("a child's first event is its registration")
    match event:
        case ChildFileRevised() | ChildTransferred():
            standing = Standing(event.on, event.area, event.file)
            return replace(state, standings=(*state.standings, standing))
        case ChildTransferredOut() | ChildForgotten():
            return state
        case ChildReturned() | ChildrenUnmerged():
            return Child(state.child_id, FileStatus.OPEN, (Standing(event.on, event.area, event.file),))
        case ChildLeft():
            return replace(
                closed(state, event.on), status=FileStatus.LEFT, left_on=event.on, reason=event.reason
            )
        case ChildrenMerged():
            return replace(
                closed(state, event.on),
                status=FileStatus.MERGED,
                left_on=event.on,
                reason=LeavingReason.MERGED,
                survivor_id=event.survivor_id,
            )
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a child's file")


child = Decider[ChildCommand, ChildState](category="child", initial=None, decide=decide, evolve=evolve)
