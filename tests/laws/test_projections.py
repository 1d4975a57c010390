"""Laws of projections: any turn of the sources, a rebuild, and the past asked again give the same."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contact.advancing import advance
from services.contact.following import readers as readers_of_contact
from services.contact.visiting import Logging, identified, log_visits
from services.pairing.from_registry import project as follow_in_pairing
from services.pairing.pairs import Wish, assign_pairs
from services.reporting import rebuilding
from services.reporting.areas import areas_within
from services.reporting.at_once import figures_at_once
from services.reporting.figures import (
    EVERYTHING_KNOWN,
    Figures,
    When,
    figures_of,
    series,
    settled_until,
)
from services.reporting.lists import list_behind
from services.reporting.measure import Nature
from services.reporting.measures import MEASURES
from services.reporting.question import Asked
from services.reporting.readers import readers as readers_of_reporting
from services.reporting.readers import take
from services.reporting.rebuilding import rebuild
from services.reporting.side import look_at_live_side
from shared.applying import Applying
from shared.checkpoint import Checkpoint, load_checkpoint
from shared.contracts.catalogue import SPEAKERS
from shared.contracts.contact import VisitLogged, VisitLogImported
from shared.contracts.event import ContactKind, LeavingReason
from shared.contracts.registry import AreaClosed, ChildReturned
from shared.envelope import Envelope, Received
from shared.event_store import Pool
from shared.problems import NotFound
from shared.reader import Project, Reader, ReaderState
from shared.tokens import Caller, Role
from tests.conftest import ServicePools
from tests.integration.contact_world import POLICY, VAULT
from tests.integration.pairing_county import (
    LATER,
    NEXT,
    WILLOW,
    cause,
    child_file,
    child_id,
    enlisted,
    left,
    registered,
    tell,
)
from tests.integration.test_reporting_figures import AREAS, rows_of
from tests.laws.bounds import bounded
from tests.laws.conftest import FreshPool
from tests.reporting_world.telling import received, world
from tests.reporting_world.world import COUNTY, FIRST_DAY, TOWNSHIPS

Told = Mapping[str, Sequence[Received]]


@dataclass(frozen=True)
class County:
    """An invented county by its seed, so that an example is short to tell."""

    seed: int
    days: int

    def told(self) -> Told:
        return received(world(self.seed, self.days, merging=True))


COUNTIES = st.builds(County, st.integers(0, 2**16), st.integers(1, 90))
LONG_COUNTIES = st.builds(County, st.integers(0, 2**16), st.integers(60, 90))
"""Long enough that children who were visited are merged, leave and come back."""
DAYS_UNTIL_ESCALATED = 100
"""In which so many windows close that children are missed twice on end, and raised to another level."""
TURNS = st.integers(0, 2**16)
IN_REPORTING: Mapping[str, Project] = dict.fromkeys(("registry", "pairing", "contact"), take)
IN_CONTACT = {reader.source: reader.project for reader in readers_of_contact(VAULT)}
IN_PAIRING = {"registry": follow_in_pairing}
HEARD_IN_CONTACT = (
    "SELECT t::text FROM app.areas t ORDER BY 1",
    "SELECT spell_id, child_id, filed_on, recorded_on, left_on, left_known_on, reason FROM app.files ORDER BY 1",
    "SELECT spell_id, left_on, left_known_on, reason, superseded_on FROM app.former_leavings ORDER BY spell_id, seq",
    "SELECT child_id, from_on, recorded_on, area, poor FROM app.child_states ORDER BY child_id, seq",
    "SELECT t::text FROM app.children t ORDER BY 1",
    "SELECT t::text FROM app.merges t ORDER BY 1",
    "SELECT t::text FROM app.pairs t ORDER BY 1",
)
"""What the logs of registry and pairing alone make."""
KEPT_IN_CONTACT = (
    *HEARD_IN_CONTACT,
    "SELECT t::text FROM app.visits t ORDER BY 1",
    "SELECT t::text FROM app.keeping t ORDER BY 1",
    "SELECT t::text FROM app.misses t ORDER BY 1",
    "SELECT t::text FROM app.runs t ORDER BY 1",
    "SELECT t::text FROM app.escalations t ORDER BY 1",
    "SELECT t::text FROM app.judged_windows t ORDER BY 1",
    "SELECT t::text FROM app.judged_until t ORDER BY 1",
    "SELECT stream_id, version, event_id, event_type, data FROM kernel.events ORDER BY stream_id, version",
)
HEARD_IN_PAIRING = (
    "SELECT t::text FROM app.areas t ORDER BY 1",
    "SELECT t::text FROM app.children t ORDER BY 1",
)
"""What the registry's log alone makes."""
KEPT_IN_PAIRING = (
    *HEARD_IN_PAIRING,
    "SELECT t::text FROM app.pairs t ORDER BY 1",
    "SELECT stream_id, version, event_id, event_type, data FROM kernel.events ORDER BY stream_id, version",
)


