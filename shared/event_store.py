"""The append-only log of a service: append if nobody else did, load a stream, read everything in order."""

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from shared.contracts.catalogue import decode, encode
from shared.contracts.event import Event
from shared.dated_ids import event_id
from shared.sql import queries
from shared.tracing import span

SQL = queries(__file__)

if TYPE_CHECKING:  # asyncpg's classes take parameters for the checker only
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool

ACQUIRE_SECONDS = 5.0
"""How long a request waits for a free connection before it is told to come again."""
EVENTS_MAX = 20_000
"""Events in one append_many: a longer one would hold every reader's horizon for seconds."""
EVENT_CHARS_MAX = 200_000
"""A message on the bus has 1 MiB with its headers, and a character takes four bytes at most."""
COPIED_MIN = 100
"""Events from which on COPY, which takes two round trips more, is faster than one statement with arrays."""
STREAMS_KEY = "streams_pkey"
"""What beginning a stream breaks that is there already."""
COLUMNS = ("tx", "version", "schema_version", "event_id", "stream_id", "event_type", "data", "meta")
"""What is written of an event; its position and time are the server's."""


Written: TypeAlias = tuple[UUID, str, int, str]
"""An event's id, type, schema version and body."""


class Position(NamedTuple):
    """A place in a service's log. Positions compare as they are read; the text form is opaque to others."""

    tx: int
    position: int

    def __str__(self) -> str:
        return f"{self.tx}-{self.position}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Return the position that *text* writes; raise ValueError where it is none."""
        tx, _, position = text.partition("-")
        return cls(int(tx), int(position))


START = Position(0, 0)


class NewEvent(NamedTuple):
    """An event that is to be appended, and its id."""

    event_id: UUID
    event: Event

    @classmethod
    def named(cls, name: UUID, event: Event) -> "NewEvent":
        """Return *event* with its id, which begins with its day and area, and the *name* that its cause gives it."""
        return cls(event_id(name, event), event)


@dataclass(frozen=True, slots=True)
class Append:
    """What is to be added to one stream.

    *expected*: None any version, 0 no stream yet, n exactly n. *claims* are taken with the append or
    nothing is; *releases* are given back with it.
    """

    stream: str
    events: Sequence[NewEvent]
    expected: int | None = None
    claims: Sequence[str] = ()
    releases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Meta:
    """Where events come from: stored beside each, published in its headers. No personal data."""

    command_id: UUID
    correlation_id: UUID
    caller: str
    traceparent: str | None = None

    def as_json(self, traceparent: str | None = None) -> str:
        """Return it as it is stored with events that lead to *traceparent*, or else to where the command came from."""
        return orjson.dumps(
            {
                "command_id": self.command_id,
                "correlation_id": self.correlation_id,
                "caller": self.caller,
                "traceparent": traceparent or self.traceparent,
            }
        ).decode()


class Recorded(NamedTuple):
    """An event as the log holds it."""

    tx: int
    position: int
    version: int
    schema_version: int
    event_id: UUID
    stream_id: str
    event_type: str
    data: str
    meta: str
    stored_at: datetime

    @property
    def place(self) -> Position:
        return Position(self.tx, self.position)


class Outgoing(NamedTuple):
    """An event on its way to the bus, written out as headers say it; *traceparent* is None where nobody traced."""

    tx: int
    position: int
    event_id: str
    stream_id: str
    event_type: str
    version: int
    schema_version: int
    stored_at: str
    area: str | None
    correlation_id: str
    traceparent: str | None
    data: str

    @property
    def event(self) -> Event:
        """The event itself, decoded anew each time; raises UnknownEvent or ValidationError where no contract fits."""
        return decode(self.event_type, self.schema_version, self.data)

    @property
    def place(self) -> Position:
        return Position(self.tx, self.position)


class Outcome(StrEnum):
    """What became of one stream of a bulk append."""

    TAKEN = "taken"
    CONFLICT = "conflict"
    CLAIMED = "claimed"
    ALREADY = "already"


OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class WrongVersion(Exception):
    """The stream is not at the version that was expected: load it again and decide anew."""


class Overtaken(Exception):
    """Another transaction was first, or is a later one: try again in a new transaction."""


class EventTooLong(ValueError):
    """The bus would never take this event, and the log never give it up: nothing behind it would be told again."""


