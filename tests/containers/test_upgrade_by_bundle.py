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
from kith.embedded.spawning import wait_until
from kith.exits import Exit
from shared.subjects import SERVICES
from tests.containers.engine import BASES, KITH_IMAGE, ROOT, make_image, make_next_release, run
from tests.containers.stack import Stack, deployed
from tests.containers.test_backup import AREA, ROSTER
from tests.containers.test_separation import streams

pytestmark = pytest.mark.timeout(900)

NEWER = "carried/kith:next"
ON_THAT_DAY = ("--as-of", "2026-02-10")
TAKEN_SECONDS_MAX = 60.0
OURS = "services:\n  contact:\n    environment:\n      KITH_LOG_LEVEL: warning\n"
"""What the county added to compose: of that kind are its own rules of care."""


SERVERS = {
    "POSTGRES_IMAGE": ("carried/postgres:17", BASES["POSTGRES_IMAGE"]),
    "NATS_IMAGE": ("carried/nats:2", BASES["NATS_IMAGE"]),
}
"""Names of this module's own: the bundle of a later release brings others under the same."""
NAMES = {variable: name for variable, (name, _) in SERVERS.items()}
ELDER = "carried/postgres:elder"
ELDER_POSTGRES = (
    "RUN mkdir /elder && printf '#!/bin/sh\\necho \"postgres (PostgreSQL) 16.9\"\\n' > /elder/postgres\n"
    "RUN chmod +x /elder/postgres\n"
    "ENV PATH=/elder:$PATH\n"
)
"""What makes an image of the same server say that it is one of before."""


@dataclass(frozen=True)
class County:
    """A stack that runs from *folder*, as a bundle made it, the bundle of the next release, and the one after it.

    The latter has other images of both servers; *servers* are their ids.
    """

    stack: Stack
    folder: Path
    newer: Path
    with_servers: Path
    servers: list[str]

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
    files = f"{folder / 'docker-compose.yml'}:{ours}"
    with deployed(settings={**NAMES, "COMPOSE_FILE": files}) as stack:
        stack.keep_settings()
        stack.compose("up", "--wait", "--pull", "never", "--scale", "registry=2")
        make_next_release(NEWER)
        newer = _bundle(place / "next.tar", NEWER)
        with_servers, servers = _bundle_with_other_servers(place / "after-next.tar")
        run("docker", "image", "rm", NEWER)
        county = County(stack, folder, newer, with_servers, servers)
        county.told("advance", "--to", "2026-01-01")
        county.told("import", "areas", str(EXAMPLE / "行政区划.xlsx"))
        county.told("subscriber", "add", "clinic", "--area", "431299", "--event", "ContactMissed")
        yield county
        stack.compose(
            *("--file", str(folder / "docker-compose.yml")), "down", "--remove-orphans", check=False
        )
    run("docker", "image", "rm", "--force", NEWER, *NAMES.values(), check=False)


def _bundle(file: Path, image: str) -> Path:
    for name, base in SERVERS.values():
        run("docker", "tag", base, name)
    make_bundle(ROOT, [image, *NAMES.values()], file)
    return file


def _bundle_with_other_servers(file: Path) -> tuple[Path, list[str]]:
    """Make a bundle with images of the servers that this machine has forgotten when it is made; return their ids."""
    for name, base in SERVERS.values():
        make_image(name, base, "LABEL org.opencontainers.image.revision=next\n")
    bundle = make_bundle(ROOT, [NEWER, *NAMES.values()], file)
    servers = [bundle.images[name] for name in NAMES.values()]
    for name, base in SERVERS.values():
        run("docker", "tag", base, name)
    run("docker", "image", "rm", *servers)
    return file, servers


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


def test_a_postgres_that_cannot_read_the_databases_is_refused_before_anything_is_touched(
    county: County,
) -> None:
    before, settings = county.containers(), county.stack.data / "compose.env"
    kept = settings.read_text(encoding="utf-8")
    make_image(ELDER, BASES["POSTGRES_IMAGE"], ELDER_POSTGRES)
    settings.write_text(kept.replace(NAMES["POSTGRES_IMAGE"], ELDER), encoding="utf-8")
    try:
        refused = county.upgrade(county.newer)
        run("docker", "image", "rm", ELDER)
        missing = county.upgrade(county.newer)
    finally:
        settings.write_text(kept, encoding="utf-8")
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "upgrade_server_unfit"
    assert f"{ELDER} holds postgres 16.9" in refused.stderr
    assert (
        f"The bundle also brought {NAMES['POSTGRES_IMAGE']}, which no container here uses" in refused.stderr
    )
    assert json.loads(missing.stdout)["error"]["code"] == "upgrade_server_missing"
    assert county.containers() == before


async def test_servers_that_a_bundle_has_others_of_are_replaced_and_keep_databases_and_streams(
    county: County,
) -> None:
    stack = county.stack
    county.told("import", "roster", "--filed-on", "2026-01-01", str(ROSTER))
    county.told("advance", "--to", "2026-02-10")
    assert wait_until(lambda: all_is_taken(county), TAKEN_SECONDS_MAX)
    before, shown, heard = county.containers(), what_is_shown(county), await streams(stack)
    done = county.upgrade(county.with_servers)
    assert done.returncode == Exit.OK, done.stderr
    after = county.containers()
    inspect = ("docker", "inspect", "--format", "{{.Image}}")
    assert [run(*inspect, *after[name]).stdout.strip() for name in ("postgres", "nats")] == county.servers
    assert {name: after[name] for name in (*SERVICES, "gateway")} == {
        name: before[name] for name in (*SERVICES, "gateway")
    }
    assert (what_is_shown(county), await streams(stack)) == (shown, heard)

    county.told("advance", "--to", "2026-03-10")
    assert wait_until(lambda: all_is_taken(county), TAKEN_SECONDS_MAX)
    later = await streams(stack)
    assert all(later[name][1] >= last for name, (_, last) in heard.items())
    assert later["KITH_CONTACT"][1] > heard["KITH_CONTACT"][1]
    assert what_is_shown(county) == shown  # as of the same day
    assert county.told("figures", "--area", AREA) != county.told("figures", "--area", AREA, *ON_THAT_DAY)


def all_is_taken(county: County) -> bool:
    states = county.told("status")
    return not any(reader["lag_events"] for state in states for reader in state["readers"])


def what_is_shown(county: County) -> Any:
    return county.told("figures", "--area", AREA, *ON_THAT_DAY)
