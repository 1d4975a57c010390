"""Assigning what is suggested: the best plan of an area, granted in chunks that a repetition goes on from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.pairing.carers import free_carers
from services.pairing.command_part import part_of
from services.pairing.pairs import Wish, assign_pairs
from services.pairing.suggesting import FreeCarer, Suggestion, UnpairedChild, suggest
from services.pairing.unpaired import waiting_children
from shared.event_store import Connection, Pool
from shared.handling import Answer, Cause, answered_before, once

CHUNK_MAX = 2_000
"""Pairs in one transaction: a longer one would hold every reader's horizon."""

SOLVING = asyncio.Lock()
"""One plan at a time: each may take seconds of a core and a hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan is made of: the children who wait, and the carers with a seat left."""

    children: Sequence[UnpairedChild]
    carers: Sequence[FreeCarer]


async def needs_of(connection: Connection, area: str, on: date) -> Needs:
    """Return who waits in *area* on *on*, and who is free; only those whom the transaction may see."""
    return Needs(await waiting_children(connection, area, on), await free_carers(connection, area, on))


async def plan_for(needs: Needs) -> list[Suggestion]:
    """Return the suggestions for *needs*, made beside the event loop; hold no transaction meanwhile."""
    async with SOLVING:
        return await asyncio.to_thread(suggest, needs.children, needs.carers)


async def assign_suggested(pool: Pool, area: str, on: date, recorded_on: date, cause: Cause) -> Answer:
    """Pair all children of *area* as is suggested, CHUNK_MAX in a transaction; answer how many were.

    Each chunk is a command of its own, named after this one and its number. After an interruption the
    same command gets the answers of the chunks that were done and plans the rest anew: what is left of
    the best plan is the best plan of what is left.
    """
    if earlier := await answered_before(pool, cause):
        return earlier
    async with pool.acquire() as connection:
        needs = await needs_of(connection, area, on)
    plan = await plan_for(needs)
    assigned = refused = number = 0
    while True:
        answer = await _assign_chunk(pool, plan, on, recorded_on, part_of(cause, "chunk", number))
        assigned += answer.body["assigned"]
        refused += answer.body["refused"]
        if not answer.body["more"]:
            break
        # A chunk that was done before the plan was made is no part of it.
        plan = plan if answer.repeated else plan[CHUNK_MAX:]
        number += 1

    async def finish(_: Connection) -> dict[str, Any]:
        return {"assigned": assigned, "refused": refused}

    return await once(pool, cause, finish)


async def _assign_chunk(
    pool: Pool, plan: Sequence[Suggestion], on: date, recorded_on: date, cause: Cause
) -> Answer:
    wishes = [Wish(each.child_id, each.carer_id) for each in plan[:CHUNK_MAX]]

    async def work(connection: Connection) -> dict[str, Any]:
        granted = await assign_pairs(connection, wishes, on, recorded_on, cause)
        more = len(plan) > CHUNK_MAX
        return {"assigned": len(granted.pairs), "refused": len(granted.refused), "more": more}

    return await once(pool, cause, work)
