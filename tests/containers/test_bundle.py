"""What a bundle carries to a machine without internet, and that a damaged one is refused."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kith.bundling import load_bundle
from kith.exits import Failed
from tests.containers.engine import BASES, KITH_IMAGE, run
from tests.containers.stack import deployed

pytestmark = pytest.mark.timeout(900)

CARRIED = {
    "KITH_IMAGE": ("kith-carried:0.1.0", KITH_IMAGE),
    "POSTGRES_IMAGE": ("postgres-carried:17", BASES["POSTGRES_IMAGE"]),
    "NATS_IMAGE": ("nats-carried:2", BASES["NATS_IMAGE"]),
}
"""Names that no registry knows and that are on this machine only while the bundle is made, or after it is loaded."""
NAMES = {variable: name for variable, (name, _) in CARRIED.items()}


@dataclass(frozen=True)
class Carried:
    """A bundle that was made, on a machine that has forgotten its images."""

    file: Path
    ids: dict[str, str]


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    for name, present in CARRIED.values():
        run("docker", "tag", present, name)
    file = tmp_path_factory.mktemp("bundle") / "kith.bundle.tar"
    made = bundle("make", file)
    assert set(made["images"]) == set(NAMES.values())
    _forget()
    yield Carried(file, made["images"])
    _forget()
    file.unlink()


def bundle(*words: str | Path) -> dict[str, Any]:
    """Run `kith bundle` where compose goes by NAMES, and return what it answers."""
    command = (sys.executable, "-m", "kith", "bundle", *map(str, words), "--json")
    told: dict[str, Any] = json.loads(run(*command, environment=NAMES).stdout)
    return told


def _forget() -> None:
    run("docker", "image", "rm", *NAMES.values(), check=False)


def known(image: str) -> bool:
    return run("docker", "image", "inspect", image, check=False).returncode == 0


def test_a_bundle_starts_a_whole_kith_where_no_registry_is_reached(carried: Carried, tmp_path: Path) -> None:
    assert not any(map(known, NAMES.values()))
    loaded = bundle("load", carried.file, "--into", tmp_path / "kith")
    assert loaded["images"] == carried.ids
    with deployed(settings={**NAMES, "COMPOSE_FILE": str(tmp_path / "kith" / "docker-compose.yml")}) as stack:
        stack.compose("up", "--wait", "--pull", "never")
        states = json.loads(stack.kith("status", "--json").stdout)
        assert [state["answers"] for state in states] == [True] * 4


def test_a_bundle_can_be_checked_and_unpacked_with_the_tools_of_any_machine(
    carried: Carried, tmp_path: Path
) -> None:
    run("tar", "--extract", "--file", str(carried.file), "--directory", str(tmp_path))
    checked = run("sh", "-c", f"cd {tmp_path} && sha256sum --check --quiet SHA256SUMS")
    assert checked.stdout == ""
    listed = {line.split("  ", 1)[1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert there == listed | {"SHA256SUMS"}
    assert {
        "docker-compose.yml",
        "compose.backup.yml",
        "deploy/nats/nats.conf",
        "docs/operations.md",
    } <= there


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9])
def test_one_changed_byte_anywhere_is_refused_before_anything_is_loaded(
    carried: Carried, tmp_path: Path, place: float
) -> None:
    _forget()
    damaged = tmp_path / "damaged.tar"
    shutil.copyfile(carried.file, damaged)
    with damaged.open("r+b") as file:
        file.seek(1024 + int(place * (damaged.stat().st_size - 20_480)))
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(Failed) as refused:
        load_bundle(damaged, tmp_path / "kith")
    assert refused.value.code == "bundle_damaged"
    assert not (tmp_path / "kith").exists()
    assert not any(map(known, NAMES.values()))


def test_half_a_bundle_is_refused(carried: Carried, tmp_path: Path) -> None:
    half = tmp_path / "half.tar"
    with carried.file.open("rb") as whole:
        half.write_bytes(whole.read(carried.file.stat().st_size // 2))
    with pytest.raises(Failed) as refused:
        load_bundle(half, tmp_path / "kith")
    assert refused.value.code == "bundle_damaged"
