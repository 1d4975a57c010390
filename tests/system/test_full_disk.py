"""The disk of the streams is full: what a relay says of it, what the log takes all the same, and how it goes on."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from kith.embedded.nats import RunningNats, start_nats
from shared.relay import Relay
from tests.conftest import ServiceDatabases
from tests.crash.filling import no_room_on
from tests.crash.power import Disk, disk
from tests.folders import data_folder
from tests.integration.house import House, names, open_house, until
from tests.servers import BusServer

FITTING_MAX = 20
"""Messages that may find place in the last block of the stream's file before one does not."""


@pytest.fixture
def small_disk() -> Iterator[Disk]:
    with data_folder() as folder, disk(folder) as made:
        yield made


@pytest.fixture
async def house(small_disk: Disk, service_database: ServiceDatabases) -> AsyncIterator[House]:
    """Give a house whose bus, and nothing else, lies on the small disk."""
    source, target = await service_database("registry"), await service_database("contact")
    (data := small_disk.folder / "data").mkdir()
    with start_nats(data) as bus:
        async with open_house(source, target, bus) as opened:
            yield opened


async def test_batches_are_refused_with_a_reason_and_follow_by_themselves_once_there_is_room(
    house: House, small_disk: Disk
) -> None:
    relay = await _at_work(house)
    with no_room_on(small_disk.folder):
        await house.say(*names(30, "meanwhile"))
        await until(lambda: _is(relay, "not_stored"))
        assert "the disk of the NATS server is full; give it room" in (relay.state.error or "")
        assert await _health(house.bus) == "ok"
    assert await house.arrived()
    assert await house.in_stream() == await house.in_log()


async def test_a_stream_broken_by_a_single_message_follows_once_its_server_is_started_anew(
    house: House, small_disk: Disk
) -> None:
    relay = await _at_work(house)
    with no_room_on(small_disk.folder):
        for name in names(FITTING_MAX, "alone"):
            await house.say(name)
            await until(lambda: _is_published_or_failing(house))
            if relay.state.name == "failing":
                break
        assert "write error" in (relay.state.error or "")
        assert await _health(house.bus) == "unavailable"
    house.bus.stop()
    with start_nats(small_disk.folder / "data"):
        assert await house.arrived()
        assert await house.in_stream() == await house.in_log()


async def _at_work(house: House) -> Relay:
    """Let what is said arrive at a reader, and return the relay it goes through."""
    await house.relay()
    await house.reader()
    await house.say(*names(30))
    assert await house.arrived()
    return house.relays[0]


async def _is(relay: Relay, state: str) -> bool:
    return relay.state.name == state


async def _is_published_or_failing(house: House) -> bool:
    state = house.relays[0].state
    return state.name == "failing" or state.stream_sequence == len(await house.in_log())


async def _health(bus: BusServer) -> str:
    """Return what the server says of itself and of every stream."""
    assert isinstance(bus, RunningNats)
    async with httpx.AsyncClient() as http:
        status: str = (await http.get(f"{bus.monitoring_url}/healthz")).json()["status"]
    return status
