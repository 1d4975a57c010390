"""Laws of judging: day by day, in leaps, or at once contact says the same, and what it says folds to what it keeps."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.contact.domain.windows import windows_due
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.contracts.event import ContactKind, Event, LeavingReason
from tests.folding import Row, contacts_folded, contacts_kept, fold_every_stream, read_log
from tests.integration.contact_world import (
    EAST,
    POLICY,
    TALK,
    WEST,
    World,
    areas,
    left,
    merged,
    paired,
    parted,
    registered,
    returned,
    revised,
    transferred,
    unmerged,
)
from tests.laws.bounds import bounded
from tests.laws.conftest import FreshPool, FreshPools

FIRST, LAST = date(2026, 1, 1), date(2026, 7, 20)
SAID = (VisitLogged, WindowJudged, ContactMissed, ContactMadeGood, MissWithdrawn, ContactEscalated)
NAMES = ("mei", "bo", "yu", "lan")
"""Four children: enough for merges, for two in one village, and for windows with some kept and some missed."""


@dataclass(frozen=True)
class Told:
    """A visit told on the day that it was entered."""

    name: str
    kind: ContactKind
    on: date
    entered_on: date
    reached: bool


Fact = Event | Told
DAYS = st.integers(0, 180).map(lambda days: FIRST + timedelta(days=days))
DELAYS = st.sampled_from((0, 0, 1, 5, 25, 40)).map(lambda days: timedelta(days=days))
DUE = {window.due for window in windows_due(POLICY, FIRST, LAST)}
"""The days on which windows fall due."""


@st.composite
def known(draw: st.DrawFn, on: date) -> date:
    """Draw when something became known: at once, late, or just on the next day on which a window may be due."""
    day = on + draw(DELAYS)
    if draw(st.integers(0, 2)) == 0:
        day = min((due for due in DUE if due >= day), default=LAST)
    return min(day, LAST)


def recorded(fact: Fact) -> date:
    return fact.entered_on if isinstance(fact, Told) else fact.recorded_on


@st.composite
def visits(draw: st.DrawFn, name: str) -> Told:
    on = draw(DAYS)
    entered_on = draw(known(on))
    return Told(name, draw(st.sampled_from(ContactKind)), on, entered_on, draw(st.integers(0, 7)) > 0)


@st.composite
def stories(draw: st.DrawFn, name: str) -> Sequence[Fact]:
    """Draw what happens to a child: one of the ways in which a file changes, known at once or late."""
    day = draw(DAYS.filter(lambda day: day > FIRST + timedelta(days=5)))
    known_on, later = draw(known(day)), min(day + timedelta(days=20), LAST)
    corrected_on = draw(known(later))
    merges: list[Sequence[Fact]] = [
        [merged(name, NAMES[-1], day)],
        [merged(name, NAMES[-1], day), unmerged(name, NAMES[-1], later)],
    ]
    ways: list[Sequence[Fact]] = [
        [],
        *([left(name, reason, day, known_on)] for reason in LEAVERS),
        [left(name, LeavingReason.MOVED_AWAY, day), returned(name, later)],
        [
            left(name, draw(st.sampled_from(LEAVERS)), later),
            parted(f"pair {name}", name, "li", later),
            left(name, LeavingReason.DIED, day, corrected_on),
            parted(f"pair {name}", name, "li", day, corrected_on),
        ],
        [transferred(name, day, known_on=known_on)],
        [revised(name, day, poor=draw(st.booleans()), known_on=known_on)],
        [parted(f"pair {name}", name, "li", day, known_on)],
        *(merges if name != NAMES[-1] else []),
    ]
    return draw(st.sampled_from(ways))


LEAVERS = (LeavingReason.DIED, LeavingReason.REGISTERED_IN_ERROR, LeavingReason.PARENTS_RETURNED)


@st.composite
def late_pairs(draw: st.DrawFn, name: str) -> Sequence[Fact]:
    """Draw a pair that somebody may have told of, or of its end, when a window that it covers was due already."""
    pair, begun = f"late pair {name}", draw(DAYS)
    begun_known = draw(known(begun))
    ended = draw(st.none() | st.integers(1, 90).map(lambda days: min(begun + timedelta(days=days), LAST)))
    facts = [paired(pair, name, "wu", begun, begun_known)]
    if ended:
        facts.append(parted(pair, name, "wu", ended, max(begun_known, draw(known(ended)))))
    return facts


@st.composite
def counties(draw: st.DrawFn) -> Sequence[Fact]:
    """Draw what became known of some children in half a year, in the order in which it did."""
    facts: list[Fact] = []
    for name in NAMES:
        area, poor = draw(st.sampled_from((EAST, WEST))), draw(st.booleans())
        facts.append(registered(name, FIRST, area=area, poor=poor))
        if draw(st.booleans()):
            facts.append(paired(f"pair {name}", name, "li", FIRST))
        facts += draw(late_pairs(name) | st.just([]))
        facts += draw(stories(name))
        facts += draw(st.lists(visits(name), max_size=9))
    return sorted(facts, key=recorded)


async def take(world: World, fact: Fact) -> None:
    if isinstance(fact, Told):
        await world.tell(fact.name, fact.kind, fact.on, fact.entered_on, reached=fact.reached)
    else:
        await world.hear(fact)


async def live_through(
    world: World,
    facts: Sequence[Fact],
    days: Sequence[date],
    advance: Callable[[date], Awaitable[Any]] | None = None,
) -> None:
    """Take every fact on the day it became known; advance on some days only, before anything of that day."""
    advance = advance or world.advance
    await world.hear(*areas())
    waiting = list(facts)
    for day in days:
        while waiting and recorded(waiting[0]) < day:
            await take(world, waiting.pop(0))
        await advance(day)
    for fact in waiting:
        await take(world, fact)


@pytest.fixture
def tally() -> Iterator[Counter[str]]:
    """Count what was said in all examples: worlds in which nobody is missed, raised or made good agree on nothing."""
    tally: Counter[str] = Counter()
    yield tally
    assert {kind.__name__ for kind in SAID} == set(tally), tally


async def said(world: World) -> dict[UUID, tuple[str, dict[str, Any]]]:
    return {event_id: (event_type, data) for event_id, event_type, data in await world.events(*SAID)}


JUDGED = ("misses", "escalations", "judged_windows", "runs")


async def judged(world: World) -> dict[str, list[str]]:
    """Return all that judging has written into contact's tables."""
    return {
        table: [row["t"] for row in await world.pool.fetch(f"SELECT t::text FROM app.{table} t ORDER BY 1")]
        for table in JUDGED
    }


