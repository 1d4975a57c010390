"""Carers over HTTP: listed, enlisted, cleared, suspended, withdrawn, revised."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.pairing.asked import Dated, NewCarer, RevisedCarer, place_after
from services.pairing.carers import area_of_carer, carer_listed, carer_page, lock_carers
from services.pairing.command_part import part_of
from services.pairing.domain.carer import ClearCarer, ReviseCarer, Standing, SuspendCarer, WithdrawCarer
from services.pairing.enlisting import Application, Person, change_carer, enlist
from shared.contracts.event import CarerKind
from shared.edge import (
    AreaAsked,
    CauseHere,
    PageHere,
    ReadingHere,
    answer,
    may,
    recorded_day,
    require_area,
)
from shared.event_store import Connection
from shared.handling import Answer, Cause, once
from shared.problems import NotFound
from shared.running import Running
from shared.scope import narrow
from shared.tokens import Caller, Permission

Reader = Annotated[Caller, Depends(may(Permission.READ))]
Desk = Annotated[Caller, Depends(may(Permission.MANAGE))]
LOOKED_UP = "carer_looked_up"
"""The reason that the vault notes when a carer's page is opened."""

Change = ClearCarer | SuspendCarer | WithdrawCarer


def carers_router(running: Running) -> APIRouter:
    """Return the routes of carers."""
    router = APIRouter(prefix="/carers", tags=["carers"])

    @router.get("")
    async def list_carers(
        reading: ReadingHere,
        _caller: Reader,
        page: PageHere,
        area: AreaAsked,
        kind: CarerKind | None = None,
        standing: Standing | None = None,
    ) -> dict[str, Any]:
        after = place_after(page)
        carers = await carer_page(reading, area, after, page.fetch, kind=kind, standing=standing)
        return page.of(carers, lambda carer: f"{carer['area']}.{carer['carer_id']}")

    @router.post("", status_code=201)
    async def enlist_carer(asked: NewCarer, caller: Desk, cause: CauseHere) -> dict[str, Any]:
        require_area(caller, asked.area)
        return answer(running, await _enlist(running, asked, cause))

    @router.get("/{carer_id}")
    async def show_carer(carer_id: UUID, caller: Reader, unmask: bool = False) -> dict[str, Any]:
        return await _show(running, carer_id, caller, unmask and caller.may(Permission.UNMASK))

    def route(path: str, make: Callable[[date, date], Change]) -> None:
        @router.post(f"/{{carer_id}}/{path}")
        async def change(carer_id: UUID, asked: Dated, caller: Desk, cause: CauseHere) -> dict[str, Any]:
            async def work(connection: Connection) -> dict[str, Any]:
                require_area(caller, await area_of_carer(connection, carer_id))
                await lock_carers(connection, [carer_id])
                command = make(asked.on, await recorded_day(running, connection))
                return await change_carer(connection, carer_id, command, cause)

            return answer(running, await once(running.pool, cause, work))

    route("clear", ClearCarer)
    route("suspend", SuspendCarer)
    route("withdraw", WithdrawCarer)

    @router.post("/{carer_id}/revise")
    async def revise_carer(
        carer_id: UUID, asked: RevisedCarer, caller: Desk, cause: CauseHere
    ) -> dict[str, Any]:
        if asked.area is not None:
            require_area(caller, asked.area)
        return answer(running, await _revise(running, carer_id, asked, caller, cause))

    return router


async def _enlist(running: Running, asked: NewCarer, cause: Cause) -> Answer:
    person = Person.of(asked.name, asked.phone, asked.id_number, asked.school)
    application = Application(person, asked.kind, asked.sex, asked.area, asked.capacity)

    async def work(connection: Connection) -> dict[str, Any]:
        recorded_on = await recorded_day(running, connection)
        command = application.command(running.vault, asked.on, recorded_on)
        carer_id = await enlist(connection, running.vault, command, person, cause)
        if asked.cleared:
            clearing = ClearCarer(asked.on, recorded_on)
            await change_carer(connection, carer_id, clearing, part_of(cause, "clear"))
        return {"carer_id": str(carer_id)}

    return await once(running.pool, cause, work)


async def _revise(
    running: Running, carer_id: UUID, asked: RevisedCarer, caller: Caller, cause: Cause
) -> Answer:
    async def work(connection: Connection) -> dict[str, Any]:
        require_area(caller, await area_of_carer(connection, carer_id))
        held = (await lock_carers(connection, [carer_id]))[carer_id]
        command = ReviseCarer(
            asked.area or held.area,
            held.facts.capacity if asked.capacity is None else asked.capacity,
            held.school,
            held.facts.load,
            asked.on,
            await recorded_day(running, connection),
        )
        return await change_carer(connection, carer_id, command, cause)

    return await once(running.pool, cause, work)


async def _show(running: Running, carer_id: UUID, caller: Caller, unmask: bool) -> dict[str, Any]:
    async with running.pool.acquire() as connection, connection.transaction():
        await narrow(connection, caller)
        carer = await carer_listed(connection, carer_id)
        if carer is None:
            raise NotFound
        kept = await running.vault.look(connection, [carer_id], caller, LOOKED_UP, unmask=unmask)
    return {**carer, "identity": kept.get(carer_id), "masked": not unmask}
