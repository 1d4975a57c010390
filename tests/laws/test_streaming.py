"""The law of the way between services: whatever breaks, each event is taken once and each stream in order."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.js.errors import NotFoundError

from shared import lease, provisioning, receiving, relay
from shared.envelope import Received
from shared.event_store import Append, Connection, append
from shared.parked import list_parked, retry_parked
from shared.reader import Reader
from tests.conftest import ServiceDatabases
from tests.integration.house import READER, STREAM, House, keep, open_house, stop, take, until
from tests.integration.test_event_store import META, new
from tests.laws.bounds import bounded
from tests.servers import start_bus
from tests.streams_anew import add_stream_again

SOON = 0.1
"""Seconds between two tries: what takes seconds at work is not waited out here."""


class Disorder:
    """A house where events are said while everything is stopped, started, deleted and made anew."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.said = 0
        self.mended = False
        self.relays: list[asyncio.Task[None]] = []
        self.readers: list[asyncio.Task[None]] = []
        self.late: list[AsyncExitStack] = []

    def names(self, count: int, prefix: str = "e") -> list[str]:
        self.said += count
        return [f"{prefix}{n}" for n in range(self.said - count, self.said)]

    async def say(self) -> None:
        await self.house.say(*self.names(30))

    async def poison(self) -> None:
        await self.house.say(*self.names(1), *self.names(1, "bad"), *self.names(4))

    async def begin_late(self) -> None:
        """Say something in a transaction that stays open; what is said meanwhile must not overtake it unseen."""
        if len(self.late) == 2:
            await self.end_late()
        stack = AsyncExitStack()
        connection = await stack.enter_async_context(self.house.source.acquire())
        await stack.enter_async_context(connection.transaction())
        await append(connection, Append(f"late-{self.said}", new(*self.names(3))), META)
        self.late.append(stack)

    async def end_late(self) -> None:
        if self.late:
            await self.late.pop(0).aclose()

    async def abort(self) -> None:
        with suppress(ZeroDivisionError):
            async with self.house.source.acquire() as connection, connection.transaction():
                await append(connection, Append(f"late-{self.said}", new(*self.names(3))), META)
                raise ZeroDivisionError

    async def start_relay(self) -> None:
        self.relays.append(await self.house.relay())

    async def stop_relay(self) -> None:
        if self.relays:
            await stop(self.relays.pop(0))

    async def start_reader(self) -> None:
        self.readers.append(await self.house.reader(Reader(READER.name, READER.source, self.take)))

    async def stop_reader(self) -> None:
        if self.readers:
            await stop(self.readers.pop(0))

    async def delete_stream(self) -> None:
        with suppress(NotFoundError):
            await (await self.house.operator()).jetstream().delete_stream(STREAM)

    async def make_stream_anew(self) -> None:
        js = (await self.house.operator()).jetstream()
        with suppress(NotFoundError):
            config = (await js.stream_info(STREAM)).config
            await js.delete_stream(STREAM)
            await add_stream_again(js, config)

    async def delete_consumer(self) -> None:
        with suppress(NotFoundError):
            await (await self.house.operator()).jetstream().delete_consumer(STREAM, READER.name)

    async def wait(self) -> None:
        await asyncio.sleep(2 * SOON)

    async def take(self, connection: Connection, events: Sequence[Received]) -> None:
        await (keep if self.mended else take)(connection, events)

    async def end(self) -> None:
        """End what is open, start what was stopped, and wait until the reader has come to the log's end."""
        while self.late:
            await self.end_late()
        await self.start_relay()
        await self.start_reader()
        await until(self.whole)
        assert await self.house.arrived()
        await self.say()  # what is parked has others behind it, in a batch of their own
        assert await self.house.arrived()

    async def whole(self) -> bool:
        try:
            return await self.house.in_stream() == await self.house.in_log()
        except NotFoundError:
            return False

    async def mend(self) -> None:
        """Mend the mistake that events brought to light, and retry all that was parked."""
        self.mended = True
        while parked := await self.parked():
            await retry_parked(self.house.target, self.house.receivings, parked[0][0])

    async def parked(self) -> list[tuple[int, str, int]]:
        async with self.house.target.acquire() as connection:
            rows = await list_parked(connection, 0, 10_000)
        return [(row["parked_id"], row["stream_id"], row["version"]) for row in rows]

    async def taken(self) -> dict[str, list[int]]:
        """Return the versions of each stream in the order in which they were taken."""
        rows = await self.house.target.fetch("SELECT stream_id, version FROM app.taken ORDER BY n")
        streams: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            streams[row["stream_id"]].append(row["version"])
        return streams

    async def log(self) -> dict[str, list[int]]:
        rows = await self.house.source.fetch(
            "SELECT stream_id, version FROM kernel.events ORDER BY stream_id, version"
        )
        streams: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            streams[row["stream_id"]].append(row["version"])
        return streams


Act = Callable[[Disorder], Awaitable[None]]
ACTS: Sequence[Act] = (
    *[Disorder.say, Disorder.poison, Disorder.wait] * 2,
    *[Disorder.begin_late, Disorder.end_late, Disorder.abort],
    *[Disorder.start_relay, Disorder.stop_relay, Disorder.start_reader, Disorder.stop_reader],
    *[Disorder.delete_stream, Disorder.make_stream_anew, Disorder.delete_consumer],
)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (relay, "RETRY_SECONDS"),
        (relay, "VERIFY_SECONDS"),
        (receiving, "RETRY_SECONDS"),
        (receiving, "FETCH_SECONDS"),
        (lease, "RETRY_SECONDS"),
        (provisioning, "KEEP_SECONDS"),
    ):
        monkeypatch.setattr(module, name, SOON)


@given(acts=st.lists(st.sampled_from(ACTS), min_size=8, max_size=25))
@bounded(7)
async def test_every_event_is_taken_or_parked_once_and_each_stream_in_order(
    service_database: ServiceDatabases,
    soon: None,
    tmp_path_factory: pytest.TempPathFactory,
    acts: Sequence[Act],
) -> None:
    folder: Path = tmp_path_factory.mktemp("bus")
    source, target = await service_database("registry"), await service_database("contact")
    with start_bus(folder) as bus:
        async with open_house(source, target, bus) as house:
            disorder = Disorder(house)
            await disorder.start_relay()
            await disorder.start_reader()
            await disorder.poison()
            for act in acts:
                await act(disorder)
            await disorder.end()
            log, taken = await disorder.log(), await disorder.taken()
            for _, stream, version in await disorder.parked():
                taken[stream].append(version)
            assert taken == log
            await disorder.mend()
            assert await disorder.taken() == log
