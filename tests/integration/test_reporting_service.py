"""Reporting as its callers meet it: over HTTP, fed by the bus, on real servers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from services.reporting.app import spec
from services.reporting.figures import When, figures
from services.reporting.readers import take
from services.reporting.side import look_at_live_side
from shared.contracts.registry import AreaClosed, AreaDefined, AreaRenamed
from shared.event_store import Append, Meta, NewEvent, append_many, last_position
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import Deployment, client_of, until_ready
from tests.reporting_world.telling import received, world
from tests.reporting_world.world import COUNTY, SPARE_VILLAGES, TOWNSHIPS, VILLAGES
from tests.servers import BusServer

IDS = UUID("8a0b4a2e-7f3e-5a49-9c7f-1f6f0e8f2a11")
SOURCES = ("registry", "pairing", "contact")
WORLD = world(seed=4, days=70)


def silent(_running: Running) -> Sequence[Any]:
    return ()


@dataclass
class County:
    """Reporting at work beside three services that have said what the invented county's say."""

    client: httpx.AsyncClient
    running: Running
    deployment: Deployment
    after: str = ""

    async def ask(self, path: str, /, role: Role = Role.COUNTY, *areas: str, **asked: Any) -> Any:
        reply = await self.reply(path, role, *areas, **asked)
        assert reply.is_success, reply.text
        return reply.json()

    async def reply(
        self, path: str, /, role: Role = Role.COUNTY, *areas: str, **asked: Any
    ) -> httpx.Response:
        params = {"after": self.after, **asked} if self.after else asked
        return await self.client.get(path, params=params, headers=self.deployment.login(role, *areas))

    async def tell(
        self, path: str, body: Any = None, role: Role = Role.COUNTY, key: str = "k"
    ) -> httpx.Response:
        headers = {**self.deployment.login(role), "Idempotency-Key": key}
        return await self.client.post(path, json=body, headers=headers)


PERIOD: dict[str, Any] = {"from": "2026-02-01", "to": "2026-03-05"}
YEAR: dict[str, Any] = {"from": "2026-01-01"}


