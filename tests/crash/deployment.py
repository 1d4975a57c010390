"""A deployment to be crashed: real servers, two replicas of every service, a link on every way between them."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from kith.deployment import Deployment
from kith.embedded.nats import RunningNats, start_nats
from kith.embedded.ports import kept_port
from kith.embedded.postgres import RunningPostgres, start_postgres
from kith.embedded.spawning import alive, wait_until
from kith.processes import ServiceProcess, stop_all
from kith.runtime import prepare_and_migrate
from shared.subjects import SERVICES, stream_of
from tests.crash.proxy import Link, Proxy

REPLICAS = 2
END_SECONDS_MAX = 30.0


@dataclass
class Replica:
    """One process of a service, with a cable of its own to each server."""

    name: str
    process: ServiceProcess
    to_postgres: Link
    to_nats: Link

    @property
    def port(self) -> int:
        return int(self.process.environment["KITH_HTTP_PORT"])


@dataclass
class House:
    """Everything that runs, and what can be done to it. Call it from the main thread, which starts processes."""

    deployment: Deployment
    postgres: RunningPostgres
    bus: RunningNats
    chance: random.Random
    doors: list[Link] = field(default_factory=list)
    """The way of callers to each service: to any of its replicas."""
    replicas: list[Replica] = field(default_factory=list)

    def kill_postgres(self) -> None:
        """End the postmaster and every process of it at once."""
        everybody = family(self.postgres.process.pid)
        self.postgres.kill()
        signal_all(everybody, signal.SIGKILL)

    def kill_postmaster(self) -> None:
        """End the postmaster alone: its children see that by themselves."""
        self.postgres.kill()

    def kill_backend(self) -> None:
        """End one child of the postmaster, which makes it begin again with all of them."""
        children = family(self.postgres.process.pid)[1:]
        signal_all([self.chance.choice(sorted(children))], signal.SIGKILL)

    def start_postgres(self) -> None:
        self.postgres = start_postgres(self.deployment.data)

    def start_nats(self) -> None:
        self.bus = start_nats(self.deployment.data)

    def pids(self) -> dict[str, list[int]]:
        """Return the processes of every part."""
        parts = {replica.name: [replica.process.process.pid] for replica in self.replicas}
        return parts | {
            "nats": [self.bus.process.pid],
            "postgres": family(self.postgres.process.pid),
        }

    def stream_folder(self, service: str) -> Path:
        return self.deployment.data / "nats" / "jetstream" / service / "streams" / stream_of(service)

    def end(self) -> None:
        """Stop everything, whatever state it is in."""
        signal_all([pid for pids in self.pids().values() for pid in pids], signal.SIGCONT)
        stop_all([replica.process for replica in self.replicas if hasattr(replica.process, "process")])
        for server in (self.bus, self.postgres):
            with suppress(ProcessLookupError):
                server.stop()


def full_streams_told(house: House) -> int:
    """Return how often a relay has told that its stream takes nothing more."""
    logs = (house.deployment.data / "logs").glob("*-[0-9].jsonl*")
    return sum(log.read_bytes().count(b'"stream_full"') for log in logs)


def family(pid: int) -> list[int]:
    """Return *pid* and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return [pid]
    return [pid, *map(int, children.split())]


def signal_all(pids: Sequence[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


def gone(pids: Sequence[int]) -> bool:
    """Wait until none of *pids* lives; return whether that came true."""
    return wait_until(lambda: not any(map(alive, pids)), END_SECONDS_MAX)


@contextmanager
def running(data: Path, chance: random.Random) -> Iterator[House]:
    """Start everything below *data*, give it, and stop it."""
    deployment = Deployment(data.resolve())
    deployment.prepare()
    deployment.keep(clock="advanced")
    with Proxy() as proxy:
        house = House(deployment, start_postgres(data), start_nats(data), chance)
        try:
            asyncio.run(prepare_and_migrate(deployment, house.postgres))
            _furnish(house, proxy)
            for replica in house.replicas:
                replica.process.start()
            for replica in house.replicas:
                replica.process.wait_ready()
            yield house
        finally:
            house.end()


def _furnish(house: House, proxy: Proxy) -> None:
    for service in SERVICES:
        for n in range(1, REPLICAS + 1):
            house.replicas.append(_replica(house, proxy, service, f"{service}-{n}"))
        ports = [replica.port for replica in house.replicas if replica.process.name == service]
        # Beside the test's own chance: requests of another thread must not change what is done next.
        turns = random.Random(service)  # noqa: S311 - to spread connections
        door = proxy.link(
            f"door-{service}",
            lambda ports=ports, turns=turns: turns.sample(ports, len(ports)),  # type: ignore[misc]
            kept_port(house.deployment.data, service),
        )
        house.doors.append(door)


def _replica(house: House, proxy: Proxy, service: str, name: str) -> Replica:
    data = house.deployment.data
    to_postgres = proxy.link(f"{name}-to-postgres", lambda: [house.postgres.port])
    to_nats = proxy.link(f"{name}-to-nats", lambda: [house.bus.port])
    environment = house.deployment.environment_of(
        service,
        replace(house.postgres, port=to_postgres.port),
        replace(house.bus, port=to_nats.port),
        "advanced",
    ) | {"KITH_HTTP_PORT": str(kept_port(data, name))}
    process = ServiceProcess(service, environment, data / "logs" / f"{name}.jsonl")
    return Replica(name, process, to_postgres, to_nats)
