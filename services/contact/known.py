"""What judging has to know: whom a window counts in a village, and all that a miss depends on."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from services.contact.domain.judging import Missing
from services.contact.domain.mending import NEVER_OWED, LateVisit, Leaving
from services.contact.domain.runs import EarlierMiss
from services.contact.domain.windows import Window
from shared.contracts.event import CarerKind, ContactKind, EscalationLevel, LeavingReason, PairInForce
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

_NEVER_OWED = sorted(NEVER_OWED)

Fact = TypeVar("Fact")


class Village(NamedTuple):
    """A village in which the window of *kind* is to be judged: whom it counts, and who of them was not kept."""

    kind: ContactKind
    area: str
    counted: Sequence[UUID]
    missing: Sequence[UUID]
    since: Sequence[date | None]
    """The first day of the run of misses that each of the missing was in before, in their order."""
    late: Sequence[UUID]
    """Those of the missing of whom a visit inside the window became known after its due day."""
    ended: Sequence[UUID]
    """Those of the counted whose run ends, since they were kept."""


async def plan_for_these_children(connection: Connection) -> None:
    """Let this transaction find children by their keys, so that one costs the same however many there are."""
    await connection.execute(SQL.plan_for_these_children)


async def villages_to_judge(
    connection: Connection, windows: Sequence[Window], areas: Sequence[str]
) -> list[Village]:
    """Return where in the villages *areas* each of *windows* counts children and was not judged yet.

    The windows are of the same days, so that each child is looked up once for all of them.
    """
    first, poor_only = windows[0], {window.kind: window.poor_only for window in windows}
    rest = await connection.fetch(SQL.not_judged, areas, list(poor_only), first.opens)
    wanted = [(row["area"], kind) for row in rest for kind in row["kinds"]]
    if not wanted:
        return []
    rows = await connection.fetch(
        SQL.counted,
        list({child_id for row in rest if row["kinds"] for child_id in row["children"]}),
        [area for area, _ in wanted],
        [kind for _, kind in wanted],
        [poor_only[ContactKind(kind)] for _, kind in wanted],
        first.opens,
        first.closes,
        first.due,
        _NEVER_OWED,
    )
    return [Village(ContactKind(kind), *facts) for kind, *facts in rows]


async def missing_in(
    connection: Connection, window: Window, villages: Sequence[Village]
) -> dict[UUID, Missing]:
    """Return all that the misses of these villages depend on; of most children nothing else is known."""
    child_ids = [child_id for village in villages for child_id in village.missing]
    late_ids = [child_id for village in villages for child_id in village.late]
    since = {
        child_id: first
        for village in villages
        for child_id, first in zip(village.missing, village.since, strict=True)
        if first
    }
    kind, opens, closes, due = window.kind, window.opens, window.closes, window.due
    pairs = await connection.fetch(SQL.pairs_in_force, child_ids, closes, due)
    late = await connection.fetch(SQL.late_visits, late_ids, kind, opens, closes, due)
    leavings = await connection.fetch(SQL.later_leavings, child_ids, opens, closes, due, _NEVER_OWED)
    first = min(since.values(), default=opens)
    earlier = await connection.fetch(SQL.earlier_misses, list(since), kind, first, opens)
    raised = await connection.fetch(SQL.raised, list(since), kind, first)
    pairs_of = _by_child(pairs, _pair)
    earlier_of = _by_child([row for row in earlier if row["opens"] >= since[row["child_id"]]], EarlierMiss)
    raised_of = _by_child([row for row in raised if row["first_opens"] >= since[row["child_id"]]], _raised)
    late_of = {child_id: LateVisit(*visit) for child_id, *visit in late}
    leaving_of = {child_id: _leaving(*left) for child_id, *left in leavings}
    return {
        child_id: Missing(
            child_id,
            pairs_of.get(child_id, ()),
            earlier_of.get(child_id, ()),
            raised_of.get(child_id, ()),
            late_of.get(child_id),
            leaving_of.get(child_id),
        )
        for child_id in child_ids
    }


def _by_child(rows: Iterable[asyncpg.Record], fact: Callable[..., Fact]) -> dict[UUID, list[Fact]]:
    found: dict[UUID, list[Fact]] = {}
    for child_id, *columns in rows:
        found.setdefault(child_id, []).append(fact(*columns))
    return found


def _pair(pair_id: UUID, carer_id: UUID, kind: str) -> PairInForce:
    return PairInForce(pair_id=pair_id, carer_id=carer_id, kind=CarerKind(kind))


def _raised(first_opens: date, level: str) -> tuple[date, EscalationLevel]:
    return first_opens, EscalationLevel(level)


def _leaving(left_on: date, reason: str, known_on: date) -> Leaving:
    return Leaving(left_on, LeavingReason(reason), known_on)
