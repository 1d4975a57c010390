"""Charts as SVG text: pure functions of numbers, coloured by the stylesheet, readable without script."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup

WIDTH, HEIGHT = 600, 230
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 16, 26
LABEL_ROOM = 124
"""Width kept free at the right of a line chart for the lines' own labels."""
TICKS = 4
LABEL_GAP = 15
"""Least distance between two direct labels, so that they never overprint."""
BAR_WIDTH = 72
NARROW_BAR = 22
"""A bar narrower than this carries its number in the table beside it instead."""


@dataclass(frozen=True, slots=True)
class Series:
    """One thing drawn: its label, its colour's name in the stylesheet, a value a month (None: not known)."""

    label: str
    tone: str
    values: Sequence[int | None]


def _node(template: str, **values: object) -> Markup:
    return Markup(template).format(**values)  # noqa: S704 - templates are literals, values are escaped by format


def _joined(nodes: Sequence[Markup]) -> Markup:
    return Markup("").join(nodes)


def ceiling(highest: int) -> int:
    """Return a round number at or above *highest* that TICKS steps divide evenly."""
    if highest <= TICKS:
        return TICKS
    step = highest / TICKS
    magnitude = float(10 ** int(log10(step)))
    nice = next(n for n in (1, 2, 2.5, 5, 10) if n * magnitude >= step)
    return ceil(nice * magnitude) * TICKS


def _y(value: float, top: int) -> float:
    return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)


def _grid(top: int, right: float) -> Markup:
    return _joined(
        [
            _node(
                '<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
                '<text class="tick" x="{text}" y="{base}" text-anchor="end">{value}</text>',
                left=LEFT,
                right=right,
                y=_y(top * tick / TICKS, top),
                text=LEFT - 6,
                base=_y(top * tick / TICKS, top) + 4,
                value=f"{top * tick // TICKS:,}",
            )
            for tick in range(TICKS + 1)
        ]
    )


def _months(months: Sequence[str], centres: Sequence[float]) -> Markup:
    return _joined(
        [
            _node(
                '<text class="tick" x="{x}" y="{y}" text-anchor="middle">{month}</text>',
                x=round(x, 1),
                y=HEIGHT - 8,
                month=month,
            )
            for month, x in zip(months, centres, strict=True)
        ]
    )


def _chart(title: str, *inside: Markup) -> Markup:
    return _node(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
        "<title>{title}</title>{inside}</svg>",
        width=WIDTH,
        height=HEIGHT,
        title=title,
        inside=_joined(inside),
    )


def _stack(month: str, column: Sequence[tuple[Series, int]], x: float, width: float, top: int) -> Markup:
    pieces, below = [], 0
    for series, value in column:
        upper, lower = _y(below + value, top), _y(below, top)
        pieces.append(
            _node(
                '<rect class="{tone}" x="{x}" y="{y}" width="{width}" height="{height}">'
                "<title>{month} {label} {value}</title></rect>",
                tone=series.tone,
                x=round(x, 1),
                y=upper,
                width=round(width, 1),
                height=round(lower - upper, 1),
                month=month,
                label=series.label,
                value=f"{value:,}",
            )
        )
        below += value
    if column and width >= NARROW_BAR:
        pieces.append(
            _node(
                '<text class="value" x="{x}" y="{y}" text-anchor="middle">{value}</text>',
                x=round(x + width / 2, 1),
                y=_y(below, top) - 4,
                value=f"{below:,}",
            )
        )
    return _joined(pieces)


