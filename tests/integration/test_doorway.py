"""The door of every service: who may enter, what is refused before anything is done, and in which words."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.admission import REQUESTS_MAX
from shared.tokens import Role
from tests.integration.shell import ID_NUMBER, Deployment, until_ready
from tests.integration.shell_at_work import OTHER_TOWNSHIP, VILLAGE, deployment, registry

__all__ = ["deployment", "registry"]


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


@pytest.mark.parametrize(
    "origin", ["http://[", "null", "", "http://kith.test@evil.test", "http://kith.test.", "文"]
)
async def test_whatever_origin_a_session_comes_from_it_is_its_own_or_refused(
    registry: httpx.AsyncClient, deployment: Deployment, origin: str
) -> None:
    headers = [(b"Cookie", f"kith_session={deployment.token()}".encode()), (b"Origin", origin.encode())]
    reply = await registry.post("/names", json={"area": VILLAGE, "name": "东村"}, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "punycode", "hex", "gbk", ""])
async def test_a_form_in_another_charset_is_refused_in_words(
    registry: httpx.AsyncClient, deployment: Deployment, charset: str
) -> None:
    form = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="\\ud800"\r\n\r\na,b\r\n--edge--\r\n'
    kind = f"multipart/form-data; boundary=edge; charset={charset}"
    headers = {**deployment.login(), "Content-Type": kind}
    reply = await registry.post("/papers", content=form, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (415, "charset_unknown")
    for name in ("UTF-8", "utf8"):
        in_utf_8 = {**headers, "Content-Type": f"multipart/form-data; boundary=edge; charset={name}"}
        assert (await registry.post("/papers", content=form, headers=in_utf_8)).status_code == 200


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
