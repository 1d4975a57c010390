"""Visit logs over HTTP: taken in, told again, and their refused rows given back."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, UploadFile
from fastapi.responses import Response

from services.contact.importing import find_import, import_log
from services.contact.visit_log import read_visits
from shared.edge import (
    After,
    CauseHere,
    PaperTurn,
    ReadingHere,
    RunningHere,
    answer,
    may,
    positions_in,
    wait_until_known,
)
from shared.messages import language_of
from shared.problems import NotFound
from shared.refused_rows import refused_workbook_of
from shared.tokens import Caller, Permission

Imports = Annotated[Caller, Depends(may(Permission.IMPORT))]


def papers_router() -> APIRouter:
    """Return the routes of papers."""
    router = APIRouter(prefix="/imports", tags=["imports"])

    @router.post("/visits")
    async def take_log(
        *,
        running: RunningHere,
        caller: Imports,
        cause: CauseHere,
        file: UploadFile,
        after: After = None,
        accept_language: Annotated[str | None, Header()] = None,
        _turn: PaperTurn,
    ) -> dict[str, Any]:
        """Take in a visit log; rows that came before count in nothing new."""
        await wait_until_known(running, positions_in(after))
        paper = await asyncio.to_thread(read_visits, file.filename or "", await file.read())
        given = await import_log(running, caller, cause, paper, language_of(accept_language))
        return answer(running, given)

    @router.get("/{import_id:uuid}")
    async def show_import(reading: ReadingHere, _caller: Imports, import_id: UUID) -> dict[str, Any]:
        """Tell what an import was answered."""
        found = await find_import(reading, import_id)
        if found is None:
            raise NotFound
        return found

    @router.get("/{import_id}/refused.xlsx", response_class=Response)
    async def refused_rows(
        running: RunningHere,
        caller: Imports,
        import_id: UUID,
        accept_language: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Give the refused rows of a log as a workbook to mend and send again; the look is logged."""
        return await refused_workbook_of(running, caller, import_id, find_import, accept_language)

    return router
