"""Advancing the day: once the registry's news up to a position is taken, pairing has nothing else to do."""

from datetime import date
from typing import Any

from services.pairing.from_registry import READER
from services.pairing.importing import let_refused_go
from shared.day import advance_day
from shared.edge import wait_until_known
from shared.event_store import Connection, Position
from shared.handling import Answer, Cause, once
from shared.running import Running

REGISTRY_SECONDS_MAX = 20.0
"""How long an advance waits for the registry's news; then it is told to come again."""


async def advance(running: Running, to: date, registry: Position | None, cause: Cause) -> Answer:
    """Move the day to *to*; the answer's position is behind every pair that ended by *registry*.

    Raises Away(not_yet_known) where the registry's news does not come in time, Rejected(day_is_past).
    """
    if registry is not None:
        await wait_until_known(running, {READER.source: registry}, REGISTRY_SECONDS_MAX)

    async def work(connection: Connection) -> dict[str, Any]:
        former, moved = await advance_day(connection, to)
        if moved:
            await let_refused_go(running, connection, to)
        return {"day": to.isoformat(), "former": former and former.isoformat(), "moved": moved}

    return await once(running.pool, cause, work)
