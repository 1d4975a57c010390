"""A whole service on the tables of the growth curve: its heaviest work, its longest paper, then many questions at once.

What is weighed is the service's own process, with its routes, relay and readers, and what its work left behind.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import timedelta

import httpx

from benchmarks.growing import COUNTY, MONTHS_JUDGED, NEXT_DAY, PAIRED_ON, TURNS, county_between, due_after
from benchmarks.invented import FIRST_COUNTY, FIRST_DAY, children, village_of
from benchmarks.invented_papers import area_list, carer_list, rosters
from benchmarks.multiplying import COUNTY_STEP
from benchmarks.papers import longest
from benchmarks.processor import Moment, megabytes_at_most
from benchmarks.servers import Servers
from benchmarks.services_at_work import at_work, token
from benchmarks.streaming import fresh_streams
from benchmarks.weighing import held_by
from kith.processes import stop_all
from shared.envelope import POSITION, STORE, TX
from shared.event_store import SQL as LOG_SQL
from shared.event_store import last_position
from shared.subjects import stream_of
from shared.tokens import Role

QUESTIONS = 2_000
AT_ONCE = 32
"""Questions that wait for their answers at the same time."""
ANSWER_SECONDS_MAX = 600.0
WORK_SECONDS_MAX = 120.0
"""How long the heaviest work may take; what is left of it then is left undone."""
NEXT_MONTH_JUDGED = due_after(1 + MONTHS_JUDGED)
"""The two kinds of windows of the month after those that the growth curve judges are due by then."""
ROWS_MAX = 500
"""The longest page of a list."""
COUNTIES_ASKED_MAX = 49
"""Counties whose callers ask, each for its own."""
LOOK_SECONDS = 0.2

Question = tuple[str, httpx.Headers]
"""A path and whose it is."""

PATHS: Mapping[str, Sequence[str]] = {
    "registry": ("/children?area={area}&limit=50", f"/children?area={{area}}&limit={ROWS_MAX}", "/areas"),
    "pairing": (
        "/carers?area={area}&limit=50",
        f"/pairs?area={{area}}&limit={ROWS_MAX}",
        "/unpaired?area={area}&limit=50",
    ),
    "contact": ("/worklist?area={area}&limit=50", f"/misses?area={{area}}&limit={ROWS_MAX}"),
    "reporting": (
        "/figures?area={area}&as_of={day}&breakdown=true",
        "/areas/{area}",
        f"/lists/files.open?area={{area}}&limit={ROWS_MAX}",
    ),
}


async def whole(servers: Servers, service: str, dsn: str, counties: int) -> tuple[float, ...]:
    """Return how many questions were asked, µs of clock and of processor for each, and what was held at most.

    Held in MB by the service, and in MiB by PostgreSQL, one of its processes and NATS.
    It is said where some of the heaviest work is left after WORK_SECONDS_MAX; another process answers.
    """
    await fresh_streams(servers)
    await _already_relayed(servers, service, dsn)
    chance = random.Random(counties)  # noqa: S311 - questions, no secret
    codes = range(FIRST_COUNTY, FIRST_COUNTY + counties * COUNTY_STEP, COUNTY_STEP)
    known = [str(code) for code in chance.sample(codes, min(counties, COUNTIES_ASKED_MAX))]
    logins = {county: token(servers, Role.COUNTY, (county,)) for county in known}
    workers = token(servers, Role.COUNTY, (str(_heard(counties)), str(_new(counties))))
    with at_work(servers, {service: dsn}, "advanced") as processes:
        process, most = processes[service], 0.0
        async with held_by(servers) as held:
            if service in HEAVIEST:
                async with _client(process.address, workers) as client:
                    done = await _done_in_time(HEAVIEST[service](client, counties))
                    await _take_the_longest(servers, client, service, counties)
                most = megabytes_at_most(process.process.pid)
                if not done:
                    sys.stderr.write(f"{service}: some of its work is left after {WORK_SECONDS_MAX:.0f} s\n")
                # What is left of it would go on beside the questions; each size answers by a new process.
                stop_all([process])
                process.start()
                process.wait_ready()
                await _told(servers, service, dsn)
                await servers.settle(dsn)
            pid, postmaster = process.process.pid, servers.postgres.process.pid
            began = Moment.now(pid, postmaster)
            async with _client(process.address) as client:
                asked = (_question(service, logins, chance.choice(known), chance) for _ in range(QUESTIONS))
                await _ask(client, asked)
            ended = Moment.now(pid, postmaster)
        weighs = max(most, megabytes_at_most(pid))
        return QUESTIONS, *began.each_until(ended, QUESTIONS), weighs, *astuple(held)


async def _done_in_time(work: Awaitable[None]) -> bool:
    try:
        await asyncio.wait_for(work, WORK_SECONDS_MAX)
    except TimeoutError:
        return False
    return True


async def _take_the_longest(servers: Servers, client: httpx.AsyncClient, service: str, counties: int) -> None:
    """Send the longest paper that is taken, of a county that the service knows by now."""
    paper = longest(service, str(_new(counties) if service == "registry" else _heard(counties)), NEXT_DAY)
    asked = {"registry": await servers.database("registry")} if service == "contact" else {}
    with at_work(servers, asked, "advanced"):  # contact asks the registry who is told of
        answer = await client.post(paper.path, files={"file": (paper.name, paper.content)})
        answer.raise_for_status()
    for dsn in asked.values():
        await servers.drop(dsn)


async def _already_relayed(servers: Servers, service: str, dsn: str) -> None:
    """Let the stream end with the log's last event: copied events have no bodies that could be relayed."""
    async with servers.pool(servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
        if not await connection.fetchval("SELECT to_regclass('kernel.events') IS NOT NULL"):
            return
        last = await last_position(connection)
        store = await connection.fetchval(LOG_SQL.store_id)
    headers = {STORE: str(store), TX: str(last.tx), POSITION: str(last.position)}
    async with servers.client(service) as client:
        subject = f"kith.{FIRST_COUNTY}.{FIRST_COUNTY}100.{service}.Kept"
        await client.jetstream().publish(subject, b"{}", headers=headers)


def _client(address: str, login: str | None = None) -> httpx.AsyncClient:
    headers = None if login is None else _login(login)
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=ANSWER_SECONDS_MAX)


