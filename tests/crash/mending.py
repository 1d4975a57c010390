"""What is broken now, and when each thing is mended."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_SECONDS = 0.02
FULL_SECONDS_MAX = 45.0
"""How long streams stay full at most when nobody says anything that would not fit."""
AGAIN_SECONDS = 1.0


@dataclass
class Mend:
    """What ends an act, and when."""

    due: float
    do: Callable[[], None]
    whole: bool
    """A pause is of use only if nothing ends it before its time."""
    enough: Callable[[], bool]
    """Whether it has had its effect; until then it goes on, to *at_last* (time.monotonic) at most."""
    at_last: float


@dataclass
class Mending:
    """Everything that is broken, by name; how long each stays so is drawn."""

    chance: random.Random
    _mends: dict[str, Mend] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self._mends

    def is_frozen(self, name: str) -> bool:
        return name in self._mends and self._mends[name].whole

    def later(
        self,
        name: str,
        between: tuple[float, float],
        do: Callable[[], None],
        *,
        whole: bool = False,
        enough: Callable[[], bool] = lambda: True,
    ) -> str:
        """Have *name* mended by *do* after some of the seconds *between*; return how long that is, in words."""
        seconds = self.chance.uniform(*between)
        due = time.monotonic() + seconds
        self._mends[name] = Mend(due, do, whole, enough, due + FULL_SECONDS_MAX)
        return f"for {seconds:.1f} s"

    def mend(self, name: str) -> None:
        """Mend *name* now if it is broken, or, where it is frozen, when its time has come."""
        while self.is_frozen(name) and self._mends[name].due > time.monotonic():
            time.sleep(LOOK_SECONDS)
            self._mend_what_is_due()
        if mend := self._mends.pop(name, None):
            mend.do()

    def mend_all(self) -> None:
        for name in list(self._mends):
            self.mend(name)

    def until(self, end: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, at most until *end* (time.monotonic), and mend what is due meanwhile."""
        while time.monotonic() < end and not enough():
            self._mend_what_is_due()
            time.sleep(LOOK_SECONDS)

    def _mend_what_is_due(self) -> None:
        now = time.monotonic()
        for name, mend in [(name, mend) for name, mend in self._mends.items() if mend.due <= now]:
            if now > mend.at_last or mend.enough():
                self.mend(name)
            else:
                mend.due = now + AGAIN_SECONDS
