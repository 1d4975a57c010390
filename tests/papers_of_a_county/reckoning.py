"""What policy.md makes of a county's papers, in plain loops: nothing of the product is used here."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.papers_of_a_county.facts import (
    CONDOLENCE,
    GUARDIAN_TALK,
    HOME_VISIT,
    PARENT_CALL,
    Child,
    County,
    LogEntry,
    RosterEntry,
)

GRACE = {GUARDIAN_TALK: 3, PARENT_CALL: 3, HOME_VISIT: 7, CONDOLENCE: 15}
TERMS = ((date(2026, 2, 17), date(2026, 7, 5)), (date(2026, 9, 1), date(2027, 1, 17)))
HOME_VISIT_DAYS = 21


@dataclass(frozen=True)
class Window:
    kind: str
    opens: date
    closes: date

    @property
    def due(self) -> date:
        return self.closes + timedelta(days=GRACE[self.kind])


@dataclass
class Taken:
    """What became of the rosters' rows."""

    children: list[Child]
    by_township: dict[str, int]
    refused: int = 0
    duplicates: int = 0


def reckon(county: County, filed_on: date, until: date) -> dict[str, Any]:
    """Return the figures of `kith year` as policy.md has them, and whose files are open at the end."""
    taken = take(county.rosters, filed_on)
    entered = [entry for entry in county.log if entry.entered_on <= until]
    log = {"rows": len(entered), "unknown_child": 0, "ambiguous": 0}
    visits: dict[Child, list[LogEntry]] = {child: [] for child in taken.children}
    known = Known(taken.children)
    for entry in entered:
        if entry.fault or entry.on > entry.entered_on:
            continue
        meant = known.meant(entry)
        if len(meant) == 1:
            visits[meant[0]].append(entry)
        else:
            log["ambiguous" if meant else "unknown_child"] += 1
    return {
        "rosters": {
            "accepted": len(taken.children),
            "refused": taken.refused,
            "duplicates": taken.duplicates,
            "by_township": taken.by_township,
        },
        "log": log,
        "contacts": contacts(visits, filed_on, until),
        "open": [child for child in taken.children if sixteen_on(child.born) > until],
    }


def take(rows: Sequence[RosterEntry], filed_on: date) -> Taken:
    """Take the rows by township code, then row, so that the first of a duplicate is always the same."""
    taken = Taken([], {row.township: 0 for row in rows})
    for row in sorted(rows, key=lambda row: row.township):
        if row.fault or row.child.born > filed_on or sixteen_on(row.child.born) <= filed_on:
            taken.refused += 1
        elif any(same_child(row.child, known) for known in taken.children):
            taken.duplicates += 1
        else:
            taken.children.append(row.child)
            taken.by_township[row.township] += 1
    return taken


def same_child(one: Child, known: Child) -> bool:
    """By id number; where one of them has none, by name, birth date, sex and village."""
    if one.number is not None and known.number is not None:
        return one.number == known.number
    return one.who == known.who


class Known:
    """The files that a row of the log may mean."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.by_number = {child.number: child for child in children if child.number}
        self.by_name: defaultdict[tuple[str, str], list[Child]] = defaultdict(list)
        for child in children:
            self.by_name[child.name, child.village].append(child)

    def meant(self, entry: LogEntry) -> list[Child]:
        """By id number, else by name in that village; who is known by another number is somebody else."""
        if entry.number in self.by_number:
            return [self.by_number[entry.number]]
        named = self.by_name[entry.name, entry.village]
        return [child for child in named if entry.number is None or child.number is None]


def contacts(visits: dict[Child, list[LogEntry]], filed_on: date, until: date) -> dict[str, dict[str, int]]:
    """Judge every window that is due before the last day, for every child it counts for."""
    counts = {kind: {"windows": 0, "kept": 0, "missed": 0, "made_good": 0} for kind in GRACE}
    for window in windows(filed_on, until):
        if window.due >= until or window.opens < filed_on:
            continue
        for child, logged in visits.items():
            if sixteen_on(child.born) <= window.closes or (window.kind == CONDOLENCE and not child.poor):
                continue
            recorded = [
                max(entry.entered_on, filed_on)
                for entry in logged
                if entry.kind == window.kind and entry.reached and window.opens <= entry.on <= window.closes
            ]
            count = counts[window.kind]
            count["windows"] += 1
            if any(day <= window.due for day in recorded):
                count["kept"] += 1
            else:
                count["missed"] += 1
                count["made_good"] += bool(recorded)
    return counts


def windows(first: date, last: date) -> Iterator[Window]:
    """Every window of the years between two days."""
    for year in range(first.year, last.year + 1):
        for month in range(1, 13):
            opens = date(year, month, 1)
            closes = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            yield Window(GUARDIAN_TALK, opens, closes)
            yield Window(PARENT_CALL, opens, closes)
        yield Window(CONDOLENCE, date(year, 1, 1), date(year, 6, 30))
        yield Window(CONDOLENCE, date(year, 7, 1), date(year, 12, 31))
    for begins, ends in TERMS:
        length = (ends - begins).days + 1
        middle = begins + timedelta(days=(length - HOME_VISIT_DAYS) // 2)
        for opens in (begins, middle, ends - timedelta(days=HOME_VISIT_DAYS - 1)):
            yield Window(HOME_VISIT, opens, opens + timedelta(days=HOME_VISIT_DAYS - 1))


def sixteen_on(born: date) -> date:
    """Return the sixteenth birthday; born on 29 February: 1 March."""
    if (born.month, born.day) == (2, 29):
        return date(born.year + 16, 3, 1)
    return born.replace(year=born.year + 16)
