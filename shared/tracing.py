"""Traces: the way of a request through a service, its log, its stream and those who read it; off unless configured."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from shared.settings import Settings

if TYPE_CHECKING:  # both know the log, which knows this module
    from shared.doorway import Passage
    from shared.envelope import Envelope

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

Kind = Literal["client", "server", "producer", "consumer", "internal"]
Facts = Mapping[str, str | int | float | bool | UUID | None]

_NOTHING: AbstractContextManager[str | None] = nullcontext(None)


class Tracing:
    """Traces nothing, which is what a service does that was told no endpoint; shared.spans does the rest."""

    def request(self, path: str, passage: "Passage") -> AbstractContextManager[object]:  # noqa: ARG002
        """Trace one HTTP request, as part of its caller's trace or as a new one; *passage* tells what became of it."""
        return _NOTHING

    def span(
        self,
        name: str,  # noqa: ARG002
        kind: Kind,  # noqa: ARG002
        facts: Facts,  # noqa: ARG002
        parent: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[str | None]:
        """Trace a piece of the work at hand, or of *parent*'s; give its traceparent, None where it is not traced."""
        return _NOTHING

    def publishing(self, stream: str, messages: Sequence[dict[str, str]]) -> AbstractContextManager[object]:  # noqa: ARG002
        """Trace the publishing of messages by their headers, which then lead to these spans."""
        return _NOTHING

    def processing(
        self,
        reader: str,  # noqa: ARG002
        events: "Sequence[Envelope]",
    ) -> "AbstractContextManager[Sequence[Envelope]]":
        """Trace a reader's taking of events; give the events, those that are traced leading to these spans."""
        return nullcontext(events)

    def close(self) -> None:
        """Send what is still to be sent, for a bounded time; this blocks."""


OFF = Tracing()

_AT_HAND: ContextVar[Tracing] = ContextVar("tracing", default=OFF)
"""What traces the work at hand: set while a traced request or answer is under way."""


def tracing_of(settings: Settings, service: str, version: str, replica: UUID) -> Tracing:
    """Return the tracing that the settings ask for; OpenTelemetry is imported only where they ask."""
    if settings.otel_endpoint is None:
        return OFF
    from shared.spans import Spans  # noqa: PLC0415 - 0.1 s and 10 MiB that nobody pays who does not trace

    return Spans(settings.otel_endpoint, settings.otel_sample_ratio, service, version, replica)


def span(name: str, kind: Kind, facts: Facts) -> AbstractContextManager[str | None]:
    """Trace a piece of the work at hand; give its traceparent, None where the work is not traced."""
    return _AT_HAND.get().span(name, kind, facts)


@contextmanager
def at_hand(tracing: Tracing) -> Iterator[None]:
    """Let *tracing* trace what is done within."""
    token = _AT_HAND.set(tracing)
    try:
        yield
    finally:
        _AT_HAND.reset(token)


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the id of the trace that *traceparent* belongs to, for the log."""
    told = TRACEPARENT.fullmatch(traceparent or "")
    return None if told is None else told[1]


def is_sampled(traceparent: str | None) -> bool:
    """Return whether whoever began this trace wants it kept."""
    return traceparent is not None and bool(int(traceparent[-2:], 16) & 1)


def continued(headers: Mapping[str, str]) -> str | None:
    """Return the traceparent in *headers*, None where it is none."""
    found = headers.get("traceparent")
    return found if found is not None and TRACEPARENT.fullmatch(found) else None
