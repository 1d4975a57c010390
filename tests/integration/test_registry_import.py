"""Taking in rosters on real servers: once, in parts, after a kill, with every fault told (policy.md, The papers)."""

import asyncio
import io
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
import python_calamine

from services.registry import import_ledger, importing
from services.registry.app import SPEC
from shared.contracts.registry import ChildRegistered, RosterImported
from shared.event_store import Connection
from shared.tokens import Role
from tests.integration.registry_at_work import (
    FILED_ON,
    HEADINGS,
    Registry,
    areas_csv,
    child_row,
    deployment,
    id_number,
    registry,
    registry_at_work,
    roster,
)
from tests.integration.shell import more_replicas

__all__ = ["deployment", "registry"]

COUNTS = ("taken", "put_right", "duplicates", "refused", "already", "likely_duplicates")
MANY = [child_row(f"童{n}", id_number(n)) for n in range(30)]


def counts(told: dict[str, Any]) -> dict[str, int]:
    return {count: told[count] for count in COUNTS if told[count]}


async def test_a_roster_taken_twice_changes_nothing_the_second_time(registry: Registry) -> None:
    paper = roster(child_row("周梅", id_number(1)), child_row("陆波"), child_row("", id_number(2)))
    first = await registry.take_roster(paper)
    before, events = await registry.state(), await registry.events()

    second = await registry.take_roster(paper)

    assert counts(first) == {"taken": 2, "refused": 1}
    assert counts(second) == {"already": 3}
    assert before == await registry.state()
    assert events == await registry.events()


async def test_half_a_roster_and_then_the_whole_is_the_whole(registry: Registry) -> None:
    twice = [child_row("周梅", id_number(1)), child_row("周梅", id_number(1), 就读学校="另一所学校")]
    rows = [*twice, child_row("陆波"), child_row("陆波"), child_row("丁雨", id_number(3))]

    halves = [counts(await registry.take_roster(roster(*part))) for part in (rows[:2], rows)]

    assert halves == [{"taken": 1, "duplicates": 1}, {"taken": 2, "duplicates": 1, "already": 2}]
    assert counts(await registry.take_roster(roster(*rows))) == {"already": 5}


async def test_a_roster_in_another_order_of_columns_is_the_same_roster(registry: Registry) -> None:
    rows = [child_row("周梅", id_number(1)), child_row("陆波")]
    await registry.take_roster(roster(*rows))
    turned = roster(
        *rows,
        headings=tuple(reversed(HEADINGS)),
    )
    assert counts(await registry.take_roster(turned)) == {"already": 2}


async def test_the_same_command_is_answered_once(registry: Registry) -> None:
    paper = roster(child_row("周梅", id_number(1)))
    first = await registry.take_roster(paper, key="monday")
    assert first == await registry.take_roster(paper, key="monday")

    other = await registry.send_roster(roster(child_row("丁雨", id_number(2))), key="monday")
    assert (other.status_code, other.json()["code"]) == (422, "command_id_reused")
    assert len([event for event in await registry.events() if isinstance(event, ChildRegistered)]) == 1