def stacked_bars(title: str, months: Sequence[str], stacks: Sequence[Series]) -> Markup:
    """Draw one bar a month, made of *stacks* from the bottom up, with the bar's sum above it."""
    if not months:
        return Markup("")
    sums = [sum(series.values[at] or 0 for series in stacks) for at in range(len(months))]
    top = ceiling(max(sums))
    pitch = (WIDTH - LEFT - RIGHT) / len(months)
    width = min(pitch * 0.68, 44)
    centres = [LEFT + pitch * (at + 0.5) for at in range(len(months))]
    bars = []
    for at, month in enumerate(months):
        column = [(series, value) for series in stacks if (value := series.values[at])]
        bars.append(_stack(month, column, centres[at] - width / 2, width, top))
    return _chart(title, _grid(top, WIDTH - RIGHT), *bars, _months(months, centres))


def _apart(wanted: Sequence[float]) -> list[float]:
    """Return label heights near *wanted*, in its order, at least LABEL_GAP apart and on the drawing."""
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    placed = [0.0] * len(wanted)
    least = float(TOP)
    for at in order:
        placed[at] = max(wanted[at], least)
        least = placed[at] + LABEL_GAP
    spill = max(0.0, least - LABEL_GAP - (HEIGHT - BOTTOM))
    return [height - spill for height in placed]


def _line(series: Series, months: Sequence[str], centres: Sequence[float], top: int) -> Markup:
    known = [
        (month, x, value)
        for month, x, value in zip(months, centres, series.values, strict=True)
        if value is not None
    ]
    path = " ".join(f"{x:.1f},{_y(value, top)}" for _, x, value in known)
    dots = [
        _node(
            '<circle class="{tone}" cx="{x}" cy="{y}" r="3"><title>{month} {label} {value}</title></circle>',
            tone=series.tone,
            x=round(x, 1),
            y=_y(value, top),
            month=month,
            label=series.label,
            value=f"{value:,}",
        )
        for month, x, value in known
    ]
    drawn = _node('<polyline class="line {tone}" points="{path}"/>', tone=series.tone, path=path)
    return _joined([drawn, *dots])


def lines(title: str, months: Sequence[str], series: Sequence[Series]) -> Markup:
    """Draw one line a series over *months*, labelled at its end; a month without a value has no point."""
    drawn = [one for one in series if any(value is not None for value in one.values)]
    if not months or not drawn:
        return Markup("")
    top = ceiling(max(value for one in drawn for value in one.values if value is not None))
    right = WIDTH - LABEL_ROOM
    pitch = (right - LEFT) / len(months)
    centres = [LEFT + pitch * (at + 0.5) for at in range(len(months))]
    last = [max(at for at, value in enumerate(one.values) if value is not None) for one in drawn]
    heights = _apart([_y(one.values[at] or 0, top) for one, at in zip(drawn, last, strict=True)])
    labels = [
        _node(
            '<text class="label {tone}" x="{x}" y="{y}">{label} {value}</text>',
            tone=one.tone,
            x=round(centres[at] + 8, 1),
            y=round(height + 4, 1),
            label=one.label,
            value=f"{one.values[at]:,}",
        )
        for one, at, height in zip(drawn, last, heights, strict=True)
    ]
    paths = [_line(one, months, centres, top) for one in drawn]
    return _chart(title, _grid(top, right), *paths, *labels, _months(months, centres))


def share(value: int | None, whole: int | None, tone: str = "s1") -> Markup:
    """Draw how much of *whole* is *value* for a table cell; hidden from screen readers: the cell says it."""
    if not whole or value is None:
        return Markup("")
    return _node(
        '<svg class="bar" viewBox="0 0 {width} 8" width="{width}" height="8" aria-hidden="true">'
        '<rect class="rail" width="{width}" height="8"/>'
        '<rect class="{tone}" width="{filled}" height="8"/></svg>',
        width=BAR_WIDTH,
        tone=tone,
        filled=round(BAR_WIDTH * min(value / whole, 1), 1),
    )


def swatch(tone: str) -> Markup:
    """Draw the small square that a chart's key puts before a label."""
    return _node(
        '<svg class="swatch" width="12" height="12" aria-hidden="true"><rect class="{tone}" width="12" '
        'height="12"/></svg>',
        tone=tone,
    )
