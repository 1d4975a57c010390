"""The archive of a database that an operator runs, by its stream: whole through kills, and on after a failover."""

import gzip
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kith.backup.cluster import Cluster
from kith.backup.copying import copy_base
from kith.backup.local_hand import LocalHand
from kith.backup.target import Target
from kith.embedded.accounts import account_for_postgres, home_for, running_as
from kith.embedded.kept_secrets import secrets_folder
from kith.embedded.ports import LOOPBACK
from kith.embedded.postgres import RunningPostgres, installed_binaries, start_postgres
from kith.embedded.spawning import wait_until
from kith.exits import Failed
from tests.folders import data_folder

pytestmark = pytest.mark.timeout(240)

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres" / "receive-wal.sh"
SLOT = "kith_archive"
SECRET = "a password of a role"  # noqa: S105 - of a server that lives as long as a test
ARCHIVED_SECONDS_MAX = 60.0
OPERATORS_OWN = {"archive_command": "true"}
"""An operator's server calls its own command, which archives nothing where no object store is named."""
GAP = "make a backup now"
"""What is said of a gap in the archive."""
WRITE = "INSERT INTO written SELECT coalesce(max(n), 0) + 1 FROM written"
CLOSE = "SELECT pg_walfile_name(pg_switch_wal() - 1)"


@dataclass(frozen=True)
class Server:
    """A server that runs, and the folder of its cluster."""

    running: RunningPostgres
    data: Path

    @property
    def folder(self) -> Path:
        return home_for(self.data, account_for_postgres(self.data)) / "cluster"

    @property
    def cluster(self) -> Cluster:
        return Cluster(LOOPBACK, self.running.port, self.running.password)

    async def write(self) -> str:
        """Write the next row and close its segment; return the segment's name."""
        async with self.cluster.connected() as connection:
            await connection.execute(WRITE)
            segment: str = await connection.fetchval(CLOSE)
            return segment

    async def run(self, *statements: str) -> None:
        async with self.cluster.connected() as connection:
            for statement in statements:
                await connection.execute(statement)


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path, Path]]:
    """Give the folders of two servers and of the backups."""
    with data_folder() as first, data_folder() as second, data_folder() as backups:
        yield first, second, backups


@pytest.fixture
async def server(folders: tuple[Path, Path, Path]) -> AsyncIterator[Server]:
    with start_postgres(folders[0], OPERATORS_OWN) as running:
        server = Server(running, folders[0])
        await server.run(
            "CREATE TABLE written (n int PRIMARY KEY)",
            f"CREATE ROLE {SLOT} LOGIN REPLICATION PASSWORD '{SECRET}'",
            "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",  # as `kith migrate` does
        )
        yield server


class Receiver:
    """The script at work, with what it said."""

    def __init__(self, backups: Path, *ports: int) -> None:
        self.wal, self._receiving = backups / "wal", backups / "receiving"
        self._said = backups / "said"
        account = account_for_postgres(backups)
        if account is not None:
            os.chown(backups, account.uid, account.gid)
        hosts, doors = (",".join(words) for words in ([LOOPBACK] * len(ports), map(str, ports)))
        connection = f"host={hosts} port={doors} user={SLOT} target_session_attrs=read-write"
        secret = backups / "archive.password"
        secret.write_text(SECRET, encoding="ascii")
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                ["sh", SCRIPT, connection, secret, SLOT, self.wal, self._receiving],
                stdout=said,
                stderr=subprocess.STDOUT,
                env={"PATH": f"{installed_binaries() / 'bin'}:{os.defpath}"},
                start_new_session=True,
                **running_as(account),
            )

    def has(self, segment: str) -> bool:
        return wait_until((self.wal / f"{segment}.gz").exists, ARCHIVED_SECONDS_MAX)

    def listens(self) -> bool:
        return wait_until((self._receiving / "at-work").exists, ARCHIVED_SECONDS_MAX)

    def hold(self) -> None:
        """Let the script do nothing more, while the program that it started receives on."""
        self._process.send_signal(signal.SIGSTOP)

    def has_received(self, segments: Sequence[str]) -> bool:
        """Return whether each of *segments* lies whole where the script takes them from."""
        whole = [self._receiving / segment for segment in segments]
        return wait_until(lambda: all(segment.exists() for segment in whole), ARCHIVED_SECONDS_MAX)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to end, as a kubelet does, and return its exit code."""
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)
        return self._process.wait(ARCHIVED_SECONDS_MAX)

    def kill(self) -> None:
        """End it and all that it started at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def standing_by(primary: Server, base: Path, data: Path) -> Iterator[Server]:
    """Start a standby of *primary* on *data*, from a base backup in *base* that is taken now."""
    account = account_for_postgres(data)
    LocalHand(account).copy_base(primary.cluster, base)
    shutil.copytree(primary.data / "secrets", secrets_folder(data), dirs_exist_ok=True)
    standby = home_for(data, account) / "cluster"
    copy_base(base, standby, account)
    (standby / "recovery.signal").rename(standby / "standby.signal")
    words = {
        "host": LOOPBACK,
        "port": primary.running.port,
        "user": "postgres",
        "password": primary.running.password,
    }
    leads = " ".join(f"{name}={value}" for name, value in words.items())
    with start_postgres(data, OPERATORS_OWN | {"primary_conninfo": leads}) as running:
        yield Server(running, data)


def brought_back(base: Path, backups: Path) -> AbstractContextManager[Cluster]:
    """Recover *base* by the archive to its end."""
    return LocalHand(account_for_postgres(backups)).recovered(
        base, backups / "wal", backups / "recovered", Target()
    )


