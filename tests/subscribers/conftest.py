"""The county that subscribers read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kith.embedded.nats import RunningNats
from tests.conftest import ServicePools
from tests.integration.house import stop
from tests.subscribers.county import County


@pytest.fixture
async def county(
    service_pool: ServicePools, nats_server: RunningNats, tmp_path: Path
) -> AsyncIterator[County]:
    """A county whose relay is at work."""
    county = County(await service_pool("contact"), nats_server, tmp_path / "bus")
    relay = await county.relay()
    relaying = asyncio.create_task(relay.run())
    yield county
    await stop(relaying)
    await county.close()
