"""A county's policy: which contacts are promised to whom, how long grace lasts, when a run is raised."""

import tomllib
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from shared.contracts.event import ContactKind, EscalationLevel
from shared.said import Day

SPOTS_A_TERM = 3
"""Windows of a commitment that is kept thrice a term."""


class PolicyFaulty(Exception):
    """A policy file cannot be used; the message says for each fault where it is and what is wrong."""


class Cadence(StrEnum):
    """How a commitment's windows lie in the calendar."""

    MONTH = "month"
    HALF_YEAR = "half_year"
    THRICE_A_TERM = "thrice_a_term"


class AppliesTo(StrEnum):
    """The children a commitment is made to."""

    ALL = "all"
    POOR = "poor"


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Commitment(_Rule):
    """A kind of contact that is promised; it governs the windows that open from *first_day* to *until*."""

    kind: ContactKind
    applies_to: AppliesTo
    windows: Cadence
    grace_days: Annotated[int, Field(ge=0, le=366, strict=True)]
    first_day: Day = Field(alias="from")
    until: Day | None = None
    days: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    """The length in days of each window of a term; only with thrice_a_term."""

    @model_validator(mode="after")
    def _is_whole(self) -> "Commitment":
        if (self.windows is Cadence.THRICE_A_TERM) != (self.days is not None):
            raise ValueError("days belongs to windows = thrice_a_term, and only there")
        if self.until is not None and self.until < self.first_day:
            raise ValueError(f"until ({self.until}) is before from ({self.first_day})")
        return self


class Term(_Rule):
    """A school term, both days inclusive."""

    first_day: Day
    last_day: Day

    @property
    def length(self) -> int:
        """The term's length in days."""
        return (self.last_day - self.first_day).days + 1

    @model_validator(mode="after")
    def _is_whole(self) -> "Term":
        if self.last_day < self.first_day:
            raise ValueError(f"last_day ({self.last_day}) is before first_day ({self.first_day})")
        return self


class Escalation(_Rule):
    """A run of *run* missed windows raises the child to *level*."""

    level: EscalationLevel
    run: Annotated[int, Field(ge=1, le=100, strict=True)]


class Policy(_Rule):
    """The rules of one county, in one version."""

    version: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
    commitments: tuple[Commitment, ...]
    terms: tuple[Term, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    """The shortest run first, in whatever order the file has them."""

    @field_validator("escalations")
    @classmethod
    def _shortest_run_first(cls, rules: tuple[Escalation, ...]) -> tuple[Escalation, ...]:
        return tuple(sorted(rules, key=lambda rule: rule.run))

    @model_validator(mode="after")
    def _agrees(self) -> "Policy":
        _refuse_overlapping_terms(self.terms)
        for kind in ContactKind:
            _refuse_overlapping_rules(kind, self.rules_of(kind))
        for commitment in self.commitments:
            _refuse_short_terms(commitment, self.terms)
        levels = [escalation.level for escalation in self.escalations]
        if len(set(levels)) < len(levels):
            raise ValueError("escalations: a level stands twice")
        return self

    def rules_of(self, kind: ContactKind) -> Sequence[Commitment]:
        """Return the commitments of a kind, the earliest first."""
        return sorted((c for c in self.commitments if c.kind is kind), key=lambda c: c.first_day)

    @property
    def grace_days_max(self) -> int:
        return max((commitment.grace_days for commitment in self.commitments), default=0)


def read_policy(text: str) -> Policy:
    """Return the policy that *text* (TOML) states; raises PolicyFaulty naming every fault and its place."""
    try:
        written = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as broken:  # not only TOMLDecodeError: a number of 5,000 digits is a ValueError
        raise PolicyFaulty(f"the policy is not TOML: {broken}") from None
    try:
        return Policy.model_validate(written)
    except ValidationError as faulty:
        raise PolicyFaulty("; ".join(map(_told, faulty.errors()))) from None


def _told(fault: object) -> str:
    assert isinstance(fault, dict)  # noqa: S101 - pydantic's ErrorDetails is a TypedDict
    place = "".join(
        f"[{step + 1}]" if isinstance(step, int) else f".{step}" if n else step
        for n, step in enumerate(fault["loc"])
    )
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _refuse_overlapping_terms(terms: Sequence[Term]) -> None:
    for former, later in pairwise(sorted(terms, key=lambda term: term.first_day)):
        if later.first_day <= former.last_day:
            raise ValueError(f"terms: {later.first_day} begins before {former.first_day} has ended")


def _refuse_overlapping_rules(kind: ContactKind, rules: Sequence[Commitment]) -> None:
    for former, later in pairwise(rules):
        if former.until is None or later.first_day <= former.until:
            raise ValueError(
                f"commitments: {kind} from {later.first_day} begins before that from {former.first_day} ends"
            )


def _refuse_short_terms(commitment: Commitment, terms: Sequence[Term]) -> None:
    for term in terms:
        if commitment.days is not None and term.length < SPOTS_A_TERM * commitment.days:
            raise ValueError(
                f"terms: {term.first_day} has {term.length} days, too few for three windows of "
                f"{commitment.days} ({commitment.kind})"
            )
