"""A running deployment goes over to settings and a certificate of now, piece by piece, and stays where they are bad."""

import json
import ssl
from collections.abc import Iterator

import httpx
import pytest

from kith.embedded.ports import LOOPBACK
from kith.embedded.spawning import wait_until
from kith.exits import Exit
from tests.certificates import certify
from tests.command_line import run_kith
from tests.containers.engine import COMMAND_SECONDS_MAX, run
from tests.containers.stack import Stack, deployed

pytestmark = pytest.mark.timeout(900)

SICK_SECONDS_MAX = 60.0
CONTAINERS = ("registry", "pairing", "contact", "reporting", "gateway", "postgres", "nats")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Start a deployment with two containers of the registry, which has no certificate yet."""
    with deployed() as deployment:
        deployment.keep_settings()
        deployment.compose("up", "--wait", "--pull", "never", "--scale", "registry=2")
        yield deployment


def containers(stack: Stack) -> dict[str, set[str]]:
    return {name: stack.containers(name) for name in CONTAINERS}


def health(container: str) -> str:
    return run("docker", "inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()


def environment(container: str) -> list[str]:
    told: list[str] = json.loads(run("docker", "inspect", container).stdout)[0]["Config"]["Env"]
    return told


def test_a_service_goes_over_to_the_settings_of_now_in_as_many_containers_and_nothing_else_is_touched(
    stack: Stack,
) -> None:
    before = containers(stack)
    stack.change(KITH_LOG_LEVEL="warning")
    done = stack.kith("restart", "registry", "--json")
    assert done.returncode == Exit.OK, done.stderr
    assert [*json.loads(done.stdout)["seconds"]] == ["registry", "look"]
    after = containers(stack)
    assert len(after["registry"]) == 2
    assert not after["registry"] & before["registry"]
    assert all("KITH_LOG_LEVEL=warning" in environment(one) for one in after["registry"])
    assert after == before | {"registry": after["registry"]}
    answer = httpx.get(f"{stack.address}/registry/status")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


def test_where_a_service_does_not_start_with_the_settings_of_now_the_containers_of_before_serve_on(
    stack: Stack,
) -> None:
    before = containers(stack)
    stack.change(KITH_LOG_LEVEL="shouting")
    refused = stack.kith("restart", "contact", "--json")
    stack.change(KITH_LOG_LEVEL="info")
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "engine_refused"
    assert containers(stack) == before
    assert httpx.get(f"{stack.address}/contact/status").status_code == 401


def test_a_container_that_is_not_healthy_is_replaced(stack: Stack) -> None:
    before = containers(stack)
    [sick] = before["pairing"]
    run("docker", "pause", sick)
    assert wait_until(lambda: health(sick) == "unhealthy", SICK_SECONDS_MAX)
    done = stack.kith("restart", "pairing")
    assert done.returncode == Exit.OK, done.stderr
    [new] = stack.containers("pairing")
    assert (new != sick, health(new)) == (True, "healthy")


def test_a_first_and_a_renewed_certificate_are_shown_by_the_gateway_that_runs(stack: Stack) -> None:
    before = containers(stack)
    place = (LOOPBACK, int(stack.settings["KITH_GATEWAY_HTTPS_PORT"]))
    told = {"KITH_URL": stack.https_address, "KITH_CA_FILE": str(stack.data / "tls" / "certificate.pem")}
    for _ in range(2):
        certificate = certify(stack.data / "tls")
        done = run_kith(("restart", "gateway"), stack.data, told, COMMAND_SECONDS_MAX)
        assert done.returncode == Exit.OK, done.stderr
        assert ssl.get_server_certificate(place) == certificate
    assert containers(stack) == before


def test_what_does_not_run_cannot_be_started_anew(stack: Stack) -> None:
    stack.compose("rm", "--stop", "--force", "pairing")
    refused = stack.kith("restart", "pairing", "--json")
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "restart_nothing_runs"
