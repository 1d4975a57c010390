"""The one address in front of the services: what it hides, what it lets through, and how TLS is turned on."""

import ssl
from functools import partial

import httpx
import pytest

from kith.embedded.spawning import wait_until
from shared.subjects import SERVICES
from tests.certificates import certify
from tests.containers.conftest import Year
from tests.containers.engine import run
from tests.containers.stack import Stack, deployed

pytestmark = pytest.mark.timeout(900)

AWAY_SECONDS_MAX = 30.0
"""Two tries of the gateway to reach an address that nobody has any more, on a machine that has much to do."""
CLOSED = ("livez", "readyz", "metrics", "horizon")


@pytest.mark.parametrize("service", ["", *SERVICES])
@pytest.mark.parametrize("way", CLOSED)
@pytest.mark.parametrize("form", ["/{}/{}", "/{}//{}", "/./{}/{}/", "/x/../{}/{}", "/{}/%2e/{}"])
def test_operating_routes_end_at_the_gateway(stack: Stack, service: str, way: str, form: str) -> None:
    with httpx.Client() as client:
        request = client.build_request("GET", stack.address)
        request.url = request.url.copy_with(raw_path=form.format(service, way).encode())
        answer = client.send(request)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_the_gateway_tells_of_itself(stack: Stack) -> None:
    assert httpx.get(f"{stack.address}/healthz").json() == {"gateway": True}


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_without_a_token_gets_the_services_own_refusal(stack: Stack, service: str) -> None:
    answer = httpx.get(f"{stack.address}/{service}/status")
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_missing"
    assert answer.headers["x-request-id"]


def test_a_paper_that_is_too_large_is_refused_in_words(stack: Stack) -> None:
    files = {"file": ("a.xlsx", b"0" * (34 * 1024**2))}
    answer = httpx.post(f"{stack.address}/registry/imports/rosters", files=files, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


def test_a_change_reaches_an_open_page_at_once(stack: Stack, year: Year) -> None:
    county = year.true.papers.rosters[0].name[:6]
    token = stack.kith("token", "issue", "li.min@qingxi", "--role", "county", "--area", county).stdout.strip()
    bearer = {"Authorization": f"Bearer {token}"}
    asked = {"area": county}
    with (
        httpx.Client(base_url=stack.address, headers=bearer, timeout=30) as client,
        client.stream("GET", "/changes", params=asked) as page,
    ):
        assert page.status_code == 200
        advanced = stack.kith("advance", "--to", "2026-11-24")
        assert advanced.returncode == 0, advanced.stderr
        line = next(line for line in page.iter_lines() if line.startswith("event:"))
        assert line.removeprefix("event:").strip() == "changed"


def test_a_service_that_is_away_is_told_in_both_languages_and_comes_back(stack: Stack, year: Year) -> None:
    stack.compose("stop", "pairing")
    try:
        away = httpx.get(f"{stack.address}/pairing/status", timeout=AWAY_SECONDS_MAX)
        assert (away.status_code, away.json()["code"]) == (503, "gateway_away")
        assert away.headers["retry-after"]
        assert "暂时没有应答" in away.json()["detail"]
        assert "does not answer" in away.json()["detail"]
    finally:
        stack.compose("start", "pairing")
    back = partial(httpx.get, f"{stack.address}/pairing/status", timeout=AWAY_SECONDS_MAX)
    assert wait_until(lambda: back().status_code == 401, 60)


def test_the_gateways_log_holds_no_token(stack: Stack) -> None:
    httpx.get(f"{stack.address}/sign-in", params={"token": "eyJ-a-token-that-nobody-may-read"})
    logged = run("docker", "logs", stack.container("gateway"))
    assert '"path":"/sign-in"' in logged.stdout
    assert "nobody-may-read" not in logged.stdout + logged.stderr


def test_a_certificate_and_its_key_turn_tls_on() -> None:
    with deployed() as stack:
        certify(stack.data / "tls")
        stack.compose("up", "--wait", "--pull", "never")
        trusted = ssl.create_default_context(cafile=str(stack.data / "tls" / "certificate.pem"))
        secure = httpx.get(f"{stack.https_address}/registry/status", verify=trusted)
        assert secure.status_code == 401
        assert "max-age" in secure.headers["strict-transport-security"]
        plain = httpx.get(f"{stack.address}/areas/431299?x=1")
        assert plain.status_code == 308
        assert plain.headers["location"].endswith(
            f":{stack.settings['KITH_GATEWAY_HTTPS_PORT']}/areas/431299?x=1"
        )
