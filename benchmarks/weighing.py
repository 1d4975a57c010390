"""What the servers hold while a service is at work: looked at again and again, the most of it told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor import children_of
from benchmarks.servers import Servers
from kith.processes import megabytes

LOOK_SECONDS = 1.0
"""Often enough for a piece of work of some seconds; reading every page table of every process is work too."""


@dataclass
class Held:
    """The most that was seen, in MiB."""

    postgres: float = 0.0
    """By all processes of PostgreSQL together, what they share counted once."""
    backend: float = 0.0
    """By one of them of its own."""
    bus: float = 0.0

    def look(self, postmaster: int, bus: int) -> None:
        """Look once at the server that *postmaster* leads and at the process *bus*."""
        self.postgres = max(self.postgres, megabytes(postmaster))
        self.backend = max(self.backend, *map(_own, [postmaster, *children_of(postmaster)]))
        self.bus = max(self.bus, megabytes(bus))


@asynccontextmanager
async def held_by(servers: Servers) -> AsyncIterator[Held]:
    """Look each LOOK_SECONDS as long as this is open, and once at its end."""
    held = Held()

    def look() -> None:
        held.look(servers.postgres.process.pid, servers.bus.process.pid)

    async def look_for_ever() -> None:
        while True:
            look()
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look_for_ever())
    try:
        yield held
        look()
    finally:
        looking.cancel()


def _own(pid: int) -> float:
    """Return what process *pid* holds that is no page of a file and not shared, in MiB; 0 where it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss_Anon:")) / 1024
