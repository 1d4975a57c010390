"""A registry of the shell's own, at work for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ServiceDatabases
from tests.integration.shell import REGISTRY, Deployment, at_work
from tests.servers import BusServer

VILLAGE, OTHER_TOWNSHIP = "431299200001", "431299201001"


@pytest.fixture
def deployment(tmp_path: Path, nats_server: BusServer) -> Deployment:
    return Deployment(tmp_path, nats_server)


@pytest.fixture
async def registry(
    deployment: Deployment, service_database: ServiceDatabases
) -> AsyncIterator[httpx.AsyncClient]:
    database = await service_database("registry")
    async with at_work(REGISTRY, deployment.settings(database), database) as client:
        yield client
