"""Traces with OpenTelemetry: few spans, attributes of an allow-list, everything bounded, sent by OTLP over HTTP."""

import concurrent.futures.thread  # noqa: F401 - before the SDK: its fork handler takes a lock that this one lets go
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from shared import clock
from shared.logs import KNOWN
from shared.tracing import Facts, Kind, Tracing, at_hand, continued, is_sampled

if TYPE_CHECKING:
    from shared.doorway import Passage
    from shared.envelope import Envelope

FRESH = timedelta(minutes=5)
"""An event that is older is no part of the request that made it any more: refills and rebuilds trace nothing."""
SPANS_PER_BATCH_MAX = 32
"""Events of one batch that are traced; an import's thousands look alike."""
QUEUE_MAX = 2_048
"""Spans that wait to be sent; what comes beyond them is dropped."""
EXPORT_BATCH_MAX = 512
EXPORT_EVERY_MS = 2_000
EXPORT_SECONDS_MAX = 3.0
FAILURES = 500

UNTRACED = frozenset({"/livez", "/readyz", "/metrics"})

ATTRIBUTES: Mapping[str, Callable[[object], bool]] = {
    "http.request.method": KNOWN["method"],
    "http.route": KNOWN["route"],
    "http.response.status_code": KNOWN["status"],
    "error.type": KNOWN["error"],
    "db.system.name": KNOWN["kind"],
    "db.operation.name": KNOWN["kind"],
    "messaging.system": KNOWN["kind"],
    "messaging.operation.type": KNOWN["kind"],
    "messaging.destination.name": KNOWN["stream"],
    "messaging.consumer.group.name": KNOWN["reader"],
    "messaging.message.id": KNOWN["event_id"],
    "kith.event_type": KNOWN["event_type"],
    "kith.events": KNOWN["events"],
    "kith.code": KNOWN["code"],
    "kith.correlation_id": KNOWN["correlation_id"],
    "kith.question": KNOWN["question"],
    "kith.source": KNOWN["source"],
}
"""Every attribute that a span may have, and what its value must look like, as for the log: nobody's name."""

_KINDS: Mapping[Kind, SpanKind] = {
    "client": SpanKind.CLIENT,
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}

log = structlog.get_logger()


