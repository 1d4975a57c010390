"""Judging a window of a village: who was counted, who was kept, who was missed, and what follows."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from services.contact.domain.mending import LateVisit, Leaving, Miss, mended
from services.contact.domain.policy import Escalation
from services.contact.domain.runs import EarlierMiss, levels_reached, run_with
from services.contact.domain.windows import Window
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    WindowJudged,
)
from shared.contracts.event import EscalationLevel, PairInForce

COUNTED_MAX = 4_000
"""Children that one WindowJudged names: at two ids of 39 bytes each, 312 KB of a message's 1 MiB."""

Judgement = WindowJudged | ContactMissed | ContactEscalated | ContactMadeGood | MissWithdrawn


class Missing(NamedTuple):
    """A counted child that was not kept, with all that its miss depends on."""

    child_id: UUID
    pairs: Sequence[PairInForce] = ()
    """The pairs in force on the window's last day."""
    earlier: Sequence[EarlierMiss] = ()
    """The misses of the same kind since the last window that was kept."""
    raised: Sequence[tuple[date, EscalationLevel]] = ()
    """The levels its runs have been raised to: (first day of the run's first window, level)."""
    late: LateVisit | None = None
    """A visit inside the window that was recorded after *due* and is known already."""
    leaving: Leaving | None = None
    """A departure that was recorded after *due* and is known already."""


def judge_village(
    window: Window,
    area: str,
    kept: Iterable[UUID],
    missing: Iterable[Missing],
    rules: Sequence[Escalation],
) -> list[Judgement]:
    """Return everything that judging *window* in the village *area* says: it counts those *kept* and *missing*.

    All of it is recorded on the day after *due*, whatever day is advanced to, except what was recorded
    later and mends a miss at once. The same facts give the same events.
    """
    missed = sorted(missing, key=attrgetter("child_id"))
    judgements: list[Judgement] = list(_judged(window, area, sorted(kept), [m.child_id for m in missed]))
    for child in missed:
        judgements += _missed(window, area, child, rules)
    return judgements


def _judged(
    window: Window, area: str, kept: Sequence[UUID], missed: Sequence[UUID]
) -> Iterator[WindowJudged]:
    counted = sorted((*kept, *missed))
    for part, start in enumerate(range(0, len(counted), COUNTED_MAX), start=1):
        named = counted[start : start + COUNTED_MAX]
        yield WindowJudged(
            area=area,
            on=window.closes,
            recorded_on=window.judged_on,
            kind=window.kind,
            opens=window.opens,
            due=window.due,
            part=part,
            counted=tuple(named),
            kept=tuple(kept[bisect_left(kept, named[0]) : bisect_right(kept, named[-1])]),
        )


def _missed(window: Window, area: str, child: Missing, rules: Sequence[Escalation]) -> Iterator[Judgement]:
    yield ContactMissed(
        area=area,
        on=window.closes,
        recorded_on=window.judged_on,
        child_id=child.child_id,
        kind=window.kind,
        opens=window.opens,
        due=window.due,
        pairs=tuple(child.pairs),
    )
    run = run_with(window.opens, child.earlier, window.due)
    for level in levels_reached(run, rules, child.raised):
        yield ContactEscalated(
            area=area,
            on=window.closes,
            recorded_on=window.judged_on,
            child_id=child.child_id,
            kind=window.kind,
            level=level,
            first_opens=run.first_opens,
            windows=run.windows,
        )
    if child.late is not None or child.leaving is not None:
        miss = Miss(child.child_id, window.kind, window.opens, window.closes, window.due, area)
        mend = mended(miss, child.late, child.leaving)
        if mend is not None:
            yield mend
