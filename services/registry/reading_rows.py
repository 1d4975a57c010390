"""From judged rows of a roster to entries of the ledger and files to open; pure but for the vault's secret."""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.registry.domain.recognition import Meaning, Person, Recognised, Recognition, Why
from services.registry.identity import Identity, child_id_of, household_key, keys_of, school_key
from services.registry.import_ledger import Entry, LedgerRow, RowOutcome
from services.registry.roster import RosterRow
from shared.contracts.registry import ChildFile
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Opening:
    """A file to open: who it is, what travels, what the vault keeps, what is claimed, whom it resembles."""

    person: Person
    file: ChildFile
    kept: dict[str, str]
    claims: tuple[str, ...]
    likely: tuple[tuple[UUID, Why], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """An id number that a row gives a child known without one."""

    child_id: UUID
    learned_id: UUID
    village: str
    id_number: str
    citizen: str
    """The number's key, by which a later row means this child before anybody has confirmed it."""


@dataclass(frozen=True, slots=True)
class RowRead:
    """A row that is new to the ledger, with what is to be written for it."""

    entry: Entry
    opening: Opening | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Who an acceptable row is about."""

    person: Person
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyedRow:
    """A row with its key in the ledger and, unless it is refused, who it is about."""

    row: RosterRow
    row_key: str
    who: Who | None = None


def keyed_rows(vault: Vault, township: str, filed_on: date, rows: Sequence[RosterRow]) -> list[KeyedRow]:
    """Give each row its key: what it says, in which township, and which of the identical rows it is.

    Who is new among them gets a file of the day *filed_on*.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    keyed = []
    for row in rows:
        seen[row.content] += 1
        row_key = vault.claim_key("roster_row", township, *row.content, str(seen[row.content]))
        keyed.append(_keyed(vault, row, row_key, filed_on))
    return keyed


def _keyed(vault: Vault, row: RosterRow, row_key: str, filed_on: date) -> KeyedRow:
    if row.refused or row.birth_date is None or row.village is None:
        return KeyedRow(row, row_key)
    identity = _identity(row)
    keys = keys_of(vault, identity, row.birth_date, row.sex, row.village)
    child_id = child_id_of(vault, identity, row.birth_date, row.sex, row.village, filed_on=filed_on)
    person = Person(child_id, keys.name, row.birth_date, row.sex, row.village, keys.citizen)
    return KeyedRow(row, row_key, Who(person, keys.claims))


def unread(rows: Iterable[KeyedRow], known: dict[str, LedgerRow]) -> list[KeyedRow]:
    """Return the rows that the ledger does not have, or has as refused while they are acceptable now."""
    return [
        keyed
        for keyed in rows
        if (before := known.get(keyed.row_key)) is None
        or (before.outcome is RowOutcome.REFUSED and not keyed.row.refused)
    ]


def read_rows(
    vault: Vault, rows: Iterable[KeyedRow], recognition: Recognition, ids_in_use: AbstractSet[UUID]
) -> list[RowRead]:
    """Decide each row in order, each knowing the ones before it."""
    return [_read(vault, keyed, recognition, ids_in_use) for keyed in rows]


def _read(vault: Vault, keyed: KeyedRow, recognition: Recognition, ids_in_use: AbstractSet[UUID]) -> RowRead:
    number, row_key, who = keyed.row.number, keyed.row_key, keyed.who
    if who is None:
        return RowRead(Entry(row_key, number, RowOutcome.REFUSED, keyed.row.faults[0].code))
    found = recognition.recognise(who.person)
    if found.meaning is Meaning.NEW:
        opening = _opening(vault, keyed, who, found, in_use=who.person.child_id in ids_in_use)
        recognition.remember([opening.person])
        outcome = RowOutcome.PUT_RIGHT if keyed.row.mended else RowOutcome.TAKEN
        entry = Entry(row_key, number, outcome, None, opening.person.child_id, bool(opening.likely))
        return RowRead(entry, opening)
    entry = Entry(row_key, number, RowOutcome.DUPLICATE, f"{found.meaning}_child", found.child_id)
    if found.meaning is Meaning.LEARNED:
        return RowRead(entry, learned=_learned(vault, keyed, who.person, found, recognition))
    return RowRead(entry)


def _opening(vault: Vault, keyed: KeyedRow, who: Who, found: Recognised, *, in_use: bool) -> Opening:
    person = who.person
    if in_use:
        # The file that was opened with this number or name has another one now: this is another child.
        person = replace(person, child_id=vault.subject_id("child", str(person.child_id), keyed.row_key))
    identity = _identity(keyed.row)
    file = _file(vault, keyed.row, identity, person.birth_date)
    return Opening(person, file, identity.kept(), who.claims, found.likely)


def _learned(
    vault: Vault, keyed: KeyedRow, person: Person, found: Recognised, recognition: Recognition
) -> Learned:
    number, citizen = keyed.row.citizen_id or "", person.citizen or ""
    recognition.by_citizen[citizen] = found.child_id
    learned_id = vault.subject_id("learned_id", str(found.child_id), number)
    return Learned(found.child_id, learned_id, person.village, number, citizen)


def _identity(row: RosterRow) -> Identity:
    return Identity.model_construct(
        name=row.name,
        id_number=row.citizen_id,
        school=row.school,
        guardian_name=row.guardian_name,
        guardian_phone=row.guardian_phone,
        father_name=row.father_name,
        father_workplace=row.father_workplace,
        father_phone=row.father_phone,
        mother_name=row.mother_name,
        mother_workplace=row.mother_workplace,
        mother_phone=row.mother_phone,
    )


def _file(vault: Vault, row: RosterRow, identity: Identity, birth_date: date) -> ChildFile:
    return ChildFile(
        birth_date=birth_date,
        sex=row.sex,
        ethnic_group=row.ethnic_group,
        health=row.health,
        schooling=row.schooling,
        school=school_key(vault, row.school),
        boards=row.boards,
        poor=row.poor,
        guardianship=row.guardianship,
        rating=row.rating,
        household=household_key(vault, identity),
    )
