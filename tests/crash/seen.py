"""What was seen in the logs on the way: an event that was committed once stays, at its place, whatever comes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg

from shared.event_store import Position
from tests.crash.checking import SHOWN_MAX, Clause

LOOK_SECONDS_MAX = 2.0
"""How long a database may take to answer; one that is killed or stopped is not waited for."""
WHOLE_SECONDS_MAX = 120.0
"""And in the end, when it is to tell a whole log."""

Places = dict[Position, str]

BEHIND = "SELECT tx, position, event_id::text FROM kernel.events WHERE position > $1 ORDER BY position"


@dataclass
class Seen:
    """The events of every log as they were seen before each act.

    A clerk who begins again may say anew what was lost; then it stands at another place.
    """

    logs: Callable[[], Mapping[str, str]]
    """Where each service's log is read now: PostgreSQL may have another port when it comes back."""
    _places: dict[str, Places] = field(default_factory=lambda: defaultdict(dict))
    _behind: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Up to which position each log was read in the look before the last: later ones may have come late."""

    def look(self) -> None:
        """Take down what is new in each log, as far as PostgreSQL answers."""
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            asyncio.run(self._look())

    async def _look(self) -> None:
        for service in self.logs():
            new = await self._read(service, self._behind[service], LOOK_SECONDS_MAX)
            self._behind[service] = max((place.position for place in self._places[service]), default=0)
            self._places[service] |= new

    async def clause(self) -> Clause:
        """Return which of the events that were seen are not where they were."""
        wrong = []
        for service, seen in self._places.items():
            there = await self._read(service, 0, WHOLE_SECONDS_MAX)
            lost = [event_id for place, event_id in seen.items() if there.get(place) != event_id]
            wrong += [
                f"{service}: event {event_id} is not where it was seen" for event_id in lost[:SHOWN_MAX]
            ]
        count = sum(map(len, self._places.values()))
        if not count:
            wrong.append("no event was seen on the way")
        return Clause(f"{count} events that were seen on the way are still where they were", wrong)

    async def _read(self, service: str, behind: int, seconds: float) -> Places:
        connection = await asyncpg.connect(self.logs()[service], timeout=seconds, command_timeout=seconds)
        try:
            rows = await connection.fetch(BEHIND, behind)
        finally:
            connection.terminate()
        return {Position(row["tx"], row["position"]): row["event_id"] for row in rows}
