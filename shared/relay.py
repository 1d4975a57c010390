"""The relay: a service's log, event for event and in order, into its stream; the stream is its memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from uuid import UUID, uuid5

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from shared.acknowledging import ForeignStream, Refused, Unanswered, check_ack, state_after
from shared.envelope import STORE, Message, messages_of, place_of
from shared.event_store import SQL as LOG_SQL
from shared.event_store import START, Pool, Position, read_after
from shared.lease import Lease
from shared.provisioning import STREAM_BYTES_MAX, ensure_stream, keep_readers
from shared.stopping import stop_if_cancelled
from shared.subjects import doorbell_of, stream_of
from shared.tracing import OFF, Tracing

BATCH_MAX = 500
"""Events in one atomic batch; the server takes at most 1,000."""
BATCH_BYTES_MAX = 4 * 1024**2
ACK_SECONDS_MAX = 5.0
POLL_SECONDS_MIN = 0.005
POLL_SECONDS_MAX = 0.25
VERIFY_SECONDS = 5.0
"""How often an idle relay looks whether the stream still is what it left."""
RETRY_SECONDS = 1.0

AT_WORK = frozenset({"idle", "publishing"})
"""States between which a healthy relay goes to and fro: no line of the log is written for it."""

_BATCHES = UUID("2d5a1f6e-0d43-5f1c-8a56-3b7f1c9e4d20")


@dataclass
class RelayState:
    """What an operator sees of a relay."""

    name: str = "starting"
    published: Position = START
    found_its_place: bool = False
    """Whether *published* is what the stream said, and not where every relay begins."""
    stream_sequence: int = 0
    published_total: int = 0
    last_success: float | None = None
    """None: a process that was just started has not worked yet, whatever the one before it did."""
    error: str | None = None


class Relay:
    """Publishes one service's log. Run it in every replica: the lease lets one work, the fence guards."""

    def __init__(
        self,
        pool: Pool,
        client: Client,
        service: str,
        bell: asyncio.Event,
        holder: UUID,
        *,
        stream_bytes_max: int = STREAM_BYTES_MAX,
        stream_replicas: int = 1,
        on_published: Callable[[int], None] = lambda _count: None,
        tracing: Tracing = OFF,
    ) -> None:
        self._pool = pool
        self._client = client
        self._js = client.jetstream(timeout=ACK_SECONDS_MAX)
        self._service = service
        self._bell = bell
        self._lease = Lease(pool, "relay", holder)
        self._stream_bytes_max, self._stream_replicas = stream_bytes_max, stream_replicas
        self._on_published = on_published
        self._tracing = tracing
        self._log = structlog.get_logger()
        self._store: UUID | None = None
        self._stream_made_at: datetime | None = None
        self.state = RelayState()

    async def run(self) -> None:
        """Relay until cancelled; every failure is waited out, said once, and begun again from the stream."""
        doorbell = await self._client.subscribe(doorbell_of(self._service), cb=self._ring)
        try:
            while True:
                try:
                    if not await self._lease.hold():
                        self._say("waiting_for_lease")
                        await self._lease.wait()
                    await self._resume()
                    await self._keep_readers_while(self._publish_for_ever())
                except Exception as why:  # noqa: BLE001 - whatever failed, the stream says where to go on
                    self._say(state_after(why), why)
                stop_if_cancelled()
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            await self._lease.give_back()
            with suppress(nats.errors.Error):
                await doorbell.unsubscribe()

    async def _ring(self, _message: Msg) -> None:
        self._bell.set()

    def _say(self, name: str, why: Exception | None = None) -> None:
        if name != self.state.name and not {name, self.state.name} <= AT_WORK:
            error = type(why).__name__ if why else None
            level = self._log.warning if why else self._log.info
            level("relay_state", state=name, error=error, position=str(self.state.published))
        self.state.name = name
        self.state.error = str(why) if why else None

    async def _resume(self) -> None:
        """Ask the stream for its last message: that is where this log goes on."""
        info = await ensure_stream(
            self._js, self._service, bytes_max=self._stream_bytes_max, replicas=self._stream_replicas
        )
        self._store = await self._pool.fetchval(LOG_SQL.store_id)
        self._stream_made_at = info.created
        self.state.stream_sequence = info.state.last_seq
        self.state.published, self.state.found_its_place = START, False
        if info.state.last_seq:
            # An empty one that counts on leaves readers waiting for what stood there; one made anew begins at one.
            if not info.state.messages:
                raise ForeignStream(
                    f"{stream_of(self._service)} lost all, and counts from {info.state.last_seq}"
                )
            last = await self._js.get_msg(stream_of(self._service), info.state.last_seq)
            headers = last.headers or {}
            if headers.get(STORE) != str(self._store):
                raise ForeignStream(f"{stream_of(self._service)} ends with an event of another log")
            self.state.published = place_of(headers)
        self.state.found_its_place = True

    async def _keep_readers_while(self, publishing: Awaitable[None]) -> None:
        keeping = asyncio.create_task(keep_readers(self._js, self._service))
        try:
            await publishing
        finally:
            keeping.cancel()

    async def _publish_for_ever(self) -> None:
        pause = POLL_SECONDS_MIN
        verified = time.monotonic()
        while await self._lease.hold():
            stop_if_cancelled()
            self._bell.clear()
            if batch := await self._batch_after(self.state.published):
                await self._publish_batches(batch)
                pause, verified = POLL_SECONDS_MIN, time.monotonic()
                continue
            if time.monotonic() - verified > VERIFY_SECONDS:
                await self._verify()
                verified = time.monotonic()
            self._succeeded("idle")
            pause = min(pause * 2, POLL_SECONDS_MAX)
            await self._wait_for_bell(pause)

    async def _publish_batches(self, batch: Sequence[Message]) -> None:
        """Publish *batch* and those behind it, each made and sent while the server writes down the one before."""
        end, before, publishing = self.state.stream_sequence, None, None
        try:
            while batch and await self._lease.hold():
                stop_if_cancelled()
                publishing = asyncio.create_task(self._publish(batch, end, before))
                end += len(batch)
                batch = await self._batch_after(batch[-1].place)
                if before:
                    await before
                before = publishing
            if before:
                await before
        finally:
            await _called_off(before, publishing)

    async def _batch_after(self, place: Position) -> Sequence[Message]:
        assert self._store is not None  # noqa: S101 - set by _resume
        async with self._pool.acquire() as connection:
            page = await read_after(connection, place, BATCH_MAX)
        sizes = accumulate(len(outgoing.data) for outgoing in page)
        fitting = sum(size <= BATCH_BYTES_MAX for size in sizes)
        return messages_of(self._service, self._store, page[: max(fitting, 1)])

    async def _wait_for_bell(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _verify(self) -> None:
        try:
            info = await self._js.stream_info(stream_of(self._service))
        except NotFoundError as gone:
            raise Refused("the stream is gone") from gone
        if info.created != self._stream_made_at:
            raise Refused(f"the stream was made anew at {info.created}")
        if info.state.last_seq != self.state.stream_sequence:
            raise Refused(f"the stream ends at {info.state.last_seq}, not {self.state.stream_sequence}")

    async def _publish(self, batch: Sequence[Message], end: int, before: asyncio.Task[None] | None) -> None:
        """Publish all of *batch* or nothing, and only if the stream then ends at *end*, where *before* leaves it.

        It is sent at once and sealed when *before* is done: what fails there leaves nothing of it either.
        """
        _number(batch, end)
        with self._tracing.publishing(stream_of(self._service), [message.headers for message in batch]):
            for message in batch[:-1]:
                await self._client.publish(message.subject, message.body, headers=message.headers)
            if before:
                await before
            await self._seal(batch[-1])
        self.state.stream_sequence += len(batch)
        self.state.published = batch[-1].place
        self.state.published_total += len(batch)
        self._on_published(len(batch))
        self._succeeded("publishing")

    def _succeeded(self, name: str) -> None:
        self._say(name)
        self.state.last_success = time.monotonic()

    async def _seal(self, message: Message) -> None:
        """Publish the last message of a batch, which the server answers for all."""
        _, subject, body, headers = message
        try:
            reply = await self._client.request(subject, body, timeout=ACK_SECONDS_MAX, headers=headers)
        except nats.errors.NoRespondersError as gone:
            raise Refused("no stream takes this subject") from gone
        except nats.errors.TimeoutError as silent:
            raise Unanswered(stream_of(self._service), ACK_SECONDS_MAX) from silent
        check_ack(reply.data)


def _number(batch: Sequence[Message], end: int) -> None:
    """Let the headers of *batch* say where the stream must end, and that these belong together."""
    batch[0].headers["Nats-Expected-Last-Sequence"] = str(end)
    if len(batch) > 1:
        batch_id = str(uuid5(_BATCHES, f"{batch[0].place}{time.monotonic_ns()}"))
        for n, message in enumerate(batch, start=1):
            message.headers["Nats-Batch-Id"] = batch_id
            message.headers["Nats-Batch-Sequence"] = str(n)
        batch[-1].headers["Nats-Batch-Commit"] = "1"


async def _called_off(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel what is under way still, and return when nothing of it is."""
    under_way = [task for task in tasks if task]
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
