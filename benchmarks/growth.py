"""`python -m benchmarks.growth 2500 25000 250000`: what a child costs, in time and memory, as children become more.

Each piece of work runs in a process of its own, whose memory is told beside its time; what it works on is
loaded before by another.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import NamedTuple

import orjson
import uvloop

from benchmarks.invented import children, year
from benchmarks.judging import load_contact
from benchmarks.plot import Line, plot
from benchmarks.rebuilding import load_received
from benchmarks.servers import Servers, servers

SIZES = (2_500, 25_000, 250_000)
NATION = 9_020_000
"""Children left behind at the count of 2016; asked for by size, never by default."""
MONTHS = 1
"""Months of visits a child has here: more events change the size, not the growth."""
PLOT = Path("docs/images/growth.svg")


class Cost(NamedTuple):
    """What a piece of work cost at one size."""

    work: str
    children: int
    microseconds: float
    """For each child; of a dashboard, for each question."""
    megabytes: float
    """The most that its process ever held."""


def main() -> None:
    """Measure each size, the smallest first, and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    told = parser.parse_args()
    costs: list[Cost] = []
    with servers() as on:
        for size in sorted(told.sizes):
            costs += uvloop.run(_measured(on, size))
            sys.stderr.write(f"{size:,} children measured\n")
    sys.stdout.write(_table(costs) + "\n")
    PLOT.write_text(_drawn(costs), encoding="utf-8")


async def _measured(on: Servers, size: int) -> list[Cost]:
    registry, contact, reporting = [
        await on.database(service) for service in ("registry", "contact", "reporting")
    ]
    await load_contact(on, contact, list(children(size)), MONTHS)
    await load_received(on, reporting, year(size, months=MONTHS))
    await on.checkpoint()
    costs = [
        await _cost("register", registry, size),
        await _cost("judge a month", contact, size),
        await _cost("project a year's files and a month", reporting, size),
        await _cost("dashboard, a question", reporting, size),
    ]
    for dsn in (registry, contact, reporting):
        await on.drop(dsn)
    return costs


async def _cost(work: str, dsn: str, size: int) -> Cost:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.growing", work, dsn, str(size)), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, work
    microseconds, megabytes = orjson.loads(said.splitlines()[-1])
    return Cost(work, size, microseconds, megabytes)


def _table(costs: list[Cost]) -> str:
    sizes = sorted({cost.children for cost in costs})
    lines = [
        "| µs a child (MB of the process) |" + "".join(f" {size:,} |" for size in sizes),
        "|---|" + "---:|" * len(sizes),
    ]
    for work in dict.fromkeys(cost.work for cost in costs):
        cells = [f"{one.microseconds:,.0f} ({one.megabytes:.0f})" for one in costs if one.work == work]
        lines.append(f"| {work} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _drawn(costs: list[Cost]) -> str:
    lines = [
        Line(work, [(one.children, one.microseconds) for one in costs if one.work == work])
        for work in dict.fromkeys(cost.work for cost in costs)
    ]
    return plot("Microseconds a child, by number of children", lines)


if __name__ == "__main__":
    main()