async def folded(world: World) -> dict[str, set[Row]]:
    """Fold every stream that contact has written, then its log; return what that comes to."""
    async with world.pool.acquire() as connection:
        log = await read_log(connection, "contact")
    fold_every_stream("contact", log)
    return contacts_folded(log.events).tables()


async def kept(world: World) -> dict[str, set[Row]]:
    async with world.pool.acquire() as connection:
        return await contacts_kept(connection)


LEAPS = st.lists(st.integers(1, 200), max_size=3).map(
    lambda days: sorted({FIRST + timedelta(days=n) for n in days} | {LAST})
)
EVERY_DAY = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
WHERE_IT_MATTERS = {day for day in EVERY_DAY if day - timedelta(days=1) in DUE}
"""Days soon after those on which windows fall due; on most others an advance judges nothing."""
ONE_BY_ONE = st.integers(0, 180).map(
    lambda first: sorted({*EVERY_DAY[first : first + 14], *WHERE_IT_MATTERS, LAST})
)
"""Two weeks day by day, and of the other days those that matter."""

MERGE_UNDONE = (
    registered("mei", FIRST),
    registered("lan", FIRST),
    merged("mei", "lan", date(2026, 1, 10)),
    Told("mei", TALK, date(2026, 1, 15), date(2026, 1, 15), reached=True),
    unmerged("mei", "lan", date(2026, 2, 20)),
)
"""A visit keeps January's window of the survivor on its due day, whatever a merge's undoing says later."""
LEFT_TWICE = (
    registered("mei", FIRST),
    left("mei", LeavingReason.REGISTERED_IN_ERROR, date(2026, 2, 20)),
    left("mei", LeavingReason.DIED, date(2026, 1, 31), date(2026, 2, 20)),
)
"""January's misses are withdrawn for the first word of that day, whenever they are judged."""
LEFT_AND_VISITED = (
    registered("mei", FIRST),
    registered("bo", FIRST),
    left("mei", LeavingReason.REGISTERED_IN_ERROR, date(2026, 3, 10), date(2026, 4, 20)),
    Told("mei", TALK, date(2026, 1, 15), date(2026, 4, 20), reached=True),
    Told("bo", TALK, date(2026, 1, 15), date(2026, 4, 20), reached=True),
    left("bo", LeavingReason.REGISTERED_IN_ERROR, date(2026, 3, 10), date(2026, 4, 20)),
)
"""On one day a leaving is told before a visit, and a visit before a leaving: what was told first mends the miss."""
MADE_GOOD_LATE = (
    registered("mei", FIRST),
    Told("mei", TALK, date(2026, 1, 15), date(2026, 2, 20), reached=True),
)
"""January's miss is made good when it has been judged, or is judged with what makes it good."""


