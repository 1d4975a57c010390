"""Children's files on real servers: every command, who may see what, matching, the day, forgetting."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.registry.asks import questions
from services.registry.filing import Filing, merge
from services.registry.matching import match_rows
from shared.contracts.asks import (
    IDENTITIES,
    MATCHES,
    IdentitiesAnswer,
    IdentitiesQuestion,
    MatchesAnswer,
    MatchesQuestion,
    MatchRow,
)
from shared.contracts.event import LeavingReason
from shared.contracts.registry import ChildForgotten, ChildLeft, ChildTransferred, ChildTransferredOut
from shared.event_store import last_position
from shared.handling import rule_cause
from shared.problems import Forbidden
from shared.tokens import Caller, Role
from tests.integration.registry_at_work import (
    Registry,
    child_row,
    deployment,
    id_number,
    registry,
    roster,
)

__all__ = ["deployment", "registry"]

LIUQIAO, DONGHE, YINKOU = "431299200201", "431299200202", "431299101201"
MEI = {"name": "周梅", "id_number": id_number(1), "father_name": "周大山", "father_phone": "138 0000 0000"}
FILE = {"birth_date": "2014-08-12", "sex": "2"}


async def registered(
    registry: Registry, identity: dict[str, str] = MEI, area: str = LIUQIAO, **file: Any
) -> str:
    if (await registry.pool.fetchval("SELECT count(*) FROM kernel.day")) == 0:
        await registry.do("/advance", {"to": "2026-06-01"})
    body = {"on": "2026-01-01", "area": area, "file": {**FILE, **file}, "identity": identity}
    child_id: str = (await registry.do("/children", body))["child_id"]
    return child_id


async def shown(registry: Registry, child_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await registry.get(f"/children/{child_id}")).json()
    return found


async def meant(registry: Registry, name: str, village: str | None = None, number: str | None = None) -> str:
    async with registry.pool.acquire() as connection:
        row = MatchRow(name=name, id_number=number, village=village)
        (match,) = await match_rows(connection, registry.running.vault, [row])
    return str(match.child_id or match.outcome.value)


async def test_a_registered_child_is_shown_without_a_name(registry: Registry) -> None:
    child_id = await registered(registry)
    child = await shown(registry, child_id)
    assert tuple(child[key] for key in ("status", "area", "filed_on", "sixteen_on")) == (
        "open",
        LIUQIAO,
        "2026-01-01",
        "2030-08-12",
    )
    assert child["file"]["household"]
    assert "周梅" not in str(child)


async def test_nobody_is_registered_twice_by_number_or_by_name(registry: Registry) -> None:
    await registered(registry)
    for identity in (MEI, {"name": "周梅"}):
        body = {"on": "2026-01-01", "area": LIUQIAO, "file": FILE, "identity": identity}
        reply = await registry.post("/children", body)
        assert (reply.status_code, reply.json()["code"]) == (409, "same_child_known")


@pytest.mark.parametrize(
    ("identity", "file", "code"),
    [
        ({"name": "周梅", "id_number": "431299201408120010"}, FILE, "id_number_wrong"),
        (MEI, {**FILE, "birth_date": "2014-08-13"}, "id_number_contradicts"),
        (MEI, {**FILE, "sex": "1"}, "id_number_contradicts"),
    ],
)
async def test_a_number_that_is_wrong_or_contradicts_the_file_is_refused(
    registry: Registry, identity: dict[str, str], file: dict[str, str], code: str
) -> None:
    await registry.do("/advance", {"to": "2026-06-01"})
    body = {"on": "2026-01-01", "area": LIUQIAO, "file": file, "identity": identity}
    reply = await registry.post("/children", body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


async def test_a_command_sent_twice_is_done_once(registry: Registry) -> None:
    child_id = await registered(registry)
    body = {"on": "2026-02-01", "to_area": YINKOU}
    first = await registry.post(f"/children/{child_id}/transfer", body, key="move")
    second = await registry.post(f"/children/{child_id}/transfer", body, key="move")
    assert first.json() == second.json()
    moves = [event for event in await registry.events() if isinstance(event, ChildTransferred)]
    outs = [event for event in await registry.events() if isinstance(event, ChildTransferredOut)]
    assert [move.area for move in moves] == [YINKOU]
    assert [out.area for out in outs] == [LIUQIAO]


async def test_a_moved_child_is_matched_in_every_village_it_ever_had(registry: Registry) -> None:
    child_id = await registered(registry)
    await registry.do(f"/children/{child_id}/transfer", {"on": "2026-02-01", "to_area": YINKOU})
    assert [child_id, child_id, "unknown"] == [
        await meant(registry, "周梅", village) for village in (LIUQIAO, YINKOU, DONGHE)
    ]


async def test_a_child_that_left_is_matched_and_may_return(registry: Registry) -> None:
    child_id = await registered(registry)
    await registry.do(f"/children/{child_id}/leave", {"on": "2026-03-01", "reason": "parents_returned"})
    assert child_id == await meant(registry, "周 梅", LIUQIAO)
    assert (await shown(registry, child_id))["status"] == "left"

    await registry.do(f"/children/{child_id}/return", {"on": "2026-04-01", "area": DONGHE})
    child = await shown(registry, child_id)
    assert tuple(child[key] for key in ("status", "area", "opened_on", "left_on")) == (
        "open",
        DONGHE,
        "2026-04-01",
        None,
    )
    assert child_id == await meant(registry, "周梅", DONGHE)


async def test_a_recorded_leaving_is_moved_to_an_earlier_day_and_to_no_later_one(registry: Registry) -> None:
    child_id = await registered(registry)
    await registry.do("/advance", {"to": "2026-06-01"})
    path = f"/children/{child_id}/leave"
    await registry.do(path, {"on": "2026-05-01", "reason": "moved_away"})
    assert (await registry.do(path, {"on": "2026-03-01", "reason": "died"}))["changed"]
    child = await shown(registry, child_id)
    assert (child["status"], child["left_on"], child["reason"]) == ("left", "2026-03-01", "died")

    refused = await registry.post(path, {"on": "2026-04-01", "reason": "died"})
    assert (refused.status_code, refused.json()["code"]) == (409, "leaving_not_earlier")
    assert "2026年3月1日" in refused.json()["detail"]


async def test_a_merged_child_is_matched_as_the_survivor_until_the_merge_is_undone(
    registry: Registry,
) -> None:
    survivor = await registered(registry)
    second = await registered(registry, {"name": "周小梅"}, DONGHE)
    third = await registered(registry, {"name": "周梅梅"}, YINKOU)
    await registry.do(f"/children/{third}/merge", {"on": "2026-03-01", "survivor_id": second})
    await registry.do(f"/children/{second}/merge", {"on": "2026-03-01", "survivor_id": survivor})
    assert [survivor, survivor] == [
        await meant(registry, "周小梅", DONGHE),
        await meant(registry, "周梅梅", YINKOU),
    ]

    await registry.do(f"/children/{second}/unmerge", {"on": "2026-04-01"})
    assert [second, second] == [
        await meant(registry, "周小梅", DONGHE),
        await meant(registry, "周梅梅", YINKOU),
    ]


async def test_a_name_that_two_children_share_in_a_village_is_ambiguous(registry: Registry) -> None:
    first = await registered(registry)
    await registered(registry, {"name": "周梅", "id_number": id_number(2)}, birth_date="2014-08-12")
    assert await meant(registry, "周梅", LIUQIAO) == "ambiguous"
    assert first == await meant(registry, "周梅", LIUQIAO, id_number(1).lower())


async def test_a_number_nobody_has_means_only_a_child_without_a_number(registry: Registry) -> None:
    await registered(registry)
    lan = await registered(registry, {"name": "周兰"})
    assert await meant(registry, "周梅", LIUQIAO, id_number(8)) == "unknown"
    assert lan == await meant(registry, "周兰", LIUQIAO, id_number(9))
    assert await meant(registry, "周兰") == "unknown"


async def test_a_corrected_name_and_number_are_matched_as_well_as_the_former_name(registry: Registry) -> None:
    child_id = await registered(registry)
    identity = {**MEI, "name": "周玫", "id_number": id_number(3)}
    await registry.do(f"/children/{child_id}/revise", {"on": "2026-02-01", "identity": identity})
    assert [child_id, child_id, child_id] == [
        await meant(registry, "周玫", LIUQIAO),
        await meant(registry, "周梅", LIUQIAO),
        await meant(registry, "", None, id_number(3)),
    ]
    assert await meant(registry, "", None, id_number(1)) == "unknown"
    another = await registered(registry, {"name": "丁雨", "id_number": id_number(1)})
    assert another != child_id


async def test_a_revision_changes_codes_and_keeps_names(registry: Registry) -> None:
    child_id = await registered(registry)
    body = {"on": "2026-02-01", "file": {**FILE, "poor": True}}
    assert (await registry.do(f"/children/{child_id}/revise", body))["changed"]
    assert not (await registry.do(f"/children/{child_id}/revise", body))["changed"]
    child = await shown(registry, child_id)
    assert child["file"]["poor"] is True
    assert child["file"]["household"]


async def test_two_files_judged_the_same_child_are_merged(registry: Registry) -> None:
    await registry.take_roster(roster(child_row("周梅"), child_row("周梅", 所在村="东河村")))
    await registry.do("/advance", {"to": "2026-06-01"})
    (pair,) = (await registry.get("/children/likely-duplicates?area=431299200202")).json()["items"]

    path = f"/children/likely-duplicates/{pair['child_id']}/{pair['other_id']}/judge"
    assert (await registry.do(path, {"verdict": "same", "on": "2026-01-01"}))["changed"]

    merged = await shown(registry, pair["child_id"])
    assert ("merged", pair["other_id"]) == (merged["status"], merged["merged_into"])
    assert (await registry.get("/children/likely-duplicates")).json()["items"] == []
    reply = await registry.post(path, {"verdict": "different"})
    assert (reply.status_code, reply.json()["code"]) == (409, "judged_already")


async def test_files_close_on_the_sixteenth_birthday_in_order_and_once(registry: Registry) -> None:
    await registry.do("/advance", {"to": "2026-01-01"})
    born = {"周一": "2010-03-05", "周二": "2010-02-28", "周三": "2010-03-06", "周四": "2010-12-31"}
    ids = {name: await registered(registry, {"name": name}, birth_date=day) for name, day in born.items()}

    first = await registry.do("/advance", {"to": "2026-03-05"})
    again = await registry.do("/advance", {"to": "2026-03-05"})

    left = [event for event in await registry.events() if isinstance(event, ChildLeft)]
    assert [UUID(ids["周二"]), UUID(ids["周一"])] == [event.child_id for event in left]
    assert [str(event.on) for event in left] == ["2026-02-28", "2026-03-05"]
    assert all(event.on == event.recorded_on and event.reason is LeavingReason.REACHED_16 for event in left)
    assert (first["moved"], again["moved"]) == (True, False)
    assert first["position"] == again["position"]
    refused = await registry.post("/advance", {"to": "2026-03-04"})
    assert (refused.status_code, refused.json()["code"]) == (409, "day_is_past")


async def test_a_file_that_was_opened_anew_the_same_day_closes_on_the_birthday_again(
    registry: Registry,
) -> None:
    await registry.do("/advance", {"to": "2026-01-01"})
    child_id = await registered(registry, {"name": "周一"}, birth_date="2010-03-05")
    await registry.do("/advance", {"to": "2026-03-05"})
    in_error = {"on": "2026-01-01", "reason": "registered_in_error"}
    await registry.do(f"/children/{child_id}/leave", in_error)
    await registry.do(f"/children/{child_id}/return", {"on": "2026-01-01", "area": LIUQIAO})

    await registry.do("/advance", {"to": "2026-03-06"})

    left = [event.reason for event in await registry.events() if isinstance(event, ChildLeft)]
    assert left[-1] is LeavingReason.REACHED_16
    assert left.count(LeavingReason.REACHED_16) == 2
    assert (await shown(registry, child_id))["left_on"] == "2026-03-05"


async def test_one_outside_the_area_sees_and_changes_nothing(registry: Registry) -> None:
    child_id = await registered(registry)
    outside = registry.login(Role.TOWNSHIP, "431299101")
    assert (await registry.get(f"/children/{child_id}", outside)).status_code == 404
    assert (await registry.get("/children", outside)).json()["items"] == []
    leaving = {"on": "2026-02-01", "reason": "died"}
    assert (await registry.post(f"/children/{child_id}/leave", leaving, login=outside)).status_code == 404
    teacher = registry.login(Role.TEACHER, "431299200")
    assert (await registry.post(f"/children/{child_id}/leave", leaving, login=teacher)).status_code == 403
    assert (await registry.client.get(f"/children/{child_id}")).status_code == 401


async def test_lists_go_on_by_key(registry: Registry) -> None:
    ids = {await registered(registry, {"name": f"周{n}"}) for n in range(5)}
    page = (await registry.get("/children?limit=3&status=open&area=431299200")).json()
    rest = (await registry.get(f"/children?limit=3&status=open&after_key={page['next']}")).json()
    assert ids == {child["child_id"] for child in page["items"] + rest["items"]}
    assert rest["next"] is None
    assert (await registry.get("/children?status=left")).json()["items"] == []
    assert (await registry.get("/children?after_key=nonsense")).status_code == 422


async def test_identities_are_masked_and_each_look_is_logged(registry: Registry) -> None:
    child_id = await registered(registry)
    asked = {"ids": [child_id], "reason": "a visit"}
    masked = (await registry.do("/children/identities", asked))["identities"][0]
    assert (masked["name"], masked["details"]["father_phone"]) == ("周*", "138****0000")
    whole = (await registry.do("/children/identities", {**asked, "unmask": True}))["identities"][0]
    assert ("周梅", MEI["id_number"]) == (whole["name"], whole["details"]["id_number"])
    async with registry.pool.acquire() as connection, connection.transaction():
        looks = await registry.running.vault.looks_at(connection, UUID(child_id))
    assert [(look["unmasked"], look["reason"]) for look in looks] == [(True, "a visit"), (False, "a visit")]


async def test_a_service_learns_names_with_the_rights_of_its_caller(registry: Registry) -> None:
    child_id = UUID(await registered(registry))
    (ask,) = [one for one in questions(registry.running) if one.name == IDENTITIES]

    async def seen(role: Role, area: str, *, unmask: bool = False) -> list[str]:
        caller = Caller("somebody", role, (area,), "token")
        asked = IdentitiesQuestion(ids=(child_id,), reason="a list", unmask=unmask)
        told: IdentitiesAnswer = await ask.answer(caller, asked)
        return [one.name for one in told.identities]

    assert await seen(Role.TEACHER, "431299200") == ["周*"]
    assert await seen(Role.TOWNSHIP, "431299200", unmask=True) == ["周梅"]
    assert await seen(Role.TOWNSHIP, "431299101") == []
    with pytest.raises(Forbidden):
        await seen(Role.TEACHER, "431299200", unmask=True)


async def test_a_service_matches_with_the_rights_of_its_caller(registry: Registry) -> None:
    child_id = UUID(await registered(registry))
    (ask,) = [one for one in questions(registry.running) if one.name == MATCHES]
    asked = MatchesQuestion(rows=(MatchRow(name="周梅", id_number=id_number(1), village=LIUQIAO),))

    async def found(role: Role, area: str) -> MatchesAnswer:
        answer: MatchesAnswer = await ask.answer(Caller("somebody", role, (area,), "token"), asked)
        return answer

    inside = await found(Role.TOWNSHIP, "431299200")
    assert [one.child_id for one in inside.matches] == [child_id]
    async with registry.pool.acquire() as connection:
        assert inside.position == str(await last_position(connection))
    assert [one.child_id for one in (await found(Role.TOWNSHIP, "431299101")).matches] == [None]
    with pytest.raises(Forbidden):
        await found(Role.OPERATOR, "431299")


async def test_a_forgotten_child_has_no_name_and_every_count_stays(registry: Registry) -> None:
    child_id = await registered(registry)
    events = await registry.events()
    township = await registry.post(f"/children/{child_id}/forget", {}, login=registry.login(Role.TOWNSHIP))
    assert township.status_code == 403

    assert (await registry.do(f"/children/{child_id}/forget", {}))["changed"]

    (said,) = (await registry.events())[len(events) :]
    assert isinstance(said, ChildForgotten)
    assert (said.child_id, said.area) == (UUID(child_id), LIUQIAO)
    assert (await shown(registry, child_id))["status"] == "open"
    asked = {"ids": [child_id], "reason": "a visit"}
    assert (await registry.do("/children/identities", asked))["identities"] == []
    assert await meant(registry, "周梅", LIUQIAO) == "unknown"
    told = await registry.take_roster(roster(child_row("周梅", id_number(1))))
    assert (told["taken"], told["duplicates"]) == (0, 1)
    later = {"on": "2026-05-01", "reason": "moved_away"}
    assert (await registry.do(f"/children/{child_id}/leave", later))["changed"]


async def test_a_number_that_waits_for_confirmation_is_forgotten_with_its_child(registry: Registry) -> None:
    await registry.take_roster(roster(child_row("周梅")))
    await registry.take_roster(roster(child_row("周梅", id_number(1))))
    await registry.do("/advance", {"to": "2026-01-05"})
    (waiting,) = (await registry.get("/children/learned-ids")).json()["items"]

    assert (await registry.do(f"/children/{waiting['child_id']}/forget", {}))["changed"]

    assert (await registry.get("/children/learned-ids")).json()["items"] == []
    ids = [UUID(waiting["learned_id"]), UUID(waiting["child_id"])]
    async with registry.pool.acquire() as connection, connection.transaction():
        assert await registry.running.vault.read(connection, ids) == {}


async def test_of_two_merges_against_each_other_one_is_refused(registry: Registry) -> None:
    first = await registered(registry)
    second = await registered(registry, {"name": "李响", "id_number": id_number(2)})
    cause = rule_cause("the first of two merges")
    async with registry.pool.acquire() as connection, connection.transaction():
        days = (date(2026, 5, 1), date(2026, 6, 1))
        one = Filing(connection, registry.running.vault, cause, *days)
        await merge(one, UUID(first), UUID(second))
        body = {"on": "2026-05-01", "survivor_id": first}
        other = asyncio.create_task(registry.post(f"/children/{second}/merge", body))
        await asyncio.wait({other}, timeout=0.5)
    assert (await other).json()["code"] == "survivor_unknown"


async def test_an_area_with_open_files_is_closed_only_after_they_moved(registry: Registry) -> None:
    child_id = await registered(registry)
    closing = {"successor": DONGHE, "on": "2026-02-01"}
    refused = await registry.post(f"/areas/{LIUQIAO}/close", closing)
    assert (refused.status_code, refused.json()["code"]) == (409, "area_not_empty")

    await registry.do(f"/children/{child_id}/transfer", {"on": "2026-02-01", "to_area": DONGHE})
    assert (await registry.do(f"/areas/{LIUQIAO}/close", closing))["changed"]
    body = {"on": "2026-03-01", "to_area": LIUQIAO}
    assert (await registry.post(f"/children/{child_id}/transfer", body)).json()["code"] == "village_unknown"


async def test_every_refusal_says_what_to_do_in_both_languages(registry: Registry) -> None:
    child_id = await registered(registry)
    body = {"on": "2026-06-02", "reason": "died"}
    for language, word in (("zh", "日期"), ("en", "day")):
        headers = {**registry.login(), "Accept-Language": language}
        reply = await registry.client.post(f"/children/{child_id}/leave", json=body, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (422, "on_after_recorded")
        assert word in reply.json()["detail"]
