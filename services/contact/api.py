"""The HTTP of contact: visits told and listed, the day advanced, work lists, what was missed and raised."""

from asyncio import Lock
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.contact import listing
from services.contact.advancing import advance
from services.contact.domain.policy import Policy
from services.contact.listing import Asked, MissState
from services.contact.papers_api import papers_router
from services.contact.telling import VisitTold, note_of, tell_visit
from services.contact.worklist import WorkAsked, work_list
from shared.contracts.event import ContactKind, EscalationLevel
from shared.edge import (
    After,
    CauseHere,
    PageHere,
    ReadingHere,
    RunningHere,
    Under,
    answer,
    may,
    positions_in,
    recorded_day,
    require_day_come,
    wait_until_known,
)
from shared.problems import NotFound
from shared.running import Running
from shared.said import Day
from shared.tokens import Caller, Permission

ADVANCE_WAIT_SECONDS = 60.0
"""How long an advance waits until contact has taken what registry and pairing said of the day."""

Reads = Annotated[Caller, Depends(may(Permission.READ))]
Records = Annotated[Caller, Depends(may(Permission.RECORD))]
Advances = Annotated[Caller, Depends(may(Permission.ADVANCE))]


class Advance(BaseModel):
    """The day to advance to (Asia/Shanghai), and the positions up to which others are to be heard first."""

    model_config = ConfigDict(extra="forbid")

    to: Day
    after: dict[str, str] = {}

    def positions(self) -> str:
        """Return *after* as `positions_in` reads it, whether or not each position names its service."""
        return ",".join(
            place if ":" in place else f"{service}:{place}" for service, place in self.after.items()
        )


async def asked_of(
    area: Under,
    child_id: UUID | None = None,
    kind: ContactKind | None = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
) -> Asked:
    """Return what a list is asked for."""
    return Asked(area, child_id, kind, first, last)


AskedHere = Annotated[Asked, Depends(asked_of)]


def routers(policy: Policy) -> Sequence[APIRouter]:
    """Return the routers of the service under this policy."""
    return visits_router(), missed_router(policy), papers_router(), day_router(policy)


def visits_router() -> APIRouter:
    """Return the routes of visits."""
    router = APIRouter(prefix="/visits", tags=["visits"])

    @router.post("")
    async def log_visit(
        running: RunningHere, caller: Records, cause: CauseHere, body: VisitTold, after: After = None
    ) -> dict[str, Any]:
        """Log a contact made or tried, entered today; the same told again is the same visit."""
        await wait_until_known(running, positions_in(after))
        return answer(running, await tell_visit(running, caller, cause, body))

    @router.get("")
    async def list_visits(
        reading: ReadingHere, _caller: Reads, asked: AskedHere, page: PageHere
    ) -> dict[str, Any]:
        """List visits by their day."""
        return await listing.visits(reading, asked, page)

    @router.get("/outside-file")
    async def list_visits_outside_file(
        reading: ReadingHere, _caller: Reads, asked: AskedHere, page: PageHere
    ) -> dict[str, Any]:
        """List visits dated before the child's file was opened or after it was left: they keep nothing."""
        return await listing.visits(reading, asked, page, outside_file=True)

    @router.get("/{visit_id}")
    async def show_visit(running: RunningHere, caller: Reads, visit_id: UUID) -> dict[str, Any]:
        """Show a visit with its note; the look is logged."""
        return await _visit_with_note(running, caller, visit_id)

    return router


async def _visit_with_note(running: Running, caller: Caller, visit_id: UUID) -> dict[str, Any]:
    found, kept = await note_of(running, caller, visit_id)
    if found is None:
        raise NotFound
    return {**found, "note": kept.get("note")}


def missed_router(policy: Policy) -> APIRouter:
    """Return the routes of what is due, what was missed and what was raised."""
    router = APIRouter(tags=["contacts"])

    @router.get("/worklist")
    async def show_work_list(
        *,
        running: RunningHere,
        reading: ReadingHere,
        _caller: Reads,
        page: PageHere,
        area: Under,
        carer: UUID | None = None,
        until: Day | None = None,
    ) -> dict[str, Any]:
        """List what is due, for whom and until when, overdue first; *until* keeps what closes by that day."""
        day = await recorded_day(running, reading)
        return {"day": day, **await work_list(reading, policy, day, WorkAsked(area, carer, until), page)}

    @router.get("/misses")
    async def list_misses(
        reading: ReadingHere,
        _caller: Reads,
        asked: AskedHere,
        page: PageHere,
        state: MissState | None = None,
    ) -> dict[str, Any]:
        """List missed contacts by the last day of their window."""
        return await listing.misses(reading, asked, state, page)

    @router.get("/escalations")
    async def list_escalations(
        reading: ReadingHere,
        _caller: Reads,
        asked: AskedHere,
        page: PageHere,
        level: EscalationLevel | None = None,
    ) -> dict[str, Any]:
        """List the children whose run of missed windows was raised, by the day it was."""
        return await listing.escalations(reading, asked, level, page)

    return router


def day_router(policy: Policy) -> APIRouter:
    """Return the route of the day."""
    router = APIRouter(tags=["day"])
    # A second one would only wait, with as many connections of the pool as there are judges.
    one_at_a_time = Lock()

    @router.post("/advance")
    async def advance_day(
        running: RunningHere, _caller: Advances, cause: CauseHere, body: Advance
    ) -> dict[str, Any]:
        """Advance the day: judge every window that was due before it, once."""
        require_day_come(running, body.to)
        await wait_until_known(running, positions_in(body.positions()), ADVANCE_WAIT_SECONDS)
        async with one_at_a_time:
            given = await advance(running.pool, running.vault, policy, body.to, cause, bell=running.bell.set)
        return answer(running, given)

    return router
