"""`python -m benchmarks.load`: paced callers on a county's whole system, a spike, and how it recovers."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
import uvloop

from benchmarks.callers import PERIOD_SECONDS, Callers, Known, Sample
from benchmarks.wire import Connections
from kith.client import Client, Tokens
from kith.console import Console
from kith.demo import EXAMPLE
from kith.deployment import deployment_of
from kith.papers import papers_in
from kith.runtime import Runtime, running
from kith.signing import issue_token
from kith.year import Year
from shared import clock
from shared.messages import Language
from shared.subjects import SERVICES
from shared.tokens import Role

OUTPUT = Path("build/load.json")
FILED_ON = date(2026, 1, 1)
CHILDREN_MAX = 2_000
SPIKE_TIMES = 5
WINDOW_SECONDS = PERIOD_SECONDS
"""Of so long a window the p95 is compared with that of the steady part: then everybody has asked once."""
RECOVERED_TIMES = 2.0
"""Recovered is who answers within so many times the steady p95 and has nothing left to take."""
RECOVERY_SECONDS_MAX = 120.0
LAG_LOOK_SECONDS = 1.0
LIFETIME = timedelta(hours=12)

Json = dict[str, Any]


@dataclass
class Watched:
    """What the processes held and how far the readers were behind, by the second since the start."""

    runtime: Runtime
    services: dict[str, Connections]
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    lags: list[tuple[float, int]] = field(default_factory=list)

    def weigh(self, moment: str) -> None:
        self.memory[moment] = self.runtime.megabytes()

    async def lag(self) -> int:
        """Return how many events all readers together still have to take."""
        behind = 0
        for connections in self.services.values():
            status = orjson.loads((await connections.ask("GET", "/status")).body)
            behind += sum(reader["lag_events"] or 0 for reader in status["readers"])
        return behind

    async def look_for_ever(self) -> None:
        while True:
            self.lags.append((time.perf_counter(), await self.lag()))
            await asyncio.sleep(LAG_LOOK_SECONDS)

    async def until_all_is_taken(self) -> float:
        """Return how many seconds it took until nobody had anything left to take."""
        began = time.perf_counter()
        while True:
            seconds = time.perf_counter() - began
            if await self.lag() == 0 or seconds > RECOVERY_SECONDS_MAX:
                return seconds
            await asyncio.sleep(LAG_LOOK_SECONDS / 20)


def main() -> int:
    """Load a county's system and tell how it went; return 1 where a request failed in the steady part."""
    told = _arguments().parse_args()
    with _county(told.until) as (runtime, client):
        known, services, watched = _prepared(runtime, client)
        result = uvloop.run(_load(told, Callers(services, known), watched))
    sys.stdout.write(_text(result) + "\n")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return 1 if result["steady"]["failed"] else 0


async def _load(told: argparse.Namespace, callers: Callers, watched: Watched) -> Json:
    seconds = told.minutes * 60
    await callers.call(min(told.callers, 50), WINDOW_SECONDS, 0)  # connections and caches, as on any day
    watched.weigh("start")
    looking = asyncio.create_task(watched.look_for_ever())
    steady = await callers.call(told.callers, seconds / 2, 1)
    watched.weigh("middle")
    steady += await callers.call(told.callers, seconds / 2, 2)
    watched.weigh("end")
    lag_after = await watched.until_all_is_taken()
    spike = await callers.call(told.callers * SPIKE_TIMES, told.spike_seconds, 3)
    watched.weigh("after the spike")
    recovery = await _recovered(told.callers, callers, watched, _p(steady, 95)) if spike else None
    looking.cancel()
    return {
        "callers": told.callers,
        "minutes": told.minutes,
        "a_second": round(len(steady) / seconds, 1),
        "steady": _part(steady),
        "spike": {"times": SPIKE_TIMES, "seconds": told.spike_seconds, **_part(spike)} if spike else None,
        "recovery_seconds": recovery,
        "lag": {
            "most_events": max((lag for _, lag in watched.lags), default=0),
            "seconds_to_zero": round(lag_after, 2),
        },
        "memory_mib": watched.memory,
    }


async def _recovered(callers: int, calling: Callers, watched: Watched, steady_p95: float) -> float | None:
    """Return the seconds from the spike's end until answers are as quick as before and nothing is left to take.

    Told in whole windows; None where that does not come in RECOVERY_SECONDS_MAX.
    """
    began = time.perf_counter()
    for window in range(int(RECOVERY_SECONDS_MAX / WINDOW_SECONDS)):
        start = time.perf_counter()
        samples = await calling.call(callers, WINDOW_SECONDS, 100 + window)
        quick = _p(samples, 95) <= RECOVERED_TIMES * steady_p95
        if quick and await watched.lag() <= callers / PERIOD_SECONDS:
            return round(start - began, 1)
    return None


