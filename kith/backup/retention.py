"""Which backups are kept: the last ones, and the newest of each of the last days, weeks and months."""

from collections.abc import Callable, Iterable
from datetime import datetime

KEEP_LAST = 3
"""However close they are: who restored and backs up again may have to go back to what was before."""
KEEP_DAYS = 7
KEEP_WEEKS = 4
KEEP_MONTHS = 6


def kept(made: Iterable[datetime]) -> set[datetime]:
    """Return which of the backups made at these moments are kept; the newest always is.

    Days, weeks and months without a backup do not count: after a long pause nothing is lost by age alone.
    """
    newest_first = sorted(set(made), reverse=True)
    periods: list[tuple[int, Callable[[datetime], object]]] = [
        (KEEP_DAYS, datetime.date),
        (KEEP_WEEKS, lambda moment: moment.isocalendar()[:2]),
        (KEEP_MONTHS, lambda moment: (moment.year, moment.month)),
    ]
    keep = set(newest_first[:KEEP_LAST])
    for count, period_of in periods:
        newest_of: dict[object, datetime] = {}
        for moment in newest_first:
            newest_of.setdefault(period_of(moment), moment)
        keep |= set(list(newest_of.values())[:count])
    return keep