async def test_an_import_killed_between_chunks_goes_on_where_it_stopped(
    registry: Registry, deployment: Any, service_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = roster(*MANY, child_row("", id_number(40)), child_row("童1", id_number(1), 就读学校="另一所学校"))
    async with registry_at_work(deployment, await service_database("registry")) as unbroken:
        await unbroken.take_areas(areas_csv())
        whole = await unbroken.take_roster(paper)
        expected = await unbroken.state()

    monkeypatch.setattr(importing, "CHUNK_ROWS", 10)
    kill_after(2, monkeypatch)
    assert (await registry.send_roster(paper, key="killed")).status_code == 500
    monkeypatch.undo()
    partly = [event for event in await registry.events() if isinstance(event, ChildRegistered)]
    resumed = await registry.take_roster(paper)

    assert len(partly) == 20
    assert expected == await registry.state()
    assert counts(whole) == counts(resumed)
    told = [event for event in await registry.events() if isinstance(event, RosterImported)]
    assert [(one.rows, one.taken, one.duplicates, one.refused) for one in told] == [(32, 30, 1, 1)]


async def test_rows_of_an_import_that_never_went_on_are_counted_by_the_next(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK_ROWS", 10)
    kill_after(1, monkeypatch)
    killed = await registry.send_roster(roster(*MANY))
    monkeypatch.undo()
    await registry.take_roster(roster(child_row("周梅", id_number(41))))

    assert killed.status_code == 500
    told = [event for event in await registry.events() if isinstance(event, RosterImported)]
    assert [one.taken for one in told] == [11]
    states = await registry.pool.fetch("SELECT state FROM app.imports ORDER BY started_at")
    assert [row["state"] for row in states] == ["interrupted", "done"]


async def test_a_row_refused_in_an_import_that_never_went_on_and_mended_is_a_new_row(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = roster(child_row("周梅", 所在村="不存在村"), child_row("丁雨", id_number(2)))
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    with monkeypatch.context() as dying:
        kill_after(1, dying)
        killed = await registry.send_roster(paper)
    village = {"code": "431299200209", "name": "不存在村", "level": "village", "parent": "431299200"}
    await registry.do("/advance", {"to": "2026-01-02"})
    await registry.do("/areas", {**village, "on": "2026-01-02"})

    told = await registry.take_roster(paper)

    assert killed.status_code == 500
    assert counts(told) == {"taken": 2}
    said = [event for event in await registry.events() if isinstance(event, RosterImported)]
    assert [(one.rows, one.taken, one.refused) for one in said] == [(2, 2, 0)]


async def test_an_import_is_shown_as_it_was_answered_whatever_is_sent_again(registry: Registry) -> None:
    paper = roster(child_row("周梅", id_number(1)), child_row("陆波", 所在村="不存在村"))
    first = await registry.take_roster(paper, key="monday")
    again = await registry.take_roster(paper)
    assert await registry.take_roster(paper, key="monday") == first
    assert again["import_id"] != first["import_id"]
    for told in (first, again):
        shown = (await registry.get(f"/imports/{told['import_id']}")).json()
        assert shown["state"] == "done"
        assert {**shown["answer"], "position": told["position"]} == told


def kill_after(chunks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die, as far as the database can tell, when the next chunk after *chunks* is written."""
    write, written = import_ledger.write_rows, 0

    async def write_or_die(connection: Connection, *rest: Any) -> None:
        nonlocal written
        written += 1
        await write(connection, *rest)
        if written > chunks:
            raise RuntimeError("killed")

    monkeypatch.setattr(import_ledger, "write_rows", write_or_die)


async def test_papers_sent_at_once_go_one_after_the_other(registry: Registry) -> None:
    papers = [roster(child_row(f"童{n}", id_number(n)), child_row("周梅", id_number(99))) for n in range(15)]
    async with more_replicas(SPEC, registry.running, 2) as clients:
        replicas = [registry, *(replace(registry, client=client) for client in clients)]
        told = await asyncio.gather(
            *(replica.take_roster(paper) for replica, paper in zip(cycle(replicas), papers, strict=False))
        )
    assert sum(one["taken"] for one in told) == len(papers) + 1
    assert sum(one["duplicates"] + one["already"] for one in told) == len(papers) - 1


async def test_a_refused_row_is_told_and_comes_back_in_a_workbook_to_mend(registry: Registry) -> None:
    wrong = id_number(1)[:-1] + ("0" if id_number(1)[-1] != "0" else "1")
    told = await registry.take_roster(
        roster(
            child_row("周梅", wrong), child_row("丁雨", id_number(2)), child_row("陆波", 所在村="不存在村")
        )
    )

    assert counts(told) == {"taken": 1, "refused": 2}
    assert [(one["row"], one["code"]) for one in told["refusals"]] == [
        (2, "row_citizen_id_checksum"),
        (4, "row_village_unknown"),
    ]
    reply = await registry.get(told["refused_workbook"])
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(reply.content)).get_sheet_by_index(0)
    assert [row[0] for row in sheet.to_python()[1:]] == ["周梅", "陆波"]


async def test_a_mended_workbook_is_taken(registry: Registry) -> None:
    told = await registry.take_roster(
        roster(child_row("周梅", id_number(1)), child_row("陆波", 所在村="不存在村"))
    )
    refused = (await registry.get(told["refused_workbook"])).content
    village = {"code": "431299200209", "name": "不存在村", "level": "village", "parent": "431299200"}
    await registry.do("/advance", {"to": "2026-01-02"})
    await registry.do("/areas", {**village, "on": "2026-01-02"})

    again = await registry.take_roster(refused, "431299200_退回.xlsx")

    assert counts(again) == {"taken": 1, "refused": -1}
    assert counts(await registry.take_roster(refused, "431299200_退回.xlsx")) == {"already": 1}
    said = [event for event in await registry.events() if isinstance(event, RosterImported)]
    totals = [sum(getattr(event, count) for event in said) for count in ("rows", "taken", "refused")]
    assert totals == [2, 2, 0]


async def test_the_same_id_number_in_two_townships_is_one_child(registry: Registry) -> None:
    await registry.take_roster(roster(child_row("周梅", id_number(1))))
    told = await registry.take_roster(
        roster(child_row("周梅", id_number(1), 所在村="银口村")), "431299101_双江镇.csv"
    )
    assert counts(told) == {"duplicates": 1}


async def test_a_similar_child_without_a_number_is_taken_and_listed(registry: Registry) -> None:
    told = await registry.take_roster(
        roster(
            child_row("周梅"), child_row("周梅", 所在村="东河村"), child_row("周梅", 出生日期="2014-08-21")
        )
    )
    listed = (await registry.get("/children/likely-duplicates")).json()["items"]

    assert counts(told) == {"taken": 3, "likely_duplicates": 2}
    assert sorted(one["why"] for one in listed) == [
        "birth_date_differs_in_one_part",
        "same_name_and_birth_date",
    ]
    event = (await registry.events())[-1]
    assert isinstance(event, RosterImported)
    assert event.likely_duplicates == 2


ELSEWHERE = (
    ("431298", "清河县", "", "county"),
    ("431298200", "西外乡", "431298", "township"),
    ("431298200201", "柳桥村", "431298200", "village"),
    ("431298200202", "东河村", "431298200", "village"),
)


async def test_a_namesake_of_another_county_is_nobody_to_compare_with(registry: Registry) -> None:
    login = registry.login(Role.COUNTY, "431298")
    reply = await registry.client.post(
        f"/imports/areas?on={FILED_ON}",
        files={"file": ("areas.csv", areas_csv(ELSEWHERE))},
        headers=login,
    )
    assert reply.is_success, reply.text
    first = await registry.take_roster(roster(child_row("周梅")))
    other = await registry.take_roster(roster(child_row("周梅")), name="431298200.csv", login=login)
    again = await registry.take_roster(
        roster(child_row("周梅", 所在村="东河村")), name="431298200.csv", login=login
    )
    assert [counts(told) for told in (first, other)] == [{"taken": 1}] * 2
    assert counts(again) == {"taken": 1, "likely_duplicates": 1}


async def test_an_id_number_learned_later_revises_the_file_once_a_person_confirms(registry: Registry) -> None:
    await registry.take_roster(roster(child_row("周梅")))
    learned = await registry.take_roster(roster(child_row("周梅", id_number(1))))
    assert counts(learned) == {"duplicates": 1}
    waiting = (await registry.get("/children/learned-ids")).json()["items"]
    assert len(waiting) == 1

    await registry.do("/advance", {"to": "2026-01-05"})
    child_id = waiting[0]["child_id"]
    body = {"learned_id": waiting[0]["learned_id"]}
    assert (await registry.do(f"/children/{child_id}/confirm-id", body))["changed"]
    assert not (await registry.do(f"/children/{child_id}/confirm-id", body))["changed"]

    assert (await registry.get("/children/learned-ids")).json()["items"] == []
    asked = {"ids": [child_id], "reason": "call the family", "unmask": True}
    seen = (await registry.do("/children/identities", asked))["identities"][0]
    assert id_number(1) == seen["details"]["id_number"]
    moved = roster(child_row("周梅", id_number(1), 所在村="东河村"))
    assert counts(await registry.take_roster(moved)) == {"duplicates": 1}


async def test_an_id_number_that_waits_for_a_person_means_the_same_child_wherever_it_comes_again(
    registry: Registry,
) -> None:
    await registry.take_roster(roster(child_row("周梅")))
    await registry.take_roster(roster(child_row("周梅", id_number(1))))
    elsewhere = await registry.take_roster(roster(child_row("周梅", id_number(1), 所在村="东河村")))
    assert counts(elsewhere) == {"duplicates": 1}


async def test_nothing_that_names_anybody_is_in_an_event_or_a_table(registry: Registry) -> None:
    row = child_row("周梅", id_number(1), 父亲姓名="周大山", 父亲电话="13800000000")
    await registry.take_roster(roster(row, child_row("", id_number(2))))
    tables = await registry.pool.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('app', 'kernel')"
    )
    for table in tables:
        rows = await registry.pool.fetch(f"SELECT t::text AS line FROM {table['name']} t")
        told = " ".join(one["line"] for one in rows)
        assert not [
            word for word in ("周梅", "周大山", "13800000000", id_number(1), "中心小学") if word in told
        ]


async def test_siblings_share_a_household(registry: Registry) -> None:
    parents = {"父亲姓名": "周大山", "父亲电话": "13800000000"}
    await registry.take_roster(
        roster(child_row("周梅", **parents), child_row("周兰", **parents), child_row("丁雨", 父亲姓名="丁一"))
    )
    registered = [event for event in await registry.events() if isinstance(event, ChildRegistered)]
    households = [event.file.household for event in registered]
    assert households[0] == households[1] is not None
    assert households[2] is None


async def test_a_roster_of_another_township_is_not_found(registry: Registry) -> None:
    reply = await registry.send_roster(
        roster(child_row("周梅", id_number(1))), login=registry.login(Role.TOWNSHIP, "431299101")
    )
    assert reply.status_code == 404
    assert (await registry.send_roster(b"", login=registry.login(Role.TEACHER))).status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("西外乡.csv", roster(child_row("周梅")), "paper_no_township_code"),
        ("431299200.csv", b"", "paper_empty"),
        ("431299200.csv", "就这些字".encode(), "paper_not_a_table"),
        ("431299999.csv", roster(child_row("周梅")), "paper_township_unknown"),
        ("431299101.csv", roster(*MANY), "paper_other_township"),
    ],
)
async def test_a_paper_that_is_no_roster_is_refused_whole(
    registry: Registry, name: str, content: bytes, code: str
) -> None:
    before = await registry.state()
    reply = await registry.send_roster(content, name)
    assert (422, code) == (reply.status_code, reply.json()["code"])
    assert before == await registry.state()


async def test_a_list_of_areas_defines_renames_and_leaves_the_rest(registry: Registry) -> None:
    told = await registry.take_areas(
        areas_csv(
            [
                ("431299", "青溪县", "", "county"),
                ("431299200", "西外镇", "431299", "township"),
                ("431299200203", "新村", "431299200", "village"),
            ]
        ),
        on="2026-02-01",
    )
    assert tuple(told[count] for count in ("rows", "defined", "renamed", "already")) == (3, 1, 1, 1)
    listed = (await registry.get("/areas?area=431299200&limit=2")).json()
    assert [(one["name"], one["until_on"]) for one in listed["items"]] == [
        ("西外乡", "2026-02-01"),
        ("西外镇", None),
    ]
    rest = (await registry.get(f"/areas?area=431299200&after_key={listed['next']}")).json()
    assert [one["name"] for one in rest["items"]] == ["柳桥村", "东河村", "新村"]