@contextmanager
def _county(until: date) -> Iterator[tuple[Runtime, Client]]:
    """Run the example county, replayed until a day, in live use."""
    with tempfile.TemporaryDirectory(prefix="kith-load-") as folder:
        deployment = deployment_of(Path(folder))
        with (
            running(deployment, "live") as runtime,
            Client(deployment, Tokens(deployment), Language.EN) as client,
        ):
            Year(client, Console(as_json=True), papers_in(EXAMPLE), FILED_ON, until).run()
            yield runtime, client


def _prepared(runtime: Runtime, client: Client) -> tuple[Known, dict[str, Connections], Watched]:
    county = client.deployment.county
    assert county is not None
    children: list[Json] = []
    after: str | None = None
    while len(children) < CHILDREN_MAX:
        page = client.get("registry", "/children", limit=500, status="open", after_key=after)
        # Whose sixteenth birthday came since the replay's last day: nothing more is recorded of them.
        children += [child for child in page["items"] if child["sixteen_on"] > str(clock.today_in_shanghai())]
        after = page["next"]
        if after is None:
            break
    villages = sorted({child["area"] for child in children})
    known = Known(
        county=county,
        townships=sorted({village[:9] for village in villages}),
        villages=villages,
        children=[(child["child_id"], child["birth_date"], child["file"]["sex"]) for child in children],
        today=clock.today_in_shanghai(),
    )

    def connections(role: Role) -> dict[str, Connections]:
        token = issue_token(client.deployment.data, "load", role, (county,), LIFETIME).token
        ports = {one.name: int(one.environment["KITH_HTTP_PORT"]) for one in runtime.services}
        return {service: Connections(ports[service], token) for service in SERVICES}

    return known, connections(Role.COUNTY), Watched(runtime, connections(Role.OPERATOR))


def _part(samples: Sequence[Sample]) -> Json:
    by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)
    rows = {name: _row(some) for name, some in sorted(by_name.items())}
    statuses = Counter(sample.status for sample in samples)
    return {
        "all": _row(samples),
        "endpoints": rows,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "failed": sum(row["failed"] for row in rows.values()),
    }


def _row(samples: Sequence[Sample]) -> Json:
    return {
        "requests": len(samples),
        **{f"p{share}_ms": round(_p(samples, share) * 1000, 1) for share in (50, 95, 99)},
        "most_ms": round(max((sample.seconds for sample in samples), default=0) * 1000, 1),
        "failed": sum(not 200 <= sample.status < 300 for sample in samples),
    }


def _p(samples: Sequence[Sample], share: int) -> float:
    """Return the time within which *share* percent of *samples* were answered, in seconds."""
    times = [sample.seconds for sample in samples]
    return quantiles(times, n=100, method="inclusive")[share - 1] if len(times) > 1 else sum(times)


def _text(result: Json) -> str:
    heading = f"{'':28}{'requests':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most ms':>9}{'failed':>8}"
    lines = [f"{result['callers']} callers, {result['minutes']} min, {result['a_second']} requests a second"]
    for part in ("steady", "spike"):
        if result[part] is None:
            continue
        lines += ["", f"{part}: statuses {result[part]['statuses']}", heading]
        rows = {**result[part]["endpoints"], "all": result[part]["all"]}
        lines += [_line(name, row) for name, row in rows.items()]
    lines += ["", f"recovered after the spike in {result['recovery_seconds']} s"]
    lag = result["lag"]
    lines.append(f"readers at most {lag['most_events']} events behind")
    lines.append(f"readers at none {lag['seconds_to_zero']} s after the steady part")
    lines += ["", f"{'MiB':16}" + "".join(f"{name:>11}" for name in result["memory_mib"]["start"])]
    lines += [
        f"{moment:16}" + "".join(f"{held:>11.1f}" for held in memory.values())
        for moment, memory in result["memory_mib"].items()
    ]
    return "\n".join(lines)


def _line(name: str, row: Json) -> str:
    times = "".join(f"{row[column]:>9.1f}" for column in ("p50_ms", "p95_ms", "p99_ms", "most_ms"))
    return f"{name:28}{row['requests']:>9}{times}{row['failed']:>8}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--callers", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--spike-seconds", type=float, default=60.0, help=f"{SPIKE_TIMES} times the callers; 0: none"
    )
    parser.add_argument(
        "--until", type=date.fromisoformat, default=date(2026, 3, 6), help="the replay's last day"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
