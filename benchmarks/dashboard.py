"""The dashboard's figures over HTTP, beside a route of the same process that runs one indexed SELECT."""

import asyncio
import random
from datetime import date, timedelta
from statistics import quantiles
from typing import NamedTuple

from benchmarks.figure import Figure, in_turns
from benchmarks.invented import children, year
from benchmarks.rebuilding import load_received
from benchmarks.servers import Servers
from benchmarks.services_at_work import Caller, at_work, calling, timed, token
from benchmarks.streaming import fresh_streams
from services.reporting.rebuilding import rebuild
from shared.event_store import Connection
from shared.tokens import AREAS_MAX, Role

QUESTIONS = 60
"""Asked in one turn; then comes the limit's, so that both meet the machine in each of its moods."""
TURNS = 5
"""Turns of one repetition."""
MILLISECONDS_MAX = 50.0
DAYS_A_MONTH = 33
"""Days that are asked about: those after the last month too, when it was judged."""


async def dashboard(servers: Servers, people: int, months: int, repetitions: int) -> list[Figure]:
    """Ask for the figures of any area, as of any day of *months* and as known on any later one."""
    dsn = await servers.database("reporting")
    count = await load_received(servers, dsn, year(people, months=months))
    async with servers.pool(dsn) as pool:
        assert await rebuild(pool)
    async with servers.pool(servers.as_admin(dsn), 1) as admin:
        await admin.execute("VACUUM ANALYZE")
    await fresh_streams(servers)
    await servers.checkpoint()

    villages = {child.area for child in children(people)}
    counties = tuple(sorted({village[:6] for village in villages}))[:AREAS_MAX]  # of one caller
    within = [village for village in villages if village[:6] in counties]
    codes = sorted({village[:digits] for village in within for digits in (6, 9, 12)})
    with at_work(servers, {"reporting": dsn}) as processes:
        login = token(servers, Role.COUNTY, counties)
        async with calling(processes["reporting"], login) as caller:
            await asyncio.sleep(1.0)
            asking = Asking(caller, codes, months * DAYS_A_MONTH, count)
            rebuilt = await asking.beside_the_limit(repetitions)
            async with servers.pool(servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
                await _lay_as_readers_do(connection)
            await servers.checkpoint()
            read = await asking.beside_the_limit(repetitions)
    await servers.drop(dsn)
    what = f"dashboard API, any area, any past day, {count:,} events"
    return [*_told(what, rebuilt), *_told("the same, sums as readers leave them", read)]


class Asked(NamedTuple):
    """Requests a second, and within what time all but one of a hundred were answered, in milliseconds."""

    ours: float
    limit: float
    p99: float


class Asking:
    """One caller's questions, of areas *codes* and *days* beside events 1 to *count*, by chance."""

    def __init__(self, caller: Caller, codes: list[str], days: int, count: int) -> None:
        self.caller, self.codes, self.days, self.count = caller, codes, days, count
        self.chance = random.Random(count)  # noqa: S311 - questions, no secret
        self.took: list[float] = []

    async def beside_the_limit(self, repetitions: int) -> Asked:
        """Ask for figures and for the limit's route in turns, after one turn that is not told."""
        await self._ours()
        await self._limit()
        self.took.clear()
        mine, bare = await in_turns(repetitions * TURNS, self._ours, self._limit)
        return Asked(mine, bare, quantiles(self.took, n=100)[98] * 1000)

    async def _ours(self) -> float:
        paths = [_question(self.codes, self.days, self.chance) for _ in range(QUESTIONS)]
        seconds = await timed(self.caller, paths)
        self.took += seconds
        return QUESTIONS / sum(seconds)

    async def _limit(self) -> float:
        paths = [f"/bench/select?arrival={self.chance.randrange(1, self.count)}" for _ in range(QUESTIONS)]
        return QUESTIONS / sum(await timed(self.caller, paths))


def _told(what: str, asked: Asked) -> list[Figure]:
    return [
        Figure(what, asked.ours, asked.limit, "requests/s", 0.3),
        Figure(f"p99 of {what}", asked.p99, MILLISECONDS_MAX, "ms", fewer=True),
    ]


async def _lay_as_readers_do(connection: Connection) -> None:
    """Write the sums anew in the order of the days on which they were told, areas mixed: a rebuild sorts them."""
    side = await connection.fetchval("SELECT side FROM app.live_side")
    for table, told in (("tallies", "recorded_on"), ("month_tallies", "recorded_month")):
        await connection.execute(f"CREATE TEMP TABLE laid AS SELECT * FROM {side}.{table}")
        await connection.execute(f"TRUNCATE {side}.{table}")
        await connection.execute(f"INSERT INTO {side}.{table} SELECT * FROM laid ORDER BY {told}, md5(area)")
        await connection.execute("DROP TABLE laid")
        await connection.execute(f"VACUUM ANALYZE {side}.{table}")


def _question(codes: list[str], days: int, chance: random.Random) -> str:
    # A county, a township or a village with the same chance each, and any of them.
    digits = chance.choice((6, 9, 12))
    area = chance.choice([code for code in codes if len(code) == digits])
    as_of = date(2026, 1, 1) + timedelta(days=chance.randrange(days))
    known_on = as_of + timedelta(days=chance.randrange(60))
    first = as_of.replace(day=1)
    return f"/figures?area={area}&as_of={as_of}&known_on={known_on}&from={first}"
