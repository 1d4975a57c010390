"""The commands that make the Secrets: complete, from files that are there, and with nothing secret in them."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kith.cli import app
from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.manifests.files import known_secrets, secrets_used
from kith.manifests.making_secrets import commands, missing_files
from tests.manifests.rendering import OVERLAYS, manifests_of, rendered

MADE_BY_HAND = {"secrets/advance.token", "tls/certificate.pem", "tls/key.pem"}
"""A token of this county, and its certificate: docs/kubernetes.md says how."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    make_container_files(deployment_of(folder))
    return folder


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_secret_that_is_used_is_made_with_every_key(overlay: str, data: Path) -> None:
    manifests = manifests_of(overlay)
    made = [shlex.split(command) for command in commands(manifests, data)]
    assert {words[6] for words in made} == set(secrets_used(manifests))
    for words in made:
        given = {word.split("=")[1] for word in words if word.startswith(("--from-file", "--from-literal"))}
        tls = {"tls.crt", "tls.key"} if words[5] == "tls" else set()
        assert secrets_used(manifests)[words[6]] <= given | tls


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_init_makes_every_file_but_those_that_only_the_county_has(overlay: str, data: Path) -> None:
    missing = {str(file.relative_to(data)) for file in missing_files(manifests_of(overlay), data)}
    assert missing == MADE_BY_HAND


def test_no_command_holds_what_is_secret(data: Path) -> None:
    told = "\n".join(commands(manifests_of("county-ha"), data))
    secrets = [file.read_text(encoding="ascii").strip() for file in (data / "secrets").glob("*.password")]
    assert len(secrets) > len(known_secrets())
    assert not [secret for secret in secrets if secret in told]


def test_the_command_line_tells_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(rendered("county").replace("path: /readyz", "path: /livez"), encoding="utf-8")
    good = tmp_path / "good.yaml"
    good.write_text(rendered("county"), encoding="utf-8")
    assert CliRunner().invoke(app, ["manifests", "check", str(good)]).exit_code == 0
    refused = CliRunner().invoke(app, ["manifests", "check", "--json", str(broken)])
    assert refused.exit_code == 1
    assert {one["code"] for one in json.loads(refused.output)} == {"probe_path"}
