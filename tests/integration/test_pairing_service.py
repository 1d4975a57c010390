"""Pairing as its callers meet it: over HTTP and the bus, on real servers, from a list to pairs to their end."""

from datetime import date
from uuid import UUID

import pytest

from shared.asking import ask
from shared.contracts.asks import CARERS, CarersAnswer, CarersQuestion
from shared.contracts.event import LeavingReason
from shared.tokens import Caller, Role
from tests.integration.pairing_at_work import FIRST, LATER, ROWS, County, county
from tests.integration.pairing_county import (
    ELM,
    OTHER_TOWNSHIP,
    POPLAR,
    TOWNSHIP,
    WILLOW,
    areas_defined,
    child_id,
    left,
    registered,
)
from tests.integration.test_asking import asking

__all__ = ["county"]


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
        ("/pairs", {"child_id": str(child_id("Rose")), "carer_id": carers[0]["carer_id"], "on": FIRST}),
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
