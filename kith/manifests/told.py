"""What pods are told by their environment: settings that Kith knows, and metrics that it has."""

import re
from collections.abc import Iterator

from pydantic_settings import BaseSettings

from kith.gateway.settings import GatewaySettings
from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, where
from kith.manifests.workloads import own_workloads
from shared.metrics import Metrics
from shared.settings import PREFIX, Settings
from shared.subjects import SERVICES

SETTINGS: dict[str, type[BaseSettings]] = {**dict.fromkeys(SERVICES, Settings), "gateway": GatewaySettings}
"""What each workload that takes settings takes."""

METRIC = re.compile(r"\bkith_\w+")
SUFFIXES = re.compile(r"_(?:total|created|count|sum|bucket)$")


def settings_are_known(manifests: Manifests) -> Iterator[Finding]:
    """Find KITH_… variables that a pod of Kith does not know, and those that it must have and has not."""
    for workload in own_workloads(manifests):
        settings = SETTINGS.get(workload.name)
        if settings is not None:
            told = {one["name"] for container in workload.containers for one in container.get("env", [])}
            fields = {f"{PREFIX}{name.upper()}": field for name, field in settings.model_fields.items()}
            for name in sorted(told - set(fields)):
                if name.startswith(PREFIX):
                    yield found(workload.where, "setting_unknown", setting=name)
            for name in sorted(name for name, field in fields.items() if field.is_required()):
                if name not in told:
                    yield found(workload.where, "setting_missing", setting=name)


def metrics_are_known(manifests: Manifests) -> Iterator[Finding]:
    """Find metrics that an autoscaler asks for and no service has."""
    known = {metric.name for metric in Metrics().registry.collect()}
    for scaled in manifests.of_kind("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            for name in METRIC.findall(trigger["metadata"].get("query", "")):
                if name not in known and SUFFIXES.sub("", name) not in known:
                    yield found(where(scaled), "metric_unknown", metric=name)
