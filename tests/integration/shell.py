"""A registry and a contact made for tests only, in the shell that the real services use."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid5

import asyncpg
import httpx
from fastapi import APIRouter, Depends, FastAPI, UploadFile
from joserfc.jwk import OKPKey
from pydantic import BaseModel, Field

from shared import clock
from shared.asking import Question
from shared.contracts.event import AreaCode, Level
from shared.contracts.registry import AreaDefined
from shared.decider import Rejected
from shared.edge import (
    CallerHere,
    CauseHere,
    PageHere,
    ReadingHere,
    answer,
    may,
    recorded_day,
    require_area,
)
from shared.envelope import Received
from shared.event_store import Append, Connection, NewEvent, append
from shared.handling import once
from shared.reader import Reader
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.settings import Settings
from shared.tokens import Caller, Permission, Role, issue, new_signing_key, public_jwks
from tests.conftest import ServiceDatabase
from tests.servers import BusServer

TOKENS = UUID("4f0c6c0e-2b57-5e0f-8a4c-5d1c6f1a7b10")
SECRET = b"a secret that is for tests alone, and long enough"
ID_NUMBER = "431299201503070017"
NAMES = """
CREATE TABLE app.names (area text NOT NULL, name text NOT NULL);
ALTER TABLE app.names ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON app.names USING (kernel.in_scope(area));
GRANT SELECT, INSERT ON app.names TO {service}
"""


class Name(BaseModel):
    """A name for an area."""

    area: AreaCode
    name: str = Field(max_length=40)


class Counted(BaseModel):
    """How many names an asker sees."""

    names: int


class Nothing(BaseModel):
    """A question without a body."""


def routers(running: Running) -> Sequence[APIRouter]:
    router = APIRouter()

    @router.post("/names")
    async def add(
        name: Name, caller: Annotated[Caller, Depends(may(Permission.MANAGE))], cause: CauseHere
    ) -> Any:
        require_area(caller, name.area)

        async def work(connection: Connection) -> dict[str, Any]:
            day = await recorded_day(running, connection)
            event = AreaDefined(
                area=name.area, on=day, recorded_on=day, name=name.name, level=Level.VILLAGE, parent=None
            )
            new = NewEvent.named(cause.id_of(name.area), event)
            await append(connection, Append(f"area-{cause.id_of()}", [new]), cause.meta)
            await connection.execute("INSERT INTO app.names VALUES ($1, $2)", name.area, name.name)
            return {"named": name.area}

        return answer(running, await once(running.pool, cause, work))

    @router.get("/names")
    async def names(reading: ReadingHere, page: PageHere) -> dict[str, Any]:
        rows = await reading.fetch(
            "SELECT area, name FROM app.names WHERE name > $1 ORDER BY name LIMIT $2",
            page.after_key or "",
            page.fetch,
        )
        return page.of([dict(row) for row in rows], key=lambda row: row["name"])

    @router.post("/papers")
    async def paper(file: UploadFile, cause: CauseHere) -> dict[str, Any]:
        return {
            "command_id": str(cause.command_id),
            "mark": cause.fingerprint.hex(),
            "bytes": len(await file.read()),
        }

    @router.get("/broken")
    async def broken(_caller: CallerHere) -> None:
        raise RuntimeError(f"nobody expected {ID_NUMBER}")

    @router.get("/unique")
    async def unique(_caller: CallerHere) -> None:
        await running.pool.execute(
            "CREATE TEMP TABLE t (n text UNIQUE); INSERT INTO t VALUES ('431299201503070017'), ('431299201503070017')"
        )

    @router.get("/slow")
    async def slow(seconds: float) -> dict[str, bool]:
        await asyncio.sleep(seconds)
        return {"done": True}

    return [router]


def answers(running: Running) -> Sequence[Question[Any, Any]]:
    async def count(caller: Caller, _asked: Nothing) -> Counted:
        if caller.role is Role.TEACHER:
            raise Rejected("day_is_past", to=date(2026, 1, 1), day=date(2026, 1, 2))
        if caller.role is Role.OPERATOR:
            raise RuntimeError(ID_NUMBER)
        rows = await running.pool.fetch("SELECT area FROM app.names")
        return Counted(names=sum(caller.covers(row["area"]) for row in rows))

    return [Question("names", Nothing, count)]


def readers(_running: Running) -> Sequence[Reader]:
    async def project(connection: Connection, events: Sequence[Received]) -> None:
        for received in events:
            assert isinstance(received.event, AreaDefined)
            if received.event.name == "bad":
                raise ValueError(received.event.name)
            await connection.execute(
                "INSERT INTO app.names VALUES ($1, $2)", received.event.area, received.event.name
            )

    return [Reader("contact-from-registry", "registry", project)]


REGISTRY = ServiceSpec("registry", routers, answers=answers)
CONTACT = ServiceSpec("contact", routers, readers=readers)


class Deployment:
    """The files and addresses that a service is started with, and tokens for its callers."""

    def __init__(self, folder: Path, nats_server: BusServer) -> None:
        self.folder = folder
        self.key: OKPKey = new_signing_key("test")
        self.bus = nats_server
        (folder / "keys.json").write_text(public_jwks(self.key))
        (folder / "revoked.json").write_text("[]")
        (folder / "secret").write_bytes(SECRET)

    def settings(self, database: ServiceDatabase, **more: object) -> Settings:
        given: dict[str, Any] = {
            "database_url": database.dsn,
            "nats_url": self.bus.url_for(database.service),
            "http_port": 0,
            "token_keys_file": self.folder / "keys.json",
            "revoked_tokens_file": self.folder / "revoked.json",
            "vault_secret_file": self.folder / "secret",
            **more,
        }
        return Settings(**given)

    def token(self, role: Role = Role.TOWNSHIP, *areas: str, token_id: UUID = TOKENS) -> str:
        return issue(
            self.key,
            sub=f"{role}-1",
            role=role,
            areas=areas or ("431299",),
            token_id=token_id,
            issued=clock.now(),
            lifetime=timedelta(hours=1),
        )

    def login(self, role: Role = Role.TOWNSHIP, *areas: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, *areas)}"}


@asynccontextmanager
async def at_work(
    spec: ServiceSpec, settings: Settings, database: ServiceDatabase
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a service in this process and give a client of it."""
    await make_names(database)
    app = create_app(spec, settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


@asynccontextmanager
async def more_replicas(
    spec: ServiceSpec, running: Running, count: int
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Run *count* replicas beside the one *running*, and give a client of each: a process takes in one paper."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(count):
            app = create_app(spec, running.settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            clients.append(await stack.enter_async_context(client_of(app)))
        yield clients


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://kith.test")


async def make_names(database: ServiceDatabase) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        if await owner.fetchval("SELECT to_regclass('app.names')") is None:
            await owner.execute(NAMES.format(service=database.service))
    finally:
        await owner.close()


async def until_ready(
    client: httpx.AsyncClient, seconds: float = 60.0, *, without: Collection[str] = ()
) -> dict[str, Any]:
    """Return what /readyz says as soon as every part works but for those *without* a source; fail where one does not.

    A reader whose source nobody has started has nothing to read, and its service is not ready.
    """
    deadline = clock.elapsed() + seconds
    while True:
        body: dict[str, Any] = (await client.get("/readyz")).json()
        if all(part["ok"] for name, part in body.get("parts", {}).items() if name not in without):
            return body
        assert clock.elapsed() < deadline, body
        await asyncio.sleep(0.1)


async def until_told(client: httpx.AsyncClient, metric: str, seconds: float = 60.0) -> str:
    """Return what /metrics says as soon as it says *metric*; fail where it has not in time."""
    deadline = clock.elapsed() + seconds
    while metric not in (said := (await client.get("/metrics")).text):
        assert clock.elapsed() < deadline, said
        await asyncio.sleep(0.05)
    return said


async def until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return as soon as something has happened; fail where it has not in time."""
    deadline = clock.elapsed() + seconds
    while not happened():
        assert clock.elapsed() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def token_id(n: int) -> UUID:
    return uuid5(TOKENS, str(n))
