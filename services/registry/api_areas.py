"""Areas by HTTP: the tree with its history, and single changes of it."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.registry import area_versions
from services.registry.domain.area import AreaCommand, CloseArea, DefineArea, RenameArea, area
from services.registry.projecting import project_areas
from shared.contracts.event import AreaCode, Level
from shared.edge import (
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
from shared.handling import Cause, decide_and_append, once
from shared.papers.lengths import NAME_CHARS_MAX
from shared.running import Running
from shared.said import Day
from shared.tokens import Caller, Permission

router = APIRouter(tags=["areas"])

Importer = Annotated[Caller, Depends(may(Permission.IMPORT))]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]


class AreaDefinition(BaseModel):
    """A new area."""

    model_config = ConfigDict(extra="forbid")

    code: AreaCode
    name: Name
    level: Level
    parent: AreaCode | None = None
    on: Day


class NewName(BaseModel):
    """Another name from *on*."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    on: Day


class Closing(BaseModel):
    """The end of a code on *on*."""

    model_config = ConfigDict(extra="forbid")

    successor: AreaCode | None = None
    on: Day


@router.get("/areas", dependencies=[Depends(may(Permission.READ))])
async def list_areas(connection: ReadingHere, page: PageHere, area: Under) -> dict[str, Any]:
    """List areas with all their versions, under *area* where it is given."""
    rows = await area_versions.list_versions(connection, area, page.after_key or "", page.fetch)
    return page.of(rows, lambda row: f"{row['code']}/{row['from_on']}")


@router.post("/areas")
async def define_area(
    running: RunningHere, caller: Importer, cause: CauseHere, body: AreaDefinition
) -> dict[str, Any]:
    """Define an area under its parent."""
    require_area(caller, body.code)

    async def command(connection: Connection, recorded_on: date) -> AreaCommand:
        parent_open = body.parent is not None and await area_versions.is_open(connection, body.parent)
        return DefineArea(
            code=body.code,
            name=body.name,
            level=body.level,
            parent=body.parent,
            parent_open=parent_open,
            on=body.on,
            recorded_on=recorded_on,
        )

    return await _do(running, cause, body.code, command)


@router.post("/areas/{code}/rename")
async def rename_area(
    running: RunningHere, caller: Importer, cause: CauseHere, code: AreaCode, body: NewName
) -> dict[str, Any]:
    """Give an area another name; the old one stays true before."""
    require_area(caller, code)

    async def command(_: Connection, recorded_on: date) -> AreaCommand:
        return RenameArea(body.name, body.on, recorded_on)

    return await _do(running, cause, code, command)


@router.post("/areas/{code}/close")
async def close_area(
    running: RunningHere, caller: Importer, cause: CauseHere, code: AreaCode, body: Closing
) -> dict[str, Any]:
    """End a code that has no open files and no open areas under it any more."""
    require_area(caller, code)

    async def command(connection: Connection, recorded_on: date) -> AreaCommand:
        successor = body.successor
        return CloseArea(
            successor=successor,
            successor_open=successor is not None and await area_versions.is_open(connection, successor),
            open_below=await area_versions.open_below(connection, code),
            on=body.on,
            recorded_on=recorded_on,
        )

    return await _do(running, cause, code, command)


Commanding = Callable[[Connection, date], Awaitable[AreaCommand]]


async def _do(running: Running, cause: Cause, code: str, command: Commanding) -> dict[str, Any]:
    async def work(connection: Connection) -> dict[str, Any]:
        recorded_on = await recorded_day(running, connection)
        told = await decide_and_append(
            connection,
            area,
            code,
            await command(connection, recorded_on),
            cause,
            project=project_areas,
        )
        return {"code": code, "changed": bool(told)}

    return answer(running, await once(running.pool, cause, work))