@pytest.fixture
async def county(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> AsyncIterator[County]:
    """Give reporting at work, to which everything was brought already."""
    deployment = Deployment(tmp_path, nats_server)
    async with AsyncExitStack() as running_together:
        running, client = await start(spec(), deployment, service_database, running_together)
        for batch in received(WORLD).values():
            async with running.pool.acquire() as connection, connection.transaction():
                await take(connection, batch)
        yield County(client, running, deployment)


@pytest.fixture
async def county_on_the_bus(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> AsyncIterator[County]:
    """Give reporting at work beside three services that have said everything."""
    deployment = Deployment(tmp_path, nats_server)
    async with AsyncExitStack() as running_together:
        positions = []
        for source in SOURCES:
            silent_service = ServiceSpec(source, silent)
            speaking, _ = await start(silent_service, deployment, service_database, running_together)
            positions.append(await say(source, speaking))
        running, client = await start(spec(), deployment, service_database, running_together)
        await until_ready(client)
        yield County(client, running, deployment, ",".join(positions))


async def start(
    service: ServiceSpec,
    deployment: Deployment,
    service_database: ServiceDatabases,
    running_together: AsyncExitStack,
) -> tuple[Running, httpx.AsyncClient]:
    """Run a service on a database of its own until the stack closes."""
    database = await service_database(service.name)
    app = create_app(service, deployment.settings(database, clock="advanced"))
    await running_together.enter_async_context(app.router.lifespan_context(app))
    return app.state.running, await running_together.enter_async_context(client_of(app))


async def say(source: str, running: Running) -> str:
    """Append everything that *source* says, each area's events in a stream of their own; return its position."""
    streams: dict[str, list[NewEvent]] = {}
    for at, event in enumerate(WORLD.told[source]):
        stream = (
            f"area-{event.area}"
            if isinstance(event, AreaDefined | AreaRenamed | AreaClosed)
            else f"said-{at}"
        )
        streams.setdefault(stream, []).append(NewEvent(uuid5(IDS, f"{source} {at}"), event))
    async with running.pool.acquire() as connection:
        async with connection.transaction():
            appends = [Append(stream, events) for stream, events in streams.items()]
            await append_many(connection, appends, Meta(IDS, IDS, "test"))
        running.bell.set()
        return f"{source}:{await last_position(connection)}"


async def test_a_number_leads_through_its_list_to_its_events(county: County) -> None:
    told = await county.ask("/figures", area=COUNTY, as_of="2026-03-10")
    number = told["figures"]["files.open"]
    assert number > 0
    rows = await county.ask("/lists/files.open", area=COUNTY, as_of="2026-03-10", limit=500)
    assert (len(rows["items"]), rows["next"]) == (number, None)
    event = await county.ask(f"/received/{rows['items'][0]['events'][0]}")
    assert event["event_type"] == "ChildRegistered"
    assert event["data"]["child_id"] == rows["items"][0]["item"]


async def test_an_answer_tells_the_area_and_the_days_it_is_for(county: County) -> None:
    told = await county.ask("/figures", area=TOWNSHIPS[0], breakdown=True)
    assert told["area"]["code"] == TOWNSHIPS[0]
    assert told["as_of"] == told["to"] == "2026-03-11"
    assert [part["area"] if "area" in part else part["code"] for part in told["breakdown"]] == [
        *VILLAGES[:2],
        *SPARE_VILLAGES[:2],
    ]
    total = sum(part["figures"]["files.open"] for part in told["breakdown"])
    assert total == told["figures"]["files.open"]


async def test_it_is_told_until_when_figures_do_not_change_any_more(county: County) -> None:
    assert await county.ask("/days", Role.VILLAGE, VILLAGES[0]) == {
        "latest": "2026-03-11",
        "settled_until": "2026-03-10",
    }


async def test_the_figures_satisfy_their_identities(county: County) -> None:
    told = await county.ask("/checks", area=COUNTY, **PERIOD)
    broken = {check["code"] for check in told["checks"] if not check["holds"]}
    assert broken <= {"paired", "pairs", "cleared"}


async def test_outside_ones_areas_there_is_nothing(county: County) -> None:
    inside, outside = TOWNSHIPS
    assert (await county.reply("/figures", Role.TOWNSHIP, inside, area=inside)).status_code == 200
    for area in (outside, COUNTY, "431299999"):
        reply = await county.reply("/figures", Role.TOWNSHIP, inside, area=area)
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    rows = await county.ask("/lists/visits", area=outside, limit=1)
    hidden = await county.reply(f"/received/{rows['items'][0]['events'][0]}", Role.TOWNSHIP, inside)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/figures", {}), ("/figures", {"breakdown": True}), ("/checks", {}), ("/lists/visits", {"limit": 5})],
)
async def test_who_has_several_areas_is_told_of_each_what_who_has_only_that_is_told(
    county: County, path: str, asked: dict[str, Any]
) -> None:
    told = {area: await county.ask(path, Role.TOWNSHIP, area, area=area, **asked) for area in TOWNSHIPS}
    assert len({str(answer) for answer in told.values()}) == len(TOWNSHIPS)
    for area in TOWNSHIPS:
        assert await county.ask(path, Role.TOWNSHIP, *TOWNSHIPS, area=area, **asked) == told[area]


async def test_days_amiss_do_not_tell_an_area_of_others_from_one_that_does_not_exist(county: County) -> None:
    inside, outside = TOWNSHIPS
    amiss: Sequence[tuple[dict[str, Any], int, str]] = (
        ({"as_of": "2026-02-30"}, 422, "invalid_request"),
        ({"from": "2026-03-01", "to": "2026-02-01"}, 404, "not_found"),
    )
    for days, status, code in amiss:
        for area in (outside, COUNTY, "431299999"):
            reply = await county.reply("/figures", Role.TOWNSHIP, inside, area=area, **days)
            assert (area, reply.status_code, reply.json()["code"]) == (area, status, code)
    backwards = await county.reply("/figures", Role.TOWNSHIP, inside, area=inside, **amiss[1][0])
    assert backwards.json()["code"] == "period_backwards"


async def test_what_cannot_be_answered_is_said_with_its_reason(county: County) -> None:
    refused: Sequence[tuple[str, dict[str, Any], int, str]] = (
        ("/lists/files.bored", {"area": COUNTY}, 404, "measure_unknown"),
        ("/lists/files.open", {"area": COUNTY, "after_key": "x"}, 422, "bad_page_key"),
        ("/figures", {"area": COUNTY, "as_of": "9999-12-31"}, 422, "invalid_request"),
        ("/figures", {"area": COUNTY, "from": "2026-03-01", "to": "2026-02-01"}, 422, "period_backwards"),
        ("/series", {"area": COUNTY, "measure": "nothing"}, 404, "measure_unknown"),
    )
    for path, asked, status, code in refused:
        reply = await county.reply(path, **asked)
        assert (path, reply.status_code, reply.json()["code"]) == (path, status, code)


async def test_months_come_as_numbers(county: County) -> None:
    told = await county.ask("/series", area=COUNTY, measure=["files.open", "windows.missed"], **YEAR)
    assert [month["month"] for month in told["months"]] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert told["months"][-1]["figures"].keys() == {"files.open", "windows.missed"}


async def test_every_measure_tells_its_definition(county: County) -> None:
    told = {measure["name"]: measure for measure in await county.ask("/measures")}
    assert told["windows.kept.home_visit"]["denominator"] == "windows.counted.home_visit"
    assert told["files.open"]["label"] == {"zh": "在册儿童", "en": "Open files"}


async def test_a_summary_is_issued_once_and_comes_again_with_the_same_figures(county: County) -> None:
    asked = {"area": COUNTY, "from": "2026-01-01", "to": "2026-02-28", "known_on": "2026-03-01"}
    first = await county.tell("/summaries", asked)
    assert first.status_code == 201, first.text
    again = await county.tell("/summaries", asked)
    assert first.json() == again.json()
    shown = await county.ask(f"/summaries/{first.json()['summary_id']}")
    assert shown["same"]
    assert shown["digest"] == first.json()["digest"]
    listed = await county.ask("/summaries", area=COUNTY)
    assert [one["summary_id"] for one in listed["items"]] == [first.json()["summary_id"]]
    spoken = await county.running.pool.fetchval("SELECT count(*) FROM kernel.events")
    assert spoken == 1


async def test_a_summary_of_the_future_is_refused(county: County) -> None:
    reply = await county.tell("/summaries", {"area": COUNTY, "from": "2026-01-01", "to": "2027-01-01"})
    assert (reply.status_code, reply.json()["code"]) == (422, "summary_of_the_future")


async def test_a_draft_has_the_sections_of_a_summary(county: County) -> None:
    told = await county.ask("/summaries/draft", area=COUNTY, to="2026-02-28")
    assert told["from"] == "2026-01-01"
    titles = [section["title"]["en"] for section in told["sections"]]
    assert titles[0] == "Basic situation"
    assert all(section["figures"] for section in told["sections"])


async def test_a_rebuild_is_asked_for_by_operators_and_changes_no_number(county: County) -> None:
    before = await county.ask("/figures", area=COUNTY)
    assert (await county.tell("/rebuild/figures")).status_code == 403
    unknown = await county.tell("/rebuild/nothing", role=Role.OPERATOR)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "projection_unknown")
    asked = await county.tell("/rebuild/all", role=Role.OPERATOR)
    assert asked.status_code == 202, asked.text
    while (state := await county.ask("/rebuild/figures", Role.OPERATOR))["state"] in {"asked", "running"}:
        assert state["done"] <= max(state["total"], state["done"])
    assert (state["state"], state["done"]) == ("done", state["total"])
    assert await county.ask("/figures", area=COUNTY) == before


async def test_the_bus_brings_what_the_county_said_before_an_answer_that_waits_for_it(
    county_on_the_bus: County,
) -> None:
    county = county_on_the_bus
    told = await county.ask("/figures", area=COUNTY)
    kept = await county.running.pool.fetchval("SELECT count(*) FROM kept.received")
    assert kept == sum(len(events) for events in WORLD.told.values())
    async with county.running.pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        assert told["figures"] == await figures(connection, COUNTY, When(date(2026, 3, 11)))
    assert not await county.running.pool.fetchval("SELECT count(*) FROM kernel.parked_events")
