"""Starting a server process that ends with the process that started it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kith.embedded.accounts import Account, running_as

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.05
LOG_BYTES_MAX = 20 * 1024 * 1024

_libc = ctypes.CDLL(None)


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    at_parents_end: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start *command* with its output in *log*, in a session of its own so that Ctrl-C does not reach it.

    The kernel sends *at_parents_end* when the thread that called this ends: call it from the main thread.
    """
    turn_over(log)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the words are ours
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(environment) if environment is not None else None,
            umask=0o077,
            start_new_session=True,
            preexec_fn=_ending_with(os.getpid(), at_parents_end),  # noqa: PLW1509 - two system calls, no lock taken
            **running_as(account),
        )


def _ending_with(parent: int, at_parents_end: signal.Signals) -> Callable[[], None]:
    def before_exec() -> None:
        if sys.platform == "linux":
            _libc.prctl(PR_SET_PDEATHSIG, int(at_parents_end), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return before_exec


def turn_over(log: Path) -> None:
    """Keep one former generation of *log* once it has grown past LOG_BYTES_MAX."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_name(log.name + ".1"))


def wait_until(happened: Callable[[], bool], seconds: float) -> bool:
    """Poll *happened* for at most *seconds* and return whether it came true."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def alive(pid: int) -> bool:
    """Return whether a process *pid* exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in {"Z", "X"}


def processes() -> list[int]:
    """Return every process of this machine; none where there is no /proc."""
    folders = Path("/proc").iterdir() if Path("/proc").exists() else iter(())
    return [int(folder.name) for folder in folders if folder.name.isdigit()]


def end(pid: int, how: signal.Signals, seconds: float) -> bool:
    """Signal *pid*, wait at most *seconds*, then kill it; return whether it ended by itself."""
    for attempt in (how, signal.SIGKILL):
        try:
            os.kill(pid, attempt)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not alive(pid), seconds):
            return attempt is how
    return False


def last_lines(log: Path, count: int = 5) -> str:
    """Return the last lines of *log*, for an error message."""
    if not log.exists():
        return ""
    return " / ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
