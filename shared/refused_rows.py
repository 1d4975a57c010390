"""The refused rows of a paper, given back as a workbook to mend and send again, in every service the same way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi.responses import Response

from shared.event_store import Connection
from shared.messages import language_of
from shared.papers.refusals import kept_workbook
from shared.problems import NotFound
from shared.running import Running
from shared.scope import narrow
from shared.tokens import Caller

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FETCHED = "refused_rows_fetched"
"""Why the vault was looked into, as its log of looks has it."""

Found = Mapping[str, Any]
FindImport = Callable[[Connection, UUID], Awaitable[Found | None]]


def plainly(_found: Found) -> str:
    """Return how the workbook's name begins where nothing depends on it."""
    return "refused"


async def refused_workbook_of(
    running: Running,
    caller: Caller,
    import_id: UUID,
    find_import: FindImport,
    accept_language: str | None,
    *,
    named: Callable[[Found], str] = plainly,
) -> Response:
    """Give the refused rows that the vault keeps under *import_id*; the look is logged.

    Raises NotFound for an import outside the caller's areas, NotFound(refused_rows_gone) where it had no
    refused rows or they are kept no more.
    """
    async with running.pool.acquire() as connection, connection.transaction():
        await narrow(connection, caller)
        found = await find_import(connection, import_id)
        if found is None:
            raise NotFound
        kept = await running.vault.look(connection, [import_id], caller, FETCHED, unmask=True)
    if not kept.get(import_id):
        raise NotFound("refused_rows_gone")
    content = await asyncio.to_thread(kept_workbook, kept[import_id], language_of(accept_language))
    disposition = f'attachment; filename="{named(found)}-{import_id}.xlsx"'
    return Response(content, media_type=WORKBOOK, headers={"Content-Disposition": disposition})
