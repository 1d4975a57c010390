"""Contact over HTTP beside a real registry: logs taken in, visits told, the day advanced, lists for callers."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import openpyxl  # type: ignore[import-untyped]  # it comes without types
import pytest
from fastapi import FastAPI

from services.contact import importing
from services.contact.app import SPEC
from services.contact.locking import close_gate
from services.contact.log_ledger import Entry, note_rows
from shared.event_store import Connection, Pool
from shared.running import Running
from shared.service import create_app
from shared.tokens import Role
from tests.conftest import ServiceDatabases
from tests.integration.registry_at_work import (  # noqa: F401 - fixtures
    Registry,
    child_row,
    csv_of,
    deployment,
    id_number,
    registry,
    roster,
)
from tests.integration.shell import Deployment, client_of, more_replicas

HEADINGS = ("走访日期", "录入日期", "儿童姓名", "身份证号", "所在村代码", "方式", "结果")
WILLOW = "431299200201"
COUNTED = """
SELECT sum((data->>'rows')::int), sum((data->>'logged')::int), sum((data->>'unknown_child')::int)
  FROM kernel.events WHERE event_type = 'VisitLogImported'
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""
ADA, BEN = id_number(1), id_number(2)
SECOND_ADA = id_number(3)


@dataclass
class Contact:
    """A contact at work, its callers, and what it has said."""

    app: FastAPI
    client: httpx.AsyncClient
    deployment: Deployment

    @property
    def pool(self) -> Pool:
        running: Running = self.app.state.running
        return running.pool

    async def post(
        self, path: str, body: Mapping[str, Any], role: Role = Role.COUNTY, *areas: str
    ) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.deployment.login(role, *areas))

    async def get(self, path: str, role: Role = Role.COUNTY, *areas: str) -> dict[str, Any]:
        reply = await self.client.get(path, headers=self.deployment.login(role, *areas))
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def advance(self, to: str, after: Mapping[str, str] | None = None) -> dict[str, Any]:
        reply = await self.post("/advance", {"to": to, "after": after or {}})
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def send(
        self,
        *rows: Sequence[str],
        content: bytes | None = None,
        name: str = "走访记录.csv",
        key: str | None = None,
    ) -> httpx.Response:
        headers = {**self.deployment.login(Role.COUNTY), **({"Idempotency-Key": key} if key else {})}
        file = (name, content or csv_of(HEADINGS, rows))
        return await self.client.post("/imports/visits", files={"file": file}, headers=headers)

    async def take(
        self,
        *rows: Sequence[str],
        content: bytes | None = None,
        name: str = "走访记录.csv",
        key: str | None = None,
    ) -> dict[str, Any]:
        reply = await self.send(*rows, content=content, name=name, key=key)
        assert reply.is_success, reply.text
        told: dict[str, Any] = reply.json()
        return told

    async def state(self) -> list[list[tuple[Any, ...]]]:
        """All that contact holds of visits and papers but for the imports themselves."""
        told = (
            "SELECT visit_id, child_id, kind, on_day, recorded_on, reached, in_file FROM app.visits ORDER BY 1",
            "SELECT * FROM app.log_rows ORDER BY 1",
            "SELECT event_id, data::text FROM kernel.events WHERE event_type <> 'VisitLogImported' ORDER BY 1",
            COUNTED,
        )
        return [[tuple(row) for row in await self.pool.fetch(query)] for query in told]


