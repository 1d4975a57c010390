"""How something stood, day by day, as now known: late knowledge changes days that have passed."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S")


class Step(NamedTuple, Generic[S]):
    """From *on* it stood like *state*, None for not at all; *how* says what made it so."""

    on: date
    how: str
    state: S | None


Timeline = tuple[Step[S], ...]


def amended(timeline: Timeline[S], on: date, how: str, change: Callable[[S | None], S | None]) -> Timeline[S]:
    """Return the timeline in which *change* holds from *on* for good, over what was dated later, too.

    The last word counts from its day on. Steps that change nothing any more fall away, and with them
    what was counted at them; steps of the same day stay in the order in which they were told.
    """
    steps = [step for step in timeline if step.on <= on]
    before = steps[-1].state if steps else None
    later = [step for step in timeline if step.on > on]
    for step in (Step(on, how, before), *later):
        state = change(step.state)
        if state != (steps[-1].state if steps else None):
            steps.append(Step(step.on, step.how, state))
    return tuple(steps)


def changes(before: Timeline[S], after: Timeline[S]) -> Iterator[tuple[int, Step[S], S | None]]:
    """Yield what *after* has that *before* has not (1), and the reverse (-1): each step with the state it ended."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    for sign, timeline in ((-1, before), (1, after)):
        states = [None, *(step.state for step in timeline)]
        for at in range(same, len(timeline)):
            yield sign, timeline[at], states[at]


def state_on(timeline: Timeline[S], day: date) -> S | None:
    """Return how it stood at the end of *day*."""
    state = None
    for step in timeline:
        if step.on > day:
            break
        state = step.state
    return state


def days_of(timelines: Iterable[Timeline[S]]) -> list[date]:
    """Return the days on which any of these changes."""
    return sorted({step.on for timeline in timelines for step in timeline})