class Spans(Tracing):
    """Traces one replica of a service."""

    def __init__(self, endpoint: str, sample_ratio: float, service: str, version: str, replica: UUID) -> None:
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS_MAX)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
            resource=Resource(
                {
                    "service.namespace": "kith",
                    "service.name": service,
                    "service.version": version,
                    "service.instance.id": str(replica),
                }
            ),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                _Saying(exporter),
                max_queue_size=QUEUE_MAX,
                schedule_delay_millis=EXPORT_EVERY_MS,
                max_export_batch_size=EXPORT_BATCH_MAX,
            )
        )
        self._tracer = self._provider.get_tracer("kith", version)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # _Saying tells each change once

    @contextmanager
    def request(self, path: str, passage: "Passage") -> Iterator[None]:
        """Trace one HTTP request; what it brings about is traced as part of it."""
        if path in UNTRACED:
            yield
            return
        within = _context_of(passage.traceparent)
        span = self._tracer.start_span("request", within, SpanKind.SERVER)
        if not span.is_recording():
            yield
            return
        passage.traceparent = _traceparent_of(span)
        with self._at_hand(span, within):
            try:
                yield
            finally:
                _tell_request(span, passage)

    @contextmanager
    def span(self, name: str, kind: Kind, facts: Facts, parent: str | None = None) -> Iterator[str | None]:
        """Trace a piece of work."""
        within = None if parent is None else _context_of(parent)
        span = self._tracer.start_span(name, within, _KINDS[kind])
        _tell(span, facts)
        with self._at_hand(span, within):
            yield _traceparent_of(span)

    @contextmanager
    def publishing(self, stream: str, messages: Sequence[dict[str, str]]) -> Iterator[None]:
        """Trace the publishing of fresh, sampled events, each as part of the request that made it."""
        spans: list[trace.Span] = []
        for headers in messages:
            traceparent = continued(headers)
            if len(spans) == SPANS_PER_BATCH_MAX or not _is_to_trace(traceparent, headers["ce-time"]):
                continue
            span = self._of_event(f"publish {stream}", SpanKind.PRODUCER, traceparent, headers)
            _tell(span, {"messaging.operation.type": "send", "messaging.destination.name": stream})
            headers["traceparent"] = _traceparent_of(span) or headers["traceparent"]
            spans.append(span)
        with _ending(spans):
            yield

    @contextmanager
    def processing(self, reader: str, events: "Sequence[Envelope]") -> "Iterator[Sequence[Envelope]]":
        """Trace the taking of fresh, sampled events, each as part of the request that made it."""
        spans: list[trace.Span] = []
        leading = []
        for event in events:
            traceparent = continued(event.meta)
            if len(spans) < SPANS_PER_BATCH_MAX and _is_to_trace(traceparent, event.time):
                facts = {"ce-id": event.event_id, "ce-type": event.event_type}
                span = self._of_event(f"process {reader}", SpanKind.CONSUMER, traceparent, facts)
                _tell(span, {"messaging.operation.type": "process", "messaging.consumer.group.name": reader})
                spans.append(span)
                leading.append(
                    replace(event, meta={**event.meta, "traceparent": _traceparent_of(span) or ""})
                )
            else:
                leading.append(event)
        with _ending(spans):
            yield leading

    def close(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def _at_hand(self, span: trace.Span, within: context.Context | None) -> Iterator[None]:
        """Let all that is traced within be part of *span*, and end it; a failure is told by its type."""
        token = context.attach(trace.set_span_in_context(span, within))
        try:
            with at_hand(self), _ending([span]):
                yield
        finally:
            context.detach(token)

    def _of_event(
        self, name: str, kind: SpanKind, traceparent: str | None, headers: Mapping[str, str]
    ) -> trace.Span:
        span = self._tracer.start_span(name, _context_of(traceparent), kind)
        _tell(
            span,
            {
                "messaging.system": "nats",
                "messaging.message.id": headers["ce-id"],
                "kith.event_type": headers["ce-type"],
            },
        )
        return span


class _Saying(SpanExporter):
    """Sends spans on, and says once when that begins to fail and once when it works again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._state = "unknown"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        state = "connected" if result is SpanExportResult.SUCCESS else "away"
        if state != self._state:
            (log.info if state == "connected" else log.warning)("traces_state", state=state)
        self._state = state
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


@contextmanager
def _ending(spans: Sequence[trace.Span]) -> Iterator[None]:
    try:
        yield
    except BaseException as failure:
        for span in spans:
            _tell(span, {"error.type": type(failure).__name__})
            span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        for span in spans:
            span.end()


def _tell_request(span: trace.Span, passage: "Passage") -> None:
    """Say of a request what the log says of it."""
    span.update_name(_allowed_name(passage.method, passage.route))
    _tell(
        span,
        {
            "http.request.method": passage.method,
            "http.route": passage.route,
            "http.response.status_code": passage.status,
            "kith.code": passage.code,
            "kith.correlation_id": passage.correlation_id,
            "error.type": passage.error,
        },
    )
    if passage.status >= FAILURES:
        span.set_status(Status(StatusCode.ERROR))


def _tell(span: trace.Span, facts: Facts) -> None:
    """Set the attributes that may pass; anything else is dropped."""
    for name, value in facts.items():
        allowed = ATTRIBUTES.get(name)
        if value is not None and allowed is not None and allowed(value):
            span.set_attribute(name, str(value) if isinstance(value, UUID) else value)


def _allowed_name(method: str, route: str) -> str:
    fits = ATTRIBUTES["http.request.method"](method) and ATTRIBUTES["http.route"](route)
    return f"{method} {route}" if fits else "request"


def _is_to_trace(traceparent: str | None, time: str | datetime) -> bool:
    if not is_sampled(traceparent):
        return False
    stored_at = datetime.fromisoformat(time) if isinstance(time, str) else time
    return clock.now() - stored_at < FRESH


def _context_of(traceparent: str | None) -> context.Context:
    """Return the context that a traceparent stands for: an empty one, where a new trace begins, for None."""
    if traceparent is None:
        return context.Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    parent = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
    return trace.set_span_in_context(NonRecordingSpan(parent), context.Context())


def _traceparent_of(span: trace.Span) -> str | None:
    """Return what leads to a span, None where it is not kept."""
    found = span.get_span_context()
    if not found.trace_flags.sampled:
        return None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
