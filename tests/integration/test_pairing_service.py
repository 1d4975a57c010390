"""Pairing as its callers meet it: over HTTP and the bus, on real servers, from papers to pairs to their end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from services.pairing import importing
from services.pairing.app import SPEC
from services.pairing.from_registry import READER
from services.pairing.list_ledger import write_rows
from shared.asking import ask
from shared.checkpoint import caught_up
from shared.contracts.asks import CARERS, CarersAnswer, CarersQuestion
from shared.contracts.event import Event, LeavingReason
from shared.event_store import Append, NewEvent, Pool, append_many, last_position
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.tokens import Caller, Role
from tests.conftest import ServiceDatabases
from tests.integration.pairing_county import (
    ELM,
    IDS,
    OTHER_TOWNSHIP,
    POPLAR,
    TOWNSHIP,
    WILLOW,
    areas_defined,
    cause,
    child_id,
    left,
    registered,
)
from tests.integration.shell import Deployment, client_of, until_ready
from tests.integration.test_asking import asking
from tests.servers import BusServer

FIRST, LATER = "2026-01-01", "2026-03-01"
TAKEN_SECONDS_MAX = 60.0
"""However slow the machine is, the registry's events come within this time."""
HEADINGS = ["姓名", "性别", "身份", "所在地代码", "联系电话", "可结对人数", "审查通过"]
ROWS = [
    ["章红", "女", "爱心妈妈", WILLOW, "13811110001", 2, "是"],
    ["李强", "男", "志愿者", ELM, "13811110002", 1, "是"],
    ["王静", "女", "教师", WILLOW, "13811110003", 1, "否"],
    ["赵敏", "女", "儿童主任", WILLOW, "13811110004", 0, "是"],
    ["周远", "男", "志愿者", "431299999201", "13811110005", 1, "是"],
    ["章红", "女", "爱心妈妈", WILLOW, "13811110001", 3, "是"],
]


def silent(_running: Running) -> Sequence[Any]:
    return ()


REGISTRY = ServiceSpec("registry", silent)


@dataclass
class County:
    """Pairing at work, and a registry that says what a test gives it to say."""

    deployment: Deployment
    pairing: httpx.AsyncClient
    running: Running
    registry: Running
    said: int = 0

    async def say(self, *events: Event) -> str:
        """Let the registry say events and pairing take them; return the registry's position behind them."""
        appends = []
        for event in events:
            self.said += 1
            stream = f"said-{self.said}"
            appends.append(Append(stream, [NewEvent(uuid5(IDS, f"{self.registry.replica} {stream}"), event)]))
        async with self.registry.pool.acquire() as connection, connection.transaction():
            await append_many(connection, appends, cause("said").meta)
        async with self.registry.pool.acquire() as connection:
            position = await last_position(connection)
        self.registry.bell.set()
        assert await caught_up(self.running.pool, READER.name, position, TAKEN_SECONDS_MAX)
        return f"registry:{position}"

    def login(self, role: Role = Role.COUNTY, *areas: str, key: str | None = None) -> dict[str, str]:
        return {**self.deployment.login(role, *areas), **({"Idempotency-Key": key} if key else {})}

    async def get(self, path: str, role: Role = Role.COUNTY, *areas: str) -> Any:
        reply = await self.pairing.get(path, headers=self.login(role, *areas))
        assert reply.is_success, reply.text
        return reply.json()

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        reply = await self.pairing.post(path, json=body, headers=self.login(key=key))
        assert reply.is_success, reply.text
        return reply.json()

    async def send_in(
        self, rows: Sequence[Sequence[object]], after: str, key: str | None = None
    ) -> httpx.Response:
        return await self.pairing.post(
            f"/imports/carers?on={FIRST}&after={after}",
            files={"file": ("结对帮扶人员.xlsx", workbook(rows))},
            headers=self.login(key=key),
        )

    async def take_in(self, rows: Sequence[Sequence[object]], after: str, key: str | None = None) -> Any:
        reply = await self.send_in(rows, after, key)
        assert reply.is_success, reply.text
        return reply.json()


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    file = BytesIO()
    book = xlsxwriter.Workbook(file)
    book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})  # the same bytes at any time
    sheet = book.add_worksheet("人员")
    for line, row in enumerate([HEADINGS, *rows]):
        sheet.write_row(line, 0, row)
    book.close()
    return file.getvalue()