def test_the_invented_county_says_every_event_that_its_services_say() -> None:
    worlds = [world(seed, merging=True) for seed in range(20)]
    for source in IN_REPORTING:
        said = {type(event) for made in worlds for event in made.told[source]}
        assert said == set(SPEAKERS[source])


async def follow(pool: Pool, projects: Mapping[str, Project], told: Told, turn: int | None = None) -> None:
    """Let readers take everything: one source after the other, or in batches of any size and turn."""
    waiting = {source: list(told[source]) for source in projects}
    chance = random.Random(turn)  # noqa: S311 - an order, no secret
    while sources := [source for source, events in waiting.items() if events]:
        source = sources[0] if turn is None else chance.choice(sources)
        size = 500 if turn is None else chance.choice((1, 2, 7, 40))
        batch, waiting[source] = waiting[source][:size], waiting[source][size:]
        async with pool.acquire() as connection, connection.transaction():
            await projects[source](connection, batch)


STORED_AT = datetime(2026, 1, 1, tzinfo=UTC)


async def follow_at_once(pool: Pool, readers: Sequence[Reader], told: Told, turn: int) -> None:
    """Let readers take everything side by side, each over a connection of its own, in batches of any size."""
    async with asyncio.TaskGroup() as together:
        for reader in readers:
            together.create_task(_read(pool, reader, told[reader.source], turn))


async def _read(pool: Pool, reader: Reader, events: Sequence[Received], turn: int) -> None:
    """Take events as a service does: a lost race is run again, and what cannot be applied would be parked."""
    chance = random.Random(f"{reader.name} {turn}")  # noqa: S311 - an order, no secret
    state = ReaderState()
    applying = Applying(pool, reader, state)
    at = await load_checkpoint(pool, reader.name)
    while events:
        size = chance.choice((1, 2, 7, 40))
        batch, events = [_enveloped(one) for one in events[:size]], events[size:]
        last = batch[-1]
        behind = Checkpoint(last.store_id, last.position, last.position.position, STORED_AT)
        await applying.apply(at, behind, batch, [])
        at = behind
    assert state.parked == 0


def _enveloped(one: Received) -> Envelope:
    return Envelope(
        str(one.event_id),
        one.event_type,
        one.schema_version,
        one.stream_id,
        one.version,
        one.position,
        one.store_id,
        one.data,
        one.meta,
        one.source,
        STORED_AT,
    )


async def kept(pool: Pool, queries: Sequence[str]) -> dict[str, list[tuple[object, ...]]]:
    return {query: [tuple(row) for row in await pool.fetch(query)] for query in queries}


