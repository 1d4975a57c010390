"""The tables of the dashboard and the summary: which measures stand in which row."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.reporting.measure import Band, Load
from services.reporting.measures import CARE_KINDS
from services.reporting.pages.figures_shown import Figures, Number
from services.reporting.pages.shown import shares
from services.reporting.pages.wording import Wording
from shared.contracts.event import (
    STAFF,
    ContactKind,
    Guardianship,
    Health,
    LeavingReason,
    Rating,
    Schooling,
    Sex,
)

FLOW = (
    ("opening", "files.opening"),
    ("opened_registered", "files.opened.registered"),
    ("opened_returned", "files.opened.returned"),
    ("transferred_in", "files.opened.transferred_in"),
    ("unmerged", "files.opened.unmerged"),
    ("closed_left", "files.closed"),
    ("closing", "files.open"),
)
"""Opening + in − out = closing, in the order in which it is read: the column's text and its measure."""

CODED: Sequence[tuple[str, type[StrEnum]]] = (
    ("guardianship", Guardianship),
    ("schooling", Schooling),
    ("rating", Rating),
    ("sex", Sex),
    ("age", Band),
    ("health", Health),
)
"""The criteria by which open files divide: each one's name in the measures, and its code set."""

ANSWERED = ("poor", "boards")
"""Criteria with yes, no, or not said."""

SELDOM: frozenset[StrEnum] = frozenset(
    {Sex.UNKNOWN, Sex.NOT_STATED, Health.UNKNOWN, Schooling.UNKNOWN, Guardianship.UNKNOWN, Rating.UNKNOWN}
)
"""Values that get a row only where a child has them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its label, its numbers and what is said beside them."""

    label: str
    numbers: Sequence[Number]
    aside: str | None = None

    @property
    def number(self) -> Number:
        return self.numbers[0]


@dataclass(frozen=True, slots=True)
class Structure:
    """How the open files divide by one criterion; the rows add up to *whole*."""

    criterion: str
    rows: Sequence[Row]
    whole: int


def structures(figures: Figures, say: Wording) -> list[Structure]:
    """Return one table a criterion, each with its shares."""
    coded = [_structure(criterion, _values(figures, say, criterion, codes)) for criterion, codes in CODED]
    return [*coded, *(_structure(criterion, _answers(figures, say, criterion)) for criterion in ANSWERED)]


def _values(figures: Figures, say: Wording, criterion: str, codes: type[StrEnum]) -> list[tuple[str, Number]]:
    numbers = [(code, figures(f"children.{criterion}.{code}")) for code in codes]
    return [(say.label(code), number) for code, number in numbers if number.value or code not in SELDOM]


def _answers(figures: Figures, say: Wording, criterion: str) -> list[tuple[str, Number]]:
    yes, no, unknown = (figures(f"children.{criterion}{answer}") for answer in ("", ".no", ".unknown"))
    known = [(say("yes"), yes), (say("no"), no)]
    return [*known, (say("not_said"), unknown)] if unknown.value else known


def _structure(criterion: str, numbers: Sequence[tuple[str, Number]]) -> Structure:
    counts = [number.value or 0 for _, number in numbers]
    rows = [
        Row(label, [number], share) for (label, number), share in zip(numbers, shares(counts), strict=True)
    ]
    return Structure(criterion, rows, sum(counts))


def reasons(figures: Figures, say: Wording) -> list[Row]:
    """Return the files closed in the period, all first, then by reason; those of which there is none left out."""
    each = [(say.label(reason), figures(f"files.closed.{reason}")) for reason in LeavingReason]
    each.append((say("transferred_out"), figures("files.closed.transferred_out")))
    rows = [Row(label, [number]) for label, number in each if number.value]
    return [Row(say("total"), [figures("files.closed")]), *rows]


def carers(figures: Figures, say: Wording) -> list[Row]:
    """Return carers and staff by kind, all first: listed, cleared, pairs open; aside, children a carer."""
    care = [_carer(figures, say.label(kind), f".{kind}") for kind in CARE_KINDS]
    staff = [_carer(figures, say.label(kind), f".{kind}") for kind in sorted(STAFF)]
    paired = sum(row.numbers[2].value or 0 for row in care)
    cleared = sum(row.numbers[1].value or 0 for row in care)
    total = _carer(figures, say("total"), "")
    return [Row(total.label, total.numbers, _ratio(paired, cleared)), *care, *staff]


def _carer(figures: Figures, label: str, of: str) -> Row:
    listed, cleared, pairs = (
        figures(f"{measure}{of}") for measure in ("carers", "carers.cleared", "pairs.open")
    )
    return Row(label, [listed, cleared, pairs], _ratio(pairs.value, cleared.value))


def _ratio(pairs: int | None, carers: int | None) -> str | None:
    return f"{pairs / carers:.1f}" if pairs is not None and carers else None


def loads(figures: Figures, say: Wording) -> list[Row]:
    """Return how full the carers' hands are: carers by load, and the places that they offer."""
    return [Row(say.label(load), [figures(f"carers.load.{load}")]) for load in Load]


def visits(figures: Figures, say: Wording) -> list[Row]:
    """Return logged visits by kind, all first: reached, only tried."""
    kinds = [(say("total"), "visits"), *((say.label(kind), f"visits.{kind}") for kind in ContactKind)]
    return [
        Row(label, [figures(f"{of}.reached"), figures(f"{of}.tried"), figures(of)]) for label, of in kinds
    ]
