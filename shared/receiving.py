"""Receiving: another service's events in batches, each once and in order, and parked where it cannot be applied."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import asyncpg
import nats.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.away import DATABASE_AWAY, LOST_RACE
from shared.envelope import NO_STORE, BadEnvelope, Envelope, Received, read_envelope
from shared.event_store import START, Connection, Overtaken, Pool, Position
from shared.lease import Lease
from shared.provisioning import ensure_consumer
from shared.sql import queries
from shared.stopping import stop_if_cancelled
from shared.subjects import stream_of
from shared.tracing import OFF, Tracing, trace_id_of
from shared.withheld import withheld

SQL = queries(__file__)

BATCH_MAX = 500
FETCH_SECONDS = 1.0
API_SECONDS_MAX = 5.0
RETRY_SECONDS = 1.0
ATTEMPTS_MAX = 5
"""Tries of a batch that failed for a passing reason, before the reader begins again from its checkpoint."""
BACKOFF_SECONDS = 0.05
WAIT_SECONDS_MIN = 0.002
WAIT_SECONDS_MAX = 0.05

AT_WORK = frozenset({"idle", "receiving"})
"""States between which a healthy reader goes to and fro: no line of the log is written for it."""
PASSING = (Overtaken, *LOST_RACE)
AWAY = DATABASE_AWAY

Project = Callable[[Connection, Sequence[Received]], Awaitable[None]]
OnTaken = Callable[[str, Sequence[Envelope], float], None]
"""Is told which reader has taken which events, and in how many seconds."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One service's reading of another: *project* runs in the transaction that moves the checkpoint."""

    name: str
    source: str
    project: Project


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A reader's place in its source's log; the stream's sequence is a hint for one creation of the stream."""

    store_id: UUID | None
    position: Position
    stream_sequence: int
    stream_created: datetime | None


@dataclass
class ReaderState:
    """What an operator sees of a reader."""

    name: str = "starting"
    position: Position = START
    stream_sequence: int = 0
    stream_last: int = 0
    event_time: datetime | None = None
    waiting_since: datetime | None = None
    """When the next event, which the reader has yet to take, was stored in its log; looked up while it lags."""
    parked: int = 0
    received_total: int = 0
    last_success: float = field(default_factory=time.monotonic)
    error: str | None = None

    @property
    def lag_events(self) -> int:
        return max(self.stream_last - self.stream_sequence, 0)


class Rewound(Exception):
    """What was fetched does not follow the checkpoint: fetch again from the checkpoint."""


class LeaseLost(Exception):
    """Another replica moved the checkpoint: this one stops and asks for the lease again."""


