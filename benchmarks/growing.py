"""One piece of work of the growth curve, in a process of its own: prints how much was done, what each took and cost.

The tables hold a land of many counties; the work is that of one more, whose code lies in the middle of theirs and
who comes a day after the last of them.
"""

import argparse
import asyncio
import logging
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog
import uvloop

from benchmarks.invented import FIRST_COUNTY, FIRST_DAY, Child, Told, children, village_of, year
from benchmarks.invented_papers import area_list, carer_list, rosters
from benchmarks.judging import DUE_DAYS, POLICY, VAULT, month
from benchmarks.multiplying import COUNTY_STEP
from benchmarks.probe import SELECT
from benchmarks.processor import Moment, megabytes_at_most
from services.contact.advancing import advance
from services.pairing.app import SPEC as PAIRING
from services.pairing.assigning import assign_suggested
from services.pairing.carer_list import read_carers
from services.pairing.from_registry import project as follow_registry
from services.pairing.importing import CarerImport, import_carers, keyed_rows
from services.registry.app import SPEC as REGISTRY
from services.registry.area_importing import import_areas
from services.registry.area_list import read_areas
from services.registry.importing import import_roster
from services.registry.roster import read_roster
from services.reporting.at_once import figures_at_once
from services.reporting.question import Asked
from services.reporting.readers import take
from shared.envelope import Envelope
from shared.event_store import Pool, Position
from shared.handling import Cause
from shared.messages import Language
from shared.reader import Project
from shared.receiving import BATCH_MAX
from shared.running import Running
from shared.scope import WHOLE_SCOPE
from shared.service import ServiceSpec, create_app
from shared.tokens import Caller, Role

COUNTY = 2_500
"""Children of one county."""
MONTHS = 1
"""Months of visits a child has: more events change the sizes, not the growth."""
NEXT_DAY = FIRST_DAY + timedelta(days=1)
"""On which one more county comes."""
TURNS, MONTHS_JUDGED = 5, 3
"""Each work is done so often, judging, of which each turn has a month of its own, less often; the middle of what it
cost is told: one alone differs by two fifths, and the first finds nothing of what it needs in memory."""
PAIRED_ON = FIRST_DAY + timedelta(days=25)
"""All files are open by then."""
JUDGED = """
SELECT count(*) FROM app.judged_windows j JOIN app.child_states s ON s.area = j.area WHERE j.opens >= $1
"""
"""A child's windows from that day on that were judged; the months before are copies."""
QUESTIONS = 300
CONNECTIONS = 4


@dataclass(frozen=True)
class Land:
    """What the tables hold: *counties* of COUNTY children each."""

    pool: Pool
    counties: int
    seconds: float
    """How long the work may take; it goes in pieces and ends with the first one after."""
    postmaster: int
    """The process of PostgreSQL whose children work here too."""
    turn: int
    """Which time the work is done on these tables, from 0: each time it is that of another county or month."""

    def now(self) -> Moment:
        return Moment.now(os.getpid(), self.postmaster)

    @property
    def next_county(self) -> int:
        """The code of a county that is not there yet."""
        return county_between(self.counties, self.turn)

    @property
    def next_seed(self) -> int:
        """What the people of the next county are made from."""
        return self.counties + 1 + self.turn


class Done(NamedTuple):
    """How much was done, of children or of questions, from when to when."""

    units: float
    began: Moment
    ended: Moment


