"""Whether a row of a paper means a child that is known already (policy.md, The papers)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID


class Meaning(StrEnum):
    """What a row means."""

    NEW = "new"
    SAME = "same"
    """The same child again: a duplicate, not taken."""
    LEARNED = "learned"
    """The same child, known until now without the id number that this row gives."""


class Why(StrEnum):
    """Why two files may be one child."""

    SAME_NAME_AND_BIRTH_DATE = "same_name_and_birth_date"
    BIRTH_DATE_DIFFERS_IN_ONE_PART = "birth_date_differs_in_one_part"


@dataclass(frozen=True, slots=True)
class Person:
    """A child as papers tell children apart; *name* and *citizen* are keyed, never readable."""

    child_id: UUID
    name: str
    birth_date: date
    sex: str
    village: str
    citizen: str | None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a row means, which child it is where that child is known, and whom to compare it with."""

    meaning: Meaning
    child_id: UUID
    likely: tuple[tuple[UUID, Why], ...] = ()


@dataclass
class Recognition:
    """The children known so far; a child that has lived in several villages is here once for each."""

    by_citizen: dict[str, UUID] = field(default_factory=dict)
    by_name: defaultdict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))

    def remember(self, people: Iterable[Person]) -> None:
        """Know *people* from now on."""
        for person in people:
            if person.citizen is not None:
                self.by_citizen[person.citizen] = person.child_id
            self.by_name[person.name].append(person)

    def recognise(self, row: Person) -> Recognised:
        """Say what *row* means; its child_id is the one it would get as a new child.

        By id number first. Without one, the same name, birth date, sex and village is the same child;
        a number given to such a child is learned. Similar ones, of which one has no number, are listed.
        """
        if row.citizen is not None and row.citizen in self.by_citizen:
            return Recognised(Meaning.SAME, self.by_citizen[row.citizen])
        for known in self.by_name[row.name]:
            if not _the_same(row, known):
                continue
            if row.citizen is None:
                return Recognised(Meaning.SAME, known.child_id)
            if known.citizen is None:
                return Recognised(Meaning.LEARNED, known.child_id)
        return Recognised(Meaning.NEW, row.child_id, self._likely(row))

    def _likely(self, row: Person) -> tuple[tuple[UUID, Why], ...]:
        found: dict[UUID, Why] = {}
        for known in self.by_name[row.name]:
            if row.citizen is not None and known.citizen is not None:
                continue
            if known.birth_date == row.birth_date:
                found.setdefault(known.child_id, Why.SAME_NAME_AND_BIRTH_DATE)
            elif known.village == row.village and differ_in_one_part(known.birth_date, row.birth_date):
                found.setdefault(known.child_id, Why.BIRTH_DATE_DIFFERS_IN_ONE_PART)
        return tuple(found.items())


def differ_in_one_part(one: date, other: date) -> bool:
    """Return whether two days differ in the year, the month or the day of month, and only there."""
    return [one.year == other.year, one.month == other.month, one.day == other.day].count(False) == 1


def _the_same(one: Person, other: Person) -> bool:
    return (one.name, one.birth_date, one.sex, one.village) == (
        other.name,
        other.birth_date,
        other.sex,
        other.village,
    )