@pytest.fixture
async def county(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> AsyncIterator[County]:
    deployment = Deployment(tmp_path, nats_server)
    async with (
        _at_work(REGISTRY, deployment, service_database) as (registry, _),
        _at_work(SPEC, deployment, service_database) as (running, client),
    ):
        await until_ready(client)
        yield County(deployment, client, running, registry)


@asynccontextmanager
async def _at_work(
    spec: ServiceSpec, deployment: Deployment, service_database: ServiceDatabases
) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    database = await service_database(spec.name)
    app = create_app(spec, deployment.settings(database, clock="advanced"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield app.state.running, client


async def spoken(pool: Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch(
        "SELECT event_type, count(*)::int AS n FROM kernel.events GROUP BY event_type ORDER BY event_type"
    )
    return [(row["event_type"], row["n"]) for row in rows]


async def test_a_list_of_carers_is_taken_in_once_and_its_refused_row_given_back(county: County) -> None:
    after = await county.say(*areas_defined())

    first = await county.take_in(ROWS, after, key="the list")
    repeated = await county.take_in(ROWS, after, key="the list")
    again = await county.take_in(ROWS, after)

    counts = ("rows", "taken", "duplicates", "refused", "already")
    assert [first[name] for name in counts] == [6, 4, 1, 1, 0]
    assert repeated == first
    for told in (first, again):
        shown = await county.get(f"/imports/{told['import_id']}")
        assert {**shown["answer"], "position": told["position"]} == told
    assert [again[name] for name in counts] == [6, 0, 0, 0, 6]
    assert [(each["row"], each["code"]) for each in first["refusals"]] == [(6, "carer_area_unknown")]
    assert await spoken(county.running.pool) == [
        ("CarerCleared", 3),
        ("CarerEnlisted", 4),
        ("CarersImported", 1),
    ]
    reply = await county.pairing.get(first["refused_workbook"], headers=county.login())
    sheet = CalamineWorkbook.from_filelike(BytesIO(reply.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet] == ["姓名", "周远"]


async def test_half_a_list_and_then_the_whole_counts_each_row_once(county: County) -> None:
    after = await county.say(*areas_defined())

    await county.take_in(ROWS[:3], after)
    whole = await county.take_in(ROWS, after)

    assert (whole["taken"], whole["duplicates"], whole["refused"], whole["already"]) == (1, 1, 1, 3)


async def test_lists_sent_at_once_count_each_row_that_they_share_once(county: County) -> None:
    after = await county.say(*areas_defined())
    nowhere, rose, rose_again = ROWS[4], ROWS[0], ROWS[5]
    lists = [[nowhere, rose, rose_again, [f"童{n}", *ROWS[1][1:]]] for n in range(4)]

    answers = await asyncio.gather(*(county.take_in(rows, after) for rows in lists))

    counted = {"rows": 7, "taken": 5, "duplicates": 1, "refused": 1}
    assert await imported(county.running.pool) == counted
    assert {count: sum(told[count] for told in answers) for count in counted} == {**counted, "rows": 16}
    assert sum(told["already"] for told in answers) == 9
    assert await ledger(county.running.pool) == {"taken": 5, "duplicate": 1, "refused": 1}


async def test_a_refused_row_moves_once_when_its_village_is_known(county: County) -> None:
    after = await county.say(*areas_defined()[:-1])
    later = ["李强", "男", "志愿者", POPLAR, "13811110002", 1, "是"]
    refused = await county.take_in([later], after)
    after = await county.say(areas_defined()[-1])

    # The row names somebody whom another row has enlisted: that its list comes twice at once shows nowhere else.
    await county.take_in([[*later[:5], 2, "是"]], after)
    mended = await asyncio.gather(*(county.take_in([later], after) for _ in range(3)))

    assert refused["refused"] == 1
    [moved] = [told["import_id"] for told in mended if told["duplicates"]]
    assert sorted((told["duplicates"], told["refused"], told["already"]) for told in mended) == [
        (0, 0, 1),
        (0, 0, 1),
        (1, -1, 0),
    ]
    assert await imported(county.running.pool) == {"rows": 2, "taken": 1, "duplicates": 1, "refused": 0}
    assert await ledger(county.running.pool) == {"taken": 1, "duplicate": 1}
    by = await county.running.pool.fetchval(
        "SELECT import_id FROM app.import_rows WHERE outcome = 'duplicate'"
    )
    assert str(by) == moved


@pytest.mark.parametrize(("key", "already"), [("the list", 0), ("the list again", 2)])
async def test_a_list_interrupted_between_chunks_goes_on_where_it_stopped(
    county: County, monkeypatch: pytest.MonkeyPatch, key: str, already: int
) -> None:
    after = await county.say(*areas_defined())
    monkeypatch.setattr(importing, "CHUNK_MAX", 2)
    with monkeypatch.context() as dying:
        die_in_chunk(2, dying)
        assert (await county.send_in(ROWS, after, key="the list")).status_code == 500
    assert await ledger(county.running.pool) == {"taken": 2}

    whole = await county.take_in(ROWS, after, key=key)

    counts = ("rows", "taken", "duplicates", "refused", "already")
    assert [whole[name] for name in counts] == [6, 4 - already, 1, 1, already]
    assert await imported(county.running.pool) == {"rows": 6, "taken": 4, "duplicates": 1, "refused": 1}
    assert await ledger(county.running.pool) == {"taken": 4, "duplicate": 1, "refused": 1}


def die_in_chunk(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die, as far as the database can tell, when a chunk's rows were written."""
    written = 0

    async def write_or_die(*given: Any) -> None:
        nonlocal written
        written += 1
        await write_rows(*given)
        if written == number:
            raise RuntimeError("killed")

    monkeypatch.setattr("services.pairing.importing.write_rows", write_or_die)


async def imported(pool: Pool) -> dict[str, int]:
    """Return what the imports of lists say of themselves, added up."""
    row = await pool.fetchrow(
        "SELECT sum((data->>'rows')::int) AS rows, sum((data->>'taken')::int) AS taken,"
        "       sum((data->>'duplicates')::int) AS duplicates, sum((data->>'refused')::int) AS refused"
        "  FROM kernel.events WHERE event_type = 'CarersImported'"
    )
    assert row is not None
    return dict(row)


async def ledger(pool: Pool) -> Mapping[str, int]:
    """Return how many rows became what, by the ledger."""
    return Counter(row["outcome"] for row in await pool.fetch("SELECT outcome FROM app.import_rows"))


async def test_nothing_that_pairing_says_or_lists_names_a_carer(county: County) -> None:
    after = await county.say(*areas_defined())
    await county.take_in(ROWS, after)

    events = await county.running.pool.fetch("SELECT data::text || meta::text AS said FROM kernel.events")
    tables = await county.running.pool.fetch(
        "SELECT to_jsonb(c)::text AS said FROM app.carers c UNION ALL SELECT to_jsonb(r)::text FROM app.import_rows r"
        " UNION ALL SELECT to_jsonb(i)::text FROM app.imports i"
    )
    carers = await county.get(f"/carers?area={TOWNSHIP}")
    everything = "".join(row["said"] for row in [*events, *tables]) + str(carers)
    assert not [row for row in ROWS if str(row[0]) in everything or str(row[4]) in everything]


async def test_from_a_list_to_pairs_to_a_child_who_leaves(county: County) -> None:
    await county.say(*areas_defined())
    after = await county.say(
        registered("Lily"),
        registered("Iris"),
        registered("Violet", area=ELM),
        registered("Rose", area=POPLAR),
    )
    await county.take_in(ROWS, after)

    unpaired = await county.get(f"/unpaired?area=431299&after={after}")
    assert (unpaired["children"], unpaired["unpaired"], len(unpaired["items"])) == (4, 4, 4)
    suggested = await county.post("/suggestions", {"area": "431299", "on": FIRST})
    assert (suggested["children"], suggested["suggested"]) == (4, 3)
    assert {tuple(each["reasons"]) for each in suggested["suggestions"]} == {("same_village",)}

    assigned = await county.post("/suggestions/assign", {"area": "431299", "on": FIRST}, key="all")
    again = await county.post("/suggestions/assign", {"area": "431299", "on": FIRST}, key="all")
    assert assigned == again
    assert assigned["assigned"] == 3
    unpaired = await county.get("/unpaired?area=431299")
    assert [each["child_id"] for each in unpaired["items"]] == [str(child_id("Rose"))]

    after = await county.say(left("Lily", date(2026, 3, 1), reason=LeavingReason.REACHED_16))
    position = after.removeprefix("registry:")
    advanced = await county.post("/advance", {"to": LATER, "after": {"registry": position}})
    assert advanced["moved"]
    (pair,) = (await county.get(f"/pairs?child={child_id('Lily')}"))["items"]
    assert (pair["ended_on"], pair["reason"]) == (LATER, "child_left")
    same_day = await county.post("/advance", {"to": LATER, "after": {"registry": after}})
    assert (same_day["moved"], same_day["position"]) == (False, advanced["position"])


async def test_carers_and_pairs_are_managed_by_hand(county: County) -> None:
    await county.say(*areas_defined())
    after = await county.say(registered("Lily"), registered("Iris"))
    await county.get(f"/unpaired?area={TOWNSHIP}&after={after}")
    await county.post("/advance", {"to": FIRST})
    carer = {"name": "章红", "phone": "13811110001", "kind": "surrogate_mother", "area": WILLOW}
    carer_id = (await county.post("/carers", {**carer, "capacity": 1, "on": FIRST}))["carer_id"]

    lily = {"child_id": str(child_id("Lily")), "carer_id": carer_id, "on": FIRST}
    refused = await county.pairing.post("/pairs", json=lily, headers=county.login())
    assert (refused.status_code, refused.json()["code"]) == (409, "carer_not_cleared")
    assert "已登记，未审查" in refused.json()["detail"]
    await county.post(f"/carers/{carer_id}/clear", {"on": FIRST})
    pair_id = (await county.post("/pairs", lily))["pair_id"]
    iris = {**lily, "child_id": str(child_id("Iris"))}
    full = await county.pairing.post("/pairs", json=iris, headers=county.login())
    assert (full.status_code, full.json()["code"]) == (409, "carer_full")
    await county.post(f"/carers/{carer_id}/revise", {"capacity": 2, "on": FIRST})
    await county.post("/pairs", iris)
    assert (await county.get(f"/carers?area={TOWNSHIP}"))["items"] == [
        {
            "carer_id": carer_id,
            "kind": "surrogate_mother",
            "sex": "0",
            "area": WILLOW,
            "capacity": 2,
            "standing": "cleared",
            "since": FIRST,
            "load": 2,
            "free": 0,
        }
    ]

    await county.post("/advance", {"to": LATER})
    ended = await county.post(f"/pairs/{pair_id}/end", {"reason": "requested", "on": LATER})
    assert ended["changed"]
    by_rule = {"reason": "child_left", "on": LATER}
    reply = await county.pairing.post(f"/pairs/{pair_id}/end", json=by_rule, headers=county.login())
    assert reply.json()["code"] == "reason_is_not_a_persons"
    withdrawn = await county.post(f"/carers/{carer_id}/withdraw", {"on": LATER})
    assert withdrawn["pairs_ended"] == 1
    assert (await county.get(f"/pairs?carer={carer_id}&open=true"))["items"] == []


async def test_a_caller_sees_and_changes_nothing_outside_his_areas(county: County) -> None:
    await county.say(*areas_defined())
    after = await county.say(registered("Lily"), registered("Rose", area=POPLAR))
    await county.take_in(ROWS, after)
    await county.post("/suggestions/assign", {"area": "431299", "on": FIRST})
    await county.post("/advance", {"to": FIRST})
    carers = (await county.get(f"/carers?area={TOWNSHIP}"))["items"]

    mine = (Role.VILLAGE, POPLAR)
    headers = county.login(*mine)
    for path in ("/carers", "/pairs", "/unpaired"):
        for area in ("431299", OTHER_TOWNSHIP, WILLOW):
            reply = await county.pairing.get(f"{path}?area={area}", headers=headers)
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found"), (path, area)
    assert (await county.get(f"/carers?area={POPLAR}", *mine))["items"] == []
    assert (await county.get("/pairs", *mine))["items"] == []
    assert [each["area"] for each in (await county.get(f"/unpaired?area={POPLAR}", *mine))["items"]] == [
        POPLAR
    ]
    for path, body in (
        (f"/carers/{carers[0]['carer_id']}/clear", {"on": FIRST}),
        ("/suggestions", {"area": TOWNSHIP, "on": FIRST}),
        ("/suggestions/assign", {"area": OTHER_TOWNSHIP, "on": FIRST}),
        (
            "/pairs",
            {"child_id": str(child_id("Rose")), "carer_id": carers[0]["carer_id"], "on": FIRST},
        ),
    ):
        assert (await county.pairing.post(path, json=body, headers=headers)).status_code == 404, path
    reply = await county.pairing.get(f"/carers/{carers[0]['carer_id']}", headers=headers)
    assert reply.status_code == 404
    teacher = county.login(Role.TEACHER)
    reply = await county.pairing.post("/pairs", json={}, headers=teacher)
    assert reply.status_code == 403


async def test_other_services_ask_how_carers_are_called_with_the_callers_rights(county: County) -> None:
    after = await county.say(*areas_defined())
    await county.take_in(ROWS[:2], after)
    carers = (await county.get(f"/carers?area={WILLOW}"))["items"]
    ids = tuple(UUID(carer["carer_id"]) for carer in carers)

    async def asked(role: Role, area: str, *, unmask: bool) -> CarersAnswer:
        caller = Caller("somebody", role, (area,), "token")
        question = CarersQuestion(ids=ids, reason="a list of pairs", unmask=unmask)
        return await ask(reporting, "pairing", CARERS, question, CarersAnswer, caller=caller)

    async with asking(county.deployment.bus, "reporting") as reporting:
        masked = await asked(Role.COUNTY, "431299", unmask=False)
        whole = await asked(Role.COUNTY, "431299", unmask=True)
        teacher = await asked(Role.TEACHER, WILLOW, unmask=True)
        elsewhere = await asked(Role.COUNTY, OTHER_TOWNSHIP, unmask=True)
    assert [(each.name, each.details, each.masked) for each in masked.carers] == [
        ("章*", {"phone": "138****0001"}, True)
    ]
    assert [(each.name, each.details) for each in whole.carers] == [("章红", {"phone": "13811110001"})]
    assert [each.name for each in teacher.carers] == ["章*"]
    assert elsewhere.carers == ()
    shown = await county.get(f"/carers/{ids[0]}?unmask=true")
    assert shown["identity"]["name"] == "章红"


async def test_an_advance_waits_for_the_registry_and_then_says_to_come_again(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.pairing.advancing.REGISTRY_SECONDS_MAX", 0.2)
    reply = await county.pairing.post(
        "/advance", json={"to": FIRST, "after": {"registry": "999999999-1"}}, headers=county.login()
    )
    assert (reply.status_code, reply.json()["code"]) == (503, "not_yet_known")
    assert reply.headers["retry-after"]
