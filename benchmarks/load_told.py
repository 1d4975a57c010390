"""How requests went: shares, refusals and failures of each endpoint, as figures and as tables."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import quantiles
from typing import Any, NamedTuple

REFUSED = 503
"""Told at once to come again: the right answer to more than a service can take, and no failure."""

Json = dict[str, Any]


class Sample(NamedTuple):
    """How one request went: *seconds* run from when it was due, so that waiting for a slow one before counts."""

    name: str
    due: float
    seconds: float
    status: int
    """0 where no answer came."""

    @property
    def well(self) -> bool:
        """Whether what was asked for came: neither refused nor failed."""
        return 200 <= self.status < 300


def part(samples: Sequence[Sample]) -> Json:
    by_name: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)
    rows = {name: row(some) for name, some in sorted(by_name.items())}
    statuses = Counter(sample.status for sample in samples)
    return {
        "all": row(samples),
        "endpoints": rows,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
    }


def row(samples: Sequence[Sample]) -> Json:
    """Return how these went; times are those of all requests, the refused too."""
    refused = sum(sample.status == REFUSED for sample in samples)
    return {
        "requests": len(samples),
        **{f"p{share}_ms": round(within(samples, share) * 1000, 1) for share in (50, 95, 99)},
        "most_ms": round(max((sample.seconds for sample in samples), default=0) * 1000, 1),
        "refused": refused,
        "failed": sum(not sample.well for sample in samples) - refused,
    }


def within(samples: Sequence[Sample], share: int) -> float:
    """Return the time within which *share* percent of *samples* were answered, in seconds."""
    times = [sample.seconds for sample in samples]
    return quantiles(times, n=100, method="inclusive")[share - 1] if len(times) > 1 else sum(times)


def text(result: Json) -> str:
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
        lines.append(f"after the spike nothing left to take in {_seconds(found['lag_seconds'])}")
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


def _seconds(told: float | None) -> str:
    return "any time that was looked at: never" if told is None else f"{told:.1f} s"


COLUMNS = ("p50_ms", "p95_ms", "p99_ms", "most_ms")
HEADING = f"{'requests':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most ms':>9}{'refused':>9}{'failed':>8}"


def _table(part: str, told: Json) -> list[str]:
    rows = {**told["endpoints"], "all": told["all"]}
    return [
        "",
        f"{part}: {told['all']['requests']:,} requests of {told['due']:,} that were due, statuses {told['statuses']}",
        f"{'':28}{HEADING}",
        *(_line(name, row) for name, row in rows.items()),
    ]


def _line(name: str, row: Json) -> str:
    times = "".join(f"{row[column]:>9.1f}" for column in COLUMNS)
    return f"{name:28}{row['requests']:>9}{times}{row['refused']:>9}{row['failed']:>8}"
