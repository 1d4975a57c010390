"""The county's list of areas: county, townships and villages by code, checked as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.event import Level
from shared.papers.table import Table


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area of the list."""

    number: int
    """The row's number in the file, from 1."""
    code: str
    """6 digits a county, 9 a township, 12 a village."""
    name: str
    level: Level
    parent: str | None
    """The parent's code; None for a county."""


@dataclass(frozen=True, slots=True)
class AreaPaper:
    """A list of areas without a fault, parents before children."""

    table: Table
    areas: Sequence[AreaRow]


def read_areas(filename: str, content: bytes) -> AreaPaper:
    """Return the areas in *content*, counties first, then townships, then villages, each by code.

    The tree is taken whole or not at all: raises PaperRefused, which names the first faulty rows.
    """
    raise NotImplementedError
