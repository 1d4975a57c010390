"""Carers as they stand: written with their events, locked to be decided about, listed with their load."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.pairing.domain.carer import Standing
from services.pairing.domain.pair import CarerFacts
from services.pairing.suggesting import FreeCarer
from shared.contracts.event import CarerKind, Event
from shared.contracts.pairing import (
    CarerCleared,
    CarerEnlisted,
    CarerRevised,
    CarerSuspended,
    CarerWithdrew,
)
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

STANDINGS: dict[type[Event], Standing] = {
    CarerCleared: Standing.CLEARED,
    CarerSuspended: Standing.SUSPENDED,
    CarerWithdrew: Standing.WITHDRAWN,
}


async def project_carers(connection: Connection, events: Sequence[Event]) -> None:
    """Write how carers stand after *events*: of each carer at most one of a kind, enlisting first."""
    enlisted = [_enlisted(event) for event in events if isinstance(event, CarerEnlisted)]
    if enlisted:
        await connection.execute(SQL.enlist, orjson.dumps(enlisted).decode())
    revised = [_revised(event) for event in events if isinstance(event, CarerRevised)]
    if revised:
        await connection.execute(SQL.revise, orjson.dumps(revised).decode())
    stood = [
        (event.carer_id, STANDINGS[type(event)], event.on)
        for event in events
        if isinstance(event, CarerCleared | CarerSuspended | CarerWithdrew)
    ]
    if stood:
        await connection.execute(SQL.stand, *map(list, zip(*stood, strict=True)))


def _enlisted(event: CarerEnlisted) -> dict[str, Any]:
    return {**_revised(event), "kind": event.kind, "sex": event.sex}


def _revised(event: CarerEnlisted | CarerRevised) -> dict[str, Any]:
    return {
        "carer_id": event.carer_id,
        "area": event.area,
        "capacity": event.capacity,
        "school": event.school,
        "since": event.on,
    }


@dataclass(frozen=True, slots=True)
class HeldCarer:
    """A carer who is held by the transaction: as the rules of pairs need him, and where he works."""

    facts: CarerFacts
    area: str
    school: str | None


async def lock_carers(connection: Connection, carer_ids: Sequence[UUID]) -> dict[UUID, HeldCarer]:
    """Hold carers until the transaction ends; return what is known of each.

    To be locked before children and pairs, so that no two transactions wait for each other.
    """
    carers = await connection.fetch(SQL.lock, list(carer_ids))
    # Counted by a statement of its own: only after the lock is every pair of an earlier holder seen.
    counted = await connection.fetch(SQL.loads, list(carer_ids))
    loads = {row["carer_id"]: row["load"] for row in counted}
    return {row["carer_id"]: _held(row, loads.get(row["carer_id"], 0)) for row in carers}


def _held(row: asyncpg.Record, load: int) -> HeldCarer:
    kind, standing = CarerKind(row["kind"]), Standing(row["standing"])
    facts = CarerFacts(row["carer_id"], kind, standing, row["capacity"], load, row["since"])
    return HeldCarer(facts, row["area"], row["school"])


async def area_of_carer(connection: Connection, carer_id: UUID) -> str | None:
    """Return where a carer works, None for nobody known."""
    area: str | None = await connection.fetchval(SQL.area_of, carer_id)
    return area


async def known_carers(connection: Connection, carer_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of *carer_ids* who are or were on the list, as far as this transaction may see."""
    return frozenset(row["carer_id"] for row in await connection.fetch(SQL.known, list(carer_ids)))


async def free_carers(connection: Connection, area: str, on: date) -> list[FreeCarer]:
    """Return the carers of *area* who are cleared by *on* and have a seat left."""
    return [
        FreeCarer(
            row["carer_id"],
            CarerKind(row["kind"]),
            row["area"],
            row["free"],
            row["school"],
            frozenset(row["households"]),
            row["arrived"],
        )
        for row in await connection.fetch(SQL.free, area, on)
    ]


async def carer_page(
    connection: Connection,
    area: str,
    after: tuple[str, UUID],
    limit: int,
    *,
    kind: CarerKind | None = None,
    standing: Standing | None = None,
) -> list[dict[str, Any]]:
    """Return carers of *area* after a place, by area and id: no names, the load and the seats left."""
    rows = await connection.fetch(SQL.page, area, kind, standing, *after, limit)
    return [_listed(row) for row in rows]


async def carer_listed(connection: Connection, carer_id: UUID) -> dict[str, Any] | None:
    """Return one carer as lists show him, None for nobody whom this transaction may see."""
    row = await connection.fetchrow(SQL.one, carer_id)
    return None if row is None else _listed(row)


def _listed(row: asyncpg.Record) -> dict[str, Any]:
    return {**row, "free": max(row["capacity"] - row["load"], 0)}
