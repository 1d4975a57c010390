"""The shell every service runs in: how it starts, what it does when something is away, and how it ends."""

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
import uvicorn

from kith.embedded.ports import LOOPBACK
from shared.bus import client_of as client_of_bus
from shared.service import EXIT_NOT_STARTED, GRACEFUL_SECONDS_MAX, create_app, serve
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.house import until as until_so
from tests.integration.shell import (
    REGISTRY,
    Deployment,
    at_work,
    client_of,
    make_names,
    until,
    until_ready,
    until_told,
)
from tests.integration.shell_at_work import VILLAGE, deployment, registry
from tests.servers import start_bus

__all__ = ["deployment", "registry"]


async def test_a_started_service_is_ready_and_tells_operators_its_state(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    assert (await until_ready(registry))["ready"]

    async def relay_works() -> bool:
        status = await registry.get("/status", headers=deployment.login(Role.OPERATOR))
        return status.json()["relay"]["state"] in {"idle", "publishing"}

    await until_so(relay_works)
    assert (await registry.get("/livez")).json() == {"alive": True}


async def test_a_service_starts_and_answers_while_the_bus_is_away_and_goes_on_when_it_comes(
    tmp_path: Path, service_database: ServiceDatabases
) -> None:
    database = await service_database("registry")
    with start_bus(tmp_path / "bus") as bus:
        deployment = Deployment(tmp_path, bus)
        bus.stop()
        async with at_work(REGISTRY, deployment.settings(database), database) as client:
            written = await client.post(
                "/names", json={"area": VILLAGE, "name": "东村"}, headers=deployment.login()
            )
            assert written.status_code == 200, written.text
            unready = await client.get("/readyz")
            assert unready.status_code == 503
            assert not unready.json()["parts"]["bus"]["ok"]
            with start_bus(tmp_path / "bus"):
                ready = await until_ready(client)
                assert ready["ready"], ready
                metrics = await until_told(client, "kith_relay_published_total 1.0")
                assert VILLAGE not in metrics
                status = (await client.get("/status", headers=deployment.login(Role.OPERATOR))).json()
                assert status["relay"]["published_total"] == 1


async def test_a_service_starts_while_its_database_is_away(
    deployment: Deployment, service_database: ServiceDatabases
) -> None:
    database = await service_database("registry")
    away = "postgresql://registry:nobody@127.0.0.1:9/kith_registry"
    app = create_app(REGISTRY, deployment.settings(database, database_url=away))
    async with app.router.lifespan_context(app), client_of(app) as client:
        reply = await client.get("/names", headers=deployment.login())
        assert (reply.status_code, reply.json()["code"]) == (503, "database_away")
        assert reply.headers["retry-after"]
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200


async def test_every_operation_documents_its_problems_and_has_its_own_id(
    deployment: Deployment, service_database: ServiceDatabases
) -> None:
    app = create_app(REGISTRY, deployment.settings(await service_database("registry")))
    document = app.openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all(
        {"401", "403", "404", "409", "422", "503"} <= set(operation["responses"]) for operation in operations
    )
    assert "Problem" in document["components"]["schemas"]


async def test_a_connection_that_gave_up_is_made_anew(
    deployment: Deployment, service_database: ServiceDatabases
) -> None:
    database = await service_database("registry")
    await make_names(database)
    app = create_app(REGISTRY, deployment.settings(database))
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await until_ready(client))["ready"]
        relay = app.state.running.relay
        await client_of_bus(app.state.running.broker).close()
        await until(lambda: app.state.running.relay is not relay)
        written = await client.post(
            "/names", json={"area": VILLAGE, "name": "东村"}, headers=deployment.login()
        )
        assert written.is_success
        await until(lambda: app.state.running.relay.state.published_total == 1)


async def test_a_stopping_service_tells_who_waits_too_long_to_come_again(
    deployment: Deployment, service_database: ServiceDatabases
) -> None:
    app = create_app(REGISTRY, deployment.settings(await service_database("registry")))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1, http="httptools")
    )
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        asked = asyncio.create_task(client.get("/slow?seconds=60", timeout=30))
        await until(lambda: bool(server.server_state.tasks))
        server.should_exit = True
        answer = await asked
        await serving
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert answer.headers["Retry-After"]


async def test_a_stopping_service_finishes_what_is_open_and_publishes_what_is_written(
    deployment: Deployment, service_database: ServiceDatabases
) -> None:
    database = await service_database("registry")
    await make_names(database)
    app = create_app(REGISTRY, deployment.settings(database))
    config = uvicorn.Config(
        app, port=0, log_config=None, timeout_graceful_shutdown=GRACEFUL_SECONDS_MAX, http="httptools"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await until_ready(client))["ready"]
        slow = asyncio.create_task(client.get("/slow?seconds=0.5"))
        name = {"area": VILLAGE, "name": "东村"}
        assert (await client.post("/names", json=name, headers=deployment.login())).is_success
        server.should_exit = True
        assert (await slow).json() == {"done": True}
        await serving
    assert app.state.running.relay.state.published_total == 1


async def test_a_port_that_is_taken_is_named_and_nothing_is_started(
    deployment: Deployment, service_database: ServiceDatabases, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = deployment.settings(await service_database("registry"))
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            serve("fastapi:FastAPI", settings.model_copy(update={"http_host": LOOPBACK, "http_port": port}))
    assert ended.value.code == EXIT_NOT_STARTED
    assert f"({LOOPBACK}, {port}) cannot be listened on: Address already in use." in capsys.readouterr().err
