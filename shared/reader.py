"""A reader: whose events it reads, what it does with them, and what an operator sees of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.envelope import Received
from shared.event_store import START, Connection, Position

Project = Callable[[Connection, Sequence[Received]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """One service's reading of another: *project* runs in the transaction that moves the checkpoint."""

    name: str
    source: str
    project: Project


@dataclass
class ReaderState:
    """What an operator sees of a reader."""

    name: str = "starting"
    position: Position = START
    stream_sequence: int = 0
    stream_last: int = 0
    event_time: datetime | None = None
    waiting_since: datetime | None = None
    """When the next event, which the reader has yet to take, was stored in its log; looked up while it lags."""
    parked: int = 0
    """Events that were parked when the reader last looked; while there are any, it looks with every batch."""
    received_total: int = 0
    last_success: float | None = None
    error: str | None = None

    @property
    def lag_events(self) -> int:
        return max(self.stream_last - self.stream_sequence, 0)
