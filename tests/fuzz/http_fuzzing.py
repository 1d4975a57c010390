"""Asking a service everything its OpenAPI document allows, and what it does not, with all of schemathesis's checks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.run import PhaseName
from schemathesis.generation.case import Case

from tests.fuzz.right_requests import Paper, Requests

Json = dict[str, Any]

BEYOND_THE_SCHEMA = frozenset({"day_out_of_range", "string_too_short", "too_short"})
"""Faults of single inputs that JSON Schema cannot say: years, and names that are nothing but spaces."""

ANSWER_SECONDS_MAX = 30.0
"""No answer takes so long, however busy the machine is: what does, hangs."""

ONLY_RIGHT: Json = {"generation": {"mode": "positive"}, "unexpected-methods": []}
"""A quarter of coverage: everything that a document allows, at its limits, and by no other methods."""

FILE = "binary"
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4)

GIVEN: Sequence[tuple[str, str, str, str]] = (
    ("child_id", "get", "/children", "/items/0/child_id"),
    ("child_id", "post", "/children", "/child_id"),
    ("carer_id", "get", "/carers", "/items/0/carer_id"),
    ("carer_id", "post", "/carers", "/carer_id"),
    ("pair_id", "get", "/pairs", "/items/0/pair_id"),
    ("pair_id", "post", "/pairs", "/pair_id"),
    ("visit_id", "get", "/visits", "/items/0/visit_id"),
    ("visit_id", "post", "/visits", "/visit_id"),
    ("summary_id", "get", "/summaries", "/items/0/summary_id"),
    ("summary_id", "post", "/summaries", "/summary_id"),
    ("import_id", "post", "/imports/rosters", "/import_id"),
    ("import_id", "post", "/imports/carers", "/import_id"),
    ("import_id", "post", "/imports/visits", "/import_id"),
    ("event_id", "get", "/events", "/events/0/event_id"),
)
"""The ids that other operations take: who gives them, a list or a command, and the place in the answer."""


@schemathesis.check
def a_rule_refused_it(_ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """What fits the document is refused only by a rule that has a name of its own."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return None
    problem = response.json()
    faults = {fault["code"] for fault in problem.get("errors", ())}
    assert problem["code"] != "invalid_request" or faults <= BEYOND_THE_SCHEMA, problem
    return None


@schemathesis.check
def who_is_to_come_again_is_told_when(
    _ctx: CheckContext, response: Response, _case: Case[Any]
) -> bool | None:
    """A service that cannot answer now says after how many seconds it is worth another try."""
    if response.status_code == 503 and response.json().get("code") is not None:
        assert int(response.headers["retry-after"][0]) > 0
    return None


def teach_papers(papers: Sequence[bytes]) -> None:
    """Let every file that is sent be a real paper, one with a few bytes changed or cut off, or any bytes at all."""
    real = st.sampled_from(papers)
    schemathesis.openapi.format(FILE, real | st.builds(_damaged, real, DAMAGE) | st.binary(max_size=200))


def _damaged(paper: bytes, damage: Sequence[tuple[float, bytes]]) -> bytes:
    for place, scrap in damage:
        at = int(place * len(paper))
        paper = paper[:at] + scrap + paper[at + len(scrap) :]
    return paper


