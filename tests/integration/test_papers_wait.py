"""While a paper is taken in, the next waits; who may send none is told so without waiting."""

import asyncio
from pathlib import Path

import pytest

from services.contact.app import SPEC as CONTACT
from services.pairing.app import SPEC as PAIRING
from services.registry.app import SPEC as REGISTRY
from shared.paper_turns import PaperTurns
from shared.service import ServiceSpec, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import Deployment, client_of
from tests.servers import BusServer

PAPERS = [
    (REGISTRY, "/imports/areas?on=2026-01-01"),
    (REGISTRY, "/imports/rosters?filed_on=2026-01-01"),
    (PAIRING, "/imports/carers?on=2026-01-01"),
    (CONTACT, "/imports/visits"),
]
NO_TABLE = {"file": ("431299200.csv", b"nothing,of,a,table")}
READ_AND_REFUSED = 422


@pytest.mark.parametrize(("spec", "path"), PAPERS, ids=[path.partition("?")[0] for _, path in PAPERS])
async def test_a_paper_waits_for_the_one_before_and_one_beyond_those_that_wait_is_told_to_come_again(
    spec: ServiceSpec,
    path: str,
    tmp_path: Path,
    nats_server: BusServer,
    service_database: ServiceDatabases,
) -> None:
    installed = Deployment(tmp_path, nats_server)
    desk, field = installed.login(Role.COUNTY), installed.login(Role.TEACHER)
    app = create_app(spec, installed.settings(await service_database(spec.name), clock="advanced"))
    app.state.running.paper_turns = turns = PaperTurns(waiting_max=1)
    async with app.router.lifespan_context(app), client_of(app) as client:
        async with turns.turn():
            waiting = asyncio.create_task(client.post(path, files=NO_TABLE, headers=desk))
            await asyncio.wait([waiting], timeout=0.2)
            assert not waiting.done()
            refused = await client.post(path, files=NO_TABLE, headers=desk)
            stranger = await client.post(path, files=NO_TABLE, headers=field)
        assert (refused.status_code, refused.json()["code"]) == (503, "papers_wait")
        assert refused.headers["retry-after"] == "30"
        assert stranger.status_code == 403
        assert (await waiting).status_code == READ_AND_REFUSED
