"""Whether pods start, live, roll over and end as they should: probes, limits, images, budgets, grace."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, name_of, where
from kith.manifests.selecting import selects
from kith.manifests.workloads import PASSING, Workload, own_workloads, workloads

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
PATHS = {
    ("service", "startupProbe"): "/livez",
    ("service", "livenessProbe"): "/livez",
    ("service", "readinessProbe"): "/readyz",
}
"""Which path a probe of a service asks. Liveness must not hang on the database or the bus: an outage of theirs
would become a storm of restarts."""

COMPONENT_LABEL = "app.kubernetes.io/component"
IMAGE = re.compile(r"(?:[\w.:-]+/)*[\w.-]+(?::(?P<tag>[\w.-]+))?(?P<digest>@sha256:[0-9a-f]{64})?$")

STOP_SECONDS_MAX = {"service": 15, "gateway": 15, "bus": 45, "database": 60}
"""What each component needs between SIGTERM and its end."""


def pods_are_probed(manifests: Manifests) -> Iterator[Finding]:
    """Find what runs for ever and does not say, at a port that it has, when it has started, lives and is ready."""
    for workload in own_workloads(manifests):
        for container in workload.pod["containers"] if workload.lasting else []:
            for probe in PROBES:
                if probe not in container:
                    yield found(workload.where, "probe_missing", probe=probe)
                else:
                    yield from _probe_fits(workload, probe, container[probe])


def pods_have_limits(manifests: Manifests) -> Iterator[Finding]:
    """Find containers without requests or a limit of memory, or with one of CPU, which only slows."""
    for workload in own_workloads(manifests):
        for container in workload.containers:
            resources = container.get("resources", {})
            asked, limited = resources.get("requests", {}), resources.get("limits", {})
            missing = [f"requests.{what}" for what in ("cpu", "memory") if what not in asked]
            missing += [] if "memory" in limited else ["limits.memory"]
            if missing:
                yield found(workload.where, "limit_missing", container=container["name"], limits=missing)
            if "cpu" in limited:
                yield found(workload.where, "cpu_limited", container=container["name"])


def images_are_named(manifests: Manifests) -> Iterator[Finding]:
    """Find images whose tag may move, or that are pulled where a node has them already."""
    for workload in own_workloads(manifests):
        for container in workload.containers:
            image = IMAGE.match(container["image"])
            if image is None or not (image["digest"] or image["tag"] not in (None, "latest")):
                yield found(workload.where, "image_moves", image=container["image"])
            if container.get("imagePullPolicy") not in ("IfNotPresent", "Never"):
                yield found(workload.where, "image_pulled_always", container=container["name"])


def releases_are_one(manifests: Manifests) -> Iterator[Finding]:
    """Find several releases of Kith side by side, and a Job that does not bear the release's name."""
    images = {
        image for workload in own_workloads(manifests) for image in _images(workload) if _is_kith(image)
    }
    if len(images) > 1:
        yield found("kith", "several_releases", images=sorted(images))
    releases = {image.partition("@")[0].rpartition(":")[2] for image in images}
    for job in manifests.of_kind("Job"):
        if not name_of(job).endswith(tuple(f"-{release.replace('.', '-')}" for release in releases)):
            yield found(where(job), "job_not_of_release", images=sorted(images))


def updates_leave_nobody_out(manifests: Manifests) -> Iterator[Finding]:
    """Find updates that interrupt: the old pod gone first, forgotten too late, or killed too early."""
    for workload in own_workloads(manifests):
        if workload.kind == "Deployment":
            yield from _update_interrupts(workload)
        if workload.lasting:
            needed = _pause(workload) + STOP_SECONDS_MAX.get(workload.labels.get(COMPONENT_LABEL, ""), 0)
            grace = workload.pod.get("terminationGracePeriodSeconds", 30)
            if grace < needed:
                yield found(workload.where, "grace_too_short", seconds=grace, needed=needed)


def _update_interrupts(workload: Workload) -> Iterator[Finding]:
    """Find what a Deployment's update leaves out; one with a claim must interrupt, since two pods would write it."""
    strategy = workload.source["spec"].get("strategy", {})
    if any("persistentVolumeClaim" in volume for volume in workload.volumes.values()):
        if strategy.get("type") != "Recreate":
            yield found(workload.where, "two_on_one_claim")
        return
    if strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0:
        yield found(workload.where, "update_interrupts")
    for container in workload.pod["containers"]:
        if "preStop" not in container.get("lifecycle", {}):
            yield found(workload.where, "no_pause_before_end", container=container["name"])


