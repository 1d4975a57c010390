"""One piece of work of the growth curve, in a process of its own: prints microseconds a child and megabytes."""

import logging
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from itertools import islice
from uuid import UUID

import asyncpg
import structlog
import uvloop

from benchmarks.invented import children, registered, village_of
from benchmarks.judging import FIRST_MONTH, POLICY, VAULT
from services.contact.advancing import advance
from services.reporting.figures import When, figures
from services.reporting.rebuilding import rebuild
from services.reporting.side import look_at_live_side
from shared.contracts.catalogue import decode
from shared.event_store import Append, Meta, NewEvent, Pool, append_many
from shared.handling import Cause
from shared.scope import WHOLE_SCOPE

META = Meta(UUID(int=1), UUID(int=2), "bench")
CHUNK = 2_000
QUESTIONS = 200


async def register(pool: Pool, size: int) -> int:
    """Append a registration for each child, as an import does: a claim each, CHUNK at a time."""
    chance = random.Random(1)  # noqa: S311 - invented people, no secret
    waiting = (registered(child, chance) for child in children(size))
    async with pool.acquire() as connection:
        while some := list(islice(waiting, CHUNK)):
            appends = [
                Append(
                    told.stream_id,
                    [NewEvent(told.event_id, decode(told.event_type, 1, told.body))],
                    expected=0,
                    claims=(told.stream_id,),
                )
                for told in some
            ]
            await append_many(connection, appends, META)
    return size


async def judge(pool: Pool, size: int) -> int:
    """Judge the two monthly kinds of one month."""
    to = FIRST_MONTH + timedelta(days=34)
    await advance(pool, VAULT, POLICY, to, Cause(UUID(int=3), b"", "bench", UUID(int=2)))
    return size


async def project(pool: Pool, size: int) -> int:
    """Make reporting's tables from everything received."""
    assert await rebuild(pool)
    return size


async def ask(pool: Pool, size: int) -> int:
    """Ask for all figures of any area as of any day, one question after the other."""
    chance = random.Random(2)  # noqa: S311 - questions, no secret
    for _ in range(QUESTIONS):
        area = village_of(chance.randrange(size))[: chance.choice((6, 9, 12))]
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(60))
        async with pool.acquire() as connection, connection.transaction():
            await look_at_live_side(connection)
            await figures(connection, area, When(day))
    return QUESTIONS


WORKS: dict[str, Callable[[Pool, int], Awaitable[int]]] = {
    "register": register,
    "judge a month": judge,
    "project a year's files and a month": project,
    "dashboard, a question": ask,
}


async def main(work: str, dsn: str, size: int) -> None:
    """Do *work* once and print what it cost."""
    async with asyncpg.create_pool(dsn, min_size=4, max_size=4, server_settings=WHOLE_SCOPE) as pool:
        begun = time.perf_counter()
        done = await WORKS[work](pool, size)
        took = time.perf_counter() - begun
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"[{took / done * 1e6}, {megabytes}]\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
