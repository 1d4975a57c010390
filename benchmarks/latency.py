"""From an accepted command to the dashboard that shows it: paced visits, each looked for by its position."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import quantiles

import orjson

from benchmarks.figure import Figure
from benchmarks.invented import Child, children, year
from benchmarks.judging import load_contact
from benchmarks.rebuilding import load_received
from benchmarks.servers import Servers
from benchmarks.services_at_work import Caller, Probed, at_work, token
from benchmarks.streaming import fresh_streams
from services.reporting.rebuilding import rebuild
from shared.garbage import settle
from shared.tokens import Role

PEOPLE = 1_000
CONNECTIONS = 32
"""Commands on their way at once; a pace that needs more is not kept, and the figure says so."""
WATCHERS = 16
"""Questions to the dashboard on their way at once."""
LOOKS_A_SECOND = 40
"""How often the dashboard is asked: more often, and the asking would be most of the load that is measured."""
MILLISECONDS_MAX = 100.0
AIMED_AT = 200
QUESTION = "/figures?area=430001&as_of=2026-12-31"
WARMING = 20
"""Requests of each connection before the first that counts."""
FIRST_DAY = date(2026, 1, 1)
DAYS = 300


@dataclass
class Measured:
    """What was seen of one pace."""

    accepted: int = 0
    answered: list[float] = field(default_factory=list)
    """Milliseconds from when a command was due, so that waiting for a free connection counts, to its answer."""
    seen: list[float] = field(default_factory=list)
    """Milliseconds from the answer to a dashboard that holds it; what passes before it is asked counts too."""
    newest: tuple[float, str] | None = None


async def latency(servers: Servers, paces: list[int], seconds: float) -> list[Figure]:
    """Measure each pace, in commands a second, for *seconds*."""
    databases = {
        "contact": await servers.database("contact"),
        "reporting": await servers.database("reporting"),
    }
    people = list(children(PEOPLE))
    await load_contact(servers, databases["contact"], people, 0)
    told = (one for one in year(PEOPLE) if one.source == "registry")
    await load_received(servers, databases["reporting"], told)
    async with servers.pool(databases["reporting"]) as pool:
        assert await rebuild(pool)
    await fresh_streams(servers)
    commands = _commands(people)
    figures = []
    with at_work(servers, databases) as processes:
        login = token(servers, Role.COUNTY, tuple({child.area[:6] for child in people}))
        watching = token(servers, Role.COUNTY, tuple({child.area[:6] for child in people}))
        for pace in paces:
            measured = await _at_pace(processes, (login, watching), commands, pace, seconds)
            figures += _figures(pace, measured, seconds)
    for dsn in databases.values():
        await servers.drop(dsn)
    return figures


async def _commands(people: list[Child]) -> AsyncIterator[bytes]:
    """Yield visits that nobody has told of yet."""
    chance = random.Random(1)  # noqa: S311 - invented visits, no secret
    for day in range(DAYS):
        for child in chance.sample(people, len(people)):
            on = FIRST_DAY + timedelta(days=day)
            yield orjson.dumps({"child_id": child.child_id, "kind": "parent_call", "on": on, "reached": True})


async def _at_pace(
    processes: dict[str, Probed],
    logins: tuple[str, str],
    commands: AsyncIterator[bytes],
    pace: int,
    seconds: float,
) -> Measured:
    measured = Measured()
    async with AsyncExitStack() as stack:
        free = await _callers(stack, processes["contact"], logins[0], CONNECTIONS)
        watchers = await _callers(stack, processes["reporting"], logins[1], WATCHERS)
        await _warm(free, watchers, commands)
        sending = []
        settle()  # as the services do: a look through all of it here would be waited for there
        watching = asyncio.create_task(_watch(watchers, measured, seconds))
        begun = time.perf_counter()
        for n in range(int(pace * seconds)):
            due = begun + n / pace
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            caller, body = await free.get(), await anext(commands)
            if time.perf_counter() - begun > seconds:
                break
            sending.append(asyncio.create_task(_send(caller, free, body, due, measured)))
        await asyncio.gather(*sending, watching)
    return measured


async def _callers(stack: AsyncExitStack, process: Probed, login: str, count: int) -> "asyncio.Queue[Caller]":
    free: asyncio.Queue[Caller] = asyncio.Queue()
    for _ in range(count):
        caller = await Caller.to(process, login)
        stack.callback(caller.close)
        free.put_nowait(caller)
    return free


async def _warm(
    free: "asyncio.Queue[Caller]", watchers: "asyncio.Queue[Caller]", commands: AsyncIterator[bytes]
) -> None:
    """Use every connection first, so that each of the services' to their databases has its statements ready."""

    async def some(caller: Caller, bodies: list[bytes]) -> None:
        for body in bodies:
            await caller.tell("/visits", body)

    async def look(caller: Caller) -> None:
        for _ in range(WARMING):
            await caller.ask(QUESTION)

    callers, lookers = _all_of(free), _all_of(watchers)
    bodies = [[await anext(commands) for _ in range(WARMING)] for _ in callers]
    await asyncio.gather(*map(some, callers, bodies), *map(look, lookers))
    for queue, waiting in ((free, callers), (watchers, lookers)):
        for caller in waiting:
            queue.put_nowait(caller)


def _all_of(queue: "asyncio.Queue[Caller]") -> list[Caller]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def _send(
    caller: Caller, free: "asyncio.Queue[Caller]", body: bytes, due: float, measured: Measured
) -> None:
    answer = orjson.loads(await caller.tell("/visits", body))
    now = time.perf_counter()
    free.put_nowait(caller)
    measured.accepted += 1
    measured.answered.append((now - due) * 1000)
    measured.newest = (now, answer["position"])


async def _watch(free: "asyncio.Queue[Caller]", measured: Measured, seconds: float) -> None:
    """Look at a fixed pace, however long the looks before take: a dashboard that stands still is seen by many."""
    looking = []
    watched = None
    begun = time.perf_counter()
    for n in range(int(LOOKS_A_SECOND * seconds)):
        await asyncio.sleep(max(begun + n / LOOKS_A_SECOND - time.perf_counter(), 0))
        if measured.newest is not None and measured.newest != watched:
            watched = measured.newest
            looking.append(asyncio.create_task(_look(free, watched, measured)))
    await asyncio.gather(*looking)


async def _look(free: "asyncio.Queue[Caller]", newest: tuple[float, str], measured: Measured) -> None:
    """Ask the dashboard for the figures that hold the command that was accepted last."""
    accepted, position = newest
    caller = await free.get()
    await caller.ask(f"{QUESTION}&after={position}")
    measured.seen.append((time.perf_counter() - accepted) * 1000)
    free.put_nowait(caller)


def _figures(pace: int, measured: Measured, seconds: float) -> list[Figure]:
    kept = f"{measured.accepted / seconds:.0f}/s kept"
    figures = []
    for what, found in (("seen on the dashboard", measured.seen), ("accepted", measured.answered)):
        cuts = quantiles(found, n=100)
        for percent in (50, 95, 99):
            aimed = what.startswith("seen") and percent == 99 and pace == AIMED_AT
            figures.append(
                Figure(
                    f"{what}, {pace:,} commands/s, p{percent}",
                    cuts[percent - 1],
                    MILLISECONDS_MAX if aimed else None,
                    "ms",
                    1.0 if aimed else None,
                    kept,
                    fewer=True,
                )
            )
    return figures