def nodes_can_be_drained(manifests: Manifests) -> Iterator[Finding]:
    """Find workloads without exactly one budget, and budgets that do not let one pod go, a broken one above all."""
    budgets = list(manifests.of_kind("PodDisruptionBudget"))
    for workload in own_workloads(manifests):
        mine = [budget for budget in budgets if selects(budget["spec"]["selector"], workload.labels)]
        if workload.lasting and len(mine) != 1:
            yield found(workload.where, "not_one_budget", budgets=[where(budget) for budget in mine])
        for budget in mine:
            if not _lets_go(budget["spec"], workload.replicas):
                yield found(
                    where(budget), "drain_blocked", workload=workload.where, replicas=workload.replicas
                )
            if budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield found(where(budget), "drain_blocked_by_broken")


def replicas_are_spread(manifests: Manifests) -> Iterator[Finding]:
    """Find replicas that may all stand on one node."""
    for workload in own_workloads(manifests):
        keys = [one["topologyKey"] for one in workload.pod.get("topologySpreadConstraints", [])]
        if workload.replicas > 1 and "kubernetes.io/hostname" not in keys:
            yield found(workload.where, "not_spread", replicas=workload.replicas)


def timers_do_not_pile_up(manifests: Manifests) -> Iterator[Finding]:
    """Find timers without a time zone or that may run twice at once, and jobs that may run for ever."""
    for timer in manifests.of_kind("CronJob"):
        if "timeZone" not in timer["spec"]:
            yield found(where(timer), "no_time_zone")
        if timer["spec"].get("concurrencyPolicy") != "Forbid":
            yield found(where(timer), "runs_pile_up")
    for workload in own_workloads(manifests):
        if workload.kind in PASSING:
            spec = workload.source["spec"]
            if "activeDeadlineSeconds" not in spec.get("jobTemplate", {}).get("spec", spec):
                yield found(workload.where, "no_deadline")


def streams_have_servers(manifests: Manifests) -> Iterator[Finding]:
    """Find streams that shall have more copies than the bus has servers."""
    servers = sum(one.replicas for one in workloads(manifests) if one.labels.get(COMPONENT_LABEL) == "bus")
    for workload in own_workloads(manifests):
        variables = chain.from_iterable(one.get("env", []) for one in workload.containers)
        for variable in variables:
            if variable["name"] == "KITH_STREAM_REPLICAS" and int(variable["value"]) > servers:
                yield found(workload.where, "too_few_servers", copies=variable["value"], servers=servers)


def _probe_fits(workload: Workload, probe: str, told: Mapping[str, Any]) -> Iterator[Finding]:
    for handler in (told.get("httpGet"), told.get("tcpSocket")):
        if handler is not None and workload.port(handler["port"]) is None:
            yield found(workload.where, "probe_port_missing", probe=probe, port=handler["port"])
    wanted = PATHS.get((workload.labels.get(COMPONENT_LABEL, ""), probe))
    path = told.get("httpGet", {}).get("path")
    if wanted is not None and path != wanted:
        yield found(workload.where, "probe_path", probe=probe, path=path, wanted=wanted)


def _images(workload: Workload) -> list[str]:
    return [container["image"] for container in workload.containers]


def _is_kith(image: str) -> bool:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0] == "kith"


def _pause(workload: Workload) -> int:
    pauses = [
        container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        for container in workload.containers
    ]
    return max(pauses, default=0)


def _lets_go(budget: Mapping[str, Any], replicas: int) -> bool:
    """Return whether at least one of *replicas* healthy pods may be evicted."""
    if "minAvailable" in budget:
        return _count(budget["minAvailable"], replicas) < replicas
    return _count(budget.get("maxUnavailable", 0), replicas) > 0


def _count(told: int | str, replicas: int) -> int:
    """Return how many pods a number or a percentage means; a budget rounds up."""
    return told if isinstance(told, int) else -(-int(told.removesuffix("%")) * replicas // 100)
