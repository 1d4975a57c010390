"""Processor time and memory of processes, which say what work costs on a machine that others use at the same time."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

_TICKS = os.sysconf("SC_CLK_TCK")


class Moment(NamedTuple):
    """A moment, and how much processor time a process and PostgreSQL had used then, in seconds."""

    clock: float
    processor: float

    @classmethod
    def now(cls, pid: int, postmaster: int) -> Self:
        """Return this moment, for process *pid* and the server that *postmaster* leads."""
        return cls(time.perf_counter(), of_process(pid) + with_children(postmaster))

    def each_until(self, ended: Self, units: float) -> tuple[float, float]:
        """Return what each of *units* took until *ended*: µs by the clock and of processor."""
        return (ended.clock - self.clock) / units * 1e6, (ended.processor - self.processor) / units * 1e6


def of_process(pid: int) -> float:
    """Return the processor time that process *pid* has used since it began, in seconds."""
    user, system, *_ = _times(pid)
    return user + system


def of_machine() -> float:
    """Return the processor time that the whole machine has used since it started, in seconds."""
    user, nice, system, _idle, _waiting, *rest = map(int, Path("/proc/stat").read_text("ascii").split()[1:9])
    return (user + nice + system + sum(rest)) / _TICKS


def with_children(pid: int) -> float:
    """Return the same of a process with its children, those that have ended too."""
    return sum(_times(pid)) + sum(_living(children_of(pid)))


def children_of(pid: int) -> list[int]:
    """Return the processes that *pid* began and that still run."""
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]


def megabytes_at_most(pid: int) -> float:
    """Return the most memory that process *pid* ever held, in MB: what its parent held does not count."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1000


def _living(pids: list[int]) -> Iterator[float]:
    for pid in pids:
        try:
            yield of_process(pid)
        except OSError:
            continue


def _times(pid: int) -> list[float]:
    """Return user and system time of a process, and those of its children that have ended."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return [int(ticks) / _TICKS for ticks in after_name[11:15]]
