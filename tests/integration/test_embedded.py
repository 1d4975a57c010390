"""The embedded servers: they start, survive a kill, and keep apart what belongs to different services."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext

from kith.bus_permissions import inbox_of
from kith.embedded.databases import owner_of, prepare_databases
from kith.embedded.kept_secrets import vault_secret_file
from kith.embedded.nats import RunningNats, start_nats
from kith.embedded.ports import LOOPBACK, kept_port
from kith.embedded.postgres import RunningPostgres, start_postgres
from kith.embedded.spawning import alive, wait_until
from kith.exits import Failed
from kith.former_streams import FORMER_ACCOUNTS
from shared.provisioning import ensure_readers, ensure_stream
from shared.subjects import SERVICES, reader_of, stream_of
from tests.folders import data_folder

PASSWORDS = {role: f"secret of {role}" for service in SERVICES for role in (service, owner_of(service))}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture
def fresh() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def postgres(data: Path) -> Iterator[RunningPostgres]:
    with start_postgres(data) as running:
        yield running


@pytest.fixture(scope="module")
def bus(data: Path) -> Iterator[RunningNats]:
    with start_nats(data) as running:
        yield running


async def test_databases_are_prepared_twice_without_harm(postgres: RunningPostgres) -> None:
    await prepare_databases(postgres.admin_dsn, PASSWORDS)
    await prepare_databases(postgres.admin_dsn, PASSWORDS)

    connection = await asyncpg.connect(postgres.dsn("contact", PASSWORDS["contact"], "kith_contact"))
    assert await connection.fetchval("SHOW jit") == "off"
    assert await connection.fetchval("SHOW search_path") == "app, kernel"
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    await connection.close()


@pytest.mark.parametrize(
    "database", ["kith_pairing", "kith_contact", "kith_reporting", "postgres", "template1"]
)
async def test_a_service_cannot_open_another_database(postgres: RunningPostgres, database: str) -> None:
    await prepare_databases(postgres.admin_dsn, PASSWORDS)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres.dsn("registry", PASSWORDS["registry"], database))


async def test_a_service_becomes_its_vault_only_on_purpose(postgres: RunningPostgres) -> None:
    await prepare_databases(postgres.admin_dsn, PASSWORDS)
    connection = await asyncpg.connect(postgres.dsn("registry", PASSWORDS["registry"], "kith_registry"))
    assert not await connection.fetchval("SELECT pg_has_role('registry_vault', 'USAGE')")
    await connection.execute("SET ROLE registry_vault")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SET ROLE pairing_vault")
    await connection.close()


def test_no_outgoing_connection_takes_the_port_of_a_server_that_is_down(fresh: Path) -> None:
    with socket.socket() as listening, socket.socket() as outgoing:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        outgoing.connect(listening.getsockname())
        given_by_the_kernel = {listening.getsockname()[1], outgoing.getsockname()[1]}
    ports = {kept_port(fresh, f"server-{n}") for n in range(20)}
    assert len(ports) == 20
    assert max(ports) < min(given_by_the_kernel)


async def test_a_killed_database_starts_again_with_what_was_committed(fresh: Path) -> None:
    killed = start_postgres(fresh)
    connection = await asyncpg.connect(killed.admin_dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    killed.kill()
    with start_postgres(fresh) as again:
        assert again.port == killed.port
        connection = await asyncpg.connect(again.admin_dsn)
        assert await connection.fetchval("SELECT one FROM kept") == 1
        await connection.close()


def test_a_killed_database_starts_again_though_a_child_of_it_hangs(fresh: Path) -> None:
    killed = start_postgres(fresh)
    pid = killed.process.pid
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    os.kill(children[0], signal.SIGSTOP)
    killed.kill()
    with start_postgres(fresh) as again:
        assert again.port == killed.port
        assert not any(alive(child) for child in children)


def test_a_folder_in_use_is_refused_by_name_of_its_holder(data: Path, postgres: RunningPostgres) -> None:
    with pytest.raises(Failed) as refused:
        start_postgres(data)
    assert refused.value.code == "data_folder_in_use"


def test_servers_end_with_the_process_that_started_them(fresh: Path) -> None:
    program = (
        "import os, sys, pathlib; from kith.embedded.postgres import start_postgres;"
        "from kith.embedded.nats import start_nats; data = pathlib.Path(sys.argv[1]);"
        "print(start_postgres(data).process.pid, start_nats(data).process.pid, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    starter = subprocess.run(
        [sys.executable, "-c", program, str(fresh)], check=False, capture_output=True, text=True, timeout=60
    )
    assert starter.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in starter.stdout.split()]
    assert len(pids) == 2
    assert wait_until(lambda: not any(alive(pid) for pid in pids), seconds=20)


def test_secrets_are_made_once_and_for_their_owner_alone(data: Path) -> None:
    first = vault_secret_file(data).read_text(encoding="ascii")
    assert vault_secret_file(data).read_text(encoding="ascii") == first
    assert vault_secret_file(data).stat().st_mode & 0o077 == 0
    assert (data / "secrets").stat().st_mode & 0o077 == 0


@asynccontextmanager
async def _connected(bus: RunningNats, user: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(bus.url_for(user), inbox_prefix=inbox_of(user).encode())
    yield client.jetstream()
    await client.close()


@pytest.mark.parametrize("account", FORMER_ACCOUNTS)
async def test_a_stream_from_when_all_were_in_one_account_is_kept_with_its_readers_places(
    fresh: Path, account: str
) -> None:
    stream, reader = stream_of("registry"), reader_of("contact", "registry")
    with start_nats(fresh) as bus:
        async with _connected(bus, "registry") as registry, _connected(bus, "contact") as contact:
            await ensure_stream(registry, "registry")
            await ensure_readers(registry, "registry")
            for _ in range(3):
                await registry.publish("kith.431299.431299200.registry.ChildLeft", b"{}")
            await contact.reset_consumer(stream, reader, seq=3)
    streams = fresh / "nats" / "jetstream"
    (streams / "registry").rename(streams / account)
    with start_nats(fresh) as bus:
        async with _connected(bus, "contact") as contact:
            assert (await contact.stream_info(stream)).state.messages == 3
            assert (await contact.consumer_info(stream, reader)).num_pending == 1
