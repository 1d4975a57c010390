"""What is done to the streams themselves: filled, deleted, made anew, put back to an earlier copy."""

import asyncio
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.provisioning import STREAM_BYTES_MAX
from shared.subjects import SERVICES, stream_of
from tests.crash.deployment import House, signal_all
from tests.streams_anew import add_stream_again

ASK_SECONDS_MAX = 20.0
ROOM_BYTES = 20_000
READERS = (
    *(("registry", "pairing"), ("registry", "contact"), ("registry", "reporting")),
    *(("pairing", "contact"), ("pairing", "reporting"), ("contact", "reporting")),
)
"""Every source with each of its readers."""

Given = TypeVar("Given")


async def on_the_bus(address: str, work: Callable[[JetStreamContext], Awaitable[Given]]) -> Given:
    """Do *work* at *address*, the operator's, past every link."""
    client = await nats.connect(address, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        return await work(client.jetstream(timeout=ASK_SECONDS_MAX))
    finally:
        await client.close()


class StreamActs:
    """Acts on the streams of one deployment; the server runs when they are called."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self._house, self._chance = house, chance
        self._copies = 0
        self._full: set[str] = set()

    def leave_no_room(self, service: str) -> str:
        self._full.add(service)
        held = self._limit(service, lambda held: held + ROOM_BYTES)
        return f"left {stream_of(service)} no room beyond {held} bytes"

    def give_room(self, service: str) -> None:
        self._limit(service, lambda _held: STREAM_BYTES_MAX)
        self._full.discard(service)

    def heal(self) -> None:
        """Give every stream its room again: a copy may have been made while one was full."""
        for service in SERVICES:
            self.give_room(service)

    def delete(self, service: str) -> str:
        async def work(js: JetStreamContext) -> None:
            await js.delete_stream(stream_of(service))

        return f"{self._try(work)} {stream_of(service)}"

    def remake(self, service: str) -> str:
        async def work(js: JetStreamContext) -> None:
            config = (await js.stream_info(stream_of(service))).config
            await js.delete_stream(stream_of(service))
            await add_stream_again(js, config)

        return f"{self._try(work)} {stream_of(service)} and made it anew, empty"

    def delete_consumer(self) -> str:
        source, reader = self._chance.choice(READERS)
        consumer = f"{reader}-from-{source}"

        async def work(js: JetStreamContext) -> None:
            await js.delete_consumer(stream_of(source), consumer)

        return f"{self._try(work)} the consumer {consumer}"

    def copy(self) -> str:
        """Copy the folder of every stream as it is at one moment."""
        pid = [self._house.bus.process.pid]
        signal_all(pid, signal.SIGSTOP)
        try:
            self._copies += 1
            for service in SERVICES:
                folder = self._folder(service)
                if folder.exists():
                    shutil.copytree(folder, self._copy_of(service, self._copies))
        finally:
            signal_all(pid, signal.SIGCONT)
        return f"made copy {self._copies} of the streams' folders"

    def restore(self, service: str) -> str:
        """Put an earlier copy of a stream's folder in its place while the server is away."""
        made = [n for n in range(1, self._copies + 1) if self._copy_of(service, n).exists()]
        number = self._chance.choice(made)
        self._house.bus.kill()
        shutil.rmtree(self._folder(service), ignore_errors=True)
        shutil.copytree(self._copy_of(service, number), self._folder(service))
        self._house.start_nats()
        return f"put copy {number} of {stream_of(service)} back"

    def _limit(self, service: str, limit: Callable[[int], int]) -> int:
        async def work(js: JetStreamContext) -> int:
            info = await js.stream_info(stream_of(service))
            info.config.max_bytes = limit(info.state.bytes)
            await js.update_stream(info.config)
            return info.state.bytes

        try:
            return asyncio.run(on_the_bus(self._house.bus.url, work))
        except NotFoundError:
            return 0

    def _try(self, work: Callable[[JetStreamContext], Awaitable[None]]) -> str:
        try:
            asyncio.run(on_the_bus(self._house.bus.url, work))
        except NotFoundError:
            return "found no"
        return "deleted"

    def _folder(self, service: str) -> Path:
        return self._house.stream_folder(service)

    def _copy_of(self, service: str, number: int) -> Path:
        return self._house.deployment.data / "copies" / str(number) / service
