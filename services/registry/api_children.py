"""Children's files by HTTP: lists, one file, who a child is, and every command on a file."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.registry import filing
from services.registry.child_lists import FIRST, find_child, list_children
from services.registry.domain.child_file import FileStatus
from services.registry.filing import Filing, standing_of
from services.registry.identities import look_at
from services.registry.identity import Identity
from shared.contracts.asks import IDENTITIES_MAX
from shared.contracts.event import (
    Guardianship,
    Health,
    LeavingReason,
    Rating,
    Schooling,
    Sex,
    VillageCode,
)
from shared.contracts.registry import ChildFile
from shared.edge import (
    CallerHere,
    CauseHere,
    PageHere,
    ReadingHere,
    RunningHere,
    Under,
    answer,
    may,
    recorded_day,
    require_area,
)
from shared.event_store import Connection
from shared.handling import Cause, once
from shared.problems import Forbidden, NotFound, Refused
from shared.running import Running
from shared.said import Day, YesOrNo
from shared.tokens import Caller, Permission, Role

router = APIRouter(prefix="/children", tags=["children"])

Manager = Annotated[Caller, Depends(may(Permission.MANAGE))]
FORGETTERS = frozenset({Role.COUNTY, Role.OPERATOR})


class Body(BaseModel):
    """What every command says: nothing unknown, and the day it is true."""

    model_config = ConfigDict(extra="forbid")

    on: Day


class FileSaid(BaseModel):
    """The codes of a child's file; what stands for a school or household is made from the names."""

    model_config = ConfigDict(extra="forbid")

    birth_date: Day
    sex: Sex
    ethnic_group: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "00"
    health: Health = Health.UNKNOWN
    schooling: Schooling = Schooling.UNKNOWN
    boards: YesOrNo | None = None
    poor: YesOrNo | None = None
    guardianship: Guardianship = Guardianship.UNKNOWN
    rating: Rating = Rating.UNKNOWN

    def as_file(self) -> ChildFile:
        return ChildFile(**self.model_dump())


class Registration(Body):
    """A file to open."""

    area: VillageCode
    file: FileSaid
    identity: Identity


class Revision(Body):
    """What is known now; what is not given stays."""

    file: FileSaid | None = None
    identity: Identity | None = None


class Transfer(Body):
    """The village the child lives in from *on*."""

    to_area: VillageCode


class Leaving(Body):
    """Why the file closes; *on* is the first day on which it no longer counts."""

    reason: LeavingReason


class Return(Body):
    """Where the child is again, and a corrected file, where they are given."""

    area: VillageCode | None = None
    file: FileSaid | None = None


class Merge(Body):
    """Whose second file this is."""

    survivor_id: UUID


class Asked(BaseModel):
    """Whose names are asked for, and why."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(max_length=IDENTITIES_MAX)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    unmask: YesOrNo = False


Work = Callable[[Filing], Awaitable[dict[str, Any]]]


@router.get("", dependencies=[Depends(may(Permission.READ))])
async def children(
    connection: ReadingHere, page: PageHere, area: Under, status: FileStatus | None = None
) -> dict[str, Any]:
    """List the files in the caller's areas, without names."""
    after = key_after(page.after_key)
    rows = await list_children(connection, prefix=area, status=status, after=after, limit=page.fetch)
    return page.of(rows, lambda row: row["child_id"])


@router.get("/{child_id:uuid}", dependencies=[Depends(may(Permission.READ))])
async def one_child(connection: ReadingHere, child_id: UUID) -> dict[str, Any]:
    """Show a file as it stands, without names."""
    found = await find_child(connection, child_id)
    if found is None:
        raise NotFound
    return found


@router.post("/identities", dependencies=[Depends(may(Permission.READ))])
async def identities(running: RunningHere, caller: CallerHere, body: Asked) -> dict[str, Any]:
    """Say how children are called, masked unless asked and allowed otherwise; each look is logged."""
    async with running.pool.acquire() as connection, connection.transaction():
        seen = await look_at(connection, running.vault, caller, body.ids, body.reason, unmask=body.unmask)
    return {"identities": seen}


@router.post("")
async def register(
    running: RunningHere, caller: Manager, cause: CauseHere, body: Registration
) -> dict[str, Any]:
    """Open a child's file."""
    require_area(caller, body.area)
    file = body.file.as_file()
    return await do(running, cause, body.on, lambda one: filing.register(one, body.area, file, body.identity))


@router.post("/{child_id}/revise")
async def revise(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Revision
) -> dict[str, Any]:
    """State anew what is known of a child."""
    await require_children(running, caller, child_id)
    file = None if body.file is None else body.file.as_file()
    return await do(running, cause, body.on, lambda one: filing.revise(one, child_id, file, body.identity))


@router.post("/{child_id}/transfer")
async def transfer(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Transfer
) -> dict[str, Any]:
    """Move a child to another village; the whole county is open to a child who moves."""
    await require_children(running, caller, child_id)
    return await do(running, cause, body.on, lambda one: filing.transfer(one, child_id, body.to_area))


@router.post("/{child_id}/leave")
async def leave(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Leaving
) -> dict[str, Any]:
    """Close a child's file; one that is closed closes on an earlier day, where the child left before."""
    await require_children(running, caller, child_id)
    return await do(running, cause, body.on, lambda one: filing.leave(one, child_id, body.reason))


@router.post("/{child_id}/return")
async def come_back(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Return
) -> dict[str, Any]:
    """Open a closed file again."""
    await require_children(running, caller, child_id)
    if body.area is not None:
        require_area(caller, body.area)
    file = None if body.file is None else body.file.as_file()
    return await do(running, cause, body.on, lambda one: filing.come_back(one, child_id, body.area, file))


@router.post("/{child_id}/merge")
async def merge(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Merge
) -> dict[str, Any]:
    """Close a file as a second one of another child's."""
    await require_children(running, caller, child_id, body.survivor_id)
    return await do(running, cause, body.on, lambda one: filing.merge(one, child_id, body.survivor_id))


@router.post("/{child_id}/unmerge")
async def unmerge(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: Body
) -> dict[str, Any]:
    """Undo a merge."""
    await require_children(running, caller, child_id)
    return await do(running, cause, body.on, lambda one: filing.unmerge(one, child_id))


@router.post("/{child_id}/forget")
async def forget(
    running: RunningHere, caller: CallerHere, cause: CauseHere, child_id: UUID
) -> dict[str, Any]:
    """Delete who a child is, for good; every total stays what it was."""
    if caller.role not in FORGETTERS:
        raise Forbidden(Permission.OPERATE)
    await require_children(running, caller, child_id)
    return await do(running, cause, None, lambda one: filing.forget(one, child_id))


def key_after(after_key: str | None) -> UUID:
    """Return the id after which a page begins; raises Refused(bad_page_key)."""
    try:
        return FIRST if after_key is None else UUID(after_key)
    except ValueError:
        raise Refused("bad_page_key") from None


async def require_children(running: Running, caller: Caller, *child_ids: UUID) -> None:
    """Raise NotFound unless all these children are in the caller's areas."""
    async with running.pool.acquire() as connection:
        for child_id in child_ids:
            stands = await standing_of(connection, child_id)
            require_area(caller, None if stands is None else stands.area)


async def do(running: Running, cause: Cause, on: date | None, work: Work) -> dict[str, Any]:
    async def in_transaction(connection: Connection) -> dict[str, Any]:
        recorded_on = await recorded_day(running, connection)
        return await work(Filing(connection, running.vault, cause, on or recorded_on, recorded_on))

    return answer(running, await once(running.pool, cause, in_transaction))
