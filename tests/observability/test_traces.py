"""One trace from a request through log, relay, stream and readers to the dashboard; nobody's name; off unless told."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kith.deployment import NOT_PASSED_ON
from kith.embedded.nats import RunningNats
from services.pairing.app import SPEC as PAIRING_SPEC
from services.registry.app import SPEC as REGISTRY_SPEC
from services.reporting.app import spec as reporting_spec
from shared import spans
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.spans import SPANS_PER_BATCH_MAX, Spans
from shared.tokens import Role
from shared.tracing import trace_id_of
from tests.conftest import ServiceDatabases
from tests.integration.registry_at_work import areas_csv, child_row, id_number, roster
from tests.integration.shell import Deployment, client_of, until, until_ready
from tests.observability.collector import Collector, Span, collecting

TRACE, ASKER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{ASKER}-01", f"00-{TRACE}-{ASKER}-00"
COUNTY, TOWNSHIP, VILLAGE, OTHER_VILLAGE = "431299", "431299200", "431299200201", "431299101201"
NAME, ID_NUMBER, PHONE = "周梅", id_number(1), "13912340134"
CHILD = {
    "on": "2026-01-01",
    "area": VILLAGE,
    "file": {"birth_date": "2014-08-12", "sex": "2"},
    "identity": {"name": NAME, "id_number": ID_NUMBER, "father_name": "周大山", "father_phone": PHONE},
}
CONTACT = ("reader:reporting-from-contact",)
"""What reads the one service that is not there."""
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@dataclass
class County:
    """Services at work that send their traces to one collector."""

    deployment: Deployment
    collector: Collector
    clients: dict[str, httpx.AsyncClient]
    running: dict[str, Running]

    async def post(
        self, service: str, path: str, traceparent: str | None = SAMPLED, **more: Any
    ) -> dict[str, Any]:
        headers = self.deployment.login(Role.COUNTY) | ({"traceparent": traceparent} if traceparent else {})
        reply = await self.clients[service].post(path, headers=headers, **more)
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def read(
        self,
        path: str,
        traceparent: str | None = SAMPLED,
        headers: dict[str, str] | None = None,
        **asked: str,
    ) -> httpx.Response:
        worn = self.deployment.login(Role.COUNTY) | ({"traceparent": traceparent} if traceparent else {})
        reply = await self.clients["reporting"].get(path, headers=worn | (headers or {}), params=asked)
        assert reply.is_success, reply.text
        return reply

    def flush(self) -> None:
        for running in self.running.values():
            assert isinstance(running.tracing, Spans)
            assert running.tracing._provider.force_flush()

    async def traced(self, *wanted: tuple[str, str]) -> list[Span]:
        """Return the trace when it holds a span of each wanted service and name."""

        def here() -> bool:
            self.flush()
            return set(wanted) <= {(span.service, span.name) for span in self.collector.of_trace(TRACE)}

        await until(here)
        return self.collector.of_trace(TRACE)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


@pytest.fixture
async def county(
    collector: Collector, tmp_path: Path, nats_server: RunningNats, service_database: ServiceDatabases
) -> AsyncIterator[County]:
    deployment = Deployment(tmp_path, nats_server)
    county = County(deployment, collector, {}, {})
    async with AsyncExitStack() as at_work:
        for spec in (REGISTRY_SPEC, PAIRING_SPEC, reporting_spec()):
            settings = {"clock": "advanced", "otel_endpoint": collector.endpoint, "otel_sample_ratio": 0}
            await start(county, at_work, spec, service_database, **settings)
        await county.post("registry", "/imports/areas?on=2026-01-01", None, files=file_of(areas_csv()))
        await county.post("registry", "/advance", None, json={"to": "2026-06-01"})
        yield county


async def start(
    county: County,
    at_work: AsyncExitStack,
    spec: ServiceSpec,
    service_database: ServiceDatabases,
    **settings: Any,
) -> None:
    app = create_app(spec, county.deployment.settings(await service_database(spec.name), **settings))
    await at_work.enter_async_context(app.router.lifespan_context(app))
    county.clients[spec.name] = await at_work.enter_async_context(client_of(app))
    county.running[spec.name] = app.state.running
    await until_ready(county.clients[spec.name], without=CONTACT)


def file_of(content: bytes, name: str = "431299200_西外乡.csv") -> dict[str, tuple[str, bytes]]:
    return {"file": (name, content)}


async def test_a_childs_registration_is_one_trace_from_the_request_to_the_dashboard(county: County) -> None:
    position = (await county.post("registry", "/children", json=CHILD))["position"]
    await county.read("/figures", area=TOWNSHIP, after=position)
    await county.read(f"/areas/{TOWNSHIP}")
    trace = await county.traced(
        ("registry", "POST /children"),
        ("registry", "publish KITH_REGISTRY"),
        ("pairing", "process pairing-from-registry"),
        ("reporting", "process reporting-from-registry"),
        ("reporting", "GET /figures"),
        ("reporting", "GET /areas/{code}"),
    )

    of = {(span.service, span.name): span for span in trace}
    request, appended = of["registry", "POST /children"], of["registry", "append"]
    published = of["registry", "publish KITH_REGISTRY"]
    assert (request.parent_id, request.kind) == (ASKER, SERVER)
    assert (appended.parent_id, appended.kind) == (request.span_id, CLIENT)
    assert (published.parent_id, published.kind) == (appended.span_id, PRODUCER)
    for service in ("pairing", "reporting"):
        taken = of[service, f"process {service}-from-registry"]
        assert (taken.parent_id, taken.kind) == (published.span_id, CONSUMER)
        assert taken.attributes["kith.event_type"] == "ChildRegistered"
        assert taken.attributes["messaging.message.id"] == published.attributes["messaging.message.id"]
    waited = of["reporting", "wait"]
    assert waited.parent_id == of["reporting", "GET /figures"].span_id
    assert of["reporting", "GET /areas/{code}"].attributes["http.response.status_code"] == "200"
    assert not any(span.failed for span in trace)


async def test_a_list_with_names_shows_the_question_to_the_vault_and_its_answer(county: County) -> None:
    position = (await county.post("registry", "/children", None, json=CHILD))["position"]
    await county.read("/figures", None, area=TOWNSHIP, after=position)
    page = await county.read("/lists/files.open", area=TOWNSHIP, headers={"Accept": "text/html"})
    assert NAME[0] in page.text
    trace = await county.traced(("registry", "answer identities"), ("reporting", "GET /lists/{name}"))
    of = {span.name: span for span in trace}
    assert of["ask registry identities"].parent_id == of["GET /lists/{name}"].span_id
    assert of["answer identities"].parent_id == of["ask registry identities"].span_id
    assert (of["answer identities"].service, of["answer identities"].kind) == ("registry", SERVER)


async def test_what_a_reader_says_in_consequence_is_part_of_the_trace(county: County) -> None:
    child = await county.post("registry", "/children", None, json=CHILD)
    await county.post("pairing", "/advance", None, json={"to": "2026-06-01"})
    carer = {"name": "李秀英", "kind": "surrogate_mother", "area": VILLAGE, "capacity": 5, "cleared": True}
    carer_id = (await county.post("pairing", "/carers", None, json={**carer, "on": "2026-01-01"}))["carer_id"]
    pair = {"child_id": child["child_id"], "carer_id": carer_id, "on": "2026-01-01"}
    await county.post("pairing", f"/pairs?after={child['position']}", None, json=pair)

    moving = {"on": "2026-02-01", "to_area": OTHER_VILLAGE}
    await county.post("registry", f"/children/{child['child_id']}/transfer", json=moving)
    trace = await county.traced(
        ("pairing", "publish KITH_PAIRING"), ("reporting", "process reporting-from-pairing")
    )
    of = {(span.name, span.attributes.get("kith.event_type")): span for span in trace}
    moved = of["publish KITH_PAIRING", "PairMoved"]
    assert moved.parent_id == of["process pairing-from-registry", "ChildTransferred"].span_id
    assert of["process reporting-from-pairing", "PairMoved"].parent_id == moved.span_id


async def test_of_a_paper_s_batch_a_bounded_number_of_events_is_traced(county: County) -> None:
    rows = [child_row(f"周{chr(0x4E00 + n)}", id_number(n)) for n in range(1, 3 * SPANS_PER_BATCH_MAX)]
    paper = file_of(roster(*rows))
    told = await county.post("registry", "/imports/rosters?filed_on=2026-01-01", files=paper)
    assert told["taken"] == len(rows)
    await county.read("/figures", area=TOWNSHIP, after=told["position"])
    trace = await county.traced(("reporting", "process reporting-from-registry"))
    published = [span for span in trace if span.kind == PRODUCER]
    assert SPANS_PER_BATCH_MAX <= len(published) < len(rows)


async def test_nothing_that_says_who_somebody_is_leaves_in_a_trace(county: County) -> None:
    child = await county.post("registry", "/children", json=CHILD)
    refused = await county.clients["registry"].post(
        f"/children/{child['child_id']}/transfer?area={ID_NUMBER}",
        json={"on": "2026-02-01", "to_area": PHONE},
        headers=county.deployment.login(Role.COUNTY) | {"traceparent": SAMPLED},
    )
    assert refused.status_code == 422
    tracing = county.running["registry"].tracing
    with tracing.span("try", "internal", {"http.route": f"/children/{ID_NUMBER}", "name": NAME}, SAMPLED):
        pass
    with pytest.raises(ValueError, match=NAME), tracing.span("fail", "internal", {}, SAMPLED):
        raise ValueError(f"{NAME} {PHONE}")
    trace = await county.traced(("registry", "try"), ("registry", "fail"))
    sent = b"".join(county.collector.raw)
    for personal in (NAME, ID_NUMBER, PHONE, VILLAGE, child["child_id"]):
        assert personal.encode() not in sent
    of = {span.name: span for span in trace}
    assert of["try"].attributes == {}
    assert (of["fail"].attributes, of["fail"].failed) == ({"error.type": "ValueError"}, True)
    assert {name for span in trace for name in span.attributes} <= set(spans.ATTRIBUTES)


async def test_what_the_asker_did_not_want_traced_and_what_nobody_asked_for_is_not(county: County) -> None:
    first = await county.post("registry", "/children", UNSAMPLED, json=CHILD)
    other = {**CHILD, "identity": {"name": "周兰", "id_number": id_number(2)}}
    second = await county.post("registry", "/children", None, json=other)
    assert first["child_id"] != second["child_id"]
    await county.read("/figures", None, area=TOWNSHIP, after=second["position"])
    county.flush()
    assert county.collector.spans == []


async def test_an_event_of_yesterday_is_replayed_without_a_trace(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "FRESH", timedelta(0))
    position = (await county.post("registry", "/children", json=CHILD))["position"]
    await county.read("/figures", area=TOWNSHIP, after=position)
    trace = await county.traced(("registry", "append"), ("reporting", "GET /figures"))
    assert [span for span in trace if span.kind in {PRODUCER, CONSUMER}] == []


async def test_the_log_tells_the_trace_a_request_belongs_to(
    county: County, capfd: pytest.CaptureFixture[str]
) -> None:
    await county.post("registry", "/children", UNSAMPLED, json=CHILD)
    lines = [line for line in capfd.readouterr().err.splitlines() if '"route":"/children"' in line]
    assert lines
    assert all(f'"trace_id":"{TRACE}"' in line for line in lines)
    assert trace_id_of("00-nothing") is None


async def test_work_goes_on_while_nobody_takes_the_traces(
    county: County, service_database: ServiceDatabases, capfd: pytest.CaptureFixture[str]
) -> None:
    async with AsyncExitStack() as at_work:
        await start(
            county,
            at_work,
            REGISTRY_SPEC,
            service_database,
            clock="advanced",
            otel_endpoint="http://127.0.0.1:9",
            otel_sample_ratio=1,
        )
        for _ in range(3):
            reply = await county.clients["registry"].get("/areas", headers=county.deployment.login())
            assert reply.status_code < 500
    assert capfd.readouterr().err.count('"event":"traces_state"') == 1


async def test_without_the_setting_nothing_is_sent_and_incoming_traces_pass_through(
    collector: Collector, tmp_path: Path, nats_server: RunningNats, service_database: ServiceDatabases
) -> None:
    county = County(Deployment(tmp_path, nats_server), collector, {}, {})
    async with AsyncExitStack() as at_work:
        await start(county, at_work, REGISTRY_SPEC, service_database, clock="advanced")
        await county.post("registry", "/imports/areas?on=2026-01-01", files=file_of(areas_csv()))
        pool = county.running["registry"].pool
        kept = await pool.fetch("SELECT DISTINCT meta ->> 'traceparent' AS led FROM kernel.events")
        assert [row["led"] for row in kept] == [SAMPLED]
    assert collector.raw == []


def test_a_service_without_traces_does_not_import_opentelemetry() -> None:
    asked = "import sys, services.reporting.app, kith.serving; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    heavy = {"opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "requests"}
    assert heavy & set(done.stdout.split()) == set()


def test_kith_up_tells_its_services_where_traces_go_and_nothing_else_of_its_environment() -> None:
    passed_on = ("KITH_OTEL_ENDPOINT", "KITH_OTEL_SAMPLE_RATIO", "OTEL_EXPORTER_OTLP_HEADERS", "LANG")
    assert not any(NOT_PASSED_ON.match(name) for name in passed_on)
    assert all(
        NOT_PASSED_ON.match(name) for name in ("KITH_DATABASE_URL", "KITH_CLOCK", "PGHOST", "NATS_URL")
    )
