"""Processor time and memory of processes, which say what work costs on a machine that others use at the same time."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


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
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return sum(_times(pid)) + sum(_living(children))


def megabytes_at_most(pid: int) -> float:
    """Return the most memory that process *pid* ever held, in MB: what its parent held does not count."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1000


def _living(pids: list[str]) -> Iterator[float]:
    for pid in pids:
        try:
            yield of_process(int(pid))
        except OSError:
            continue


def _times(pid: int) -> list[float]:
    """Return user and system time of a process, and those of its children that have ended."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return [int(ticks) / _TICKS for ticks in after_name[11:15]]
