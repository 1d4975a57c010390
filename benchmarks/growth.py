"""`python -m benchmarks.growth 2500 25000 250000`: what a child costs, in time and memory, as children become more.

The services themselves make one county of 2,500 children; its rows are multiplied to so many counties
(benchmarks.multiplying). Then each piece of work runs a few times, each in a process of its own, whose memory is
told. At last the whole service does its heaviest work and answers many questions at once, and reporting rebuilds.
"""

import argparse
import asyncio
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import asyncpg
import orjson
import uvloop

from benchmarks.growing import COUNTY, MONTHS, MONTHS_JUDGED, TURNS
from benchmarks.invented import children
from benchmarks.judging import load_contact
from benchmarks.multiplying import TABLES
from benchmarks.plot import Line, plot
from benchmarks.servers import Servers, servers
from benchmarks.whole import whole
from benchmarks.whole_rebuild import REBUILT_MAX, rebuilt
from kith.deployment import Deployment

SIZES = (2_500, 25_000, 250_000)
SECONDS = 60.0
"""How long one piece of work may take at most: it goes piece by piece, and what a child costs is the same."""
PLOT, MEMORY, RESULT = (
    Path("docs/images/growth.svg"),
    Path("docs/images/growth_memory.svg"),
    Path("build/growth.json"),
)
JUDGING = "judge a month"
WORKS: Mapping[str, Sequence[str]] = {
    "registry": ("import",),
    "pairing": ("pair a county",),
    "contact": (JUDGING,),
    "reporting": (
        "project a month",
        "dashboard, its limit: one SELECT",
        "dashboard, a question",
        "dashboard, the question again",
    ),
}
REBUILD = "the whole reporting, rebuilding a month"


class Cost(NamedTuple):
    """What a piece of work cost at one size, in the middle one of its turns by the processor's time."""

    work: str
    children: int
    """How many the tables held."""
    done: float
    """Of how many children the work was done, or how many questions were asked."""
    microseconds: float
    """For each of them, by the clock."""
    processor: float
    """For each of them, of the processor: of the work's process and of PostgreSQL."""
    megabytes: float
    """The most that any of its processes ever held."""
    postgres: float = 0.0
    """MiB that all processes of PostgreSQL held together at most, 0 where none but the work's was weighed."""
    backend: float = 0.0
    """MiB that one of them held of its own."""
    bus: float = 0.0
    """MiB that NATS held."""


class Told(NamedTuple):
    """How the measuring is to go."""

    sizes: Sequence[int]
    services: Sequence[str]
    leave_out: Sequence[str]
    """Tables that stay as one county leaves them: rows are added there and not looked for, and disks are small."""
    seconds: float
    loading: Sequence[str]
    """A command that is put before each loading, on a machine that others use."""
    measuring: Sequence[str]
    """And before each measuring."""
    settings: Mapping[str, str]
    """Of PostgreSQL, to see what the growth comes from; such a run is told and neither kept nor drawn."""


def main() -> None:
    """Measure each size, the smallest first, and draw the curves."""
    told = _told()
    RESULT.parent.mkdir(exist_ok=True)
    costs: list[Cost] = []
    with servers(told.settings) as on:
        for size in sorted(told.sizes):
            for service in told.services:
                costs += uvloop.run(_measured(on, service, size, told))
    if told.settings:
        _print(costs)
        return
    _keep(costs)
    _print(_kept())
    _draw(_kept())


async def _measured(on: Servers, service: str, size: int, told: Told) -> list[Cost]:
    counties, began = size // COUNTY, time.perf_counter()
    environment = _environment(on, service)
    dsn = await on.database(service)
    admin = on.as_admin(dsn)
    if service == "contact":
        await load_contact(on, dsn, list(children(COUNTY)), MONTHS + MONTHS_JUDGED + 1)
    await _run([*told.loading, *_growing(on, f"found {service}", dsn, 1, told.seconds, 0)], environment)
    for table in TABLES[service]:
        if counties == 1 or table in told.leave_out:
            continue
        command = [sys.executable, "-m", "benchmarks.multiplying", service, table, admin, str(counties)]
        await _run([*told.loading, *command], environment)
        _say(f"{table}: {await _gigabytes(admin):.2f} GB, {time.perf_counter() - began:.0f} s")
    await on.settle(dsn)
    _say(f"{service}, {size:,} children: {await _gigabytes(admin):.2f} GB")
    costs = []
    for work in WORKS[service]:
        turns = []
        for turn in range(MONTHS_JUDGED if work == JUDGING else TURNS):
            command = [*told.measuring, *_growing(on, work, dsn, counties, told.seconds, turn)]
            turns.append(Cost(work, size, *orjson.loads((await _run(command, environment)).splitlines()[-1])))
            _say(str(turns[-1]))
        costs.append(_middle(turns))
    costs.append(Cost(_whole(service), size, *await whole(on, service, dsn, counties)))
    _say(str(costs[-1]))
    await on.drop(dsn)
    if service == "reporting" and size <= REBUILT_MAX:
        costs.append(Cost(REBUILD, size, *await rebuilt(on, size)))
        _say(str(costs[-1]))
    return costs


def _environment(on: Servers, service: str) -> dict[str, str]:
    deployment = Deployment(on.folder)
    deployment.prepare()
    return deployment.environment_of(service, on.postgres, on.bus, "advanced")


