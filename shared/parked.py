"""Parked events: those that a reader could not apply, kept whole until somebody retries or drops them."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from shared.applying import AWAY, PASSING
from shared.checkpoint import SQL as CHECKPOINT_SQL
from shared.envelope import Envelope
from shared.event_store import Connection, Pool, Position
from shared.receiving import Receiving
from shared.sql import queries

SQL = queries(__file__)

RETRY_MAX = 1_000
"""Events of one stream applied by one retry."""


class NotParked(Exception):
    """No parked event has this number."""


async def list_parked(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return parked events after the number *after*, without their bodies."""
    return [dict(row) for row in await connection.fetch(SQL.list_parked, after, limit)]


async def show_parked(connection: Connection, parked_id: int) -> dict[str, Any]:
    """Return one parked event with its body as text; raises NotParked."""
    row = await connection.fetchrow(SQL.show_parked, parked_id)
    if row is None:
        raise NotParked(parked_id)
    return {**row, "data": row["data"].decode(errors="replace"), "meta": orjson.loads(row["meta"])}


async def retry_parked(pool: Pool, receivings: Sequence[Receiving], parked_id: int) -> int:
    """Apply a parked event and all behind it in its stream, in order; return how many were applied.

    Stops at the first that fails again, which stays parked with its new reason. Raises NotParked.
    """
    applied = 0
    async with pool.acquire() as connection, connection.transaction():
        reader = await connection.fetchval(SQL.reader_of, parked_id)
        if reader is None:
            raise NotParked(parked_id)
        receiving = next(one for one in receivings if one.reader.name == reader)
        # Whoever holds the checkpoint's row keeps the reader from applying the next batch meanwhile. What is
        # parked is read behind it: another batch or another retry may have changed it until then.
        await connection.fetchrow(CHECKPOINT_SQL.lock_checkpoint, reader)
        queue = await connection.fetch(SQL.queue_of, parked_id, RETRY_MAX)
        if not queue:
            raise NotParked(parked_id)
        for row in queue:
            if not await _apply(connection, receiving, row):
                break
            applied += 1
    return applied


async def _apply(connection: Connection, receiving: Receiving, row: asyncpg.Record) -> bool:
    try:
        async with connection.transaction():
            await receiving.reader.project(connection, [_envelope(row).open()])
            await connection.execute(SQL.unpark, row["parked_id"])
    except (*PASSING, *AWAY):
        raise
    except Exception as why:  # noqa: BLE001 - whatever it is, it stays parked with its reason
        await connection.execute(SQL.failed_again, row["parked_id"], type(why).__name__)
        return False
    return True


async def drop_parked(pool: Pool, parked_id: int) -> None:
    """Do without one parked event for good; those behind it stay parked. Raises NotParked."""
    if not await pool.fetchval(SQL.unpark, parked_id):
        raise NotParked(parked_id)


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(
        row["event_id"],
        row["event_type"],
        row["schema_version"],
        row["stream_id"],
        row["version"],
        Position(row["tx"], row["position"]),
        row["store_id"],
        row["data"],
        orjson.loads(row["meta"]),
        row["source"],
        row["parked_at"],
    )
