"""In live use no service is advanced to a day that has not come: a day once reached cannot be taken back."""

from datetime import timedelta
from pathlib import Path

import pytest

from kith.embedded.nats import RunningNats
from services.contact.app import SPEC as CONTACT
from services.registry.app import SPEC as REGISTRY
from shared import clock
from shared.service import ServiceSpec, create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import Deployment, client_of


@pytest.mark.parametrize("spec", [REGISTRY, CONTACT], ids=lambda spec: spec.name)
async def test_a_live_service_is_not_advanced_beyond_today(
    spec: ServiceSpec, tmp_path: Path, nats_server: RunningNats, service_database: ServiceDatabases
) -> None:
    deployment = Deployment(tmp_path, nats_server)
    county = deployment.login(Role.COUNTY)
    today = clock.today_in_shanghai()
    app = create_app(spec, deployment.settings(await service_database(spec.name), clock="live"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        ahead = {"to": str(today + timedelta(days=2))}
        refused = await client.post("/advance", json=ahead, headers=county)
        assert (refused.status_code, refused.json()["code"]) == (422, "day_to_come")
        taken = await client.post("/advance", json={"to": str(today)}, headers=county)
        assert taken.json()["moved"] is True
