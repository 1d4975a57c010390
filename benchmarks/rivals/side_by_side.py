"""Every piece of work by Kith and by each rival, in turns, on one PostgreSQL: the table of rivals."""

import asyncio
import math
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import orjson

from benchmarks.figure import Figure, in_turns
from benchmarks.rivals.kith_side import KithSide
from benchmarks.rivals.work import FLUSHED, LOST, SECONDS, WORKS, Work
from benchmarks.servers import Servers

HERE = Path(__file__).parent
PYTHON = Path("build/bench-venv/bin/python")
EMMETT = Path("build/bench-emmett/side.mjs")
RIVAL_SECONDS_MAX = 120.0
RELOAD_SECONDS_MAX, LOOK_SECONDS = 10.0, 0.05
FLUSH_MICROSECONDS = 1_000
"""What stands for the flush of a disk elsewhere: PostgreSQL waits so long before each."""


class NoAnswer(Exception):
    """A rival ended with an error; the message is the end of what it said."""


def commands() -> dict[str, list[str]]:
    """Return how each rival that is installed is started."""
    found = {}
    if PYTHON.exists():
        found["eventsourcing"] = [str(PYTHON), str(HERE / "eventsourcing_side.py")]
    node = shutil.which("node")
    if node and EMMETT.exists():
        found["Emmett"] = [node, str(EMMETT)]
    return found


async def rivals(servers: Servers, repetitions: int) -> list[Figure]:
    """Measure every work; a rival that is not installed is said to be so."""
    figures = []
    for name, work in WORKS.items():
        figures += await _beside(servers, name, work, repetitions)
    await _flush(servers, FLUSH_MICROSECONDS)
    try:
        for name, work in FLUSHED.items():
            told = f"{name}, {work.workers} connections, 1 ms flush"
            figures += await _beside(servers, told, work, repetitions)
    finally:
        await _flush(servers, 0)
    lost = f"events lost by a tailing reader, {LOST.workers} writers"
    return figures + await _beside(servers, lost, LOST, repetitions)


async def _beside(servers: Servers, name: str, work: Work, repetitions: int) -> list[Figure]:
    started = commands()

    async def ours() -> float:
        async with servers.fresh_pool("contact", work.workers + 1) as pool:
            side = KithSide(servers, pool, work, SECONDS)
            return await _do(side, work)

    def theirs(command: list[str]) -> Callable[[], Awaitable[float]]:
        async def measure() -> float:
            return await _theirs(servers, command, work)

        return measure

    mine, *limits = await in_turns(repetitions, ours, *map(theirs, started.values()))
    measured = dict(zip(started, limits, strict=True))
    return [
        Figure(
            f"{name}, beside {rival}",
            mine,
            None if math.isnan(measured.get(rival, math.nan)) else measured[rival],
            work.unit,
            note=_note(measured.get(rival)),
            fewer=work is LOST,
        )
        for rival in ("eventsourcing", "Emmett")
    ]


def _note(measured: float | None) -> str:
    if measured is None:
        return "not installed"
    return f"no answer in {RIVAL_SECONDS_MAX:.0f} s" if math.isnan(measured) else ""


async def _do(side: KithSide, work: Work) -> float:
    does: dict[str, Callable[[], Awaitable[float]]] = {
        "append": side.append,
        "command": side.command,
        "read": side.read,
        "project": side.project,
        "rebuild": side.rebuild,
        "lose": side.lose,
    }
    return await does[work.name]()


async def _theirs(servers: Servers, command: list[str], work: Work) -> float:
    """Run a rival in a process of its own on a fresh database and return what it says, NaN where it does not."""
    dsn = await servers.empty_database()
    words = [*command, dsn, work.name, str(work.workers), str(work.events), str(SECONDS)]
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RIVAL_SECONDS_MAX):
            said, failed = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return math.nan
    finally:
        await servers.drop(dsn)
    if process.returncode:
        raise NoAnswer(failed.decode()[-2000:])
    answer: float = orjson.loads(said.splitlines()[-1])
    return float(answer)


async def _flush(servers: Servers, microseconds: int) -> None:
    """Let every new connection wait so long before each flush of the log."""
    admin = await asyncpg.connect(servers.postgres.admin_dsn)
    await admin.execute(f"ALTER SYSTEM SET commit_delay = {microseconds}")
    await admin.execute("ALTER SYSTEM SET commit_siblings = 0")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    # The server tells its processes in its own time.
    async with asyncio.timeout(RELOAD_SECONDS_MAX):
        while await _delay(servers) != microseconds:  # noqa: ASYNC110 - the server tells nobody here
            await asyncio.sleep(LOOK_SECONDS)


async def _delay(servers: Servers) -> int:
    """Return for how many µs a connection that is made now waits before each flush."""
    admin = await asyncpg.connect(servers.postgres.admin_dsn)
    told: int = await admin.fetchval("SELECT setting::int FROM pg_settings WHERE name = 'commit_delay'")
    await admin.close()
    return told
