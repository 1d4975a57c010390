"""What pods find in their files: volumes, configuration, and secrets, each held by those alone who need it."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kith.manifests.finding import Finding, found
from kith.manifests.reading import Manifests, where
from kith.manifests.workloads import Workload, database_clusters, own_workloads

TABLE = Path(__file__).with_name("secrets.toml")
READABLE_BY_OTHERS = 0o007


@dataclass(frozen=True)
class Secret:
    """A Secret that the operator makes: of which files, and who may hold which of its keys."""

    name: str
    files: Mapping[str, str]
    holders: Mapping[str, tuple[str, ...]]
    kind: str = "generic"
    type: str | None = None
    literals: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Projected:
    """One file of a volume: the Secret or ConfigMap and the key it comes from, and its path below the mount."""

    kind: str
    name: str
    key: str | None
    path: str | None


@cache
def known_secrets() -> Mapping[str, Secret]:
    """Return the table of Secrets."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        name: Secret(
            name,
            entry.get("files", {}),
            {holder: tuple(keys) for holder, keys in entry["holders"].items()},
            entry.get("kind", "generic"),
            entry.get("type"),
            entry.get("literals"),
        )
        for name, entry in table.items()
    }


def secrets_used(manifests: Manifests) -> dict[str, set[str]]:
    """Return the Secrets that these manifests need, each with the keys that are read from it."""
    used: dict[str, set[str]] = {}
    for name, key, _holder in _taken(manifests):
        used.setdefault(name, set()).add(key)
    return used


def volumes_are_there(manifests: Manifests) -> Iterator[Finding]:
    """Find mounts without a volume, and volumes without a mount."""
    for workload in own_workloads(manifests):
        mounted = {mount["name"] for one in workload.containers for mount in one.get("volumeMounts", [])}
        for name in sorted(mounted - set(workload.volumes)):
            yield found(workload.where, "volume_missing", volume=name)
        for name in sorted(set(workload.volumes) - mounted):
            yield found(workload.where, "volume_unused", volume=name)


def configuration_is_there(manifests: Manifests) -> Iterator[Finding]:
    """Find ConfigMaps that are mounted and not rendered, or lack a key that is asked for."""
    for workload in own_workloads(manifests):
        for volume in workload.volumes.values():
            for file in _projected(volume):
                if file.kind == "ConfigMap":
                    content = manifests.named("ConfigMap", file.name)
                    keys = {} if content is None else content.get("data", {})
                    if content is None or (file.key is not None and file.key not in keys):
                        yield found(workload.where, "configuration_missing", name=file.name, key=file.key)


def settings_name_files(manifests: Manifests) -> Iterator[Finding]:
    """Find variables KITH_…_FILE or POSTGRES_…_FILE that name a file which no mount puts there."""
    for workload in own_workloads(manifests):
        for container in workload.containers:
            there = set(_files_of(workload, container))
            for variable in container.get("env", []):
                if variable["name"].endswith("_FILE") and variable.get("value") not in there:
                    yield found(
                        workload.where, "file_missing", variable=variable["name"], file=variable.get("value")
                    )


def secrets_are_held_by_few(manifests: Manifests) -> Iterator[Finding]:
    """Find keys of Secrets that are not in the table, or are held by somebody whom it does not name."""
    table = known_secrets()
    for name, key, holder in _taken(manifests):
        if name not in table or not any(key in keys for keys in table[name].holders.values()):
            yield found(holder, "secret_unknown", secret=name, key=key)
        elif key not in table[name].holders.get(holder, ()):
            yield found(holder, "secret_not_for", secret=name, key=key)


def secrets_are_files(manifests: Manifests) -> Iterator[Finding]:
    """Find Secrets that are rendered, in an environment, readable by others, or mounted so that they never change."""
    for one in manifests.of_kind("Secret"):
        yield found(where(one), "secret_rendered")
    for workload in own_workloads(manifests):
        holding = {name: volume for name, volume in workload.volumes.items() if _listed(volume, "secret")}
        for name, volume in holding.items():
            if _mode(volume) & READABLE_BY_OTHERS:
                yield found(workload.where, "secret_readable", volume=name)
        for container in workload.containers:
            for variable in _secret_variables(container):
                yield found(workload.where, "secret_in_environment", variable=variable)
            for mount in container.get("volumeMounts", []):
                if mount["name"] in holding and ("subPath" in mount or not mount.get("readOnly")):
                    yield found(workload.where, "secret_mount", path=mount["mountPath"])


def _secret_variables(container: Mapping[str, Any]) -> Iterator[str]:
    if any("secretRef" in source for source in container.get("envFrom", [])):
        yield "envFrom"
    for variable in container.get("env", []):
        if "secretKeyRef" in variable.get("valueFrom", {}):
            yield variable["name"]


def _taken(manifests: Manifests) -> Iterator[tuple[str, str, str]]:
    """Yield (Secret, key, who takes it as in the table)."""
    for workload in own_workloads(manifests):
        for volume in workload.volumes.values():
            for file in _projected(volume):
                if file.kind == "Secret":
                    yield file.name, file.key or "*", f"{workload.kind}/{workload.name}"
    yield from _taken_by_operators(manifests)


def _taken_by_operators(manifests: Manifests) -> Iterator[tuple[str, str, str]]:
    """Yield what no pod of ours mounts: certificates of an Ingress, roles of a database cluster."""
    for cluster in database_clusters(manifests):
        roles = cluster["spec"].get("managed", {}).get("roles", [])
        told = [cluster["spec"].get("superuserSecret"), *(role.get("passwordSecret") for role in roles)]
        for secret in filter(None, told):
            for key in ("username", "password"):
                yield secret["name"], key, where(cluster)
        for other in cluster["spec"].get("externalClusters", []):
            if "password" in other:
                yield other["password"]["name"], other["password"]["key"], where(cluster)
    for ingress in manifests.of_kind("Ingress"):
        for tls in ingress["spec"].get("tls", []):
            for key in ("tls.crt", "tls.key"):
                yield tls["secretName"], key, "Ingress/ingress"


def _projected(volume: Mapping[str, Any]) -> Iterator[Projected]:
    """Yield the files of a volume; without items a source gives all its keys, whatever they are."""
    sources = [("Secret", one) for one in _listed(volume, "secret")]
    sources += [("ConfigMap", one) for one in _listed(volume, "configMap")]
    for kind, source in sources:
        name = source.get("secretName") or source["name"]
        for item in source.get("items", [{}]):
            yield Projected(kind, name, item.get("key"), item.get("path"))


def _listed(volume: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    projected = [source[kind] for source in volume.get("projected", {}).get("sources", []) if kind in source]
    return projected + ([volume[kind]] if kind in volume else [])


def _files_of(workload: Workload, container: Mapping[str, Any]) -> Iterator[str]:
    for mount in container.get("volumeMounts", []):
        for file in _projected(workload.volumes.get(mount["name"], {})):
            yield f"{mount['mountPath']}/{file.path}"


def _mode(volume: Mapping[str, Any]) -> int:
    told = volume.get("projected", volume.get("secret", {}))
    mode: int = told.get("defaultMode", 0o644)
    return mode
