"""How many requests a service works on at once: what comes beyond is told so in a moment, and nothing collapses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.problems import RETRY_SOON_SECONDS, Away

REQUESTS_MAX = 48
"""Requests at work at once. One takes a few milliseconds of the core that a service has, or of the part of one
that the others leave it, so that the last of so many waits for a moment only; more would wait until nobody
waits for them any more. A thousand people at work have four requests under way at once."""

ALWAYS = frozenset({"/livez", "/readyz", "/metrics", "/status", "/horizon"})
"""Paths that are answered however much there is to do: who looks after the service needs them then most."""

TOO_MANY = "too_many_at_once"


class Admission:
    """The places of one service in one process."""

    def __init__(self, requests_max: int = REQUESTS_MAX) -> None:
        self._free = requests_max

    @contextmanager
    def place(self, path: str) -> Iterator[Callable[[], None]]:
        """Hold a place, and give what gives it back before the end: an answer that has begun needs none.

        Raises Away(too_many_at_once) where all are taken.
        """
        if path in ALWAYS:
            yield _nothing
            return
        if not self._free:
            raise Away(TOO_MANY, retry_seconds=RETRY_SOON_SECONDS)
        self._free -= 1
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._free += 1

        try:
            yield leave
        finally:
            leave()


def _nothing() -> None:
    """Give back no place, where none was taken."""
