"""Receiving: another service's events in batches, each once and in order, by whichever replica holds the lease."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NoReturn
from uuid import UUID

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.applying import Applying, count_parked
from shared.batch import Rewound, check_store, envelope_of, following, foreign, fresh_in
from shared.checkpoint import Checkpoint, caught_up, load_checkpoint
from shared.envelope import NO_STORE, Envelope
from shared.event_store import Pool, Position
from shared.lease import Lease
from shared.reader import Reader, ReaderState
from shared.stopping import stop_if_cancelled
from shared.subjects import stream_of
from shared.tracing import OFF, Tracing
from shared.withheld import withheld

BATCH_MAX = 500
FETCH_SECONDS = 1.0
API_SECONDS_MAX = 5.0
RETRY_SECONDS = 1.0

AT_WORK = frozenset({"idle", "receiving"})
"""States between which a healthy reader goes to and fro: no line of the log is written for it."""

OnTaken = Callable[[str, Sequence[Envelope], float], None]
"""Is told which reader has taken which events, and in how many seconds."""


class Receiving:
    """One reader at work. Run it in every replica: the lease lets one fetch, the checkpoint guards."""

    def __init__(
        self,
        pool: Pool,
        client: Client,
        reader: Reader,
        holder: UUID,
        *,
        on_taken: OnTaken = lambda _reader, _taken, _seconds: None,
        tracing: Tracing = OFF,
    ) -> None:
        self._pool = pool
        self._client = client
        self._js: JetStreamContext = client.jetstream(timeout=API_SECONDS_MAX)
        self.reader = reader
        self._lease = Lease(pool, f"reader:{reader.name}", holder)
        self._log = structlog.get_logger()
        self._moved = asyncio.Event()
        self._rewound_at = -1
        self._fetch_max = BATCH_MAX
        self._on_taken = on_taken
        self._tracing = tracing
        self.state = ReaderState()
        self._applying = Applying(pool, reader, self.state)

    async def run(self) -> None:
        """Receive until cancelled; a failure is waited out and begun again at the checkpoint."""
        try:
            while True:
                try:
                    if not await self._lease.hold():
                        self._say("waiting_for_lease")
                        await self._lease.wait()
                    await self._receive_for_ever()
                except Rewound as why:
                    self._say("rewound", why)
                    stop_if_cancelled()
                    if self._got_on():
                        continue
                except Exception as why:  # noqa: BLE001 - whatever failed, the checkpoint says where to go on
                    self._say("failing", why)
                stop_if_cancelled()
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            await self._lease.give_back()

    def _say(self, name: str, why: Exception | None = None) -> None:
        if name != self.state.name and not {name, self.state.name} <= AT_WORK:
            level = self._log.warning if why else self._log.info
            error = type(why).__name__ if why else None
            level("reader_state", reader=self.reader.name, state=name, error=error)
        self.state.name = name
        self.state.error = type(why).__name__ if why else None

    def _got_on(self) -> bool:
        """Return whether anything was taken since this was asked before: who rewinds in vain is to wait."""
        before, self._rewound_at = self._rewound_at, self.state.stream_sequence
        return self._rewound_at != before

    async def _receive_for_ever(self) -> None:
        stream = stream_of(self.reader.source)
        checkpoint = await self._load_checkpoint()
        await self._js.consumer_info(
            stream, self.reader.name
        )  # its source makes it: a reset of none has no answer
        info = await self._js.stream_info(stream)
        same_stream = (
            info.created == checkpoint.stream_created and info.state.last_seq >= checkpoint.stream_sequence
        )
        start = checkpoint.stream_sequence if same_stream else 0
        checkpoint = Checkpoint(checkpoint.store_id, checkpoint.position, start, info.created)
        checkpoint = await self._step_over_withheld(checkpoint)
        start = checkpoint.stream_sequence
        await self._js.reset_consumer(stream, self.reader.name, seq=start + 1)
        self.state.stream_last = info.state.last_seq
        subscription = await self._js.pull_subscribe_bind(
            self.reader.name,
            stream,
            inbox_prefix=bytes(self._client._inbox_prefix) + b".",  # noqa: SLF001 - only there
        )
        try:
            while await self._lease.hold():
                stop_if_cancelled()
                try:
                    messages = await subscription.fetch(self._fetch_max, timeout=FETCH_SECONDS)
                except (TimeoutError, nats.errors.TimeoutError):
                    messages = []
                except Exception as why:  # noqa: BLE001 - what stands in a message decides what the client raises
                    self._come_nearer(why)
                if not messages:  # also where the server ended the request early
                    await self._look_at_the_stream(checkpoint)
                    continue
                checkpoint = await self._take(checkpoint, messages)
                self._fetch_max = min(2 * self._fetch_max, BATCH_MAX)
                await messages[-1].ack()
        finally:
            await subscription.unsubscribe()

    def _come_nearer(self, why: Exception) -> NoReturn:
        """Begin again with one message at a time: the client may have taken a message for an error of the server.

        With it, it throws away those that it had fetched before. Once it is the next, it is stepped over.
        """
        among_others, self._fetch_max = self._fetch_max > 1, 1
        if among_others:
            raise Rewound("an error among the messages") from why
        raise why

    async def _step_over_withheld(self, checkpoint: Checkpoint) -> Checkpoint:
        """Park what stands behind the checkpoint and would never be fetched; return the checkpoint behind it."""
        stream = stream_of(self.reader.source)
        while message := await withheld(self._client, stream, checkpoint.stream_sequence + 1):
            moved = replace(checkpoint, stream_sequence=checkpoint.stream_sequence + 1)
            strange = foreign(self.reader.source, moved.stream_sequence, message.data, message.time)
            await self._applying.apply(checkpoint, moved, [], [strange])
            checkpoint = moved
            self.state.stream_sequence = moved.stream_sequence
        return checkpoint

    async def _load_checkpoint(self) -> Checkpoint:
        checkpoint = await load_checkpoint(self._pool, self.reader.name)
        self.state.position = checkpoint.position
        self.state.stream_sequence = checkpoint.stream_sequence
        self.state.parked = await count_parked(self._pool, self.reader.name)
        return checkpoint

    async def _look_at_the_stream(self, checkpoint: Checkpoint) -> None:
        """Nothing came: see that the stream and the consumer are still those that were bound."""
        try:
            info = await self._js.consumer_info(stream_of(self.reader.source), self.reader.name)
        except NotFoundError as gone:
            raise Rewound("the consumer is gone") from gone
        delivered = info.delivered.stream_seq if info.delivered else 0
        self.state.stream_last = checkpoint.stream_sequence + (info.num_pending or 0)
        if delivered != checkpoint.stream_sequence and not info.num_pending:
            raise Rewound("the consumer is not where the checkpoint is")
        self._succeeded("idle")

    def _succeeded(self, name: str) -> None:
        self._say(name)
        self.state.last_success = time.monotonic()

    async def _take(self, checkpoint: Checkpoint, messages: Sequence[Msg]) -> Checkpoint:
        """Apply a fetched batch once; return the checkpoint behind it."""
        messages = following(checkpoint.stream_sequence, messages)
        last = messages[-1].metadata
        envelopes = [envelope_of(self.reader.source, message) for message in messages]
        strange = [envelope for envelope in envelopes if envelope.store_id == NO_STORE]
        fresh = fresh_in(checkpoint.position, envelopes)
        check_store(checkpoint, fresh)
        moved = Checkpoint(
            fresh[-1].store_id if fresh else checkpoint.store_id,
            fresh[-1].position if fresh else checkpoint.position,
            last.sequence.stream,
            checkpoint.stream_created,
        )
        began = time.monotonic()
        with self._tracing.processing(self.reader.name, fresh) as traced:
            await self._applying.apply(checkpoint, moved, traced, strange)
        self._on_taken(self.reader.name, fresh, time.monotonic() - began)
        self.state.position = moved.position
        self.state.stream_sequence = moved.stream_sequence
        self.state.stream_last = moved.stream_sequence + (last.num_pending or 0)
        self.state.received_total += len(fresh)
        if fresh:
            self.state.event_time = fresh[-1].time
        self._succeeded("receiving")
        self._moved.set()
        self._moved = asyncio.Event()
        return moved

    async def caught_up(self, position: Position, timeout_seconds: float) -> bool:
        """Wait until the reader has taken *position*, here or in another replica; return whether it came in time.

        What is taken here is known without a question to the database, and wakes who waits at once.
        """
        return self.state.position >= position or await caught_up(
            self._pool, self.reader.name, position, timeout_seconds, partial(self._until_taken, position)
        )

    async def _until_taken(self, position: Position, seconds: float) -> None:
        """Return as soon as this replica has taken *position*, else when *seconds* are over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.state.position < position:
                    await self._moved.wait()
