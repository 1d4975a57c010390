"""Papers by HTTP: the list of areas, rosters, what became of them, and the day."""

import asyncio
import hashlib
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from services.registry import import_ledger
from services.registry.advancing import advance
from services.registry.area_importing import import_areas
from services.registry.area_list import read_areas
from services.registry.importing import import_roster
from services.registry.roster import read_roster
from shared.edge import (
    CauseHere,
    PaperTurn,
    ReadingHere,
    RunningHere,
    answer,
    may,
    recorded_day,
    require_area,
    require_day_come,
)
from shared.messages import language_of
from shared.problems import NotFound
from shared.refused_rows import refused_workbook_of
from shared.running import Running
from shared.said import Day
from shared.tokens import Caller, Permission

router = APIRouter(tags=["imports"])

Importer = Annotated[Caller, Depends(may(Permission.IMPORT))]


class Advance(BaseModel):
    """The day to advance to; *after*, the positions of other services, is for the services after this one."""

    model_config = ConfigDict(extra="forbid")

    to: Day
    after: dict[str, str] = {}


@router.post("/imports/areas")
async def take_areas(
    *,
    running: RunningHere,
    caller: Importer,
    cause: CauseHere,
    file: UploadFile,
    on: Day | None = None,
    _turn: PaperTurn,
) -> dict[str, Any]:
    """Take in the list of areas as it is on *on* (today, where it is not given)."""
    content = await file.read()
    paper = await asyncio.to_thread(read_areas, file.filename or "", content)
    for area in paper.areas:
        require_area(caller, area.code)
    return answer(running, await import_areas(running, cause, paper, on or await _today(running)))


@router.post("/imports/rosters")
async def take_roster(
    *,
    running: RunningHere,
    caller: Importer,
    cause: CauseHere,
    request: Request,
    file: UploadFile,
    filed_on: Day,
    _turn: PaperTurn,
) -> dict[str, Any]:
    """Take in the roster of a township, whose name begins with the township's code, as filed on a day."""
    content = await file.read()
    paper = await asyncio.to_thread(read_roster, file.filename or "", content)
    require_area(caller, paper.township)
    given = await import_roster(
        running,
        cause,
        paper,
        filed_on=filed_on,
        file_key=running.vault.claim_key("paper", hashlib.sha256(content).hexdigest()),
        language=language_of(request.headers.get("accept-language")),
    )
    return answer(running, given)


@router.get("/imports/{import_id:uuid}", dependencies=[Depends(may(Permission.IMPORT))])
async def one_import(connection: ReadingHere, import_id: UUID) -> dict[str, Any]:
    """Tell what became of an import: running, interrupted, or done with its answer."""
    found = await import_ledger.find_import(connection, import_id)
    if found is None:
        raise NotFound
    return found


@router.get("/imports/{import_id}/refused.xlsx", response_class=Response)
async def refused_rows(
    running: RunningHere,
    caller: Importer,
    import_id: UUID,
    accept_language: Annotated[str | None, Header()] = None,
) -> Response:
    """Give the refused rows of a roster as a workbook to mend and send again; kept for some weeks."""
    return await refused_workbook_of(
        running,
        caller,
        import_id,
        import_ledger.find_import,
        accept_language,
        # The name begins with the township's code, as every roster's must, so that it can come in again.
        named=lambda found: f"{found['area']}_refused",
    )


@router.post("/advance", dependencies=[Depends(may(Permission.ADVANCE))])
async def advance_to(running: RunningHere, cause: CauseHere, body: Advance) -> dict[str, Any]:
    """Advance the day: files close on the sixteenth birthday."""
    require_day_come(running, body.to)
    return answer(running, await advance(running, cause, body.to))


async def _today(running: Running) -> date:
    async with running.pool.acquire() as connection:
        return await recorded_day(running, connection)
