"""The visit log of the invented county: what was kept, late, tried, doubled, and about whom nobody knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from tests.papers_of_a_county.facts import (
    CONDOLENCE,
    GUARDIAN_TALK,
    HOME_VISIT,
    PARENT_CALL,
    Child,
    LogEntry,
    RosterEntry,
)
from tests.papers_of_a_county.people import People
from tests.papers_of_a_county.reckoning import GRACE, Window, windows

DAY = timedelta(days=1)
MONTH = timedelta(days=31)
KINDS: Mapping[str, str] = {
    GUARDIAN_TALK: "监护人沟通",
    PARENT_CALL: "亲子通话",
    HOME_VISIT: "家访",
    CONDOLENCE: "慰问",
}


def log(people: People, rows: Sequence[RosterEntry], filed_on: date, until: date) -> list[LogEntry]:
    """Return the year's rows by day of entry, some of them from before the filing and after *until*."""
    entries: list[LogEntry] = []
    for child in {row.child: None for row in rows if row.child.name}:
        for window in windows(filed_on - MONTH, until):
            if filed_on - MONTH < window.closes and window.opens < until:
                entries += of_window(people, child, window)
    entries += troubles(people, entries)
    people.random.shuffle(entries)
    return sorted(entries, key=lambda entry: entry.entered_on)


def of_window(people: People, child: Child, window: Window) -> Iterator[LogEntry]:
    """Yield what was done for a child in a window: one of the ways to keep it or to miss it."""
    chance = people.random
    opens, closes, due = window.opens, window.closes, window.closes + DAY * GRACE[window.kind]
    some_day = opens + DAY * chance.randrange((closes - opens).days + 1)
    soon, late = some_day + DAY * chance.randrange(4), due + DAY * chance.randrange(1, 60)
    number = None if chance.randrange(4) == 0 else child.number
    ways: list[list[tuple[date, date, bool]]] = [
        [],
        [(some_day, some_day, False)],
        [(opens, opens, True)],
        [(closes, closes, True)],
        [(closes, due, True)],
        [(some_day, due + DAY, True)],
        [(opens - DAY, opens, True)],
        [(closes + DAY, closes + DAY, True)],
        [(some_day, late, True)],
        [(some_day, some_day, True)] * 2,
        [(some_day, due, False), (some_day, due + 2 * DAY, True)],
        *[[(some_day, soon, True)]] * 3,
    ]
    kinds = list(KINDS) if chance.randrange(12) == 0 else [window.kind]
    for on, entered_on, reached in chance.choice(ways):
        for kind in kinds:
            yield LogEntry(on, entered_on, child.name, number, child.village, kind, reached)


def troubles(people: People, entries: Sequence[LogEntry]) -> Iterator[LogEntry]:
    """Yield rows that cannot be taken, rows in another form, and rows about people nobody knows."""
    nobody = people.number(date(2015, 5, 5), "男")
    for nth, entry in enumerate(people.random.sample(entries, k=max(30, len(entries) // 20))):
        forms = [
            replace(entry, fault="unknown kind", written={"kind": "喝茶"}),
            replace(entry, fault="unknown result", written={"result": "大概"}),
            replace(entry, fault="after its entry", on=entry.entered_on + DAY),
            replace(entry, fault="no such day", written={"on": "2026-02-30"}),
            replace(entry, name="无此人", number=nobody),
            replace(entry, name=f"{entry.name[0]}不识", number=None),
            replace(entry, number=None, written={"number": "5.20199E+17"}),
            replace(entry, written={"name": f"{entry.name[0]} {entry.name[1:]}"}),
            replace(entry, written={"village": f"'{entry.village}", "on": f"'{entry.on}"}),
        ]
        if entry.number:
            small = {"number": entry.number.lower()}
            forms += [
                replace(entry, name="", village="", written=small),
                replace(entry, village="", written={"village": "某村"}),
            ]
        yield forms[nth % len(forms)]
