"""Judging one window for some villages in one transaction: facts in sets, events by rule, each once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.contact.domain.judging import Judgement, Missing, judge_village
from services.contact.domain.mending import NEVER_OWED, LateVisit, Leaving
from services.contact.domain.policy import Policy
from services.contact.domain.runs import EarlierMiss
from services.contact.domain.windows import Window
from services.contact.event_ids import with_id
from services.contact.judged import record_judged
from services.contact.locking import close_gate
from shared.contracts.event import CarerKind, EscalationLevel, LeavingReason, PairInForce
from shared.event_store import EVENTS_MAX, Append, Connection, Meta, NewEvent, Outcome, append_many
from shared.sql import queries

SQL = queries(__file__)

_NEVER_OWED = sorted(NEVER_OWED)


@dataclass(frozen=True, slots=True)
class _Village:
    area: str
    counted: Sequence[UUID]
    missing: Sequence[UUID]


async def judge_window(
    connection: Connection, window: Window, areas: Sequence[str], policy: Policy, meta: Meta
) -> int:
    """Judge *window* in the villages *areas* and return in how many this transaction was the first.

    What another replica, or an interrupted run, judged before is left as it is. Judged is what was
    known by *due*, whatever was learned since, so that the same day always gives the same events.
    """
    await close_gate(connection)
    await connection.execute(SQL.plan_for_these_villages)
    villages = await _villages(connection, window, areas)
    missing = await _missing(connection, window, [child for v in villages for child in v.missing])
    judged = [
        (
            village,
            judge_village(
                window,
                village.area,
                village.counted,
                [missing[child_id] for child_id in village.missing],
                policy.escalations,
            ),
        )
        for village in villages
    ]
    won = await _append(connection, window, judged, meta)
    if won:
        kept = [child for village, _ in won for child in set(village.counted) - set(village.missing)]
        events = [event for _, said in won for event in said]
        await record_judged(connection, window, [village.area for village, _ in won], kept, events)
    return len(won)


async def _villages(connection: Connection, window: Window, areas: Sequence[str]) -> list[_Village]:
    rest = await connection.fetch(SQL.not_judged, areas, window.kind, window.opens)
    rows = await connection.fetch(
        SQL.counted,
        [row["area"] for row in rest],
        window.kind,
        window.opens,
        window.closes,
        window.due,
        window.poor_only,
        _NEVER_OWED,
    )
    counted: defaultdict[str, list[UUID]] = defaultdict(list)
    missing: defaultdict[str, list[UUID]] = defaultdict(list)
    for area, child_id, kept in rows:
        counted[area].append(child_id)
        if not kept:
            missing[area].append(child_id)
    return [_Village(area, children, missing[area]) for area, children in counted.items()]


async def _missing(connection: Connection, window: Window, child_ids: Sequence[UUID]) -> dict[UUID, Missing]:
    """Return all that the misses of these children depend on."""
    kind, opens, closes, due = window.kind, window.opens, window.closes, window.due
    pairs = _by_child(await connection.fetch(SQL.pairs_in_force, child_ids, closes, due))
    earlier = _by_child(await connection.fetch(SQL.earlier_misses, child_ids, kind, opens))
    raised = _by_child(await connection.fetch(SQL.raised, child_ids, kind))
    late = _by_child(await connection.fetch(SQL.late_visits, child_ids, kind, opens, closes, due))
    leavings = _by_child(
        await connection.fetch(SQL.later_leavings, child_ids, opens, closes, due, _NEVER_OWED)
    )
    return {
        child_id: Missing(
            child_id,
            tuple(map(_pair, pairs[child_id])),
            tuple(map(_earlier, earlier[child_id])),
            tuple((row["first_opens"], EscalationLevel(row["level"])) for row in raised[child_id]),
            next((LateVisit(row["visit_id"], row["known_on"]) for row in late[child_id]), None),
            next(map(_leaving, leavings[child_id]), None),
        )
        for child_id in child_ids
    }


def _by_child(rows: Iterable[asyncpg.Record]) -> defaultdict[UUID, list[asyncpg.Record]]:
    found: defaultdict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["child_id"]].append(row)
    return found


def _pair(row: asyncpg.Record) -> PairInForce:
    return PairInForce(pair_id=row["pair_id"], carer_id=row["carer_id"], kind=CarerKind(row["kind"]))


def _earlier(row: asyncpg.Record) -> EarlierMiss:
    match row["state"]:
        case "made_good":
            return EarlierMiss(row["opens"], made_good_on=row["mended_on"])
        case "withdrawn":
            return EarlierMiss(row["opens"], withdrawn_on=row["mended_on"])
        case _:
            return EarlierMiss(row["opens"])


def _leaving(row: asyncpg.Record) -> Leaving:
    return Leaving(row["left_on"], LeavingReason(row["reason"]), row["left_known_on"])


Judged = tuple[_Village, list[Judgement]]


async def _append(
    connection: Connection, window: Window, judged: Sequence[Judged], meta: Meta
) -> list[Judged]:
    """Append each village's judgements to a stream of its own that must be new; return those that were."""
    won: list[Judged] = []
    for some in _bounded(judged):
        streams = [(_stream(window, village.area), [*map(with_id, said)]) for village, said in some]
        appends = [Append(stream, events[:EVENTS_MAX], expected=0) for stream, events in streams]
        answer = await append_many(connection, appends, meta)
        for one, (stream, events), outcome in zip(some, streams, answer.outcomes, strict=True):
            if outcome is Outcome.TAKEN:
                await _append_rest(connection, stream, events, meta)
                won.append(one)
    return won


async def _append_rest(connection: Connection, stream: str, events: Sequence[NewEvent], meta: Meta) -> None:
    """Append what one call does not hold: a village of many thousand children."""
    for start in range(EVENTS_MAX, len(events), EVENTS_MAX):
        piece = Append(stream, events[start : start + EVENTS_MAX], expected=start)
        await append_many(connection, [piece], meta)


def _stream(window: Window, area: str) -> str:
    return f"window-{window.kind}-{window.closes:%Y%m%d}-{area}"


def _bounded(judged: Sequence[Judged]) -> Iterable[list[Judged]]:
    some: list[Judged] = []
    size = 0
    for one in judged:
        events = min(len(one[1]), EVENTS_MAX)
        if some and size + events > EVENTS_MAX:
            yield some
            some, size = [], 0
        some.append(one)
        size += events
    if some:
        yield some
