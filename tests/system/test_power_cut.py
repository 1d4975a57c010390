"""What was acknowledged survives the loss of power, seen with the un-synced pages dropped (conftest.py: where)."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import uuid5

import asyncpg
import nats
import nats.errors
import pytest
from nats.aio.client import Client

from kith.embedded.databases import owner_of, prepare_databases
from kith.embedded.kept_secrets import password
from kith.embedded.nats import server_configuration, start_nats
from kith.embedded.postgres import SETTINGS, start_postgres
from kith.exits import Failed
from shared.event_store import Append, Pool, append
from shared.migrate import migrate
from shared.relay import Relay
from shared.scope import WHOLE_SCOPE
from tests.crash.checking import stream_ids
from tests.crash.deployment import family, gone, signal_all
from tests.crash.power import Disk, disk
from tests.folders import data_folder
from tests.integration.test_event_store import META, SPACE, new

pytestmark = pytest.mark.timeout(300)

SERVICE = "registry"
WRITERS = 6
CUTS = 3
AT_LEAST = 150
"""Events that are in the stream before the power is cut."""
WAIT_SECONDS = 60.0


class Machine:
    """PostgreSQL, the bus and a relay on one disk, and what callers were told is done."""

    def __init__(self, made: Disk) -> None:
        self.disk, self.data = made, made.folder / "data"
        self.acknowledged: set[str] = set()
        self.published = 0

    @asynccontextmanager
    async def on(self) -> AsyncIterator[tuple[Pool, Relay, Client]]:
        """Start everything; whatever still runs in the end is killed, as a machine without power is."""
        postgres, bus = start_postgres(self.data), start_nats(self.data)
        processes = [*family(postgres.process.pid), bus.process.pid]
        try:
            passwords = {role: password(self.data, role) for role in (SERVICE, owner_of(SERVICE))}
            await prepare_databases(postgres.admin_dsn, passwords, (SERVICE,))
            owner = owner_of(SERVICE)
            await migrate(postgres.dsn(owner, passwords[owner], f"kith_{SERVICE}"), SERVICE)
            dsn = postgres.dsn(SERVICE, passwords[SERVICE], f"kith_{SERVICE}")
            async with AsyncExitStack() as stack:
                pool = await asyncpg.create_pool(
                    dsn, min_size=0, max_size=WRITERS + 4, server_settings=WHOLE_SCOPE
                )
                stack.callback(pool.terminate)
                client = await nats.connect(bus.url, error_cb=_quiet, max_reconnect_attempts=1)
                stack.push_async_callback(_close, client)
                yield pool, Relay(pool, client, SERVICE, asyncio.Event(), uuid5(SPACE, "relay")), client
        finally:
            processes += family(postgres.process.pid)
            for server in (bus, postgres):
                server.kill()
            signal_all(processes, signal.SIGKILL)
            assert gone(processes)

    async def work_until_the_power_is_cut(self, turn: int) -> None:
        async with self.on() as (pool, relay, _client):
            working = [asyncio.ensure_future(self._write(pool, f"{turn}-{n}")) for n in range(WRITERS)]
            relaying = asyncio.ensure_future(relay.run())
            deadline = time.monotonic() + WAIT_SECONDS
            while relay.state.published_total < AT_LEAST:
                assert time.monotonic() < deadline, relay.state
                await asyncio.sleep(0.001)
            self.disk.cut()
            self.published = relay.state.stream_sequence
            for task in (*working, relaying):
                task.cancel()
            await asyncio.gather(*working, relaying, return_exceptions=True)
        self.disk.plug_in()

    async def _write(self, pool: Pool, name: str) -> None:
        """Append one event after the other; note each when it was acknowledged."""
        n = 0
        while True:
            n += 1
            (event,) = new(f"{name}-{n}")
            async with pool.acquire() as connection:
                await append(connection, Append(f"area-{name}", [event]), META)
            self.acknowledged.add(str(event.event_id))


async def _quiet(_error: Exception) -> None:
    return


async def _close(client: Client) -> None:
    with suppress(Exception):
        await client.close()


async def _in_log(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT event_id FROM kernel.events ORDER BY tx, position")
    return [str(row["event_id"]) for row in rows]


async def _lost_nothing(machine: Machine) -> None:
    """See that all that was acknowledged is there, and that the relay fills the stream to the log's end."""
    async with machine.on() as (pool, relay, client):
        log = await _in_log(pool)
        assert machine.acknowledged <= set(log)
        js = client.jetstream()
        found = await stream_ids(js, SERVICE)
        assert len(found) >= machine.published
        assert found == log[: len(found)]
        relaying = asyncio.ensure_future(relay.run())
        deadline = time.monotonic() + WAIT_SECONDS
        while relay.state.stream_sequence < len(log):
            assert time.monotonic() < deadline, relay.state
            await asyncio.sleep(0.02)
        assert await stream_ids(js, SERVICE) == log
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)


def test_a_cut_disk_forgets_what_was_not_synced_and_nothing_else() -> None:
    with data_folder() as folder, disk(folder) as made:
        for name, synced in (("synced", True), ("unsynced", False)):
            with (made.folder / name).open("wb") as file:
                file.write(b"x" * 100_000)
                file.flush()
                if synced:
                    os.fsync(file.fileno())
        made.cut()
        made.plug_in()
        assert (made.folder / "synced").stat().st_size == 100_000
        unsynced = made.folder / "unsynced"
        assert not unsynced.exists() or unsynced.stat().st_size == 0


async def test_nothing_acknowledged_is_lost_when_the_power_goes() -> None:
    with data_folder() as folder:
        folder.chmod(0o755)
        with disk(folder) as made:
            machine = Machine(made)
            for turn in range(CUTS):
                await machine.work_until_the_power_is_cut(turn)
                await _lost_nothing(machine)


def _without_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "fsync", "off")


def _synced_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the bus its own default, which syncs every two minutes."""
    configured = server_configuration

    def without(*where: Any) -> dict[str, Any]:
        told = configured(*where)
        del told["jetstream"]["sync_interval"]
        return told

    monkeypatch.setattr("kith.embedded.nats.server_configuration", without)


@pytest.mark.parametrize("settings", [_without_fsync, _synced_now_and_then])
async def test_with_other_settings_the_same_cut_loses_what_was_acknowledged(
    settings: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(monkeypatch)
    with data_folder() as folder:
        folder.chmod(0o755)
        with disk(folder) as made:
            machine = Machine(made)
            await machine.work_until_the_power_is_cut(0)
            with pytest.raises((AssertionError, Failed, asyncpg.PostgresError, nats.errors.Error)):
                await _lost_nothing(machine)
