"""What was acknowledged survives the loss of power, by configuration; test_power_cut.py cuts it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import nats
import pytest
import yaml

from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.embedded.nats import RunningNats, installed_binary
from kith.embedded.ports import kept_port
from kith.embedded.postgres import RunningPostgres, installed_binaries
from kith.embedded.spawning import spawn, wait_until
from shared.provisioning import STREAM_BYTES_MAX, ensure_stream
from shared.subjects import SERVICES
from tests.conftest import ServiceDatabases
from tests.crash.power import tried_to_cut

pytestmark = pytest.mark.timeout(300)

SERVICE = "registry"
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ON_DISK = ("fsync", "synchronous_commit", "full_page_writes")
START_SECONDS_MAX = 30
STREAMS = "/data/jetstream"


async def test_postgres_answers_a_commit_when_it_is_on_disk(
    postgres: RunningPostgres, service_database: ServiceDatabases
) -> None:
    database = await service_database(SERVICE)
    connection = await asyncpg.connect(database.dsn)
    try:
        for setting in (*ON_DISK, "data_checksums"):
            assert await connection.fetchval(f"SHOW {setting}") == "on", setting
    finally:
        await connection.close()


async def test_the_bus_answers_a_publish_when_it_is_on_disk(nats_server: RunningNats) -> None:
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"{nats_server.monitoring_url}/jsz")).json()
    must_promise(told["config"])
    client = await nats.connect(nats_server.url)
    try:
        config = (await ensure_stream(client.jetstream(), SERVICE)).config
        assert config.storage == "file"
        assert getattr(config, "persist_mode", None) in (None, "default")
    finally:
        await client.close()


def must_promise(jetstream: dict[str, int | bool]) -> None:
    assert jetstream["sync_always"]
    assert jetstream["max_storage"] >= len(SERVICES) * STREAM_BYTES_MAX  # on the smallest disk too


@pytest.mark.parametrize("archiving", [False, True])
@pytest.mark.parametrize("setting", ON_DISK)
def test_postgres_in_containers_is_told_the_same(tmp_path: Path, setting: str, archiving: bool) -> None:
    read = ["postgresql.conf", *(["archiving.conf"] if archiving else [])]
    for name in read:
        shutil.copy(DEPLOY / "postgres" / name, tmp_path)
    server = installed_binaries() / "bin" / "postgres"
    words: list[str | Path] = [
        "-C",
        setting,
        "-D",
        tmp_path,
        "-c",
        f"config_file={tmp_path / 'postgresql.conf'}",
    ]
    told = subprocess.run([server, *words], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "on"


def test_compose_starts_postgres_with_that_file_alone_on_pages_with_checksums() -> None:
    postgres = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"][
        "postgres"
    ]
    assert postgres["command"] == ["postgres", "-c", "config_file=/etc/postgresql/postgresql.conf"]
    assert "./deploy/postgres:/etc/postgresql:ro" in postgres["volumes"]
    assert "--data-checksums" in postgres["environment"]["POSTGRES_INITDB_ARGS"].split()


@pytest.fixture
def monitoring_of_containers(tmp_path: Path) -> Iterator[str]:
    """A NATS server on the configuration of containers, but for its addresses and its folder."""
    make_container_files(deployment_of(tmp_path))
    configuration = tmp_path / "etc" / "nats" / "nats.conf"
    configuration.parent.mkdir(parents=True)
    written = (DEPLOY / "nats" / "nats.conf").read_text(encoding="utf-8")
    assert STREAMS in written
    configuration.write_text(written.replace(STREAMS, str(tmp_path / "streams")), encoding="utf-8")
    shutil.copytree(tmp_path / "secrets" / "bus", tmp_path / "run" / "kith" / "bus")
    port, monitoring = str(kept_port(tmp_path, "bus")), str(kept_port(tmp_path, "monitoring"))
    here = ["-a", "127.0.0.1", "-p", port, "-m", monitoring]
    process = spawn([installed_binary(), "-c", configuration, *here], tmp_path / "nats.log")
    try:
        yield f"http://127.0.0.1:{monitoring}"
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)


def test_the_bus_in_containers_is_told_the_same(monitoring_of_containers: str) -> None:
    def answers() -> bool:
        try:
            return httpx.get(f"{monitoring_of_containers}/healthz").is_success
        except httpx.TransportError:
            return False

    assert wait_until(answers, START_SECONDS_MAX)
    must_promise(httpx.get(f"{monitoring_of_containers}/jsz").json()["config"])


def test_where_no_power_can_be_cut_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert tried_to_cut() == "mkfs.ext4: No such file or directory"
