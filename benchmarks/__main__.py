"""`python -m benchmarks`: every figure beside its limit, as a table and as JSON."""

import argparse
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import structlog
import uvloop

from benchmarks.appending import bulk_append, single_appends
from benchmarks.dashboard import dashboard
from benchmarks.figure import Figure, table
from benchmarks.invented import EVENTS_A_CHILD, MONTHS, VISITS_A_MONTH
from benchmarks.judging import judging
from benchmarks.latency import latency
from benchmarks.rebuilding import rebuilding
from benchmarks.receiving import receiving
from benchmarks.relaying import relay
from benchmarks.rivals.side_by_side import rivals
from benchmarks.servers import Servers, servers
from benchmarks.tracing import tracing
from shared.garbage import settle

OUTPUT = Path("build/bench.json")
EVENTS_OF_DASHBOARD = 1_000_000

Rows = Callable[[Servers, argparse.Namespace], Awaitable[Figure | list[Figure]]]

ROWS: dict[str, Rows] = {
    "single": lambda on, told: single_appends(on, told.appends, told.repetitions, told.held),
    "bulk": lambda on, told: bulk_append(on, told.bulk, told.repetitions, told.held),
    "relay": lambda on, told: relay(on, told.relayed, told.repetitions),
    "receiving": lambda on, told: receiving(on, told.received_children, told.months, told.repetitions),
    "rebuild": lambda on, told: rebuilding(on, told.rebuilt_children, told.months, told.repetitions),
    "judging": lambda on, told: judging(on, told.judged_children, told.repetitions),
    "dashboard": lambda on, told: dashboard(on, told.asked_children, told.months, told.repetitions),
    "latency": lambda on, told: latency(on, told.paces, told.seconds),
    "tracing": lambda _on, told: tracing(told.requests, told.repetitions),
    "rivals": lambda on, told: rivals(on, told.rival_repetitions),
}


def main() -> int:
    """Measure what was asked for; return 0 even where a ratio is missed: a figure is no test."""
    told = _arguments().parse_args()
    if told.children:
        _size(told, told.children)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    names = told.rows or list(ROWS)
    figures: list[Figure] = []
    try:
        with servers() as on:
            uvloop.run(_measure(on, told, names, figures))
    finally:  # what took minutes to measure is not lost with a row that failed
        sys.stdout.write(table(figures) + "\n")
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_bytes(orjson.dumps([one.as_json() for one in figures], option=orjson.OPT_INDENT_2))
    return 0


async def _measure(on: Servers, told: argparse.Namespace, names: list[str], figures: list[Figure]) -> None:
    for name in names:
        await on.checkpoint()
        settle()  # as a service does: else both sides of a row would look for garbage all the time
        begun = time.perf_counter()
        measured = await ROWS[name](on, told)
        figures += [measured] if isinstance(measured, Figure) else measured
        sys.stderr.write(f"{name}: {time.perf_counter() - begun:.0f} s\n")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="row", help=", ".join(ROWS))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--paces", type=int, nargs="+", default=[200, 1_000], help="commands a second")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each pace is kept")
    parser.add_argument("--rival-repetitions", type=int, default=3)
    parser.add_argument("--children", type=int, help="behind each row, instead of the sizes that follow")
    parser.add_argument(
        "--held", type=int, default=0, help="children of whom a log holds events before appends"
    )
    parser.add_argument("--appends", type=int, default=3_000, help="single appends in one repetition")
    parser.add_argument("--requests", type=int, default=20_000, help="requests traced in one repetition")
    parser.add_argument("--bulk", type=int, default=10_000, help="events of one bulk append")
    parser.add_argument("--relayed", type=int, default=20_000, help="events relayed in one repetition")
    parser.add_argument("--received-children", type=int, default=400, help="children whose year is received")
    parser.add_argument("--rebuilt-children", type=int, default=2_500, help="children whose year is rebuilt")
    parser.add_argument("--judged-children", type=int, default=100_000)
    parser.add_argument(
        "--asked-children",
        type=int,
        default=EVENTS_OF_DASHBOARD // EVENTS_A_CHILD,
        help="behind the dashboard",
    )
    parser.add_argument(
        "--months", type=int, default=MONTHS, help="of what is received, rebuilt and asked for, at most ten"
    )
    return parser


def _size(told: argparse.Namespace, children: int) -> None:
    """Let what is behind each row be of so many *children*."""
    told.held = told.received_children = told.rebuilt_children = children
    told.judged_children = told.asked_children = children
    told.relayed = max(told.relayed, children * VISITS_A_MONTH)


if __name__ == "__main__":
    sys.exit(main())
