"""What podman is given: the pods of an overlay as they are, and what it does not know in words that it does.

Image, words, environment, files with their modes and groups, accounts, capabilities, seccomp and writable places stand
as in the manifests. What is translated, and what is left out, is told in docs/kubernetes.md.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kith.manifests.reading import Manifests, name_of
from kith.manifests.selecting import has_all
from kith.manifests.workloads import Workload, own_workloads
from tests.pods.volumes import Handed, handed

ASKED_BY_THE_TESTS = ("startupProbe", "livenessProbe", "readinessProbe")
LEFT_OUT = (*ASKED_BY_THE_TESTS, "resources")


@dataclass(frozen=True)
class Played:
    """A pod for podman: its YAML, what its volumes hold, under which names others find it, ports for outsiders."""

    name: str
    text: str
    volumes: tuple[Handed, ...]
    aliases: tuple[str, ...]
    ports: tuple[tuple[int, int], ...]


def workload_of(manifests: Manifests, name: str) -> Workload:
    """Return what starts the pods that tables call *name*."""
    [found] = [one for one in own_workloads(manifests) if one.name == name]
    return found


def pod_of(name: str) -> str:
    """Return how podman calls the pod of the workload *name*."""
    return f"{name}-0"


def images_of(manifests: Manifests) -> set[str]:
    """Return every image that a pod of *manifests* is made of."""
    return {container["image"] for one in own_workloads(manifests) for container in one.containers}


def played(manifests: Manifests, name: str, data: Path, words: Sequence[str] | None = None) -> Played:
    """Return the pod of the workload called *name*; its Secrets are made from the data folder *data*.

    *words* stand for the arguments of its last container, in a pod of the same form.
    """
    workload = workload_of(manifests, name)
    volumes = dict(handed(workload, data))
    pod = _pod(workload, volumes)
    if words is not None:
        pod["spec"]["containers"][-1]["args"] = list(words)
    services = [
        one for one in manifests.of_kind("Service") if has_all(one["spec"]["selector"], workload.labels)
    ]
    return Played(
        name=pod_of(name),
        text=yaml.safe_dump_all([*_configuration(manifests, workload), pod], sort_keys=False),
        volumes=tuple(volumes.values()),
        aliases=tuple(name_of(one) for one in services),
        ports=tuple(port for one in services for port in _outside(one, workload)),
    )


def _pod(workload: Workload, volumes: dict[str, Handed]) -> dict[str, Any]:
    spec = copy.deepcopy(dict(workload.pod))
    spec["containers"] = [*_sidecars(spec.pop("initContainers", [])), *spec["containers"]]
    for container in spec["containers"]:
        for key in LEFT_OUT:
            container.pop(key, None)
    spec["volumes"] = [
        {"name": name, "persistentVolumeClaim": {"claimName": volumes[name].volume}}
        if name in volumes
        else dict(told)
        for name, told in workload.volumes.items()
    ]
    metadata = {"name": pod_of(workload.name), "labels": dict(workload.labels)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _sidecars(first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the containers that start before the others and stay, as podman has them: beside the others."""
    for container in first:
        assert container.pop("restartPolicy", None) == "Always", (
            f"{container['name']} would have to end first"
        )
    return first


def _configuration(manifests: Manifests, workload: Workload) -> list[dict[str, Any]]:
    named = [told["configMap"]["name"] for told in workload.volumes.values() if "configMap" in told]
    return [dict(one) for one in manifests.of_kind("ConfigMap") if name_of(one) in named]


def _outside(service: Any, workload: Workload) -> list[tuple[int, int]]:
    """Return the ports by which people outside reach *service*, each with the port of the pod."""
    if service["spec"].get("type") != "LoadBalancer":
        return []
    ports = [(one["port"], workload.port(one["targetPort"])) for one in service["spec"]["ports"]]
    return [(outer, inner) for outer, inner in ports if inner is not None]
