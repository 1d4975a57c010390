"""What a service counts and measures, with labels that have few values and name nobody."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

RELAY_STATES = (
    "starting",
    "waiting_for_lease",
    "publishing",
    "idle",
    "refused",
    "stream_full",
    "foreign_stream",
    "failing",
)


class Metrics:
    """The metrics of one service in one process; each has its own registry, so that two may live side by side."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        registry = self.registry
        self.http_seconds = Histogram(
            "kith_http_request_seconds",
            "How long requests took.",
            ("route", "method", "status_class"),
            buckets=HTTP_SECONDS,
            registry=registry,
        )
        self.commands = Counter(
            "kith_commands_total", "Commands by what became of them.", ("outcome",), registry=registry
        )
        self.lag_events = Gauge(
            "kith_lag_events", "Events a reader has yet to take.", ("reader",), registry=registry
        )
        self.lag_seconds = Gauge(
            "kith_lag_seconds",
            "Age of the oldest event a reader has yet to take.",
            ("reader",),
            registry=registry,
        )
        self.parked = Gauge(
            "kith_parked_events", "Events that a reader could not apply.", ("reader",), registry=registry
        )
        self.relay_published = Counter(
            "kith_relay_published_total", "Events published to the stream.", registry=registry
        )
        self.relay_state = Gauge(
            "kith_relay_state", "1 for the state the relay is in.", ("state",), registry=registry
        )
        self.relay_lag_seconds = Gauge(
            "kith_relay_success_age_seconds", "Time since the relay last did its work.", registry=registry
        )
        self.horizon_lag_seconds = Gauge(
            "kith_horizon_lag_seconds",
            "Age of the oldest open write transaction of the cluster.",
            registry=registry,
        )

    def relay_is(self, state: str) -> None:
        """Set the gauge of *state* to 1 and of every other state to 0."""
        for name in RELAY_STATES:
            self.relay_state.labels(state=name).set(1 if name == state else 0)

    def text(self) -> bytes:
        """Return all metrics as Prometheus reads them."""
        return generate_latest(self.registry)
