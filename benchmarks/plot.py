"""A plot of a few lines over a logarithmic axis, as SVG."""

from math import log10
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 720, 400, 60
COLOURS = ("#1b6ca8", "#c0392b", "#2d7d46", "#8e44ad", "#b9770e")


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
    upwards = sorted(lines, key=lambda line: line.points[-1][1])
    upper = upwards[len(lines) // 2 :]
    for number, line in enumerate(lines):
        # Numbers of the upper lines stand above them, those of the others below: lines may lie close together.
        aside = -8 if line in upper else 18
        places = [(across(x), up(y)) for x, y in line.points]
        parts += _drawn(line, COLOURS[number % len(COLOURS)], places, number, aside)
    return "\n".join([*parts, "</svg>\n"])


def _drawn(line: Line, colour: str, places: list[tuple[float, float]], number: int, aside: int) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y + aside:.1f}" text-anchor="middle" fill="{colour}">{value:,.0f}</text>'
        for (x, y), (_, value) in zip(places, line.points, strict=True)
    ]
    name = f'<text x="{MARGIN + 10}" y="{MARGIN + 16 * number}" fill="{colour}">{line.name}</text>'
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *marks, name]


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
