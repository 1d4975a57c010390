"""Runs of missed windows, and the level that a run raises a child to (policy.md, Commitments and windows)."""

from collections.abc import Collection, Iterable
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from services.contact.domain.policy import Escalation
from shared.contracts.event import EscalationLevel


class EarlierMiss(NamedTuple):
    """A miss of the same child and kind since the last window it was kept in."""

    opens: date
    made_good_on: date | None = None
    """The day it was recorded that the contact had been made after all."""
    withdrawn_on: date | None = None
    """The day it was recorded that it had not been owed."""


class Run(NamedTuple):
    """Consecutive counting windows missed and outstanding."""

    first_opens: date
    windows: int


def run_with(opens: date, earlier: Collection[EarlierMiss], known_by: date) -> Run:
    """Return the run that the window missed now, which opens on *opens*, ends, as known on *known_by*.

    One made good breaks it; one withdrawn was never owed, so that it neither breaks nor counts.
    """
    if not earlier:  # two misses of three begin a run
        return Run(opens, 1)
    run: list[date] = []
    for miss in sorted(earlier, key=attrgetter("opens")):
        if _by(miss.made_good_on, known_by):
            run.clear()
        elif not _by(miss.withdrawn_on, known_by):
            run.append(miss.opens)
    run.append(opens)
    return Run(run[0], len(run))


def _by(day: date | None, known_by: date) -> bool:
    return day is not None and day <= known_by


def levels_reached(
    run: Run, rules: Iterable[Escalation], raised: Collection[tuple[date, EscalationLevel]]
) -> list[EscalationLevel]:
    """Return the levels that the run reaches, in the order of *rules*, a policy's.

    Those in *raised*, (first_opens, level), it reached before.
    """
    return [
        rule.level
        for rule in rules
        if run.windows >= rule.run and (run.first_opens, rule.level) not in raised
    ]
