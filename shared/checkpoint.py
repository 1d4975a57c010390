"""A reader's checkpoint: one row in its own database, moved in the transaction of what it did, and waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.event_store import START, Connection, Pool, Position
from shared.sql import queries

SQL = queries(__file__)

WAIT_SECONDS_MIN = 0.002
WAIT_SECONDS_MAX = 0.05


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A reader's place in its source's log; the stream's sequence is a hint for one creation of the stream."""

    store_id: UUID | None
    position: Position
    stream_sequence: int
    stream_created: datetime | None


class LeaseLost(Exception):
    """Another replica moved the checkpoint: this one stops and asks for the lease again."""


async def load_checkpoint(pool: Pool, reader: str) -> Checkpoint:
    """Return where *reader* is; a new one is before the first event."""
    await pool.execute(SQL.make_checkpoint, reader)
    row = await pool.fetchrow(SQL.checkpoint, reader)
    assert row is not None  # noqa: S101 - made in the line before
    return Checkpoint(
        row["store_id"], Position(row["tx"], row["position"]), row["stream_seq"], row["stream_created"]
    )


async def move_checkpoint(
    connection: Connection, reader: str, before: Checkpoint, after: Checkpoint, event_time: datetime | None
) -> None:
    """Move *reader* from *before* to *after*; raises LeaseLost where it is not at *before* any more.

    *event_time* is when the last event that it has taken was stored.
    """
    moved = await connection.fetchval(
        SQL.move_checkpoint,
        reader,
        *before.position,
        after.store_id,
        *after.position,
        after.stream_sequence,
        after.stream_created,
        event_time,
    )
    if not moved:
        raise LeaseLost(reader)


async def checkpoint_of(connection: Connection | Pool, reader: str) -> Position:
    """Return the last position that *reader* has taken, START before the first."""
    row = await connection.fetchrow(SQL.checkpoint, reader)
    return START if row is None else Position(row["tx"], row["position"])


async def caught_up(
    pool: Pool,
    reader: str,
    position: Position,
    timeout_seconds: float,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bool:
    """Wait until *reader* has taken *position*, at most *timeout_seconds*; return whether it has.

    Between two looks it waits by *pause*, which is given seconds and may end before they are over.
    """
    deadline = time.monotonic() + timeout_seconds
    seconds = WAIT_SECONDS_MIN
    while await checkpoint_of(pool, reader) < position:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        seconds = min(seconds * 2, WAIT_SECONDS_MAX, remaining)
        await pause(seconds)
    return True
