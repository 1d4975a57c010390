"""What judging has to know: whom a window counts in a village, and all that a miss depends on."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import chain
from typing import NamedTuple, TypeAlias, TypeVar
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
_LEVELS = {level.value: level for level in EscalationLevel}
_CARERS = {kind.value: kind for kind in CarerKind}
_KINDS = {kind.value: kind for kind in ContactKind}

Fact = TypeVar("Fact")
Facts: TypeAlias = dict[str, dict[UUID, Fact]]
"""What is known of a child's windows of a kind, by kind and child."""
Raised: TypeAlias = tuple[date, EscalationLevel]


class Village(NamedTuple):
    """A village in which the window of *kind* is to be judged: whom it counts, those kept and those not."""

    kind: ContactKind
    area: str
    kept: Sequence[UUID]
    missing: Sequence[UUID]
    since: Sequence[date | None]
    """The first day of the run of misses that each of the missing was in before, in their order."""
    late: Sequence[UUID]
    """Those of the missing of whom a visit inside the window became known after its due day."""
    left_later: Sequence[UUID]
    """Those of the missing who were learned, after its due day, to have left."""
    ended: Sequence[UUID]
    """Those of the kept whose run ends."""

    @property
    def begun(self) -> list[UUID]:
        """Those of the missing whose run begins with this window."""
        return [child_id for child_id, first in zip(self.missing, self.since, strict=True) if first is None]


@asynccontextmanager
async def planned_for_many(connection: Connection) -> AsyncIterator[None]:
    """Plan for lists of children while this lasts: one costs the same however many are asked for, or are there.

    What follows is planned for writing. Where it fails the transaction does, and what was set goes with that.
    """
    await connection.execute(SQL.plan_for_many)
    yield
    await connection.execute(SQL.plan_for_writing)


async def villages_to_judge(
    connection: Connection, windows: Sequence[Window], areas: Sequence[str]
) -> list[Village]:
    """Return where in the villages *areas* each of *windows* counts children and was not judged yet.

    The windows are of the same days, so that each child is looked up once for all of them.
    """
    first = windows[0]
    rows = await connection.fetch(
        SQL.counted,
        areas,
        [window.kind for window in windows],
        [window.poor_only for window in windows],
        first.opens,
        first.closes,
        first.due,
        _NEVER_OWED,
    )
    return [Village(_KINDS[kind], *facts) for kind, *facts in rows]


async def missing_in(
    connection: Connection, windows: Sequence[Window], villages: Sequence[Village]
) -> list[list[Missing]]:
    """Return, village by village, all that its misses depend on; of most children nothing else is known."""
    kinds, opens = [window.kind for window in windows], windows[0].opens
    closes, due = windows[0].closes, windows[0].due
    since: Facts[date] = {kind: {} for kind in kinds}
    for village in villages:
        began = zip(village.missing, village.since, strict=True)
        since[village.kind].update((child_id, first) for child_id, first in began if first)
    missed_before = set(chain.from_iterable(since.values()))
    first = min((day for runs in since.values() for day in runs.values()), default=opens)

    async def known(query: str, child_ids: Iterable[UUID], *days: object) -> list[asyncpg.Record]:
        asked = list(set(child_ids))
        return await connection.fetch(query, asked, *days) if asked else []

    missing = chain.from_iterable(village.missing for village in villages)
    late = chain.from_iterable(village.late for village in villages)
    left_later = chain.from_iterable(village.left_later for village in villages)
    pairs = _pairs(await known(SQL.pairs_in_force, missing, closes, due))
    earlier = _earlier(await known(SQL.earlier_misses, missed_before, kinds, first, opens), since)
    raised = _raised(await known(SQL.raised, missed_before, kinds, first), since)
    visits = _late_visits(await known(SQL.late_visits, late, kinds, opens, closes, due))
    leavings = _leavings(await known(SQL.later_leavings, left_later, opens, closes, due, _NEVER_OWED))
    return [
        [
            Missing(
                child_id,
                pairs.get(child_id, ()),
                earlier[village.kind].get(child_id, ()),
                raised[village.kind].get(child_id, ()),
                visits[village.kind].get(child_id),
                leavings.get(child_id),
            )
            for child_id in village.missing
        ]
        for village in villages
    ]


def _pairs(rows: Iterable[asyncpg.Record]) -> dict[UUID, list[PairInForce]]:
    found: dict[UUID, list[PairInForce]] = defaultdict(list)
    for child_id, pair_id, carer_id, kind in rows:
        found[child_id].append(PairInForce(pair_id=pair_id, carer_id=carer_id, kind=_CARERS[kind]))
    return found


def _earlier(rows: Iterable[asyncpg.Record], since: Facts[date]) -> Facts[list[EarlierMiss]]:
    found: Facts[list[EarlierMiss]] = defaultdict(dict)
    for child_id, kind, opens, made_good_on, withdrawn_on in rows:
        if opens >= since[kind].get(child_id, date.max):
            found[kind].setdefault(child_id, []).append(EarlierMiss(opens, made_good_on, withdrawn_on))
    return found


def _raised(rows: Iterable[asyncpg.Record], since: Facts[date]) -> Facts[list[Raised]]:
    found: Facts[list[Raised]] = defaultdict(dict)
    for child_id, kind, first_opens, level in rows:
        if first_opens >= since[kind].get(child_id, date.max):
            found[kind].setdefault(child_id, []).append((first_opens, _LEVELS[level]))
    return found


def _late_visits(rows: Iterable[asyncpg.Record]) -> Facts[LateVisit]:
    found: Facts[LateVisit] = defaultdict(dict)
    for child_id, kind, visit_id, known_on, seq in rows:
        found[kind][child_id] = LateVisit(visit_id, known_on, seq)
    return found


def _leavings(rows: Iterable[asyncpg.Record]) -> dict[UUID, Leaving]:
    return {
        child_id: Leaving(left_on, LeavingReason(reason), known_on, last_visit)
        for child_id, left_on, reason, known_on, last_visit in rows
    }