def county_between(counties: int, turn: int) -> int:
    """Return the code of the county that comes in *turn*, in the middle of the *counties* that are there."""
    return FIRST_COUNTY + (counties // 2 + turn) * COUNTY_STEP + 1


async def found_registry(land: Land) -> Done:
    """Import the first county, of which the others are copies."""
    return await import_papers(land, FIRST_COUNTY, 0, FIRST_DAY)


async def found_reporting(land: Land) -> Done:
    """Receive what is said of the first county."""
    return await take_events(land, year(COUNTY, 0, MONTHS))


async def import_county(land: Land) -> Done:
    """Import the rosters of one more county, as the registry does when it is sent them."""
    return await import_papers(land, land.next_county, land.next_seed, NEXT_DAY)


async def import_papers(land: Land, county: int, seed: int, filed_on: date) -> Done:
    running = _running(REGISTRY, land)
    people = _people(county, seed)
    areas = read_areas("areas.csv", area_list(people))
    await import_areas(running, _cause(seed, "areas"), areas, FIRST_DAY)
    done, began = 0, land.now()
    for name, content, rows in rosters(people, seed):
        paper = read_roster(name, content)
        answer = await import_roster(
            running,
            _cause(seed, name),
            paper,
            filed_on=filed_on,
            file_key=name,
            language=Language.ZH,
        )
        assert answer.body["refused"] == 0, answer.body
        done += rows
        if time.perf_counter() - began.clock > land.seconds:
            break
    return Done(done, began, land.now())


async def found_pairing(land: Land) -> Done:
    """Pair the children of the first county, of which the others are copies."""
    return await pair_county_of(land, FIRST_COUNTY, 0, FIRST_DAY)


async def pair_county(land: Land) -> Done:
    """Hear of the children of one more county, take in its list of carers and pair whom it has seats for."""
    return await pair_county_of(land, land.next_county, land.next_seed, NEXT_DAY)


async def pair_county_of(land: Land, county: int, seed: int, filed_on: date) -> Done:
    running = _running(PAIRING, land)
    told = (one for one in year(COUNTY, seed, 0, county, filed_on) if one.source == "registry")
    last: int = await land.pool.fetchval("SELECT coalesce(max(arrived), 0) FROM app.children")
    began = land.now()
    await _tell(land, follow_registry, told, last)
    paper = read_carers("carers.csv", carer_list(_people(county, seed), seed))
    listed = CarerImport(
        running=running,
        cause=_cause(seed, "carers"),
        paper=paper,
        rows=keyed_rows(paper, running),
        area=str(county),
        on=PAIRED_ON,
        recorded_on=PAIRED_ON,
        language=Language.ZH,
    )
    answer = await import_carers(listed)
    assert answer.body["refused"] == 0, answer.body
    answer = await assign_suggested(land.pool, str(county), PAIRED_ON, PAIRED_ON, _cause(seed, "pairs"))
    assert answer.body["assigned"], answer.body
    return Done(COUNTY, began, land.now())


async def found_contact(land: Land) -> Done:
    """Judge the first county's month before, whose misses, runs and events the others have as well."""
    return await judge_from(land, month(0)[0], due_after(0))


async def judge_month(land: Land) -> Done:
    """Judge a month's two kinds of windows for all children, or for as many as the time allows."""
    return await judge_from(land, month(1)[0], due_after(1 + land.turn))


def due_after(number: int) -> date:
    """Return a day by which the windows of the month of this *number*, and none of the next, are due."""
    return month(number)[1] + timedelta(days=DUE_DAYS + 1)


async def judge_from(land: Land, first: date, to: date) -> Done:
    before: int = await land.pool.fetchval(JUDGED, first)
    pieces = [land.now()]
    with suppress(TimeoutError):
        async with asyncio.timeout(land.seconds):
            cause = Cause(UUID(int=to.toordinal()), b"", "bench", UUID(int=2))
            await advance(land.pool, VAULT, POLICY, to, cause, bell=lambda: pieces.append(land.now()))
    windows: int = await land.pool.fetchval(JUDGED, first) - before
    return Done(windows / 2, pieces[0], pieces[-1])  # a child has two windows


async def project_county(land: Land) -> Done:
    """Take what is said of one more county in a month, as reporting does when it receives it."""
    return await take_events(land, year(COUNTY, land.next_seed, MONTHS, land.next_county, NEXT_DAY))


async def take_events(land: Land, told: Iterable[Told]) -> Done:
    last: int = await land.pool.fetchval("SELECT coalesce(max(arrival), 0) FROM kept.received")
    began = land.now()
    await _tell(land, take, told, last)
    return Done(COUNTY, began, land.now())


async def _tell(land: Land, project: Project, told: Iterable[Told], last: int) -> None:
    """Hand *told* to a reader in batches as it gets them; *last* is the place of what it was told before."""
    numbered = enumerate(told, start=last + 1)
    while some := list(islice(numbered, BATCH_MAX)):
        batch = [_envelope(one, n).open() for n, one in some]
        async with land.pool.acquire() as connection, connection.transaction():
            await project(connection, batch)


async def ask(land: Land) -> Done:
    """Ask for all figures of an area as of any day, as somebody of its county does, one question after the other."""
    chance = random.Random(2 + land.turn)  # noqa: S311 - questions, no secret
    began = land.now()
    for _ in range(QUESTIONS):
        county = FIRST_COUNTY + chance.randrange(land.counties) * COUNTY_STEP
        area = village_of(chance.randrange(COUNTY), county)[: chance.choice((6, 9, 12))]
        day = FIRST_DAY + timedelta(days=chance.randrange(60))
        caller = Caller("bench", Role.COUNTY, (str(county),), "bench")
        await figures_at_once(Asked(land.pool, caller, area, day, None, None, None))
    return Done(QUESTIONS, began, land.now())


async def select_one(land: Land) -> Done:
    """Look for events by their numbers, one indexed SELECT each: the limit of a question, as cold as that."""
    chance = random.Random(land.turn)  # noqa: S311 - questions, no secret
    last: int = await land.pool.fetchval("SELECT max(arrival) FROM kept.received")
    began = land.now()
    for _ in range(QUESTIONS):
        assert await land.pool.fetchrow(SELECT, chance.randint(1, last))
    return Done(QUESTIONS, began, land.now())


async def ask_again(land: Land) -> Done:
    """Ask what was asked a moment ago: what is left is what a question costs where nothing has to be fetched first."""
    await ask(land)
    return await ask(land)


WORKS: dict[str, Callable[[Land], Awaitable[Done]]] = {
    "found registry": found_registry,
    "found reporting": found_reporting,
    "import": import_county,
    "found pairing": found_pairing,
    "pair a county": pair_county,
    "found contact": found_contact,
    "judge a month": judge_month,
    "project a month": project_county,
    "dashboard, its limit: one SELECT": select_one,
    "dashboard, a question": ask,
    "dashboard, the question again": ask_again,
}


def _running(spec: ServiceSpec, land: Land) -> Running:
    running: Running = create_app(spec).state.running
    running.connections = land.pool
    return running


def _people(county: int, seed: int) -> list[Child]:
    return list(children(COUNTY, seed, county))


def _cause(seed: int, what: str) -> Cause:
    command_id = UUID(int=random.Random(f"{seed} {what}").getrandbits(128), version=4)  # noqa: S311 - no secret
    return Cause(command_id, what.encode(), "bench", command_id)


def _envelope(one: Told, position: int) -> Envelope:
    return Envelope(
        event_id=str(one.event_id),
        event_type=one.event_type,
        schema_version=1,
        stream_id=one.stream_id,
        version=one.version,
        position=Position(1, position),
        store_id=UUID(int=7),
        data=one.body.encode(),
        meta={},
        source=one.source,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def main() -> None:
    """Do one work once and print what it cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing", description=__doc__)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("dsn")
    parser.add_argument("postmaster", type=int)
    parser.add_argument("counties", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("turn", type=int)
    told = parser.parse_args()
    async with asyncpg.create_pool(
        told.dsn, min_size=CONNECTIONS, max_size=CONNECTIONS, server_settings=WHOLE_SCOPE
    ) as pool:
        done = await WORKS[told.work](Land(pool, told.counties, told.seconds, told.postmaster, told.turn))
    each = done.began.each_until(done.ended, done.units)
    sys.stdout.write(f"{[done.units, *each, megabytes_at_most(os.getpid())]}\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    uvloop.run(main())
