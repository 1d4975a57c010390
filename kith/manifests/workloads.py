"""Whatever starts pods, seen alike: Deployments, StatefulSets, Jobs, CronJobs, and CloudNativePG's clusters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kith.manifests.reading import Manifests, Object, name_of, where

LASTING = ("Deployment", "StatefulSet")
PASSING = ("Job", "CronJob")

NAME_LABEL = "app.kubernetes.io/name"

CLUSTER_PORTS = {"postgresql": 5432, "status": 8000, "metrics": 9187}
"""What the instances of a cluster of CloudNativePG listen on."""


@dataclass(frozen=True)
class Workload:
    """An object that starts pods, with the pod it starts."""

    source: Object
    labels: Mapping[str, str]
    pod: Mapping[str, Any]
    replicas: int
    declared_ports: Mapping[str, int]

    @property
    def where(self) -> str:
        return where(self.source)

    @property
    def kind(self) -> str:
        kind: str = self.source["kind"]
        return kind

    @property
    def name(self) -> str:
        """What its pods are called in tables: the label app.kubernetes.io/name, else the object's name."""
        return self.labels.get(NAME_LABEL, name_of(self.source))

    @property
    def lasting(self) -> bool:
        """Whether its pods are meant to run for ever."""
        return self.kind in LASTING

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """Every container of the pod, the initial ones included."""
        return [*self.pod.get("initContainers", []), *self.pod.get("containers", [])]

    @property
    def volumes(self) -> dict[str, Mapping[str, Any]]:
        """The pod's volumes by name, those of claim templates included."""
        templates = self.source["spec"].get("volumeClaimTemplates", [])
        claimed = {name_of(one): {"persistentVolumeClaim": {"claimName": name_of(one)}} for one in templates}
        return {volume["name"]: volume for volume in self.pod.get("volumes", [])} | claimed

    def port(self, wanted: str | int) -> int | None:
        """Return the number of a port by its name or number, or None where no container has it."""
        if isinstance(wanted, str) and not wanted.isdigit():
            return self.declared_ports.get(wanted)
        return int(wanted) if int(wanted) in self.declared_ports.values() else None


def workloads(manifests: Manifests) -> list[Workload]:
    """Return everything that starts pods, a database cluster included."""
    return [*own_workloads(manifests), *(_cluster(one) for one in database_clusters(manifests))]


def own_workloads(manifests: Manifests) -> Iterator[Workload]:
    """Yield everything whose pods stand in the manifests themselves."""
    for one in manifests.of_kind(*LASTING, *PASSING):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        template = spec["template"]
        yield Workload(
            source=one,
            labels=template.get("metadata", {}).get("labels", {}),
            pod=template["spec"],
            replicas=_replicas(manifests, one),
            declared_ports=_ports(template["spec"]),
        )


def database_clusters(manifests: Manifests) -> list[Object]:
    """Return the clusters of CloudNativePG: its Cluster is not the only kind of that name in the world."""
    return [
        one for one in manifests.of_kind("Cluster") if one["apiVersion"].startswith("postgresql.cnpg.io/")
    ]


def _cluster(one: Object) -> Workload:
    spec = one["spec"]
    inherited = spec.get("inheritedMetadata", {}).get("labels", {})
    labels = {**inherited, "cnpg.io/cluster": name_of(one)}
    return Workload(one, labels, pod={}, replicas=spec["instances"], declared_ports=CLUSTER_PORTS)


def _replicas(manifests: Manifests, one: Object) -> int:
    """Return how many pods there are at least: what an autoscaler keeps counts for what it scales."""
    for scaled in manifests.of_kind("ScaledObject"):
        if scaled["spec"]["scaleTargetRef"]["name"] == name_of(one) and one["kind"] == "Deployment":
            least: int = scaled["spec"].get("minReplicaCount", 0)
            return least
    replicas: int = one["spec"].get("replicas", 1)
    return replicas


def _ports(pod: Mapping[str, Any]) -> dict[str, int]:
    ports = [port for container in pod.get("containers", []) for port in container.get("ports", [])]
    return {port.get("name", str(port["containerPort"])): port["containerPort"] for port in ports}
