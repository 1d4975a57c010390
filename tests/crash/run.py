"""One run from beginning to verdict: a county's year through the crashes, and what was wrong after it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.chaos import Chaos
from tests.crash.checking import differences, reached, restless, shares_at_rest, told_errors, unhealthy
from tests.crash.counties import CountyYear
from tests.crash.deployment import House, running
from tests.crash.driving import Clerk, Pace
from tests.crash.read_models import differing_tables

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


def crash(county: CountyYear, data: Path, seed: int, kills: int, story: Story) -> None:
    """Run *county* in *data* through *kills* kills drawn by *seed*; what is wrong after it is in the story."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with running(data, chance) as house:
        pace = Pace(county.commands)
        clerk = Clerk(house.deployment, county, pace, story.tell)
        clerk.start()
        chaos = Chaos(house, chance, story.tell, pace, lambda: not clerk.working)
        chaos.run(kills)
        story.kills = chaos.kills
        pace.allow(1.0)
        clerk.wait(FINISH_SECONDS_MAX)
        story.wrong += _missed(chaos, kills)
        story.wrong += _verdict(house, county, clerk, story.tell)
        for told, times in told_errors(house).most_common():
            story.tell(f"in the logs {times} times: {told}")


def _missed(chaos: Chaos, kills: int) -> list[str]:
    """Tell what the run was to show and did not do."""
    missed = [f"no {act} was done" for act in chaos.undone]
    return [*missed, f"{chaos.kills} kills were done"] if chaos.kills < kills else missed


def _verdict(house: House, county: CountyYear, clerk: Clerk, tell: Callable[[str], None]) -> list[str]:
    wrong = list(unhealthy(house))
    if clerk.working:
        return [*wrong, f"the year is not through {FINISH_SECONDS_MAX:.0f} s after everything was mended"]
    if clerk.figures is None:
        wrong.append(f"the year ended with {clerk.failure!r}")
    else:
        wrong += differences(reached(house), county, clerk.figures)
    at_rest = shares_at_rest(house)
    tell("of a core at rest: " + ", ".join(f"{name} {share:.1%}" for name, share in at_rest.items()))
    wrong += restless(at_rest)
    return wrong or asyncio.run(differing_tables(house))
