"""A few hundred children's months on real servers, and what a caller of each kind would know of them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from kith.client import Client, Json, Tokens
from kith.console import Console
from kith.deployment import Deployment, deployment_of
from kith.embedded.postgres import SUPERUSER
from kith.papers import papers_in
from kith.runtime import Runtime, running
from kith.signing import issue_token
from kith.year import Year
from shared.messages import Language
from shared.subjects import SERVICES, readers_of
from shared.tokens import Role
from tests.browser.small_county import small_county
from tests.folders import data_folder
from tests.fuzz.right_requests import Making, Requests, Right, right_requests

COUNTY, TOWNSHIP, VILLAGE = "431299", "431299102", "431299102201"
TOWNSHIPS = (TOWNSHIP,)
FILED_ON, UNTIL = date(2026, 1, 1), date(2026, 3, 6)
AREAS: Mapping[Role, tuple[str, ...]] = {
    Role.VILLAGE: (VILLAGE,),
    Role.TEACHER: (TOWNSHIP,),
    Role.TOWNSHIP: (TOWNSHIP,),
    Role.COUNTY: (COUNTY,),
    Role.OPERATOR: (COUNTY,),
    Role.SERVICE: (COUNTY,),
}
IMPORTED = {"registry": "RosterImported", "pairing": "CarersImported", "contact": "VisitLogImported"}
"""What each service says of a paper that it took in."""

DAYS = ["2026-01-05", "2026-03-06", "2026-11-20"]
DAY_NAMES = ("on", "filed_on", "as_of", "known_on", "from", "until")
PARKED = 4
"""Events that operators find parked; each of a stream of its own, which nothing else ever speaks of."""
PARK = """
INSERT INTO kernel.parked_events (reader, source, store_id, tx, position, stream_id, version, event_id,
                                  event_type, schema_version, data, meta, error, attempts)
SELECT $1, 'registry', gen_random_uuid(), 0, nth, 'fuzz-' || nth, 1, gen_random_uuid(), 'ChildRegistered', 1,
       '{}', '{}', 'ValidationError', 1
  FROM generate_series(1, $2::int) AS nth
RETURNING parked_id
"""

KNOWN_MAX = 3
"""Ids of a kind that a fuzzer is told of."""


@dataclass(frozen=True)
class County:
    """The running county: its services, its tokens, and ids that are there, by the name of their parameter."""

    runtime: Runtime
    deployment: Deployment
    client: Client
    ids: dict[str, dict[str, list[Any]]] = field(init=False, default_factory=dict)
    right: dict[str, Requests] = field(init=False, default_factory=dict)
    parked: dict[str, list[int]] = field(init=False, default_factory=dict)

    def token(self, role: Role) -> str:
        made = issue_token(self.deployment.data, f"{role}-1", role, AREAS[role], timedelta(hours=12))
        return made.token


@contextmanager
def county_at_work(papers: Path) -> Iterator[County]:
    """Run a township's first months on a county's whole system, in live use."""
    with (
        data_folder() as data,
        running(deployment := deployment_of(data), "live") as runtime,
        Client(deployment, Tokens(deployment), Language.EN) as client,
    ):
        papers_found = papers_in(small_county(papers, TOWNSHIPS))
        Year(client, Console(as_json=True), papers_found, FILED_ON, UNTIL).run()
        county = County(runtime, deployment, client)
        parked = _park(runtime)
        county.ids.update(_known(client))
        county.right.update(right_requests(Making(client, COUNTY, TOWNSHIP, VILLAGE)))
        for service, ids in county.ids.items():
            county.right[service]["get", "/events/{event_id}"] = Right({"event_id": ids["event_id"][0]})
        for service, found in parked.items():
            county.parked[service] = found
            county.right[service] |= _about_parked(found)
        yield county


def _park(runtime: Runtime) -> dict[str, list[int]]:
    """Leave with each reader of the registry events that it cannot apply; return their numbers by service."""

    async def park(service: str) -> list[int]:
        connection = await asyncpg.connect(
            runtime.postgres.dsn(SUPERUSER, runtime.postgres.password, f"kith_{service}")
        )
        try:
            rows = await connection.fetch(PARK, f"{service}-from-registry", PARKED)
        finally:
            await connection.close()
        return [row["parked_id"] for row in rows]

    return {service: asyncio.run(park(service)) for service in readers_of_registry()}


def readers_of_registry() -> list[str]:
    return [reader.partition("-from-")[0] for reader in readers_of("registry")]


def _about_parked(found: Sequence[int]) -> Requests:
    # The fuzzer hands the number that one operation answers with to the others: each has one of its own.
    shown, retried, dropped = map(str, found[:3])
    return {
        ("get", "/parked/{parked_id}"): Right({"parked_id": shown}),
        ("post", "/parked/{parked_id}/retry"): Right({"parked_id": retried}),
        ("post", "/parked/{parked_id}/drop"): Right({"parked_id": dropped}),
    }


def _known(client: Client) -> dict[str, dict[str, list[str]]]:
    """Return ids that are there, by service and by the name of the parameter that takes them."""
    client.post("reporting", "/summaries", {"area": COUNTY, "from": str(FILED_ON), "to": str(UNTIL)})
    events = {service: _events(client, service) for service in SERVICES}
    known: dict[str, dict[str, list[str]]] = {
        "registry": {
            "child_id": _of(client, "registry", "/children", "child_id"),
            "code": [TOWNSHIP, VILLAGE],
            "to_area": [VILLAGE],
        },
        "pairing": {
            "carer_id": _of(client, "pairing", "/carers", "carer_id", area=COUNTY),
            "pair_id": _of(client, "pairing", "/pairs", "pair_id"),
        },
        "contact": {"visit_id": _of(client, "contact", "/visits", "visit_id")},
        "reporting": {
            "measure": ["files.open", "pairs.open"],
            "projection": ["all"],
            "summary_id": _of(client, "reporting", "/summaries", "summary_id", area=COUNTY),
        },
    }
    for service, ids in known.items():
        ids["event_id"] = [event["event_id"] for event in events[service]]
        if service in IMPORTED:
            said = _events(client, service, IMPORTED[service])
            ids["import_id"] = [event["data"]["import_id"] for event in said]
        ids.update(dict.fromkeys(DAY_NAMES, DAYS))
        ids["area"] = [COUNTY, TOWNSHIP, VILLAGE]
        if service == "reporting":
            ids["event_id"] += [event["event_id"] for event in events["registry"]]
    for name in ("survivor_id", "other_id"):
        known["registry"][name] = known["registry"]["child_id"]
    for service in ("pairing", "contact"):
        known[service]["child_id"] = known["registry"]["child_id"]
    return {service: {name: some[:KNOWN_MAX] for name, some in ids.items()} for service, ids in known.items()}


def _events(client: Client, service: str, event_type: str | None = None) -> list[Json]:
    asked = {"event_type": event_type, "limit": 500}
    found: list[Json] = client.get(service, "/events", Role.OPERATOR, **asked)["events"]
    return found


def _of(client: Client, service: str, path: str, name: str, area: str | None = None) -> list[str]:
    return [item[name] for item in client.get(service, path, limit=KNOWN_MAX, area=area)["items"]]
