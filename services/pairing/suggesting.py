"""Suggest a carer for each unpaired child: every township's optimal assignment, and why each was chosen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from uuid import UUID

from services.pairing.matching import PIECE_MAX, Group, Label, Piece, Plan, plan
from shared.contracts.event import CarerKind

TOWNSHIP_DIGITS = 9


class MatchReason(StrEnum):
    """Why a carer is suggested for a child; the catalogue has a text for each."""

    SAME_VILLAGE = "same_village"
    SAME_TOWNSHIP = "same_township"
    SAME_SCHOOL = "same_school"
    WITH_SIBLING = "with_sibling"


@dataclass(frozen=True, slots=True)
class UnpairedChild:
    """A child with an open file and no open pair; *area* is its village."""

    child_id: UUID
    area: str
    filed_on: date
    school: str | None = None
    household: str | None = None
    arrived: int = 0
    """Its place among all who arrived: what breaks a tie, the same in every deployment."""

    @property
    def turn(self) -> tuple[date, int, UUID]:
        return self.filed_on, self.arrived, self.child_id


@dataclass(frozen=True, slots=True)
class FreeCarer:
    """A cleared carer with *free* seats; *households* are those of the children already in his care."""

    carer_id: UUID
    kind: CarerKind
    area: str
    free: int
    school: str | None = None
    households: frozenset[str] = frozenset()
    arrived: int = 0

    @property
    def turn(self) -> tuple[int, UUID]:
        return self.arrived, self.carer_id


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pair that is suggested; *area* is the child's village."""

    child_id: UUID
    carer_id: UUID
    kind: CarerKind
    area: str
    reasons: tuple[MatchReason, ...]


Household = tuple[UnpairedChild, ...]
Seats = Mapping[tuple[Group, int], list[FreeCarer]]
"""Where pieces go, by group and size: each carer once for each piece of that size that he can take."""


def suggest(children: Iterable[UnpairedChild], carers: Iterable[FreeCarer]) -> list[Suggestion]:
    """Return suggestions by township, village and child (policy.md, Pairs).

    As many children as there are seats in their township are paired; of all such assignments one of
    greatest worth is taken (matching.worth). The same children and carers give the same suggestions
    in whatever order they come.
    """
    waiting: dict[str, list[UnpairedChild]] = defaultdict(list)
    for child in sorted(children, key=lambda child: child.turn):
        waiting[child.area[:TOWNSHIP_DIGITS]].append(child)
    free: dict[str, list[FreeCarer]] = defaultdict(list)
    for carer in sorted(carers, key=lambda carer: carer.turn):
        if carer.free > 0:
            free[carer.area[:TOWNSHIP_DIGITS]].append(carer)
    townships = sorted(waiting.keys() & free.keys())
    suggested = chain.from_iterable(_in_township(waiting[one], free[one]) for one in townships)
    return sorted(suggested, key=lambda suggestion: (suggestion.area, suggestion.child_id))


def _in_township(children: Sequence[UnpairedChild], carers: Sequence[FreeCarer]) -> Iterator[Suggestion]:
    schools = {carer.school for carer in carers if carer.kind is CarerKind.TEACHER and carer.school}
    joined = _joined_carers(children, carers)
    by_kind: dict[Piece, list[Household]] = defaultdict(list)
    for household in _households(children):
        members = tuple(sorted(household, key=lambda child: _label(child, schools)))
        joins = joined.get(members[0].household or "", ())
        by_kind[Piece(tuple(_label(child, schools) for child in members), joins)].append(members)

    with_siblings = {carer_id for carer_ids in joined.values() for carer_id in carer_ids}
    by_group: dict[tuple[Group, int], list[FreeCarer]] = defaultdict(list)
    for carer in carers:
        for capacity in _in_fives(carer.free):
            by_group[_group(carer, with_siblings), capacity].append(carer)

    best = plan(
        {kind: len(households) for kind, households in by_kind.items()},
        {key: len(members) for key, members in by_group.items()},
    )
    yield from _with_reasons(_place(best, by_kind, by_group), carers)


def _label(child: UnpairedChild, schools: set[str]) -> Label:
    return Label(child.area, child.school if child.school in schools and child.school else "")


def _group(carer: FreeCarer, with_siblings: set[str]) -> Group:
    school = carer.school if carer.kind is CarerKind.TEACHER and carer.school else ""
    carer_id = str(carer.carer_id)
    return Group(carer.area, school, carer_id if carer_id in with_siblings else "")


