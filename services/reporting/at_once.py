"""The figures of one area in one statement: it narrows itself to the caller, and sees one snapshot of the live side."""

from dataclasses import dataclass

from services.reporting.areas import Area
from services.reporting.figures import EVERYTHING_KNOWN, Figures, Total, When, evaluated
from services.reporting.measures import MEASURES
from services.reporting.question import Asked
from shared import clock
from shared.event_store import ACQUIRE_SECONDS
from shared.problems import NotFound
from shared.scope import scope_of
from shared.sql import queries

SQL = queries(__file__)

ALL_MEASURES = tuple(MEASURES)


@dataclass(frozen=True, slots=True)
class Told:
    """Every measure of an area on the days asked for."""

    area: Area
    when: When
    figures: Figures


async def figures_at_once(asked: Asked) -> Told:
    """Return what `looking` and `figures` find, in one round trip where those take four.

    Raises Refused(period_backwards), NotFound for an area that the caller does not see.
    """
    async with asked.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        row = await connection.fetchrow(
            SQL.figures_as,
            scope_of(asked.caller),
            asked.area,
            asked.as_of,
            asked.first,
            asked.last,
            asked.known_on or EVERYTHING_KNOWN,
            clock.today_in_shanghai(),
        )
    assert row is not None  # noqa: S101 - a function that returns no set returns one row
    as_of, *named, measures, standing, until_last, before = row.values()
    when = asked.when(as_of)
    if named[0] is None:
        raise NotFound
    totals = map(Total, measures or (), standing or (), until_last or (), before or ())
    return Told(Area(*named), when, evaluated(ALL_MEASURES, totals))
