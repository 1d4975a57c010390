"""The gateway where the one it asks goes away: it asks once more, and then says that nobody answers."""

import getpass
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from kith.embedded.ports import LOOPBACK, kept_port
from kith.embedded.spawning import wait_until
from kith.gateway.configuration import write_configuration
from kith.gateway.running import installed_nginx
from kith.gateway.settings import GatewaySettings
from shared.subjects import SERVICES

START_SECONDS_MAX = 20.0


@dataclass
class Registry:
    """A server that hears requests, and is gone before it answers as many of them as *lost*."""

    lost: int
    port: int = 0
    heard: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def listening(registry: Registry) -> Iterator[Registry]:
    class Hear(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode().strip()
            headers = {}
            while (header := self.rfile.readline().strip()) and b":" in header:
                name, _, value = header.partition(b":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get(b"content-length", b"0")))
            registry.heard.append((f"{line} {headers[b'idempotency-key'].decode()}", body))
            if len(registry.heard) > registry.lost:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Hear) as server:
        registry.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield registry
        server.shutdown()


@contextmanager
def gateway_to(registry: Registry, folder: Path) -> Iterator[str]:
    """Run the gateway on *registry*, which stands for every service, and give its address."""
    port = kept_port(folder, "gateway")
    address = f"http://{LOOPBACK}:{registry.port}"
    settings = GatewaySettings.model_validate(
        {
            **{f"{service}_url": address for service in SERVICES},
            "gateway_host": LOOPBACK,
            "gateway_http_port": port,
        }
    )
    configuration = write_configuration(folder / "nginx", settings, "")
    nginx = subprocess.Popen(
        [installed_nginx(), "-g", f"user {getpass.getuser()};", "-p", folder / "nginx", "-c", configuration],
        stdout=subprocess.DEVNULL,
    )
    gateway = f"http://{LOOPBACK}:{port}"
    try:
        assert wait_until(lambda: _answers(gateway), START_SECONDS_MAX)
        yield gateway
    finally:
        nginx.terminate()
        nginx.wait()


def _answers(gateway: str) -> bool:
    try:
        return httpx.get(f"{gateway}/healthz").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/registry/children?limit=5&name=%E6%9D%8E", "/children?limit=5&name=%E6%9D%8E"),
        ("/areas/4312?x=1", "/areas/4312?x=1"),
    ],
)
def test_who_met_one_that_went_is_answered_by_the_next_under_the_same_address_and_key(
    tmp_path: Path, path: str, asked: str
) -> None:
    with listening(Registry(lost=1)) as registry, gateway_to(registry, tmp_path) as gateway:
        answer = httpx.post(f"{gateway}{path}", content=b"a paper", headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.text) == (200, "done")
    assert registry.heard == [(f"POST {asked} HTTP/1.1 once", b"a paper")] * 2


def test_who_meets_nobody_twice_is_told_so(tmp_path: Path) -> None:
    with listening(Registry(lost=2)) as registry, gateway_to(registry, tmp_path) as gateway:
        answer = httpx.get(f"{gateway}/registry/children")
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_away")
    assert answer.headers["retry-after"]
    assert len(registry.heard) == 2
