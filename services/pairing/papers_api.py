"""Lists of carers over HTTP, and the day: taken in, refused rows given back, advanced."""

import asyncio
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, UploadFile
from fastapi.responses import Response

from services.pairing.advancing import advance
from services.pairing.asked import Advance, bulk_day
from services.pairing.carer_list import read_carers
from services.pairing.from_registry import READER, area_codes
from services.pairing.importing import (
    CarerImport,
    area_of,
    find_import,
    import_carers,
    judge_rows,
    keyed_rows,
)
from shared.edge import (
    After,
    CauseHere,
    PaperTurn,
    ReadingHere,
    answer,
    may,
    positions_in,
    require_day_come,
    wait_until_known,
)
from shared.handling import Cause
from shared.messages import Language, language_of
from shared.problems import Away, NotFound
from shared.refused_rows import refused_workbook_of
from shared.running import Running
from shared.said import Day
from shared.tokens import Caller, Permission

Importer = Annotated[Caller, Depends(may(Permission.IMPORT))]


def papers_router(running: Running) -> APIRouter:
    """Return the routes of papers."""
    router = APIRouter(prefix="/imports", tags=["imports"])

    @router.post("/carers")
    async def import_list(
        *,
        file: UploadFile,
        on: Day,
        caller: Importer,
        cause: CauseHere,
        after: After = None,
        accept_language: Annotated[str | None, Header()] = None,
        _turn: PaperTurn,
    ) -> dict[str, Any]:
        await wait_until_known(running, positions_in(after))
        importing = await _read(running, file, on, caller, cause, language=language_of(accept_language))
        return answer(running, await import_carers(importing))

    @router.get("/{import_id:uuid}")
    async def show_import(import_id: UUID, reading: ReadingHere, _caller: Importer) -> dict[str, Any]:
        found = await find_import(reading, import_id)
        if found is None:
            raise NotFound
        return found

    @router.get("/{import_id}/refused.xlsx", response_class=Response)
    async def refused_rows(
        import_id: UUID, caller: Importer, accept_language: Annotated[str | None, Header()] = None
    ) -> Response:
        return await refused_workbook_of(running, caller, import_id, find_import, accept_language)

    return router


async def _read(
    running: Running, file: UploadFile, on: date, caller: Caller, cause: Cause, *, language: Language
) -> CarerImport:
    content = await file.read()
    paper = await asyncio.to_thread(read_carers, file.filename or "", content)
    async with running.pool.acquire() as connection:
        known = await area_codes(connection, caller.areas_begin)
        recorded_on = await bulk_day(running, connection, on)
    if not known:
        raise Away("areas_not_known_yet")
    judge_rows(paper, known, caller.areas)
    rows = await asyncio.to_thread(keyed_rows, paper, running)
    return CarerImport(
        running=running,
        cause=cause,
        paper=paper,
        rows=rows,
        area=area_of(rows, caller.areas[0]),
        on=on,
        recorded_on=recorded_on,
        language=language,
    )


def day_router(running: Running) -> APIRouter:
    """Return the route of the day."""
    router = APIRouter(tags=["day"])

    @router.post("/advance")
    async def advance_day(
        asked: Advance, _caller: Annotated[Caller, Depends(may(Permission.ADVANCE))], cause: CauseHere
    ) -> dict[str, Any]:
        require_day_come(running, asked.to)
        given = await advance(running, asked.to, asked.position_of(READER.source), cause)
        return answer(running, given)

    return router
