"""What a fetched batch holds: which messages follow the checkpoint, which events are new, and whose log they are of."""

from collections.abc import Sequence
from datetime import datetime

from nats.aio.msg import Msg

from shared.checkpoint import Checkpoint
from shared.envelope import NO_STORE, BadEnvelope, Envelope, read_envelope
from shared.event_store import Position


class Rewound(Exception):
    """What was fetched does not follow the checkpoint: fetch again from the checkpoint."""


class SourceReplaced(Exception):
    """The stream carries the events of another log than the one this reader has read so far."""


def following(sequence: int, messages: Sequence[Msg]) -> Sequence[Msg]:
    """Return the messages that follow *sequence* without a gap; raises Rewound where none does."""
    first, last = messages[0].metadata.sequence.stream, messages[-1].metadata.sequence.stream
    if (first, last) == (sequence + 1, sequence + len(messages)):
        return messages
    numbered = enumerate(messages, start=sequence + 1)
    behind = [message for number, message in numbered if message.metadata.sequence.stream == number]
    if not behind:
        raise Rewound(f"fetched from {first}, not {sequence + 1}")
    return behind


def envelope_of(source: str, message: Msg) -> Envelope:
    """Read a message; one without a relay's headers is no event of any log and gets no place in one."""
    try:
        return read_envelope(source, message.headers, message.data)
    except BadEnvelope:
        place = message.metadata
        return foreign(source, place.sequence.stream, message.data, place.timestamp)


def foreign(source: str, sequence: int, data: bytes, time: datetime) -> Envelope:
    """Return what stands for a message that is no event of any log."""
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


def fresh_in(taken: Position, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Return the events behind *taken*, and of each that was told again in this batch the first."""
    fresh = []
    for envelope in envelopes:
        if envelope.store_id != NO_STORE and envelope.position > taken:
            taken = envelope.position
            fresh.append(envelope)
    return fresh


def check_store(checkpoint: Checkpoint, fresh: Sequence[Envelope]) -> None:
    """Raise SourceReplaced where *fresh* is not all of the log that the checkpoint is a place in."""
    stores = {envelope.store_id for envelope in fresh} | ({checkpoint.store_id} - {None})
    if len(stores) > 1:
        raise SourceReplaced(f"events of {len(stores)} logs")
