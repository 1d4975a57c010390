"""Over HTTPS the command line believes well-known authorities, or the county's own; otherwise it says what to do."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kith.cli import app
from kith.exits import Exit, Failed
from kith.opening import opened
from kith.trust import trusted
from shared.messages import Language, text
from tests.certificates import certify


class Away(BaseHTTPRequestHandler):
    """A gateway behind which nobody is."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for localhost that no authority knows, and its key beside it."""
    certify(tmp_path)
    return tmp_path / "certificate.pem"


@pytest.fixture
def gateway(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Away) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()


def failure_at(gateway: str, folder: Path) -> Failed:
    """Ask a gateway for what it will not give, once, and return how that failed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KITH_URL", gateway)
        with opened(folder, as_json=True) as open_:
            open_.client.attempts_max = 1
            with pytest.raises(Failed) as failed:
                open_.client.get("registry", "/status")
    return failed.value


def test_a_certificate_that_no_known_authority_signed_is_told_with_what_helps(
    tmp_path: Path, gateway: str
) -> None:
    failed = failure_at(gateway, tmp_path)
    assert (failed.code, failed.ends) == ("certificate_untrusted", Exit.UNREACHABLE)
    told = text(f"cli.{failed.code}", Language.EN, **failed.params)
    assert gateway in told
    assert "KITH_CA_FILE" in told


def test_the_countys_own_authority_is_believed(
    tmp_path: Path, gateway: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITH_CA_FILE", str(certificate))
    failed = failure_at(gateway, tmp_path)
    assert (failed.code, failed.params["status"]) == ("service_refused", 503)


def test_the_status_of_a_service_that_fails_says_why(
    tmp_path: Path, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITH_URL", gateway)
    told = CliRunner().invoke(app, ["status", "--data", str(tmp_path)]).stdout
    assert gateway in told.replace("\n", "").replace("│", "").replace(" ", "")
    assert "?" not in told


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_file_of_authorities_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    monkeypatch.setenv("KITH_CA_FILE", str(file))
    with pytest.raises(Failed) as failed:
        trusted()
    assert (failed.value.code, failed.value.ends) == ("ca_file_unreadable", Exit.CONFIGURATION)
    assert failed.value.params["file"] == str(file)
