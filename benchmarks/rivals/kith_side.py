"""Kith at the work that its rivals do, by the same code that its services run."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from benchmarks.invented import new_id
from benchmarks.rebuilding import COLUMNS
from benchmarks.rivals.work import PROJECTED, STREAM_EVENTS, STREAMS, Work
from benchmarks.servers import Servers
from benchmarks.streaming import fresh_stream
from services.reporting.readers import readers
from services.reporting.rebuilding import rebuild
from shared.contracts.contact import VisitLogged
from shared.contracts.event import Event
from shared.decider import Decider
from shared.event_store import START, Append, Meta, NewEvent, Pool, append, last_position, load, read_after
from shared.handling import Cause, decide_and_append
from shared.receiving import Receiving
from shared.relay import Relay

META = Meta(UUID(int=1), UUID(int=2), "bench")
PAGE = 500
WAIT_SECONDS_MAX = 60.0
VILLAGES = 1_000
BODY = {
    "area": "431299100001",
    "on": "2026-03-01",
    "recorded_on": "2026-03-02",
    "visit_id": UUID(int=1),
    "child_id": UUID(int=2),
    "kind": "guardian_talk",
    "reached": True,
    "entered_on": "2026-03-02",
    "in_file": True,
}

Do = Callable[[], Awaitable[object]]


def visit(child: int = 0) -> VisitLogged:
    """Return an event of the same content as the rivals', about a child of a village of its own."""
    area = f"43129910{child % VILLAGES:04}"
    return VisitLogged.model_validate(BODY | {"area": area, "child_id": UUID(int=child + 1)})


def evolve(reached: int, event: VisitLogged) -> int:
    """Count how many were reached, as the rivals do."""
    return reached + event.reached


VISITS: Decider[None, int] = Decider("visits", 0, lambda _command, _state: [visit()], evolve)


class KithSide:
    """Kith's store on one fresh database of contact."""

    def __init__(self, servers: Servers, pool: Pool, work: Work, seconds: float) -> None:
        self._servers, self._pool, self._work, self._seconds = servers, pool, work, seconds
        self._chance = random.Random(time.perf_counter_ns())  # noqa: S311 - ids of a benchmark

    async def append(self) -> float:
        return await self._timed(lambda: lambda: self._write(self._new_stream(), self._work.events)) * (
            self._work.events
        )

    async def command(self) -> float:
        """Load, decide and append as a service does inside a command's transaction."""

        def own_stream() -> Do:
            numbers = itertools.count()
            entity = [new_id(self._chance)]

            async def handle() -> None:
                if next(numbers) % STREAM_EVENTS == 0:
                    entity[0] = new_id(self._chance)
                command_id = new_id(self._chance)
                cause = Cause(command_id, b"", "bench", command_id)
                async with self._pool.acquire() as connection, connection.transaction():
                    await decide_and_append(connection, VISITS, entity[0], None, cause)

            return handle

        return await self._timed(own_stream)

    async def read(self) -> float:
        streams = [self._new_stream() for _ in range(STREAMS)]
        for stream in streams:
            await self._write(stream, STREAM_EVENTS)
        turn = itertools.cycle(streams)

        async def read_one() -> None:
            async with self._pool.acquire() as connection:
                past = await load(connection, next(turn))
            assert VISITS.fold(past) == STREAM_EVENTS

        return await self._timed(lambda: read_one)

    async def project(self) -> float:
        """Project through the whole way: the log, the relay, the bus, reporting's tables."""
        for child in range(PROJECTED // STREAM_EVENTS):
            await self._write(self._new_stream(), STREAM_EVENTS, child)
        reader = next(one for one in readers() if one.source == "contact")
        async with (
            self._servers.client() as operator,
            self._servers.client("contact") as speaking,
            self._servers.client("reporting") as reading,
            self._servers.fresh_pool("reporting") as tables,
        ):
            await fresh_stream(operator, "contact")
            async with self._pool.acquire() as connection:
                end = await last_position(connection)
            begun = time.perf_counter()
            receiving = Receiving(tables, reading, reader, UUID(int=3))
            relay = Relay(self._pool, speaking, "contact", asyncio.Event(), UUID(int=3))
            tasks = [asyncio.create_task(relay.run()), asyncio.create_task(receiving.run())]
            assert await receiving.caught_up(end, WAIT_SECONDS_MAX)
            took = time.perf_counter() - begun
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return PROJECTED / took

    async def rebuild(self) -> float:
        """Rebuild reporting's tables, all of them, from as many events."""
        dsn = await self._servers.database("reporting")
        async with self._servers.pool(self._servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
            told = [visit(n % (PROJECTED // STREAM_EVENTS)) for n in range(PROJECTED)]
            rows = [
                (
                    *("contact", 1, n, new_id(self._chance), n, 1, "VisitLogged", f"visits-{one.child_id}"),
                    *(one.area, one.model_dump_json(), "{}"),
                )
                for n, one in enumerate(told, start=1)
            ]
            await connection.copy_records_to_table(
                "received", schema_name="kept", columns=COLUMNS, records=rows
            )
        async with self._servers.pool(dsn) as tables:
            begun = time.perf_counter()
            assert await rebuild(tables)
            took = time.perf_counter() - begun
        await self._servers.drop(dsn)
        return PROJECTED / took

    async def lose(self) -> float:
        """Return how many of the events that many writers append a tailing reader never sees."""
        seen: set[str] = set()
        over = asyncio.Event()

        async def tail() -> None:
            place = START
            while True:
                last = over.is_set()
                async with self._pool.acquire() as connection:
                    page = await read_after(connection, place, PAGE)
                seen.update(recorded.event_id for recorded in page)
                if page:
                    place = page[-1].place
                elif last:
                    return

        tailing = asyncio.create_task(tail())
        await self._timed(lambda: lambda: self._write(self._new_stream(), 1))
        over.set()
        await tailing
        written: int = await self._pool.fetchval("SELECT count(*) FROM kernel.events")
        return written - len(seen)

    def _new_stream(self) -> str:
        return f"visits-{new_id(self._chance)}"

    async def _write(self, stream: str, count: int, child: int = 0) -> None:
        events: list[Event] = [visit(child) for _ in range(count)]
        new = [NewEvent.named(new_id(self._chance), event) for event in events]
        async with self._pool.acquire() as connection:
            await append(connection, Append(stream, new, expected=0), META)

    async def _timed(self, make: Callable[[], Do]) -> float:
        """Do it with as many workers as there are until the time is over; return how often a second."""
        begun = time.perf_counter()
        deadline = begun + self._seconds
        count = 0

        async def run(do: Do) -> None:
            nonlocal count
            while time.perf_counter() < deadline:
                await do()
                count += 1

        await asyncio.gather(*(run(make()) for _ in range(self._work.workers)))
        return count / (time.perf_counter() - begun)
