"""What containers are given as files, checked by the servers that will read it; no engine is needed for that."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from kith.container_files import lead_compose, make_container_files
from kith.deployment import deployment_of
from kith.embedded.nats import installed_binary
from kith.engine import Compose
from kith.exits import Exit, Failed
from kith.gateway.configuration import write_configuration
from kith.gateway.running import installed_nginx, settings_of_gateway
from kith.gateway.settings import GatewaySettings
from shared.subjects import SERVICES
from tests.certificates import certify

ROOT = Path(__file__).parent.parent.parent
RESOLV_CONF = "nameserver 10.96.0.10\nnameserver fd00::10\nsearch kith.svc.cluster.local svc.cluster.local\n"
SERVICES_IN_A_CLUSTER = {
    "registry_url": "http://registry:8080",
    "pairing_url": "http://pairing.elsewhere.example:8080",
    "contact_url": "http://10.0.0.7:8080",
    "reporting_url": "http://[fd00::7]:8080",
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_for_containers_are_made_once_and_what_signs_tokens_stays_closed(tmp_path: Path) -> None:
    deployment = deployment_of(tmp_path)
    make_container_files(deployment)
    secrets = {path: path.read_bytes() for path in (tmp_path / "secrets").iterdir() if path.is_file()}
    make_container_files(deployment)
    assert {path: path.read_bytes() for path in (tmp_path / "secrets").iterdir() if path.is_file()} == secrets
    assert mode(tmp_path / "secrets") == 0o700
    assert {path.name for path in secrets if mode(path) != 0o444} == {"signing-key.json"}
    assert mode(tmp_path / "secrets" / "signing-key.json") == 0o600
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    mounted = re.findall(r'\{file: "\$\{KITH_DATA:-\./\.kith\}/secrets/([^"]+)"\}', compose)
    assert len(mounted) > 10
    assert set(mounted) < {path.name for path in secrets}
    assert "signing-key.json" not in mounted


def test_compose_run_by_hand_goes_by_the_settings_of_a_folder_within_and_by_what_is_there_already(
    tmp_path: Path,
) -> None:
    within, elsewhere = deployment_of(tmp_path / "project" / ".kith"), deployment_of(tmp_path / "data")
    project = tmp_path / "project"
    for deployment in (within, elsewhere):
        make_container_files(deployment)
    lead_compose(within, project)
    assert not (project / ".env").exists()  # nothing of compose is here
    (project / "docker-compose.yml").touch()
    lead_compose(elsewhere, project)
    assert not (project / ".env").exists()
    lead_compose(within, project)
    assert (project / ".env").readlink() == Path(".kith", "compose.env")
    (project / ".env").unlink()
    (project / ".env").write_text("KITH_IMAGE=ours\n", encoding="ascii")
    lead_compose(within, project)
    assert (project / ".env").read_text(encoding="ascii") == "KITH_IMAGE=ours\n"


def test_an_upgrade_goes_by_the_files_that_compose_goes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    make_container_files(deployment_of(tmp_path))
    compose = Compose(tmp_path, tmp_path)
    (tmp_path / "docker-compose.yml").touch()
    assert compose.files == ["docker-compose.yml", "compose.backup.yml"]
    (tmp_path / "docker-compose.override.yml").touch()
    assert compose.files == ["docker-compose.yml", "docker-compose.override.yml", "compose.backup.yml"]
    with (tmp_path / "compose.env").open("a", encoding="utf-8") as settings:
        settings.write("COMPOSE_FILE=docker-compose.yml:compose.backup.yml:compose.traces.yml\n")
    assert compose.files == ["docker-compose.yml", "compose.backup.yml", "compose.traces.yml"]
    monkeypatch.setenv("COMPOSE_FILE", "docker-compose.yml")
    assert compose.files == ["docker-compose.yml", "compose.backup.yml"]


def test_the_nats_server_takes_the_configuration_with_the_users_of_a_deployment(tmp_path: Path) -> None:
    make_container_files(deployment_of(tmp_path / "data"))
    (tmp_path / "etc" / "nats").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "nats" / "nats.conf", tmp_path / "etc" / "nats")
    shutil.copytree(tmp_path / "data" / "secrets" / "bus", tmp_path / "run" / "kith" / "bus")
    command: list[str | Path] = [installed_binary(), "-t", "-c", tmp_path / "etc" / "nats" / "nats.conf"]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "is valid" in checked.stderr, checked.stderr


@pytest.mark.parametrize("tls", [False, True])
def test_nginx_takes_the_configuration_of_the_gateway(tmp_path: Path, tls: bool) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    if tls:
        certify(tmp_path)
    settings = GatewaySettings.model_validate(
        {**SERVICES_IN_A_CLUSTER, "tls_certificate_file": certificate, "tls_key_file": key}
    )
    configuration = write_configuration(tmp_path / "nginx", settings, RESOLV_CONF)
    command: list[str | Path] = [installed_nginx(), "-t", "-p", tmp_path / "nginx", "-c", configuration]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "test is successful" in checked.stderr, checked.stderr
    assert "warn" not in checked.stderr
    text = configuration.read_text(encoding="utf-8")
    assert ("ssl_certificate " in text) == tls


def test_a_short_name_is_looked_for_in_the_namespace_and_an_address_not_at_all(tmp_path: Path) -> None:
    settings = GatewaySettings.model_validate(SERVICES_IN_A_CLUSTER)
    text = write_configuration(tmp_path / "nginx", settings, RESOLV_CONF).read_text(encoding="utf-8")
    assert re.findall(r"    server (\S+?:\d+)( resolve)? max_fails", text) == [
        ("registry.kith.svc.cluster.local:8080", " resolve"),
        ("pairing.elsewhere.example:8080", " resolve"),
        ("10.0.0.7:8080", ""),
        ("[fd00::7]:8080", ""),
    ]
    assert "resolver 10.96.0.10 [fd00::10] valid" in text


def test_a_gateway_without_its_settings_names_every_one_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for service in ("REGISTRY", "PAIRING", "CONTACT", "REPORTING"):
        monkeypatch.delenv(f"KITH_{service}_URL", raising=False)
    with pytest.raises(Failed) as failed:
        settings_of_gateway()
    assert failed.value.ends is Exit.CONFIGURATION
    assert [
        service
        for service in ("REGISTRY", "PAIRING", "CONTACT", "REPORTING")
        if f"KITH_{service}_URL is missing" in str(failed.value.params["why"])
    ] == ["REGISTRY", "PAIRING", "CONTACT", "REPORTING"]


def test_what_the_gateway_says_by_itself_is_in_both_languages(tmp_path: Path) -> None:
    settings = GatewaySettings.model_validate(SERVICES_IN_A_CLUSTER)
    write_configuration(tmp_path / "nginx", settings, RESOLV_CONF)
    problem = json.loads((tmp_path / "nginx" / "pages" / "_away.json").read_text(encoding="utf-8"))
    page = (tmp_path / "nginx" / "pages" / "_away.html").read_text(encoding="utf-8")
    for said in (problem["detail"], page):
        assert "暂时没有应答" in said
        assert "does not answer" in said


@pytest.mark.parametrize("file", ["docker-compose.yml", "compose.backup.yml", "compose.observability.yml"])
def test_every_container_has_limits_and_no_more_rights_than_are_named(file: str) -> None:
    services = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert "privileged" not in service, name
        assert not any(
            "PASSWORD" in key and not key.endswith("_FILE") for key in service.get("environment", ())
        ), name


def test_every_variable_of_the_compose_file_is_explained(tmp_path: Path) -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    variables = set(re.findall(r"\$\{([A-Z_0-9]+)", compose))
    assert len(variables) > 10
    assert not {variable for variable in variables if f"`{variable}`" not in operations}
    assert not re.findall(r"\$\{[A-Z_0-9]+\}", compose)  # each has a default


def test_only_the_gateway_and_the_bus_stand_in_front_and_every_container_has_its_bounds() -> None:
    stack = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    containers = stack["services"]
    assert stack["networks"] == {"front": {}, "back": {"internal": True}}
    nowhere = {name for name, one in containers.items() if one.get("network_mode") == "none"}
    assert {name for name, one in containers.items() if "networks" not in one} == nowhere
    in_front = {name for name in containers.keys() - nowhere if "front" in containers[name]["networks"]}
    assert in_front == {name for name, one in containers.items() if "ports" in one} == {"gateway", "nats"}
    for name, one in containers.items():
        bounds = {"mem_limit", "pids_limit", *(["cpus"] if name in SERVICES else [])}
        assert bounds <= one.keys(), name