@example(
    facts=MERGE_UNDONE,
    one_by_one=[*EVERY_DAY[:45], *sorted(WHERE_IT_MATTERS - {*EVERY_DAY[:45]}), LAST],
    leaps=[date(2026, 3, 1), LAST],
)
@example(facts=LEFT_TWICE, one_by_one=EVERY_DAY, leaps=[LAST])
@example(facts=LEFT_AND_VISITED, one_by_one=sorted({*WHERE_IT_MATTERS, LAST}), leaps=[LAST])
@example(facts=MADE_GOOD_LATE, one_by_one=sorted({*WHERE_IT_MATTERS, LAST}), leaps=[LAST])
@given(facts=counties(), one_by_one=ONE_BY_ONE, leaps=LEAPS)
@bounded(5)
async def test_day_by_day_or_in_leaps_the_same_is_said_and_folds_to_what_is_kept(
    fresh_pool: FreshPool,
    tally: Counter[str],
    facts: Sequence[Fact],
    one_by_one: Sequence[date],
    leaps: Sequence[date],
) -> None:
    async with AsyncExitStack() as stack:
        daily, leaping = [World(await stack.enter_async_context(fresh_pool("contact"))) for _ in range(2)]
        await live_through(daily, facts, one_by_one)
        await live_through(leaping, facts, leaps)
        judgements = await said(daily)
        tally.update(event_type for event_type, _ in judgements.values())
        assert await said(leaping) == judgements
        assert await judged(leaping) == await judged(daily)
        assert await folded(daily) == await kept(daily)


@example(facts=MERGE_UNDONE, days=[date(2026, 2, 5), date(2026, 3, 1), LAST])
@example(facts=LEFT_TWICE, days=[date(2026, 2, 20), LAST])
@example(facts=LEFT_AND_VISITED, days=[date(2026, 4, 20), LAST])
@example(facts=MADE_GOOD_LATE, days=[date(2026, 2, 10), LAST])
@given(facts=counties(), days=LEAPS)
@bounded(3)
async def test_replicas_at_once_say_what_one_says_and_it_folds_to_what_is_kept(
    fresh_pool: FreshPool,
    fresh_pools: FreshPools,
    tally: Counter[str],
    facts: Sequence[Fact],
    days: Sequence[date],
) -> None:
    async with fresh_pool("contact") as pool, fresh_pools("contact", 2) as pools:
        alone, replicas = World(pool), [World(pool) for pool in pools]
        crowded = replicas[0]

        async def all_at_once(day: date) -> None:
            await asyncio.gather(*(world.advance(day) for world in (*replicas, crowded)))

        await live_through(alone, facts, [LAST])
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("services.contact.advancing.CHILDREN_MAX", 1)  # each village a judge of its own
            await live_through(crowded, facts, days, all_at_once)
        judgements = await said(alone)
        tally.update(event_type for event_type, _ in judgements.values())
        assert await said(crowded) == judgements
        assert await judged(crowded) == await judged(alone)
        assert await folded(crowded) == await kept(crowded)
