"""PostgreSQL's programs in the container that has them, where deploy/postgres/hand.sh runs what a folder asks."""

import asyncio
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from kith.backup.cluster import Cluster
from kith.backup.copying import copy_base
from kith.backup.hand import BASE_BACKUP
from kith.backup.target import SOCKET_PORT, Target, furnish, recovery_settings
from kith.embedded.postgres import as_words
from kith.embedded.spawning import last_lines, wait_until
from kith.exits import Exit, Failed
from shared import clock

READY_SECONDS_MAX = 60.0
SILENT_SECONDS_MAX = 15.0
PROGRAM_SECONDS_MAX = 6 * 3600.0
FETCH_WAL = "/etc/postgresql/fetch-wal.sh"
"""Where the hand's container has it."""


@dataclass(frozen=True)
class ContainerHand:
    """The folder that both containers see, under the same account."""

    folder: Path

    def copy_base(self, cluster: Cluster, base: Path) -> None:
        self._wait_for_the_hand()
        secret = (cluster.password or "").replace("\\", "\\\\").replace(":", "\\:")
        passwords = self.folder / "pgpass"
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:*:*:{secret}\n", encoding="utf-8")
        try:
            self._ask(["pg_basebackup", *cluster.words, "-D", str(base), *BASE_BACKUP])
            if code := self._ended():
                raise Failed("backup_tool_failed", tool=f"pg_basebackup ({code})", last=self._said())
        finally:
            passwords.unlink()

    @contextmanager
    def recovered(self, base: Path, wal: Path, cluster: Path, target: Target) -> Iterator[Cluster]:
        self._wait_for_the_hand()
        copy_base(base, cluster)
        furnish(self.folder)
        fetch = f'sh {FETCH_WAL} "%f" "%p" {shlex.quote(str(wal))}'
        settings = as_words(recovery_settings(self.folder, fetch, target))
        self._ask(["postgres", "-D", str(cluster), "-p", str(SOCKET_PORT), *settings])
        server = Cluster(str(self.folder), SOCKET_PORT)
        try:
            self._wait(lambda: self._has_ended or _takes_connections(server))
            if self._has_ended:
                raise target.failure(self._said())
            yield server
        finally:
            (self.folder / "stop").touch()
            self._ended()
            (self.folder / "stop").unlink(missing_ok=True)

    def leave(self) -> None:
        """Send the hand away: its container ends."""
        (self.folder / "leave").touch()

    def _wait_for_the_hand(self) -> None:
        if not wait_until(self._lives, READY_SECONDS_MAX):
            raise self._nobody()

    def _lives(self) -> bool:
        """Return whether the hand has said lately that it is there."""
        try:
            said = (self.folder / "ready").stat().st_mtime
        except OSError:
            return False
        return clock.now().timestamp() - said < SILENT_SECONDS_MAX

    def _wait(self, happened: Callable[[], bool]) -> None:
        """Wait until *happened*; raises Failed where the hand dies before, or it takes too long."""
        if not wait_until(lambda: happened() or not self._lives(), PROGRAM_SECONDS_MAX) or not happened():
            raise self._nobody()

    def _nobody(self) -> Failed:
        return Failed("no_hand", Exit.UNREACHABLE, folder=str(self.folder))

    def _ask(self, words: list[str]) -> None:
        (self.folder / "ended").unlink(missing_ok=True)
        unfinished = self.folder / "asked.unfinished"
        unfinished.write_text(shlex.join(words), encoding="utf-8")
        unfinished.rename(self.folder / "asked")

    @property
    def _has_ended(self) -> bool:
        return (self.folder / "ended").exists()

    def _ended(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        self._wait(lambda: self._has_ended)
        return int((self.folder / "ended").read_text(encoding="ascii"))

    def _said(self) -> str:
        return last_lines(self.folder / "said", 8)


def _takes_connections(server: Cluster) -> bool:
    async def connect() -> bool:
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            async with server.connected():
                return True
        return False

    return asyncio.run(connect())