@pytest.fixture
async def contact(
    deployment: Deployment,  # noqa: F811 - the fixture
    registry: Registry,  # noqa: F811 - the fixture
    service_database: ServiceDatabases,
) -> AsyncIterator[Contact]:
    """A contact beside a registry that knows three children, two of one name."""
    rows = [child_row("周梅", ADA), child_row("李响", BEN), child_row("周梅", SECOND_ADA)]
    registered = await registry.take_roster(roster(*rows))
    database = await service_database("contact")
    app = create_app(SPEC, deployment.settings(database, clock="advanced"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        started = Contact(app, client, deployment)
        await started.get(f"/visits?after={registered['position']}")  # it has heard of them
        yield started


def row(
    on: str, name: str, number: str = "", entered: str | None = None, kind: str = "亲子通话"
) -> tuple[str, ...]:
    return (on, entered or on, name, number, WILLOW, kind, "成功")


CALL_OF_ADA = row("2026-01-05", "周梅", ADA)
CALL_OF_BEN = row("2026-01-06", "李响")
CALL_OF_NOBODY = row("2026-01-07", "王五")
CALL_OF_EITHER = row("2026-01-08", "周梅")


async def test_a_log_is_matched_by_number_else_by_name_in_that_village(contact: Contact) -> None:
    told = await contact.take(CALL_OF_ADA, CALL_OF_BEN, CALL_OF_NOBODY, CALL_OF_EITHER)
    counts = {
        key: told[key] for key in ("rows", "logged", "unknown_child", "ambiguous", "refused", "already")
    }
    assert counts == {"rows": 4, "logged": 2, "unknown_child": 1, "ambiguous": 1, "refused": 0, "already": 0}
    assert [(refusal["row"], refusal["code"]) for refusal in told["refusals"]] == [
        (4, "row_child_unknown"),
        (5, "row_child_ambiguous"),
    ]


async def test_a_log_taken_in_twice_or_half_and_then_whole_changes_nothing_more(contact: Contact) -> None:
    rows = (CALL_OF_ADA, CALL_OF_ADA, CALL_OF_BEN, CALL_OF_NOBODY)
    await contact.take(*rows[:2])
    told = await contact.take(*rows)
    assert (told["already"], told["logged"], told["duplicates"]) == (2, 1, 0)
    before = await contact.state()
    told = await contact.take(*rows)
    assert told["already"] == 4
    assert await contact.state() == before


@pytest.mark.parametrize(("key", "already"), [("the log", 0), ("the log again", 2)])
async def test_a_log_interrupted_between_chunks_goes_on_where_it_stopped(
    contact: Contact, monkeypatch: pytest.MonkeyPatch, key: str, already: int
) -> None:
    rows = (CALL_OF_ADA, CALL_OF_BEN, CALL_OF_NOBODY, CALL_OF_ADA, CALL_OF_EITHER)
    monkeypatch.setattr(importing, "CHUNK_ROWS", 2)
    with monkeypatch.context() as dying:
        die_in_chunk(2, dying)
        assert (await contact.send(*rows, key="the log")).status_code == 500
    assert (await contact.state())[3] == [(2, 2, 0)]

    told = await contact.take(*rows, key=key)

    counts = ("rows", "logged", "duplicates", "unknown_child", "ambiguous", "already")
    assert [told[name] for name in counts] == [5, 2 - already, 1, 1, 1, already]
    assert (await contact.state())[3] == [(5, 2, 1)]
    assert await contact.pool.fetchval("SELECT count(*) FROM app.log_rows") == 5


def die_in_chunk(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die, as far as the database can tell, when a chunk's rows were written."""
    noted = 0

    async def note_or_die(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
        nonlocal noted
        noted += 1
        told = await note_rows(connection, entries)
        if noted == number:
            raise RuntimeError("killed")
        return told

    monkeypatch.setattr("services.contact.importing.note_rows", note_or_die)


async def test_an_import_is_shown_as_it_was_answered_whatever_is_sent_again(contact: Contact) -> None:
    rows = (CALL_OF_ADA, CALL_OF_NOBODY)
    first = await contact.take(*rows, key="the log")
    again = await contact.take(*rows)
    assert await contact.take(*rows, key="the log") == first
    assert again["import_id"] != first["import_id"]
    for told in (first, again):
        shown = await contact.get(f"/imports/{told['import_id']}")
        assert {**shown, "position": told["position"]} == told


async def test_a_row_with_a_fault_is_refused_and_given_back_to_be_mended(contact: Contact) -> None:
    told = await contact.take(
        CALL_OF_ADA, ("二月三十", "2026-01-09", "李响", BEN, WILLOW, "亲子通话", "成功")
    )
    assert (told["logged"], told["refused"]) == (1, 1)
    reply = await contact.client.get(told["refused_workbook"], headers=contact.deployment.login(Role.COUNTY))
    book = openpyxl.load_workbook(io.BytesIO(reply.content))
    sheet = book.worksheets[0]
    sheet["A2"] = "2026-01-08"
    mended = io.BytesIO()
    book.save(mended)
    again = await contact.take(content=mended.getvalue(), name="mended.xlsx")
    assert (again["rows"], again["logged"], again["refused"]) == (1, 1, 0)


async def test_refused_rows_are_kept_for_ninety_days(contact: Contact) -> None:
    told = await contact.take(CALL_OF_NOBODY)
    county = contact.deployment.login(Role.COUNTY)
    await contact.advance("2026-04-07")
    assert (await contact.client.get(told["refused_workbook"], headers=county)).status_code == 200
    await contact.advance("2026-04-08")
    gone = await contact.client.get(told["refused_workbook"], headers=county)
    assert (gone.status_code, gone.json()["code"]) == (404, "refused_rows_gone")
    assert (await contact.get(f"/imports/{told['import_id']}"))["unknown_child"] == 1


async def test_a_child_registered_later_makes_its_refused_row_good(
    contact: Contact,
    registry: Registry,  # noqa: F811
) -> None:
    assert (await contact.take(CALL_OF_NOBODY))["unknown_child"] == 1
    await registry.take_roster(roster(child_row("王五", id_number(9))))
    told = await contact.take(CALL_OF_NOBODY)
    assert (told["logged"], told["unknown_child"]) == (1, -1)
    assert (await contact.state())[3] == [(1, 1, 0)]


async def test_a_refused_row_is_made_good_once_by_logs_sent_at_once(
    contact: Contact,
    registry: Registry,  # noqa: F811
) -> None:
    await contact.take(CALL_OF_NOBODY)
    await registry.take_roster(roster(child_row("王五", id_number(9))))
    async with more_replicas(SPEC, contact.app.state.running, 2) as clients:
        replicas = [contact, *(replace(contact, client=client) for client in clients)]
        async with contact.pool.acquire() as holder, holder.transaction():
            await holder.execute("SELECT FROM app.log_rows FOR UPDATE")
            logs = [asyncio.create_task(replica.take(CALL_OF_NOBODY)) for replica in replicas]
            while await contact.pool.fetchval(WAITING) < len(logs):  # noqa: ASYNC110 - the database tells it
                await asyncio.sleep(0.005)
        told = await asyncio.gather(*logs)
    counts = ("logged", "duplicates", "unknown_child", "already")
    assert sorted([log[name] for name in counts] for log in told) == [
        [0, 0, 0, 1],
        [0, 0, 0, 1],
        [1, 0, -1, 0],
    ]
    assert (await contact.state())[3] == [(1, 1, 0)]


async def test_no_name_number_or_note_stands_in_an_event(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA, CALL_OF_NOBODY)
    await contact.advance("2026-01-09")
    [visit] = (await contact.get("/visits"))["items"]
    told = {
        "child_id": visit["child_id"],
        "kind": "home_visit",
        "on": "2026-01-09",
        "reached": True,
        "note": "秘密",
    }
    reply = await contact.post("/visits", told)
    assert reply.is_success, reply.text
    shown = await contact.get(f"/visits/{reply.json()['visit_id']}")
    assert shown["note"] == "秘密"
    log = str(await contact.pool.fetch("SELECT data, meta FROM kernel.events"))
    assert not [word for word in ("周梅", "王五", "秘密", ADA) if word in log]


async def test_a_note_that_comes_later_is_kept_and_a_second_one_is_refused(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA)
    await contact.advance("2026-01-09")
    [visit] = (await contact.get("/visits"))["items"]
    told = {"child_id": visit["child_id"], "kind": "home_visit", "on": "2026-01-09", "reached": True}
    logged = (await contact.post("/visits", told)).json()
    for _ in range(2):
        again = (await contact.post("/visits", {**told, "note": "秘密"})).json()
        assert (again["outcome"], again["visit_id"]) == ("already", logged["visit_id"])
    refused = await contact.post("/visits", {**told, "note": "另一条"})
    assert (refused.status_code, refused.json()["code"]) == (409, "visit_noted_already")
    assert (await contact.get(f"/visits/{logged['visit_id']}"))["note"] == "秘密"


async def test_a_child_forgotten_by_the_registry_loses_its_notes_here(
    contact: Contact,
    registry: Registry,  # noqa: F811
) -> None:
    await contact.take(CALL_OF_ADA)
    await contact.advance("2026-01-09")
    await registry.do("/advance", {"to": "2026-01-09"})
    [visit] = (await contact.get("/visits"))["items"]
    told = {"child_id": visit["child_id"], "kind": "home_visit", "on": "2026-01-09", "reached": True}
    path = f"/visits/{(await contact.post('/visits', {**told, 'note': '秘密'})).json()['visit_id']}"
    assert (await contact.get(path))["note"] == "秘密"

    said = await registry.do(f"/children/{visit['child_id']}/forget", {})
    await contact.advance("2026-01-09", {"registry": said["position"]})

    assert (await contact.get(path))["note"] is None
    assert (await contact.post("/visits", {**told, "note": "秘密"})).json()["code"] == "visit_note_forgotten"
    assert await contact.pool.fetchval("SELECT count(*) FROM kernel.parked_events") == 0


async def test_a_visit_told_twice_is_logged_once(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA)
    await contact.advance("2026-01-09")
    [visit] = (await contact.get("/visits"))["items"]
    told = {"child_id": visit["child_id"], "kind": "home_visit", "on": "2026-01-09", "reached": True}
    outcomes = [(await contact.post("/visits", told)).json()["outcome"] for _ in range(2)]
    assert outcomes == ["logged", "already"]
    assert len((await contact.get("/visits"))["items"]) == 2


async def test_a_visit_of_the_future_or_of_another_village_is_refused(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA)
    await contact.advance("2026-01-09")
    [visit] = (await contact.get("/visits"))["items"]
    told = {"child_id": visit["child_id"], "kind": "home_visit", "on": "2026-01-10", "reached": True}
    reply = await contact.post("/visits", told)
    assert reply.json()["code"] == "visit_after_recorded"
    assert "2026" in reply.json()["detail"]
    elsewhere = await contact.post("/visits", {**told, "on": "2026-01-09"}, Role.VILLAGE, "431299101201")
    assert elsewhere.status_code == httpx.codes.NOT_FOUND


async def test_the_day_waits_for_what_others_have_said_and_judges_once(
    contact: Contact,
    registry: Registry,  # noqa: F811
) -> None:
    position = (await registry.do("/advance", {"to": "2026-02-04"}))["position"]
    await contact.take(CALL_OF_ADA)
    first = await contact.advance("2026-02-04", {"registry": position})
    again = await contact.advance("2026-02-04", {"registry": position.removeprefix("registry:")})
    assert (first["moved"], again["moved"]) == (True, False)
    misses = (await contact.get("/misses?kind=parent_call"))["items"]
    assert [miss["area"] for miss in misses] == [WILLOW, WILLOW]
    assert (await contact.post("/advance", {"to": "2026-02-03"})).json()["code"] == "day_is_past"


async def test_of_several_advances_at_once_one_works_and_the_others_take_no_connection(
    contact: Contact,
) -> None:
    async with contact.pool.acquire() as connection, connection.transaction():
        await close_gate(connection)
        at_once = [asyncio.create_task(contact.advance("2026-02-04")) for _ in range(4)]
        done, _ = await asyncio.wait(at_once, timeout=1)
        assert not done
        assert await contact.pool.fetchval(WAITING) == 1
    assert sorted(told["moved"] for told in await asyncio.gather(*at_once)) == [False, False, False, True]


async def test_a_work_list_shows_what_is_owed_overdue_first_page_by_page(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA, row("2026-02-02", "李响", BEN))
    await contact.advance("2026-02-10")
    listed = await contact.get("/worklist")
    states = [(item["state"], item["kind"], item["closes"]) for item in listed["items"]]
    assert states == sorted(states, key=lambda item: (item[0] != "overdue", item[2]))
    assert [state for state, *_ in states].count("overdue") == 5
    assert ("open", "parent_call", "2026-02-28") in states
    assert [state for state, kind, _ in states if kind == "parent_call"].count("open") == 2
    paged: list[Any] = []
    page = await contact.get("/worklist?limit=2")
    while True:
        paged += page["items"]
        if page["next"] is None:
            break
        page = await contact.get(f"/worklist?limit=2&after_key={page['next']}")
    assert paged == listed["items"]
    due_soon = (await contact.get("/worklist?until=2026-01-31"))["items"]
    assert {item["state"] for item in due_soon} == {"overdue"}


async def test_lists_show_a_caller_only_the_callers_areas(contact: Contact) -> None:
    await contact.take(CALL_OF_ADA)
    await contact.advance("2026-03-04")
    for path in ("/visits", "/misses", "/escalations", "/worklist"):
        assert (await contact.get(path))["items"], path
        assert (await contact.get(path, Role.TOWNSHIP, "431299200"))["items"], path
        assert (await contact.get(path, Role.TOWNSHIP, "431299101"))["items"] == [], path
        assert await contact.get(path, Role.TOWNSHIP, "431299200", "431299101") == await contact.get(path), (
            path
        )
        assert (await contact.get(f"{path}?area=431299101"))["items"] == [], path


async def test_a_visit_before_the_file_was_opened_is_listed_for_a_person_to_see(contact: Contact) -> None:
    await contact.take(row("2025-12-30", "周梅", ADA, entered="2026-01-02"), CALL_OF_BEN)
    [visit] = (await contact.get("/visits/outside-file"))["items"]
    assert (visit["on"], visit["in_file"]) == ("2025-12-30", False)


async def test_a_key_that_no_page_gave_is_refused(contact: Contact) -> None:
    for path in ("/worklist", "/misses", "/visits", "/escalations"):
        reply = await contact.client.get(
            f"{path}?after_key=x~y", headers=contact.deployment.login(Role.COUNTY)
        )
        assert reply.json()["code"] in {"bad_page_key", "never_advanced"}, path
