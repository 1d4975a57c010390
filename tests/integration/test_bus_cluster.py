"""Three servers of the bus: what a service does when one of them is lost, or left alone with its clients."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo

from kith.embedded.kept_secrets import bus_password
from kith.embedded.nats import installed_binary, server_configuration
from kith.embedded.ports import LOOPBACK, kept_port
from kith.embedded.spawning import end, spawn
from shared import clock
from shared.bus import client_of as client_of_bus
from shared.service import create_app
from shared.subjects import stream_of
from tests.conftest import ServiceDatabases
from tests.crash.proxy import Proxy
from tests.integration.shell import REGISTRY, Deployment, client_of, make_names, until, until_ready

NAMES = ("nats-1", "nats-2", "nats-3")
STREAM = stream_of("registry")
VILLAGE = "431299200001"
END_SECONDS_MAX = 20.0
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.1


class Cluster:
    """Three servers below one folder; each way from one to another is a cable of its own."""

    def __init__(self, data: Path, proxy: Proxy) -> None:
        self._data = data
        self.ports = {name: kept_port(data, name) for name in NAMES}
        self._doors = {name: kept_port(data, f"{name}-routes") for name in NAMES}
        self.port = self.ports[NAMES[0]]
        self._routes = {
            pair: proxy.link("-".join(pair), self._door(pair[1])) for pair in permutations(NAMES, 2)
        }
        self.servers = {name: self._started(name) for name in NAMES}

    @property
    def url(self) -> str:
        return self.url_for("operator")

    def url_for(self, user: str) -> str:
        return ",".join(
            f"nats://{user}:{bus_password(self._data, user)}@{LOOPBACK}:{port}"
            for port in self.ports.values()
        )

    def kill(self, name: str | None = None) -> None:
        """End one server, or all, as a power cut would."""
        for server in [self.servers[name]] if name else self.servers.values():
            server.kill()
            server.wait()

    def stop(self) -> None:
        for server in self.servers.values():
            end(server.pid, signal.SIGTERM, END_SECONDS_MAX)
            server.wait()

    def leave_alone(self, name: str) -> None:
        """Cut *name* off from the other servers; its clients still reach it."""
        for pair in self._routes:
            if name in pair:
                self._routes[pair].hold()

    def _door(self, name: str) -> Any:
        return lambda: [self._doors[name]]

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        folder = self._data / name
        folder.mkdir()
        configuration = server_configuration(
            self._data, self.ports[name], kept_port(self._data, f"{name}-monitoring")
        )
        others = [
            f"nats-route://{LOOPBACK}:{self._routes[name, other].port}" for other in NAMES if other != name
        ]
        configuration |= {"server_name": name, "pid_file": str(folder / "nats.pid")}
        configuration["jetstream"]["store_dir"] = str(folder)
        configuration["cluster"] = {
            "name": "kith",
            "listen": f"{LOOPBACK}:{self._doors[name]}",
            # Servers tell each other of each other: past our cables there must be no way.
            "advertise": f"{LOOPBACK}:{1 + NAMES.index(name)}",
            "no_advertise": True,
            "routes": others,
        }
        written = folder / "nats.conf"
        written.write_text(json.dumps(configuration), encoding="utf-8")
        return spawn([installed_binary(), "-c", written], folder / "log")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Proxy() as proxy:
        cluster = Cluster(tmp_path, proxy)
        yield cluster
        cluster.stop()


class Registry:
    """A registry at work on the cluster, and what the test asks of it."""

    def __init__(
        self, client: httpx.AsyncClient, headers: dict[str, str], app: Any, cluster: Cluster
    ) -> None:
        self.client, self._headers, self._app, self._cluster = client, headers, app, cluster
        self.named = 0

    @property
    def server(self) -> str:
        """The server that the registry is connected to."""
        url = client_of_bus(self._app.state.running.broker).connected_url
        assert url is not None
        return next(name for name, port in self._cluster.ports.items() if port == url.port)

    @property
    def published(self) -> int:
        relay = self._app.state.running.relay
        return 0 if relay is None else relay.state.published_total

    async def name(self) -> None:
        self.named += 1
        reply = await self.client.post(
            "/names", json={"area": VILLAGE, "name": str(self.named)}, headers=self._headers
        )
        assert reply.status_code == 200, reply.text


@pytest.fixture
async def registry(
    tmp_path: Path, cluster: Cluster, service_database: ServiceDatabases
) -> AsyncIterator[Registry]:
    deployment = Deployment(tmp_path, cluster)
    database = await service_database("registry")
    await make_names(database)
    app = create_app(REGISTRY, deployment.settings(database, stream_replicas=len(NAMES)))
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await until_ready(client))["ready"]
        yield Registry(client, deployment.login(), app, cluster)


async def in_stream(cluster: Cluster) -> tuple[int, int]:
    """Return how many events the stream holds and in how many copies."""
    info = await stream_info(cluster)
    return info.state.messages, info.config.num_replicas or 0


async def leader(cluster: Cluster) -> str:
    """Return which server leads the stream."""
    info = await stream_info(cluster)
    assert info.cluster is not None
    return str(info.cluster.leader)


async def stream_info(cluster: Cluster) -> StreamInfo:
    """Return what is said of the stream by whichever server answers; an answer may be lost on its way."""
    deadline = clock.elapsed() + WAIT_SECONDS
    while True:
        client = await nats.connect(cluster.url.split(","), max_reconnect_attempts=2, reconnect_time_wait=0.1)
        try:
            return await client.jetstream(timeout=2).stream_info(STREAM)
        except (NatsError, TimeoutError):
            assert clock.elapsed() < deadline, "no server answers"
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            await client.close()


async def test_the_stream_goes_on_without_the_server_that_led_it(
    registry: Registry, cluster: Cluster
) -> None:
    await registry.name()
    await until(lambda: registry.published == 1, WAIT_SECONDS)
    cluster.kill(await leader(cluster))
    await registry.name()
    await until(lambda: registry.published == registry.named, WAIT_SECONDS)
    assert await in_stream(cluster) == (registry.named, len(NAMES))


async def test_a_service_leaves_a_server_that_lost_the_others(registry: Registry, cluster: Cluster) -> None:
    await registry.name()
    await until(lambda: registry.published == 1, WAIT_SECONDS)
    alone = registry.server
    cluster.leave_alone(alone)
    await registry.name()
    await until(lambda: registry.published == registry.named, WAIT_SECONDS)
    assert registry.server != alone
    cluster.kill(alone)
    assert await in_stream(cluster) == (registry.named, len(NAMES))
