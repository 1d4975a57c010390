"""Replaying a visit log: day by day, the day advances first, then what was entered on it is recorded."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from kith.advancing import advance
from kith.client import Client
from kith.console import Console
from kith.exits import Exit, Failed
from kith.states import day_of_contact
from services.contact.visit_log import split_by_entry_day
from shared.papers.faults import PaperRefused

COUNTS = ("rows", "logged", "already", "duplicates", "unknown_child", "ambiguous", "refused")


@dataclass
class Replayed:
    """What a replay did."""

    first_day: date
    last_day: date
    counts: Counter[str] = field(default_factory=Counter)


def replay(client: Client, console: Console, log: Path, first_day: date, until: date) -> Replayed:
    """Replay the rows of *log* that were entered by *until*, from *first_day* on.

    Rows entered before *first_day* go in with that day. Goes on from the day contact has reached: that
    day's rows are sent again, and those that were taken change nothing. Raises Failed where contact is
    past *until* or the log is none.
    """
    reached = day_of_contact(client)
    if reached is not None and reached > until:
        raise Failed("already_past", Exit.REFUSED, day=reached, until=until)
    start = max(first_day, reached) if reached else first_day
    rows = rows_by_day(console, log, start, until)
    done = Replayed(start, until)
    with console.progress(
        "replaying", total=(until - first_day).days + 1, done=(start - first_day).days
    ) as step:
        for day in _days(start, until):
            if day != reached:  # those before contact may be a day further, if a run was broken off there
                advance(client, day)
            if day in rows:
                report = client.send("contact", "/imports/visits", f"{day}.csv", rows[day])
                done.counts.update({count: int(report.get(count, 0)) for count in COUNTS})
            step(1)
    return done


def rows_by_day(console: Console, log: Path, start: date, until: date) -> Mapping[date, bytes]:
    """Return the rows of *log* by the day they go in, each as a small log of its own.

    What was entered before *start* was either sent already, or goes in with *start*: both are right,
    since a row that was taken changes nothing.
    """
    try:
        split = split_by_entry_day(log.name, log.read_bytes(), start)
        return {day: rows for day, rows in split if day <= until}
    except PaperRefused as refused:
        if refused.code == "paper_no_rows":  # nobody has visited yet: the days go by all the same
            return {}
        raise Failed(
            "paper_refused", Exit.REFUSED, file=log.name, why=refused.told(console.language)
        ) from refused


def _days(start: date, until: date) -> Iterator[date]:
    for day in range((until - start).days + 1):
        yield start + timedelta(days=day)
