"""A township's roster: from the file as it came to rows that are judged, put right or refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.contracts.event import Guardianship, Health, Rating, Schooling, Sex
from shared.papers.faults import Fault
from shared.papers.table import Table


@dataclass(frozen=True, slots=True)
class RosterPaper:
    """A roster as it was read, before anything was judged."""

    filename: str
    township: str
    """The 9-digit code that the file's name begins with."""
    table: Table


@dataclass(slots=True)
class RosterRow:
    """One row of a roster, judged (policy.md, The papers)."""

    number: int
    """The row's number in the file, from 1, as the office program shows it."""
    cells: tuple[str, ...]
    """The row as it came, as text, in the paper's own columns."""
    content: tuple[str, ...]
    """What the row says, normalised, in one order for all layouts: the key of the import ledger."""
    faults: list[Fault] = field(default_factory=list)
    """Why the row is refused; an empty list is a row that is taken."""
    mended: list[str] = field(default_factory=list)
    """Codes of what was put right."""
    notes: list[Fault] = field(default_factory=list)
    """What was taken as unknown, for a person to see."""

    name: str = ""
    citizen_id: str | None = None
    """18 characters, upper-case X; None where the child has no number."""
    birth_date: date | None = None
    """Never None in a row that is taken."""
    sex: Sex = Sex.UNKNOWN
    village: str | None = None
    """The village's 12-digit code; never None in a row that is taken."""
    village_name: str = ""
    """The village as the paper writes it."""
    ethnic_group: str = "00"
    health: Health = Health.UNKNOWN
    schooling: Schooling = Schooling.UNKNOWN
    school: str = ""
    boards: bool | None = None
    poor: bool | None = None
    guardianship: Guardianship = Guardianship.UNKNOWN
    rating: Rating = Rating.UNKNOWN
    guardian_name: str = ""
    guardian_phone: str = ""
    father_name: str = ""
    father_workplace: str = ""
    father_phone: str = ""
    mother_name: str = ""
    mother_workplace: str = ""
    mother_phone: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.faults)

    @property
    def who(self) -> tuple[str, str, str, str]:
        """Name, birth date (ISO), sex and village code: the same child where a number is missing."""
        born = self.birth_date.isoformat() if self.birth_date else ""
        return (self.name, born, self.sex, self.village or "")


def read_roster(filename: str, content: bytes) -> RosterPaper:
    """Return the roster in *content*; the township is the 9-digit code that *filename* begins with.

    Raises PaperRefused when the file is no roster, or not one that can be read without guessing.
    """
    raise NotImplementedError


def judge_rows(paper: RosterPaper, areas: Mapping[str, str], filed_on: date) -> Sequence[RosterRow]:
    """Return every row of *paper*, judged against *areas* (code to name, the whole county) on *filed_on*.

    Raises PaperRefused when the township is not among *areas*, or most rows belong to another one.
    """
    raise NotImplementedError
