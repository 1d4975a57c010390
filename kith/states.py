"""Where the services stand: days, positions, lags; and waiting until everybody has taken everything."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

from kith.client import Client, Json
from kith.exits import Exit, Failed
from shared.event_store import Position
from shared.subjects import SERVICES
from shared.tokens import Role

LOOK_SECONDS = 0.1
STANDSTILL_SECONDS_MAX = 60.0
"""A reader that takes nothing for so long while there is something to take has stopped."""


@dataclass(frozen=True)
class ReaderState:
    """How far a reader is in its source's log."""

    source: str
    checkpoint: Position
    lag_events: int | None
    """None where the replica that answered leaves the reading to another."""
    lag_seconds: float | None
    """Age of the last event it has taken, where there are more; else 0."""
    state: str
    parked: int


@dataclass(frozen=True)
class State:
    """Where one service stands; *failed* says why it could not be asked."""

    service: str
    position: Position | None = None
    day: date | None = None
    readers: tuple[ReaderState, ...] = ()
    relay: Json | None = None
    horizon_lag_seconds: float | None = None
    failed: Failed | None = None

    @property
    def problem(self) -> str | None:
        """The code of what failed, where the service could not be asked."""
        return None if self.failed is None else self.failed.code

    @property
    def parked(self) -> int:
        return sum(reader.parked for reader in self.readers)

    def as_json(self) -> Json:
        """Return the state for --json."""
        return {
            "service": self.service,
            "answers": self.problem is None,
            "problem": self.problem,
            "position": None if self.position is None else str(self.position),
            "day": self.day,
            "parked": self.parked,
            "relay": self.relay,
            "horizon_lag_seconds": self.horizon_lag_seconds,
            "readers": [
                {
                    "source": reader.source,
                    "checkpoint": str(reader.checkpoint),
                    "lag_events": reader.lag_events,
                    "lag_seconds": reader.lag_seconds,
                    "state": reader.state,
                    "parked": reader.parked,
                }
                for reader in self.readers
            ],
        }


def states_of(client: Client) -> list[State]:
    """Return where each service stands; one that does not answer stands there with its problem."""
    client.attempts_max = 1  # how it is now, not how it may be soon
    states = []
    for service in SERVICES:
        try:
            states.append(state_of(client, service))
        except Failed as failed:
            states.append(State(service, failed=failed))
    return states


def state_of(client: Client, service: str) -> State:
    """Return where *service* stands; raises Failed where it does not answer."""
    told = client.get(service, "/status", Role.OPERATOR)
    readers = tuple(_reader(reader) for reader in told["readers"])
    day = date.fromisoformat(told["day"]) if told["day"] else None
    return State(
        service, position_in(told["position"]), day, readers, told["relay"], told["horizon_lag_seconds"]
    )


def day_of_contact(client: Client) -> date | None:
    """Return the last day contact has advanced to, None before the first."""
    return state_of(client, "contact").day


def present_day(client: Client, service: str) -> date:
    """Return the day *service* is at: today in Shanghai, or with an advanced clock the last day advanced to.

    Raises Failed where the clock is advanced and no day was ever advanced to.
    """
    told = client.get(service, "/status", Role.OPERATOR)
    day = told["today"] if told["clock"] == "live" else told["day"]
    if day is None:
        raise Failed("no_day_yet", Exit.USAGE)
    return date.fromisoformat(day)


def wait_until_all_taken(client: Client) -> None:
    """Wait until every reader has taken every event of its source and nobody says anything new.

    Raises Failed when nothing moves for STANDSTILL_SECONDS_MAX.
    """
    former: Any = None
    moved = time.monotonic()
    while True:
        states = [state_of(client, service) for service in SERVICES]
        places = [(state.position, [reader.checkpoint for reader in state.readers]) for state in states]
        if not _behind(states) and places == former:
            return
        if places != former:
            moved = time.monotonic()
        if time.monotonic() - moved > STANDSTILL_SECONDS_MAX:
            behind = _behind(states)
            raise Failed(
                "readers_stand_still", Exit.UNREACHABLE, readers=behind, seconds=STANDSTILL_SECONDS_MAX
            )
        former = places
        time.sleep(LOOK_SECONDS)


def _behind(states: list[State]) -> list[str]:
    ends = {state.service: state.position for state in states}
    return [
        f"{state.service}-from-{reader.source}"
        for state in states
        for reader in state.readers
        if (end := ends.get(reader.source)) is not None and reader.checkpoint < end
    ]


def _reader(told: Json) -> ReaderState:
    return ReaderState(
        told["source"],
        Position.parse(told["checkpoint"]),
        told["lag_events"],
        told["lag_seconds"],
        told["state"],
        told["parked"],
    )


def position_in(told: str) -> Position:
    """Return the position that a service tells of its log, behind the log's own name."""
    return Position.parse(told.partition(":")[2])
