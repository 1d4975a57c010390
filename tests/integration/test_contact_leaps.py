"""A law of judging: day by day, in one leap, or on several replicas at once, contact says the same."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.contracts.event import ContactKind, Event, LeavingReason
from tests.conftest import ServicePools
from tests.integration.contact_world import (
    EAST,
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
)

FIRST, LAST = date(2026, 1, 1), date(2026, 7, 20)
CHILDREN = 14
SAID = (VisitLogged, WindowJudged, ContactMissed, ContactMadeGood, MissWithdrawn, ContactEscalated)


@dataclass(frozen=True)
class Told:
    """A visit told on the day that it was entered."""

    name: str
    kind: ContactKind
    on: date
    entered_on: date
    reached: bool


Fact = Event | Told


def recorded(fact: Fact) -> date:
    return fact.entered_on if isinstance(fact, Told) else fact.recorded_on


def a_county(seed: int) -> list[Fact]:
    """Return what became known of some children in half a year, in the order in which it did."""
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    names = [f"child {n}" for n in range(CHILDREN)]
    facts: list[Fact] = [
        registered(name, FIRST, area=rng.choice((EAST, WEST)), poor=rng.random() < 0.4) for name in names
    ]
    for name in names:
        facts += stories(rng, name, names)
        facts += visits(rng, name)
    return sorted(facts, key=recorded)


def stories(rng: random.Random, name: str, names: list[str]) -> list[Fact]:
    day = FIRST + timedelta(days=rng.randrange(10, 150))
    later = day + timedelta(days=rng.choice((0, 3, 30)))
    pair = [paired(f"pair {name}", name, "li", FIRST + timedelta(days=rng.randrange(60)))]
    told: list[Callable[[], list[Fact]]] = [
        list,
        lambda: [left(name, LeavingReason.DIED, day, later)],
        lambda: [left(name, LeavingReason.REGISTERED_IN_ERROR, day, later)],
        lambda: [left(name, LeavingReason.MOVED_AWAY, day), returned(name, day + timedelta(days=20))],
        lambda: [transferred(name, day, known_on=later)],
        lambda: [revised(name, day, poor=rng.random() < 0.5, known_on=later)],
        lambda: [merged(name, rng.choice([other for other in names if other != name]), day)],
        lambda: [parted(f"pair {name}", name, "li", day)],
    ]
    return [*pair, *rng.choice(told)()]


def visits(rng: random.Random, name: str) -> Iterator[Told]:
    for kind in ContactKind:
        for _ in range(rng.randrange(7)):
            on = FIRST + timedelta(days=rng.randrange(190))
            entered_on = on + timedelta(days=rng.choice((0, 0, 1, 5, 25, 40)))
            if entered_on <= LAST:
                yield Told(name, kind, on, entered_on, rng.random() < 0.9)


async def take(world: World, fact: Fact) -> None:
    if isinstance(fact, Told):
        await world.tell(fact.name, fact.kind, fact.on, fact.entered_on, reached=fact.reached)
    else:
        await world.hear(fact)


async def live_through(world: World, facts: list[Fact], days: list[date]) -> None:
    """Take every fact on the day it became known; advance on some days only, before anything of that day."""
    waiting = list(facts)
    for day in days:
        while waiting and recorded(waiting[0]) < day:
            await take(world, waiting.pop(0))
        await world.advance(day)
    for fact in waiting:
        await take(world, fact)


async def said(world: World) -> dict[UUID, tuple[str, dict[str, Any]]]:
    return {event_id: (event_type, data) for event_id, event_type, data in await world.events(*SAID)}


async def misses(world: World) -> list[tuple[Any, ...]]:
    rows = await world.pool.fetch("SELECT * FROM app.misses ORDER BY child_id, kind, opens")
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("seed", range(4))
async def test_day_by_day_or_in_one_leap_the_same_is_said(service_pool: ServicePools, seed: int) -> None:
    facts = a_county(seed)
    every_day = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    daily, leap = [World(await service_pool("contact")) for _ in range(2)]
    for world, days in ((daily, every_day), (leap, [LAST])):
        await world.hear(*areas())
        await live_through(world, facts, days)
    assert await said(leap) == await said(daily)
    assert await misses(leap) == await misses(daily)
    assert {event_type for event_type, _ in (await said(leap)).values()} == {
        spoken.__name__ for spoken in SAID
    }


async def test_replicas_at_once_say_what_one_says(service_pool: ServicePools) -> None:
    facts = a_county(17)
    alone, crowded = [World(await service_pool("contact")) for _ in range(2)]
    for world in (alone, crowded):
        await world.hear(*areas())
        for fact in facts:
            await take(world, fact)
    await alone.advance(LAST)
    await asyncio.gather(*[crowded.advance(LAST) for _ in range(3)])
    assert await said(crowded) == await said(alone)
