"""What all three stores are asked to do, and with what: read by each side, so that the work is the same."""

from typing import NamedTuple

SECONDS = 2.0
"""How long each repetition of a timed piece of work lasts."""
STREAM_EVENTS = 20
"""Events of a stream that is loaded."""
STREAMS = 50
PROJECTED = 10_000
"""Events that are projected, STREAM_EVENTS of a key."""
LOSING_WRITERS = 32


class Work(NamedTuple):
    """A piece of work: *workers* at once, *events* in each append."""

    name: str
    unit: str
    workers: int = 1
    events: int = 1


WORKS = {
    "append 1 event, 1 worker": Work("append", "events/s", 1, 1),
    "append 1 event, 8 workers": Work("append", "events/s", 8, 1),
    "append 10 events, 1 worker": Work("append", "events/s", 1, 10),
    "append 10 events, 8 workers": Work("append", "events/s", 8, 10),
    "load-decide-append, 8 workers": Work("command", "commands/s", 8, 1),
    "read a stream of 20 events": Work("read", "streams/s", 1, 1),
    "project": Work("project", "events/s", 1, 1),
    "rebuild": Work("rebuild", "events/s", 1, 1),
}
FLUSHED = {
    "append 1 event": Work("append", "events/s", 16, 1),
    "append 10 events": Work("append", "events/s", 16, 10),
    "load-decide-append": Work("command", "commands/s", 16, 1),
}
"""What is done once more where each flush takes longer."""
LOST = Work("lose", "events lost", LOSING_WRITERS, 1)
