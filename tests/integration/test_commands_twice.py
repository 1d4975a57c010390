"""A command handled twice equals once: every command of a service, sent under one key at once, and again later."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from itertools import pairwise
from typing import Any, NamedTuple

import httpx

from shared.event_store import Pool
from shared.tokens import Role
from tests.integration.pairing_at_work import FIRST, LATER, ROWS, County, county, workbook
from tests.integration.pairing_county import TOWNSHIP, WILLOW, areas_defined, child_id
from tests.integration.pairing_county import registered as registered_elsewhere
from tests.integration.registry_at_work import (
    AREAS,
    Registry,
    areas_csv,
    child_row,
    csv_of,
    deployment,
    id_number,
    registry,
    roster,
)
from tests.integration.test_contact_service import CALL_OF_ADA, HEADINGS, Contact, contact
from tests.integration.test_reporting_service import County as Reporting
from tests.integration.test_reporting_service import county as reporting
from tests.reporting_world.world import COUNTY

__all__ = ["contact", "county", "deployment", "registry", "reporting"]

LIUQIAO, DONGHE, NEW_VILLAGE = "431299200201", "431299200202", "431299200203"
NEW_TOWNSHIP = ("431299102", "南山镇", "431299", "township")
FILE = {"birth_date": "2014-08-12", "sex": "2"}
KEPT_BY_THE_SHELL = {"/parked/{parked_id}/retry", "/parked/{parked_id}/drop"}
ASKED = {"/children/identities", "/suggestions"}
"""What is sent as a command is, and changes nothing."""


class Sent(NamedTuple):
    """A command as it was sent."""

    path: str
    body: Mapping[str, Any] | None
    key: str
    more: Mapping[str, Any]


class Twice:
    """A service whose every command is sent twice under one key, and what it has been sent."""

    def __init__(self, client: httpx.AsyncClient, pool: Pool, login: Mapping[str, str]) -> None:
        self._client, self._pool, self._login = client, pool, login
        self.sent: set[str] = set()
        self._answered: list[tuple[Sent, httpx.Response]] = []

    async def do(
        self, path: str, body: Mapping[str, Any] | None = None, *, says: bool = True, **more: Any
    ) -> dict[str, Any]:
        """Send a command twice at once and again later: all are answered alike, it is said once; return the answer."""
        sent = Sent(path, body, f"{len(self._answered)}{path}", more)
        before = await self._said()
        first, second = await asyncio.gather(*(self._send(sent) for _ in range(2)))
        said = await self._said()
        assert first.is_success, first.text
        assert (len(said) > len(before)) is says
        third = await self._send(sent)
        for again in (second, third):
            assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert await self._said() == said
        self.sent.add(path.partition("?")[0])
        self._answered.append((sent, first))
        answer: dict[str, Any] = first.json()
        return answer

    async def do_all_again(self) -> None:
        """Send each command once more now that all others were, and under its key the one after it.

        It has its first answer again, the other is refused, and nothing is done.
        """
        before = await self._state()
        for (sent, first), (other, _) in pairwise([*self._answered, self._answered[0]]):
            again = await self._send(sent)
            assert (again.status_code, again.json()) == (first.status_code, first.json())
            refused = await self._send(other._replace(key=sent.key))
            assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, (other, refused.text)
            assert refused.json()["code"] == "command_id_reused"
        assert await self._state() == before

    async def _send(self, sent: Sent) -> httpx.Response:
        headers = {**self._login, "Idempotency-Key": sent.key}
        return await self._client.post(sent.path, json=sent.body, headers=headers, **sent.more)

    async def _state(self) -> tuple[object, ...]:
        commands = await self._pool.fetchval("SELECT count(*) FROM kernel.commands")
        return await self._said(), await self._pool.fetchval("SELECT day FROM kernel.day"), commands

    async def _said(self) -> list[tuple[object, ...]]:
        rows = await self._pool.fetch("SELECT stream_id, version, event_id FROM kernel.events ORDER BY 1, 2")
        return [tuple(row) for row in rows]

    async def never_sent(self) -> set[str]:
        """Return the commands of the service's description to which nothing was sent."""
        described = {
            path
            for path, acts in (await self._client.get("/openapi.json")).json()["paths"].items()
            if "post" in acts
        }
        return {path for path in described if not any(_fits(path, sent) for sent in self.sent)}


def _fits(described: str, sent: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), sent) is not None


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"files": {"file": (name, content)}}


