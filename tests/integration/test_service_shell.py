"""The shell every service runs in: who may enter, what is told, what it does when something is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from shared.admission import REQUESTS_MAX
from shared.bus import client_of as client_of_bus
from shared.service import GRACEFUL_SECONDS_MAX, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import (
    CONTACT,
    ID_NUMBER,
    REGISTRY,
    Deployment,
    at_work,
    client_of,
    make_names,
    until,
    until_ready,
    until_told,
)
from tests.servers import BusServer, start_bus

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


async def test_a_started_service_is_ready_and_tells_operators_its_state(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    assert (await until_ready(registry))["ready"]
    status = await registry.get("/status", headers=deployment.login(Role.OPERATOR))
    assert status.json()["relay"]["state"] in {"idle", "publishing"}
    assert (await registry.get("/livez")).json() == {"alive": True}


async def test_a_command_is_answered_once_and_published(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    await until_ready(registry)
    headers = {**deployment.login(), "Idempotency-Key": "the first name"}
    name = {"area": VILLAGE, "name": "东村"}

    first = await registry.post("/names", json=name, headers=headers)
    again = await registry.post("/names", json=name, headers=headers)
    other = await registry.post("/names", json={**name, "name": "西村"}, headers=headers)

    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    assert first.json()["position"].startswith("registry:")
    assert (other.status_code, other.json()["code"]) == (422, "command_id_reused")
    shown = await registry.get("/names", headers=deployment.login())
    assert shown.json() == {"items": [name], "next": None}
    events = await registry.get("/events", headers=deployment.login(Role.OPERATOR))
    assert [event["event_type"] for event in events.json()["events"]] == ["AreaDefined"]


async def test_a_caller_sees_only_rows_of_his_areas(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    for area in (VILLAGE, OTHER_TOWNSHIP):
        reply = await registry.post("/names", json={"area": area, "name": area}, headers=deployment.login())
        assert reply.is_success, reply.text

    seen = await registry.get("/names", headers=deployment.login(Role.VILLAGE, "431299200"))
    assert [item["area"] for item in seen.json()["items"]] == [VILLAGE]
    outside = await registry.get(
        f"/names?area={OTHER_TOWNSHIP}", headers=deployment.login(Role.VILLAGE, "431299200")
    )
    assert (outside.status_code, outside.json()["code"]) == (404, "not_found")
    page = await registry.get("/names?limit=1", headers=deployment.login())
    following = await registry.get(
        f"/names?limit=1&after_key={page.json()['next']}", headers=deployment.login()
    )
    assert following.json() == {"items": [{"area": OTHER_TOWNSHIP, "name": OTHER_TOWNSHIP}], "next": None}
    outside = await registry.post(
        "/names", json={"area": VILLAGE, "name": "x"}, headers=deployment.login(Role.TOWNSHIP, "431299201")
    )
    assert (outside.status_code, outside.json()["code"]) == (404, "not_found")
    events = await registry.get("/events", headers=deployment.login(Role.OPERATOR, "431299201"))
    assert [event["data"]["area"] for event in events.json()["events"]] == [OTHER_TOWNSHIP]


async def test_operators_tail_the_log_by_subject_stream_and_position(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    operator = deployment.login(Role.OPERATOR)
    for area in (VILLAGE, OTHER_TOWNSHIP, "431299200002"):
        await registry.post("/names", json={"area": area, "name": area}, headers=deployment.login())

    async def areas(**asked: str) -> list[str]:
        reply = await registry.get("/events", params=asked, headers=operator)
        assert reply.is_success, reply.text
        return [event["data"]["area"] for event in reply.json()["events"]]

    assert await areas(subject="kith.431299.431299200.registry.>") == [VILLAGE, "431299200002"]
    assert await areas(subject="kith.*.*.registry.ChildLeft") == []
    assert await areas(subject="kith.*.*.contact.>") == []
    everything = (await registry.get("/events?limit=2", headers=operator)).json()
    assert await areas(after=everything["next"]) == ["431299200002"]
    one = everything["events"][0]
    assert await areas(stream=one["stream_id"]) == [VILLAGE]
    found = await registry.get(f"/events/{one['event_id']}", headers=operator)
    assert found.json() == one
    elsewhere = deployment.login(Role.OPERATOR, "431299201")
    assert (await registry.get(f"/events/{one['event_id']}", headers=elsewhere)).status_code == 404
    for odd in (
        "/events?stream=%00",
        f"/events?after={'9' * 19}-1",
        "/parked?after_key=٣",
        "/events?limit=0",
    ):
        assert (await registry.get(odd, headers=operator)).status_code == 422
    assert (await registry.get("/events?subject=nonsense", headers=operator)).json()["code"] == "bad_subject"
    assert (await registry.get("/parked", headers=operator)).json() == {"items": [], "next": None}
    assert (await registry.get("/parked/7", headers=operator)).json()["code"] == "parked_unknown"
    assert (await registry.post("/parked/7/retry", headers=operator)).json()["code"] == "parked_unknown"
    assert "lag_seconds" in (await registry.get("/horizon", headers=operator)).json()


async def test_parked_events_of_any_area_are_seen_by_an_operator_of_the_county_only(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    of_a_township = deployment.login(Role.OPERATOR, "431299201")
    for asked in (
        registry.get("/parked", headers=of_a_township),
        registry.get("/parked/7", headers=of_a_township),
        registry.post("/parked/7/retry", headers=of_a_township),
        registry.post("/parked/7/drop", headers=of_a_township),
    ):
        reply = await asked
        assert reply.status_code == 404
        assert reply.json()["code"] != "parked_unknown"


async def test_who_is_unknown_or_not_permitted_is_told_why(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    nobody = await registry.get("/names")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "token_missing")
    assert nobody.headers["www-authenticate"] == "Bearer"
    forged = await registry.get("/names", headers={"Authorization": "Bearer nonsense"})
    assert (forged.status_code, forged.json()["code"]) == (401, "token_malformed")
    denied = await registry.post(
        "/names",
        json={"area": VILLAGE, "name": "x"},
        headers={**deployment.login(Role.TEACHER), "Accept-Language": "en-GB,en;q=0.9"},
    )
    assert (denied.status_code, denied.json()["code"]) == (403, "forbidden")
    assert "manage files and pairs" in denied.json()["detail"]
    assert denied.headers["content-type"] == "application/problem+json"


async def test_a_browsers_session_works_on_its_own_site_only(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    session = {"Cookie": f"kith_session={deployment.token()}"}
    name = {"area": VILLAGE, "name": "东村"}
    assert (await registry.get("/names", headers=session)).status_code == 200
    foreign = {**session, "Origin": "http://evil.test"}
    assert (await registry.post("/names", json=name, headers=foreign)).json()["code"] == "foreign_origin"
    assert (await registry.post("/names", json=name, headers=session)).json()["code"] == "foreign_origin"
    cross = {**session, "Sec-Fetch-Site": "cross-site"}
    assert (await registry.post("/names", json=name, headers=cross)).status_code == 403
    own = {**session, "Origin": "http://kith.test", "Sec-Fetch-Site": "same-origin"}
    assert (await registry.post("/names", json=name, headers=own)).status_code == 200


async def test_input_that_does_not_fit_is_told_by_place_and_never_repeated(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    reply = await registry.post("/names", json={"area": ID_NUMBER}, headers=deployment.login())
    assert reply.status_code == 422
    problem = reply.json()
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/body/area", "string_pattern_mismatch"),
        ("/body/name", "missing"),
    }
    assert ID_NUMBER not in reply.text
    garbled = await registry.post("/names", content=b"{", headers=deployment.login())
    assert garbled.json()["errors"][0]["code"] in {"json_invalid", "model_attributes_type"}
    unstorable = await registry.post(
        "/names", json={"area": VILLAGE, "name": "\x00"}, headers=deployment.login()
    )
    assert (unstorable.status_code, unstorable.json()["code"]) == (422, "text_not_storable")
    wrong_method = await registry.delete("/names", headers=deployment.login())
    assert wrong_method.status_code == 405
    assert wrong_method.headers["allow"]
    assert (await registry.get("/nowhere")).json()["title"] == "没有找到"


async def test_what_nobody_expected_tells_a_number_and_logs_no_person(
    registry: httpx.AsyncClient, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = await registry.get("/broken", headers=deployment.login())
    clash = await registry.get("/unique", headers=deployment.login())
    assert (reply.status_code, clash.status_code) == (500, 500)
    logged = capsys.readouterr().err
    reference = reply.headers["x-request-id"][:8].upper()
    assert reference in reply.json()["detail"]
    assert reference in logged
    assert "RuntimeError" in logged
    assert "23505" in logged
    assert ID_NUMBER not in reply.text + clash.text + logged


async def test_too_large_a_body_is_refused_by_its_promise_and_as_it_comes(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 1024**2

    promised = await registry.post("/names", content=b" " * 1024**2 + b"{}", headers=deployment.login())
    streamed = await registry.post(
        "/names", content=endless(), headers={**deployment.login(), "Content-Type": "application/json"}
    )
    assert (promised.status_code, promised.json()["code"]) == (413, "body_too_large")
    assert (streamed.status_code, streamed.json()["code"]) == (413, "body_too_large")


async def test_more_than_can_be_answered_soon_is_refused_at_once_and_taken_again_later(
    registry: httpx.AsyncClient,
) -> None:
    working = [asyncio.create_task(registry.get("/slow?seconds=0.5")) for _ in range(REQUESTS_MAX)]
    await asyncio.sleep(0.2)
    refused = await registry.get("/slow?seconds=0")
    assert not any(one.done() for one in working)
    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_at_once")
    assert refused.headers["retry-after"] == "1"
    assert (await registry.get("/livez")).status_code == 200
    assert {one.status_code for one in await asyncio.gather(*working)} == {200}
    assert (await registry.get("/slow?seconds=0")).status_code == 200


async def test_the_same_paper_sent_again_is_the_same_command(
    registry: httpx.AsyncClient, deployment: Deployment
) -> None:
    headers = {**deployment.login(), "Idempotency-Key": "花名册".encode().hex()}

    async def send(content: bytes) -> dict[str, str | int]:
        reply = await registry.post("/papers", files={"file": ("431299200.csv", content)}, headers=headers)
        assert reply.is_success, reply.text
        told: dict[str, str | int] = reply.json()
        return told

    first, again, other = await send(b"a,b"), await send(b"a,b"), await send(b"a,c")
    assert first == again
    assert first["bytes"] == 3
    assert first["command_id"] == other["command_id"]
    assert first["mark"] != other["mark"]


async def test_a_reader_is_waited_for(
    registry: httpx.AsyncClient, deployment: Deployment, service_database: ServiceDatabases
) -> None:
    database = await service_database("contact")
    async with at_work(CONTACT, deployment.settings(database), database) as contact:
        assert (await until_ready(registry))["ready"]
        assert (await until_ready(contact))["ready"]
        written = await registry.post(
            "/names", json={"area": VILLAGE, "name": "东村"}, headers=deployment.login()
        )
        position = written.json()["position"]
        seen = await contact.get(f"/names?after={position}", headers=deployment.login())
        assert [item["name"] for item in seen.json()["items"]] == ["东村"]
        own = await registry.get(f"/names?after={position}", headers=deployment.login())
        assert own.status_code == 200
        bad = await contact.get("/names?after=registry:soon", headers=deployment.login())
        assert bad.json()["code"] == "bad_position"
        status = await contact.get("/status", headers=deployment.login(Role.OPERATOR))
        assert [reader["name"] for reader in status.json()["readers"]] == ["contact-from-registry"]


async def test_every_replica_tells_the_readers_place_whichever_of_them_reads(
    registry: httpx.AsyncClient, deployment: Deployment, service_database: ServiceDatabases
) -> None:
    database = await service_database("contact")
    settings = deployment.settings(database)
    async with at_work(CONTACT, settings, database) as one, at_work(CONTACT, settings, database) as other:
        await until_ready(registry)
        await until_ready(one)
        await until_ready(other)
        written = await registry.post(
            "/names", json={"area": VILLAGE, "name": "bad"}, headers=deployment.login()
        )
        position = written.json()["position"]
        told = []
        for replica in (one, other):
            await replica.get("/names", params={"after": position}, headers=deployment.login())
            status = await replica.get("/status", headers=deployment.login(Role.OPERATOR))
            told += status.json()["readers"]
        assert [(reader["source"], reader["parked"]) for reader in told] == [("registry", 1)] * 2
        assert {reader["checkpoint"] for reader in told} == {position.partition(":")[2]}
        assert {reader["lag_events"] for reader in told} == {0, None}


async def test_operators_see_retry_and_drop_what_a_reader_could_not_apply(
    registry: httpx.AsyncClient, deployment: Deployment, service_database: ServiceDatabases
) -> None:
    operator = deployment.login(Role.OPERATOR)
    database = await service_database("contact")
    async with at_work(CONTACT, deployment.settings(database), database) as contact:
        await until_ready(registry)
        await until_ready(contact)
        written = await registry.post(
            "/names", json={"area": VILLAGE, "name": "bad"}, headers=deployment.login()
        )
        known = await contact.get(
            "/names", params={"after": written.json()["position"]}, headers=deployment.login()
        )
        assert known.json()["items"] == []

        (parked,) = (await contact.get("/parked", headers=operator)).json()["items"]
        assert (parked["event_type"], parked["error"]) == ("AreaDefined", "ValueError")
        one = f"/parked/{parked['parked_id']}"
        assert '"bad"' in (await contact.get(one, headers=operator)).json()["data"]
        assert (await contact.post(f"{one}/retry", headers=operator)).json() == {"applied": 0}
        assert (await contact.post(f"{one}/drop", headers=deployment.login())).status_code == 403
        assert (await contact.post(f"{one}/drop", headers=operator)).json() == {
            "dropped": parked["parked_id"]
        }
        assert (await contact.post(f"{one}/retry", headers=operator)).status_code == 404
        assert (await contact.get("/parked", headers=operator)).json()["items"] == []


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
