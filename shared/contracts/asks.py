"""What services ask each other over the bus: questions, limits, answers; asked with a caller's rights."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.event import VillageCode

MATCHES = "matches"
"""ask.kith.registry.matches: which children do these rows of a paper mean?"""
IDENTITIES = "identities"
"""ask.kith.registry.identities: how are these children called?"""
CARERS = "carers"
"""ask.kith.pairing.carers: how are these carers called?"""

MATCH_ROWS_MAX = 1_000
IDENTITIES_MAX = 1_000


class Ask(BaseModel):
    """A question or an answer: it travels once, is kept nowhere, and may therefore name people."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MatchRow(Ask):
    """How a paper names a child: by id number, else by name in that village (policy.md, The papers)."""

    name: str
    id_number: str | None = None
    village: VillageCode | None = None
    """None where the paper gives an id number only."""


class MatchOutcome(StrEnum):
    """What the registry knows of a row."""

    FOUND = "found"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"


class Match(Ask):
    """The answer to one row; *child_id* is there exactly where the outcome is found.

    Matched against all files known, open or left. A row that names a merged file is answered with the
    survivor.
    """

    outcome: MatchOutcome
    child_id: UUID | None = None


class MatchesQuestion(Ask):
    """At most MATCH_ROWS_MAX rows."""

    rows: tuple[MatchRow, ...] = Field(max_length=MATCH_ROWS_MAX)


class MatchesAnswer(Ask):
    """One match a row, in the rows' order."""

    matches: tuple[Match, ...]
    position: str
    """The registry's log position ("tx-position") at which every child found was known."""


class IdentitiesQuestion(Ask):
    """At most IDENTITIES_MAX children; *unmask* asks for the whole and is granted by the caller's role."""

    ids: tuple[UUID, ...] = Field(max_length=IDENTITIES_MAX)
    reason: str
    unmask: bool = False


class Identity(Ask):
    """Who a child is; *details* holds id_number, guardian_name, guardian_phone, father_name, … as known."""

    child_id: UUID
    name: str
    masked: bool
    details: dict[str, str] = Field(default_factory=dict)


class IdentitiesAnswer(Ask):
    """Only the children inside the caller's areas that were not forgotten; the others are left out."""

    identities: tuple[Identity, ...]


class CarersQuestion(Ask):
    """At most IDENTITIES_MAX carers."""

    ids: tuple[UUID, ...] = Field(max_length=IDENTITIES_MAX)
    reason: str
    unmask: bool = False


class CarerIdentity(Ask):
    """Who a carer is; *details* holds phone as known."""

    carer_id: UUID
    name: str
    masked: bool
    details: dict[str, str] = Field(default_factory=dict)


class CarersAnswer(Ask):
    """Only the carers inside the caller's areas that were not forgotten; the others are left out."""

    carers: tuple[CarerIdentity, ...]
