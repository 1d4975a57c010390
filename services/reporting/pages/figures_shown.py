"""Figures as a page shows them: each number knows its text and the address of the list behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.reporting.pages.asked import Asked
from services.reporting.pages.shown import count, percentage

ALARMS = ("windows.missed", "windows.outstanding", "escalations", "children.unpaired")
"""Measures whose numbers are shown in the colour of danger unless they are 0."""

WINDOWS = "windows."
LONGEST_GRACE = timedelta(days=15)
"""After the period and this, nothing in it can still be waiting to be judged (policy.md, Commitments)."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number on a page: a value, or nothing known (None), or nothing that could be known yet (not_due)."""

    measure: str
    value: int | None
    href: str
    not_due: bool = False

    @property
    def text(self) -> str:
        return count(self.value)

    @property
    def alarm(self) -> bool:
        return self.measure.startswith(ALARMS)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one question; calling it with a measure's name gives the number to show."""

    asked: Asked
    values: Mapping[str, int]

    def __call__(self, measure: str) -> Number:
        return Number(
            measure=measure,
            value=self.values.get(measure),
            href=self.asked.list_of(measure),
            not_due=measure.startswith(WINDOWS) and self._waiting(measure),
        )

    def percentage(self, part: str, whole: str) -> str | None:
        """Return the measure *part* in per cent of *whole*; None where the group is too small to tell."""
        return percentage(self.values.get(part), self.values.get(whole))

    def _waiting(self, measure: str) -> bool:
        """Whether the windows of the measure's kind were not judged yet, which is not the same as 0."""
        kind = measure.split(".")[2:]
        counted = self.values.get(".".join(["windows.counted", *kind]))
        somebody = self.values.get("files.open", 0) or self.values.get("files.opening", 0)
        seen = min(self.asked.known_on, self.asked.latest)
        return not counted and bool(somebody) and seen <= self.asked.last + LONGEST_GRACE
