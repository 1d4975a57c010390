"""`python -m benchmarks.load`: paced callers on a county's whole system, a spike, and how it recovers."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
import uvloop

from benchmarks.callers import PERIOD_SECONDS, Callers, Known, Sample
from benchmarks.watching import LOOK_SECONDS, Watched
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
WARM_SECONDS = 2 * PERIOD_SECONDS
CALM_SECONDS = 5
"""So many seconds in a row as quick as before are a recovery, not a pause."""
RECOVERED_TIMES = 2.0
"""As quick as before is a second whose p95 is at most so many times that of the steady part."""
RECOVERY_SECONDS_MAX = 60
REFUSED = 503
"""Told at once to come again: the right answer to more than a service can take, and no failure."""
LIFETIME = timedelta(hours=12)

Json = dict[str, Any]


def main() -> int:
    """Load a county's system and tell how it went; return 1 where a request failed in the steady part."""
    told = _arguments().parse_args()
    with _county(told.until) as (runtime, client):
        known, services, watched = _prepared(runtime, client)
        result = uvloop.run(_load(told, Callers(services, known), watched))
    sys.stdout.write(_text(result) + "\n")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    steady = result["steady"]["all"]
    return 1 if steady["failed"] or steady["refused"] else 0


async def _load(told: argparse.Namespace, callers: Callers, watched: Watched) -> Json:
    seconds = told.minutes * 60
    await callers.call(told.callers, WARM_SECONDS, 0)  # connections, plans and caches, as on any day
    looking = asyncio.create_task(watched.look_for_ever())
    used, began = watched.processor_seconds(), time.perf_counter()
    steady = await callers.call(told.callers, seconds, 1)
    shares = _shares(used, watched.processor_seconds(), time.perf_counter() - began)
    steady_end = time.perf_counter()
    spike, recovery = await _spiked(told, callers) if told.spike_seconds else ([], [])
    end = time.perf_counter() - RECOVERY_SECONDS_MAX
    await asyncio.sleep(LOOK_SECONDS)
    looking.cancel()
    return {
        "callers": told.callers,
        "minutes": told.minutes,
        "a_second": round(len(steady) / seconds, 1),
        "steady": _part(steady),
        "by_minute": _by_minute(steady, watched),
        "spike": {"times": SPIKE_TIMES, "seconds": told.spike_seconds, **_part(spike)} if spike else None,
        "recovery": {
            "quick_seconds": _calm_since(recovery, RECOVERED_TIMES * _p(steady, 95)),
            "lag_seconds": watched.taken_all(end),
            **_part(recovery),
        }
        if recovery
        else None,
        "lag": {
            "most_events_steady": watched.most_lag(began, steady_end),
            "most_events_spike": watched.most_lag(steady_end, end),
            "seconds_to_zero_after_steady": watched.taken_all(steady_end),
        },
        "processor_shares": shares,
        "memory_mib": {
            f"{weighed.moment - began:.0f} s": weighed.megabytes for weighed in watched.weighed[::4]
        },
    }


async def _spiked(told: argparse.Namespace, callers: Callers) -> tuple[list[Sample], list[Sample]]:
    """Let so many times the callers ask, then as many as before; who waits for an answer then is not waited for."""
    spike = asyncio.create_task(callers.call(told.callers * SPIKE_TIMES, told.spike_seconds, 2))
    await asyncio.sleep(told.spike_seconds)
    recovery = await callers.call(told.callers, RECOVERY_SECONDS_MAX, 3)
    return await spike, recovery


def _by_minute(samples: Sequence[Sample], watched: Watched) -> list[Json]:
    """Return how each minute went, and how many cores others used meanwhile: a machine is seldom alone."""
    first = min(sample.due for sample in samples)
    by_minute: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_minute[int((sample.due - first) / 60)].append(sample)
    return [
        {
            "minute": minute + 1,
            **_row(some),
            "cores_of_others": watched.cores_of_others(first + minute * 60, first + minute * 60 + 60),
        }
        for minute, some in sorted(by_minute.items())
    ]


def _shares(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Return how much of one core each process used."""
    return {name: round((used - before.get(name, 0)) / seconds, 3) for name, used in after.items()}


def _calm_since(samples: Sequence[Sample], quick: float) -> int | None:
    """Return after how many seconds CALM_SECONDS in a row were answered within *quick*; None where none were."""
    first = min(sample.due for sample in samples)
    by_second: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_second[int(sample.due - first)].append(sample)
    calm = [_p(some, 95) <= quick for _, some in sorted(by_second.items())]
    runs = (n for n in range(len(calm) - CALM_SECONDS) if all(calm[n : n + CALM_SECONDS]))
    return next(runs, None)


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
    }


def _row(samples: Sequence[Sample]) -> Json:
    """Return how these went; times are those of all requests, the refused too."""
    refused = sum(sample.status == REFUSED for sample in samples)
    return {
        "requests": len(samples),
        **{f"p{share}_ms": round(_p(samples, share) * 1000, 1) for share in (50, 95, 99)},
        "most_ms": round(max((sample.seconds for sample in samples), default=0) * 1000, 1),
        "refused": refused,
        "failed": sum(not 200 <= sample.status < 300 for sample in samples) - refused,
    }


def _p(samples: Sequence[Sample], share: int) -> float:
    """Return the time within which *share* percent of *samples* were answered, in seconds."""
    times = [sample.seconds for sample in samples]
    return quantiles(times, n=100, method="inclusive")[share - 1] if len(times) > 1 else sum(times)


def _text(result: Json) -> str:
    lines = [f"{result['callers']} callers, {result['minutes']} min, {result['a_second']} requests a second"]
    for part in ("steady", "spike", "recovery"):
        if result[part] is not None:
            lines += _table(part, result[part])
    lines += ["", f"{'minute':28}{HEADING}{'cores of others':>17}"]
    for row in result["by_minute"]:
        lines.append(f"{_line(str(row['minute']), row)}{row['cores_of_others']!s:>17}")
    if result["recovery"] is not None:
        found = result["recovery"]
        lines += ["", f"after the spike as quick as before in {found['quick_seconds']} s"]
        lines.append(f"after the spike nothing left to take in {found['lag_seconds']} s")
    lines += ["", *(f"readers, {name.replace('_', ' ')}: {value}" for name, value in result["lag"].items())]
    shares = result["processor_shares"].items()
    lines += ["", "cores used in the steady part: " + ", ".join(f"{name} {share}" for name, share in shares)]
    names = list(next(iter(result["memory_mib"].values())))
    lines += ["", f"{'MiB':16}" + "".join(f"{name:>11}" for name in names)]
    lines += [
        f"{moment:16}" + "".join(f"{held:>11.1f}" for held in memory.values())
        for moment, memory in result["memory_mib"].items()
    ]
    return "\n".join(lines)


COLUMNS = ("p50_ms", "p95_ms", "p99_ms", "most_ms")
HEADING = f"{'requests':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most ms':>9}{'refused':>9}{'failed':>8}"


def _table(part: str, told: Json) -> list[str]:
    rows = {**told["endpoints"], "all": told["all"]}
    return [
        "",
        f"{part}: statuses {told['statuses']}",
        f"{'':28}{HEADING}",
        *(_line(name, row) for name, row in rows.items()),
    ]


def _line(name: str, row: Json) -> str:
    times = "".join(f"{row[column]:>9.1f}" for column in COLUMNS)
    return f"{name:28}{row['requests']:>9}{times}{row['refused']:>9}{row['failed']:>8}"


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