@dataclass
class Found:
    """What a run asked and what was wrong with the answers."""

    answers: Counter[int] = field(default_factory=Counter)
    phases: Counter[PhaseName] = field(default_factory=Counter)
    of: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def take(self, finished: events.ScenarioFinished) -> None:
        recorder = finished.recorder
        self.phases[finished.phase] += len(recorder.interactions)
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None:
                self.answers[interaction.response.status_code] += 1
                if node := recorder.cases.get(case_id):
                    label = node.value.operation.label
                    self.of.setdefault(label, Counter())[interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    asked = recorder.interactions.get(case_id)
                    told = asked.response.content[:600] if asked and asked.response else b""
                    self.wrong.append(
                        f"{check.name}: {failure.title}: {failure.operation}\n{failure.message}\n"
                        f"{check.failure_info.code_sample}\n{told.decode(errors='replace')}"
                    )


@dataclass(frozen=True)
class Fuzzing:
    """How much is asked: which phases, and how many cases an operation."""

    phases: Sequence[str]
    cases: int
    walks: int | None = None
    """How often links between operations are followed, from a list or a command on; as many as cases if not said."""
    tags: Sequence[str] = ()
    wrong_too: bool = True
    """Whether coverage is also of what the document does not allow."""
    seed: int | None = None


def fuzzed(
    address: str, token: str | None, ids: Mapping[str, Sequence[Any]], right: Requests, how: Fuzzing
) -> Found:
    """Ask the service at *address* everything, as the bearer of *token*, often with what is there or *right*."""
    document: Json = httpx.get(f"{address}/openapi.json").raise_for_status().json()
    if papers := [request.paper.content for request in right.values() if request.paper is not None]:
        teach_papers(papers)
    taught = with_right_requests(_linked(document), right)
    schema = schemathesis.openapi.from_dict(taught, config=_config(token, ids, how))
    schema.config.base_url = address
    asked = schema.include(tag=list(how.tags)) if how.tags else schema
    found = Found()
    for event in from_schema(asked).execute():
        if isinstance(event, events.ScenarioFinished):
            found.take(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.wrong.append(f"{event}")
    return found


def _config(token: str | None, ids: Mapping[str, Sequence[Any]], how: Fuzzing) -> SchemathesisConfig:
    known = {name: values for name, values in ids.items() if values}
    bound = {name: {"dictionary": name, "probability": 0.6} for name in known}
    in_bodies = {f"body.{name}": binding for name, binding in bound.items()}
    return SchemathesisConfig.from_dict(
        {
            **({} if how.seed is None else {"seed": how.seed}),
            "headers": {} if token is None else {"Authorization": f"Bearer {token}"},
            "request-timeout": 60,
            "continue-on-failure": True,
            "generation": {"max-examples": how.cases, "database": "none"},
            "phases": {
                **{phase: {"enabled": phase in how.phases} for phase in ("examples", "fuzzing")},
                "stateful": {
                    "enabled": "stateful" in how.phases,
                    "generation": {"max-examples": how.walks or how.cases},
                },
                "coverage": {"enabled": "coverage" in how.phases, **({} if how.wrong_too else ONLY_RIGHT)},
            },
            "checks": {
                "max_response_time": ANSWER_SECONDS_MAX,
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "422", "503"]
                },
            },
            "dictionaries": {name: {"values": list(values)} for name, values in known.items()},
            "parameters": {**bound, **in_bodies},
        }
    )


def _linked(document: Json) -> Json:
    """Say in *document* which operations take the ids that a list gives."""
    for name, method, address, place in GIVEN:
        giver = document["paths"].get(address, {}).get(method)
        if giver is None:
            continue
        told = {name: f"$response.body#{place}"}
        takers = [
            operation
            for path, operations in document["paths"].items()
            if f"{{{name}}}" in path
            for operation in operations.values()
        ]
        done = next(status for status in giver["responses"] if status.startswith("2"))
        giver["responses"][done]["links"] = {
            taker["operationId"]: {
                "operationId": taker["operationId"],
                "parameters": told | _after(giver, taker),
            }
            for taker in takers
        }
    return document


def _after(giver: Json, taker: Json) -> dict[str, str]:
    """Let who reads what a command has just done wait for it."""
    waits = any(parameter["name"] == "after" for parameter in taker.get("parameters", ()))
    return {"after": "$response.body#/position"} if waits and "requestBody" in giver else {}


def with_right_requests(document: Json, right: Requests) -> Json:
    """Give *document* the right request of each operation as its example, and say of files what they are."""
    for (method, path), request in right.items():
        operation = document["paths"][path][method]
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in request.params:
                parameter["examples"] = {"right": {"value": _typed(parameter, request.params)}}
        if request.body is not None:
            operation["requestBody"]["content"]["application/json"]["examples"] = {
                "right": {"value": request.body}
            }
        if request.paper is not None:
            _teach_paper(operation["requestBody"]["content"], request.paper)
    return document


def _typed(parameter: Json, params: Mapping[str, str]) -> Any:
    value = params[parameter["name"]]
    match parameter["schema"].get("type"):
        case "integer":
            return int(value)
        case "array":
            return [value]
        case _:
            return value


def _teach_paper(content: Json, paper: Paper) -> None:
    named = {"Content-Disposition": {"example": f'form-data; name="file"; filename="{paper.name}"'}}
    content["multipart/form-data"] = {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "format": FILE}},
            "required": ["file"],
        },
        "encoding": {"file": {"headers": named}},
        "examples": {"right": {"value": {"file": paper.content}}},
    }
