"""A registry that speaks and a contact that reads it, at work on real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared import gauges, health
from tests.conftest import ServiceDatabases
from tests.integration.shell import CONTACT, REGISTRY, Deployment, at_work, until_ready
from tests.observability.measuring import STREAM_BYTES_MAX, World
from tests.servers import BusServer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often and lose patience sooner than in earnest."""
    monkeypatch.setattr(gauges, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(health, "BUS_SECONDS_MAX", 4.0)


@pytest.fixture
async def world(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> AsyncIterator[World]:
    deployment = Deployment(tmp_path, nats_server)
    registry, contact = await service_database("registry"), await service_database("contact")
    async with (
        at_work(
            REGISTRY, deployment.settings(registry, stream_bytes_max=STREAM_BYTES_MAX), registry
        ) as speaking,
        at_work(CONTACT, deployment.settings(contact), contact) as reading,
    ):
        await until_ready(speaking)
        await until_ready(reading)
        yield World(deployment, speaking, reading, contact)
