"""Who a carer is, and what happens to one carer: enlisted, cleared, revised, suspended, withdrawn."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.pairing.carers import project_carers
from services.pairing.domain.carer import (
    CARER,
    ClearCarer,
    EnlistCarer,
    ReviseCarer,
    SuspendCarer,
    WithdrawCarer,
)
from services.pairing.domain.pair import EndPair
from services.pairing.pairs import end_pairs_of_carer
from shared.contracts.event import CarerKind, Keyed, PairEndReason, Sex
from shared.event_store import Connection
from shared.handling import Cause, decide_and_append
from shared.papers.text import compact, free_text, person_name, phone_number
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Person:
    """What names a carer; kept in the vault and nowhere else."""

    name: str
    phone: str
    id_number: str
    school: str

    @classmethod
    def of(cls, name: str, phone: str = "", id_number: str = "", school: str = "") -> "Person":
        """Return the person in the one form in which names, phones and numbers are compared."""
        return cls(person_name(name), phone_number(phone), compact(id_number).upper(), free_text(school))

    def kept(self) -> dict[str, str]:
        """Return what the vault keeps: only what is known."""
        known = {
            "name": self.name,
            "phone": self.phone,
            "id_number": self.id_number,
            "school": self.school,
        }
        return {field: value for field, value in known.items() if value}

    def carer_id(self, vault: Vault, area: str) -> UUID:
        """Return the same id whenever the same person is listed in *area*: by phone, else by id number."""
        return vault.subject_id("carer", self.name, self.phone or self.id_number, area)

    def keyed_school(self, vault: Vault) -> Keyed | None:
        """Return the school as children's files have it, None where none is known."""
        return vault.keyed("school", self.school) if self.school else None


@dataclass(frozen=True, slots=True)
class Application:
    """A person who is to be put on the list."""

    person: Person
    kind: CarerKind
    sex: Sex
    area: str
    capacity: int

    def command(self, vault: Vault, on: date, recorded_on: date) -> EnlistCarer:
        """Return the command that puts this person on the list."""
        return EnlistCarer(
            self.person.carer_id(vault, self.area),
            self.kind,
            self.sex,
            self.area,
            self.capacity,
            self.person.keyed_school(vault),
            on,
            recorded_on,
        )


async def enlist(
    connection: Connection, vault: Vault, command: EnlistCarer, person: Person, cause: Cause
) -> UUID:
    """Put *person* on the list and keep who it is in the vault; return the carer's id. Raises Rejected."""
    await decide_and_append(connection, CARER, command.carer_id, command, cause, project=project_carers)
    await vault.put(connection, [(command.carer_id, person.kept())])
    return command.carer_id


ENDING = {SuspendCarer: PairEndReason.CARER_SUSPENDED, WithdrawCarer: PairEndReason.CARER_WITHDREW}
"""Why the open pairs of a carer end with a command."""


async def change_carer(
    connection: Connection,
    carer_id: UUID,
    command: ClearCarer | SuspendCarer | WithdrawCarer | ReviseCarer,
    cause: Cause,
) -> dict[str, Any]:
    """Do what *command* says, and end the open pairs of who is suspended or withdraws; tell how many.

    The carer must be held by this transaction (lock_carers). Raises Rejected, WrongVersion.
    """
    happened = await decide_and_append(connection, CARER, carer_id, command, cause, project=project_carers)
    ended = 0
    reason = ENDING.get(type(command))
    if reason is not None and happened:
        ending = EndPair(reason, command.on, command.recorded_on)
        ended = await end_pairs_of_carer(connection, carer_id, ending, cause)
    return {"carer_id": str(carer_id), "changed": bool(happened), "pairs_ended": ended}
