"""Events as they were received, for whoever follows a number to its ground."""

from uuid import UUID

import asyncpg

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


async def received_event(connection: Connection, event_id: UUID) -> asyncpg.Record | None:
    """Return the event with this id, None where the caller sees none."""
    return await connection.fetchrow(SQL.received_event, event_id)
