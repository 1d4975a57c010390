"""Advancing the day: every window due before it is judged once, in chunks that survive an interruption."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate, groupby
from math import ceil
from typing import Any

import structlog

from services.contact.domain.policy import Policy
from services.contact.domain.windows import Window, of_the_same_days, windows_due
from services.contact.event_ids import with_id
from services.contact.judging import Judging
from services.contact.locking import LEAVES, close_gate, close_leaf
from services.contact.log_ledger import let_refused_go
from shared.contracts.contact import DayAdvanced
from shared.day import advance_day
from shared.event_store import Append, Connection, Pool, append_many
from shared.handling import (
    ATTEMPTS_MAX,
    BACKOFF_SECONDS,
    RETRYABLE,
    Answer,
    Cause,
    TooBusy,
    answered_before,
    once,
    rule_cause,
)
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)

CHILDREN_MAX = 4_000
"""Children judged in one transaction and those of a village more: each says at most four things of a window."""
VILLAGES_MAX = 20_000
"""Villages held in memory, however many there are; the judges wait for each other at the end of as many."""

log = structlog.get_logger()


async def advance(
    pool: Pool,
    vault: Vault,
    policy: Policy,
    to: date,
    cause: Cause,
    *,
    bell: Callable[[], None] = lambda: None,
) -> Answer:
    """Judge every window with due < *to* that was not judged yet, then say that the day has come.

    From its first step on nothing is recorded before *to*. Interrupted, it goes on when it comes again;
    on two replicas at once it says everything once. *bell* is rung after each chunk.
    Raises Rejected(day_is_past), TooBusy.
    """
    if earlier := await answered_before(pool, cause):
        return earlier
    windows = await _begin(pool, policy, to)
    judged = 0
    for together in of_the_same_days(windows):
        judged += await _judge_everywhere(pool, together, policy, bell)
        for window in together:
            log.info("window_judged", kind=window.kind, day=window.closes)

    async def finish(connection: Connection) -> dict[str, Any]:
        return {"day": to, "moved": await _finish(connection, vault, to), "windows_judged": judged}

    return await once(pool, cause, finish)


async def _begin(pool: Pool, policy: Policy, to: date) -> list[Window]:
    """Move the day; return the windows still to be judged, but none that began before the first file."""
    async with pool.acquire() as connection, connection.transaction():
        await close_gate(connection)
        await advance_day(connection, to)
        judged_until, first_filed = await connection.fetchrow(SQL.begun) or (None, None)
    if first_filed is None:
        return []
    return [w for w in windows_due(policy, judged_until or first_filed, to) if w.opens >= first_filed]


async def _judge_everywhere(
    pool: Pool, windows: Sequence[Window], policy: Policy, bell: Callable[[], None]
) -> int:
    """Judge *windows* in all villages, as many batches at once as the gate has leaves; return how many it judged.

    One decides while PostgreSQL works for the others. Each has its leaf by its number, so that replicas
    take turns at the same villages; where they cut them differently, the streams' keys see to it that each
    is judged once.
    """
    judging = Judging(windows, policy)

    async def judge_in_turn(leaf: int, some_of_them: Iterable[Sequence[str]]) -> int:
        judged = 0
        for areas in some_of_them:
            judged += await _judge(pool, leaf, judging, areas)
            bell()
        return judged

    judged = 0
    async for children in _villages(pool):
        cut = list(batches(children))
        try:
            async with asyncio.TaskGroup() as judges:
                working = [
                    judges.create_task(judge_in_turn(leaf, cut[n :: len(LEAVES)]))
                    for n, leaf in enumerate(LEAVES)
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        judged += sum(one.result() for one in working)
    return judged


async def _villages(pool: Pool) -> AsyncIterator[dict[str, int]]:
    """Yield the villages that have had children, VILLAGES_MAX at a time, each with how many."""
    after = ""
    while rows := await pool.fetch(SQL.villages, after, VILLAGES_MAX):
        yield {row["area"]: row["children"] for row in rows}
        after = rows[-1]["area"]


def batches(children: Mapping[str, int]) -> Iterator[list[str]]:
    """Cut villages, in their order, into batches of about one size, at most CHILDREN_MAX and a village.

    *children* says how many live in each. Each judge has as many batches, so that none works alone at the end.
    """
    total = sum(children.values())
    count = ceil(total / (CHILDREN_MAX * len(LEAVES))) * len(LEAVES)
    before = accumulate(children.values(), initial=0)
    for _, some in groupby(zip(children, before, strict=False), key=lambda v: v[1] * count // total):
        yield [area for area, _ in some]


async def _judge(pool: Pool, leaf: int, judging: Judging, areas: Sequence[str]) -> int:
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            await asyncio.sleep(BACKOFF_SECONDS * 2**attempt)
        try:
            async with pool.acquire() as connection, connection.transaction():
                await close_leaf(connection, leaf)
                return await judging.in_villages(connection, areas)
        except RETRYABLE as lost:
            race = lost
    raise TooBusy(f"the villages {areas[0]} to {areas[-1]}") from race


async def _finish(connection: Connection, vault: Vault, to: date) -> bool:
    """Say that everything due before *to* is judged, and let go what is over; return whether that is new."""
    if not await connection.fetchval(SQL.judged_until, to):
        return False
    await let_refused_go(vault, connection, to)
    counties = [row["code"] for row in await connection.fetch(SQL.counties)]
    days = [DayAdvanced(area=county, on=to, recorded_on=to) for county in counties]
    appends = [Append(f"day-{day.area}", [with_id(day)]) for day in days]
    await append_many(connection, appends, rule_cause("advance", to).meta)
    return True
