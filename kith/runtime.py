"""A whole Kith on this machine: embedded servers, databases, four services, started and stopped in order."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kith.deployment import Clock, Deployment
from kith.embedded.databases import prepare_databases
from kith.embedded.locking import FolderLock
from kith.embedded.nats import RunningNats, start_nats
from kith.embedded.postgres import RunningPostgres, start_postgres
from kith.exits import Exit, Failed
from kith.migrating import migrated
from kith.processes import ServiceProcess, megabytes, stop_all
from kith.subscribers import subscribers_of
from kith.subscribing import provision
from shared.subjects import SERVICES

RESTARTS_MAX = 5
RESTARTS_WINDOW_SECONDS = 300.0
LOOK_SECONDS = 0.5


@dataclass
class Runtime:
    """The servers and services of one deployment, while they run."""

    deployment: Deployment
    clock: Clock
    postgres: RunningPostgres
    bus: RunningNats
    services: list[ServiceProcess]
    _restarts: list[float]

    def restart_what_died(self) -> list[str]:
        """Start again every server and service that ended by itself; return their names.

        Raises Failed when that happens more than RESTARTS_MAX times in RESTARTS_WINDOW_SECONDS.
        """
        restarted = []
        if self.postgres.process.poll() is not None:
            self.postgres.stop()
            self.postgres = start_postgres(self.deployment.data)
            restarted.append("postgres")
        if self.bus.process.poll() is not None:
            self.bus.stop()
            self.bus = start_nats(self.deployment.data)
            restarted.append("nats")
        for service in self.services:
            if not service.running:
                service.start()
                service.wait_ready()
                restarted.append(service.name)
        self._count(restarted)
        return restarted

    def _count(self, restarted: list[str]) -> None:
        moment = time.monotonic()
        recent = [each for each in self._restarts if moment - each < RESTARTS_WINDOW_SECONDS]
        self._restarts = recent + [moment for _ in restarted]
        if len(self._restarts) > RESTARTS_MAX:
            raise Failed("restarted_too_often", Exit.CONFIGURATION, names=restarted)

    def megabytes(self) -> dict[str, float]:
        """Return the memory of each process in MiB."""
        memory = {service.name: service.megabytes() for service in self.services}
        return memory | {
            "nats": megabytes(self.bus.process.pid),
            "postgres": megabytes(self.postgres.process.pid),
        }

    def watch(self) -> Iterator[list[str]]:
        """Look at every process each LOOK_SECONDS for ever and yield the names of what was restarted."""
        while True:
            time.sleep(LOOK_SECONDS)
            if restarted := self.restart_what_died():
                yield restarted


@contextmanager
def running(deployment: Deployment, clock: Clock | None = None) -> Iterator[Runtime]:
    """Start everything, give the runtime, and stop everything in the reverse order.

    Raises Failed when the folder is in use by another Kith or something does not start.
    """
    lock = FolderLock(deployment.data, "kith")
    try:
        deployment.prepare()
        clock = clock or deployment.clock or "live"
        deployment.keep(clock=clock)
        with start_postgres(deployment.data) as postgres, start_nats(deployment.data) as bus:
            asyncio.run(prepare_and_migrate(deployment, postgres))
            services = [_process(deployment, name, postgres, bus, clock) for name in SERVICES]
            runtime = Runtime(deployment, clock, postgres, bus, services, [])
            with _Stopping(runtime):
                for service in services:
                    service.start()
                for service in services:
                    service.wait_ready()
                if subscribers := subscribers_of(deployment.data):
                    asyncio.run(provision(deployment, subscribers))
                yield runtime
    finally:
        lock.release()


async def prepare_and_migrate(deployment: Deployment, postgres: RunningPostgres) -> dict[str, list[str]]:
    """Make the databases and bring each to the present schema; return what was applied, by service."""
    await prepare_databases(postgres.admin_dsn, deployment.database_passwords())
    return {service: await migrated(deployment.owner_dsn(postgres, service), service) for service in SERVICES}


def _process(
    deployment: Deployment, name: str, postgres: RunningPostgres, bus: RunningNats, clock: Clock
) -> ServiceProcess:
    environment = deployment.environment_of(name, postgres, bus, clock)
    return ServiceProcess(name, environment, deployment.data / "logs" / f"{name}.jsonl")


@dataclass
class _Stopping:
    """Stops what runs now, which after a restart is not what was started first."""

    runtime: Runtime

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # An impatient second Ctrl-C would leave things half stopped.
        at_ctrl_c = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            stop_all([service for service in self.runtime.services if hasattr(service, "process")])
            for server in (self.runtime.bus, self.runtime.postgres):
                with suppress(ProcessLookupError):
                    server.stop()
        finally:
            signal.signal(signal.SIGINT, at_ctrl_c)