def _households(children: Sequence[UnpairedChild]) -> Iterator[Household]:
    """Yield the children by household, at most PIECE_MAX at a time; who has none known is one alone."""
    members: dict[str, list[UnpairedChild]] = defaultdict(list)
    for child in children:
        members[child.household or str(child.child_id)].append(child)
    for household in members.values():
        for start in range(0, len(household), PIECE_MAX):
            yield tuple(household[start : start + PIECE_MAX])


def _joined_carers(
    children: Sequence[UnpairedChild], carers: Sequence[FreeCarer]
) -> Mapping[str, tuple[str, ...]]:
    """Return, by household with an unpaired child, the carers with a seat who have a sibling already."""
    unpaired = {child.household for child in children if child.household}
    joined: dict[str, list[str]] = defaultdict(list)
    for carer in carers:
        for household in carer.households & unpaired:
            joined[household].append(str(carer.carer_id))
    return {household: tuple(carer_ids) for household, carer_ids in joined.items()}


def _in_fives(free: int) -> Iterator[int]:
    fives, rest = divmod(free, PIECE_MAX)
    yield from [PIECE_MAX] * fives
    if rest:
        yield rest


def _place(
    best: Plan,
    by_kind: Mapping[Piece, Sequence[Household]],
    by_group: Mapping[tuple[Group, int], Sequence[FreeCarer]],
) -> Iterator[tuple[UnpairedChild, FreeCarer]]:
    """Yield children with their carers as *best* counts them: the earliest filed first, carers evenly."""
    pieces = _cut(best, by_kind)
    seats = _seats(best, by_group)
    for kind in sorted(best.flows):
        waiting = iter(pieces[kind])
        for group, amount in best.flows[kind]:
            places = seats[group, len(kind.labels)]
            for _ in range(amount):
                carer = places.pop()
                yield from ((child, carer) for child in next(waiting))


def _cut(best: Plan, by_kind: Mapping[Piece, Sequence[Household]]) -> Mapping[Piece, list[Household]]:
    """Cut the households into pieces as *best* says, a member with the label for each place in a piece."""
    pieces: dict[Piece, list[Household]] = defaultdict(list)
    for kind, households in sorted(by_kind.items()):
        waiting = iter(households)
        for split, amount in best.splits[kind]:
            for _ in range(amount):
                members: dict[Label, list[UnpairedChild]] = defaultdict(list)
                for label, child in zip(kind.labels, next(waiting), strict=True):
                    members[label].append(child)
                for piece in split:
                    pieces[piece].append(tuple(members[label].pop(0) for label in piece.labels))
    for found in pieces.values():
        found.sort(key=lambda piece: piece[0].turn)
    return pieces


def _seats(best: Plan, by_group: Mapping[tuple[Group, int], Sequence[FreeCarer]]) -> Seats:
    """Return the seats by group and size of piece, to be taken from the end: all carers' first ones first."""
    numbered: dict[tuple[Group, int], list[tuple[int, tuple[int, UUID], FreeCarer]]] = defaultdict(list)
    for (group, capacity), carers in sorted(by_group.items()):
        waiting = iter(carers)
        taken: Counter[tuple[UUID, int]] = Counter()
        for sizes, amount in best.seats[group, capacity]:
            for _ in range(amount):
                carer = next(waiting)
                for size in sizes:
                    taken[carer.carer_id, size] += 1
                    nth = taken[carer.carer_id, size]
                    numbered[group, size].append((nth, carer.turn, carer))
    return {
        key: [carer for _, _, carer in sorted(seats, key=lambda seat: seat[:2], reverse=True)]
        for key, seats in numbered.items()
    }


def _with_reasons(
    placed: Iterable[tuple[UnpairedChild, FreeCarer]], carers: Sequence[FreeCarer]
) -> Iterator[Suggestion]:
    pairs = list(placed)
    in_care = Counter((child.household, carer.carer_id) for child, carer in pairs if child.household)
    in_care.update((household, carer.carer_id) for carer in carers for household in carer.households)
    for child, carer in pairs:
        siblings = in_care[child.household, carer.carer_id] if child.household else 0
        yield Suggestion(
            child.child_id, carer.carer_id, carer.kind, child.area, tuple(_reasons(child, carer, siblings))
        )


def _reasons(child: UnpairedChild, carer: FreeCarer, siblings_with_carer: int) -> Iterator[MatchReason]:
    yield MatchReason.SAME_VILLAGE if child.area == carer.area else MatchReason.SAME_TOWNSHIP
    if carer.kind is CarerKind.TEACHER and child.school and child.school == carer.school:
        yield MatchReason.SAME_SCHOOL
    if siblings_with_carer > 1:
        yield MatchReason.WITH_SIBLING
