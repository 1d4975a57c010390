"""What is remembered of children, pairs and carers, so that a later event can take back what it must."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import orjson

from services.reporting.children import ChildTimeline, Codes, Open
from services.reporting.pairing import Carer, Listed, Pair
from services.reporting.timeline import Step, Timeline
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

S = TypeVar("S")


@dataclass
class Memory:
    """The timelines that a batch of events touches; what is put in is stored at the end."""

    children: dict[UUID, ChildTimeline] = field(default_factory=dict)
    carers: dict[UUID, Carer] = field(default_factory=dict)
    pairs: dict[UUID, Pair] = field(default_factory=dict)
    by_child: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    by_carer: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    changed_children: set[UUID] = field(default_factory=set)
    changed_carers: set[UUID] = field(default_factory=set)
    changed_pairs: set[UUID] = field(default_factory=set)

    def put_child(self, child_id: UUID, timeline: ChildTimeline) -> None:
        self.children[child_id] = timeline
        self.changed_children.add(child_id)

    def put_carer(self, carer: Carer) -> None:
        self.carers[carer.carer_id] = carer
        self.changed_carers.add(carer.carer_id)

    def put_pair(self, pair: Pair) -> None:
        self._index(pair)
        self.changed_pairs.add(pair.pair_id)

    def pairs_of_child(self, child_id: UUID) -> list[Pair]:
        return [self.pairs[pair_id] for pair_id in self.by_child[child_id]]

    def pairs_of_carer(self, carer_id: UUID) -> list[Pair]:
        return [self.pairs[pair_id] for pair_id in self.by_carer[carer_id]]

    def _index(self, pair: Pair) -> None:
        self.pairs[pair.pair_id] = pair
        self.by_child[pair.child_id].add(pair.pair_id)
        self.by_carer[pair.carer_id].add(pair.pair_id)

    async def recall(
        self,
        connection: Connection,
        children: Sequence[UUID],
        paired_children: Sequence[UUID],
        carers: Sequence[UUID],
    ) -> None:
        """Fetch what is remembered of these children, and of these carers with all pairs of either."""
        if children:
            for row in await connection.fetch(SQL.children, children):
                self.children[row["child_id"]] = _read(row["timeline"], _read_open)
        if not paired_children and not carers:
            return
        for row in await connection.fetch(SQL.carers, carers):
            self.carers[row["carer_id"]] = Carer(
                row["carer_id"], row["kind"], _read(row["timeline"], _read_listed)
            )
        for row in await connection.fetch(SQL.pairs, paired_children, carers):
            ids = (row["pair_id"], row["child_id"], row["carer_id"])
            self._index(Pair(*ids, row["kind"], _read(row["timeline"], str)))

    async def store(self, connection: Connection) -> None:
        """Write what was put in."""
        if self.changed_children:
            ids = sorted(self.changed_children)
            written = [_write(self.children[child_id], _write_open) for child_id in ids]
            await connection.execute(SQL.store_children, ids, written)
        if self.changed_carers:
            carers = [self.carers[carer_id] for carer_id in sorted(self.changed_carers)]
            await connection.execute(
                SQL.store_carers,
                [carer.carer_id for carer in carers],
                [carer.kind for carer in carers],
                [_write(carer.timeline, list) for carer in carers],
            )
        if self.changed_pairs:
            pairs = [self.pairs[pair_id] for pair_id in sorted(self.changed_pairs)]
            await connection.execute(
                SQL.store_pairs,
                [pair.pair_id for pair in pairs],
                [pair.child_id for pair in pairs],
                [pair.carer_id for pair in pairs],
                [pair.kind for pair in pairs],
                [_write(pair.timeline, str) for pair in pairs],
            )


def _write(timeline: Timeline[S], state: Callable[[S], Any]) -> str:
    steps = [[step.on, step.how, None if step.state is None else state(step.state)] for step in timeline]
    return orjson.dumps(steps).decode()


def _read(written: str, state: Callable[[Any], S]) -> Timeline[S]:
    return tuple(
        Step(date.fromisoformat(on), how, None if then is None else state(then))
        for on, how, then in orjson.loads(written)
    )


def _write_open(file: Open) -> list[Any]:
    return [file.area, *file.codes]


def _read_open(written: list[Any]) -> Open:
    area, born, *codes = written
    return Open(area, Codes(date.fromisoformat(born), *codes))


def _read_listed(written: list[Any]) -> Listed:
    return Listed(*written)
