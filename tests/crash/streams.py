"""What is done to the streams themselves: filled, deleted, made anew, put back to an earlier copy."""

import asyncio
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.provisioning import STREAM_BYTES_MAX
from shared.subjects import SERVICES, SOURCES, stream_of
from tests.crash.deployment import House, signal_all
from tests.streams_anew import add_stream_again

ASK_SECONDS_MAX = 20.0
READERS = [(source, reader) for reader, sources in SOURCES.items() for source in sources]
"""Every source with each of its readers."""

Given = TypeVar("Given")


async def on_the_bus(address: str, work: Callable[[JetStreamContext], Awaitable[Given]]) -> Given:
    """Do *work* at *address*, the operator's, past every link."""
    client = await nats.connect(address, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        return await work(client.jetstream(timeout=ASK_SECONDS_MAX))
    finally:
        await client.close()


class InVain(Exception):
    """There was nothing to do it to: the act is to come again when there is."""


class StreamActs:
    """Acts on the streams of one deployment; the server runs when they are called."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self._house, self._chance = house, chance
        self._copied: list[dict[str, int]] = []
        """Of each copy how many messages each stream had in it."""

    def leave_no_room(self) -> str:
        """Let every stream be as large as it may be: whoever speaks next is refused."""
        held = {service: self._limit(service, lambda held: max(held, 1)) for service in SERVICES}
        return (
            f"left no room in any stream: {', '.join(f'{name} {size} bytes' for name, size in held.items())}"
        )

    def heal(self) -> None:
        """Give every stream its room again: a copy may have been made while one was full."""
        for service in SERVICES:
            self._limit(service, lambda _held: STREAM_BYTES_MAX)

    def delete(self) -> str:
        service, messages = self._spoken()

        async def work(js: JetStreamContext) -> None:
            await js.delete_stream(stream_of(service))

        self._do(work)
        return f"deleted {stream_of(service)} with {messages} messages"

    def remake(self) -> str:
        service, messages = self._spoken()

        async def work(js: JetStreamContext) -> None:
            config = (await js.stream_info(stream_of(service))).config
            await js.delete_stream(stream_of(service))
            await add_stream_again(js, config)

        self._do(work)
        return f"deleted {stream_of(service)} with {messages} messages and made it anew, empty"

    def delete_consumer(self) -> str:
        source, reader = self._chance.choice(READERS)
        consumer = f"{reader}-from-{source}"

        async def work(js: JetStreamContext) -> None:
            await js.delete_consumer(stream_of(source), consumer)

        self._do(work)
        return f"deleted the consumer {consumer}"

    def copy(self) -> str:
        """Copy the folder of every stream as it is at one moment."""
        messages = self._messages()
        pid = [self._house.bus.process.pid]
        signal_all(pid, signal.SIGSTOP)
        try:
            self._copied.append(messages)
            for service in SERVICES:
                folder = self._folder(service)
                if folder.exists():
                    shutil.copytree(folder, self._copy_of(service, len(self._copied)))
        finally:
            signal_all(pid, signal.SIGCONT)
        return f"made copy {len(self._copied)} of the streams' folders"

    def restore(self) -> str:
        """Put an earlier copy of a stream's folder, with less in it, in its place while the server is away."""
        now = self._messages()
        earlier = [
            (service, number, now[service] - held.get(service, 0))
            for number, held in enumerate(self._copied, start=1)
            for service in SERVICES
            if now.get(service, 0) > held.get(service, 0) and self._copy_of(service, number).exists()
        ]
        if not earlier:
            raise InVain
        service, number, messages = self._chance.choice(earlier)
        self._house.bus.kill()
        shutil.rmtree(self._folder(service), ignore_errors=True)
        shutil.copytree(self._copy_of(service, number), self._folder(service))
        self._house.start_nats()
        return f"put copy {number} of {stream_of(service)} back, {messages} messages earlier"

    def _messages(self) -> dict[str, int]:
        """Return how many messages each stream that is there has."""

        async def work(js: JetStreamContext) -> dict[str, int]:
            found = {}
            for service in SERVICES:
                with suppress(NotFoundError):
                    found[service] = (await js.stream_info(stream_of(service))).state.messages
            return found

        return asyncio.run(on_the_bus(self._house.bus.url, work))

    def _spoken(self) -> tuple[str, int]:
        """Draw a stream with something in it; return its service and how much there is."""
        spoken = [(service, messages) for service, messages in sorted(self._messages().items()) if messages]
        if not spoken:
            raise InVain
        return self._chance.choice(spoken)

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

    def _do(self, work: Callable[[JetStreamContext], Awaitable[None]]) -> None:
        try:
            asyncio.run(on_the_bus(self._house.bus.url, work))
        except NotFoundError:
            raise InVain from None

    def _folder(self, service: str) -> Path:
        return self._house.stream_folder(service)

    def _copy_of(self, service: str, number: int) -> Path:
        return self._house.deployment.data / "copies" / str(number) / service