def configure_as_an_operator_does(base: Path) -> None:
    """Write into the base backup what only the pods of an operator have: no other server starts with it."""
    with (base / "postgresql.conf").open("a", encoding="ascii") as written:
        written.write(
            "include 'custom.conf'\nssl = on\nssl_cert_file = '/controller/certificates/server.crt'\n"
        )


async def rows_in(cluster: Cluster) -> list[int]:
    async with cluster.connected() as connection:
        return [row["n"] for row in await connection.fetch("SELECT n FROM written ORDER BY n")]


@contextmanager
def receiving(backups: Path, *ports: int) -> Iterator[Receiver]:
    receiver = Receiver(backups, *ports)
    try:
        yield receiver
    finally:
        receiver.kill()


async def test_every_segment_comes_whole(folders: tuple[Path, Path, Path], server: Server) -> None:
    with receiving(folders[2], server.running.port) as receiver:
        assert receiver.listens()
        segments = [await server.write() for _ in range(3)]
        assert all(receiver.has(segment) for segment in segments)
        for segment in segments:
            kept = gzip.decompress((receiver.wal / f"{segment}.gz").read_bytes())
            assert kept == (server.folder / "pg_wal" / segment).read_bytes()


async def received_and_not_taken(receiver: Receiver, server: Server) -> list[str]:
    """Have segments received whole that the script, held still, does not take; return their names."""
    assert receiver.listens()
    receiver.hold()
    received = [await server.write() for _ in range(2)]
    assert receiver.has_received(received)
    return received


async def test_a_receiver_that_was_killed_loses_nothing_that_it_told_the_server_it_has(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    with receiving(folders[2], server.running.port) as receiver:
        received = await received_and_not_taken(receiver, server)
        assert not any((receiver.wal / f"{segment}.gz").exists() for segment in received)
        receiver.kill()
    written = [await server.write() for _ in range(2)]
    with receiving(folders[2], server.running.port) as receiver:
        assert all(receiver.has(segment) for segment in (*received, *written))
        assert GAP not in receiver.said


async def test_it_ends_at_a_word_and_leaves_what_came_whole_in_the_archive(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    with receiving(folders[2], server.running.port) as receiver:
        received = await received_and_not_taken(receiver, server)
        assert receiver.stop() == 0
        assert all((receiver.wal / f"{segment}.gz").exists() for segment in received)
    assert not (folders[2] / "receiving" / "at-work").exists()


async def test_one_that_the_server_never_lets_listen_never_says_that_it_does(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    with receiving(folders[2], server.running.port) as first, data_folder() as other:
        assert first.listens()
        with receiving(other, server.running.port) as second:  # the slot has its listener
            for _ in range(2):
                tries = second.said.count("trying again")
                assert wait_until(lambda: second.said.count("trying again") > tries, ARCHIVED_SECONDS_MAX)  # noqa: B023
                assert not (other / "receiving" / "at-work").exists()


async def test_it_goes_on_when_the_server_was_away(folders: tuple[Path, Path, Path], server: Server) -> None:
    with receiving(folders[2], server.running.port) as receiver:
        assert receiver.listens()
        server.running.kill()
        assert wait_until(lambda: "trying again" in receiver.said, ARCHIVED_SECONDS_MAX)
        with start_postgres(folders[0], OPERATORS_OWN) as running:
            assert receiver.has(await replace(server, running=running).write())


async def test_what_the_server_no_longer_kept_is_told_and_the_archive_begins_anew(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    await server.run("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()")
    with receiving(folders[2], server.running.port) as receiver:
        assert receiver.listens()
        assert receiver.has(await server.write())
        assert GAP not in receiver.said
    lost = [await server.write() for _ in range(4)]
    await server.run("CHECKPOINT")
    with receiving(folders[2], server.running.port) as receiver:
        assert receiver.listens()
        assert receiver.has(await server.write())
        assert not (receiver.wal / f"{lost[0]}.gz").exists()
        assert receiver.said.count(GAP) == 1


async def test_after_a_failover_the_archive_leads_to_what_the_new_server_wrote(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    _, second, backups = folders
    base = backups / "base"
    with ExitStack() as stack:
        standby = stack.enter_context(standing_by(server, base, second))
        receiver = stack.enter_context(receiving(backups, server.running.port, standby.running.port))
        assert receiver.has(await server.write())
        await standby.run(f"SELECT pg_create_physical_replication_slot('{SLOT}', true)")
        standby.running.stop()
        lost = [await server.write() for _ in range(2)]
        assert all(receiver.has(segment) for segment in lost), "the receiver is ahead of the standby"
        server.running.kill()
        running = stack.enter_context(start_postgres(second, OPERATORS_OWN))
        promoted = replace(standby, running=running)
        await promoted.run("SELECT pg_promote()", "INSERT INTO written VALUES (100)")
        assert receiver.has(await promoted.write())
    configure_as_an_operator_does(base)
    with brought_back(base, backups) as recovered:
        assert await rows_in(recovered) == [1, 100, 101]


async def test_a_damaged_segment_ends_a_restore_and_does_not_shorten_it(
    folders: tuple[Path, Path, Path], server: Server
) -> None:
    first, _, backups = folders
    with receiving(backups, server.running.port) as receiver:
        assert receiver.listens()
        LocalHand(account_for_postgres(first)).copy_base(server.cluster, backups / "base")
        segments = [await server.write() for _ in range(3)]
        assert all(receiver.has(segment) for segment in segments)
        damaged = receiver.wal / f"{segments[1]}.gz"
        damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(Failed, match=segments[1]), brought_back(backups / "base", backups):
        pass
