"""How a number is shown: grouped, with its unit's rules, and never a percentage of a handful of children."""

from collections.abc import Sequence

SMALL = 10
"""Below this denominator a percentage would tell about single children: only counts are shown."""

MISSING = "—"
TENTHS = 1000
"""A whole in tenths of a per cent, so that shares add up in whole numbers."""


def count(value: int | None) -> str:
    """Return *value* with its thousands grouped; a dash where nothing is known, which is not 0."""
    return MISSING if value is None else f"{value:,}"


def percentage(part: int | None, whole: int | None) -> str | None:
    """Return *part* of *whole* in per cent with one decimal; None where the group is too small to tell."""
    if part is None or whole is None or whole < SMALL:
        return None
    return f"{100 * part / whole:.1f}%"


def shares(parts: Sequence[int]) -> list[str | None]:
    """Return each part's share in per cent, by largest remainder, so that what is printed adds up to 100.0.

    Every share is None where the whole is too small to tell.
    """
    whole = sum(parts)
    if whole < SMALL:
        return [None] * len(parts)
    tenths = [part * TENTHS // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda at: (-(parts[at] * TENTHS % whole), at))
    for at in by_remainder[: TENTHS - sum(tenths)]:
        tenths[at] += 1
    return [f"{share // 10}.{share % 10}%" for share in tenths]
