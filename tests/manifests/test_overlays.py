"""Every overlay, and every component by itself, holds together."""

import re
from pathlib import Path

import pytest
import yaml

from kith.manifests.checking import check
from kith.manifests.reading import Object
from shared.messages import Language
from shared.service import VERSION
from tests.manifests.rendering import (
    COMPONENTS,
    K8S,
    OVERLAYS,
    manifests_of,
    rendered,
    with_component,
    with_restore,
)

DEPLOY = K8S.parent


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_checker_finds_nothing_in_an_overlay(overlay: str) -> None:
    found = check(manifests_of(overlay))
    assert not found, [f"{one.where}: {one.said(Language.EN)}" for one in found]


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_checker_finds_nothing_in_the_plain_county_with_a_component(component: str) -> None:
    found = check(with_component(component))
    assert not found, [f"{one.where}: {one.said(Language.EN)}" for one in found]


def test_the_checker_finds_nothing_while_a_restore_runs() -> None:
    found = check(with_restore())
    assert not found, [f"{one.where}: {one.said(Language.EN)}" for one in found]


def test_both_overlays_run_every_service() -> None:
    for overlay in OVERLAYS:
        names = {one["metadata"]["name"] for one in manifests_of(overlay).of_kind("Deployment")}
        assert names - {"archive"} == {"registry", "pairing", "contact", "reporting", "gateway"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_both_overlays_make_a_backup_every_night(overlay: str) -> None:
    assert "backup" in {one["metadata"]["name"] for one in manifests_of(overlay).of_kind("CronJob")}


def test_the_larger_county_has_two_of_everything_that_answers() -> None:
    manifests = manifests_of("county-ha")
    replicas = {
        one["metadata"]["name"]: one["spec"].get("replicas", "KEDA's")
        for one in manifests.of_kind("Deployment")
    }
    assert replicas == {
        **dict.fromkeys(("registry", "pairing", "contact", "gateway"), 2),
        "reporting": "KEDA's",
        "archive": 1,  # one listens, and on another node within minutes
    }
    assert [one["spec"]["replicas"] for one in manifests.of_kind("StatefulSet")] == [3]
    assert [one["spec"]["instances"] for one in manifests.of_kind("Cluster")] == [3]


def test_no_two_replicas_of_the_larger_county_share_a_node() -> None:
    for one in manifests_of("county-ha").of_kind("Deployment", "StatefulSet"):
        if one["spec"].get("replicas") != 1:
            [spread] = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
            assert (spread["topologyKey"], spread["maxSkew"]) == ("kubernetes.io/hostname", 1)
            assert spread["whenUnsatisfiable"] == "DoNotSchedule", one["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_registry_is_named_so_that_a_county_names_its_own(overlay: str) -> None:
    images = [line.split()[-1] for line in rendered(overlay).splitlines() if " image: " in line]
    assert images
    assert not [image for image in images if "." in image.partition("/")[0] and "/" in image]


def test_the_alerts_in_the_cluster_are_those_of_the_rules_file() -> None:
    rules = Path(__file__).parents[2] / "deploy" / "observability" / "rules.yaml"
    [alerts] = manifests_of("county-ha").of_kind("PrometheusRule")
    assert alerts["spec"] == yaml.safe_load(rules.read_text(encoding="utf-8"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_runs_the_release_that_it_comes_with(overlay: str) -> None:
    [job] = manifests_of(overlay).of_kind("Job")
    assert_is_of_the_release(job, "migrate")


def test_a_restore_is_of_the_release_that_it_comes_with() -> None:
    job = with_restore().named("Job", f"restore-{VERSION.replace('.', '-')}")
    assert job is not None
    assert_is_of_the_release(job, "restore")


def assert_is_of_the_release(job: Object, name: str) -> None:
    assert job["metadata"]["name"] == f"{name}-{VERSION.replace('.', '-')}"
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == f"kith:{VERSION}"


OPERATORS_OWN = {
    "listen_addresses",
    "unix_socket_directories",
    "max_connections",  # for three servers, and for the operator's own connections
    "fsync",
    "synchronous_commit",  # on by themselves; to which servers, `synchronous` says
    "full_page_writes",
    "recovery_init_sync_method",
    "log_timezone",
    "log_destination",
    "logging_collector",
    "log_line_prefix",
    "include_if_exists",
}
"""What of the database's configuration CloudNativePG sets by itself or forbids to set."""


def test_a_database_that_an_operator_runs_is_configured_as_the_one_in_a_container() -> None:
    written = (DEPLOY / "postgres" / "postgresql.conf").read_text(encoding="utf-8")
    ours = dict(re.findall(r"^(\w+)(?: = | )'?([^'#\n]*?)'? *(?:#.*)?$", written, re.MULTILINE))
    cluster = yaml.safe_load((DEPLOY / "k8s/components/cnpg/cluster.yaml").read_text(encoding="utf-8"))
    theirs = cluster["spec"]["postgresql"]["parameters"]
    assert ours.keys() - theirs.keys() <= OPERATORS_OWN
    shared = {name: value for name, value in ours.items() if name not in OPERATORS_OWN}
    assert {name: value for name, value in theirs.items() if name not in OPERATORS_OWN} == shared
