"""Parked events: what a reader cannot apply waits, with all behind it, until somebody retries or drops it."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.contracts.registry import AreaDefined
from shared.envelope import Received
from shared.event_store import Connection
from shared.parked import NotParked, drop_parked, list_parked, retry_parked
from shared.reader import Reader
from tests.integration.house import READER, WAIT_SECONDS, House, Poison, house, keep, names, stop, until

__all__ = ["house"]


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
    await drop_parked(house.target, numbers[0])
    assert await retry_parked(house.target, house.receivings, numbers[1]) == 2
    async with house.target.acquire() as connection:
        assert await list_parked(connection, 0, 100) == []
    assert len(await house.taken()) == 23 - 1


BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


class Mending:
    """A reader's code whose mistake somebody mends, and which can be held with a batch in its hands."""

    def __init__(self) -> None:
        self.mended = False
        self.held, self.released = asyncio.Event(), asyncio.Event()

    async def __call__(self, connection: Connection, events: Sequence[Received]) -> None:
        if any(_name(received) == "hold" for received in events):
            self.held.set()
            await self.released.wait()
        bad = [_name(received) for received in events if _name(received).startswith("bad")]
        if bad and not self.mended:
            raise Poison(*bad)
        await keep(connection, events)

    @property
    def reader(self) -> Reader:
        return Reader(READER.name, READER.source, self)


def _name(received: Received) -> str:
    assert isinstance(received.event, AreaDefined)
    return received.event.name


async def _parked(house: House) -> list[tuple[str, int, str]]:
    async with house.target.acquire() as connection:
        return [
            (one["stream_id"], one["version"], one["error"]) for one in await list_parked(connection, 0, 100)
        ]


async def _first_parked(house: House) -> int:
    async with house.target.acquire() as connection:
        number: int = (await list_parked(connection, 0, 1))[0]["parked_id"]
        return number


async def _until_somebody_waits(house: House, task: asyncio.Task[int]) -> None:
    async def waits() -> bool:
        return task.done() or bool(await house.target.fetchval(BLOCKED))

    await until(waits)


async def _in_order(house: House) -> bool:
    """Return whether everything said was taken, each stream from its first event on."""
    rows = await house.target.fetch("SELECT stream_id, version FROM app.taken ORDER BY n")
    streams: dict[str, list[int]] = {}
    for row in rows:
        streams.setdefault(row["stream_id"], []).append(row["version"])
    return len(rows) == len(await house.in_log()) and all(
        versions == list(range(1, len(versions) + 1)) for versions in streams.values()
    )


async def test_what_follows_a_parked_event_waits_behind_it_in_another_batch_and_another_reader(
    house: House,
) -> None:
    await house.relay()
    first = await house.reader()
    await house.say("bad", "good")
    assert await house.arrived()
    await house.say("behind", "beside")
    assert await house.arrived()
    assert await _parked(house) == [("area-0", 1, "Poison"), ("area-0", 2, "behind_parked")]

    await stop(first)
    mending = Mending()
    await house.reader(mending.reader)
    await house.say("far behind", "far beside")
    assert await house.arrived()
    assert await _parked(house) == [
        ("area-0", 1, "Poison"),
        ("area-0", 2, "behind_parked"),
        ("area-0", 3, "behind_parked"),
    ]
    assert await house.taken() == ["good", "beside", "far beside"]

    mending.mended = True
    assert await retry_parked(house.target, house.receivings[1:], await _first_parked(house)) == 3
    await house.say("again", "too")
    assert await house.arrived()
    await house.say("and again")
    assert await house.arrived()
    assert await _parked(house) == []
    assert await _in_order(house)


async def test_a_retry_waits_for_the_batch_in_the_readers_hands_and_takes_what_it_parked(
    house: House,
) -> None:
    mending = Mending()
    await house.relay()
    await house.reader(mending.reader)
    await house.say("bad")
    assert await house.arrived()
    mending.mended = True
    await house.say("behind", "hold")
    await asyncio.wait_for(mending.held.wait(), WAIT_SECONDS)
    retry = asyncio.ensure_future(retry_parked(house.target, house.receivings, await _first_parked(house)))
    await _until_somebody_waits(house, retry)
    mending.released.set()
    assert await retry == 2
    await house.say("last")
    assert await house.arrived()
    assert await _parked(house) == []
    assert await _in_order(house)


async def test_two_retries_at_once_apply_what_is_parked_once(house: House) -> None:
    mending = Mending()
    await house.relay()
    await house.reader(mending.reader)
    await house.say("bad", streams=1)
    assert await house.arrived()
    await house.say("hold", streams=1)
    assert await house.arrived()
    mending.mended = True
    number = await _first_parked(house)
    first = asyncio.ensure_future(retry_parked(house.target, house.receivings, number))
    await asyncio.wait_for(mending.held.wait(), WAIT_SECONDS)
    second = asyncio.ensure_future(retry_parked(house.target, house.receivings, number))
    await _until_somebody_waits(house, second)
    mending.released.set()
    assert await first == 2
    with pytest.raises(NotParked):
        await second
    assert await house.taken() == ["bad", "hold"]
