"""The calendar of promises: the windows of each kind (policy.md, Commitments and windows)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby

from services.contact.domain.policy import AppliesTo, Cadence, Commitment, Policy, Term
from shared.contracts.event import ContactKind

JUNE, JULY = 6, 7


@dataclass(frozen=True)
class Window:
    """A stretch of days, both ends inclusive, in which a contact of *kind* is owed; days in Asia/Shanghai."""

    kind: ContactKind
    opens: date
    closes: date
    due: date
    """The last day on which a visit may be recorded to keep it: closes + grace days."""
    poor_only: bool

    @cached_property
    def judged_on(self) -> date:
        """The day after *due*: the first day to which advancing judges this window."""
        return self.due + timedelta(days=1)


def windows_due(policy: Policy, first: date, before: date) -> list[Window]:
    """Return the windows with first <= due < before, ordered by due day, then kind."""
    touching = _touching(policy, first - timedelta(days=policy.grace_days_max), before)
    return sorted((w for w in touching if first <= w.due < before), key=_judging_order)


def of_the_same_days(windows: Iterable[Window]) -> list[list[Window]]:
    """Return *windows* by their days, the first due first: what is known of a child counts for all kinds alike."""
    in_order = sorted(windows, key=_days)
    return [list(together) for _, together in groupby(in_order, key=_days)]


def _days(window: Window) -> tuple[date, date, date]:
    return window.due, window.closes, window.opens


def windows_running(policy: Policy, day: date) -> list[Window]:
    """Return the windows in which a visit can still be recorded in time on *day*: opens <= day <= due."""
    touching = _touching(policy, day - timedelta(days=policy.grace_days_max), day)
    return sorted((w for w in touching if w.opens <= day <= w.due), key=_judging_order)


def _judging_order(window: Window) -> tuple[date, ContactKind]:
    return window.due, window.kind


def _touching(policy: Policy, first: date, last: date) -> Iterator[Window]:
    """Yield every window that has a day between *first* and *last*."""
    for kind in ContactKind:
        former_closes = date.min
        for rule in policy.rules_of(kind):
            for window in _windows_of(rule, policy.terms, first, last):
                if window.opens > former_closes:
                    yield window
            former_closes = _last_close(rule, policy.terms)


def _last_close(rule: Commitment, terms: Sequence[Term]) -> date:
    """Return the day that the rule's last window closes on: one that began under a rule ends under it."""
    if rule.until is None:
        return date.max
    return max((w.closes for w in _windows_of(rule, terms, rule.until, rule.until)), default=date.min)


def _windows_of(rule: Commitment, terms: Sequence[Term], first: date, last: date) -> Iterator[Window]:
    for opens, closes in _stretches(rule, terms, first, last):
        governed = rule.first_day <= opens and (rule.until is None or opens <= rule.until)
        if governed and opens <= last and closes >= first:
            due = closes + timedelta(days=rule.grace_days)
            yield Window(rule.kind, opens, closes, due, rule.applies_to is AppliesTo.POOR)


def _stretches(
    rule: Commitment, terms: Sequence[Term], first: date, last: date
) -> Iterator[tuple[date, date]]:
    match rule.windows:
        case Cadence.MONTH:
            for year in range(first.year, last.year + 1):
                yield from (_month(year, month) for month in range(1, 13))
        case Cadence.HALF_YEAR:
            for year in range(first.year, last.year + 1):
                yield date(year, 1, 1), date(year, JUNE, 30)
                yield date(year, JULY, 1), date(year, 12, 31)
        case Cadence.THRICE_A_TERM:
            for term in terms:
                yield from _spots(term, rule.days or 0)


def _month(year: int, month: int) -> tuple[date, date]:
    first = date(year, month, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _spots(term: Term, days: int) -> Iterator[tuple[date, date]]:
    """Yield the first *days* of a term, the *days* in its middle, and the last."""
    for offset in (0, (term.length - days) // 2, term.length - days):
        opens = term.first_day + timedelta(days=offset)
        yield opens, opens + timedelta(days=days - 1)
