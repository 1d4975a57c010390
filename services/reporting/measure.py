"""What a measure is: its unit, its nature, and what stands behind each one it counts."""

import zlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Unit(StrEnum):
    """What one of a measure is: persons, person-times, … are never added up together."""

    PERSONS = "persons"
    PERSON_TIMES = "person_times"
    WINDOWS = "windows"
    PAIRS = "pairs"
    PLACES = "places"
    ROWS = "rows"


class Nature(StrEnum):
    """How a measure relates to days."""

    STOCK = "stock"
    """What stands on the as-of day."""
    OPENING = "opening"
    """What stood on the eve of the period."""
    FLOW = "flow"
    """What happened in the period, both ends inclusive."""


class Item(IntEnum):
    """What a row of the list behind a number is."""

    CHILD = 1
    PAIR = 2
    CARER = 3
    VISIT = 4
    WINDOW = 5
    ESCALATION = 6
    IMPORT = 7


class Band(StrEnum):
    """The age bands of the national form of 2016; the last one holds until the file closes."""

    FIRST = "0_5"
    SECOND = "6_13"
    THIRD = "14_15"


class Load(StrEnum):
    """How many of the children a carer may take he has."""

    NONE = "none"
    SOME = "some"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Term:
    """A measure's part in a sum or a difference."""

    name: str
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Measure:
    """One definition; page, API, summary and export all read it."""

    name: str
    unit: Unit
    nature: Nature
    item: Item
    sources: tuple[str, ...]
    """The events it comes from."""
    terms: tuple[Term, ...] = ()
    """For a measure that is a sum or a difference of others; empty for one that events count directly."""
    denominator: str | None = None
    """The measure of which this one is a share."""
    members: str | None = None
    """The field of the event that names those counted, where one event counts many."""

    @property
    def number(self) -> int:
        """The measure's key in tables: from its name, so that adding a measure never renumbers another."""
        return zlib.crc32(self.name.encode()) & 0x7FFFFFFF

    @property
    def label(self) -> str:
        """The code of its name in the message catalogues."""
        return f"measure.{self.name}"

    @property
    def definition(self) -> str:
        """The code of the sentence that says what is counted."""
        return f"definition.{self.name.partition('.')[0]}"

    @property
    def group(self) -> str:
        """What rows about the same share, beside item and day: the kind of window, or the measure itself."""
        if self.item is Item.WINDOW:
            return self.name.rpartition(".")[2]
        return self.name if self.nature is Nature.FLOW else ""
