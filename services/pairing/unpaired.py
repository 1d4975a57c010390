"""Children whom nobody looks after yet, or any more."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from services.pairing.suggesting import UnpairedChild
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


async def unpaired_page(
    connection: Connection, area: str, after: tuple[str, UUID], limit: int
) -> Sequence[asyncpg.Record]:
    """Return unpaired children of *area* after a place, by village and id."""
    return await connection.fetch(SQL.page, area, *after, limit)


async def unpaired_counts(connection: Connection, area: str) -> Sequence[asyncpg.Record]:
    """Return by village how many children have an open file, and how many of these no open pair."""
    return await connection.fetch(SQL.counts, area)


async def waiting_children(connection: Connection, area: str, on: date) -> list[UnpairedChild]:
    """Return the children of *area* who may be paired on *on* and are not."""
    return [
        UnpairedChild(
            row["child_id"], row["area"], row["filed_on"], row["school"], row["household"], row["arrived"]
        )
        for row in await connection.fetch(SQL.waiting, area, on)
    ]
