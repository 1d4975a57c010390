"""A plot of a few lines over a logarithmic axis, as SVG."""

from math import log10
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 720, 400, 60
COLOURS = ("#1b6ca8", "#c0392b", "#2d7d46", "#8e44ad", "#b9770e", "#5d6d7e", "#17202a")
NAMES_A_ROW = 3

HALO = 'stroke="white" stroke-width="4" paint-order="stroke"'
"""Of a number that a line may cross."""


class Line(NamedTuple):
    """A name and its points (x, y), x above 0."""

    name: str
    points: list[tuple[float, float]]


def plot(title: str, lines: list[Line]) -> str:
    """Return the SVG of *lines*; both axes are logarithmic, so that what does not grow is level."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    across = _axis(min(xs), max(xs), MARGIN, WIDTH - MARGIN)
    up = _axis(min(ys) / 2, max(ys) * 3, HEIGHT - MARGIN, MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="24" font-size="15">{title}</text>',
        f'<path d="M{MARGIN} {MARGIN}V{HEIGHT - MARGIN}H{WIDTH - MARGIN}" fill="none" stroke="#888"/>',
    ]
    parts += [
        f'<text x="{across(x):.0f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{x:,.0f}</text>'
        for x in sorted(set(xs))
    ]
    for number, line in enumerate(lines):
        places = [(across(x), up(y)) for x, y in line.points]
        parts += _drawn(line.name, COLOURS[number % len(COLOURS)], places, number)
    for x in sorted(set(xs)):
        there = [(up(y), y, n) for n, line in enumerate(lines) for at, y in line.points if at == x]
        parts += _numbers(across(x), sorted(there))
    return "\n".join([*parts, "</svg>\n"])


def _drawn(name: str, colour: str, places: list[tuple[float, float]], number: int) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    row, column = divmod(number, NAMES_A_ROW)
    x, y = MARGIN + column * (WIDTH - 2 * MARGIN) // NAMES_A_ROW, HEIGHT - 24 + 16 * row
    below = f'<text x="{x}" y="{y}" fill="{colour}">{name}</text>'
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *marks, below]


def _numbers(x: float, there: list[tuple[float, float, int]]) -> list[str]:
    """Return the numbers over one place of the axis, from the top, none on another: lines may lie close together."""
    numbers, least = [], 0.0
    for y, value, number in there:
        least = max(y - 8, least + 13)
        colour = COLOURS[number % len(COLOURS)]
        numbers.append(
            f'<text x="{x:.1f}" y="{least:.1f}" text-anchor="middle" fill="{colour}" {HALO}>{value:,.0f}</text>'
        )
    return numbers


class _Axis(NamedTuple):
    least: float
    most: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.most - self.least or 1
        return self.begin + (log10(value) - self.least) / span * (self.end - self.begin)


def _axis(least: float, most: float, begin: float, end: float) -> _Axis:
    return _Axis(log10(least), log10(most), begin, end)
