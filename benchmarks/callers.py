"""Paced callers: each asks once in five seconds, nine questions to one command, as a county's people would."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import orjson

from benchmarks.wire import Connections
from shared.contracts.event import ContactKind, Health

PERIOD_SECONDS = 5.0
"""From one request of a caller to the caller's next."""
HTML = "text/html"
TOO_LATE = (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class Known:
    """What callers know of the county they ask about."""

    county: str
    townships: Sequence[str]
    villages: Sequence[str]
    children: Sequence[tuple[str, str, str]]
    """Ids, birth dates and sexes."""
    today: date


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and what it is called in the table."""

    name: str
    service: str
    method: str
    path: str
    body: bytes = b""
    accept: str = "application/json"


@dataclass(frozen=True, slots=True)
class Sample:
    """How one request went: *seconds* run from when it was due, so that waiting for a slow one before counts."""

    name: str
    due: float
    seconds: float
    status: int
    """0 where no answer came."""


Drawing = Callable[[Known, random.Random], Request]


def _get(name: str, service: str, path: str, accept: str = "application/json") -> Drawing:
    """Return a drawing of a GET; {township}, {village} and {child} in *path* are somebody's."""

    def draw(known: Known, chance: random.Random) -> Request:
        places = {
            "county": known.county,
            "township": chance.choice(known.townships),
            "village": chance.choice(known.villages),
            "child": chance.choice(known.children)[0],
        }
        return Request(name, service, "GET", path.format(**places), accept=accept)

    return draw


def _visit(known: Known, chance: random.Random) -> Request:
    told = {
        "child_id": chance.choice(known.children)[0],
        "kind": chance.choice([kind.value for kind in ContactKind]),
        "on": (known.today - timedelta(days=chance.randrange(200))).isoformat(),
        "reached": chance.random() < 0.9,
    }
    return Request("POST /visits", "contact", "POST", "/visits", orjson.dumps(told))


def _revision(known: Known, chance: random.Random) -> Request:
    child_id, birth_date, sex = chance.choice(known.children)
    file = {"birth_date": birth_date, "sex": sex, "health": chance.choice([one.value for one in Health])}
    body = orjson.dumps({"on": known.today.isoformat(), "file": file})
    path = f"/children/{child_id}/revise"
    return Request("POST /children/{id}/revise", "registry", "POST", path, body)


READS: Mapping[Drawing, int] = {
    _get("GET /worklist village", "contact", "/worklist?area={village}&limit=50"): 6,
    _get("GET /visits of a child", "contact", "/visits?child_id={child}"): 3,
    _get("GET /misses township", "contact", "/misses?area={township}&limit=50"): 2,
    _get("GET /children village", "registry", "/children?area={village}&limit=50"): 3,
    _get("GET /children/{id}", "registry", "/children/{child}"): 4,
    _get("GET /pairs township", "pairing", "/pairs?area={township}&limit=50"): 2,
    _get("GET /unpaired township", "pairing", "/unpaired?area={township}"): 1,
    _get("GET /figures township", "reporting", "/figures?area={township}&breakdown=true"): 2,
    _get("GET /figures county", "reporting", "/figures?area={county}"): 1,
    _get("GET /lists files.open", "reporting", "/lists/files.open?area={village}&limit=50"): 2,
    _get("page of a township", "reporting", "/areas/{township}", HTML): 1,
}
WRITES: Mapping[Drawing, int] = {_visit: 2, _revision: 1}
READS_TO_A_WRITE = 9


def drawn(known: Known, chance: random.Random) -> Request:
    """Return a caller's next request."""
    kind = WRITES if chance.randrange(READS_TO_A_WRITE + 1) == 0 else READS
    [draw] = chance.choices(list(kind), list(kind.values()))
    return draw(known, chance)


@dataclass
class Callers:
    """Callers at work, and how their requests went."""

    services: Mapping[str, Connections]
    known: Known
    samples: list[Sample] = field(default_factory=list)

    async def call(self, callers: int, seconds: float, seed: int) -> list[Sample]:
        """Let *callers* ask for *seconds*, each at a moment of its own; return how their requests went."""
        first = len(self.samples)
        began = time.perf_counter()
        # Evenly spread, so that a second is like another.
        calls = (
            self._one(began + PERIOD_SECONDS * n / callers, began + seconds, random.Random(f"{seed} {n}"))  # noqa: S311 - chance, no secret
            for n in range(callers)
        )
        await asyncio.gather(*calls)
        return self.samples[first:]

    async def _one(self, due: float, end: float, chance: random.Random) -> None:
        while due < end:
            await asyncio.sleep(due - time.perf_counter())
            request = drawn(self.known, chance)
            status = await self._ask(request)
            self.samples.append(Sample(request.name, due, time.perf_counter() - due, status))
            due += PERIOD_SECONDS

    async def _ask(self, request: Request) -> int:
        connections = self.services[request.service]
        try:
            answer = await connections.ask(request.method, request.path, request.body, request.accept)
        except TOO_LATE:
            return 0
        return answer.status
