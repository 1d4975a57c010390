"""What the bus answers to what a relay publishes: stored, or why it was not and who can mend that."""

import orjson
from nats.js.errors import APIError

WRONG_LAST_SEQUENCE = 10071
STREAM_FULL = frozenset({10077, 10047, 10023})
BATCH_INCOMPLETE = 10176
"""Said by a server (2.15.1) that could not lay a batch down on its disk, and by one that never got all of it."""

NOT_STORED = (
    "the bus stored nothing of a batch ({}): where this goes on, the disk of the NATS server is full; give it room,"
    " and the relay goes on by itself"
)
UNANSWERED = (
    "{} gave no answer within {:.0f} s: NATS is away, or could not write on a full disk, which its /healthz tells as"
    " `write error`; then give the disk room and start the server anew"
)


class Refused(Exception):
    """The stream is not where this relay left it: another relay, a restore, or a new stream."""


class StreamFull(Exception):
    """The stream is at its limit and forgets nothing: somebody must give it room."""


class NotStored(Exception):
    """The server kept nothing of a batch: its disk is full, or a part was lost on the way, which the next try mends."""


class Unanswered(Exception):
    """The server says nothing to what it was given: it is away, or could not write and must be started anew."""

    def __init__(self, stream: str, seconds: float) -> None:
        super().__init__(UNANSWERED.format(stream, seconds))


class ForeignStream(Exception):
    """The stream holds the events of another log, or lost its own: somebody must say which of the two is right."""


STATES: tuple[tuple[type[Exception], str], ...] = (
    (Refused, "refused"),
    (StreamFull, "stream_full"),
    (ForeignStream, "foreign_stream"),
    (NotStored, "not_stored"),
)


def state_after(why: Exception) -> str:
    """Return the state of a relay that was stopped by *why*; "failing" where no other name says more."""
    return next((state for kind, state in STATES if isinstance(why, kind)), "failing")


def check_ack(reply: bytes) -> None:
    """Return where *reply* says that all is stored.

    Raises Refused, StreamFull or NotStored, or APIError for what has no name here.
    """
    error = orjson.loads(reply).get("error")
    if not isinstance(error, dict):
        return
    code, description = error.get("err_code"), str(error.get("description"))
    if code == WRONG_LAST_SEQUENCE:
        raise Refused(description)
    if code in STREAM_FULL:
        raise StreamFull(description)
    if code == BATCH_INCOMPLETE:
        raise NotStored(NOT_STORED.format(description))
    raise APIError(code=error.get("code"), err_code=code, description=description)
