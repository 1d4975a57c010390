"""Summaries over HTTP: drafted, issued with a digest, and compared later."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.areas import area_named
from services.reporting.figures import EVERYTHING_KNOWN, FIRST_DAY_EVER, latest_day
from services.reporting.question import LiveTables, QuestionHere, Reader
from services.reporting.side import look_at_live_side
from services.reporting.summary import Issued, Period, Summary, issue, issued, issued_of, summary
from shared import clock
from shared.contracts.event import AreaCode
from shared.edge import AreaAsked, CauseHere, PageHere, answer, may, require_area
from shared.event_store import Connection
from shared.handling import once
from shared.messages import Language, text
from shared.problems import NotFound, Refused
from shared.running import Running
from shared.said import Day
from shared.tokens import Caller, Permission

Desk = Annotated[Caller, Depends(may(Permission.MANAGE))]


class NewSummary(BaseModel):
    """A summary to issue; without *known_on* as it is known on the last day that Kith knows of."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    area: AreaCode
    first_day: Annotated[Day, Field(alias="from")]
    last_day: Annotated[Day, Field(alias="to")]
    known_on: Day | None = None


def summaries_router(running: Running) -> APIRouter:
    """Return the routes of summaries."""
    router = APIRouter(prefix="/summaries", tags=["summaries"])

    @router.get("/draft")
    async def draft(asked: QuestionHere) -> dict[str, Any]:
        """Return the sections of a summary without issuing it."""
        connection, area, when = asked.connection, asked.area, asked.when
        known_on = when.known_on if when.known_on != EVERYTHING_KNOWN else await _today(running, connection)
        first = when.last.replace(month=1, day=1) if when.first_day == FIRST_DAY_EVER else when.first_day
        return _shown(await summary(connection, Period(area.code, first, when.last, known_on)))

    @router.post("", status_code=201)
    async def issue_summary(asked: NewSummary, caller: Desk, cause: CauseHere) -> dict[str, Any]:
        """Issue a summary: the same days will always give the same figures, which the digest proves."""
        require_area(caller, asked.area)
        if asked.first_day > asked.last_day:
            raise Refused("period_backwards")

        async def work(connection: Connection) -> dict[str, Any]:
            await look_at_live_side(connection)
            today = await _today(running, connection)
            period = Period(asked.area, asked.first_day, asked.last_day, asked.known_on or today)
            if max(period.last_day, period.known_on) > today:
                raise Refused("summary_of_the_future", today=today)
            if await area_named(connection, asked.area, asked.last_day) is None:
                raise NotFound
            made = await summary(connection, period)
            summary_id = await issue(connection, made, today, cause)
            return {"summary_id": str(summary_id), "digest": made.digest, "known_on": str(period.known_on)}

        return answer(running, await once(running.pool, cause, work))

    @router.get("")
    async def list_summaries(
        connection: LiveTables, _caller: Reader, area: AreaAsked, page: PageHere
    ) -> dict[str, Any]:
        """List the summaries issued of an area and all within it."""
        found = await issued_of(connection, area, _key(page.after_key), page.fetch)
        return page.of([_issued(one) for one in found], key=lambda one: one["summary_id"])

    @router.get("/{summary_id}")
    async def show_summary(connection: LiveTables, _caller: Reader, summary_id: UUID) -> dict[str, Any]:
        """Return an issued summary with its figures made again, and whether they are still the same."""
        found = await issued(connection, summary_id)
        if found is None:
            raise NotFound
        again = await summary(connection, found.period)
        return {**_issued(found), **_shown(again), "same": again.digest == found.digest}

    return router


async def _today(running: Running, connection: Connection) -> date:
    """Return the last day Kith knows of, in live use not before today (Asia/Shanghai)."""
    known = await latest_day(connection)
    today = clock.today_in_shanghai()
    if running.settings.clock == "live":
        return max(known or today, today)
    return known or today


def _shown(made: Summary) -> dict[str, Any]:
    period = made.period
    return {
        "area": period.area,
        "from": period.first_day,
        "to": period.last_day,
        "known_on": period.known_on,
        "digest": made.digest,
        "sections": [
            {
                "section": section,
                "title": {language: text(f"summary.{section}", language) for language in Language},
                "figures": numbers,
            }
            for section, numbers in made.sections().items()
        ],
    }


def _issued(found: Issued) -> dict[str, Any]:
    return {
        "summary_id": found.summary_id,
        "area": found.period.area,
        "from": found.period.first_day,
        "to": found.period.last_day,
        "known_on": found.period.known_on,
        "recorded_on": found.recorded_on,
        "digest": found.digest,
    }


def _key(written: str | None) -> UUID | None:
    try:
        return UUID(written) if written else None
    except ValueError:
        raise Refused("bad_page_key") from None
