"""Pairs over HTTP: listed, assigned, ended; who is unpaired; what is suggested for them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.pairing.asked import AreaAndDay, NewPair, PairEnding, bulk_day, place_after
from services.pairing.assigning import assign_suggested, needs_of, plan_for
from services.pairing.carers import area_of_carer
from services.pairing.domain.pair import BY_PERSON, EndPair
from services.pairing.pairs import (
    Order,
    Wish,
    area_of_child,
    assign_pairs,
    change_pairs,
    lock_pair,
    pair_page,
)
from services.pairing.unpaired import unpaired_counts, unpaired_page
from shared.contracts.event import AreaCode
from shared.decider import Rejected
from shared.edge import (
    After,
    AreaAsked,
    CauseHere,
    PageHere,
    ReadingHere,
    answer,
    may,
    positions_in,
    recorded_day,
    require_area,
    wait_until_known,
)
from shared.event_store import Connection
from shared.handling import Answer, Cause, once
from shared.problems import NotFound
from shared.running import Running
from shared.scope import scoped
from shared.tokens import Caller, Permission

Reader = Annotated[Caller, Depends(may(Permission.READ))]
Desk = Annotated[Caller, Depends(may(Permission.MANAGE))]


def pairs_router(running: Running) -> APIRouter:
    """Return the routes of pairs."""
    router = APIRouter(prefix="/pairs", tags=["pairs"])

    @router.get("")
    async def list_pairs(
        *,
        reading: ReadingHere,
        caller: Reader,
        page: PageHere,
        area: AreaCode | None = None,
        child: UUID | None = None,
        carer: UUID | None = None,
        is_open: Annotated[bool | None, Query(alias="open")] = None,
    ) -> dict[str, Any]:
        pairs = await pair_page(
            reading,
            place_after(page),
            page.fetch,
            begin=caller.areas_begin,
            area=area,
            child=child,
            carer=carer,
            is_open=is_open,
        )
        return page.of(pairs, lambda pair: f"{pair['area']}.{pair['pair_id']}")

    @router.post("", status_code=201)
    async def assign_pair(
        asked: NewPair, caller: Desk, cause: CauseHere, after: After = None
    ) -> dict[str, Any]:
        await wait_until_known(running, positions_in(after))
        return answer(running, await _assign(running, asked, caller, cause))

    @router.post("/{pair_id}/end")
    async def end_pair(pair_id: UUID, asked: PairEnding, caller: Desk, cause: CauseHere) -> dict[str, Any]:
        if asked.reason not in BY_PERSON:
            raise Rejected("reason_is_not_a_persons", reason=asked.reason)
        return answer(running, await _end(running, pair_id, asked, caller, cause))

    return router


async def _assign(running: Running, asked: NewPair, caller: Caller, cause: Cause) -> Answer:
    async def work(connection: Connection) -> dict[str, Any]:
        require_area(caller, await area_of_child(connection, asked.child_id))
        require_area(caller, await area_of_carer(connection, asked.carer_id))
        recorded_on = await recorded_day(running, connection)
        wish = Wish(asked.child_id, asked.carer_id)
        granted = await assign_pairs(connection, [wish], asked.on, recorded_on, cause)
        for _, why in granted.refused:
            raise why
        return {"pair_id": str(granted.pairs[0].pair_id)}

    return await once(running.pool, cause, work)


async def _end(running: Running, pair_id: UUID, asked: PairEnding, caller: Caller, cause: Cause) -> Answer:
    async def work(connection: Connection) -> dict[str, Any]:
        areas = await lock_pair(connection, pair_id)
        if areas is None or not any(map(caller.covers, areas)):
            raise NotFound
        ending = EndPair(asked.reason, asked.on, await recorded_day(running, connection))
        ended = await change_pairs(connection, [Order(pair_id, ending, cause.id_of("end"))], cause.meta)
        return {"pair_id": str(pair_id), "changed": bool(ended)}

    return await once(running.pool, cause, work)


def unpaired_router() -> APIRouter:
    """Return the routes of children whom nobody looks after."""
    router = APIRouter(prefix="/unpaired", tags=["pairs"])

    @router.get("")
    async def list_unpaired(
        reading: ReadingHere, _caller: Reader, page: PageHere, area: AreaAsked
    ) -> dict[str, Any]:
        after = place_after(page)
        children = [dict(row) for row in await unpaired_page(reading, area, after, page.fetch)]
        shown = page.of(children, lambda child: f"{child['area']}.{child['child_id']}")
        villages = await unpaired_counts(reading, area)
        totals = {name: sum(village[name] for village in villages) for name in ("children", "unpaired")}
        return {**shown, **totals, "by_village": [dict(village) for village in villages]}

    return router


def suggestions_router(running: Running) -> APIRouter:
    """Return the routes of suggestions."""
    router = APIRouter(prefix="/suggestions", tags=["suggestions"])

    @router.post("")
    async def suggest_pairs(asked: AreaAndDay, caller: Reader) -> dict[str, Any]:
        require_area(caller, asked.area)
        async with scoped(running.pool, caller) as reading:
            needs = await needs_of(reading, asked.area, asked.on)
        suggestions = await plan_for(needs)
        return {
            "children": len(needs.children),
            "suggested": len(suggestions),
            "suggestions": [
                {
                    "child_id": each.child_id,
                    "carer_id": each.carer_id,
                    "kind": each.kind,
                    "area": each.area,
                    "reasons": each.reasons,
                }
                for each in suggestions
            ],
        }

    @router.post("/assign")
    async def assign_all(asked: AreaAndDay, caller: Desk, cause: CauseHere) -> dict[str, Any]:
        require_area(caller, asked.area)
        async with running.pool.acquire() as connection:
            recorded_on = await bulk_day(running, connection, asked.on)
        given = await assign_suggested(running.pool, asked.area, asked.on, recorded_on, cause)
        return answer(running, given)

    return router
