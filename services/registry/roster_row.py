"""One row of a roster: what its cells say, what was put right, and why it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from services.registry.domain.age import sixteen_on
from services.registry.roster_layout import ROSTER
from services.registry.roster_words import (
    BOARDS,
    ETHNIC_GROUPS,
    GUARDIANSHIPS,
    HEALTHS,
    POOR,
    RATINGS,
    SCHOOLINGS,
)
from services.registry.villages import Villages
from shared.contracts.event import Guardianship, Health, Rating, Schooling, Sex
from shared.papers import dates
from shared.papers.citizen_id import (
    MENDED_FULL_WIDTH,
    MENDED_SPACES,
    ReadId,
    birth_date_of,
    read_citizen_id,
    sex_of,
)
from shared.papers.faults import Fault
from shared.papers.lengths import too_long
from shared.papers.table import Cell, Cells, Table
from shared.papers.text import (
    NOTHING,
    as_text,
    as_texts,
    code,
    compact,
    free_text,
    is_full_width,
    person_name,
    phone_number,
)
from shared.papers.words import SEXES

SEPARATORS = str.maketrans(dict.fromkeys("、,，/和及与.;；", ""))
BIRTH_DATE, CITIZEN_ID = (list(ROSTER.columns).index(column) for column in ("birth_date", "citizen_id"))
TEXTS = (
    *("name", "school", "guardian_name", "guardian_phone"),
    *("father_name", "father_workplace", "father_phone"),
    *("mother_name", "mother_workplace", "mother_phone"),
)
"""What a row says in words of its own, and is kept as it says it."""
Value = TypeVar("Value")


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


class Judge:
    """Judges the rows of one table, against the villages of its township, on the day of filing."""

    def __init__(self, table: Table, villages: Villages, filed_on: date) -> None:
        self.table = table
        self.villages = villages
        self.filed_on = filed_on
        self.columns = list(table.columns.items())
        self.places = [table.columns.get(column) for column in ROSTER.columns]
        self.found: dict[str, str | None] = {}

    def label(self, column: str) -> str:
        """Return how the paper calls *column*."""
        return self.table.labels.get(column, ROSTER.label(column))

    def row(self, number: int, cells: Cells) -> RosterRow:
        """Return the row, judged by every rule of policy.md, The papers."""
        by_column = {column: cells[index] for column, index in self.columns}
        row = RosterRow(number=number, cells=as_texts(cells), content=())
        read = read_citizen_id(by_column.get("citizen_id", ""))
        self._name(row, by_column["name"])
        self._citizen_id(row, read)
        self._birth_date(row, by_column.get("birth_date", ""))
        self._sex(row, by_column.get("sex", ""))
        self._village(row, by_column.get("village", ""), by_column.get("village_code", ""))
        self._codes(row, by_column)
        take_texts(row, by_column)
        row.faults += too_long({column: getattr(row, column) for column in TEXTS}, self.label)
        row.content = self._content(row)
        return row

    def _name(self, row: RosterRow, cell: Cell) -> None:
        text = as_text(cell)
        row.name = person_name(cell)
        if not row.name:
            row.faults.append(Fault("row_name_missing", self.label("name")))
        elif row.name != text:
            note_form(row, text)

    def _citizen_id(self, row: RosterRow, read: ReadId) -> None:
        row.citizen_id = read.number
        if read.fault:
            row.faults.append(Fault(read.fault, self.label("citizen_id")))
        for mended in read.mended:
            put_right(row, mended)

    def _birth_date(self, row: RosterRow, cell: Cell) -> None:
        born = dates.read_date(cell)
        if born == dates.MISSING and row.citizen_id:
            born = birth_date_of(row.citizen_id) or born
            put_right(row, "mended_birth_from_id")
        if isinstance(born, str):
            row.faults.append(Fault(born, self.label("birth_date")))
            return
        row.birth_date = born
        if isinstance(cell, str) and is_full_width(cell):
            put_right(row, MENDED_FULL_WIDTH)
        if row.citizen_id and birth_date_of(row.citizen_id) != born:
            row.faults.append(Fault("row_birth_contradicts_id", self.label("birth_date")))
        self._age(row, born)

    def _age(self, row: RosterRow, born: date) -> None:
        if born > self.filed_on:
            row.faults.append(
                Fault("row_birth_after_filing", self.label("birth_date"), {"filed_on": self.filed_on})
            )
        elif sixteen_on(born) <= self.filed_on:
            row.faults.append(Fault("row_over_age", self.label("birth_date"), {"filed_on": self.filed_on}))

    def _sex(self, row: RosterRow, cell: Cell) -> None:
        text = compact(as_text(cell))
        sex = SEXES.get(text)
        by_id = sex_of(row.citizen_id) if row.citizen_id else None
        if sex is None and by_id is not None:
            put_right(row, "mended_sex_from_id")
        elif sex is None and text not in NOTHING:
            row.notes.append(Fault("note_value_unknown", self.label("sex")))
        elif sex is not None and by_id is not None and sex is not by_id:
            row.faults.append(Fault("row_sex_contradicts_id", self.label("sex")))
        row.sex = sex or by_id or Sex.UNKNOWN

    def _village(self, row: RosterRow, name: Cell, code: Cell) -> None:
        row.village_name = free_text(name) or compact(as_text(code))
        by_name, by_code = self._found(name), self._found(code)
        label = self.label("village")
        if not row.village_name:
            row.faults.append(Fault("row_village_missing", label))
        elif by_name and by_code and by_name != by_code:
            row.faults.append(Fault("row_village_contradicts_code", label))
        elif (free_text(name) and not by_name) or (compact(as_text(code)) and not by_code):
            row.faults.append(self._village_unknown(row, label))
        else:
            row.village = by_name or by_code

    def _found(self, cell: Cell) -> str | None:
        text = code(as_text(cell))
        if text not in self.found:
            self.found[text] = self.villages.find(text) if text else None
        return self.found[text]

    def _village_unknown(self, row: RosterRow, label: str) -> Fault:
        similar = self.villages.similar(compact(row.village_name))
        code = "row_village_unknown_similar" if similar else "row_village_unknown"
        return Fault(code, label, {"similar": similar or "", "township": self.villages.township_name})

    def _codes(self, row: RosterRow, cells: Mapping[str, Cell]) -> None:
        row.ethnic_group = self._code(row, cells, "ethnic_group", ETHNIC_GROUPS) or "00"
        row.health = self._code(row, cells, "health", HEALTHS) or Health.UNKNOWN
        row.schooling = self._code(row, cells, "schooling", SCHOOLINGS) or Schooling.UNKNOWN
        row.boards = self._code(row, cells, "boards", BOARDS)
        row.poor = self._code(row, cells, "poor", POOR)
        row.guardianship = self._code(row, cells, "guardianship", GUARDIANSHIPS) or Guardianship.UNKNOWN
        row.rating = self._code(row, cells, "rating", RATINGS) or Rating.UNKNOWN

    def _code(
        self, row: RosterRow, cells: Mapping[str, Cell], column: str, values: Mapping[str, Value]
    ) -> Value | None:
        """Return the code of what the cell says; a word that means nothing is told, and taken as unknown."""
        cell = cells.get(column, "")
        if isinstance(cell, str) and (value := values.get(cell)) is not None:
            return value
        text = compact(as_text(cell))
        value = values.get(text)
        if value is None:
            value = values.get(text.translate(SEPARATORS))
        if value is None and text not in NOTHING:
            row.notes.append(Fault("note_value_unknown", self.label(column)))
        return value

    def _content(self, row: RosterRow) -> tuple[str, ...]:
        """Return what the row says in one order and form, whatever the layout and the kind of file."""
        said = ["" if place is None else compact(row.cells[place]) for place in self.places]
        if row.birth_date:
            said[BIRTH_DATE] = row.birth_date.isoformat()
        if row.citizen_id:
            said[CITIZEN_ID] = row.citizen_id
        return tuple(said)


def take_texts(row: RosterRow, cells: Mapping[str, Cell]) -> None:
    row.school = free_text(cells.get("school", ""))
    row.guardian_name = person_name(cells.get("guardian_name", ""))
    row.guardian_phone = phone_number(cells.get("guardian_phone", ""))
    row.father_name = person_name(cells.get("father_name", ""))
    row.father_workplace = free_text(cells.get("father_workplace", ""))
    row.father_phone = phone_number(cells.get("father_phone", ""))
    row.mother_name = person_name(cells.get("mother_name", ""))
    row.mother_workplace = free_text(cells.get("mother_workplace", ""))
    row.mother_phone = phone_number(cells.get("mother_phone", ""))


def note_form(row: RosterRow, text: str) -> None:
    """Note what of the form of *text* was put right."""
    if is_full_width(text.strip()):
        put_right(row, MENDED_FULL_WIDTH)
    if text != "".join(text.split()):
        put_right(row, MENDED_SPACES)


def put_right(row: RosterRow, code: str) -> None:
    if code not in row.mended:
        row.mended.append(code)
