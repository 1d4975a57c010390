"""`python -m benchmarks.load`: Locust's callers on a county's whole system, a spike, and how it recovers."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson
import uvloop

from benchmarks.load_told import Json, Sample, part, row, text, within
from benchmarks.watching import LOOK_SECONDS, Watched
from kith.client import Client, Tokens
from kith.console import Console
from kith.demo import EXAMPLE
from kith.deployment import deployment_of
from kith.papers import papers_in
from kith.runtime import Runtime, running
from kith.signing import issue_token
from kith.year import Year
from shared import clock
from shared.contracts.event import ContactKind, Health
from shared.messages import Language
from shared.tokens import Role

OUTPUT = Path("build/load.json")
LOCUST = "build/bench-venv/bin/locust"
BEFORE_OTHERS = ("nice", "-n", "-10")
"""Callers sit elsewhere: on this machine they are let go first (by root; else as all others), so that how late one of
them is in asking is not taken for a service's."""
CALLERS = Path(__file__).with_name("callers.py")
FILED_ON = date(2026, 1, 1)
CHILDREN_MAX = 2_000
PERIOD_SECONDS = 5.0
"""From one request of a caller to the caller's next."""
KEPT_SHARE_MIN = 0.99
"""Of what is due so much is asked where the services keep up: who waits for an answer leaves out what came due."""
SPIKE_TIMES = 5
ANSWER_SECONDS_MAX = 60
"""How long callers who go may still wait for their last answers."""
WARM_SECONDS = 10.0
"""In which each caller has asked twice: connections, plans and caches are there, as on any day."""
CALM_SECONDS = 5
"""So many seconds in a row as quick as before are a recovery, not a pause."""
RECOVERED_TIMES = 2.0
"""As quick as before is a second whose p95 is at most so many times that of the steady part."""
RECOVERY_SECONDS_MAX = 60
GROWN_MIB_MAX = 20.0
"""By how much the memory of a service may have grown from the first half of the steady part to the second."""
ENDS = ("quick_seconds", "lag_seconds")
"""What of a recovery must come to an end."""
LIFETIME = timedelta(hours=12)


class Called(NamedTuple):
    """How all requests went, and when the parts of the run began; moments are those of time.perf_counter."""

    samples: Sequence[Sample]
    steady: float
    spike: float
    recovery: float

    def between(self, since: float, until: float) -> list[Sample]:
        return [sample for sample in self.samples if since <= sample.due < until]


def main() -> int:
    """Load a county's system and tell how it went; return 1 where the steady part did not hold."""
    told = _arguments().parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kith-callers-") as folder,
        _county(told.until) as (runtime, client),
    ):
        county, watched = _prepared(runtime, client, told.callers)
        told_in = Path(folder, "load.json")
        told_in.write_bytes(
            orjson.dumps({**county, "period_seconds": PERIOD_SECONDS, "stages": _stages(told)})
        )
        uvloop.run(_call(told_in, watched))
        called = _called(told_in, told)
    result = _result(told, called, watched)
    sys.stdout.write(text(result) + "\n")
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return 0 if _held(result, watched, called) else 1


def _held(result: Json, watched: Watched, called: Called) -> bool:
    """Return whether the steady pace was kept and nobody refused, nothing failed, no service grew, all was taken."""
    parts = [result[part] for part in ("steady", "spike", "recovery") if result[part] is not None]
    steady, recovery = result["steady"], result["recovery"] or {}
    ends = [result["lag"]["seconds_to_zero_after_steady"], *map(recovery.get, ENDS if recovery else ())]
    grown = watched.grown(called.steady, called.spike)
    return (
        steady["all"]["requests"] >= steady["due"] * KEPT_SHARE_MIN
        and not steady["all"]["refused"]
        and not any(part["all"]["failed"] for part in parts)
        and None not in ends
        and max(grown.values()) < GROWN_MIB_MAX
    )


def _stages(told: argparse.Namespace) -> list[tuple[float, int]]:
    """Return for how many seconds how many callers ask, one stage after the other."""
    steady = (WARM_SECONDS + told.minutes * 60, told.callers)
    if not told.spike_seconds:
        return [steady]
    return [
        steady,
        (told.spike_seconds, SPIKE_TIMES * told.callers),
        (RECOVERY_SECONDS_MAX, told.callers),
    ]


