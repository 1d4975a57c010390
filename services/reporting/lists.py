"""The list behind each number: as many rows as the number says, by the same rule, each with its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.reporting.figures import FIRST_DAY_EVER, When
from services.reporting.measure import Nature, Unit
from services.reporting.measures import MEASURES, NUMBERS, PARTS, measure_named
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

LIST_MAX = 1_000
"""The longest page of a list."""
AMOUNTS = frozenset({Unit.ROWS, Unit.PLACES})
"""Units whose list shows what each item brings, an import its rows: the number is the sum, not the rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item behind a number; *item* is a child, pair, carer, visit or import, by the measure's definition."""

    item: UUID
    child_id: UUID | None
    area: str
    on: date
    recorded_on: date
    amount: int
    group: str
    """What it was counted as within the measure: the kind of window, or the part of a sum; "" for a stock."""
    events: tuple[UUID, ...]
    """All events that made it count, the first first."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows and the key of the next page, None at the end."""

    rows: Sequence[Row]
    next: str | None


class BadKey(Exception):
    """The key of a page was not given out by a list."""


async def list_behind(
    connection: Connection,
    measure: str,
    area: str,
    when: When,
    *,
    after_key: str | None = None,
    limit: int = 100,
) -> Page:
    """Return the rows behind *measure* of *area* for the same days as the figure's.

    Raises UnknownMeasure, and BadKey where *after_key* is not the `next` of a page.
    """
    wanted = measure_named(measure)
    parts = PARTS[measure]
    first, last = _days(wanted.nature, when)
    limit = min(limit, LIST_MAX)
    rows = await connection.fetch(
        SQL.list_behind,
        [NUMBERS[part.name] for part in parts],
        [part.sign for part in parts],
        [MEASURES[part.name].group for part in parts],
        [MEASURES[part.name].members for part in parts],
        sorted({MEASURES[part.name].item.value for part in parts}),
        area,
        first,
        last,
        when.known_on,
        wanted.nature is Nature.FLOW,
        wanted.unit not in AMOUNTS,
        *_key(after_key),
        limit + 1,
    )
    page = rows[:limit]
    more = len(rows) > limit
    return Page(
        [
            Row(
                row["item"],
                row["child_id"],
                row["area"],
                row["on"],
                row["recorded_on"],
                row["amount"],
                row["grp"],
                tuple(row["events"]),
            )
            for row in page
        ],
        "/".join(str(page[-1][name]) for name in KEY) if more else None,
    )


KEY = ("item", "day", "grp", "nth")
_FIRST_KEY = (UUID(int=0), date.min, "", 0)


def _days(nature: Nature, when: When) -> tuple[date, date]:
    match nature:
        case Nature.STOCK:
            return FIRST_DAY_EVER, when.as_of
        case Nature.OPENING:
            return FIRST_DAY_EVER, when.eve or FIRST_DAY_EVER
        case Nature.FLOW:
            return when.first_day, when.last


def _key(written: str | None) -> tuple[UUID, date, str, int]:
    if not written:
        return _FIRST_KEY
    try:
        item, day, group, nth = written.split("/")
        return UUID(item), date.fromisoformat(day), group, int(nth)
    except ValueError:
        raise BadKey(written) from None
