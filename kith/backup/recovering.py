"""Recovering a base backup and the archived WAL to a point, on a server that nobody else can reach."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kith.backup.cluster import Cluster
from kith.embedded.accounts import Account, binaries_for
from kith.embedded.postgres import SETTINGS, as_words, installed_binaries, tool_environment
from kith.embedded.spawning import end, last_lines, spawn, wait_until
from kith.exits import Exit, Failed

RECOVERY_SECONDS_MAX = 6 * 3600.0
STOP_SECONDS_MAX = 600.0
"""What was recovered is written out when the server stops."""
SOCKET_PORT = 5432
"""The number in the socket's name; no port of the machine is taken."""

FETCH_WAL = Path(__file__).parents[2] / "deploy" / "postgres" / "fetch-wal.sh"

BEFORE_TARGET = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True)
class Target:
    """How far recovery goes: to a named restore point, to a moment, or, with neither, to the archive's end."""

    restore_point: str | None = None
    time: datetime | None = None

    @property
    def settings(self) -> dict[str, str]:
        if self.restore_point is not None:
            return {"recovery_target_name": self.restore_point}
        if self.time is not None:
            return {"recovery_target_time": self.time.astimezone(UTC).isoformat(sep=" ")}
        return {}


def copy_base(base: Path, cluster: Path, account: Account | None) -> None:
    """Copy a base backup to where a server is to work on it, ready to be recovered."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(cluster)], check=True)  # noqa: S603, S607
    (cluster / "recovery.signal").touch(mode=0o600)
    if account is not None:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    cluster.chmod(0o700)


@contextmanager
def recovered(
    base: Path, wal: Path, cluster: Path, target: Target, account: Account | None
) -> Iterator[Cluster]:
    """Copy *base* to *cluster*, recover it up to *target*, and give the server while it runs.

    It listens on a socket in a closed folder only, asks for no password there, and archives nothing.
    Afterwards *cluster* is a cluster that was stopped in good order. Raises Failed where it does not recover,
    with time_after_archive where the archive ends before *target*.
    """
    copy_base(base, cluster, account)
    closed = Path(tempfile.mkdtemp(prefix="kith-"))
    try:
        _furnish(closed, account)
        log = closed / "postgres.log"
        process = _start(wal, cluster, target, account, closed=closed, log=log)
        try:
            _wait(process, closed, log, target)
            yield Cluster(str(closed), SOCKET_PORT)
        finally:
            if process.poll() is None:
                end(process.pid, signal.SIGINT, STOP_SECONDS_MAX)
            process.wait()
    finally:
        shutil.rmtree(closed)


def _furnish(closed: Path, account: Account | None) -> None:
    (closed / "pg_hba.conf").write_text("local all all trust\n", encoding="ascii")
    shutil.copy(FETCH_WAL, closed / FETCH_WAL.name)
    if account is not None:
        for path in (closed, *closed.iterdir()):
            os.chown(path, account.uid, account.gid)


def _start(
    wal: Path, cluster: Path, target: Target, account: Account | None, *, closed: Path, log: Path
) -> "subprocess.Popen[bytes]":
    archive = shlex.quote(str(wal)).replace("%", "%%")
    settings = SETTINGS | {
        "listen_addresses": "",
        "unix_socket_directories": str(closed),
        "hba_file": str(closed / "pg_hba.conf"),
        "archive_mode": "off",
        "hot_standby": "off",  # no connection before the end of recovery
        "restore_command": f'sh {closed}/{FETCH_WAL.name} "%f" "%p" {archive}',
        "recovery_target_action": "promote",
        **target.settings,
    }
    return spawn(
        [
            binaries_for(installed_binaries(), account) / "bin" / "postgres",
            *("-D", cluster, "-p", str(SOCKET_PORT)),
            *as_words(settings),
        ],
        log,
        account=account,
        environment=tool_environment(),
        at_parents_end=signal.SIGINT,
    )


def _wait(process: "subprocess.Popen[bytes]", closed: Path, log: Path, target: Target) -> None:
    def over() -> bool:
        return process.poll() is not None or _takes_connections(closed)

    if not wait_until(over, RECOVERY_SECONDS_MAX):
        process.kill()
        process.wait()
    if process.poll() is None:
        return
    said = last_lines(log, 8)
    if BEFORE_TARGET in said:
        raise Failed("time_after_archive", Exit.REFUSED, target=target.time or target.restore_point)
    raise Failed("recovery_failed", Exit.REFUSED, last=said)


def _takes_connections(closed: Path) -> bool:
    asked = subprocess.run(  # noqa: S603 - the words are ours
        [installed_binaries() / "bin" / "pg_isready", "-q", "-h", closed, "-p", str(SOCKET_PORT), "-t", "2"],
        check=False,
        env=tool_environment(),
    )
    return asked.returncode == 0