async def _call(told_in: Path, watched: Watched) -> None:
    """Let Locust's callers ask through all stages, and look at the processes meanwhile."""
    looking = asyncio.create_task(watched.look_for_ever())
    watched.generator = await asyncio.create_subprocess_exec(
        *(*BEFORE_OTHERS, LOCUST, "--locustfile", str(CALLERS)),
        *("--headless", "--only-summary", "--loglevel", "WARNING"),
        *("--stop-timeout", str(ANSWER_SECONDS_MAX), "--exit-code-on-error", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KITH_LOAD": str(told_in)},
    )
    _, said = await watched.generator.communicate()
    assert watched.generator.returncode == 0, said.decode()
    await asyncio.sleep(2 * LOOK_SECONDS)
    looking.cancel()


def _called(told_in: Path, told: argparse.Namespace) -> Called:
    heard = orjson.loads(told_in.with_suffix(".samples.json").read_bytes())
    steady = heard["began"] + WARM_SECONDS
    spike = steady + told.minutes * 60
    samples = [Sample(*sample) for sample in heard["samples"]]
    return Called(samples, steady, spike, spike + told.spike_seconds)


def _result(told: argparse.Namespace, called: Called, watched: Watched) -> Json:
    steady = called.between(called.steady, called.spike)
    spike = called.between(called.spike, called.recovery)
    recovery = called.between(called.recovery, called.recovery + RECOVERY_SECONDS_MAX)
    return {
        "callers": told.callers,
        "minutes": told.minutes,
        "a_second": round(len(steady) / (told.minutes * 60), 1),
        "steady": {"due": _due(told.callers, told.minutes * 60), **part(steady)},
        "by_minute": _by_minute(steady, watched),
        "spike": {
            "times": SPIKE_TIMES,
            "seconds": told.spike_seconds,
            "due": _due(told.callers * SPIKE_TIMES, told.spike_seconds),
            **part(spike),
        }
        if spike
        else None,
        "recovery": {
            "quick_seconds": _calm_since(recovery, RECOVERED_TIMES * within(steady, 95)),
            "lag_seconds": watched.taken_all(called.recovery),
            "due": _due(told.callers, RECOVERY_SECONDS_MAX),
            **part(recovery),
        }
        if spike
        else None,
        "lag": {
            "most_events_steady": watched.most_lag(called.steady, called.spike),
            "most_events_spike": watched.most_lag(called.spike, called.recovery),
            "seconds_to_zero_after_steady": watched.taken_all(called.spike),
        },
        "processor_shares": watched.cores(called.steady, called.spike),
        "memory_mib": {
            f"{weighed.moment - called.steady:.0f} s": weighed.megabytes for weighed in watched.weighed[::4]
        },
    }


def _due(callers: int, seconds: float) -> int:
    """Return how many requests so many callers ask in so many seconds, where none waits longer than a period."""
    return round(callers * seconds / PERIOD_SECONDS)


def _by_minute(samples: Sequence[Sample], watched: Watched) -> list[Json]:
    """Return how each minute went, and how many cores others used meanwhile: a machine is seldom alone."""
    first = min(sample.due for sample in samples)
    by_minute: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_minute[int((sample.due - first) / 60)].append(sample)
    return [
        {
            "minute": minute + 1,
            **row(some),
            "cores_of_others": watched.cores_of_others(first + minute * 60, first + minute * 60 + 60),
        }
        for minute, some in sorted(by_minute.items())
    ]


def _calm_since(samples: Sequence[Sample], quick: float) -> int | None:
    """Return after how many seconds CALM_SECONDS in a row were all well and within *quick*; None where none were."""
    first = min(sample.due for sample in samples)
    by_second: defaultdict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_second[int(sample.due - first)].append(sample)
    calm = [
        all(sample.well for sample in some) and within(some, 95) <= quick
        for _, some in sorted(by_second.items())
    ]
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


def _prepared(runtime: Runtime, client: Client, callers: int) -> tuple[Json, Watched]:
    """Return who the callers are and what they are told of the county, and who looks at its processes."""
    county, today = client.deployment.county, clock.today_in_shanghai()
    assert county is not None
    children: list[Json] = []
    after: str | None = None
    while len(children) < CHILDREN_MAX:
        page = client.get("registry", "/children", limit=500, status="open", after_key=after)
        # Whose sixteenth birthday came since the replay's last day: nothing more is recorded of them.
        children += [child for child in page["items"] if child["sixteen_on"] > str(today)]
        after = page["next"]
        if after is None:
            break
    services = {one.name: one.address for one in runtime.services}

    def token(role: Role, area: str) -> str:
        return issue_token(client.deployment.data, "load", role, (area,), LIFETIME).token

    told = {
        "services": services,
        "people": [(area, token(role, area)) for role, area in _people(callers, children)],
        "children": [
            (child["child_id"], child["area"], child["birth_date"], child["file"]["sex"])
            for child in children
        ],
        "today": today,
        "kinds": list(ContactKind),
        "health": list(Health),
    }
    return told, Watched(runtime, services, {"Authorization": f"Bearer {token(Role.OPERATOR, county)}"})


def _people(callers: int, children: Sequence[Json]) -> Iterator[tuple[Role, str]]:
    """Yield who the callers are: of twenty one is of the county, four of a township, fifteen of a village."""
    villages = sorted({child["area"] for child in children})
    for number in range(callers):
        village = villages[number % len(villages)]
        if number % 20 == 0:
            yield Role.COUNTY, village[:6]
        elif number % 5 == 0:
            yield Role.TOWNSHIP, village[:9]
        else:
            yield Role.VILLAGE, village


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
