"""Asking /metrics of services at work, and a registry and a contact that are."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared import clock
from tests.conftest import ServiceDatabase
from tests.integration.shell import Deployment

VILLAGE = "431299200001"
READER = "contact-from-registry"
STREAM = "KITH_REGISTRY"
STREAM_BYTES_MAX = 64 * 1024**2
WAIT_SECONDS = 30.0


async def measured(client: httpx.AsyncClient, name: str, **labels: str) -> float | None:
    """Return the value of one series, None where there is none."""
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


async def until_measured(client: httpx.AsyncClient, wanted: float | None, name: str, **labels: str) -> None:
    await _until(client, lambda found: found == wanted, name, **labels)


async def until_over(client: httpx.AsyncClient, least: float, name: str, **labels: str) -> None:
    await _until(client, lambda found: (found or 0) > least, name, **labels)


async def _until(
    client: httpx.AsyncClient, wanted: Callable[[float | None], bool], name: str, **labels: str
) -> None:
    deadline = clock.elapsed() + WAIT_SECONDS
    while not wanted(found := await measured(client, name, **labels)):
        assert clock.elapsed() < deadline, f"{name} is {found}"
        await asyncio.sleep(0.1)


@dataclass
class World:
    """A registry that speaks and a contact that reads it."""

    deployment: Deployment
    registry: httpx.AsyncClient
    contact: httpx.AsyncClient
    contact_database: ServiceDatabase

    async def say(self, *names: str) -> None:
        for name in names:
            headers = self.deployment.login()
            said = await self.registry.post("/names", json={"area": VILLAGE, "name": name}, headers=headers)
            assert said.is_success, said.text
