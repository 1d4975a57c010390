"""Pairing at work beside a registry that says what a test gives it to say, and a list of carers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid5

import httpx
import pytest
import xlsxwriter

from services.pairing.app import SPEC
from services.pairing.from_registry import READER
from shared.checkpoint import caught_up
from shared.contracts.event import Event
from shared.event_store import Append, NewEvent, Pool, append_many, last_position
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.pairing_county import ELM, IDS, WILLOW, cause
from tests.integration.shell import Deployment, client_of, until_ready
from tests.servers import BusServer

FIRST, LATER = "2026-01-01", "2026-03-01"
TAKEN_SECONDS_MAX = 60.0
"""However slow the machine is, the registry's events come within this time."""
HEADINGS = ["姓名", "性别", "身份", "所在地代码", "联系电话", "可结对人数", "审查通过"]
ROWS = [
    ["章红", "女", "爱心妈妈", WILLOW, "13811110001", 2, "是"],
    ["李强", "男", "志愿者", ELM, "13811110002", 1, "是"],
    ["王静", "女", "教师", WILLOW, "13811110003", 1, "否"],
    ["赵敏", "女", "儿童主任", WILLOW, "13811110004", 0, "是"],
    ["周远", "男", "志愿者", "431299999201", "13811110005", 1, "是"],
    ["章红", "女", "爱心妈妈", WILLOW, "13811110001", 3, "是"],
]


def silent(_running: Running) -> Sequence[Any]:
    return ()


REGISTRY = ServiceSpec("registry", silent)


@dataclass
class County:
    """Pairing at work, and a registry that says what a test gives it to say."""

    deployment: Deployment
    pairing: httpx.AsyncClient
    running: Running
    registry: Running
    said: int = 0

    async def say(self, *events: Event) -> str:
        """Let the registry say events and pairing take them; return the registry's position behind them."""
        appends = []
        for event in events:
            self.said += 1
            stream = f"said-{self.said}"
            appends.append(Append(stream, [NewEvent(uuid5(IDS, f"{self.registry.replica} {stream}"), event)]))
        async with self.registry.pool.acquire() as connection, connection.transaction():
            await append_many(connection, appends, cause("said").meta)
        async with self.registry.pool.acquire() as connection:
            position = await last_position(connection)
        self.registry.bell.set()
        assert await caught_up(self.running.pool, READER.name, position, TAKEN_SECONDS_MAX)
        return f"registry:{position}"

    def login(self, role: Role = Role.COUNTY, *areas: str, key: str | None = None) -> dict[str, str]:
        return {**self.deployment.login(role, *areas), **({"Idempotency-Key": key} if key else {})}

    async def get(self, path: str, role: Role = Role.COUNTY, *areas: str) -> Any:
        reply = await self.pairing.get(path, headers=self.login(role, *areas))
        assert reply.is_success, reply.text
        return reply.json()

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        reply = await self.pairing.post(path, json=body, headers=self.login(key=key))
        assert reply.is_success, reply.text
        return reply.json()

    async def send_in(
        self, rows: Sequence[Sequence[object]], after: str, key: str | None = None
    ) -> httpx.Response:
        return await self.pairing.post(
            f"/imports/carers?on={FIRST}&after={after}",
            files={"file": ("结对帮扶人员.xlsx", workbook(rows))},
            headers=self.login(key=key),
        )

    async def take_in(self, rows: Sequence[Sequence[object]], after: str, key: str | None = None) -> Any:
        reply = await self.send_in(rows, after, key)
        assert reply.is_success, reply.text
        return reply.json()


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    file = BytesIO()
    book = xlsxwriter.Workbook(file)
    book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})  # the same bytes at any time
    sheet = book.add_worksheet("人员")
    for line, row in enumerate([HEADINGS, *rows]):
        sheet.write_row(line, 0, row)
    book.close()
    return file.getvalue()


@asynccontextmanager
async def _at_work(
    spec: ServiceSpec, deployment: Deployment, service_database: ServiceDatabases
) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    database = await service_database(spec.name)
    app = create_app(spec, deployment.settings(database, clock="advanced"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield app.state.running, client


async def spoken(pool: Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch(
        "SELECT event_type, count(*)::int AS n FROM kernel.events GROUP BY event_type ORDER BY event_type"
    )
    return [(row["event_type"], row["n"]) for row in rows]


@pytest.fixture
async def county(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> AsyncIterator[County]:
    """Run pairing, and the shell of a registry, on real servers."""
    deployment = Deployment(tmp_path, nats_server)
    async with (
        _at_work(REGISTRY, deployment, service_database) as (registry, _),
        _at_work(SPEC, deployment, service_database) as (running, client),
    ):
        await until_ready(client)
        yield County(deployment, client, running, registry)
