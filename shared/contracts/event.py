"""What every published event has in common, and the code sets that events speak in."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

AreaCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")]
"""An area by its code: 6 digits a county, 9 a township, 12 a village; a prefix is the ancestor (GB/T 2260)."""

VillageCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
TownshipCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]

Keyed = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""A name that must be comparable but not readable: the first 16 hex digits of its HMAC with the vault's secret."""

NO_TOWNSHIP = "000000000"


class Event(BaseModel):
    """A fact that was published; its class name is its type on the wire, and it never changes shape.

    *area* is where it is true, *on* the day it is true (Asia/Shanghai), *recorded_on* the day Kith
    learned of it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    schema_version: ClassVar[int] = 1

    area: AreaCode
    on: date
    recorded_on: date


def subject_of(service: str, event_type: str, area: str) -> str:
    """Return the subject an event is published on: kith.<county6>.<township9>.<service>.<EventType>."""
    township = area[:9] if len(area) >= len(NO_TOWNSHIP) else NO_TOWNSHIP
    return f"kith.{area[:6]}.{township}.{service}.{event_type}"


def subjects_within(service: str, event_type: str, area: str) -> str:
    """Return the subjects of an event everywhere in *area*, a county of 6 digits or a township of 9."""
    township = area if len(area) == len(NO_TOWNSHIP) else "*"
    return f"kith.{area[:6]}.{township}.{service}.{event_type}"


class Level(StrEnum):
    """The levels of the tree of areas."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Sex(StrEnum):
    """Sex by GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    NOT_STATED = "9"


class Health(StrEnum):
    """Health as the national form of 2016 asks it."""

    HEALTHY = "healthy"
    DISABLED = "disabled"
    ILL = "ill"
    UNKNOWN = "unknown"


class Schooling(StrEnum):
    """Schooling: the eight values of the national form of 2016."""

    NOT_ENROLLED = "not_enrolled"
    KINDERGARTEN = "kindergarten"
    PRIMARY = "primary"
    JUNIOR = "junior"
    SENIOR = "senior"
    VOCATIONAL = "vocational"
    DROPPED_OUT = "dropped_out"
    NOT_STUDYING = "not_studying"
    UNKNOWN = "unknown"


class Guardianship(StrEnum):
    """Who looks after the child while the parents are away (summary form of 2016)."""

    PATERNAL_GRANDPARENTS = "paternal_grandparents"
    MATERNAL_GRANDPARENTS = "maternal_grandparents"
    KIN_OR_FRIENDS = "kin_or_friends"
    INCAPABLE_PARENT = "incapable_parent"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class Rating(StrEnum):
    """How well the guardianship works (notes of the national form of 2016)."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


class LeavingReason(StrEnum):
    """Why a child's file closes (policy.md, Commitments and windows)."""

    REACHED_16 = "reached_16"
    PARENTS_RETURNED = "parents_returned"
    MOVED_AWAY = "moved_away"
    DIED = "died"
    REGISTERED_IN_ERROR = "registered_in_error"
    MERGED = "merged"


class CarerKind(StrEnum):
    """What a carer or a member of staff is (policy.md, Pairs)."""

    SURROGATE_MOTHER = "surrogate_mother"
    TEACHER = "teacher"
    VOLUNTEER = "volunteer"
    CADRE = "cadre"
    CHILD_DIRECTOR = "child_director"
    CHILD_SUPERVISOR = "child_supervisor"


STAFF = frozenset({CarerKind.CHILD_DIRECTOR, CarerKind.CHILD_SUPERVISOR})
"""Staff keep the files and the visits; they are never paired (policy.md, Pairs)."""


class PairEndReason(StrEnum):
    """Why a pair ended."""

    CHILD_LEFT = "child_left"
    CARER_SUSPENDED = "carer_suspended"
    CARER_WITHDREW = "carer_withdrew"
    REQUESTED = "requested"
    REPLACED = "replaced"


class ContactKind(StrEnum):
    """The kinds of contact that are promised (policy.md, Commitments and windows)."""

    GUARDIAN_TALK = "guardian_talk"
    PARENT_CALL = "parent_call"
    HOME_VISIT = "home_visit"
    CONDOLENCE = "condolence"


class EscalationLevel(StrEnum):
    """To whom a run of missed windows is raised."""

    TOWNSHIP = "township"
    COUNTY = "county"


class PairInForce(BaseModel):
    """A pair that was in force on the day a window closed."""

    model_config = ConfigDict(frozen=True)

    pair_id: UUID
    carer_id: UUID
    kind: CarerKind
