"""One run from beginning to verdict: a county's year through the crashes, and what was wrong after it."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.chaos import Chaos
from tests.crash.checking import Clause, all_at_rest, all_ready, clauses, reached, wait_for_streams
from tests.crash.counties import CountyYear
from tests.crash.deployment import House, running
from tests.crash.driving import Clerk, Pace
from tests.crash.errors import told_errors
from tests.crash.read_models import differing_tables
from tests.crash.seen import Seen

FINISH_SECONDS_MAX = 900.0
"""How long the clerk may still take once everything is mended; after that something hangs."""


@dataclass
class Story:
    """What happened, in order, and what was wrong in the end."""

    aloud: bool
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    """How many were done."""
    _began: float = field(default_factory=time.monotonic)

    def tell(self, line: str) -> None:
        self.lines.append(f"{time.monotonic() - self._began:7.1f} s  {line}")
        if self.aloud:
            print(self.lines[-1], flush=True)  # noqa: T201 - what the command is for

    def hold(self, clause: Clause) -> None:
        """Take down whether a sentence that must be true is."""
        self.tell(f"{'WRONG' if clause.wrong else 'held'}: {clause.says}")
        for line in clause.wrong:
            self.tell(f"  {line}")
        self.wrong += clause.wrong


def crash(county: CountyYear, data: Path, seed: int, kills: int, story: Story) -> None:
    """Run *county* in *data* through *kills* kills drawn by *seed*; what is wrong after it is in the story."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with running(data, chance) as house:
        pace = Pace(county.commands)
        clerk = Clerk(house.deployment, county, pace, story.tell)
        clerk.start()
        seen = Seen(lambda: reached(house).logs)
        chaos = Chaos(house, chance, story.tell, pace, lambda: not clerk.working, seen.look)
        chaos.run(kills)
        story.kills = chaos.kills
        pace.allow(1.0)
        clerk.wait(FINISH_SECONDS_MAX)
        for clause in [_everything_done(chaos, kills), *_verdict(house, county, clerk, seen)]:
            story.hold(clause)
        errors = told_errors(house)
        story.hold(errors.clause())
        for told, times in errors.expected.most_common():
            story.tell(f"in the logs {times} times: {told}")


def _everything_done(chaos: Chaos, kills: int) -> Clause:
    """Return what the run was to show and did not do."""
    done = ", ".join(f"{name} {times}" for name, times in sorted(chaos.done.items()))
    missed = [f"no {act} was done" for act in chaos.undone]
    if chaos.kills < kills:
        missed.append(f"{chaos.kills} kills were done")
    return Clause(f"{chaos.kills} kills and every other act were done: {done}", missed)


def _verdict(house: House, county: CountyYear, clerk: Clerk, seen: Seen) -> Iterator[Clause]:
    yield all_ready(house)
    if clerk.working:
        late = f"the year is not through {FINISH_SECONDS_MAX:.0f} s after everything was mended"
        yield Clause("nothing hangs: the year gets through", [late])
        return
    yield Clause(
        f"nothing hangs: the year got through, begun {clerk.runs} times",
        [] if clerk.figures is not None else [f"the year ended with {clerk.failure!r}"],
    )
    wait_for_streams(reached(house))
    yield all_at_rest(house)
    # Only now: who goes on after the counts agreed would be at work, and what it does would be seen.
    if clerk.figures is not None:
        yield from clauses(reached(house), county, clerk.figures)
    yield asyncio.run(seen.clause())
    tables = asyncio.run(differing_tables(house))
    yield Clause(
        "the tables of pairing, contact and reporting are what their sources' logs make of them", tables
    )
