"""What was acknowledged survives the loss of power, by configuration; test_power_cut.py cuts it."""

import asyncpg
import httpx
import nats
import pytest

from kith.embedded.nats import RunningNats
from kith.embedded.postgres import RunningPostgres
from shared.provisioning import STREAM_BYTES_MAX, ensure_stream
from shared.subjects import SERVICES
from tests.conftest import ServiceDatabases
from tests.crash.power import tried_to_cut

pytestmark = pytest.mark.timeout(300)

SERVICE = "registry"


async def test_postgres_answers_a_commit_when_it_is_on_disk(
    postgres: RunningPostgres, service_database: ServiceDatabases
) -> None:
    database = await service_database(SERVICE)
    connection = await asyncpg.connect(database.dsn)
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval(f"SHOW {setting}") == "on", setting
    finally:
        await connection.close()


async def test_the_bus_answers_a_publish_when_it_is_on_disk(nats_server: RunningNats) -> None:
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"{nats_server.monitoring_url}/jsz")).json()
    assert told["config"]["sync_always"]
    assert told["config"]["max_storage"] >= len(SERVICES) * STREAM_BYTES_MAX  # on the smallest disk too
    client = await nats.connect(nats_server.url)
    try:
        config = (await ensure_stream(client.jetstream(), SERVICE)).config
        assert config.storage == "file"
        assert getattr(config, "persist_mode", None) in (None, "default")
    finally:
        await client.close()


def test_where_no_power_can_be_cut_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert tried_to_cut() == "mkfs.ext4: No such file or directory"
