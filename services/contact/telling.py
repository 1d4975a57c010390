"""A visit that somebody tells as it happens: logged once, with a note that never leaves the vault."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.contact.domain.visits import AFTER_RECORDED, Visit
from services.contact.listing import visit_by_id
from services.contact.visiting import Logging, identified, log_visit
from shared.contracts.event import ContactKind
from shared.decider import Rejected
from shared.edge import day_recorded, require_area
from shared.event_store import Connection
from shared.handling import Answer, Cause, once
from shared.problems import NotFound
from shared.running import Running
from shared.said import Day, YesOrNo
from shared.scope import narrow
from shared.tokens import Caller
from shared.vault import Vault

NOTE_LENGTH_MAX = 2_000
LOOKED = "visit_shown"


class VisitTold(BaseModel):
    """A contact made or tried on *on* (Asia/Shanghai)."""

    model_config = ConfigDict(extra="forbid")

    child_id: UUID
    kind: ContactKind
    on: Day
    reached: YesOrNo
    note: Annotated[str | None, StringConstraints(max_length=NOTE_LENGTH_MAX)] = None
    """Free text: kept in the vault, published nowhere."""


async def tell_visit(running: Running, caller: Caller, cause: Cause, told: VisitTold) -> Answer:
    """Log one visit, entered today; a note that comes with it again is kept where there was none.

    Raises NotFound, Rejected (visit_after_recorded, visit_noted_already, visit_note_forgotten), TooBusy.
    """

    def visit_of(known: asyncpg.Record) -> Visit:
        require_area(caller, known["lives_in"])
        entered_on = day_recorded(running, known["advanced"])
        return identified(running.vault, told.child_id, told.kind, told.on, entered_on, reached=told.reached)

    async def work(connection: Connection) -> dict[str, Any]:
        visit, outcome = await log_visit(connection, told.child_id, told.on, visit_of, cause.meta)
        if outcome is Logging.UNKNOWN_CHILD:
            raise NotFound
        if outcome is Logging.REFUSED:
            raise Rejected(AFTER_RECORDED, on=told.on, recorded_on=visit.entered_on)
        if told.note:
            await _keep_note(running.vault, connection, visit.visit_id, told.note)
        return {"visit_id": visit.visit_id, "outcome": outcome}

    return await once(running.pool, cause, work)


async def _keep_note(vault: Vault, connection: Connection, visit_id: UUID, note: str) -> None:
    """Keep what was noted of a visit; a visit of that kind and day has one note, and no forgotten one again."""
    kept = await vault.read(connection, [visit_id])
    if visit_id not in kept:
        if await vault.put(connection, [(visit_id, {"note": note})]):
            raise Rejected("visit_note_forgotten")
    elif kept[visit_id]["note"] != note:
        raise Rejected("visit_noted_already")


async def note_of(
    running: Running, caller: Caller, visit_id: UUID
) -> tuple[dict[str, Any] | None, Mapping[str, Any]]:
    """Return a visit in the caller's areas and what was noted of it, and log the look."""
    async with running.pool.acquire() as connection, connection.transaction():
        await narrow(connection, caller)
        found = await visit_by_id(connection, visit_id)
        ids = [] if found is None else [visit_id]
        looked = await running.vault.look(connection, ids, caller, LOOKED, unmask=True)
    return found, looked.get(visit_id, {})