class SourceReplaced(Exception):
    """The stream carries the events of another log than the one this reader has read so far."""


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
        self._on_taken = on_taken
        self._tracing = tracing
        self.state = ReaderState()

    async def run(self) -> None:
        """Receive until cancelled; a failure is waited out and begun again at the checkpoint."""
        try:
            while True:
                try:
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
        await ensure_consumer(self._js, self.reader.source, self.reader.name)
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
                    messages = await subscription.fetch(BATCH_MAX, timeout=FETCH_SECONDS)
                except (TimeoutError, nats.errors.TimeoutError):
                    messages = []
                if not messages:  # also where the server ended the request early
                    await self._look_at_the_stream(checkpoint)
                    continue
                checkpoint = await self._take(checkpoint, messages)
                await messages[-1].ack()
        finally:
            await subscription.unsubscribe()

    async def _step_over_withheld(self, checkpoint: Checkpoint) -> Checkpoint:
        """Park what stands behind the checkpoint and would never be fetched; return the checkpoint behind it."""
        stream = stream_of(self.reader.source)
        while message := await withheld(self._client, stream, checkpoint.stream_sequence + 1):
            moved = replace(checkpoint, stream_sequence=checkpoint.stream_sequence + 1)
            foreign = _foreign(self.reader.source, moved.stream_sequence, message.data, message.time)
            await self._apply(checkpoint, moved, [], [foreign])
            checkpoint = moved
            self.state.stream_sequence = moved.stream_sequence
        return checkpoint

    async def _load_checkpoint(self) -> Checkpoint:
        await self._pool.execute(SQL.make_checkpoint, self.reader.name)
        row = await self._pool.fetchrow(SQL.checkpoint, self.reader.name)
        assert row is not None  # noqa: S101 - made in the line before
        checkpoint = _checkpoint(row)
        self.state.position = checkpoint.position
        self.state.stream_sequence = checkpoint.stream_sequence
        self.state.parked = await self._pool.fetchval(SQL.count_parked, self.reader.name)
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
        messages = _following(checkpoint.stream_sequence, messages)
        last = messages[-1].metadata
        envelopes = [_envelope(self.reader.source, message) for message in messages]
        foreign = [envelope for envelope in envelopes if envelope.store_id == NO_STORE]
        fresh = _fresh(checkpoint.position, envelopes)
        _check_store(checkpoint, fresh)
        moved = Checkpoint(
            fresh[-1].store_id if fresh else checkpoint.store_id,
            fresh[-1].position if fresh else checkpoint.position,
            last.sequence.stream,
            checkpoint.stream_created,
        )
        began = time.monotonic()
        with self._tracing.processing(self.reader.name, fresh) as traced:
            await self._apply(checkpoint, moved, traced, foreign)
        self._on_taken(self.reader.name, fresh, time.monotonic() - began)
        self.state.position = moved.position
        self.state.stream_sequence = moved.stream_sequence
        self.state.stream_last = moved.stream_sequence + (last.num_pending or 0)
        self.state.received_total += len(fresh)
        if fresh:
            self.state.event_time = fresh[-1].time
        self._succeeded("receiving")
        self._moved.set()
        return moved

    async def _apply(
        self,
        before: Checkpoint,
        after: Checkpoint,
        fresh: Sequence[Envelope],
        foreign: Sequence[Envelope],
    ) -> None:
        one_by_one = bool(self.state.parked)
        for attempt in range(ATTEMPTS_MAX):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await self._move(connection, before, after, fresh)
                    for envelope in foreign:
                        await self._park(connection, envelope, BadEnvelope.__name__)
                    if one_by_one:
                        await self._apply_each(connection, fresh)
                    elif fresh:
                        await self.reader.project(connection, [envelope.open() for envelope in fresh])
            except PASSING:
                await asyncio.sleep(BACKOFF_SECONDS * 2**attempt)
            except (*AWAY, LeaseLost):
                raise
            except Exception as why:
                if one_by_one:
                    raise
                # One bad event must not stop the others: find it, and park it alone.
                self._log.warning("batch_failed", reader=self.reader.name, error=type(why).__name__)
                one_by_one = True
            else:
                return
        raise Overtaken(self.reader.name)

    async def _apply_each(self, connection: Connection, fresh: Sequence[Envelope]) -> None:
        """Apply events each in a savepoint: park the bad one, and those behind it in its stream."""
        streams = list({envelope.stream_id for envelope in fresh})
        rows = await connection.fetch(SQL.parked_streams, self.reader.name, streams)
        waiting = {row["stream_id"] for row in rows}
        for envelope in fresh:
            if envelope.stream_id in waiting:
                await self._park(connection, envelope, "behind_parked")
                continue
            try:
                async with connection.transaction():
                    await self.reader.project(connection, [envelope.open()])
            except (*PASSING, *AWAY):
                raise
            except Exception as why:  # noqa: BLE001 - parked with its reason
                waiting.add(envelope.stream_id)
                await self._park(connection, envelope, f"{type(why).__name__}")

    async def _park(self, connection: Connection, envelope: Envelope, error: str) -> None:
        await connection.execute(
            SQL.park,
            self.reader.name,
            envelope.source,
            envelope.store_id,
            *envelope.position,
            envelope.stream_id,
            envelope.version,
            envelope.event_id,
            envelope.event_type,
            envelope.schema_version,
            envelope.data,
            orjson.dumps(dict(envelope.meta)).decode(),
            error,
        )
        self.state.parked += 1
        self._log.error(
            "event_parked",
            reader=self.reader.name,
            event_id=envelope.event_id,
            event_type=envelope.event_type,
            error=error,
            position=str(envelope.position),
            trace_id=trace_id_of(envelope.meta.get("traceparent")),
        )

    async def _move(
        self, connection: Connection, before: Checkpoint, after: Checkpoint, fresh: Sequence[Envelope]
    ) -> None:
        moved = await connection.fetchval(
            SQL.move_checkpoint,
            self.reader.name,
            *before.position,
            after.store_id,
            *after.position,
            after.stream_sequence,
            after.stream_created,
            fresh[-1].time if fresh else self.state.event_time,
        )
        if not moved:
            raise LeaseLost(self.reader.name)

    async def caught_up(self, position: Position, timeout_seconds: float) -> bool:
        """Wait until the checkpoint is at or behind *position*'s end; return whether it came in time."""
        return await caught_up(self._pool, self.reader.name, position, timeout_seconds, self._moved)


