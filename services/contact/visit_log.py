"""The county's visit log: from the file as it came to rows that are judged, and day by day for a replay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from shared.contracts.event import ContactKind
from shared.papers.faults import Fault
from shared.papers.table import Table


@dataclass(slots=True)
class VisitRow:
    """One contact made or tried."""

    number: int
    """The row's number in the file, from 1."""
    on: date | None
    """走访日期; the dates, kind and reached are never None in a row that is taken."""
    entered_on: date | None
    """录入日期"""
    name: str
    citizen_id: str | None
    """18 characters; None where the log has none."""
    village: str
    """12 digits, or empty where the log gives an id number only."""
    kind: ContactKind | None
    reached: bool | None
    faults: tuple[Fault, ...] = ()

    @property
    def content(self) -> tuple[str, ...]:
        """What the row says, normalised, in one order for all layouts: the key of the import ledger."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class VisitPaper:
    """A visit log as it was read and judged."""

    table: Table
    rows: Sequence[VisitRow]


def read_visits(filename: str, content: bytes) -> VisitPaper:
    """Return the visits in *content*, each row judged. Raises PaperRefused when it is no visit log."""
    raise NotImplementedError


def split_by_entry_day(filename: str, content: bytes) -> Iterator[tuple[date, bytes]]:
    """Yield the log day by day of entry, each day's rows as a UTF-8 CSV with the log's own headings.

    A row whose day of entry cannot be read comes with the first day, to be refused there.
    """
    raise NotImplementedError
