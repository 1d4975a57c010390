"""Every address of the four services, asked by everybody everything: an answer or a refusal, as documented."""

import httpx
import pytest
from schemathesis.engine.run import PhaseName

from shared.subjects import SERVICES
from shared.tokens import Role
from tests.fuzz.cases import TIMES
from tests.fuzz.county import COUNTY, TOWNSHIP, VILLAGE, County, readers_of_registry
from tests.fuzz.http_fuzzing import Fuzzing, fuzzed

SEED = None if TIMES > 1 else 20260101
"""A short run always asks the same; a long one asks what nobody asked before."""

ALL = ("examples", "coverage", "fuzzing", "stateful")
DESK = Fuzzing(ALL, 8 * TIMES, seed=SEED)
OPERATING = Fuzzing(ALL, 6 * TIMES, tags=("operating", "day"), seed=SEED)
OTHERS = Fuzzing(("coverage", "fuzzing", "stateful"), 3 * TIMES, 3 * TIMES, seed=SEED, wrong_too=False)
"""Each service's document has links, so everybody walks; who is forbidden what the links of a service begin with,
as village and teacher are in contact, is told so at each first step."""
STRANGERS = Fuzzing(("coverage", "fuzzing"), 3 * TIMES, seed=SEED, wrong_too=False)
"""They get no further than the first step of any walk."""
PHASES = {
    "examples": PhaseName.EXAMPLES,
    "coverage": PhaseName.COVERAGE,
    "fuzzing": PhaseName.FUZZING,
    "stateful": PhaseName.STATEFUL_TESTING,
}
WITHOUT_TOKEN = {"GET /livez", "GET /readyz", "GET /metrics"}

ABOUT_PARKED = {
    "GET /parked/{parked_id}",
    "POST /parked/{parked_id}/retry",
    "POST /parked/{parked_id}/drop",
}
"""Of the registry, which reads nobody, nothing can ever be parked."""
OF_OPERATORS = ABOUT_PARKED | {
    "GET /status",
    "GET /horizon",
    "GET /events",
    "GET /events/{event_id}",
    "GET /parked",
    "POST /rebuild/{projection}",
    "GET /rebuild/{projection}",
}
"""What the county's desk is forbidden, and operators are asked to do."""

pytestmark = pytest.mark.timeout(600 * TIMES)


def ask(county: County, service: str, token: str | None, how: Fuzzing) -> dict[str, set[int]]:
    """Ask everything, check every answer, and return the statuses by operation."""
    found = fuzzed(county.deployment.address(service), token, county.ids[service], county.right[service], how)
    assert found.wrong == [], f"{len(found.wrong)} answers are wrong:\n\n" + "\n\n".join(found.wrong[:5])
    silent = [phase for phase in how.phases if not found.phases[PHASES[phase]]]
    assert silent == [], "every phase must have asked something"
    return {operation: set(answers) for operation, answers in found.of.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_the_county_s_desk_may_ask_anything(county: County, service: str) -> None:
    statuses = ask(county, service, county.token(Role.COUNTY), DESK)
    assert unreached(statuses) - OF_OPERATORS == set(), "each operation must be seen at work"


@pytest.mark.parametrize("service", SERVICES)
def test_operators_may_ask_anything(county: County, service: str) -> None:
    statuses = ask(county, service, county.token(Role.OPERATOR), OPERATING)
    nothing_parked = set() if service in readers_of_registry() else ABOUT_PARKED
    assert unreached(statuses) & OF_OPERATORS == nothing_parked


def unreached(statuses: dict[str, set[int]]) -> set[str]:
    """Return the operations that never did what they are there for."""
    return {name for name, some in statuses.items() if not some & set(range(200, 300))}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("role", [Role.VILLAGE, Role.TEACHER, Role.TOWNSHIP, Role.SERVICE])
def test_every_role_may_ask_anything(county: County, service: str, role: Role) -> None:
    ask(county, service, county.token(role), OTHERS)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("token", [None, "broken", "eyJhbGciOiJub25lIn0.e30."])
def test_who_shows_no_token_gets_nothing(county: County, service: str, token: str | None) -> None:
    statuses = ask(county, service, token, STRANGERS)
    assert [
        name for name, some in statuses.items() if name not in WITHOUT_TOKEN and some & set(range(200, 400))
    ] == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_area_beyond_ones_own_is_answered_404_by_every_question(county: County, service: str) -> None:
    asked = questions_with_an_area(county, service)
    assert asked, "every service is asked about areas"
    with httpx.Client(
        base_url=county.deployment.address(service),
        headers={"Authorization": f"Bearer {county.token(Role.TOWNSHIP)}"},
        timeout=60,
    ) as client:
        for path, others in asked:
            told = [
                client.get(path, params={**others, "area": area}).status_code
                for area in (COUNTY, "431299103", "431299103201", "431300", TOWNSHIP, VILLAGE)
            ]
            assert told == [404] * 4 + [200] * 2, path


def questions_with_an_area(county: County, service: str) -> list[tuple[str, dict[str, str]]]:
    """Return every question that takes an `area`, with whatever else it needs, about what is there."""
    known = {"from": "2026-01-01", "to": "2026-03-06"} | {
        name: some[0] for name, some in county.ids[service].items() if some
    }
    document = httpx.get(f"{county.deployment.address(service)}/openapi.json").json()
    found = []
    for path, operations in document["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        if any((one["in"], one["name"]) == ("query", "area") for one in parameters):
            needed = [one["name"] for one in parameters if one["in"] == "query" and one["required"]]
            found.append((path.format(**known), {name: known[name] for name in needed}))
    return found


def test_after_all_that_everything_still_works(county: County) -> None:
    assert county.runtime.restart_what_died() == []
    for service in SERVICES:
        parked = county.client.get(service, "/parked", Role.OPERATOR)
        strange = county.parked.get(service, [])
        assert [item for item in parked["items"] if item["parked_id"] not in strange] == [], (
            f"{service} could not apply what another service said"
        )
        assert county.client.get(service, "/readyz")["ready"]