def _following(sequence: int, messages: Sequence[Msg]) -> Sequence[Msg]:
    """Return the messages that follow *sequence* without a gap; raises Rewound where none does."""
    first, last = messages[0].metadata.sequence.stream, messages[-1].metadata.sequence.stream
    if (first, last) == (sequence + 1, sequence + len(messages)):
        return messages
    numbered = enumerate(messages, start=sequence + 1)
    following = [message for number, message in numbered if message.metadata.sequence.stream == number]
    if not following:
        raise Rewound(f"fetched from {first}, not {sequence + 1}")
    return following


def _envelope(source: str, message: Msg) -> Envelope:
    """Read a message; one without a relay's headers is no event of any log and gets no place in one."""
    try:
        return read_envelope(source, message.headers, message.data)
    except BadEnvelope:
        place = message.metadata
        return _foreign(source, place.sequence.stream, message.data, place.timestamp)


def _foreign(source: str, sequence: int, data: bytes, time: datetime) -> Envelope:
    return Envelope(
        event_id="",
        event_type="",
        schema_version=0,
        stream_id=f"foreign-{sequence}",
        version=0,
        position=Position(0, sequence),
        store_id=NO_STORE,
        data=data,
        meta={},
        source=source,
        time=time,
    )


def _fresh(taken: Position, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Return the events behind *taken*, and of each that was told again in this batch the first."""
    fresh = []
    for envelope in envelopes:
        if envelope.store_id != NO_STORE and envelope.position > taken:
            taken = envelope.position
            fresh.append(envelope)
    return fresh


def _check_store(checkpoint: Checkpoint, fresh: Sequence[Envelope]) -> None:
    stores = {envelope.store_id for envelope in fresh} | ({checkpoint.store_id} - {None})
    if len(stores) > 1:
        raise SourceReplaced(f"events of {len(stores)} logs")


def _checkpoint(row: asyncpg.Record) -> Checkpoint:
    return Checkpoint(
        row["store_id"], Position(row["tx"], row["position"]), row["stream_seq"], row["stream_created"]
    )


async def checkpoint_of(connection: Connection | Pool, reader: str) -> Position:
    """Return the last position that *reader* has taken, START before the first."""
    row = await connection.fetchrow(SQL.checkpoint, reader)
    return START if row is None else Position(row["tx"], row["position"])


async def caught_up(
    pool: Pool, reader: str, position: Position, timeout_seconds: float, moved: asyncio.Event | None = None
) -> bool:
    """Wait until *reader* has taken *position*, at most *timeout_seconds*; return whether it has."""
    deadline = time.monotonic() + timeout_seconds
    pause = WAIT_SECONDS_MIN
    while await checkpoint_of(pool, reader) < position:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        pause = min(pause * 2, WAIT_SECONDS_MAX, remaining)
        if moved is None:
            await asyncio.sleep(pause)
            continue
        moved.clear()
        try:
            async with asyncio.timeout(pause):
                await moved.wait()
        except TimeoutError:
            continue
    return True