async def test_every_command_of_the_registry(registry: Registry) -> None:
    twice = Twice(registry.client, registry.pool, registry.login())
    await twice.do("/imports/areas?on=2026-01-01", **file("areas.csv", areas_csv([*AREAS, NEW_TOWNSHIP])))
    await twice.do("/advance", {"to": "2026-05-31"}, says=False)
    await twice.do("/advance", {"to": "2026-06-01"}, says=False)
    new = {"code": NEW_VILLAGE, "name": "新村", "level": "village", "parent": TOWNSHIP, "on": "2026-01-02"}
    await twice.do("/areas", new)
    await twice.do(f"/areas/{NEW_VILLAGE}/rename", {"name": "新桥村", "on": "2026-01-03"})
    await twice.do(f"/areas/{NEW_VILLAGE}/close", {"on": "2026-01-04", "successor": LIUQIAO})

    papers = roster(child_row("周梅", id_number(1)), child_row("李响", id_number(2)))
    await twice.do("/imports/rosters?filed_on=2026-01-01", **file("431299200_西外乡.csv", papers))

    identity = {"name": "孙小", "id_number": id_number(3)}
    body = {"on": "2026-01-01", "area": LIUQIAO, "file": FILE, "identity": identity}
    child = f"/children/{(await twice.do('/children', body))['child_id']}"
    await twice.do(f"{child}/revise", {"on": "2026-01-05", "file": {**FILE, "poor": True}})
    await twice.do(f"{child}/transfer", {"on": "2026-02-01", "to_area": DONGHE})
    await twice.do(f"{child}/leave", {"on": "2026-03-01", "reason": "moved_away"})
    await twice.do(f"{child}/return", {"on": "2026-04-01"})
    other = {**body, "identity": {"name": "钱多", "id_number": id_number(4)}}
    survivor = (await twice.do("/children", other))["child_id"]
    await twice.do(f"{child}/merge", {"on": "2026-05-01", "survivor_id": survivor})
    await twice.do(f"{child}/unmerge", {"on": "2026-05-02"})
    await twice.do(f"{child}/forget")

    await registry.take_roster(
        roster(child_row("周菊"), child_row("周竹"), child_row("周竹", 所在村="东河村"))
    )
    await registry.take_roster(roster(child_row("周菊", id_number(5))))
    [waiting] = (await registry.get("/children/learned-ids")).json()["items"]
    told = {"learned_id": waiting["learned_id"]}
    assert (await twice.do(f"/children/{waiting['child_id']}/confirm-id", told))["changed"]
    [pair] = (await registry.get("/children/likely-duplicates")).json()["items"]
    one, other = pair["child_id"], pair["other_id"]
    verdict = {"verdict": "same", "survivor_id": one}
    assert (await twice.do(f"/children/likely-duplicates/{one}/{other}/judge", verdict))["changed"]
    await twice.do_all_again()
    assert await twice.never_sent() - KEPT_BY_THE_SHELL - ASKED == set()


async def test_every_command_of_pairing(county: County) -> None:
    twice = Twice(county.pairing, county.running.pool, county.login())
    await county.say(*areas_defined(), registered_elsewhere("Lily"), registered_elsewhere("Iris"))
    await twice.do(f"/imports/carers?on={FIRST}", **file("结对帮扶人员.xlsx", workbook(ROWS)))
    await twice.do("/advance", {"to": FIRST}, says=False)
    carer = {"name": "郑好", "phone": "13811110009", "kind": "surrogate_mother", "area": WILLOW}
    carer_id = (await twice.do("/carers", {**carer, "capacity": 1, "on": FIRST}))["carer_id"]
    await twice.do(f"/carers/{carer_id}/clear", {"on": FIRST})
    await twice.do(f"/carers/{carer_id}/revise", {"capacity": 2, "on": FIRST})
    lily = {"child_id": str(child_id("Lily")), "carer_id": carer_id, "on": FIRST}
    pair_id = (await twice.do("/pairs", lily))["pair_id"]
    await twice.do("/suggestions/assign", {"area": TOWNSHIP, "on": FIRST})
    await twice.do("/advance", {"to": LATER}, says=False)
    await twice.do(f"/pairs/{pair_id}/end", {"reason": "requested", "on": LATER})
    await twice.do(f"/carers/{carer_id}/suspend", {"on": LATER})
    await twice.do(f"/carers/{carer_id}/withdraw", {"on": LATER})
    await twice.do_all_again()
    assert await twice.never_sent() - KEPT_BY_THE_SHELL - ASKED == set()


async def test_every_command_of_contact(contact: Contact) -> None:
    twice = Twice(contact.client, contact.pool, contact.deployment.login(Role.COUNTY))
    await twice.do("/imports/visits", **file("走访记录.csv", csv_of(HEADINGS, [CALL_OF_ADA])))
    await twice.do("/advance", {"to": "2026-01-09"})
    await twice.do("/advance", {"to": "2026-02-09"})
    [visit] = (await contact.get("/visits"))["items"]
    told = {"child_id": visit["child_id"], "kind": "home_visit", "on": "2026-02-09", "reached": True}
    await twice.do("/visits", told)
    await twice.do_all_again()
    assert await twice.never_sent() - KEPT_BY_THE_SHELL == set()


async def test_every_command_of_reporting(reporting: Reporting) -> None:
    twice = Twice(reporting.client, reporting.running.pool, reporting.deployment.login(Role.COUNTY))
    period = {"area": COUNTY, "from": "2026-01-01", "to": "2026-02-28"}
    await twice.do("/summaries", period)
    await twice.do("/summaries", {**period, "to": "2026-01-31"})
    await twice.do_all_again()
    assert await twice.never_sent() - KEPT_BY_THE_SHELL == {"/rebuild/{projection}"}, "which says nothing"
