"""What a county's processes hold and use, and how far the readers are behind, while callers are at work."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from benchmarks.processor import of_machine, of_process, with_children
from kith.runtime import Runtime
from kith.states import position_in
from shared.event_store import Position

LOOK_SECONDS = 1.0
ANSWER_SECONDS_MAX = 30.0
WEIGH_SECONDS = 15.0
"""How often memory is weighed: reading every page table of every process is work too."""
GENERATOR = "generator"
"""The callers themselves, who share the machine."""


class Weighed(NamedTuple):
    """What each process held at a moment, in MiB, and the processor seconds that each and all others had used."""

    moment: float
    megabytes: Mapping[str, float]
    used: Mapping[str, float]
    others: float


@dataclass
class Watched:
    """What was seen since the start; moments are those of time.perf_counter."""

    runtime: Runtime
    services: Mapping[str, str]
    """Addresses."""
    login: Mapping[str, str]
    """Headers that let somebody ask how a service is doing."""
    generator: asyncio.subprocess.Process | None = None
    """That of the callers, once there is one."""
    weighed: list[Weighed] = field(default_factory=list)
    lags: list[tuple[float, int]] = field(default_factory=list)

    async def lag(self, client: httpx.AsyncClient) -> int:
        """Return how many events all readers together still have to take, as far as they know.

        What a source's relay has not published yet no reader knows of: where its log goes on behind a reader's
        checkpoint there is one event at least.
        """
        states = {
            service: (await client.get(f"{address}/status", headers=self.login)).json()
            for service, address in self.services.items()
        }
        ends = {service: position_in(state["position"]) for service, state in states.items()}
        return sum(
            max(reader["lag_events"] or 0, Position.parse(reader["checkpoint"]) < ends[reader["source"]])
            for state in states.values()
            for reader in state["readers"]
        )

    async def look_for_ever(self) -> None:
        """Note the lag each LOOK_SECONDS and the memory each WEIGH_SECONDS."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as client:
            while True:
                now = time.perf_counter()
                if not self.weighed or now - self.weighed[-1].moment >= WEIGH_SECONDS:
                    self.weighed.append(self._weigh())
                self.lags.append((time.perf_counter(), await self.lag(client)))
                await asyncio.sleep(LOOK_SECONDS)

    def _weigh(self) -> Weighed:
        used = self.processor_seconds()
        return Weighed(time.perf_counter(), self.runtime.megabytes(), used, of_machine() - sum(used.values()))

    def cores(self, since: float, until: float) -> dict[str, float]:
        """Return how many cores each process used between two moments, as far as it was looked at."""
        if (looks := self._looks(since, until)) is None:
            return {}
        first, last = looks
        seconds = last.moment - first.moment
        return {name: round((used - first.used[name]) / seconds, 3) for name, used in last.used.items()}

    def cores_of_others(self, since: float, until: float) -> float | None:
        """Return how many cores others used between two moments; None where they were not looked at twice."""
        if (looks := self._looks(since, until)) is None:
            return None
        first, last = looks
        return round((last.others - first.others) / (last.moment - first.moment), 2)

    def _looks(self, since: float, until: float) -> tuple[Weighed, Weighed] | None:
        """Return the first and the last look between two moments, None where there are no two."""
        looks = [look for look in self.weighed if since <= look.moment <= until]
        return (looks[0], looks[-1]) if looks[1:] else None

    def grown(self, since: float, until: float) -> dict[str, float]:
        """Return by how many MiB each service held more in the second half between two moments than in the first."""
        middle = (since + until) / 2
        halves = [
            [look.megabytes for look in self.weighed if begin <= look.moment < end]
            for begin, end in ((since, middle), (middle, until))
        ]
        return {
            name: max(held[name] for held in halves[1]) - max(held[name] for held in halves[0])
            for name in self.services
        }

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
            GENERATOR: self._of_generator(),
        }

    def _of_generator(self) -> float:
        if self.generator is None or self.generator.returncode is not None:
            return 0.0
        return of_process(self.generator.pid)
