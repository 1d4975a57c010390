"""One township's optimal assignment of households to carers, counted over groups of the like."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeVar

from services.pairing.programme import Programme

PIECE_MAX = 5
"""Siblings placed as one piece: a larger household is cut into fives, a larger carer counts as several."""

PAIRED = 10
IN_VILLAGE = 4
IN_SCHOOL = 2
WITH_SIBLING = 1
JOINS_SIBLING = 1
"""What a child's place is worth: a pair outweighs all the rest, a village the school and the siblings."""


class Label(NamedTuple):
    """What matters of a child: the village, and the school where a teacher of it could take the child."""

    village: str
    school: str


class Piece(NamedTuple):
    """Siblings who go to one carer together; *joins* are the carers who have a sibling of theirs already."""

    labels: tuple[Label, ...]
    joins: tuple[str, ...] = ()


class Group(NamedTuple):
    """Carers who are as good as each other for every child: same place, same school, same siblings."""

    place: str
    school: str = ""
    carer: str = ""


Split = tuple[Piece, ...]
Sizes = tuple[int, ...]
Way = TypeVar("Way")
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of each: households by split, pieces by group, and carers by the sizes of their pieces."""

    splits: Mapping[Piece, Sequence[tuple[Split, int]]]
    flows: Mapping[Piece, Sequence[tuple[Group, int]]]
    seats: Mapping[tuple[Group, int], Sequence[tuple[Sizes, int]]]


def worth(piece: Piece, group: Group) -> int:
    """Return what *piece* is worth with a carer of *group*."""
    size = len(piece.labels)
    in_village = sum(label.village == group.place for label in piece.labels)
    in_school = sum(label.school == group.school != "" for label in piece.labels)
    joins = group.carer != "" and group.carer in piece.joins
    return (
        PAIRED * size
        + IN_VILLAGE * in_village
        + IN_SCHOOL * in_school
        + WITH_SIBLING * size * (size > 1)
        + JOINS_SIBLING * size * joins
    )


def worth_anywhere(piece: Piece) -> int:
    """Return what *piece* is worth with a carer who is only in its township."""
    return worth(piece, Group(place=""))


@cache
def seatings(capacity: int) -> tuple[Sizes, ...]:
    """Return the ways in which *capacity* seats fall into pieces, by size."""
    return tuple(_partitions(capacity, capacity))


def _partitions(total: int, largest: int) -> Iterator[Sizes]:
    if total == 0:
        yield ()
    for first in range(min(total, largest), 0, -1):
        for rest in _partitions(total - first, first):
            yield (first, *rest)


def splits_of(household: Piece) -> Sequence[Split]:
    """Return the ways in which *household* falls into pieces, each way once."""
    found = {
        tuple(sorted(Piece(tuple(labels), household.joins) for labels in blocks))
        for blocks in _blocks(household.labels)
    }
    return sorted(found)


def _blocks(labels: tuple[Label, ...]) -> Iterator[list[list[Label]]]:
    if not labels:
        yield []
        return
    first, rest = labels[0], labels[1:]
    for blocks in _blocks(rest):
        yield [[first], *blocks]
        for i, block in enumerate(blocks):
            yield [*blocks[:i], [first, *block], *blocks[i + 1 :]]


def plan(households: Mapping[Piece, int], carers: Mapping[tuple[Group, int], int]) -> Plan:
    """Return the plan of greatest worth.

    *households* counts them by kind, *carers* by group and free seats (at most PIECE_MAX). Every piece
    may stay unplaced and every seat empty. Raises NoPlan.
    """
    programme = _Matching(households, carers)
    amounts = programme.solve()
    return Plan(
        _taken(programme.splits, amounts),
        {
            piece: [*near, *programme.far(piece, amounts)]
            for piece, near in _taken(programme.near, amounts).items()
        },
        _taken(programme.seats, amounts),
    )


def _taken(
    columns: Mapping[Kind, Sequence[tuple[Way, int]]], amounts: Sequence[int]
) -> dict[Kind, list[tuple[Way, int]]]:
    return {
        kind: [(way, amounts[column]) for way, column in ways if amounts[column]]
        for kind, ways in columns.items()
    }


class _Matching(Programme):
    """The columns of one township: splits give pieces, pieces flow to groups, carers seat pieces by size.

    A piece goes to a group that is near (village, school or sibling) by a column of its own; all others
    meet in a pool by size, or the programme would grow with villages times villages.
    """

    def __init__(self, households: Mapping[Piece, int], carers: Mapping[tuple[Group, int], int]) -> None:
        super().__init__()
        ways = {kind: splits_of(kind) for kind in sorted(households)}
        self.pieces = sorted({piece for splits in ways.values() for split in splits for piece in split})
        self.groups = sorted({group for group, _ in carers})
        self._cut = {piece: self.row() for piece in self.pieces}
        self._seated = {
            (group, size): self.row() for group in self.groups for size in range(1, PIECE_MAX + 1)
        }
        self._pool = {size: self.row() for size in range(1, PIECE_MAX + 1)}
        self.splits = {kind: self._split(households[kind], splits) for kind, splits in ways.items()}
        self.seats = {key: self._seat(*key, carers[key]) for key in sorted(carers)}
        self.near = self._near()
        self._into_pool = {piece: self._leave_for_pool(piece) for piece in self.pieces}
        self._out_of_pool = {key: self._take_from_pool(*key) for key in self._seated}
        self._waiting: dict[int, list[tuple[Group, int]]] | None = None

    def _split(self, count: int, splits: Sequence[Split]) -> list[tuple[Split, int]]:
        households = self.row(count, count)
        return [
            (split, self.column(0, [(households, 1), *_times(self._cut[piece] for piece in split)]))
            for split in splits
        ]

    def _seat(self, group: Group, capacity: int, count: int) -> list[tuple[Sizes, int]]:
        carers = self.row(count, count)
        return [
            (sizes, self.column(0, [(carers, 1), *_times(self._seated[group, size] for size in sizes)]))
            for sizes in seatings(capacity)
        ]

    def _near(self) -> dict[Piece, list[tuple[Group, int]]]:
        near: dict[Piece, list[tuple[Group, int]]] = {piece: [] for piece in self.pieces}
        for piece, group in _near_groups(self.pieces, self.groups):
            used = [(self._cut[piece], -1.0), (self._seated[group, len(piece.labels)], -1.0)]
            near[piece].append((group, self.column(worth(piece, group), used)))
        return near

    def _leave_for_pool(self, piece: Piece) -> int:
        used = [(self._cut[piece], -1.0), (self._pool[len(piece.labels)], -1.0)]
        return self.column(worth_anywhere(piece), used)

    def _take_from_pool(self, group: Group, size: int) -> int:
        return self.column(0, [(self._pool[size], 1.0), (self._seated[group, size], -1.0)])

    def far(self, piece: Piece, amounts: Sequence[int]) -> Iterator[tuple[Group, int]]:
        """Yield the groups that *piece* gets out of the pool; asked once for each piece, in order."""
        if self._waiting is None:
            self._waiting = defaultdict(list)
            for (group, size), column in self._out_of_pool.items():
                if amounts[column]:
                    self._waiting[size].append((group, amounts[column]))
        places, left = self._waiting[len(piece.labels)], amounts[self._into_pool[piece]]
        while left:
            group, room = places.pop()
            moved = min(left, room)
            if room > moved:
                places.append((group, room - moved))
            left -= moved
            yield group, moved


def _times(rows: Iterable[int]) -> list[tuple[int, float]]:
    return [(row, float(times)) for row, times in Counter(rows).items()]


def _near_groups(pieces: Sequence[Piece], groups: Sequence[Group]) -> Iterator[tuple[Piece, Group]]:
    """Yield the pieces and groups that fit better than by the township alone."""
    by_place, by_school, by_carer = defaultdict(set), defaultdict(set), defaultdict(set)
    for group in groups:
        by_place[group.place].add(group)
        by_school[group.school].add(group)
        by_carer[group.carer].add(group)
    for piece in pieces:
        near = {group for label in piece.labels for group in by_place[label.village]}
        near |= {group for label in piece.labels if label.school for group in by_school[label.school]}
        near |= {group for carer in piece.joins for group in by_carer[carer]}
        for group in sorted(near):
            yield piece, group