@given(county=COUNTIES, turn=TURNS)
@bounded(4)
async def test_reporting_is_the_same_in_any_turn_of_its_sources_and_rebuilt(
    fresh_pool: FreshPool, monkeypatch: pytest.MonkeyPatch, county: County, turn: int
) -> None:
    monkeypatch.setattr(rebuilding, "RECOUNTED_MAX", 7)
    async with AsyncExitStack() as stack:
        straight, turned = [await stack.enter_async_context(fresh_pool("reporting")) for _ in range(2)]
        await follow(straight, IN_REPORTING, county.told())
        await follow(turned, IN_REPORTING, county.told(), turn)
        expected = await rows_of(straight)
        assert await rows_of(turned) == expected
        assert await rebuild(turned)
        assert await rows_of(turned, "side_b") == await rows_of(turned) == expected


@given(county=LONG_COUNTIES, turn=TURNS)
@bounded(4)
async def test_reporting_is_the_same_where_its_sources_are_read_at_once_and_rebuilt(
    fresh_pool: FreshPool, county: County, turn: int
) -> None:
    async with AsyncExitStack() as stack:
        straight, at_once = [await stack.enter_async_context(fresh_pool("reporting")) for _ in range(2)]
        await follow(straight, IN_REPORTING, county.told())
        await follow_at_once(at_once, readers_of_reporting(), county.told(), turn)
        expected = await rows_of(straight)
        assert await rows_of(at_once) == expected
        assert await rebuild(at_once)
        assert await rows_of(at_once) == expected


@given(county=LONG_COUNTIES, turn=TURNS)
@bounded(4)
async def test_contact_knows_the_same_in_any_turn_of_its_sources(
    fresh_pool: FreshPool, county: County, turn: int
) -> None:
    async with AsyncExitStack() as stack:
        straight, turned = [await stack.enter_async_context(fresh_pool("contact")) for _ in range(2)]
        expected = await lived_through(straight, county, partial(follow, straight, IN_CONTACT))
        hear = partial(follow, turned, IN_CONTACT, turn=turn)
        assert await lived_through(turned, county, hear) == expected


@given(county=LONG_COUNTIES, turn=TURNS)
@bounded(4)
async def test_contact_knows_the_same_where_its_sources_are_read_at_once(
    fresh_pool: FreshPool, county: County, turn: int
) -> None:
    async with AsyncExitStack() as stack:
        straight, at_once = [await stack.enter_async_context(fresh_pool("contact")) for _ in range(2)]
        expected = await lived_through(straight, county, partial(follow, straight, IN_CONTACT))
        hear = partial(follow_at_once, at_once, readers_of_contact(VAULT), turn=turn)
        assert await lived_through(at_once, county, hear) == expected


