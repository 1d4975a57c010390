"""An idle relay: nothing is said any more, and the stream it left is soon whole again, whatever became of it."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import nats.errors
import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared import relay
from tests.integration.house import STREAM, House, house, names, until
from tests.servers import BusServer, start_bus
from tests.streams_anew import add_stream_again

__all__ = ["house"]


@pytest.fixture
async def idle(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house whose relay has told everything and will be told nothing more."""
    monkeypatch.setattr(relay, "VERIFY_SECONDS", 0.3)
    await house.relay()
    await house.say(*names(30))
    await until(lambda: _whole(house))
    return house


async def _whole(house: House) -> bool:
    """Return whether the stream holds the log, event for event."""
    try:
        return await house.in_stream() == await house.in_log()
    except (NotFoundError, nats.errors.Error):
        return False  # there is none at this moment, or no server


async def _delete(js: JetStreamContext) -> None:
    await js.delete_stream(STREAM)


async def _make_anew(js: JetStreamContext) -> None:
    config = (await js.stream_info(STREAM)).config
    await js.delete_stream(STREAM)
    await add_stream_again(js, config)


@pytest.mark.parametrize("damage", [_delete, _make_anew], ids=["deleted", "made anew, and empty"])
async def test_a_stream_that_was_replaced_is_filled_again_though_nothing_is_said(
    idle: House, damage: Callable[[JetStreamContext], Awaitable[None]]
) -> None:
    await damage((await idle.operator()).jetstream())
    assert not await _whole(idle)
    await until(lambda: _whole(idle))


async def test_a_stream_restored_from_an_older_copy_is_filled_up_though_nothing_is_said(
    idle: House, nats_server: BusServer, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "bus", tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = len(await idle.in_log())
    await idle.say(*names(20, "after the copy"))
    await until(lambda: _whole(idle))
    nats_server.kill()
    shutil.rmtree(folder)
    copy.rename(folder)
    with start_bus(folder):
        await until(lambda: _whole(idle))
        assert len(await idle.in_stream()) == before + 20


async def test_a_stream_made_anew_with_as_many_messages_of_somebody_else_is_not_taken_for_the_old_one(
    idle: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        relay, "VERIFY_SECONDS", 3_600.0
    )  # the relay looks again when the stream is as long again
    client = await idle.client("registry")
    told = (await client.jetstream().stream_info(STREAM)).state.last_seq
    await _make_anew((await idle.operator()).jetstream())
    for _ in range(told):
        await client.jetstream().publish("kith.431299.431299200.registry.AreaDefined", b"{}")
    monkeypatch.setattr(relay, "VERIFY_SECONDS", 0.3)
    await until(lambda: _state(idle, "foreign_stream"))


async def _state(house: House, name: str) -> bool:
    return house.relays[0].state.name == name
