"""The county's list of carers and staff: from the file as it came to rows that are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.contracts.event import CarerKind, Sex
from shared.papers.faults import Fault
from shared.papers.table import Table


@dataclass(slots=True)
class CarerRow:
    """One carer or member of staff."""

    number: int
    """The row's number in the file, from 1."""
    cells: tuple[str, ...]
    content: tuple[str, ...]
    """What the row says, normalised, in one order for all layouts: the key of the import ledger."""
    faults: list[Fault] = field(default_factory=list)
    """Why the row is refused; an empty list is a row that is taken."""
    mended: list[str] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    name: str = ""
    sex: Sex = Sex.UNKNOWN
    kind: CarerKind | None = None
    """Never None in a row that is taken."""
    area: str = ""
    """9 digits a township, 12 a village."""
    phone: str = ""
    capacity: int = 0
    """0 for staff, at least 1 for a carer in a row that is taken."""
    cleared: bool = False
    """Vetting passed."""
    school: str = ""
    citizen_id: str | None = None

    @property
    def refused(self) -> bool:
        return bool(self.faults)


@dataclass(frozen=True, slots=True)
class CarerPaper:
    """A list of carers as it was read and judged."""

    table: Table
    rows: Sequence[CarerRow]


def read_carers(filename: str, content: bytes) -> CarerPaper:
    """Return the carers in *content*, each row judged. Raises PaperRefused when it is no such list.

    Whether a row's area exists is the caller's to check.
    """
    raise NotImplementedError
