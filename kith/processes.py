"""The four services, each a process of its own, so that one can die alone and be started again."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from kith.embedded.ports import LOOPBACK
from kith.embedded.spawning import last_lines, spawn, wait_until
from kith.exits import Exit, Failed

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
ASK_SECONDS_MAX = 2.0


@dataclass
class ServiceProcess:
    """One service's process."""

    name: str
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "kith.serving", self.name]
        self.process = spawn(command, self.log, environment=self.environment)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.environment['KITH_HTTP_PORT']}"

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Return whether /readyz says yes."""
        try:
            return httpx.get(f"{self.address}/readyz", timeout=ASK_SECONDS_MAX).is_success
        except httpx.TransportError:
            return False

    def wait_ready(self) -> None:
        """Wait for /readyz; raises Failed when the process ends before, or takes too long."""
        if wait_until(lambda: not self.running or self.is_ready(), READY_SECONDS_MAX) and self.running:
            return
        raise Failed(
            "service_did_not_start",
            Exit.CONFIGURATION,
            service=self.name,
            log=str(self.log),
            last=last_lines(self.log, 2),
        )

    def megabytes(self) -> float:
        """Return the memory the process holds now, in MiB; 0 for one that ended."""
        return megabytes(self.process.pid)


def megabytes(pid: int) -> float:
    """Return the memory of process *pid* and its children in MiB; 0 where there is no such process.

    Resident, a page that several processes share counted once among them (Pss).
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        children = []
    return round(sum(_proportional_kib(each) for each in (str(pid), *children)) / 1024, 1)


def _proportional_kib(pid: str) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def stop_all(services: list[ServiceProcess]) -> None:
    """Ask all at once to finish what they have open, wait a bounded time, then end who has not."""
    running = [service for service in services if service.running]
    for service in running:
        service.process.terminate()
    wait_until(lambda: not any(service.running for service in running), STOP_SECONDS_MAX)
    for service in running:
        if service.running:
            service.process.kill()
        service.process.wait()
