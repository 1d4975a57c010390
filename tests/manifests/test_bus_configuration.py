"""The configuration of the bus, as nats-server reads it: alone, and as one of three."""

import os
import subprocess
from pathlib import Path

import pytest

from kith.bus_routes import SERVERS
from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.embedded.nats import installed_binary
from kith.manifests.reading import Manifests
from kith.manifests.workloads import own_workloads
from shared.provisioning import STREAM_BYTES_MAX
from shared.subjects import SERVICES
from tests.manifests.rendering import OVERLAYS, manifests_of

GIB = 1024**3


def laid_out(manifests: Manifests, folder: Path) -> list[str]:
    """Put the files of the bus's pod below *folder* as its mounts do, and return the server's words."""
    [bus] = [one for one in own_workloads(manifests) if one.name == "nats"]
    data = folder / "made"
    make_container_files(deployment_of(data))
    [container] = bus.containers
    for mount in container["volumeMounts"]:
        place = folder / mount["mountPath"].lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        for item in bus.volumes[mount["name"]].get("configMap", {}).get("items", []):
            content = _configuration(manifests)[item["key"]]
            (place / item["path"]).write_text(content, encoding="utf-8")
        for item in bus.volumes[mount["name"]].get("secret", {}).get("items", []):
            content = (data / "secrets" / "bus" / item["key"]).read_text(encoding="utf-8")
            (place / item["path"]).write_text(content, encoding="utf-8")
    words = [word.replace("$(POD_NAME)", "nats-0") for word in container["args"]]
    return [word if not word.startswith("/") else str(folder / word.lstrip("/")) for word in words]


def lint(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed_binary(), *words, "-t"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=os.environ | {"POD_NAME": "nats-0"},
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_server_takes_the_configuration_of_an_overlay(overlay: str, tmp_path: Path) -> None:
    done = lint(laid_out(manifests_of(overlay), tmp_path))
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stderr


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("lame_duck: 30s\n", "unknown field"),
        ('include "nobody.conf"\n', "nobody.conf"),
        ("jetstream {\n", "EOF"),
        ("max_payload: $NOT_SET\n", "variable reference"),
    ],
)
def test_the_server_refuses_a_broken_one(fault: str, told: str, tmp_path: Path) -> None:
    words = laid_out(manifests_of("county-ha"), tmp_path)
    with Path(words[1]).open("a", encoding="utf-8") as file:
        file.write(fault)
    done = lint(words)
    assert done.returncode != 0
    assert told in done.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_acknowledged_is_on_disk(overlay: str) -> None:
    assert "sync_interval: always" in _configuration(manifests_of(overlay))["nats.conf"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_disk_of_the_bus_holds_every_stream(overlay: str) -> None:
    bus = manifests_of(overlay).named("StatefulSet", "nats")
    assert bus is not None
    [claim] = bus["spec"]["volumeClaimTemplates"]
    assert int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * GIB >= 20 * GIB
    assert "max_file_store: 20GB" in _configuration(manifests_of(overlay))["nats.conf"]
    assert len(SERVICES) * STREAM_BYTES_MAX <= 20 * GIB


def test_the_servers_find_each_other_under_the_names_of_their_pods() -> None:
    bus = manifests_of("county-ha").named("StatefulSet", "nats")
    assert bus is not None
    names = [f"nats-{number}.{bus['spec']['serviceName']}:6222" for number in range(bus["spec"]["replicas"])]
    assert tuple(names) == SERVERS


def _configuration(manifests: Manifests) -> dict[str, str]:
    [content] = [
        one
        for one in manifests.of_kind("ConfigMap")
        if one["metadata"]["name"].startswith("nats-configuration")
    ]
    data: dict[str, str] = content["data"]
    return data
