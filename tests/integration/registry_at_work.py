"""The registry at work on real servers, with the county's areas taken in, and rosters made for tests."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.registry.app import SPEC
from shared.contracts.event import Event
from shared.event_store import START, Pool, read_after
from shared.papers.citizen_id import check_sign
from shared.running import Running
from shared.service import create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabase, ServiceDatabases
from tests.integration.shell import Deployment, client_of
from tests.servers import BusServer

FILED_ON = "2026-01-01"
KNOWLEDGE = (
    "SELECT child_id, area, filed_on, left_on, reason, file::text FROM app.children ORDER BY 1",
    "SELECT child_id, name, citizen FROM app.child_keys ORDER BY 1",
    "SELECT name, village, child_id FROM app.child_names ORDER BY 1, 2, 3",
    "SELECT row_key, outcome, code FROM app.import_rows ORDER BY 1",
    "SELECT key, stream_id FROM kernel.claims ORDER BY 1",
    "SELECT stream_id, version FROM kernel.streams WHERE stream_id NOT LIKE 'import-%' ORDER BY 1",
)
HEADINGS = (
    "姓名",
    "性别",
    "民族",
    "出生日期",
    "公民身份证号码",
    "所在村",
    "就学状况",
    "就读学校",
    "父亲姓名",
    "父亲电话",
)
AREAS = (
    ("431299", "青溪县", "", "county"),
    ("431299200", "西外乡", "431299", "township"),
    ("431299200201", "柳桥村", "431299200", "village"),
    ("431299200202", "东河村", "431299200", "village"),
    ("431299101", "双江镇", "431299", "township"),
    ("431299101201", "银口村", "431299101", "village"),
)


@dataclass
class Registry:
    """A registry at work, and its callers."""

    app: FastAPI
    client: httpx.AsyncClient
    deployment: Deployment

    @property
    def running(self) -> Running:
        running: Running = self.app.state.running
        return running

    @property
    def pool(self) -> Pool:
        return self.running.pool

    def login(self, role: Role = Role.COUNTY, *areas: str) -> dict[str, str]:
        return self.deployment.login(role, *areas)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        login: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        headers = {**(login or self.login()), **({} if key is None else {"Idempotency-Key": key})}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, login: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(path, headers=dict(login or self.login()))

    async def do(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        reply = await self.post(path, body)
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def take_areas(self, content: bytes, name: str = "areas.csv", on: str = FILED_ON) -> dict[str, Any]:
        reply = await self.client.post(
            f"/imports/areas?on={on}", files={"file": (name, content)}, headers=self.login()
        )
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def send_roster(
        self,
        content: bytes,
        name: str = "431299200_西外乡.csv",
        filed_on: str = FILED_ON,
        *,
        key: str | None = None,
        login: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        headers = {**(login or self.login()), **({} if key is None else {"Idempotency-Key": key})}
        return await self.client.post(
            f"/imports/rosters?filed_on={filed_on}", files={"file": (name, content)}, headers=headers
        )

    async def take_roster(
        self, content: bytes, name: str = "431299200_西外乡.csv", **more: Any
    ) -> dict[str, Any]:
        reply = await self.send_roster(content, name, **more)
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def events(self) -> list[Event]:
        async with self.pool.acquire() as connection:
            return [recorded.event for recorded in await read_after(connection, START, 10_000)]

    async def state(self) -> dict[str, Any]:
        """All that the registry knows but for its imports: what must be equal after equal knowledge."""
        return {query: [tuple(row) for row in await self.pool.fetch(query)] for query in KNOWLEDGE}


@pytest.fixture
def deployment(tmp_path: Path, nats_server: BusServer) -> Deployment:
    return Deployment(tmp_path, nats_server)


@pytest.fixture
async def registry(deployment: Deployment, service_database: ServiceDatabases) -> AsyncIterator[Registry]:
    """A registry that knows the areas of AREAS."""
    async with registry_at_work(deployment, await service_database("registry")) as at_work:
        await at_work.take_areas(areas_csv())
        yield at_work


@asynccontextmanager
async def registry_at_work(
    deployment: Deployment, database: ServiceDatabase, **settings: object
) -> AsyncIterator[Registry]:
    """Run the registry in this process."""
    app = create_app(SPEC, deployment.settings(database, clock="advanced", **settings))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield Registry(app, client, deployment)


def areas_csv(areas: Sequence[Sequence[str]] = AREAS) -> bytes:
    return csv_of(("代码", "名称", "上级代码", "级别"), areas)


def roster(*rows: Mapping[str, str], headings: Sequence[str] = HEADINGS) -> bytes:
    return csv_of(headings, [[row.get(heading, "") for heading in headings] for row in rows])


def csv_of(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode()


def id_number(serial: int, born: str = "2014-08-12") -> str:
    """Return a right number of a girl: an even 17th digit, and the check sign that belongs to it."""
    digits = f"431299{born.replace('-', '')}{serial * 2:03d}"
    return digits + check_sign(digits)


def child_row(name: str, number: str = "", **more: str) -> dict[str, str]:
    """A row for a girl of 柳桥村 born on 12 August 2014, but for what is given."""
    born = more.get("出生日期", "2014-08-12")
    return {
        "姓名": name,
        "性别": "女",
        "民族": "汉族",
        "出生日期": born,
        "公民身份证号码": number,
        "所在村": "柳桥村",
        "就学状况": "小学",
        "就读学校": "西外乡中心小学",
        **more,
    }
