"""When a backup last succeeded, as a file that a node exporter or a service hands to Prometheus."""

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import write_to_textfile

from kith.backup.manifest import Manifest
from kith.backup.repository import Repository
from shared import clock

FILE = "kith_backup.prom"


def write_gauges(repository: Repository, manifest: Manifest, seconds: float) -> None:
    """Write the gauges of the backup that was just proved, in one move."""
    registry = CollectorRegistry()
    for name, told, value in (
        ("kith_backup_last_success_timestamp_seconds", "When a backup was last made and proved.", None),
        ("kith_backup_bytes", "Size of the last base backup.", manifest.bytes),
        ("kith_backup_duration_seconds", "What the last backup took, with its proof.", seconds),
    ):
        gauge = Gauge(name, told, registry=registry)
        gauge.set(clock.now().timestamp() if value is None else value)
    metrics = repository.folder / "metrics"
    metrics.mkdir(mode=0o755, exist_ok=True)
    write_to_textfile(str(metrics / FILE), registry)
    (metrics / FILE).chmod(0o644)
