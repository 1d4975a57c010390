"""What a question over HTTP is about: the live tables as the caller may see them, an area, and days."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request

from services.reporting.areas import Area, area_named
from services.reporting.figures import EVERYTHING_KNOWN, FIRST_DAY_EVER, When, latest_day
from services.reporting.side import LOOK_AT_LIVE_SIDE_AS
from shared import clock
from shared.edge import After, AreaAsked, before_reading, may, reading
from shared.event_store import Connection, Pool
from shared.problems import NotFound, Refused
from shared.said import Day
from shared.scope import scoped
from shared.tokens import Caller, Permission

Reader = Annotated[Caller, Depends(may(Permission.READ))]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, before anything is looked up: an area and days, None where it names none."""

    pool: Pool
    caller: Caller
    area: str
    as_of: date | None
    known_on: date | None
    first: date | None
    last: date | None

    def when(self, as_of: date) -> When:
        """Return the days asked for, where stocks are as of *as_of*; raises Refused(period_backwards)."""
        if self.first and self.first > (self.last or as_of):
            raise Refused("period_backwards")
        return When(as_of, self.known_on or EVERYTHING_KNOWN, self.first or FIRST_DAY_EVER, self.last)


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


async def what_is_asked(
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
) -> Asked:
    """Give what a request asks for, once what it has just done is known; raises NotFound for an area outside.

    One dependency, not one for each of its parts: FastAPI would solve those of each part again and again.
    """
    running = await before_reading(request, caller, after)
    return Asked(running.pool, caller.asking_about(area), area, as_of, known_on, first, last)


AskedHere = Annotated[Asked, Depends(what_is_asked)]


@asynccontextmanager
async def looking(asked: Asked) -> AsyncIterator[Question]:
    """Open a read transaction for what is asked; raises Refused(period_backwards), NotFound for an unknown area."""
    async with scoped(asked.pool, asked.caller, LOOK_AT_LIVE_SIDE_AS) as connection:
        as_of = asked.as_of or asked.last or await latest_day(connection) or clock.today_in_shanghai()
        when = asked.when(as_of)
        area = await area_named(connection, asked.area, when.as_of, when.known_on)
        if area is None:
            raise NotFound
        yield Question(connection, area, when)


async def question_asked(asked: AskedHere) -> AsyncIterator[Question]:
    """Give what `looking` opens."""
    async with looking(asked) as question:
        yield question


QuestionHere = Annotated[Question, Depends(question_asked, scope="function")]
