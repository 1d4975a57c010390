"""Asking a pod what its probes ask, as a kubelet does: from outside at its own address, or a command in it."""

import time
from collections.abc import Iterable
from typing import Any

from kith.manifests.workloads import Workload
from tests.pods.podman import Podman
from tests.pods.translating import pod_of

LOOK_SECONDS = 1.0
PROGRESS_SECONDS = 300
"""progressDeadlineSeconds of the Deployments: a pod that is not ready by then has failed."""


def answers(podman: Podman, workload: Workload, probe: str) -> bool:
    """Return whether *probe* of the pod's one container says yes within the time that it is given."""
    [container] = workload.containers
    told: dict[str, Any] = container[probe]
    pod = pod_of(workload.name)
    seconds = str(told["timeoutSeconds"])
    if "exec" in told:
        words = ["timeout", seconds, "podman", "exec", f"{pod}-{container['name']}", *told["exec"]["command"]]
    else:
        port = workload.port(told["httpGet"]["port"])
        url = f"http://{podman.address(pod)}:{port}{told['httpGet']['path']}"
        words = ["curl", "--silent", "--fail", "--output", "/dev/null", "--max-time", seconds, url]
    return podman.succeeds(*words)


def wait_until_started(podman: Podman, workloads: Iterable[Workload]) -> None:
    """Wait for the startup probe of each, no longer than a kubelet would before it starts the container anew."""
    begun = time.monotonic()
    for workload in workloads:
        probe = workload.containers[0]["startupProbe"]
        deadline = begun + probe["periodSeconds"] * probe["failureThreshold"]
        _wait(podman, workload, "startupProbe", deadline)


def wait_until_ready(podman: Podman, workloads: Iterable[Workload]) -> None:
    """Wait for the readiness probe of each."""
    deadline = time.monotonic() + PROGRESS_SECONDS
    for workload in workloads:
        _wait(podman, workload, "readinessProbe", deadline)


def _wait(podman: Podman, workload: Workload, probe: str, deadline: float) -> None:
    while not answers(podman, workload, probe):
        told = f"{workload.name} fails its {probe}"
        assert time.monotonic() < deadline, f"{told}\n{podman.logs(pod_of(workload.name))}"
        time.sleep(LOOK_SECONDS)
