"""The gateway goes by other files while people ask: a certificate is renewed, comes later, or is a bad one."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kith.embedded.ports import LOOPBACK, kept_port
from kith.embedded.spawning import wait_until
from kith.exits import Exit
from shared.subjects import SERVICES
from tests.certificates import certify

START_SECONDS_MAX = 20.0
SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Gateway:
    """A gateway in *folder*, whose certificate is in *tls*, before services that are nowhere."""

    folder: Path
    tls: Path
    environment: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.environment['KITH_GATEWAY_HTTP_PORT']}"

    @property
    def https_port(self) -> int:
        return int(self.environment["KITH_GATEWAY_HTTPS_PORT"])

    def reload(self) -> subprocess.CompletedProcess[str]:
        words = ("gateway", "--reload", "--folder", str(self.folder))
        return subprocess.run(
            [sys.executable, "-m", "kith", *words],
            check=False,
            capture_output=True,
            text=True,
            env={**self.environment, "LANG": "C.UTF-8"},
            timeout=SECONDS_MAX,
        )

    def shows(self, certificate: str) -> bool:
        """Return whether *certificate* (PEM) is what one who comes now is shown."""
        try:
            return ssl.get_server_certificate((LOOPBACK, self.https_port)) == certificate
        except OSError:
            return False


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """Return a gateway that does not run yet and has no certificate."""
    (tmp_path / "tls").mkdir()
    told = {
        **{f"KITH_{service.upper()}_URL": f"http://{LOOPBACK}:9" for service in SERVICES},
        "KITH_GATEWAY_HOST": LOOPBACK,
        "KITH_GATEWAY_HTTP_PORT": str(kept_port(tmp_path, "http")),
        "KITH_GATEWAY_HTTPS_PORT": str(kept_port(tmp_path, "https")),
        "KITH_TLS_CERTIFICATE_FILE": str(tmp_path / "tls" / "certificate.pem"),
        "KITH_TLS_KEY_FILE": str(tmp_path / "tls" / "key.pem"),
    }
    return Gateway(tmp_path / "nginx", tmp_path / "tls", {**os.environ, **told})


@contextmanager
def at_work(gateway: Gateway) -> Iterator[None]:
    command = [sys.executable, "-m", "kith", "gateway", "--folder", str(gateway.folder)]
    nginx = subprocess.Popen(command, env=gateway.environment, stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: answers(gateway), START_SECONDS_MAX)
        yield
    finally:
        nginx.terminate()
        nginx.wait()


def answers(gateway: Gateway) -> bool:
    try:
        return httpx.get(f"{gateway.address}/healthz").is_success
    except httpx.TransportError:
        return False


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip()


def test_a_renewed_certificate_is_shown_to_who_comes_and_who_is_there_is_still_answered(
    gateway: Gateway,
) -> None:
    first = certify(gateway.tls)
    with at_work(gateway):
        trusting = ssl.create_default_context(cadata=first)
        kept = httpx.Limits(keepalive_expiry=None)
        address = f"https://localhost:{gateway.https_port}"
        with httpx.Client(base_url=address, verify=trusting, limits=kept) as there:
            assert there.get("/healthz").is_success
            renewed = certify(gateway.tls)
            done = gateway.reload()
            assert done.returncode == Exit.OK, done.stderr
            trusting.load_verify_locations(cadata=renewed)  # for when that connection has come to its end
            assert wait_until(
                lambda: there.get("/healthz").is_success and gateway.shows(renewed), SECONDS_MAX
            )


def test_a_certificate_that_comes_later_turns_https_on(gateway: Gateway) -> None:
    with at_work(gateway):
        certificate = certify(gateway.tls)
        done = gateway.reload()
        assert done.returncode == Exit.OK, done.stderr
        assert wait_until(lambda: gateway.shows(certificate), SECONDS_MAX)
        assert httpx.get(f"{gateway.address}/areas/4312").status_code == 308


def test_a_certificate_that_does_not_fit_its_key_is_refused_and_the_one_before_is_shown(
    gateway: Gateway, tmp_path: Path
) -> None:
    certificate = certify(gateway.tls)
    with at_work(gateway):
        (tmp_path / "other").mkdir()
        certify(tmp_path / "other")
        (tmp_path / "other" / "key.pem").rename(gateway.tls / "key.pem")
        refused = gateway.reload()
        assert refused.returncode == Exit.CONFIGURATION
        assert "goes on by those of before" in error_of(refused)
        assert "key.pem" in error_of(refused)
        assert gateway.shows(certificate)


def test_a_certificate_that_is_gone_does_not_turn_https_off(gateway: Gateway) -> None:
    certificate = certify(gateway.tls)
    with at_work(gateway):
        (gateway.tls / "certificate.pem").unlink()
        refused = gateway.reload()
        assert refused.returncode == Exit.REFUSED
        assert "HTTPS is on, and the certificate" in error_of(refused)
        assert gateway.shows(certificate)


@pytest.mark.parametrize("left", [None, "999999999\n", ""], ids=["never started", "ended", "damaged"])
def test_where_no_gateway_runs_a_reload_says_so(gateway: Gateway, left: str | None) -> None:
    if left is not None:
        gateway.folder.mkdir()
        (gateway.folder / "nginx.pid").write_text(left, encoding="ascii")
        (gateway.folder / "nginx.conf").touch()
    refused = gateway.reload()
    assert refused.returncode == Exit.REFUSED
    assert "No gateway works in" in error_of(refused)
