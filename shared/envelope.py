"""What an event wears on the bus: CloudEvents 1.0 headers in binary mode, and its place in its log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from shared.contracts.catalogue import decode
from shared.contracts.event import NO_TOWNSHIP, Event, subject_of
from shared.event_store import Outgoing, Position

STORE = "Kith-Store"
TX = "Kith-Tx"
POSITION = "Kith-Position"
CHECK = "Kith-Check"
"""A checksum of store and place: with a place further on than the true one a reader would skip all that follow."""
STREAM = "Kith-Stream"
VERSION = "Kith-Version"
SCHEMA_VERSION = "Kith-Schema-Version"
CORRELATION = "Kith-Correlation"

NO_STORE = UUID(int=0)
"""The store of a message that no relay wrote."""

SMALL, LARGE = 9, 18
"""Digits of a version, and of a place in a log: what the columns that keep them hold."""
NAME_BYTES_MAX = 500
"""The longest id, type or stream of an event."""


class Message(NamedTuple):
    """What a relay publishes for an event, and the event's place in its log."""

    place: Position
    subject: str
    body: bytes
    headers: dict[str, str]


class BadEnvelope(Exception):
    """A message on a Kith stream lacks the headers that every relay writes."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event as a reader gets it: decoded, with its place in the log it comes from."""

    event_id: UUID
    event: Event
    event_type: str
    schema_version: int
    stream_id: str
    version: int
    position: Position
    store_id: UUID
    data: bytes
    meta: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of a stream before its body is read: what the headers say."""

    event_id: str
    event_type: str
    schema_version: int
    stream_id: str
    version: int
    position: Position
    store_id: UUID
    data: bytes
    meta: Mapping[str, str]
    source: str
    time: datetime

    def open(self) -> Received:
        """Decode the body; raises UnknownEvent, ValidationError or ValueError where it does not fit."""
        return Received(
            UUID(self.event_id),
            decode(self.event_type, self.schema_version, self.data),
            self.event_type,
            self.schema_version,
            self.stream_id,
            self.version,
            self.position,
            self.store_id,
            self.data,
            self.meta,
            self.source,
        )


def messages_of(service: str, store_id: UUID, outgoing: Iterable[Outgoing]) -> list[Message]:
    """Return what events of a log are published as; a message's subject is of the area in its body."""
    source, store = f"/kith/{service}", str(store_id)
    return [_message(service, source, store, one) for one in outgoing]


def _message(service: str, source: str, store: str, outgoing: Outgoing) -> Message:
    tx, position, event_id, stream, event_type, version, schema, stored_at, area, correlation, trace, data = (
        outgoing
    )
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": event_type,
        "ce-source": source,
        "ce-subject": stream,
        "ce-time": stored_at,
        "content-type": "application/json",
        STORE: store,
        TX: str(tx),
        POSITION: str(position),
        CHECK: check_of(store, str(tx), str(position)),
        STREAM: stream,
        VERSION: str(version),
        SCHEMA_VERSION: str(schema),
        CORRELATION: correlation,
    }
    if trace:
        headers["traceparent"] = trace
    subject = subject_of(service, event_type, area or NO_TOWNSHIP)
    return Message(Position(tx, position), subject, data.encode(), headers)


def read_envelope(source: str, headers: Mapping[str, str] | None, data: bytes) -> Envelope:
    """Return the envelope of a received message; raises BadEnvelope where headers lack or do not parse."""
    try:
        if headers is None:
            raise BadEnvelope("the message has no headers")
        return Envelope(
            event_id=_name(headers["ce-id"]),
            event_type=_name(headers["ce-type"]),
            schema_version=_number(headers[SCHEMA_VERSION], SMALL),
            stream_id=_name(headers[STREAM]),
            version=_number(headers[VERSION], SMALL),
            position=place_of(headers),
            store_id=_store(headers[STORE]),
            data=data,
            meta={key: _name(headers[key]) for key in (CORRELATION, "traceparent") if key in headers},
            source=source,
            time=_moment(headers["ce-time"]),
        )
    except (KeyError, ValueError, OverflowError) as wrong:
        raise BadEnvelope(f"a header is missing or malformed: {wrong}") from wrong


def place_of(headers: Mapping[str, str]) -> Position:
    """Return the place in its log that a message's headers name.

    Raises ValueError where it is none, or not the one whose checksum the message wears: what a release before wrote,
    which streams still hold, wears none.
    """
    store, tx, position = headers[STORE], headers[TX], headers[POSITION]
    true_check = check_of(store, tx, position)
    if headers.get(CHECK, true_check) != true_check:
        raise ValueError("the place is not the one that was written")
    return Position(_number(tx, LARGE), _number(position, LARGE))


def check_of(store: str, tx: str, position: str) -> str:
    """Return the CRC-32 of a store and a place, as eight hex digits; it finds mistakes and proves nobody's word."""
    return f"{crc32(f'{store} {tx}-{position}'.encode()):08x}"


def _number(written: str, digits: int) -> int:
    if len(written) > digits or not (written.isascii() and written.isdecimal()):
        raise ValueError("a number is not one")
    return int(written)


def _name(written: str) -> str:
    """Return a text that can be stored and indexed."""
    if len(written.encode()) > NAME_BYTES_MAX or "\x00" in written:
        raise ValueError("a name cannot be kept")
    return written


def _store(written: str) -> UUID:
    store_id = UUID(written)
    if store_id == NO_STORE:
        raise ValueError("no log has this id")
    return store_id


def _moment(written: str) -> datetime:
    """Return a moment that every time zone can tell."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a moment has no time zone")
    return moment.astimezone(UTC)
