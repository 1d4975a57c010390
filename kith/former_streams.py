"""Streams from when all services had one account of the bus, given to the accounts of today."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kith.bus_permissions import KITH
from shared.subjects import SERVICES, stream_of

FORMER_ACCOUNTS = (KITH, "$G")
"""Where the streams of earlier releases were: in one account of all services, and before that without any."""


@dataclass(frozen=True)
class FormerStream:
    """A stream as a server keeps it, with its consumers and their places, and where it belongs."""

    name: str
    lies: Path
    belongs: Path

    def move(self) -> None:
        """Put it where it belongs; the server must not run."""
        self.belongs.parent.mkdir(parents=True, exist_ok=True)
        self.lies.rename(self.belongs)


def former_streams(store: Path) -> Iterator[FormerStream]:
    """Yield each stream below *store* that lies in a former account and is not in its service's own yet."""
    for service in SERVICES:
        place = Path("streams", stream_of(service))
        belongs = store / service / place
        for account in FORMER_ACCOUNTS:
            lies = store / account / place
            if lies.exists() and not belongs.exists():
                yield FormerStream(stream_of(service), lies, belongs)
