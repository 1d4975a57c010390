"""Who can speak with whom under the network policies, compared with the table of who may."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, Object, where
from kith.manifests.selecting import Labels, selects
from kith.manifests.workloads import Workload, workloads

TABLE = Path(__file__).with_name("connections.toml")

STRANGER = "stranger"
"""A pod in our namespace that is none of ours: policies hold for it too."""
ANYONE = "anyone"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
OTHER_PORT = 1
"""Stands for every port that nobody names: what a policy without ports would open."""


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod of ours, or somebody outside."""

    name: str
    labels: Labels
    namespace: Labels | None = None
    """Labels of its namespace; None is ours."""
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Connection:
    """Somebody speaks with somebody at a port."""

    source: str
    target: str
    port: int
    protocol: str = "TCP"

    def __str__(self) -> str:
        protocol = "" if self.protocol == "TCP" else f"/{self.protocol}"
        return f"{self.source} → {self.target}:{self.port}{protocol}"


def connections_are_those_of_the_table(manifests: Manifests) -> Iterator[Finding]:
    """Find connections that the policies allow and the table does not have, and the other way round."""
    allowed, wanted = connections(manifests), wanted_connections(manifests)
    for connection in sorted(allowed - wanted):
        yield found(f"{connection}", "connection_not_meant")
    for connection in sorted(wanted - allowed):
        yield found(f"{connection}", "connection_cut")


def policies_name_ports(manifests: Manifests) -> Iterator[Finding]:
    """Find ports that a policy opens and no pod that it is about has."""
    pods = workloads(manifests)
    for policy in manifests.of_kind("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            selected = [pod for pod in pods if selects(policy["spec"]["podSelector"], pod.labels)]
            for port in _ports_of(rule):
                if all(pod.port(port) is None for pod in selected):
                    yield found(where(policy), "port_missing", port=port, pod=[one.where for one in selected])


def connections(manifests: Manifests) -> set[Connection]:
    """Return every connection that the policies allow, from and to everybody who is there."""
    everybody = _everybody(manifests)
    policies = list(manifests.of_kind("NetworkPolicy"))
    return {
        Connection(source.name, target.name, port, protocol)
        for source in everybody
        for target in everybody
        if source.namespace is None or target.namespace is None
        for port, protocol in _ports_to_try(target, policies)
        if _may(policies, "Egress", source, target, (port, protocol))
        and _may(policies, "Ingress", target, source, (port, protocol))
    }


def wanted_connections(manifests: Manifests) -> set[Connection]:
    """Return the connections of the table between those who are there."""
    everybody = _everybody(manifests)
    return {
        Connection(source.name, target.name, port, protocol)
        for entry in _table()["may"]
        if manifests.has(entry.get("when", "Namespace")) and not manifests.has(entry.get("unless", "-"))
        for source in _called(entry["from"], everybody)
        for name, port, protocol in map(_door, entry["to"])
        for target in _called([name], everybody)
        if target.namespace is not None or port in target.ports.values()
    }


def addresses_outside(manifests: Manifests) -> set[str]:
    """Return host:port of everybody in another namespace with whom the table lets somebody here speak."""
    namespaces = {
        end.name: end.namespace.get(NAMESPACE_NAME) for end in _everybody(manifests) if end.namespace
    }
    return {
        f"{one.target}.{namespaces[one.target]}:{one.port}"
        for one in wanted_connections(manifests)
        if namespaces.get(one.target)
    }


def _called(names: list[str], everybody: list[End]) -> list[End]:
    """Return those of *everybody* who are named; anyone is everybody outside."""
    outside = ANYONE in names
    return [end for end in everybody if end.name in names or (outside and end.namespace is not None)]


def _door(told: str) -> tuple[str, int, str]:
    """Return whose door it is, its port and its protocol: "dns:53/UDP"."""
    name, _, port = told.partition(":")
    number, _, protocol = port.partition("/")
    return name, int(number), protocol or "TCP"


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _everybody(manifests: Manifests) -> list[End]:
    ours = {pod.name: _end_of(pod) for pod in workloads(manifests)}
    outside = [
        End(name, told["pod"], namespace=told["namespace"]) for name, told in _table()["outside"].items()
    ]
    return [*ours.values(), *outside, End(STRANGER, {})]


def _end_of(pod: Workload) -> End:
    return End(pod.name, pod.labels, ports=pod.declared_ports)


def _ports_to_try(target: End, policies: list[Object]) -> set[tuple[int, str]]:
    """Return the ports of *target*; of somebody outside, every one that a policy gives as a number."""
    tried = {(port, "TCP") for port in target.ports.values()} | {(OTHER_PORT, "TCP")}
    if target.namespace is not None:
        named = [
            port
            for policy in policies
            for rule in policy["spec"].get("egress", [])
            for port in rule.get("ports", [])
        ]
        tried |= {
            (port["port"], port.get("protocol", "TCP")) for port in named if isinstance(port.get("port"), int)
        }
    return tried


def _may(policies: list[Object], way: str, whose: End, other: End, door: tuple[int, str]) -> bool:
    """Return whether *whose* may send to (Egress) or take from (Ingress) *other*; outside, nobody forbids it."""
    if whose.namespace is not None:
        return True
    mine = [
        policy["spec"]
        for policy in policies
        if way in _ways(policy["spec"]) and selects(policy["spec"]["podSelector"], whose.labels)
    ]
    target = other if way == "Egress" else whose
    rules = [rule for spec in mine for rule in spec.get(way.lower(), [])]
    return not mine or any(
        _names(rule.get("to" if way == "Egress" else "from"), other) and _opens(rule, target, door)
        for rule in rules
    )


def _ways(spec: Mapping[str, Any]) -> list[str]:
    ways: list[str] = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return ways


def _names(peers: list[Mapping[str, Any]] | None, end: End) -> bool:
    """Return whether a rule's peers name *end*; a rule without peers names everybody."""
    return not peers or any(_is(peer, end) for peer in peers)


def _is(peer: Mapping[str, Any], end: End) -> bool:
    if "ipBlock" in peer:
        return end.namespace is not None
    pods = peer.get("podSelector", {})
    if "namespaceSelector" not in peer:
        return end.namespace is None and selects(pods, end.labels)
    return (
        end.namespace is not None
        and selects(peer["namespaceSelector"], end.namespace)
        and selects(pods, end.labels)
    )


def _opens(rule: Mapping[str, Any], target: End, door: tuple[int, str]) -> bool:
    """Return whether a rule opens a port of *target*; a rule without ports opens all."""
    ports = rule.get("ports")
    port, protocol = door
    return not ports or any(
        one.get("protocol", "TCP") == protocol and _covers(one, target, port) for one in ports
    )


def _covers(told: Mapping[str, Any], target: End, port: int) -> bool:
    if "port" not in told:
        return True
    first = target.ports.get(told["port"]) if isinstance(told["port"], str) else told["port"]
    return first is not None and first <= port <= told.get("endPort", first)


def _ports_of(rule: Mapping[str, Any]) -> Iterator[str | int]:
    return (port["port"] for port in rule.get("ports", []) if "port" in port)
