"""Paced callers by Locust, in a Python of its own: each asks once in five seconds, nine questions to one command.

`locust --headless --locustfile benchmarks/callers.py`; KITH_LOAD names the file that says whom to ask, what is known
of them and how many callers there are when, and beside it how each request went is written.
"""

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from gevent import sleep
from geventhttpclient.client import HTTPClientPool
from locust import FastHttpUser, LoadTestShape, events, task

ANSWER_SECONDS_MAX = 30.0
CONNECTIONS_MAX = 5_000
"""To one service at a time, used by all callers in turns as behind a gateway; a caller waits for none."""
GOLDEN = 0.618_033_988_749_895
"""Whoever comes as the nth begins at n times this share of a period: evenly spread, however many they are."""
HTML, JSON = "text/html", "application/json"
READS_TO_A_WRITE = 9

TOLD_IN = Path(os.environ["KITH_LOAD"])
TOLD: dict[str, Any] = json.loads(TOLD_IN.read_bytes())
CHILDREN: defaultdict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
"""By each area that they live in: ids, villages, birth dates and sexes."""
for told in TOLD["children"]:
    for digits in (6, 9, 12):
        CHILDREN[told[1][:digits]].append(told)
PERIOD_SECONDS: float = TOLD["period_seconds"]
"""From one request of a caller to the caller's next."""
VISITED_WITHIN_DAYS, REACHED_SHARE = 200, 0.9
TODAY = date.fromisoformat(TOLD["today"])
SAMPLES: list[tuple[str, float, float, int]] = []
"""The name of each request, when it was due (time.perf_counter), the seconds from then to its answer, its status."""


class Request(NamedTuple):
    """One request, and what it is called in the table."""

    name: str
    service: str
    method: str
    path: str
    body: bytes = b""
    accept: str = JSON


Drawing = Callable[[str, random.Random], Request]
"""Somebody's next request, by the area that he looks after."""


def _get(name: str, service: str, path: str, accept: str = JSON) -> Drawing:
    """Return a drawing of a GET; {area} in *path* is the caller's, {village} and {child} are of one child in it."""

    def draw(area: str, chance: random.Random) -> Request:
        child, village, *_ = chance.choice(CHILDREN[area])
        told = path.format(area=area, village=village, child=child)
        return Request(name, service, "GET", told, accept=accept)

    return draw


def _visit(area: str, chance: random.Random) -> Request:
    told = {
        "child_id": chance.choice(CHILDREN[area])[0],
        "kind": chance.choice(TOLD["kinds"]),
        "on": (TODAY - timedelta(days=chance.randrange(VISITED_WITHIN_DAYS))).isoformat(),
        "reached": chance.random() < REACHED_SHARE,
    }
    return Request("POST /visits", "contact", "POST", "/visits", json.dumps(told).encode())


def _revision(area: str, chance: random.Random) -> Request:
    child_id, _, birth_date, sex = chance.choice(CHILDREN[area])
    file = {"birth_date": birth_date, "sex": sex, "health": chance.choice(TOLD["health"])}
    body = json.dumps({"on": TODAY.isoformat(), "file": file}).encode()
    return Request("POST /children/{id}/revise", "registry", "POST", f"/children/{child_id}/revise", body)


READS: Mapping[Drawing, int] = {
    _get("GET /worklist village", "contact", "/worklist?area={village}&limit=50"): 6,
    _get("GET /visits of a child", "contact", "/visits?child_id={child}"): 3,
    _get("GET /misses", "contact", "/misses?area={area}&limit=50"): 2,
    _get("GET /children village", "registry", "/children?area={village}&limit=50"): 3,
    _get("GET /children/{id}", "registry", "/children/{child}"): 4,
    _get("GET /pairs", "pairing", "/pairs?area={area}&limit=50"): 2,
    _get("GET /unpaired", "pairing", "/unpaired?area={area}"): 1,
    _get("GET /figures, breakdown", "reporting", "/figures?area={area}&breakdown=true"): 2,
    _get("GET /figures", "reporting", "/figures?area={area}"): 1,
    _get("GET /lists files.open", "reporting", "/lists/files.open?area={village}&limit=50"): 2,
    _get("page of an area", "reporting", "/areas/{area}", HTML): 1,
}
WRITES: Mapping[Drawing, int] = {_visit: 2, _revision: 1}


def drawn(area: str, chance: random.Random) -> Request:
    """Return the next request of who looks after *area*."""
    kind = WRITES if chance.randrange(READS_TO_A_WRITE + 1) == 0 else READS
    [draw] = chance.choices(list(kind), list(kind.values()))
    return draw(area, chance)


class Caller(FastHttpUser):
    """Somebody of the county, who asks once a period, and leaves out what came due while he waited for an answer."""

    host = TOLD["services"]["registry"]
    client_pool = HTTPClientPool(
        concurrency=CONNECTIONS_MAX,
        connection_timeout=ANSWER_SECONDS_MAX,
        network_timeout=ANSWER_SECONDS_MAX,
    )
    numbers = count()

    def on_start(self) -> None:
        self.number = next(self.numbers)
        self.area, self.token = TOLD["people"][self.number % len(TOLD["people"])]
        self.chance = random.Random(self.number)  # noqa: S311 - chance, no secret
        self.due = time.perf_counter() + PERIOD_SECONDS * (self.number * GOLDEN % 1)
        sleep(self.due - time.perf_counter())

    def wait_time(self) -> float:
        late = time.perf_counter() - self.due
        self.due += PERIOD_SECONDS * max(1, late // PERIOD_SECONDS)
        return max(self.due - time.perf_counter(), 0)

    @task
    def ask(self) -> None:
        if self.number >= callers_at(self.due):
            return
        request = drawn(self.area, self.chance)
        with self.client.request(
            request.method,
            TOLD["services"][request.service] + request.path,
            name=request.name,
            data=request.body,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": request.accept,
                "Content-Type": JSON,
            },
            catch_response=True,
        ) as answer:
            answer.success()  # whether it is one is told by the status
            SAMPLES.append((request.name, self.due, time.perf_counter() - self.due, answer.status_code or 0))


def callers_at(moment: float) -> int:
    """Return how many callers ask at *moment* (time.perf_counter); 0 after the last stage."""
    past = moment - TOLD["began"]
    for seconds, callers in TOLD["stages"]:
        if past < seconds:
            return int(callers)
        past -= seconds
    return 0


class Stages(LoadTestShape):
    """So many callers as have come by then: who asks no more stays, since Locust waits for everybody whom it ends."""

    def tick(self) -> tuple[int, float] | None:
        past, come = self.get_run_time(), 0
        for seconds, callers in TOLD["stages"]:
            come = max(come, callers)
            if past < seconds:
                return come, come
            past -= seconds
        return None


@events.test_start.add_listener
def _begin(**_told: Any) -> None:
    TOLD["began"] = time.perf_counter()


@events.quitting.add_listener
def _tell(**_told: Any) -> None:
    told = {"began": TOLD["began"], "samples": SAMPLES}
    TOLD_IN.with_suffix(".samples.json").write_text(json.dumps(told), encoding="utf-8")
