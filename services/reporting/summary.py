"""The work summary as figures: the customary sections, and a digest by which a later copy is compared."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg
import orjson

from services.reporting.figures import Figures, When, figures
from services.reporting.measures import MEASURES
from shared.contracts.reporting import SummaryIssued
from shared.event_store import Append, Connection, NewEvent, append
from shared.handling import Cause
from shared.sql import queries

SQL = queries(__file__)

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "situation": ("files.open", "children.sex.", "children.age.", "children.schooling.", "children.health."),
    "files": ("files.opening", "files.opened", "files.closed", "rosters."),
    "guardianship": ("children.guardianship.", "children.rating.", "children.poor", "children.boards"),
    "pairing": ("children.paired", "children.unpaired", "pairs.", "carers"),
    "contacts": ("visits", "windows.", "escalations", "log."),
}
"""The sections of a summary that events reach so far, and how the names of their measures begin."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a summary speaks of: an area, a period with both ends, and the day of its knowledge."""

    area: str
    first_day: date
    last_day: date
    known_on: date

    @property
    def when(self) -> When:
        return When(self.last_day, self.known_on, self.first_day)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a period; the same period has the same digest as long as the figures are the same."""

    period: Period
    figures: Figures

    @property
    def digest(self) -> str:
        """SHA-256 of the period and its figures as JSON with sorted keys."""
        written = orjson.dumps({**_days(self.period), "figures": self.figures}, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(written).hexdigest()

    def sections(self) -> dict[str, Figures]:
        """Return the figures by section, in the order of the measures."""
        return {
            section: {name: self.figures[name] for name in MEASURES if name.startswith(beginnings)}
            for section, beginnings in SECTIONS.items()
        }


async def summary(connection: Connection, period: Period) -> Summary:
    """Return the summary of *period*."""
    return Summary(period, await figures(connection, period.area, period.when))


async def issue(connection: Connection, made: Summary, recorded_on: date, cause: Cause) -> UUID:
    """Record that a summary went out, with its digest; return its id. Runs inside `once`'s transaction."""
    period, summary_id = made.period, cause.id_of("summary")
    event = SummaryIssued(
        area=period.area,
        on=period.last_day,
        recorded_on=recorded_on,
        summary_id=summary_id,
        first_day=period.first_day,
        last_day=period.last_day,
        known_on=period.known_on,
        digest=made.digest,
    )
    new = NewEvent.named(cause.id_of("summary", "issued"), event)
    await append(connection, Append(f"summary-{summary_id}", [new], expected=0), cause.meta)
    await connection.execute(SQL.keep, summary_id, *_days(period).values(), recorded_on, made.digest)
    return summary_id


@dataclass(frozen=True, slots=True)
class Issued:
    """A summary that went out, with the digest it had then."""

    summary_id: UUID
    period: Period
    recorded_on: date
    digest: str


async def issued(connection: Connection, summary_id: UUID) -> Issued | None:
    """Return the summary with this id, None where the caller sees none."""
    row = await connection.fetchrow(SQL.issued, summary_id)
    return None if row is None else _issued(row)


async def issued_of(connection: Connection, area: str, after: UUID | None, limit: int) -> Sequence[Issued]:
    """Return the summaries of *area* and all within it by id, after one."""
    rows = await connection.fetch(SQL.issued_of, area, after or UUID(int=0), limit)
    return [_issued(row) for row in rows]


def _issued(row: asyncpg.Record) -> Issued:
    summary_id, area, first_day, last_day, known_on, recorded_on, digest = row.values()
    return Issued(summary_id, Period(area, first_day, last_day, known_on), recorded_on, digest)


def _days(period: Period) -> dict[str, object]:
    return {
        "area": period.area,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "known_on": period.known_on,
    }
