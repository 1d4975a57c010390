"""A finding: one thing that was looked at, how it stands, and the code of the words for it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad it is. Only BAD makes the doctor's exit code one of failure."""

    WELL = "well"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """*code* is of the catalogues: what is found, and for a warning or worse how to mend it."""

    code: str
    level: Level
    where: str
    params: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[], Awaitable[list[Finding]]]
"""One look at one part. It may fail or hang: the doctor bounds it and says that the part is away."""


def well(code: str, where: str, **params: object) -> Finding:
    return Finding(code, Level.WELL, where, params)


def doubtful(code: str, where: str, **params: object) -> Finding:
    return Finding(code, Level.WARNING, where, params)


def bad(code: str, where: str, **params: object) -> Finding:
    return Finding(code, Level.BAD, where, params)
