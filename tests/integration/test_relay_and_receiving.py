"""The way from one service's log to another's tables: every event once, in order, whatever breaks between."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid5

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError, NoStreamResponseError

from shared.checkpoint import caught_up
from shared.contracts.registry import AreaDefined
from shared.envelope import Received
from shared.event_store import Append, Connection, Pool, append_many, last_position
from shared.parked import drop_parked, list_parked, retry_parked
from shared.provisioning import STREAM_BYTES_MAX
from shared.reader import Reader
from shared.receiving import Receiving
from shared.relay import Relay
from shared.scope import WHOLE_SCOPE
from shared.subjects import question_subject, stream_of
from tests.conftest import ServiceDatabases, ServicePools
from tests.crash.proxy import Link, Proxy
from tests.integration.test_event_store import META, SPACE, new
from tests.servers import BusServer, start_bus

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
    rows = []
    for received in events:
        assert isinstance(received.event, AreaDefined)
        if received.event.name.startswith("bad"):
            raise Poison(received.event.name)
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

    async def client(self, user: str, through: Link | None = None) -> Client:
        url = self.bus.url_for(user)
        client = await nats.connect(
            f"{url.rpartition(':')[0]}:{through.port}" if through else url,
            inbox_prefix=f"_INBOX_{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.05,
            error_cb=_quiet,
        )
        self._stack.push_async_callback(client.close)
        return client

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
        js = (await self.client("operator")).jetstream()
        info = await js.stream_info(STREAM)
        messages = [await js.get_msg(STREAM, n) for n in range(1, info.state.last_seq + 1)]
        return [message.headers["ce-id"] for message in messages if message.headers]

    async def in_log(self) -> list[str]:
        rows = await self.source.fetch("SELECT event_id FROM kernel.events ORDER BY tx, position")
        return [str(row["event_id"]) for row in rows]


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


@pytest.fixture
async def house(
    service_pool: ServicePools, service_database: ServiceDatabases, nats_server: BusServer
) -> AsyncIterator[House]:
    database = await service_database("contact")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(TAKEN)
    await owner.close()
    async with _pool(database.dsn) as target, AsyncExitStack() as stack:
        yield House(await service_pool("registry"), target, nats_server, stack)


def names(count: int, prefix: str = "e") -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


async def test_every_event_arrives_once_and_each_stream_in_order(house: House) -> None:
    await house.say(*names(1_200))
    await house.relay()
    await house.reader()
    await house.say(*names(3, "later"))
    assert await house.arrived()
    assert sorted(await house.taken()) == sorted(names(1_200) + names(3, "later"))
    assert await house.in_stream() == await house.in_log()
    rows = await house.target.fetch(
        "SELECT version, lag(version, 1, 0) OVER (PARTITION BY stream_id ORDER BY n) AS before FROM app.taken"
    )
    assert all(row["version"] == row["before"] + 1 for row in rows)


async def test_two_relays_and_two_readers_do_the_work_of_one(house: House) -> None:
    for _ in range(2):
        await house.relay()
        await house.reader()
    for n in range(20):
        await house.say(*names(30, f"{n}-"))
    assert await house.arrived()
    assert await house.in_stream() == await house.in_log()
    assert len(await house.taken()) == len(set(await house.taken())) == 600


async def test_a_relay_killed_at_any_point_is_followed_by_one_that_goes_on(house: House) -> None:
    for n in range(12):
        task = await house.relay()
        await house.say(*names(400, f"{n}-"))
        await asyncio.sleep(0.01 * n)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await house.relay()
    await house.reader()
    assert await house.arrived()
    assert await house.in_stream() == await house.in_log()


async def test_a_batch_sent_behind_one_that_fails_is_sent_once_more_and_is_there_once(house: House) -> None:
    published: list[int] = []

    def stumble_once(count: int) -> None:
        published.append(count)
        if len(published) == 1:
            raise OSError("what counts the published is out of order")

    await house.say(*names(1_200))
    await house.relay(on_published=stumble_once)
    await house.reader()
    assert await house.arrived()
    assert published == [500, 500, 200]
    assert await house.in_stream() == await house.in_log()


async def test_a_batch_that_arrives_after_another_relay_took_over_is_refused(house: House) -> None:
    bus_port = int(house.bus.url_for("registry").rpartition(":")[2])
    with Proxy() as proxy:
        cable = proxy.link("bus", lambda: [bus_port])
        client = await house.client("registry", through=cable)
        await house.relay(client=client)
        await house.say("before")
        await until(lambda: _published(house.relays[0], 1))

        cable.hold()
        said = client.stats["out_msgs"]
        await house.say(*names(30))
        await until(lambda: _sent(client, said + 30))
        await house.source.execute("DELETE FROM kernel.leases")  # as when it stood still for a term
        await house.relay()
        await until(lambda: _published(house.relays[1], 30))
        cable.release()
        await until(lambda: _state(house.relays[0], "refused"))
    assert await house.in_stream() == await house.in_log()


async def test_the_bus_may_be_away_and_come_back(
    house: House, nats_server: BusServer, tmp_path: Path
) -> None:
    await house.relay()
    await house.reader()
    await house.say(*names(50))
    assert await house.arrived()
    nats_server.kill()
    await house.say(*names(50, "meanwhile"))
    await asyncio.sleep(0.5)
    with start_bus(tmp_path / "bus"):
        assert await house.arrived()
        assert sorted(await house.taken()) == sorted(names(50) + names(50, "meanwhile"))
        assert await house.in_stream() == await house.in_log()


async def test_a_stream_that_was_deleted_is_filled_again_and_nothing_is_taken_twice(house: House) -> None:
    await house.relay()
    await house.reader()
    await house.say(*names(300))
    assert await house.arrived()
    js = (await house.client("operator")).jetstream()
    await js.delete_stream(STREAM)
    await house.say(*names(20, "after"))
    assert await house.arrived()
    await until(lambda: _same(house))
    assert sorted(await house.taken()) == sorted(names(300) + names(20, "after"))


async def _same(house: House) -> bool:
    return await house.in_stream() == await house.in_log()


async def test_a_consumer_that_was_deleted_is_made_again(house: House) -> None:
    await house.relay()
    await house.reader()
    await house.say(*names(10))
    assert await house.arrived()
    js = (await house.client("operator")).jetstream()
    await js.delete_consumer(STREAM, READER.name)
    await house.say(*names(10, "after"))
    assert await house.arrived()
    assert len(await house.taken()) == 20


async def test_a_full_stream_stops_the_relay_loudly_and_forgets_nothing(house: House) -> None:
    await house.relay(stream_bytes_max=200_000)
    await house.say(*names(600))
    await until(lambda: _state(house.relays[0], "stream_full"))
    js = (await house.client("operator")).jetstream()
    config = (await js.stream_info(STREAM)).config
    config.max_bytes = 10_000_000
    await js.update_stream(config)
    await house.reader()
    assert await house.arrived()
    assert await house.in_stream() == await house.in_log()


async def test_a_stream_cannot_be_emptied_under_its_relay(house: House) -> None:
    await house.say(*names(3))
    await house.relay()
    await until(lambda: _state(house.relays[0], "idle"))
    js = (await house.client("operator")).jetstream()
    with pytest.raises(APIError, match="purge"):
        await js.purge_stream(STREAM)
    assert await house.in_stream() == await house.in_log()


async def test_a_stream_left_empty_by_a_full_disk_is_said_to_be_and_made_anew_once_it_is_deleted(
    house: House,
) -> None:
    js = (await house.client("operator")).jetstream()
    await house.relay()
    await until(lambda: _state(house.relays[0], "idle"))
    config = (await js.stream_info(STREAM)).config
    await js.delete_stream(STREAM)
    config.first_seq = 2  # as a server leaves it whose disk was full at the first message
    await js.add_stream(config)
    await house.say(*names(3))
    await until(lambda: _state(house.relays[0], "foreign_stream"))
    await js.delete_stream(STREAM)
    await house.reader()
    assert await house.arrived()
    assert await house.in_stream() == await house.in_log()


async def _published(relay: Relay, count: int) -> bool:
    return relay.state.published_total == count


async def _sent(client: Client, count: int) -> bool:
    return client.stats["out_msgs"] >= count


async def _state(relay: Relay, name: str) -> bool:
    return relay.state.name == name


async def test_a_bad_event_is_parked_with_those_behind_it_and_the_others_go_on(house: House) -> None:
    await house.relay()
    await house.reader()
    await house.say("good", streams=1)
    await house.say(*names(7), "bad", *names(13, "behind"), streams=7)
    await house.say("last", streams=1)
    assert await house.arrived()
    async with house.target.acquire() as connection:
        parked = await list_parked(connection, 0, 100)
    assert [one["error"] for one in parked] == ["Poison", "behind_parked", "behind_parked"]
    assert len({one["stream_id"] for one in parked}) == 1
    assert set(await house.taken()) >= set(names(7))
    assert len(await house.taken()) == 1 + 7 + 1 + 13 + 1 - 3
    await _the_parked_can_be_dropped_and_retried(house, [one["parked_id"] for one in parked])


async def _the_parked_can_be_dropped_and_retried(house: House, numbers: list[int]) -> None:
    assert await retry_parked(house.target, house.receivings, numbers[0]) == 0
    await drop_parked(house.target, house.receivings, numbers[0])
    assert await retry_parked(house.target, house.receivings, numbers[1]) == 2
    async with house.target.acquire() as connection:
        assert await list_parked(connection, 0, 100) == []
    assert len(await house.taken()) == 23 - 1


async def test_a_reader_that_stood_still_too_long_in_a_batch_parks_nothing(house: House) -> None:
    stood_still: list[int] = []

    async def stand_still(connection: Connection, events: Sequence[Received]) -> None:
        await take(connection, events)
        if len(stood_still) < 3:
            stood_still.append(len(events))
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
            await asyncio.sleep(0.2)

    await house.relay()
    await house.reader(Reader(READER.name, READER.source, stand_still))
    await house.say(*names(10))
    assert await house.arrived()
    assert len(stood_still) == 3
    async with house.target.acquire() as connection:
        assert await list_parked(connection, 0, 10) == []
    assert sorted(await house.taken()) == sorted(names(10))


async def test_a_message_that_no_relay_wrote_is_parked(house: House) -> None:
    await house.relay()
    await house.reader()
    await house.say(*names(3))
    assert await house.arrived()
    js = (await house.client("operator")).jetstream()
    await js.publish("kith.431299.000000000.registry.AreaDefined", b"not an event")
    await until(lambda: _count_parked(house, 1))
    await house.say(*names(3, "after"))
    await until(lambda: _state(house.relays[0], "foreign_stream"))
    async with house.target.acquire() as connection:
        assert [one["error"] for one in await list_parked(connection, 0, 10)] == ["BadEnvelope"]


async def _count_parked(house: House, count: int) -> bool:
    return house.receivings[0].state.parked == count


async def test_no_stream_captures_a_question_between_services(house: House) -> None:
    await house.relay()
    await house.say("first")
    await until(lambda: _state(house.relays[0], "idle"))
    for user in ("operator", "contact"):
        with pytest.raises(NoStreamResponseError):
            await (await house.client(user)).jetstream().publish(question_subject("registry", "identities"))
