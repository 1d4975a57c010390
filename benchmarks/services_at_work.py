"""A service in a process of its own, as `kith serve` runs it, and a client that costs next to nothing."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Self

from benchmarks.servers import Servers
from kith.deployment import Clock, Deployment
from kith.embedded.ports import LOOPBACK
from kith.embedded.spawning import spawn
from kith.processes import ServiceProcess, stop_all
from kith.signing import issue_token
from shared.tokens import Role

LIFETIME = timedelta(hours=6)


class Probed(ServiceProcess):
    """A service with one route more, which does nothing but one indexed SELECT."""

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.probe", self.name]
        self.process = spawn(command, self.log, environment=self.environment)


@contextmanager
def at_work(
    servers: Servers, databases: dict[str, str], clock: Clock = "live"
) -> Iterator[dict[str, Probed]]:
    """Run a process for each service named, on the database given for it."""
    deployment = Deployment(servers.folder)
    deployment.prepare()
    processes = {}
    for service, dsn in databases.items():
        environment = deployment.environment_of(service, servers.postgres, servers.bus, clock)
        environment |= {"KITH_DATABASE_URL": dsn, "KITH_LOG_LEVEL": "warning"}
        processes[service] = Probed(service, environment, servers.folder / "logs" / f"{service}.log")
    try:
        for process in processes.values():
            process.start()
        for process in processes.values():
            process.wait_ready()
        yield processes
    finally:
        stop_all(list(processes.values()))


def token(servers: Servers, role: Role, areas: tuple[str, ...]) -> str:
    """Return a token for *areas*."""
    return issue_token(servers.folder, "bench", role, areas, LIFETIME).token


class Caller:
    """One kept-alive connection that sends a request and reads its answer, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: str) -> None:
        self._reader, self._writer, self._login = reader, writer, login

    @classmethod
    async def to(cls, process: ServiceProcess, login: str) -> Self:
        port = int(process.environment["KITH_HTTP_PORT"])
        return cls(*await asyncio.open_connection(LOOPBACK, port), login)

    async def ask(self, path: str) -> bytes:
        """Return the body of the answer to a GET; fails where the answer is no success."""
        return await self._send(f"GET {path}", b"")

    async def tell(self, path: str, body: bytes) -> bytes:
        """Return the body of the answer to a POST."""
        return await self._send(f"POST {path}", body)

    async def _send(self, what: str, body: bytes) -> bytes:
        self._writer.write(
            f"{what} HTTP/1.1\r\nHost: kith\r\nAuthorization: Bearer {self._login}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 2"), (head, answer)
        return answer

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def calling(process: ServiceProcess, login: str) -> AsyncIterator[Caller]:
    """Open a connection to a service."""
    caller = await Caller.to(process, login)
    try:
        yield caller
    finally:
        caller.close()


async def timed(caller: Caller, paths: list[str]) -> list[float]:
    """Ask for each path in turn; return how many seconds each took."""
    took = []
    for path in paths:
        begun = time.perf_counter()
        await caller.ask(path)
        took.append(time.perf_counter() - begun)
    return took
