"""What a page is made of: the figures of an area, of its months and of the areas below, as reporting gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.pages.asked import Asked

Values = Mapping[str, int]
"""Figures by the name of their measure."""


@dataclass(frozen=True, slots=True)
class Place:
    """An area by code and by the name it had on the as-of day."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month as far as it lies in the period, both ends inclusive, with its figures."""

    first: date
    last: date
    values: Values


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a dashboard or a summary is made of."""

    asked: Asked
    path: Sequence[Place]
    """From the county down to the area itself."""
    values: Values
    months: Sequence[Month]
    """In order; the last is the month of the period's last day."""
    areas: Sequence[tuple[Place, Values]]
    """The areas one level below, by code; none below a village."""
    fresh: date | None
    """The last day Kith was told of; None before the first."""
    settled: date | None
    """The last day as known on which figures do not change any more; None before the first advance."""
