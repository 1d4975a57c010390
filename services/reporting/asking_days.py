"""What a question over HTTP is about: the live tables as the caller may see them, an area, and days."""

from typing import Annotated

from fastapi import Depends, Query

from services.reporting.areas import Area, area_named
from services.reporting.figures import EVERYTHING_KNOWN, FIRST_DAY_EVER, When, latest_day
from services.reporting.side import look_at_live_side
from shared import clock
from shared.edge import AreaAsked, ReadingHere, may
from shared.event_store import Connection
from shared.problems import NotFound, Refused
from shared.said import Day
from shared.tokens import Caller, Permission


async def live_tables(connection: ReadingHere) -> Connection:
    """Give a read transaction that sees the live side's tables, as far as the caller may."""
    await look_at_live_side(connection)
    return connection


LiveTables = Annotated[Connection, Depends(live_tables)]
Reader = Annotated[Caller, Depends(may(Permission.READ))]


async def when_asked(
    connection: LiveTables,
    as_of: Annotated[
        Day | None, Query(description="stocks as of this day; default: the last day known")
    ] = None,
    known_on: Annotated[Day | None, Query(description="as it was known on this day; default: now")] = None,
    first: Annotated[
        Day | None, Query(alias="from", description="flows from this day; default: ever")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="flows to this day; default: as_of")] = None,
) -> When:
    """Return the days a request asks for; raises Refused(period_backwards)."""
    as_of = as_of or last or await latest_day(connection) or clock.today_in_shanghai()
    if first and first > (last or as_of):
        raise Refused("period_backwards")
    return When(as_of, known_on or EVERYTHING_KNOWN, first or FIRST_DAY_EVER, last)


WhenAsked = Annotated[When, Depends(when_asked)]


async def area_asked(connection: LiveTables, when: WhenAsked, _caller: Reader, area: AreaAsked) -> Area:
    """Return the area a request asks for; raises NotFound for an unknown one."""
    known = await area_named(connection, area, when.as_of, when.known_on)
    if known is None:
        raise NotFound
    return known


AreaHere = Annotated[Area, Depends(area_asked)]
