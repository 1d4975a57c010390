"""A county without internet takes a new release: the file that was carried there, in the folder the stack runs from."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kith.bundling import load_bundle, make_bundle
from kith.demo import EXAMPLE
from kith.exits import Exit
from shared.subjects import SERVICES
from tests.containers.engine import BASES, KITH_IMAGE, ROOT, make_next_release, run
from tests.containers.stack import Stack, deployed
from tests.containers.test_backup import keep_settings

pytestmark = pytest.mark.timeout(900)

NEWER = "carried/kith:next"
OURS = "services:\n  contact:\n    environment:\n      KITH_LOG_LEVEL: warning\n"
"""What the county added to compose: of that kind are its own rules of care."""


@dataclass(frozen=True)
class County:
    """A stack that runs from *folder*, as a bundle made it, and the bundle of the next release."""

    stack: Stack
    folder: Path
    newer: Path

    def told(self, *words: str) -> Any:
        done = self.stack.kith(*words, "--json")
        assert done.returncode == Exit.OK, done.stderr
        return json.loads(done.stdout)

    def upgrade(self, bundle: Path) -> Any:
        return self.stack.kith("upgrade", "--bundle", str(bundle), "--project", str(self.folder), "--json")

    def containers(self) -> dict[str, list[str]]:
        return {
            service: self.stack.compose("ps", "--quiet", service).split()
            for service in (*SERVICES, "gateway", "postgres", "nats")
        }


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    place = tmp_path_factory.mktemp("county")
    folder = place / "kith-0.1.0"
    load_bundle(_bundle(place / "first.tar", KITH_IMAGE), folder)
    ours = folder / "docker-compose.override.yml"
    ours.write_text(OURS, encoding="utf-8")
    with deployed(settings={"COMPOSE_FILE": f"{folder / 'docker-compose.yml'}:{ours}"}) as stack:
        keep_settings(stack)
        stack.compose("up", "--wait", "--pull", "never", "--scale", "registry=2")
        make_next_release(NEWER)
        newer = _bundle(place / "next.tar", NEWER)
        run("docker", "image", "rm", NEWER)
        county = County(stack, folder, newer)
        county.told("advance", "--to", "2026-01-01")
        county.told("import", "areas", str(EXAMPLE / "行政区划.xlsx"))
        county.told("subscriber", "add", "clinic", "--area", "431299", "--event", "ContactMissed")
        yield county
        stack.compose(
            *("--file", str(folder / "docker-compose.yml")), "down", "--remove-orphans", check=False
        )
    run("docker", "image", "rm", "--force", NEWER, check=False)


def _bundle(file: Path, image: str) -> Path:
    make_bundle(ROOT, [image, BASES["POSTGRES_IMAGE"], BASES["NATS_IMAGE"]], file)
    return file


def test_a_damaged_bundle_touches_neither_the_folder_nor_what_runs(county: County, tmp_path: Path) -> None:
    before = county.containers()
    marked = county.folder / "README.md"
    marked.write_text("as it was", encoding="utf-8")
    damaged = tmp_path / "damaged.tar"
    shutil.copyfile(county.newer, damaged)
    with damaged.open("r+b") as file:
        file.seek(damaged.stat().st_size // 2)
        file.write(b"\x00damaged\x00")
    refused = county.upgrade(damaged)
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "bundle_damaged"
    assert marked.read_text(encoding="utf-8") == "as it was"
    assert county.containers() == before


def test_nothing_that_runs_is_touched_while_the_doctor_finds_something_bad(county: County) -> None:
    before = county.containers()
    secrets = county.stack.data / "secrets"
    (secrets / "signing-key.json").chmod(0o644)
    try:
        refused = county.upgrade(county.newer)
    finally:
        (secrets / "signing-key.json").chmod(0o600)
    assert refused.returncode == Exit.REFUSED
    assert "open to others: signing-key.json" in refused.stderr
    assert json.loads(refused.stdout)["error"]["code"] == "upgrade_ill"
    assert county.containers() == before


def test_the_doctor_tells_from_outside_that_secrets_lie_open(county: County) -> None:
    secrets = county.stack.data / "secrets"
    secrets.chmod(0o755)
    try:
        looked = county.stack.kith("doctor", "--project", str(county.folder), "--json")
    finally:
        secrets.chmod(0o700)
    assert looked.returncode == Exit.REFUSED
    bad = [finding for finding in json.loads(looked.stdout) if finding["level"] == "bad"]
    assert [(finding["code"], finding["where"]) for finding in bad] == [("doctor_secrets_open", str(secrets))]


def test_the_doctor_looks_at_the_disks_of_the_servers_and_at_what_only_the_host_sees(county: County) -> None:
    findings = county.told("doctor", "--project", str(county.folder))
    looked = {(finding["code"], finding["where"]) for finding in findings}
    disks = {where for code, where in looked if code == "doctor_disk"}
    assert disks >= {"/var/lib/postgresql/data", "/var/lib/kith/nats"}
    assert ("doctor_secrets", str(county.stack.data / "secrets")) in looked
    assert {where for code, where in looked if code == "doctor_service"} == {*SERVICES}


def test_an_upgrade_by_a_bundle_replaces_every_container_and_keeps_what_the_county_added(
    county: County,
) -> None:
    stack, before = county.stack, county.containers()
    status = county.told("status")
    done = county.upgrade(county.newer)
    assert done.returncode == Exit.OK, done.stderr
    after = county.containers()
    wanted = run("docker", "image", "inspect", "--format", "{{.Id}}", NEWER).stdout.strip()
    assert [len(after[service]) for service in SERVICES] == [2, 1, 1, 1]
    for service in (*SERVICES, "gateway"):
        assert not set(after[service]) & set(before[service])
        for container in after[service]:
            assert run("docker", "inspect", "--format", "{{.Image}}", container).stdout.strip() == wanted
    assert (after["postgres"], after["nats"]) == (before["postgres"], before["nats"])
    assert "KITH_LOG_LEVEL=warning" in stack.inspected("contact")["Config"]["Env"]
    assert f"KITH_IMAGE={NEWER}" in (stack.data / "compose.env").read_text(encoding="utf-8").splitlines()
    assert [each["position"] for each in county.told("status")] == [each["position"] for each in status]
    assert [each["waiting"] for each in county.told("subscriber", "list")] == [0]

    again = county.upgrade(county.newer)
    assert again.returncode == Exit.OK, again.stderr
    assert {name: county.containers()[name] for name in SERVICES} == {name: after[name] for name in SERVICES}
