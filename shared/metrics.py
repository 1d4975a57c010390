"""What a service counts and measures, with labels that have few values and name nobody."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from shared import clock
from shared.envelope import Envelope

HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
END_TO_END_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)

RELAY_STATES = (
    "starting",
    "waiting_for_lease",
    "publishing",
    "idle",
    "refused",
    "stream_full",
    "foreign_stream",
    "not_stored",
    "failing",
)


class Metrics:
    """The metrics of one service in one process; each has its own registry, so that two may live side by side.

    A gauge with a label has a series only while its value is known: what a replica does not know,
    because another one reads or publishes, it does not tell.
    """

    def __init__(self, version: str = "unknown") -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("kith_build", "Which release this is.", registry=self.registry).info({"version": version})
        self._of_requests(self.registry)
        self._of_readers(self.registry)
        self._of_the_relay(self.registry)
        self._of_the_service(self.registry)

    def _of_requests(self, registry: CollectorRegistry) -> None:
        self.http_seconds = Histogram(
            "kith_http_request_seconds",
            "How long requests took.",
            ("route", "method", "status_class"),
            buckets=HTTP_SECONDS,
            registry=registry,
        )
        self.failed = Counter(
            "kith_failed_requests",
            "Requests that failed for no fault of their callers, by why.",
            ("code",),
            registry=registry,
        )
        self.commands = Counter(
            "kith_commands", "Commands by what became of them.", ("outcome",), registry=registry
        )

    def _of_readers(self, registry: CollectorRegistry) -> None:
        reader = ("reader",)
        self.lag_events = Gauge(
            "kith_lag_events", "Events a reader has yet to take.", reader, registry=registry
        )
        self.lag_seconds = Gauge(
            "kith_lag_seconds", "Age of the oldest event a reader has yet to take.", reader, registry=registry
        )
        self.parked = Gauge(
            "kith_parked_events", "Events that a reader could not apply.", reader, registry=registry
        )
        self.received = Counter(
            "kith_events_received", "Events that a reader has taken.", reader, registry=registry
        )
        self.batch_seconds = Histogram(
            "kith_batch_seconds",
            "How long a reader took to apply a batch.",
            reader,
            buckets=BATCH_SECONDS,
            registry=registry,
        )
        self.end_to_end_seconds = Histogram(
            "kith_end_to_end_seconds",
            "From the append of an event to its effect in a reader.",
            reader,
            buckets=END_TO_END_SECONDS,
            registry=registry,
        )

    def _of_the_relay(self, registry: CollectorRegistry) -> None:
        stream = ("stream",)
        self.relay_published = Counter(
            "kith_relay_published", "Events published to the stream.", registry=registry
        )
        self.relay_state = Gauge(
            "kith_relay_state", "1 for the state the relay is in.", ("state",), registry=registry
        )
        self.unpublished = Gauge(
            "kith_relay_unpublished_events",
            "Events of the log that are not in the stream yet, counted to 10,000.",
            stream,
            registry=registry,
        )
        self.unpublished_seconds = Gauge(
            "kith_relay_oldest_unpublished_seconds",
            "Age of the oldest event that is not in the stream yet.",
            stream,
            registry=registry,
        )
        self.stream_bytes = Gauge("kith_stream_bytes", "What the stream holds.", stream, registry=registry)
        self.stream_bytes_max = Gauge(
            "kith_stream_bytes_max", "What the stream may hold.", stream, registry=registry
        )
        self.stream_events = Gauge(
            "kith_stream_events", "Events that the stream holds.", stream, registry=registry
        )
        self.stream_copies = Gauge(
            "kith_stream_copies_current",
            "Copies of the stream that are up to date, the leader's included.",
            stream,
            registry=registry,
        )
        self.stream_copies_wanted = Gauge(
            "kith_stream_copies", "Copies of the stream that there shall be.", stream, registry=registry
        )

    def _of_the_service(self, registry: CollectorRegistry) -> None:
        part = ("part",)
        self.ready = Gauge("kith_ready", "1 where every part has worked lately.", registry=registry)
        self.part_ok = Gauge(
            "kith_part_ok", "1 where a part has worked within its limit.", part, registry=registry
        )
        self.part_age = Gauge(
            "kith_part_success_age_seconds", "Time since a part last worked.", part, registry=registry
        )
        self.pool = Gauge(
            "kith_database_connections",
            "Connections to the database: busy, idle, and max.",
            ("state",),
            registry=registry,
        )
        self.database_bytes = Gauge(
            "kith_database_bytes", "What the service's database takes on disk.", registry=registry
        )
        self.horizon_lag_seconds = Gauge(
            "kith_horizon_lag_seconds",
            "Age of the oldest open write transaction of the cluster.",
            registry=registry,
        )
        self.loop_late_seconds = Gauge(
            "kith_event_loop_late_seconds", "How late the event loop did what was due.", registry=registry
        )
        self.day_behind = Gauge(
            "kith_day_behind_days",
            "Days between today in Shanghai and the day last advanced to.",
            ("clock",),
            registry=registry,
        )

    def relay_is(self, state: str) -> None:
        """Set the gauge of *state* to 1 and of every other state to 0."""
        for name in RELAY_STATES:
            self.relay_state.labels(state=name).set(1 if name == state else 0)

    def taken(self, reader: str, events: Sequence[Envelope], seconds: float) -> None:
        """Count a batch that *reader* applied in *seconds*, and how long ago each event was appended."""
        now = clock.now()
        self.received.labels(reader).inc(len(events))
        self.batch_seconds.labels(reader).observe(seconds)
        end_to_end = self.end_to_end_seconds.labels(reader)
        for event in events:
            end_to_end.observe(max((now - event.time).total_seconds(), 0.0))

    def text(self) -> bytes:
        """Return all metrics as Prometheus reads them."""
        return generate_latest(self.registry)