def _middle(turns: Sequence[Cost]) -> Cost:
    middle = sorted(turns, key=lambda turn: turn.processor)[len(turns) // 2]
    return middle._replace(megabytes=max(turn.megabytes for turn in turns))


def _growing(on: Servers, work: str, dsn: str, *land: float) -> list[str]:
    """Return the command for *work* on a *land*: how many counties, seconds at most, and which turn it is."""
    words = (work, dsn, on.postgres.process.pid, *land)
    return [sys.executable, "-m", "benchmarks.growing", *map(str, words)]


async def _run(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    said, _ = await process.communicate()
    assert process.returncode == 0, command
    return said


async def _gigabytes(admin: str) -> float:
    connection = await asyncpg.connect(admin)
    size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return size / 1e9


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _keep(costs: Sequence[Cost]) -> None:
    """Put *costs* beside what was measured before, in the place of the same work at the same size."""
    known = {(cost.work, cost.children): cost for cost in _kept()}
    known |= {(cost.work, cost.children): cost for cost in costs}
    RESULT.write_bytes(orjson.dumps([cost._asdict() for cost in known.values()], option=orjson.OPT_INDENT_2))


def _kept() -> list[Cost]:
    kept = orjson.loads(RESULT.read_bytes()) if RESULT.exists() else []
    order = [*chain(*WORKS.values()), *map(_whole, WORKS), REBUILD]
    return sorted((Cost(**cost) for cost in kept), key=lambda cost: (order.index(cost.work), cost.children))


def _whole(service: str) -> str:
    return f"the whole {service}, a question"


def _print(costs: Sequence[Cost]) -> None:
    """Print what a child costs, how that grew to the greatest size, and what the servers held beside services."""
    weighed = [cost for cost in costs if cost.postgres]
    a_child = _table("processor µs a child (by the clock; MB of the process)", costs, _cell)
    of_servers = _table("MiB of PostgreSQL (of its largest process; of NATS)", weighed, _cell_of_servers)
    greatest = max(cost.children for cost in costs)
    beside = {cost.work: cost for cost in costs if cost.children == greatest}
    smaller = [cost for cost in costs if cost.work in beside and cost.children < greatest]
    grown = _table(
        f"times as much beside {greatest:,} (by the clock)",
        smaller,
        lambda one: _times(beside[one.work], one),
    )
    sys.stdout.write(f"{a_child}\n\n{grown}\n\n{of_servers}\n")


def _table(what: str, costs: Sequence[Cost], cell: Callable[[Cost], str]) -> str:
    sizes = sorted({cost.children for cost in costs})
    lines = [f"| {what} |" + "".join(f" {size:,} |" for size in sizes), "|---|" + "---:|" * len(sizes)]
    for work in dict.fromkeys(cost.work for cost in costs):
        cells = {one.children: cell(one) for one in costs if one.work == work}
        lines.append(f"| {work} | " + " | ".join(cells.get(size, "") for size in sizes) + " |")
    return "\n".join(lines)


def _cell(cost: Cost) -> str:
    return f"{cost.processor:,.0f} ({cost.microseconds:,.0f}; {cost.megabytes:.0f})"


def _times(cost: Cost, smaller: Cost) -> str:
    return f"{cost.processor / smaller.processor:.2f} ({cost.microseconds / smaller.microseconds:.2f})"


def _cell_of_servers(cost: Cost) -> str:
    return f"{cost.postgres:.0f} ({cost.backend:.0f}; {cost.bus:.0f})"


def _draw(costs: Sequence[Cost]) -> None:
    """Draw what a child costs in each work, and how much memory each whole service held."""
    time_a_child = "Processor time a child, in microseconds, by number of children"
    PLOT.write_text(
        plot(time_a_child, _lines(costs, chain(*WORKS.values()), attrgetter("processor"))), encoding="utf-8"
    )
    wholes = [*map(_whole, WORKS), REBUILD]
    held = "The most memory of a service, in MB, by number of children"
    MEMORY.write_text(plot(held, _lines(costs, wholes, attrgetter("megabytes"))), encoding="utf-8")


def _lines(costs: Sequence[Cost], works: Iterable[str], height: Callable[[Cost], float]) -> list[Line]:
    return [
        Line(work, points)
        for work in works
        if (points := [(float(one.children), height(one)) for one in costs if one.work == work])
    ]


def _told() -> Told:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, help=f"multiples of {COUNTY:,}")
    parser.add_argument("--services", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--leave-out", nargs="+", default=[], help="tables that are not to be multiplied")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="at most, for a piece of work")
    parser.add_argument("--loading-under", default="", help="a command to put before each loading")
    parser.add_argument("--measuring-under", default="", help="a command to put before each measuring")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of PostgreSQL")
    told = parser.parse_args()
    if wrong := [size for size in told.sizes if size % COUNTY]:
        parser.error(f"no multiple of {COUNTY:,}: {wrong}")
    return Told(
        told.sizes,
        told.services,
        told.leave_out,
        told.seconds,
        shlex.split(told.loading_under),
        shlex.split(told.measuring_under),
        dict(one.split("=", 1) for one in told.set),
    )


if __name__ == "__main__":
    main()
