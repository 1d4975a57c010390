"""The day a service was last advanced to: time is an input, and it only goes forward."""

from datetime import date

from shared.decider import Rejected
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


async def last_advanced(connection: Connection) -> date | None:
    """Return the day last advanced to (Asia/Shanghai), None before the first advance."""
    day: date | None = await connection.fetchval(SQL.last_advanced)
    return day


async def advance_day(connection: Connection, to: date) -> tuple[date | None, bool]:
    """Move the day to *to*; return the former day and whether it moved (the same day again does not).

    Raises Rejected(day_is_past) where the service has been advanced beyond *to*.
    """
    former: date | None = await connection.fetchval(SQL.lock_day)
    if former is not None and to < former:
        raise Rejected("day_is_past", to=to.isoformat(), day=former.isoformat())
    moved = await connection.fetchval(SQL.move_day, to)
    return former, moved is not None
