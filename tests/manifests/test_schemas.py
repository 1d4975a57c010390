"""Every object fits the API of three versions of Kubernetes, or the schema of the operator that reads it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from kubernetes_validate.utils import schema_contents
from referencing import Registry, Resource

from kith.manifests.reading import Object, where
from tests.manifests.rendering import COMPONENTS, OVERLAYS, manifests_of, with_component, with_restore

VERSIONS = ("1.30", "1.34", "1.37")
"""The oldest that the manifests need (preStop sleep), one between, and the newest."""

SCHEMAS = Path(__file__).parent / "schemas"
OPERATORS = {
    "keda.sh/v1alpha1": "keda",
    "monitoring.coreos.com/v1": "prometheus-operator",
    "postgresql.cnpg.io/v1": "cloudnative-pg",
}
"""Which file has the fields that we use of an operator's API; anything else in them is a fault."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_an_overlay_fits_the_version(overlay: str, version: str) -> None:
    assert _faults(manifests_of(overlay).objects, version) == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_object_of_a_component_fits_the_oldest_version(component: str) -> None:
    assert _faults(with_component(component).objects, VERSIONS[0]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_of_a_restore_fits_the_version(version: str) -> None:
    assert _faults(with_restore().objects, version) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"replica": 2}, "Additional properties are not allowed ('replica' was unexpected)"),
        ({"replicas": "2"}, "'2' is not of type 'integer', 'null'"),
    ],
)
def test_a_misspelt_field_and_a_wrong_type_are_faults(change: dict[str, Any], fault: str) -> None:
    deployment = manifests_of("county").named("Deployment", "registry")
    assert deployment is not None
    wrong = {**deployment, "spec": {**deployment["spec"], **change}}
    assert [fault in one for one in _faults([wrong], "1.37")] == [True]


def test_an_unknown_kind_is_a_fault() -> None:
    unknown = {"apiVersion": "apps/v1", "kind": "Deploymnet", "metadata": {"name": "registry"}}
    assert _faults([unknown], "1.37") == ["Deploymnet/registry: no such kind in apps/v1"]


def test_a_misspelt_field_of_an_operator_is_a_fault() -> None:
    scaled = manifests_of("county-ha").named("ScaledObject", "reporting")
    assert scaled is not None
    wrong = {**scaled, "spec": {**scaled["spec"], "minReplicas": 2}}
    assert len(_faults([wrong], "1.37")) == 1


def _faults(objects: Any, version: str) -> list[str]:
    return [
        f"{where(one)}: {fault}"
        for one in objects
        for fault in (_of_operator(one) if one["apiVersion"] in OPERATORS else _of_kubernetes(one, version))
    ]


def _of_kubernetes(one: Object, version: str) -> list[str]:
    group, _, api = one["apiVersion"].rpartition("/")
    name = "-".join(filter(None, (one["kind"].lower(), group.partition(".")[0], api)))
    try:
        validator = _validator(name, version)
    except FileNotFoundError:
        return [f"no such kind in {one['apiVersion']}"]
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(one)]


@cache
def _validator(name: str, version: str) -> Draft202012Validator:
    schema = schema_contents(f"{_folder(version)}/{name}.json", version)
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _definitions(version))


@cache
def _definitions(version: str) -> Registry[Any]:
    definitions = schema_contents(f"{_folder(version)}/_definitions.json", version)
    registry: Registry[Any] = Resource.from_contents(definitions) @ Registry()
    return registry


def _folder(version: str) -> str:
    return f"kubernetes-json-schema/v{version}.0-local-strict"


def _of_operator(one: Object) -> list[str]:
    schema = json.loads((SCHEMAS / f"{OPERATORS[one['apiVersion']]}.json").read_text(encoding="utf-8"))
    kinds = schema["$defs"]
    if one["kind"] not in kinds:
        return [f"no such kind in {one['apiVersion']}"]
    validator = Draft202012Validator({"$ref": f"#/$defs/{one['kind']}", "$defs": kinds})
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(one)]
