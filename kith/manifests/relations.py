"""Whether objects find each other: selectors, ports, accounts, what scales and what watches."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from kith.manifests.connections import addresses_outside
from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, Object, name_of, where
from kith.manifests.selecting import has_all, selects
from kith.manifests.workloads import Workload, database_clusters, own_workloads, workloads

CLUSTER_WIDE = frozenset({"Namespace"})
DEFAULT_PORTS = {"http": 80, "https": 443, "nats": 4222, "postgresql": 5432}


def objects_are_apart(manifests: Manifests) -> Iterator[Finding]:
    """Find objects that stand there twice, or outside the one namespace."""
    for name, times in Counter(where(one) for one in manifests.objects).items():
        if times > 1:
            yield found(name, "twice")
    namespaces = {name_of(one) for one in manifests.of_kind("Namespace")}
    for one in manifests.objects:
        if one["kind"] not in CLUSTER_WIDE and one["metadata"].get("namespace") not in namespaces:
            yield found(where(one), "outside_namespace", namespaces=sorted(namespaces))


def selectors_find_pods(manifests: Manifests) -> Iterator[Finding]:
    """Find selectors that select nobody, or other pods than they are meant for."""
    pods = workloads(manifests)
    for workload in own_workloads(manifests):
        selector = workload.source["spec"].get("selector")
        if selector is not None and not selects(selector, workload.labels):
            yield found(workload.where, "own_pods_not_selected")
        others = [one.where for one in pods if selector and one != workload and selects(selector, one.labels)]
        if others:
            yield found(workload.where, "others_pods_selected", others=others)
        for spread in workload.pod.get("topologySpreadConstraints", []):
            if not selects(spread["labelSelector"], workload.labels):
                yield found(workload.where, "spread_elsewhere")
    for one in manifests.of_kind("NetworkPolicy", "PodDisruptionBudget"):
        selector = one["spec"]["podSelector" if one["kind"] == "NetworkPolicy" else "selector"]
        if not any(selects(selector, pod.labels) for pod in pods):
            yield found(where(one), "selects_nobody", selector=selector)


def services_lead_to_ports(manifests: Manifests) -> Iterator[Finding]:
    """Find Services without pods, and ports that a pod behind them does not have."""
    for service in manifests.of_kind("Service"):
        behind = _behind(manifests, service)
        if not behind:
            yield found(where(service), "selects_nobody", selector=service["spec"].get("selector"))
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            for pod in behind:
                if pod.port(target) is None:
                    yield found(where(service), "port_missing", port=target, pod=pod.where)


def addresses_lead_to_services(manifests: Manifests) -> Iterator[Finding]:
    """Find addresses in a pod's environment that are no Service with that port, nor a pod of a headless one.

    Beyond the namespace those are known that the table of connections names.
    """
    known = _addresses(manifests) | addresses_outside(manifests)
    for workload in own_workloads(manifests):
        for variable in _variables(workload):
            for address in _urls(str(variable.get("value", ""))):
                if address not in known:
                    yield found(workload.where, "address_unknown", variable=variable["name"], address=address)


def stateful_sets_have_names(manifests: Manifests) -> Iterator[Finding]:
    """Find StatefulSets whose pods get no names from a headless Service that selects them."""
    for workload in own_workloads(manifests):
        if workload.kind == "StatefulSet":
            service = manifests.named("Service", workload.source["spec"].get("serviceName", ""))
            headless = service is not None and service["spec"].get("clusterIP") == "None"
            if service is None or not headless or workload not in _behind(manifests, service):
                yield found(workload.where, "no_headless_service")


def ingresses_lead_to_services(manifests: Manifests) -> Iterator[Finding]:
    """Find backends of an Ingress that are no port of a Service, and hosts without a certificate."""
    for ingress in manifests.of_kind("Ingress"):
        for backend in _backends(ingress):
            service = manifests.named("Service", backend["name"])
            wanted = backend["port"].get("name", backend["port"].get("number"))
            ports = [] if service is None else service["spec"]["ports"]
            if not any(wanted in (port.get("name"), port["port"]) for port in ports):
                yield found(where(ingress), "backend_unknown", service=backend["name"], port=wanted)
        covered = {host for tls in ingress["spec"].get("tls", []) for host in tls.get("hosts", [])}
        for rule in ingress["spec"].get("rules", []):
            if rule.get("host") not in covered:
                yield found(where(ingress), "host_without_certificate", host=rule.get("host"))


def what_is_scaled_is_there(manifests: Manifests) -> Iterator[Finding]:
    """Find autoscalers that scale nothing, scale to none, are contradicted, or have no fallback."""
    for scaled in manifests.of_kind("ScaledObject"):
        spec = scaled["spec"]
        target = manifests.named("Deployment", spec["scaleTargetRef"]["name"])
        if target is None:
            yield found(where(scaled), "scales_nothing", target=spec["scaleTargetRef"]["name"])
        elif "replicas" in target["spec"]:
            yield found(where(target), "replicas_told_twice", scaled=where(scaled))
        if spec.get("minReplicaCount", 0) < 1:
            yield found(where(scaled), "scales_to_none")
        fallback = spec.get("fallback", {}).get("replicas")
        if fallback is None or not spec.get("minReplicaCount", 0) <= fallback <= spec["maxReplicaCount"]:
            yield found(where(scaled), "no_fallback")


def what_is_watched_is_there(manifests: Manifests) -> Iterator[Finding]:
    """Find monitors that select no Service or no pod, or ask a port it does not have."""
    yield from _watched_pods_are_there(manifests)
    for monitor in manifests.of_kind("ServiceMonitor"):
        services = [
            service
            for service in manifests.of_kind("Service")
            if selects(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
        ]
        if not services:
            yield found(where(monitor), "selects_nobody", selector=monitor["spec"]["selector"])
        for service in services:
            names = {port.get("name") for port in service["spec"]["ports"]}
            for endpoint in monitor["spec"]["endpoints"]:
                if endpoint["port"] not in names:
                    yield found(where(monitor), "port_missing", port=endpoint["port"], pod=where(service))


def _watched_pods_are_there(manifests: Manifests) -> Iterator[Finding]:
    for monitor in manifests.of_kind("PodMonitor"):
        selector = monitor["spec"]["selector"]
        pods = [pod for pod in workloads(manifests) if selects(selector, pod.labels)]
        if not pods:
            yield found(where(monitor), "selects_nobody", selector=selector)
        for pod in pods:
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                if pod.port(endpoint["port"]) is None:
                    yield found(where(monitor), "port_missing", port=endpoint["port"], pod=pod.where)


def _behind(manifests: Manifests, service: Object) -> list[Workload]:
    selector = service["spec"].get("selector")
    return [pod for pod in workloads(manifests) if selector and has_all(selector, pod.labels)]


def _addresses(manifests: Manifests) -> set[str]:
    """Return every host:port that has a name: of Services, of single pods, of a database cluster."""
    known = set()
    for service in manifests.of_kind("Service"):
        for port in service["spec"]["ports"]:
            known.add(f"{name_of(service)}:{port['port']}")
            for pod in _behind(manifests, service):
                if pod.source["spec"].get("serviceName") == name_of(service):
                    named = (f"{name_of(pod.source)}-{number}" for number in range(pod.replicas))
                    known |= {f"{name}.{name_of(service)}:{port['port']}" for name in named}
    for cluster in database_clusters(manifests):
        more = cluster["spec"].get("managed", {}).get("services", {}).get("additional", [])
        names = [f"{name_of(cluster)}-rw", *(name_of(one["serviceTemplate"]) for one in more)]
        known |= {f"{name}:5432" for name in names}
    return known


def _urls(value: str) -> Iterator[str]:
    """Yield host:port of each URL in the value of a variable, which may list several."""
    for part in value.split(","):
        url = urlsplit(part.strip())
        if url.scheme in DEFAULT_PORTS and url.hostname:
            yield f"{url.hostname}:{url.port or DEFAULT_PORTS[url.scheme]}"


def _variables(workload: Workload) -> Iterator[dict[str, Any]]:
    for container in workload.containers:
        yield from container.get("env", [])


def _backends(ingress: Object) -> Iterator[dict[str, Any]]:
    for rule in ingress["spec"].get("rules", []):
        for path in rule["http"]["paths"]:
            yield path["backend"]["service"]
