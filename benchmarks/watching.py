"""What a county's processes hold and use, and how far the readers are behind, while callers are at work."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from benchmarks.processor import of_machine, of_process, with_children
from benchmarks.wire import Connections
from kith.runtime import Runtime

LOOK_SECONDS = 1.0
WEIGH_SECONDS = 15.0
"""How often memory is weighed: reading every page table of every process is work too."""
GENERATOR = "generator"
"""The callers themselves, who share the machine."""


class Weighed(NamedTuple):
    """What each process held at a moment, in MiB, and the processor time that all others had used."""

    moment: float
    megabytes: Mapping[str, float]
    others: float


@dataclass
class Watched:
    """What was seen since the start; moments are those of time.perf_counter."""

    runtime: Runtime
    services: Mapping[str, Connections]
    weighed: list[Weighed] = field(default_factory=list)
    lags: list[tuple[float, int]] = field(default_factory=list)

    async def lag(self) -> int:
        """Return how many events all readers together still have to take."""
        behind = 0
        for connections in self.services.values():
            status = orjson.loads((await connections.ask("GET", "/status")).body)
            behind += sum(reader["lag_events"] or 0 for reader in status["readers"])
        return behind

    async def look_for_ever(self) -> None:
        """Note the lag each LOOK_SECONDS and the memory each WEIGH_SECONDS."""
        while True:
            now = time.perf_counter()
            if not self.weighed or now - self.weighed[-1].moment >= WEIGH_SECONDS:
                # Beside the callers: what it takes must not be taken for theirs.
                self.weighed.append(await asyncio.to_thread(self._weigh))
            self.lags.append((time.perf_counter(), await self.lag()))
            await asyncio.sleep(LOOK_SECONDS)

    def _weigh(self) -> Weighed:
        others = of_machine() - sum(self.processor_seconds().values())
        return Weighed(time.perf_counter(), self.runtime.megabytes(), others)

    def cores_of_others(self, since: float, until: float) -> float | None:
        """Return how many cores others used between two moments; None where they were not looked at twice."""
        looks = [look for look in self.weighed if since <= look.moment <= until]
        if len(looks) < len(("first", "last")):
            return None
        first, last = looks[0], looks[-1]
        return round((last.others - first.others) / (last.moment - first.moment), 2)

    def taken_all(self, since: float) -> float | None:
        """Return the seconds from *since* until no reader had anything left to take, None where that never came.

        0 where nothing was left at the last look before: what comes next may bring more at once.
        """
        before = [lag for moment, lag in self.lags if moment <= since]
        if before and before[-1] == 0:
            return 0.0
        return next((moment - since for moment, lag in self.lags if moment >= since and lag == 0), None)

    def most_lag(self, since: float, until: float) -> int:
        """Return how many events all readers were behind at most between two moments."""
        return max((lag for moment, lag in self.lags if since <= moment <= until), default=0)

    def processor_seconds(self) -> dict[str, float]:
        """Return how much processor time each process has used since it began."""
        used = {service.name: of_process(service.process.pid) for service in self.runtime.services}
        return used | {
            "nats": of_process(self.runtime.bus.process.pid),
            "postgres": with_children(self.runtime.postgres.process.pid),
            GENERATOR: of_process(os.getpid()),
        }
