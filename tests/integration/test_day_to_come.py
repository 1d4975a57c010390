"""No service is advanced to a day that has not come, nor takes papers that are dated on one."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.contact.app import SPEC as CONTACT
from services.pairing.app import SPEC as PAIRING
from services.registry.app import SPEC as REGISTRY
from shared import clock
from shared.service import ServiceSpec, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.registry_at_work import (  # noqa: F401 - fixtures
    Registry,
    child_row,
    deployment,
    registry,
    roster,
)
from tests.integration.shell import Deployment, client_of
from tests.servers import BusServer

CARERS = """姓名,性别,身份,所在地代码,联系电话,可结对人数,审查通过
章红,女,爱心妈妈,431299200201,13811110001,2,是
"""


@pytest.mark.parametrize("spec", [REGISTRY, PAIRING, CONTACT], ids=lambda spec: spec.name)
async def test_a_live_service_is_not_advanced_beyond_today(
    spec: ServiceSpec, tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> None:
    installed = Deployment(tmp_path, nats_server)
    county = installed.login(Role.COUNTY)
    today = clock.today_in_shanghai()
    app = create_app(spec, installed.settings(await service_database(spec.name), clock="live"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        ahead = {"to": str(today + timedelta(days=2))}
        refused = await client.post("/advance", json=ahead, headers=county)
        assert (refused.status_code, refused.json()["code"]) == (422, "day_to_come")
        taken = await client.post("/advance", json={"to": str(today)}, headers=county)
        assert taken.json()["moved"] is True


async def test_a_replay_takes_no_roster_filed_after_the_last_day_advanced_to(
    registry: Registry,  # noqa: F811 - the fixture
) -> None:
    await registry.do("/advance", {"to": "2026-01-05"})
    paper = roster(child_row("周梅"))
    refused = await registry.send_roster(paper, filed_on="2026-01-06")
    assert (refused.status_code, refused.json()["code"]) == (422, "filed_in_future")
    assert (await registry.take_roster(paper, filed_on="2026-01-05"))["taken"] == 1


async def test_a_replay_takes_no_carers_from_a_day_after_the_last_advanced_to(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> None:
    installed = Deployment(tmp_path, nats_server)
    county = installed.login(Role.COUNTY)
    app = create_app(PAIRING, installed.settings(await service_database("pairing"), clock="advanced"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        await client.post("/advance", json={"to": "2026-01-05"}, headers=county)
        for on, code in (("2026-01-06", "on_after_recorded"), ("2026-01-05", "areas_not_known_yet")):
            paper = {"file": ("carers.csv", CARERS.encode())}
            reply = await client.post(f"/imports/carers?on={on}", files=paper, headers=county)
            assert reply.json()["code"] == code
