"""The next release's schema under this release's running services: what it adds is borne, what it takes is told."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest

from kith.advancing import advance
from kith.client import Client, Tokens
from kith.console import Console
from kith.deployment import Deployment, deployment_of
from kith.embedded.spawning import wait_until
from kith.exits import Failed
from kith.importing import import_areas, import_rosters
from kith.papers import papers_in
from kith.runtime import Runtime, prepare_and_migrate, running
from kith.states import wait_until_all_taken
from shared.messages import Language
from shared.migrate import migrate
from shared.schema import Migration, migration, migrations_of
from shared.subjects import SERVICES
from tests.browser.small_county import FILED_ON, small_county
from tests.folders import data_folder

pytestmark = pytest.mark.timeout(240)

AREA = "431299210"
FIRST, SECOND = date(2026, 2, 10), date(2026, 3, 10)
UNREADY_SECONDS_MAX = 60.0

EXPAND = """
DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT format('%I.%I', n.nspname, c.relname)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname IN ('kernel', 'app', 'vault', 'kept', 'side_a', 'side_b')
            ORDER BY 1
  LOOP
    EXECUTE format('ALTER TABLE %s ADD COLUMN of_the_next_release text NOT NULL DEFAULT ''-''', t);
  END LOOP;
END $$;
CREATE TABLE app.of_the_next_release (id bigint PRIMARY KEY);
"""
"""The harshest thing an expanding migration may do: every table has a column more."""
CONTRACT = "-- contract: needs {service}/9001_of_the_next_release\nDROP TABLE app.of_the_next_release;"


@dataclass(frozen=True)
class Upgraded:
    """A county whose services are of this release and whose schema is of the next."""

    runtime: Runtime
    client: Client
    before: dict[str, Any]


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    papers = papers_in(small_county(tmp_path_factory.mktemp("papers"), (AREA,)))
    with (
        data_folder() as data,
        running(deployment := deployment_of(data), "advanced") as runtime,
        Client(deployment, Tokens(deployment), Language.EN) as client,
    ):
        console = Console(as_json=True)
        import_areas(client, console, papers.areas, FILED_ON)
        advance(client, FILED_ON)
        import_rosters(client, console, papers.rosters, FILED_ON)
        advance(client, FIRST)
        wait_until_all_taken(client)
        before = figures(client, FIRST)
        for service in SERVICES:
            _migrate(deployment, runtime, service, [later(service)])
        yield Upgraded(runtime, client, before)


def later(service: str) -> Migration:
    return migration(f"{service}/9001_of_the_next_release", EXPAND)


def figures(client: Client, as_of: date) -> dict[str, Any]:
    found: dict[str, Any] = client.get("reporting", "/figures", area=AREA, as_of=as_of)["figures"]
    return found


def _migrate(deployment: Deployment, runtime: Runtime, service: str, more: list[Migration]) -> None:
    dsn = deployment.owner_dsn(runtime.postgres, service)
    asyncio.run(migrate(dsn, service, [*migrations_of(service), *more]))


def test_services_of_this_release_go_on_under_the_next_ones_schema(upgraded: Upgraded) -> None:
    client = upgraded.client
    assert upgraded.before["windows.missed"] == 20
    assert figures(client, FIRST) == upgraded.before
    advance(client, SECOND)
    child = client.get("registry", "/children", area=AREA)["items"][0]["child_id"]
    client.post("registry", f"/children/{child}/leave", {"reason": "moved_away", "on": str(SECOND)})
    wait_until_all_taken(client)
    assert figures(client, FIRST) == upgraded.before
    assert figures(client, SECOND)["windows.missed"] > upgraded.before["windows.missed"]
    assert figures(client, SECOND)["files.open"] == upgraded.before["files.open"] - 1
    assert all(service.is_ready() for service in upgraded.runtime.services)


def test_this_releases_migrate_lets_the_next_ones_schema_stand(upgraded: Upgraded) -> None:
    applied = asyncio.run(prepare_and_migrate(upgraded.runtime.deployment, upgraded.runtime.postgres))
    assert applied == {service: [] for service in SERVICES}


def test_what_takes_away_makes_the_services_unready_and_says_which_release_is_needed(
    upgraded: Upgraded,
) -> None:
    runtime, deployment = upgraded.runtime, upgraded.runtime.deployment
    for service in SERVICES:
        gone = migration(f"{service}/9002_gone", CONTRACT.format(service=service))
        _migrate(deployment, runtime, service, [later(service), gone])
    for process in runtime.services:
        assert wait_until(lambda process=process: not process.is_ready(), UNREADY_SECONDS_MAX)  # type: ignore[misc]
        told = httpx.get(f"{process.address}/readyz").json()["parts"]["schema"]
        assert not told["ok"]
        assert f"too new, {process.name}/9002_gone" in told["why"]
        assert httpx.get(f"{process.address}/livez").is_success
    with pytest.raises(Failed, match="schema_too_new"):
        asyncio.run(prepare_and_migrate(deployment, runtime.postgres))