class ClaimTaken(Exception):
    """Another stream holds a claim that this append needs: the rule it stands for would be broken."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__("a claim that this append needs is held by another stream")
        self.keys = tuple(keys)


def _traced(events: int) -> AbstractContextManager[str | None]:
    """Trace an append; give the traceparent that its events are to lead to, None where it is not traced."""
    return span("append", "client", {"db.system.name": "postgresql", "kith.events": events})


async def append(connection: Connection, wanted: Append, meta: Meta) -> None:
    """Append to one stream.

    Raises WrongVersion, ClaimTaken, or Overtaken (any version was expected, but this transaction
    began before the stream's last one). A stream that was expected not to be there and is makes the
    transaction unusable. With claims, events that are in the log already count as appended. Without, a repeat
    raises WrongVersion or UniqueViolationError where it is of the same day; `once` refuses one of another day at its
    end, and answers each from the first.
    """
    if wanted.claims or wanted.releases:
        await _append_with_claims(connection, wanted, meta)
        return
    try:
        with _traced(len(wanted.events)) as traceparent:
            done = await _append_alone(connection, wanted, meta.as_json(traceparent))
    except asyncpg.UniqueViolationError as begun:
        if begun.constraint_name != STREAMS_KEY:
            raise
        raise WrongVersion(wanted.stream) from begun
    if done.endswith(" 0"):  # as many rows were written
        raise Overtaken(wanted.stream) if wanted.expected is None else WrongVersion(wanted.stream)


def _append_alone(connection: Connection, wanted: Append, why: str) -> Coroutine[None, None, str]:
    stream, events, expected = wanted.stream, wanted.events, wanted.expected
    if len(events) > 1:
        written = zip(*map(_written, events), strict=True)
        if expected == 0:
            return connection.execute(SQL.append_several_first, stream, *written, why)
        return connection.execute(SQL.append_several, stream, *written, why, expected)
    if expected is None:
        return connection.execute(SQL.append_last, stream, *_written(events[0]), why)
    if expected == 0:
        return connection.execute(SQL.append_first, stream, *_written(events[0]), why)
    return connection.execute(SQL.append_next, stream, *_written(events[0]), why, expected)


def _written(new: NewEvent) -> Written:
    """Return what of an event is its own: its id, type, schema version and body. Raises EventTooLong."""
    event_id, event = new
    body = encode(event)
    if len(body) > EVENT_CHARS_MAX:
        raise EventTooLong(
            f"{type(event).__name__} of {len(body)} characters, of {EVENT_CHARS_MAX} that may be"
        )
    return event_id, type(event).__name__, event.schema_version, body


async def _append_with_claims(connection: Connection, wanted: Append, meta: Meta) -> None:
    match (await append_many(connection, [wanted], meta))[0]:
        case Outcome.CLAIMED:
            raise ClaimTaken(wanted.claims)
        case Outcome.CONFLICT:
            raise WrongVersion(wanted.stream)


async def append_many(
    connection: Connection, appends: Sequence[Append], meta: Meta, *, copied_min: int = COPIED_MIN
) -> tuple[Outcome, ...]:
    """Append to many streams, each for itself, and return what became of each, in their order.

    The streams must differ, and have at most EVENTS_MAX events in all.

    A stream that expects any version is never a conflict: raises Overtaken instead, and the whole
    transaction must be tried again, as where another has begun one of the streams at this very moment.
    From *copied_min* events on they are sent by COPY.
    """
    if not appends:
        return ()
    _check_size(appends)
    count = sum(len(wanted.events) for wanted in appends)
    with _traced(count) as traceparent:
        why = meta.as_json(traceparent)
        try:
            if count < copied_min:
                return await _insert_many(connection, appends, why)
            async with nullcontext() if connection.is_in_transaction() else connection.transaction():
                return await _copy_many(connection, appends, why)
        except asyncpg.UniqueViolationError as raced:
            if raced.constraint_name != STREAMS_KEY:
                raise
            raise Overtaken("a stream that another transaction has begun") from raced


async def _insert_many(connection: Connection, appends: Sequence[Append], why: str) -> tuple[Outcome, ...]:
    flat = [
        (*_written(new), n, i)
        for n, wanted in enumerate(appends, start=1)
        for i, new in enumerate(wanted.events, start=1)
    ]
    rows = await connection.fetch(
        SQL.append_many, *_streams(appends), *_claims(appends), *zip(*flat, strict=True), why
    )
    return _outcomes(appends, [row["outcome"] for row in rows])


async def _copy_many(connection: Connection, appends: Sequence[Append], why: str) -> tuple[Outcome, ...]:
    """Take the streams, then send the events of those that were taken."""
    tx, outcomes, stands = await _take_streams(connection, appends)
    taken = [
        (wanted, stood)
        for wanted, outcome, stood in zip(appends, outcomes, stands, strict=True)
        if outcome is Outcome.TAKEN
    ]
    if taken:
        await connection.copy_records_to_table(
            "events", schema_name="kernel", columns=COLUMNS, records=_records(tx, taken, why)
        )
    return outcomes


async def _take_streams(
    connection: Connection, appends: Sequence[Append]
) -> tuple[int, tuple[Outcome, ...], Sequence[int]]:
    """Return in which transaction, what became of each stream, and at which version it stood."""
    streams, expected, counts = _streams(appends)
    if not any(wanted.expected or wanted.claims or wanted.releases for wanted in appends):
        begun = await connection.fetchval(SQL.begin_streams, streams, counts)
        if begun is not None:
            return begun, (Outcome.TAKEN,) * len(appends), [0] * len(appends)
    firsts = [wanted.events[0].event_id for wanted in appends]
    row = await connection.fetchrow(SQL.take_streams, streams, expected, counts, firsts, *_claims(appends))
    assert row is not None  # noqa: S101 - a function's row always comes
    return row["tx"], _outcomes(appends, row["outcomes"]), row["stood"]


def _records(tx: int, taken: Iterable[tuple[Append, int]], why: str) -> Iterator[tuple[object, ...]]:
    """Yield the rows of events behind where their streams stood, each written out when its turn to be sent comes."""
    for wanted, stood in taken:
        for version, new in enumerate(wanted.events, start=stood + 1):
            event_id, event_type, schema_version, data = _written(new)
            yield tx, version, schema_version, event_id, wanted.stream, event_type, data, why


def _streams(appends: Sequence[Append]) -> tuple[list[str], list[int | None], list[int]]:
    return (
        [wanted.stream for wanted in appends],
        [wanted.expected for wanted in appends],
        [len(wanted.events) for wanted in appends],
    )


def _claims(appends: Sequence[Append]) -> tuple[list[str], list[int], list[str], list[int]]:
    numbered = list(enumerate(appends, start=1))
    return (
        [key for wanted in appends for key in wanted.claims],
        [n for n, wanted in numbered for _ in wanted.claims],
        [key for wanted in appends for key in wanted.releases],
        [n for n, wanted in numbered for _ in wanted.releases],
    )


def _outcomes(appends: Sequence[Append], told: Iterable[str]) -> tuple[Outcome, ...]:
    outcomes = tuple(OUTCOMES[outcome] for outcome in told)
    for wanted, outcome in zip(appends, outcomes, strict=True):
        if outcome is Outcome.CONFLICT and wanted.expected is None:
            raise Overtaken(wanted.stream)
    return outcomes


def _check_size(appends: Sequence[Append]) -> None:
    if sum(len(wanted.events) for wanted in appends) > EVENTS_MAX:
        raise ValueError(f"an append takes at most {EVENTS_MAX} events: split it")
    if any(not wanted.events for wanted in appends):
        raise ValueError("an append has at least one event")
    if len({wanted.stream for wanted in appends}) != len(appends):
        raise ValueError("the streams of one append_many must differ")


async def load(connection: Connection, stream_id: str) -> list[Event]:
    """Return the past of a stream, in order; raises what `decode` does where an event fits no contract."""
    return [decode(*row) for row in await connection.fetch(SQL.load, stream_id)]


async def load_many(connection: Connection, stream_ids: Sequence[str]) -> dict[str, list[Event]]:
    """Return the past of several streams; a stream that is not there has an empty list."""
    streams: dict[str, list[Event]] = {stream_id: [] for stream_id in stream_ids}
    for stream_id, *body in await connection.fetch(SQL.load_many, list(stream_ids)):
        streams[stream_id].append(decode(*body))
    return streams


async def read_after(connection: Connection, checkpoint: Position, limit: int) -> list[Outgoing]:
    """Return up to *limit* events after *checkpoint* in the order of the log, as they go out to the bus.

    A transaction that commits late is never skipped: nothing is returned beyond the horizon, the
    oldest transaction still open.
    """
    rows = await connection.fetch(SQL.read_after, checkpoint.tx, checkpoint.position, limit)
    return [Outgoing(*row) for row in rows]


async def find_event(connection: Connection, event_id: UUID) -> Recorded | None:
    """Return one event by its id, or None."""
    row = await connection.fetchrow(SQL.find_event, event_id)
    return None if row is None else Recorded(*row)


async def last_position(connection: Connection) -> Position:
    """Return the end of the log, START where it is empty."""
    row = await connection.fetchrow(SQL.last_position)
    return START if row is None else Position(row["tx"], row["position"])


async def claim_owners(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Return the stream that holds each of *keys*; free keys are left out."""
    return {row["key"]: row["stream_id"] for row in await connection.fetch(SQL.claim_owners, list(keys))}


async def store_id(connection: Connection) -> UUID:
    """Return the id of this log, made with the database."""
    found: UUID = await connection.fetchval(SQL.store_id)
    return found


async def horizon_lag(connection: Connection) -> float:
    """Return for how many seconds the oldest write transaction of the cluster has been open."""
    seconds: float = await connection.fetchval(SQL.horizon_lag)
    return seconds
