"""Signs of life: when each part of a service last did its work, and how long ago is too long."""

from collections.abc import Callable
from dataclasses import dataclass

from shared import clock


@dataclass(frozen=True, slots=True)
class Pulse:
    """How long ago a part last succeeded, in seconds (None: never), against its limit."""

    part: str
    age_seconds: float | None
    limit_seconds: float

    @property
    def alive(self) -> bool:
        return self.age_seconds is not None and self.age_seconds <= self.limit_seconds


class Pulses:
    """The parts of one service; each tells when it last succeeded (clock.elapsed), or None for never yet."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[Callable[[], float | None], float]] = {}
        self._beats: dict[str, float] = {}

    def watch(
        self, part: str, limit_seconds: float, last_success: Callable[[], float | None] | None = None
    ) -> None:
        """Expect *part* to succeed every *limit_seconds*; by *last_success*, else by beat()."""
        self._parts[part] = (last_success or (lambda: self._beats.get(part)), limit_seconds)

    def beat(self, part: str) -> None:
        """Say that *part* has just succeeded."""
        self._beats[part] = clock.elapsed()

    def feel(self) -> list[Pulse]:
        """Return the pulse of every part."""
        now = clock.elapsed()
        felt = ((part, last(), limit) for part, (last, limit) in self._parts.items())
        return [Pulse(part, None if at is None else max(now - at, 0.0), limit) for part, at, limit in felt]
