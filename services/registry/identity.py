"""Who a child is: what goes to the vault, and the keyed names that stand for it everywhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from shared.contracts.event import Keyed, Sex
from shared.papers.citizen_id import birth_date_of, fault_of, sex_of
from shared.papers.lengths import LINE_CHARS_MAX, NAME_CHARS_MAX
from shared.papers.text import compact, free_text, person_name, phone_number
from shared.problems import Refused
from shared.vault import Vault

Line = Annotated[str, StringConstraints(max_length=LINE_CHARS_MAX)]


class Identity(BaseModel):
    """What names a child and its family; kept in the vault as one row, in one form, and nowhere else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARS_MAX)]
    id_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9X]$")] | None = None
    school: Line = ""
    guardian_name: Line = ""
    guardian_phone: Line = ""
    father_name: Line = ""
    father_workplace: Line = ""
    father_phone: Line = ""
    mother_name: Line = ""
    mother_workplace: Line = ""
    mother_phone: Line = ""

    @field_validator("name", "guardian_name", "father_name", "mother_name", mode="before")
    @classmethod
    def _one_form_of_names(cls, value: object) -> object:
        return person_name(value) if isinstance(value, str) else value

    @field_validator("guardian_phone", "father_phone", "mother_phone", mode="before")
    @classmethod
    def _one_form_of_phones(cls, value: object) -> object:
        return phone_number(value) if isinstance(value, str) else value

    @field_validator("school", "father_workplace", "mother_workplace", mode="before")
    @classmethod
    def _one_form_of_text(cls, value: object) -> object:
        return free_text(value) if isinstance(value, str) else value

    @field_validator("id_number", mode="before")
    @classmethod
    def _one_form_of_numbers(cls, value: object) -> object:
        return compact(value).upper() or None if isinstance(value, str) else value

    def kept(self) -> dict[str, str]:
        """Return what the vault keeps: only what is known."""
        return {field: value for field, value in self.model_dump().items() if value}


def identity_of(kept: Mapping[str, str]) -> Identity:
    """Return the identity that the vault kept."""
    return Identity.model_construct(**{"id_number": None, **kept})  # type: ignore[arg-type]


def check_number(identity: Identity, birth_date: date, sex: Sex) -> None:
    """Raise Refused where an id number is wrong, or contradicts birth date or sex (policy.md, The papers)."""
    number = identity.id_number
    if number is None:
        return
    if fault_of(number) is not None:
        raise Refused("id_number_wrong")
    if birth_date_of(number) != birth_date or sex_of(number) != sex:
        raise Refused("id_number_contradicts")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a child is recognised by, keyed; *claims* is what no two files may hold."""

    name: Keyed
    citizen: str | None
    claims: tuple[str, ...]


def keys_of(vault: Vault, identity: Identity, birth_date: date, sex: Sex, village: str) -> Keys:
    """Return the keys of a child: the id number is claimed, or without one who the child is and where.

    See policy.md, The papers: never the id number alone, since a child may have none.
    """
    name = vault.keyed("name", identity.name)
    if identity.id_number is not None:
        citizen = vault.claim_key("citizen_id", identity.id_number)
        return Keys(name, citizen, (citizen,))
    who = vault.claim_key("who", identity.name, birth_date.isoformat(), sex, village)
    return Keys(name, None, (who,))


def child_id_of(
    vault: Vault, identity: Identity, birth_date: date, sex: Sex, village: str, *, filed_on: date
) -> UUID:
    """Return the id a child gets when its file is opened: of that day, and of its number, or of who it is and where."""
    if identity.id_number is not None:
        return vault.subject_id("child", identity.id_number, day=filed_on)
    return vault.subject_id("child", identity.name, birth_date.isoformat(), sex, village, day=filed_on)


def school_key(vault: Vault, school: str) -> Keyed | None:
    """Return a school's name as events carry it."""
    return vault.keyed("school", school) if school else None


def household_key(vault: Vault, identity: Identity) -> Keyed | None:
    """Return what siblings share, where a parent's name and phone are both known."""
    father = (identity.father_name, identity.father_phone)
    mother = (identity.mother_name, identity.mother_phone)
    if not (all(father) or all(mother)):
        return None
    return vault.keyed("household", *father, *mother)