async def lived_through(
    pool: Pool, county: County, hear: Callable[[Told], Awaitable[None]]
) -> dict[str, list[tuple[object, ...]]]:
    """Let contact hear of a county, with visits in the middle, judge then and in the end; return what it keeps."""
    half, end = [FIRST_DAY + timedelta(days=days) for days in (county.days // 2, DAYS_UNTIL_ESCALATED)]
    await hear(between(county.told(), date.min, half))
    await visit_all(pool, half)
    await advance(pool, VAULT, POLICY, half, cause(f"advance to {half}"))
    await hear(between(county.told(), half, date.max))
    await advance(pool, VAULT, POLICY, end, cause(f"advance to {end}"))
    return await kept(pool, KEPT_IN_CONTACT)


async def visit_all(pool: Pool, entered_on: date) -> None:
    """Log two visits of every child, on days of its own: what registry says later, moves and mends by them."""
    children = [row["child_id"] for row in await pool.fetch("SELECT child_id FROM app.children ORDER BY 1")]
    visits = [
        identified(VAULT, child, kind, entered_on - timedelta(days=n % 40), entered_on, reached=n % 5 > 0)
        for n, child in enumerate(children)
        for kind in (ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL)
    ]
    async with pool.acquire() as connection, connection.transaction():
        outcomes = await log_visits(connection, visits, cause("visit all").meta)
        assert set(outcomes) <= {Logging.LOGGED}


@given(county=COUNTIES, turn=TURNS)
@bounded(4)
async def test_pairing_knows_and_says_the_same_in_batches_of_any_size(
    fresh_pool: FreshPool, county: County, turn: int
) -> None:
    told = county.told()["registry"]
    half = len(told) // 2
    async with AsyncExitStack() as stack:
        straight, turned = [await stack.enter_async_context(fresh_pool("pairing")) for _ in range(2)]
        for pool, order in ((straight, None), (turned, turn)):
            await follow(pool, IN_PAIRING, {"registry": told[:half]}, order)
            await pair_all(pool, told[half].event.recorded_on)
            await follow(pool, IN_PAIRING, {"registry": told[half:]}, order)
        assert await kept(turned, KEPT_IN_PAIRING) == await kept(straight, KEPT_IN_PAIRING)
        assert await closed_in(turned) == {
            one.event.area: one.event.on for one in told if isinstance(one.event, AreaClosed)
        }


async def pair_all(pool: Pool, on: date) -> None:
    """Pair every child whose file is open with a carer who takes all."""
    carer_id = await enlisted(pool, "Rose", capacity=50)
    children = [row["child_id"] for row in await pool.fetch("SELECT child_id FROM app.children ORDER BY 1")]
    async with pool.acquire() as connection, connection.transaction():
        wishes = [Wish(child, carer_id) for child in children]
        granted = await assign_pairs(connection, wishes, on, on, cause("pair all"))
        assert granted.pairs or not children


async def closed_in(pool: Pool) -> dict[str, date]:
    rows = await pool.fetch("SELECT code, closed_on FROM app.areas WHERE closed_on IS NOT NULL")
    return {row["code"]: row["closed_on"] for row in rows}


async def test_a_child_that_went_and_returned_within_a_batch_arrived_when_it_was_registered(
    service_pool: ServicePools,
) -> None:
    pool = await service_pool("pairing")
    back = ChildReturned(
        area=WILLOW, on=LATER, recorded_on=LATER, child_id=child_id("mei"), file=child_file()
    )
    await tell(pool, registered("mei"), left("mei", NEXT, reason=LeavingReason.MOVED_AWAY), back)
    assert await pool.fetchval("SELECT arrived FROM app.children") == 1


DAYS = st.lists(st.integers(0, 95), min_size=1, max_size=3).map(
    lambda days: [FIRST_DAY + timedelta(days=n) for n in sorted(set(days))]
)


@given(county=COUNTIES, turn=TURNS, days=DAYS, first=st.integers(0, 60))
@bounded(4)
async def test_what_was_known_on_a_day_is_answered_later_as_it_was_shown_on_it(
    fresh_pool: FreshPool, county: County, turn: int, days: Sequence[date], first: int
) -> None:
    first_day = FIRST_DAY + timedelta(days=first)
    async with fresh_pool("reporting") as pool:
        shown = {}
        before = date.min
        for day in days:
            await follow(pool, IN_REPORTING, between(county.told(), before, day), turn)
            shown[day] = await shown_on(pool, When(day, first_day=min(first_day, day)), turn)
            before = day
        await follow(pool, IN_REPORTING, between(county.told(), before, date.max), turn)
        for day in days:
            asked = When(day, known_on=day, first_day=min(first_day, day))
            assert await shown_on(pool, asked, turn) == shown[day]


@given(county=LONG_COUNTIES, turn=TURNS, begins=st.integers(2, 40), missed=st.integers(1, 30))
@bounded(4)
async def test_what_is_settled_stays_even_where_an_advance_makes_up_for_missed_days(
    fresh_pool: FreshPool, county: County, turn: int, begins: int, missed: int
) -> None:
    first_missed = FIRST_DAY + timedelta(days=begins)
    last_missed = first_missed + timedelta(days=missed - 1)
    async with fresh_pool("reporting") as pool:
        shown = {}
        for told in made_up_for_late(county.told(), first_missed, last_missed):
            await follow(pool, IN_REPORTING, told, turn)
            settled = await told_to_be_settled(pool)
            shown[settled] = await shown_on(pool, When(settled, known_on=settled), turn)
        before_the_gap = first_missed - timedelta(days=2)
        # Where nothing is told behind the missed days, the last two are one day.
        assert [*shown] == [*dict.fromkeys([before_the_gap, last_missed - timedelta(days=1), settled])]
        for day, figures in shown.items():
            assert await shown_on(pool, When(day, known_on=day), turn) == figures


async def test_what_is_not_settled_may_change_where_an_advance_makes_up_for_missed_days(
    fresh_pool: FreshPool,
) -> None:
    a_day_of_judging = date(2026, 2, 5)
    before, meanwhile, made_up, _ = made_up_for_late(
        received(world(4, 60)), date(2026, 2, 3), date(2026, 2, 10)
    )
    async with fresh_pool("reporting") as pool:
        for told in (before, meanwhile):
            await follow(pool, IN_REPORTING, told)
        assert await told_to_be_settled(pool) < a_day_of_judging
        shown = await answered(pool, COUNTY, When(a_day_of_judging, known_on=a_day_of_judging))
        await follow(pool, IN_REPORTING, made_up)
        assert await told_to_be_settled(pool) >= a_day_of_judging
        assert await answered(pool, COUNTY, When(a_day_of_judging, known_on=a_day_of_judging)) != shown


def made_up_for_late(told: Told, first_missed: date, last_missed: date) -> Sequence[Told]:
    """Return what is told before some missed days, on them without an advance, by the advance after them, and later."""
    missed = between(told, first_missed - timedelta(days=1), last_missed)
    by_hand = [one for one in missed["contact"] if isinstance(one.event, VisitLogged | VisitLogImported)]
    by_rule = [one for one in missed["contact"] if one not in by_hand]
    return (
        between(told, date.min, first_missed - timedelta(days=1)),
        {**missed, "contact": by_hand},
        {"registry": (), "pairing": (), "contact": by_rule},
        between(told, last_missed, date.max),
    )


async def told_to_be_settled(pool: Pool) -> date:
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        day = await settled_until(connection)
    assert day is not None
    return day


def between(told: Told, after: date, until: date) -> Told:
    return {
        source: [one for one in events if after < one.event.recorded_on <= until]
        for source, events in told.items()
    }


DESK = Caller("desk", Role.COUNTY, (COUNTY,), "a token")


async def answered(pool: Pool, area: str, when: When) -> Figures | None:
    """Return what a caller is answered for an area, None for one that was not known."""
    known_on = None if when.known_on == EVERYTHING_KNOWN else when.known_on
    asked = Asked(pool, DESK, area, when.as_of, known_on, when.first_day, when.last_day)
    try:
        return (await figures_at_once(asked)).figures
    except NotFound:
        return None


async def shown_on(pool: Pool, when: When, turn: int) -> Mapping[str, object]:
    """Return all figures, also as callers are answered, and of every fifth measure its months and the list behind it;
    and what areas are called.
    """
    at_once = {area: await answered(pool, area, when) for area in AREAS}
    some = sorted(MEASURES)[turn % 5 :: 5]
    monthly = [name for name in some if MEASURES[name].nature is not Nature.OPENING]
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        return {
            "figures": await figures_of(connection, AREAS, when),
            "answers": at_once,
            "months": [await series(connection, area, monthly, when) for area in (COUNTY, TOWNSHIPS[0])],
            "lists": {name: await list_behind(connection, name, COUNTY, when, limit=500) for name in some},
            "areas": [
                await areas_within(connection, area, when.as_of, when.known_on)
                for area in (COUNTY, *TOWNSHIPS)
            ],
        }
