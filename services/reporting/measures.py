"""Every measure that Kith reports, defined once: what it counts, in which unit, from which events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from services.reporting.measure import Band, Item, Load, Measure, Nature, Term, Unit
from shared.contracts.event import (
    STAFF,
    CarerKind,
    ContactKind,
    EscalationLevel,
    Guardianship,
    Health,
    LeavingReason,
    PairEndReason,
    Rating,
    Schooling,
    Sex,
)

CARE_KINDS = tuple(kind for kind in CarerKind if kind not in STAFF)
UNDER = {6: "children.under_6", 14: "children.under_14"}
"""The birthdays on which a child passes to the next age band, and what counts those who have not."""
POOR, BOARDS = "children.poor", "children.boards"
IMPORT_COUNTS = {
    "rosters": ("rows", "taken", "put_right", "duplicates", "refused", "likely_duplicates"),
    "carer_lists": ("rows", "taken", "duplicates", "refused"),
    "log": ("rows", "logged", "duplicates", "unknown_child", "ambiguous", "refused"),
}
"""The counts of each kind of paper, as its event names them."""

_OPENING_EVENTS = ("ChildRegistered", "ChildReturned", "ChildrenUnmerged")
_CLOSING_EVENTS = ("ChildLeft", "ChildrenMerged")
_FILE_EVENTS = (*_OPENING_EVENTS, "ChildFileRevised", "ChildTransferred", *_CLOSING_EVENTS)
_PAIR_EVENTS = ("PairAssigned", "PairMoved", "PairEnded")
_CARER_EVENTS = ("CarerEnlisted", "CarerRevised", "CarerCleared", "CarerSuspended", "CarerWithdrew")


def _files() -> Iterator[Measure]:
    stock = (Unit.PERSONS, Nature.STOCK, Item.CHILD)
    flow = (Unit.PERSON_TIMES, Nature.FLOW, Item.CHILD)
    yield Measure("files.open", *stock, _FILE_EVENTS)
    yield Measure("files.opening", Unit.PERSONS, Nature.OPENING, Item.CHILD, _FILE_EVENTS, _sum("files.open"))
    ways = {
        "registered": "ChildRegistered",
        "returned": "ChildReturned",
        "unmerged": "ChildrenUnmerged",
        "transferred_in": "ChildTransferred",
    }
    for way, event in ways.items():
        yield Measure(f"files.opened.{way}", *flow, (event,))
    yield Measure("files.opened", *flow, tuple(ways.values()), _sum(*(f"files.opened.{way}" for way in ways)))
    reasons = {reason.value: "ChildLeft" for reason in LeavingReason if reason is not LeavingReason.MERGED}
    reasons |= {LeavingReason.MERGED.value: "ChildrenMerged", "transferred_out": "ChildTransferred"}
    for reason, event in reasons.items():
        yield Measure(f"files.closed.{reason}", *flow, (event,))
    closed = _sum(*(f"files.closed.{reason}" for reason in reasons))
    yield Measure("files.closed", *flow, (*_CLOSING_EVENTS, "ChildTransferred"), closed)


def _children() -> Iterator[Measure]:
    sets: Mapping[str, Iterable[StrEnum]] = {
        "sex": Sex,
        "schooling": Schooling,
        "health": Health,
        "guardianship": Guardianship,
        "rating": Rating,
    }
    names = [f"children.{of}.{code.value}" for of, codes in sets.items() for code in codes]
    names += [f"{asked}{answer}" for asked in (POOR, BOARDS) for answer in ("", ".no", ".unknown")]
    stock = (Unit.PERSONS, Nature.STOCK, Item.CHILD)
    for name in names:
        yield Measure(name, *stock, _FILE_EVENTS, denominator="files.open")
    for under in UNDER.values():
        yield Measure(under, *stock, _FILE_EVENTS, denominator="files.open")
    # Bands are differences, so that a birthday is one delta, and together they are files.open.
    edges = [None, *UNDER.values(), "files.open"]
    for band, above, below in zip(Band, edges, edges[1:], strict=False):
        terms = (Term(below or ""),) + ((Term(above, -1),) if above else ())
        yield Measure(f"children.age.{band.value}", *stock, _FILE_EVENTS, terms, denominator="files.open")
    yield Measure("children.paired", *stock, _PAIR_EVENTS, denominator="files.open")
    unpaired = (Term("files.open"), Term("children.paired", -1))
    yield Measure(
        "children.unpaired", *stock, (*_FILE_EVENTS, *_PAIR_EVENTS), unpaired, denominator="files.open"
    )


def _pairs() -> Iterator[Measure]:
    stock = (Unit.PAIRS, Nature.STOCK, Item.PAIR)
    flow = (Unit.PAIRS, Nature.FLOW, Item.PAIR)
    yield from _with_sum("pairs.open", [kind.value for kind in CARE_KINDS], stock, _PAIR_EVENTS)
    yield from _with_sum("pairs.assigned", [kind.value for kind in CARE_KINDS], flow, ("PairAssigned",))
    yield from _with_sum("pairs.ended", [reason.value for reason in PairEndReason], flow, ("PairEnded",))


def _carers() -> Iterator[Measure]:
    stock = (Unit.PERSONS, Nature.STOCK, Item.CARER)
    kinds = [kind.value for kind in CarerKind]
    yield from _with_sum("carers", kinds, stock, _CARER_EVENTS)
    yield from _with_sum("carers.cleared", kinds, stock, _CARER_EVENTS, denominator="carers")
    yield Measure("carers.places", Unit.PLACES, Nature.STOCK, Item.CARER, _CARER_EVENTS)
    for load in Load:
        yield Measure(f"carers.load.{load.value}", *stock, (*_CARER_EVENTS, *_PAIR_EVENTS))


def _visits() -> Iterator[Measure]:
    flow = (Unit.PERSON_TIMES, Nature.FLOW, Item.VISIT)
    logged = ("VisitLogged",)
    for kind in ContactKind:
        yield from _with_sum(f"visits.{kind.value}", ("reached", "tried"), flow, logged)
    for result in ("reached", "tried"):
        yield Measure(
            f"visits.{result}",
            *flow,
            logged,
            _sum(*(f"visits.{kind.value}.{result}" for kind in ContactKind)),
        )
    yield Measure("visits", *flow, logged, _sum("visits.reached", "visits.tried"))
    yield Measure("visits.outside_file", *flow, logged, denominator="visits")


def _windows() -> Iterator[Measure]:
    flow = (Unit.WINDOWS, Nature.FLOW, Item.WINDOW)
    kinds = [kind.value for kind in ContactKind]
    judged = {"counted": None, "kept": "windows.counted"}
    for name, denominator in judged.items():
        yield from _with_sum(
            f"windows.{name}", kinds, flow, ("WindowJudged",), denominator=denominator, members=name
        )
    yield from _with_sum("windows.missed", kinds, flow, ("ContactMissed",), denominator="windows.counted")
    yield from _with_sum("windows.made_good", kinds, flow, ("ContactMadeGood",), denominator="windows.missed")
    yield from _with_sum("windows.withdrawn", kinds, flow, ("MissWithdrawn",), denominator="windows.missed")
    sources = ("ContactMissed", "ContactMadeGood", "MissWithdrawn")
    for kind in kinds:
        terms = (
            Term(f"windows.missed.{kind}"),
            Term(f"windows.made_good.{kind}", -1),
            Term(f"windows.withdrawn.{kind}", -1),
        )
        yield Measure(
            f"windows.outstanding.{kind}", *flow, sources, terms, denominator=f"windows.missed.{kind}"
        )
    total = _sum(*(f"windows.outstanding.{kind}" for kind in kinds))
    yield Measure("windows.outstanding", *flow, sources, total, denominator="windows.missed")


def _escalations() -> Iterator[Measure]:
    flow = (Unit.PERSON_TIMES, Nature.FLOW, Item.ESCALATION)
    raised = ("ContactEscalated",)
    for level in EscalationLevel:
        yield from _with_sum(f"escalations.{level.value}", [kind.value for kind in ContactKind], flow, raised)
    yield Measure(
        "escalations", *flow, raised, _sum(*(f"escalations.{level.value}" for level in EscalationLevel))
    )


def _imports() -> Iterator[Measure]:
    events = {"rosters": "RosterImported", "carer_lists": "CarersImported", "log": "VisitLogImported"}
    for paper, counts in IMPORT_COUNTS.items():
        for count in counts:
            denominator = None if count == "rows" else f"{paper}.rows"
            yield Measure(
                f"{paper}.{count}",
                Unit.ROWS,
                Nature.FLOW,
                Item.IMPORT,
                (events[paper],),
                denominator=denominator,
            )


def _sum(*names: str) -> tuple[Term, ...]:
    return tuple(Term(name) for name in names)


def _with_sum(
    name: str,
    parts: Sequence[str],
    what: tuple[Unit, Nature, Item],
    sources: tuple[str, ...],
    *,
    denominator: str | None = None,
    members: str | None = None,
) -> Iterator[Measure]:
    """Yield one measure a part, then their sum; a part is a share of the same part of *denominator*."""
    for part in parts:
        whole = f"{denominator}.{part}" if denominator else name
        yield Measure(f"{name}.{part}", *what, sources, denominator=whole, members=members)
    total = _sum(*(f"{name}.{part}" for part in parts))
    yield Measure(name, *what, sources, total, denominator=denominator, members=members)


def _defined() -> dict[str, Measure]:
    families = (_files, _children, _pairs, _carers, _visits, _windows, _escalations, _imports)
    measures = [measure for family in families for measure in family()]
    defined = {measure.name: measure for measure in measures}
    numbers = {measure.number for measure in measures}
    if not len(measures) == len(defined) == len(numbers):
        raise ValueError("two measures share a name or a number")
    return defined


MEASURES: Mapping[str, Measure] = _defined()
"""All measures by name, in the order in which a report shows them."""

NUMBERS: Mapping[str, int] = {name: measure.number for name, measure in MEASURES.items()}


def _parts(name: str, sign: int) -> Iterator[Term]:
    terms = MEASURES[name].terms
    if not terms:
        yield Term(name, sign)
    for term in terms:
        yield from _parts(term.name, term.sign * sign)


PARTS: Mapping[str, tuple[Term, ...]] = {name: tuple(_parts(name, 1)) for name in MEASURES}
"""Each measure as a signed sum of those that events count directly."""


class UnknownMeasure(Exception):
    """No measure has this name; the message says which."""


def measure_named(name: str) -> Measure:
    """Return the measure *name*; raise UnknownMeasure."""
    measure = MEASURES.get(name)
    if measure is None:
        raise UnknownMeasure(name)
    return measure
