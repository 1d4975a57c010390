"""What the containers of one county cost: the image, the time to healthy, memory and CPU, idle and at work.

Prints one table: `python -m benchmarks.containers`. The image must be there (`make image`).
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import docker
import httpx
import orjson

from kith.demo import EXAMPLE
from kith.papers import papers_in
from kith.signing import issue_token
from shared.contracts.event import ContactKind
from shared.tokens import Role
from tests.containers.engine import KITH_IMAGE, run
from tests.containers.stack import Stack, deployed

CONTAINERS = ("registry", "pairing", "contact", "reporting", "gateway", "nats", "postgres")
FILED_ON, TODAY = date(2026, 1, 1), date(2026, 2, 20)
COUNTY = "431299"
PACE = 200
CHILDREN_PAGE = 200
OK, AWAY = 200, 503
AGAIN_SECONDS = 0.5
ATTEMPTS_MAX = 20
CONNECTIONS = 32
ANSWER_SECONDS_MAX = 30.0
MIB = 1024**2


@dataclass(frozen=True)
class Sample:
    """What the engine counted for one container up to a moment."""

    moment: float
    processor_seconds: float
    mebibytes: float
    """Without pages of files that the kernel would give back."""


def main() -> int:
    """Measure one stack and print the table."""
    arguments = _arguments()
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", KITH_IMAGE).stdout)
    with deployed() as stack:
        began = time.monotonic()
        stack.compose("up", "--wait", "--pull", "never")
        healthy = time.monotonic() - began
        idle = Watched(stack)
        time.sleep(arguments.seconds)
        at_rest = idle.cost()
        sys.stdout.write(f"image {size / 1e6:.0f} MB; from up to healthy {healthy:.1f} s\n")
        sys.stdout.flush()
        commands = _commands(stack)
        busy = Watched(stack)
        done, took = _at_pace(stack, commands, arguments.seconds)
        at_work = busy.cost()
    sys.stdout.write(f"{done / took:.0f} commands a second for {took:.0f} s through the gateway\n\n")
    sys.stdout.write(
        "| container | idle MiB | idle cores | at work MiB | at work cores |\n|---|---|---|---|---|\n"
    )
    for name in CONTAINERS:
        sys.stdout.write(_row(name, at_rest[name], at_work[name]))
    sys.stdout.write(_row("together", _sum(at_rest), _sum(at_work)))
    return 0


def _row(name: str, at_rest: tuple[float, float], at_work: tuple[float, float]) -> str:
    return f"| {name} | {at_rest[0]:.0f} | {at_rest[1]:.3f} | {at_work[0]:.0f} | {at_work[1]:.2f} |\n"


def _sum(costs: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    return sum(mebibytes for mebibytes, _ in costs.values()), sum(cores for _, cores in costs.values())


class Watched:
    """The containers of a stack, from now on."""

    def __init__(self, stack: Stack) -> None:
        engine = docker.from_env()
        self._containers = {name: engine.containers.get(stack.container(name)) for name in CONTAINERS}
        self._before = self._sampled()

    def cost(self) -> dict[str, tuple[float, float]]:
        """Return the mebibytes each container holds now, and the cores it used since it is watched."""
        return {
            name: (
                now.mebibytes,
                (now.processor_seconds - then.processor_seconds) / (now.moment - then.moment),
            )
            for (name, now), then in zip(self._sampled().items(), self._before.values(), strict=True)
        }

    def _sampled(self) -> dict[str, Sample]:
        return {
            name: _sample(container.stats(stream=False, one_shot=True))
            for name, container in self._containers.items()
        }


def _sample(told: dict[str, Any]) -> Sample:
    memory = told["memory_stats"]
    given_back = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return Sample(
        time.monotonic(),
        told["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        (memory["usage"] - given_back) / MIB,
    )


def _commands(stack: Stack) -> Iterator[bytes]:
    """Take in the example county's areas and rosters, and return visits that nobody has told of yet."""
    papers = papers_in(EXAMPLE)
    for words in (
        ("advance", "--to", str(FILED_ON)),
        ("import", "areas", str(papers.areas)),
        ("import", "roster", "--filed-on", str(FILED_ON), *map(str, papers.rosters)),
        ("advance", "--to", str(TODAY)),
    ):
        done = stack.kith(*words)
        assert done.returncode in {0, 4}, done.stderr
    children = _children(stack)
    chance = random.Random(1)  # noqa: S311 - invented visits, no secret
    told = [
        (child, kind.value, (TODAY - timedelta(days=days)).isoformat())
        for child in children
        for kind in ContactKind
        for days in range(40)
    ]
    chance.shuffle(told)
    return (
        orjson.dumps({"child_id": child, "kind": kind, "on": on, "reached": True}) for child, kind, on in told
    )


def _children(stack: Stack) -> list[str]:
    """Return the ids of the county's children."""
    found: list[str] = []
    after: str | None = None
    while not found or after is not None:
        asked = {"limit": str(CHILDREN_PAGE), "status": "open", **({"after_key": after} if after else {})}
        bearer = {"Authorization": f"Bearer {_token(stack)}"}
        answer = httpx.get(f"{stack.address}/registry/children", params=asked, headers=bearer).json()
        found += [child["child_id"] for child in answer["items"]]
        after = answer["next"]
    return found


def _token(stack: Stack) -> str:
    return issue_token(stack.data, "sizes", Role.COUNTY, (COUNTY,), timedelta(days=1)).token


def _at_pace(stack: Stack, commands: Iterator[bytes], seconds: float) -> tuple[int, float]:
    """Send PACE commands a second for *seconds*; return how many were accepted and how long it took.

    At most CONNECTIONS are on their way; a pace that needs more is not kept, and the figure says so. Threads
    with the library's own client: an easier one takes more of the machine than the service that answers.
    """
    told = list(islice(commands, int(PACE * seconds)))
    with ThreadPoolExecutor(CONNECTIONS) as callers:
        began = time.monotonic()
        dues = [began + n / PACE for n in range(len(told))]
        each = [(told[n::CONNECTIONS], dues[n::CONNECTIONS]) for n in range(CONNECTIONS)]
        accepted = sum(callers.map(lambda one: _send_all(stack, *one, until=began + seconds), each))
        return accepted, time.monotonic() - began


def _send_all(stack: Stack, commands: Sequence[bytes], dues: Sequence[float], *, until: float) -> int:
    """Send each command when it is due, on one connection, those left over not; return how many were taken."""
    bearer = {"Authorization": f"Bearer {_token(stack)}", "Content-Type": "application/json"}
    taken = 0
    with closing(HTTPConnection(urlsplit(stack.address).netloc, timeout=ANSWER_SECONDS_MAX)) as gateway:
        for command, due in zip(commands, dues, strict=True):
            time.sleep(max(due - time.monotonic(), 0))
            if time.monotonic() > until:
                break
            taken += _send(gateway, bearer, command)
    return taken


def _send(gateway: HTTPConnection, headers: Mapping[str, str], command: bytes) -> bool:
    """Send one command, again while the service says that it has too much to do; return whether it was taken."""
    for _ in range(ATTEMPTS_MAX):
        gateway.request("POST", "/contact/visits", command, headers)
        answer = gateway.getresponse()
        answer.read()
        if answer.status != AWAY:
            return answer.status == OK
        time.sleep(AGAIN_SECONDS)
    return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to look, idle and at work")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
