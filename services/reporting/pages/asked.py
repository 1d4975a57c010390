"""What a page was asked for: area, as-of day, known-on day and period, read from and written to its address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from urllib.parse import urlencode

from shared.said import YEAR_MAX, YEAR_MIN

DAYS = ("as_of", "known_on", "from", "to")
ADDRESSES_MAX = 1_000
"""Questions whose written form is kept; a page asks one for each of its areas and months."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question a page answers; all days in Asia/Shanghai, the period with both ends."""

    area: str
    as_of: date
    known_on: date
    first: date
    last: date
    latest: date
    """The day Kith was last advanced to: a page that asks for an earlier one is a view of the past."""
    pinned: frozenset[str] = frozenset()
    """Which of DAYS the address named; the others follow as the day goes on."""

    @property
    def past(self) -> bool:
        return min(self.as_of, self.known_on) < self.latest

    @property
    def days(self) -> dict[str, str]:
        """All days, as the address writes them: for links whose answer must equal the number that led there."""
        days = (self.as_of, self.known_on, self.first, self.last)
        return {name: day.isoformat() for name, day in zip(DAYS, days, strict=True)}

    def within(self, first: date, last: date) -> "Asked":
        """Return the same question for another period, as of its last day."""
        return replace(self, as_of=last, first=first, last=last)

    def at(self, area: str) -> "Asked":
        """Return the same question for another area."""
        return replace(self, area=area)

    def page_of(self, area: str, home: str = "/areas/") -> str:
        """Return the address of an area's page that keeps the days this address named."""
        kept = {name: day for name, day in self.days.items() if name in self.pinned}
        return home + area + (f"?{urlencode(kept)}" if kept else "")

    def list_of(self, measure: str) -> str:
        """Return the address of the list behind *measure* for this question."""
        return f"/lists/{measure}?{_written(self)}"

    def summary(self, language: str) -> str:
        """Return the address of the work summary for this question."""
        return f"/summary?{urlencode({'area': self.area, **self.days, 'lang': language})}"


@lru_cache(ADDRESSES_MAX)
def _written(asked: Asked) -> str:
    """Return a question as an address writes it; all the numbers of a page bear the same."""
    return urlencode({"area": asked.area, **asked.days})


class NoDay(Exception):
    """A day in the address is not written as 2026-11-23, or out of range or order; the message is its name."""


def asked_by(area: str, query: Mapping[str, str], latest: date) -> Asked:
    """Read a question from an address; what it leaves out is *latest* and the year so far.

    Raises NoDay with the name of the first day that cannot be read or is out of order.
    """
    named = {name: _day(name, query[name]) for name in DAYS if query.get(name)}
    as_of = named.get("as_of") or named.get("to") or latest
    last = named.get("to", as_of)
    first = named.get("from", last.replace(month=1, day=1))
    if first > last:
        raise NoDay("from")
    return Asked(
        area=area,
        as_of=as_of,
        known_on=named.get("known_on", latest),
        first=first,
        last=last,
        latest=latest,
        pinned=frozenset(named),
    )


def _day(name: str, written: str) -> date:
    try:
        day = date.fromisoformat(written.strip())
    except ValueError:
        raise NoDay(name) from None
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise NoDay(name)
    return day
