"""The charts of the dashboard: which measures are drawn by month, and in which colours."""

from collections.abc import Sequence

from markupsafe import Markup

from services.reporting.pages import svg
from services.reporting.pages.facts import Month
from services.reporting.pages.svg import Series
from services.reporting.pages.wording import Wording
from shared.contracts.event import ContactKind

STACKED = (("kept", "kept"), ("made_good", "good"), ("withdrawn", "gone"), ("outstanding", "missed"))
"""What the windows of a month came to: the ending of the measure's name, and its colour."""

TONES = ("s1", "s2", "s3", "s4")


def month_name(month: Month, say: Wording) -> str:
    """Return what a month is called in a table or under a chart."""
    return say("month_label", month=month.first.month, year=month.first.year)


def windows_key(say: Wording) -> list[Series]:
    """Return the colours of the windows' chart and what each means."""
    return [Series(say(part), tone, ()) for part, tone in STACKED]


def windows(months: Sequence[Month], say: Wording) -> Markup:
    """Draw what became of each month's windows; a month in which none was judged has no bar."""
    stacks = [
        Series(say(part), tone, [month.values.get(f"windows.{part}") for month in months])
        for part, tone in STACKED
    ]
    return svg.stacked_bars(say("windows_trend"), _ticks(months, say), stacks)


def kinds(months: Sequence[Month], say: Wording) -> Markup:
    """Draw the windows missed by kind; a month in which none of a kind was counted has no point."""
    drawn = [
        Series(say.label(kind), tone, [_missed(month, kind) for month in months])
        for kind, tone in zip(ContactKind, TONES, strict=True)
    ]
    return svg.lines(say("kinds_trend"), _ticks(months, say), drawn)


def files(months: Sequence[Month], say: Wording) -> Markup:
    """Draw the files open at each month's end, and the children paired."""
    drawn = [
        Series(say(code), tone, [month.values.get(measure) for month in months])
        for code, measure, tone in (
            ("files_open", "files.open", "s1"),
            ("paired", "children.paired", "s3"),
        )
    ]
    return svg.lines(say("files_trend"), _ticks(months, say), drawn)


def _ticks(months: Sequence[Month], say: Wording) -> list[str]:
    return [say("month_tick", month=month.first.month) for month in months]


def _missed(month: Month, kind: ContactKind) -> int | None:
    counted = month.values.get(f"windows.counted.{kind}")
    return month.values.get(f"windows.missed.{kind}") if counted else None