def _login(token: str) -> httpx.Headers:
    return httpx.Headers({"Authorization": f"Bearer {token}"})


async def _told(servers: Servers, service: str, dsn: str) -> None:
    """Wait until the stream ends with what was said last: the relay works beside no question then."""
    async with servers.pool(dsn, 1) as pool, pool.acquire() as connection, servers.client(service) as client:
        last = await last_position(connection)
        js = client.jetstream()
        while True:
            stream = await js.stream_info(stream_of(service))
            told = await js.get_msg(stream_of(service), stream.state.last_seq)
            if (told.headers or {}).get(POSITION) == str(last.position):
                return
            await asyncio.sleep(LOOK_SECONDS)


def _heard(counties: int) -> int:
    """Return a county that the growth curve's own work brought."""
    return county_between(counties, 0)


def _new(counties: int) -> int:
    """Return a county that it did not bring."""
    return county_between(counties, TURNS)


async def _import(client: httpx.AsyncClient, counties: int) -> None:
    """Import the papers of one more county than the growth curve's own work brought."""
    county = _new(counties)
    people = list(children(COUNTY, county, county))
    told = [("areas", {"on": str(FIRST_DAY)}, "areas.csv", area_list(people))]
    for name, content, _ in rosters(people, county):
        told.append(("rosters", {"filed_on": str(NEXT_DAY)}, name, content))
    for what, day, name, content in told:
        answer = await client.post(f"/imports/{what}", params=day, files={"file": (name, content)})
        answer.raise_for_status()


async def _pair(client: httpx.AsyncClient, counties: int) -> None:
    """Give a county that was heard of one more list of carers, and pair whom it has seats for."""
    county = _heard(counties)
    file = {"file": ("carers.csv", carer_list(list(children(COUNTY, county, county)), county))}
    answer = await client.post("/imports/carers", params={"on": str(PAIRED_ON)}, files=file)
    answer.raise_for_status()
    answer = await client.post("/suggestions/assign", json={"area": str(county), "on": str(PAIRED_ON)})
    answer.raise_for_status()


async def _judge(client: httpx.AsyncClient, _counties: int) -> None:
    """Judge the next month's windows of all children."""
    answer = await client.post("/advance", json={"to": str(NEXT_MONTH_JUDGED)})
    answer.raise_for_status()


HEAVIEST: Mapping[str, Callable[[httpx.AsyncClient, int], Awaitable[None]]] = {
    "registry": _import,
    "pairing": _pair,
    "contact": _judge,
}
"""Each is told how many counties there are. Of reporting it would be a rebuild, for which copies have no bodies."""


def _question(service: str, logins: Mapping[str, str], county: str, chance: random.Random) -> Question:
    """Return a question of *county*'s caller, of an area in it."""
    area = village_of(chance.randrange(COUNTY), int(county))[: chance.choice((6, 9, 12))]
    day = FIRST_DAY + timedelta(days=chance.randrange(60))
    return chance.choice(PATHS[service]).format(area=area, day=day), _login(logins[county])


async def _ask(client: httpx.AsyncClient, questions: Iterator[Question]) -> None:
    """Ask all *questions*, AT_ONCE at a time."""

    async def one_after_the_other() -> None:
        for path, login in questions:
            (await client.get(path, headers=login)).raise_for_status()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())
