"""A county's year on its way through the gateway of a stack, while something is done to the stack."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from kith.deployment import Deployment
from kith.embedded.databases import owner_of
from kith.embedded.spawning import wait_until
from shared.subjects import SERVICES, stream_of
from tests.containers.stack import Stack, running
from tests.crash.checking import Reached, differences
from tests.crash.counties import CountyYear, small
from tests.crash.driving import Clerk, Pace
from tests.crash.streams import on_the_bus

SEED = 20261127
HEALTHY_SECONDS_MAX = 180.0
FINISH_SECONDS_MAX = 600.0
LOOK_SECONDS_MAX = 2.0
UNDER_WAY_COMMANDS = 2
"""Commands of the county that are begun before the next thing is done to it."""


@dataclass
class AtWork:
    """A stack with a county's clerk at it, and what is told of it."""

    stack: Stack
    clerk: Clerk
    pace: Pace

    def tell(self, line: str) -> None:
        _tell(line)

    def through(self, acts: Mapping[str, Callable[[], object]], done: float = 0.0) -> None:
        """Do each act while the county works, and tell after how many seconds everything was ready again.

        *done* is the share of the work that lies behind before the first.
        """
        self.work_up_to(done)
        for n, (name, act) in enumerate(acts.items(), start=1):
            self.work_on(done + (1 - done) * n / (len(acts) + 1))
            act()
            mended = time.monotonic()
            if not wait_until(lambda: self.works_since(mended), HEALTHY_SECONDS_MAX):  # noqa: B023 - asked at once
                raise AssertionError(
                    f"{name}: not ready after {HEALTHY_SECONDS_MAX:.0f} s: {self.unready()}\n{self.stack.logs()}"
                )
            self.tell(f"{name}: everything ready again after {time.monotonic() - mended:.1f} s")

    def work_up_to(self, share: float) -> None:
        """Let the county work up to *share*, and return when that is done."""
        self.pace.allow(share)
        assert not share or wait_until(lambda: self.pace.waiting, FINISH_SECONDS_MAX)

    def work_on(self, share: float) -> None:
        """Let the county work up to *share*, and return in the middle of it."""
        before = self.pace.begun
        self.pace.allow(share)
        begun = wait_until(lambda: self.pace.begun >= before + UNDER_WAY_COMMANDS, FINISH_SECONDS_MAX)
        assert begun, f"{self.pace}, and no more"
        assert not self.pace.waiting, "nobody is at work any more"

    def works_since(self, moment: float) -> bool:
        """Return whether the gateway answers, and every part of every service has worked since *moment*.

        *moment* is one of time.monotonic. That a service says that it is ready is not enough: it goes by when a part
        last worked, and that may lie before what was done to it.
        """
        within = time.monotonic() - moment
        return _says_yes(self._gateway) and all(_worked_within(one, within) for one in self._services())

    def unready(self) -> dict[str, object]:
        """Return what each address says."""
        return {address: _said(address) for address in (self._gateway, *self._services())}

    @property
    def _gateway(self) -> str:
        return f"{self.stack.address}/healthz"

    def _services(self) -> Sequence[str]:
        return [f"http://{self.stack.inside(service)}:8080/readyz" for service in SERVICES]


@contextmanager
def county_at_work(stack: Stack, county: CountyYear) -> Iterator[AtWork]:
    """Let *county* begin its year, slowly; at the end all of it must be as if nothing had happened."""
    pace = Pace(county.commands)
    os.environ["KITH_URL"] = stack.address
    work = AtWork(stack, Clerk(Deployment(stack.data), county, pace, _tell), pace)
    clerk = work.clerk
    pace.allow(0.1)
    clerk.start()
    try:
        yield work
        pace.allow(1.0)
        clerk.wait(FINISH_SECONDS_MAX)
        assert not clerk.working, f"the year is not through\n{stack.logs()}"
        assert clerk.figures is not None, clerk.failure
        _wait_for_the_streams(stack)
        wrong = list(differences(reached(stack), county, clerk.figures))
        assert not wrong, wrong
    finally:
        pace.allow(1.0)
        del os.environ["KITH_URL"]


def reached(stack: Stack) -> Reached:
    """Return where the logs and streams of a stack are read, past its services."""
    logs = {service: stack.database(owner_of(service), f"kith_{service}") for service in SERVICES}
    return Reached(logs, stack.bus("operator"))


@contextmanager
def small_county_at_work(
    settings: Mapping[str, str] | None = None, prepare: Callable[[Stack], None] | None = None
) -> Iterator[AtWork]:
    """Start a stack, *prepared* first, and let an invented county of a few dozen children work on it."""
    with tempfile.TemporaryDirectory() as folder:
        county = small(Path(folder) / "papers", SEED)
        with running(settings, prepare) as stack, county_at_work(stack, county) as work:
            yield work


def _wait_for_the_streams(stack: Stack) -> None:
    """Wait until the server that is asked knows a leader of every stream: it may have come back just now."""

    async def led(js: JetStreamContext) -> bool:
        infos = [await js.stream_info(stream_of(service)) for service in SERVICES[:-1]]
        return all(info.cluster is None or info.cluster.leader for info in infos)

    def known() -> bool:
        try:
            return asyncio.run(on_the_bus(stack.bus("operator"), led))
        except (NatsError, TimeoutError):
            return False

    assert wait_until(known, HEALTHY_SECONDS_MAX), "a stream has no leader"


def _says_yes(address: str) -> bool:
    try:
        return httpx.get(address, timeout=LOOK_SECONDS_MAX).is_success
    except httpx.TransportError:
        return False


def _worked_within(address: str, seconds: float) -> bool:
    """Return whether a service says that it is ready, and that each of its parts has worked within *seconds*."""
    try:
        answer = httpx.get(address, timeout=LOOK_SECONDS_MAX)
    except httpx.TransportError:
        return False
    ages = [part["age_seconds"] for part in answer.json()["parts"].values()]
    return answer.is_success and all(age is not None and age < seconds for age in ages)


def _said(address: str) -> str:
    try:
        return httpx.get(address, timeout=LOOK_SECONDS_MAX).text
    except httpx.TransportError as silent:
        return type(silent).__name__


def _tell(line: str) -> None:
    print(f"  {line}", flush=True)  # noqa: T201 - what the command is for
