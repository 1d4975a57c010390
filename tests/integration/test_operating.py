"""What operators see and do in every service: its log, its readers, what they could not apply."""

import httpx

from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import CONTACT, Deployment, at_work, until_ready
from tests.integration.shell_at_work import OTHER_TOWNSHIP, VILLAGE, deployment, registry

__all__ = ["deployment", "registry"]


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
