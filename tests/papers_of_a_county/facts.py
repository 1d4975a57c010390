"""What a county's papers say, apart from their form: who stands on a roster, what stands in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

GUARDIAN_TALK, PARENT_CALL, HOME_VISIT, CONDOLENCE = "guardian_talk parent_call home_visit condolence".split()  # noqa: SIM905 - four words


@dataclass(frozen=True)
class Child:
    """A child as a roster names it; *village* is its 12-digit code, *sex* 男 or 女."""

    name: str
    sex: str
    born: date
    village: str
    number: str | None = None
    poor: bool = False

    @property
    def who(self) -> tuple[str, str, date, str]:
        return (self.name, self.sex, self.born, self.village)


@dataclass(frozen=True)
class RosterEntry:
    """A row of a township's roster: whom it means, and how."""

    township: str
    child: Child
    fault: str = ""
    """Why its form refuses it already; how old the child is on the day of filing is reckoned."""
    written: Mapping[str, object] = field(default_factory=dict)
    """Cells that are written otherwise than the layout would, by field."""


@dataclass(frozen=True)
class LogEntry:
    """A row of the visit log."""

    on: date
    entered_on: date
    name: str
    number: str | None
    village: str
    kind: str
    reached: bool = True
    fault: str = ""
    """Why its form refuses it already."""
    written: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class County:
    """All that stands on the papers of a county; the entries of each roster in the order of its rows."""

    code: str
    areas: Mapping[str, str]
    rosters: Sequence[RosterEntry]
    log: Sequence[LogEntry]

    @property
    def townships(self) -> list[str]:
        return sorted(code for code in self.areas if len(code) == len("520199100"))
