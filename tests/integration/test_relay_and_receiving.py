"""The way from one service's log to another's tables: every event once, in order, whatever breaks between."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.errors import APIError, NoStreamResponseError

from shared.envelope import Received
from shared.event_store import Connection
from shared.parked import list_parked
from shared.reader import Reader
from shared.relay import Relay
from shared.subjects import question_subject
from tests.crash.proxy import Proxy
from tests.integration.house import READER, STREAM, House, house, names, take, until
from tests.servers import BusServer, start_bus
from tests.streams_anew import add_stream_again

__all__ = ["house"]


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
    await add_stream_again(js, config)
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
