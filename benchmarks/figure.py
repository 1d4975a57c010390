"""A figure beside its limit, and how both are measured: in turns, several times, the median of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

Measured = Callable[[], Awaitable[float]]
"""Does the work once and returns how much of it was done a second."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What Kith does a second, and what it is measured by; *demanded* is the least ratio, None for a rival's."""

    name: str
    ours: float
    limit: float
    unit: str
    demanded: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.limit if self.limit else 0.0

    @property
    def reached(self) -> bool:
        return self.ratio >= (1.0 if self.demanded is None else self.demanded)

    def as_json(self) -> dict[str, object]:
        """Return the row of bench.json."""
        return {
            "name": self.name,
            "ours": round(self.ours, 3),
            "limit": round(self.limit, 3),
            "ratio": round(self.ratio, 3),
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


def table(figures: list[Figure]) -> str:
    """Return figures as a table in Markdown."""
    lines = [
        "| what | Kith | limit | unit | ratio | at least | reached |",
        "|---|---:|---:|---|---:|---:|---|",
    ]
    for one in figures:
        demanded = "1 (ahead)" if one.demanded is None else f"{one.demanded:g}"
        mark = "yes" if one.reached else "NO"
        note = f" ({one.note})" if one.note else ""
        lines.append(
            f"| {one.name}{note} | {one.ours:,.0f} | {one.limit:,.0f} | {one.unit} |"
            f" {one.ratio:.2f} | {demanded} | {mark} |"
        )
    return "\n".join(lines)
