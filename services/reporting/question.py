"""What a question over HTTP is about: the live tables as the caller may see them, an area, and days."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request

from services.reporting.areas import Area, area_named
from services.reporting.figures import EVERYTHING_KNOWN, FIRST_DAY_EVER, When, latest_day
from services.reporting.side import LOOK_AT_LIVE_SIDE_AS
from shared import clock
from shared.edge import After, AreaAsked, may, reading
from shared.event_store import Connection
from shared.problems import NotFound, Refused
from shared.said import Day
from shared.tokens import Caller, Permission

Reader = Annotated[Caller, Depends(may(Permission.READ))]


@dataclass(frozen=True, slots=True)
class Question:
    """An area and days, and the tables as they stand for who asks."""

    connection: Connection
    area: Area
    when: When


async def live_tables(request: Request, caller: Reader, after: After = None) -> AsyncIterator[Connection]:
    """Give a read transaction that sees the live side's tables, as far as the caller may."""
    async with reading(request, caller, after, LOOK_AT_LIVE_SIDE_AS) as connection:
        yield connection


LiveTables = Annotated[Connection, Depends(live_tables, scope="function")]


async def question_asked(
    *,
    request: Request,
    caller: Reader,
    area: AreaAsked,
    as_of: Annotated[
        Day | None, Query(description="stocks as of this day; default: the last day known")
    ] = None,
    known_on: Annotated[Day | None, Query(description="as it was known on this day; default: now")] = None,
    first: Annotated[
        Day | None, Query(alias="from", description="flows from this day; default: ever")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="flows to this day; default: as_of")] = None,
    after: After = None,
) -> AsyncIterator[Question]:
    """Give the area and the days a request asks for; raises Refused(period_backwards), NotFound for an unknown area.

    One dependency, not one for each of its parts: FastAPI would solve those of each part again and again.
    """
    async with reading(request, caller, after, LOOK_AT_LIVE_SIDE_AS) as connection:
        as_of = as_of or last or await latest_day(connection) or clock.today_in_shanghai()
        when = _when(as_of, known_on, first, last)
        known = await area_named(connection, area, when.as_of, when.known_on)
        if known is None:
            raise NotFound
        yield Question(connection, known, when)


QuestionHere = Annotated[Question, Depends(question_asked, scope="function")]


def _when(as_of: date, known_on: date | None, first: date | None, last: date | None) -> When:
    if first and first > (last or as_of):
        raise Refused("period_backwards")
    return When(as_of, known_on or EVERYTHING_KNOWN, first or FIRST_DAY_EVER, last)
