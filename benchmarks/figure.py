"""A figure beside its limit, and how both are measured: in turns, several times, the median of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

Measured = Callable[[], Awaitable[float]]
"""Does the work once and returns how much of it was done a second."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What Kith does a second, and what it is measured by.

    *limit* is None where it could not be measured; *demanded* is the least ratio, 1 beside a rival; of
    *fewer* the smaller figure is the better one.
    """

    name: str
    ours: float
    limit: float | None
    unit: str
    demanded: float | None = 1.0
    note: str = ""
    fewer: bool = False

    @property
    def ratio(self) -> float | None:
        return self.ours / self.limit if self.limit else None

    @property
    def reached(self) -> bool | None:
        """Whether the ratio is what was demanded; None where nothing was, or nothing was measured."""
        if self.limit is None or self.demanded is None:
            return None
        return self.ours <= self.limit if self.fewer else self.ours >= self.limit * self.demanded

    def as_json(self) -> dict[str, object]:
        """Return the row of bench.json."""
        return {
            "name": self.name,
            "ours": round(self.ours, 3),
            "limit": None if self.limit is None else round(self.limit, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "unit": self.unit,
            "demanded": self.demanded,
            "reached": self.reached,
            "note": self.note,
        }


async def in_turns(repetitions: int, *measured: Measured) -> tuple[float, ...]:
    """Measure each once a turn, so that all meet the same noise; return the medians."""
    found: list[list[float]] = [[] for _ in measured]
    for _ in range(repetitions):
        for one, measure in zip(found, measured, strict=True):
            one.append(await measure())
    return tuple(median(one) for one in found)


MARKS = {True: "yes", False: "NO", None: ""}


def table(figures: list[Figure]) -> str:
    """Return figures as a table in Markdown."""
    lines = [
        "| what | Kith | limit | unit | ratio | at least | reached |",
        "|---|---:|---:|---|---:|---:|---|",
    ]
    for one in figures:
        cells = (
            one.name + (f" ({one.note})" if one.note else ""),
            f"{one.ours:,.0f}",
            "" if one.limit is None else f"{one.limit:,.0f}",
            one.unit,
            "" if one.ratio is None else f"{one.ratio:.2f}",
            "" if one.demanded is None else f"{'at most ' * one.fewer}{one.demanded:g}",
            MARKS[one.reached],
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
