"""Children's files read for callers: one, or a page of a list; only what lies in the caller's areas."""

from datetime import date
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

FIRST = UUID(int=0)


async def find_child(connection: Connection, child_id: UUID) -> dict[str, Any] | None:
    """Return a file as it stands, None where there is none in the caller's areas."""
    row = await connection.fetchrow(SQL.find_child, child_id)
    return None if row is None else _shown(row)


async def list_children(
    connection: Connection, *, prefix: str, status: str | None, after: UUID, limit: int
) -> list[dict[str, Any]]:
    """Return files under *prefix* in the order of their ids; *status* open, left or merged, or all."""
    rows = await connection.fetch(SQL.list_children, prefix, status, after, limit)
    return [_shown(row) for row in rows]


async def list_likely(
    connection: Connection, *, prefix: str, after: tuple[UUID, UUID], limit: int
) -> list[dict[str, Any]]:
    """Return pairs of files that may be one child and were not judged."""
    return [dict(row) for row in await connection.fetch(SQL.list_likely, prefix, *after, limit)]


async def list_learned(
    connection: Connection, *, prefix: str, after: UUID, limit: int
) -> list[dict[str, Any]]:
    """Return id numbers that came later and wait for a person to confirm them; the numbers are not told."""
    return [dict(row) for row in await connection.fetch(SQL.list_learned, prefix, after, limit)]


def _shown(row: Record) -> dict[str, Any]:
    left_on: date | None = row["left_on"]
    merged_into: UUID | None = row["merged_into"]
    return {
        **dict(row),
        "file": orjson.loads(row["file"]),
        "status": "merged" if merged_into else "left" if left_on else "open",
    }
