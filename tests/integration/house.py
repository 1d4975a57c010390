"""A source's log, the bus and a target's tables, with as many relays and readers as a test wants."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import uuid5

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from shared.checkpoint import caught_up
from shared.contracts.registry import AreaDefined
from shared.envelope import Received
from shared.event_store import Append, Connection, Pool, append_many, last_position
from shared.provisioning import STREAM_BYTES_MAX
from shared.reader import Reader
from shared.receiving import Receiving
from shared.relay import Relay
from shared.scope import WHOLE_SCOPE
from shared.subjects import stream_of
from tests.conftest import ServiceDatabase, ServiceDatabases
from tests.crash.proxy import Link
from tests.integration.test_event_store import META, SPACE, new
from tests.servers import BusServer

WAIT_SECONDS = 20.0
STREAM = stream_of("registry")

TAKEN = """
CREATE TABLE app.taken (n bigint GENERATED ALWAYS AS IDENTITY, stream_id text, version int, name text);
GRANT ALL ON app.taken TO contact
"""


class Poison(Exception):
    """A reader's code has a mistake that this event brings to light."""


async def take(connection: Connection, events: Sequence[Received]) -> None:
    """Project events into app.taken, as any reader does; names that begin with "bad" are its mistake."""
    for received in events:
        assert isinstance(received.event, AreaDefined)
        if received.event.name.startswith("bad"):
            raise Poison(received.event.name)
    await keep(connection, events)


async def keep(connection: Connection, events: Sequence[Received]) -> None:
    """Keep events in app.taken, whatever they say."""
    rows = []
    for received in events:
        assert isinstance(received.event, AreaDefined)
        rows.append((received.stream_id, received.version, received.event.name))
    await connection.copy_records_to_table(
        "taken", schema_name="app", columns=["stream_id", "version", "name"], records=rows
    )


READER = Reader("contact-from-registry", "registry", take)


async def _quiet(_error: Exception) -> None:
    return


class House:
    """A source's log, the bus and a target's tables, with as many relays and readers as a test wants."""

    def __init__(self, source: Pool, target: Pool, bus: BusServer, stack: AsyncExitStack) -> None:
        self.source, self.target, self.bus, self._stack = source, target, bus, stack
        self.relays: list[Relay] = []
        self.receivings: list[Receiving] = []
        self._operator: Client | None = None

    async def client(self, user: str, through: Link | None = None) -> Client:
        url = self.bus.url_for(user)
        client = await nats.connect(
            f"{url.rpartition(':')[0]}:{through.port}" if through else url,
            inbox_prefix=f"_INBOX_{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.05,
            error_cb=_quiet,
        )
        self._stack.push_async_callback(leave, client)
        return client

    async def operator(self) -> Client:
        self._operator = self._operator or await self.client("operator")
        return self._operator

    async def relay(
        self,
        stream_bytes_max: int = STREAM_BYTES_MAX,
        on_published: Callable[[int], None] = lambda _count: None,
        client: Client | None = None,
    ) -> asyncio.Task[None]:
        holder = uuid5(SPACE, f"relay-{len(self.relays)}")
        relay = Relay(
            self.source,
            client or await self.client("registry"),
            "registry",
            asyncio.Event(),
            holder,
            stream_bytes_max=stream_bytes_max,
            on_published=on_published,
        )
        self.relays.append(relay)
        return self._start(relay.run())

    async def reader(self, reader: Reader = READER) -> asyncio.Task[None]:
        holder = uuid5(SPACE, f"reader-{len(self.receivings)}")
        self.receivings.append(Receiving(self.target, await self.client("contact"), reader, holder))
        return self._start(self.receivings[-1].run())

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._stack.push_async_callback(stop, task)
        return task

    async def say(self, *names: str, streams: int = 7) -> None:
        """Append one event a name, spread over some streams."""
        grouped: dict[str, list[str]] = {}
        for n, name in enumerate(names):
            grouped.setdefault(f"area-{n % streams}", []).append(name)
        async with self.source.acquire() as connection:
            wanted = [Append(stream, new(*said)) for stream, said in grouped.items()]
            await append_many(connection, wanted, META)

    async def taken(self) -> list[str]:
        return [row["name"] for row in await self.target.fetch("SELECT name FROM app.taken ORDER BY n")]

    async def arrived(self) -> bool:
        async with self.source.acquire() as connection:
            position = await last_position(connection)
        return await caught_up(self.target, READER.name, position, WAIT_SECONDS)

    async def in_stream(self) -> list[str]:
        js = (await self.operator()).jetstream()
        info = await js.stream_info(STREAM)
        messages = [await js.get_msg(STREAM, n) for n in range(1, info.state.last_seq + 1)]
        return [message.headers["ce-id"] for message in messages if message.headers]

    async def in_log(self) -> list[str]:
        rows = await self.source.fetch("SELECT event_id FROM kernel.events ORDER BY tx, position")
        return [str(row["event_id"]) for row in rows]


async def leave(client: Client) -> None:
    with suppress(ConnectionError):  # a test may have ended the server meanwhile
        await client.close()


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(happens: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not await happens():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _pool(dsn: str) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=6, server_settings=WHOLE_SCOPE) as pool:
        yield pool


@asynccontextmanager
async def open_house(
    source: ServiceDatabase, target: ServiceDatabase, bus: BusServer
) -> AsyncIterator[House]:
    """Give a house on two fresh databases; its relays and readers end with it."""
    owner = await asyncpg.connect(target.owner_dsn)
    await owner.execute(TAKEN)
    await owner.close()
    async with _pool(source.dsn) as log, _pool(target.dsn) as tables, AsyncExitStack() as stack:
        yield House(log, tables, bus, stack)


@pytest.fixture
async def house(service_database: ServiceDatabases, nats_server: BusServer) -> AsyncIterator[House]:
    source, target = await service_database("registry"), await service_database("contact")
    async with open_house(source, target, nats_server) as opened:
        yield opened


def names(count: int, prefix: str = "e") -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]
