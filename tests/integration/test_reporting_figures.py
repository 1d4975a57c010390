"""Figures on a real database: lists as long as numbers, rebuilds equal row for row, the past unchanged."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest

from services.reporting import rebuilding
from services.reporting.areas import area_named, areas_within, highest_areas
from services.reporting.checks import checks
from services.reporting.figures import When, figures, figures_of, latest_day, series
from services.reporting.lists import AMOUNTS, BadKey, list_behind
from services.reporting.measure import Nature
from services.reporting.measures import MEASURES
from services.reporting.readers import take
from services.reporting.rebuilding import AlreadyRebuilding, Rebuilding, progress, rebuild
from services.reporting.side import Side, look_at, look_at_live_side
from services.reporting.summary import Period, summary
from shared.contracts.event import STAFF
from shared.contracts.registry import AreaClosed
from shared.envelope import Received
from shared.event_store import Connection, Pool
from tests.conftest import ServicePools
from tests.reporting_world.telling import received, world
from tests.reporting_world.world import COUNTY, SPARE_VILLAGES, TOWNSHIPS, VILLAGES

AREAS = (COUNTY, *TOWNSHIPS, *VILLAGES)
LAST = date(2026, 5, 30)
TABLES = ("facts", "tallies", "month_tallies", "children", "pairs", "carers", "areas", "days")
SEED = 11


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    return await service_pool("reporting")


async def read(pool: Pool, events: Mapping[str, Sequence[Received]], *, shuffled_by: int = 0) -> None:
    """Let the readers take everything: one source after the other, or in batches of any size and turn."""
    waiting = {source: list(told) for source, told in events.items()}
    chance = random.Random(shuffled_by)  # noqa: S311 - an order, no secret
    while sources := [source for source, told in waiting.items() if told]:
        source = chance.choice(sources) if shuffled_by else sources[0]
        size = chance.randrange(1, 40) if shuffled_by else 500
        batch, waiting[source] = waiting[source][:size], waiting[source][size:]
        await take_batch(pool, batch)


async def take_batch(pool: Pool, batch: Sequence[Received]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await take(connection, batch)


async def rows_of(pool: Pool, side: Side | None = None) -> dict[str, list[str]]:
    """Return every row of the projection as text."""
    async with pool.acquire() as connection, connection.transaction():
        await (look_at(connection, side) if side else look_at_live_side(connection))
        return {
            table: [
                row["written"]
                for row in await connection.fetch(f"SELECT t::text AS written FROM {table} t ORDER BY 1")
            ]
            for table in TABLES
        }


async def length_of(connection: Connection, measure: str, area: str, when: When) -> tuple[int, int]:
    """Return how many rows the list behind a number has, page by page, and what they amount to."""
    rows, amount, key = 0, 0, None
    while True:
        page = await list_behind(connection, measure, area, when, after_key=key, limit=37)
        rows += len(page.rows)
        amount += sum(row.amount for row in page.rows)
        if page.next is None:
            return rows, amount
        key = page.next


WHENS = (
    When(LAST),
    When(date(2026, 3, 17)),
    When(date(2026, 4, 30), first_day=date(2026, 2, 10)),
    When(
        date(2026, 5, 3), known_on=date(2026, 4, 18), first_day=date(2026, 1, 20), last_day=date(2026, 3, 31)
    ),
)


@pytest.mark.parametrize("when", WHENS, ids=str)
async def test_every_list_has_as_many_rows_as_its_number_says(pool: Pool, when: When) -> None:
    await read(pool, received(world(SEED)))
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        seen = 0
        for area in (COUNTY, TOWNSHIPS[0], VILLAGES[3]):
            numbers = await figures(connection, area, when)
            for name, number in numbers.items():
                rows, amount = await length_of(connection, name, area, when)
                assert (name, area, amount) == (name, area, number)
                if MEASURES[name].unit not in AMOUNTS:
                    assert (name, area, rows) == (name, area, number)
                seen += number > 0
    assert seen > 100


async def test_the_sums_by_month_and_day_say_what_the_facts_say(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    chance = random.Random(5)  # noqa: S311 - questions, no secret
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        for _ in range(60):
            as_of, known_on = (date(2026, 1, 1) + timedelta(days=chance.randrange(170)) for _ in range(2))
            area = chance.choice(AREAS)
            name = chance.choice([one for one, measure in MEASURES.items() if not measure.terms])
            expected = await connection.fetchval(
                """SELECT coalesce(sum(amount), 0) FROM facts
                    WHERE $1 = ANY (measures) AND starts_with(area, $2) AND "on" <= $3 AND recorded_on <= $4
                      AND NOT coalesce(starts_with(beyond, $2), false)""",
                MEASURES[name].number,
                area,
                as_of,
                known_on,
            )
            numbers = await figures(connection, area, When(as_of, known_on), [name])
            assert (name, area, as_of, known_on, numbers[name]) == (name, area, as_of, known_on, expected)


async def test_a_rebuild_equals_the_live_tables_row_for_row(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "RECOUNTED_MAX", 7)
    await read(pool, received(world(SEED)), shuffled_by=8)
    before = await rows_of(pool)
    assert await rebuild(pool)
    done = await progress(pool, "figures")
    assert (done.state, done.done) == ("done", done.total)
    assert await rows_of(pool, "side_b") == await rows_of(pool) == before

    assert await rebuild(pool)
    assert await rows_of(pool, "side_a") == await rows_of(pool) == before


async def test_what_arrives_during_a_rebuild_is_in_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, service_pool: ServicePools
) -> None:
    monkeypatch.setattr(rebuilding, "REPLAY_MAX", 20)
    monkeypatch.setattr(rebuilding, "FINISH_MAX", 30)
    events = received(world(SEED))
    await read(pool, {source: told[: len(told) // 2] for source, told in events.items()})
    rebuilt, _ = await asyncio.gather(
        rebuild(pool),
        read(pool, {source: told[len(told) // 2 :] for source, told in events.items()}, shuffled_by=4),
    )
    assert rebuilt

    whole = await service_pool("reporting")
    await read(whole, events)
    assert await rows_of(pool) == await rows_of(whole)


async def test_a_rebuild_that_was_killed_leaves_the_live_side_and_begins_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read(pool, received(world(SEED)))
    before = await rows_of(pool)
    monkeypatch.setattr(rebuilding, "REPLAY_MAX", 20)
    begun = asyncio.create_task(rebuild(pool))
    while not (await progress(pool, "figures")).done:  # noqa: ASYNC110 - the database tells it
        await asyncio.sleep(0)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert (await progress(pool, "figures")).state == "running"
    assert await rows_of(pool) == before

    assert await rebuild(pool)
    assert await rows_of(pool, "side_b") == before


async def test_a_rebuild_is_asked_for_once(pool: Pool) -> None:
    service = Rebuilding()
    assert (await service.ask(pool, "figures")).state == "asked"
    with pytest.raises(AlreadyRebuilding):
        await service.ask(pool, "figures")


async def test_figures_as_known_on_a_day_stay_what_they_were_on_that_day(pool: Pool) -> None:
    told = received(world(SEED))
    days = (date(2026, 1, 31), date(2026, 3, 9), date(2026, 4, 20))
    shown: dict[date, dict[str, dict[str, int]]] = {}
    for day in days:
        until = _between(told, max(shown, default=date.min), day)
        await read(pool, until)
        shown[day] = await _all_figures(pool, When(day, first_day=date(2026, 1, 5)))
    await read(pool, _between(told, days[-1], date.max))
    for day in days:
        assert await _all_figures(pool, When(day, known_on=day, first_day=date(2026, 1, 5))) == shown[day]
    changed = await _all_figures(pool, When(days[0], first_day=date(2026, 1, 5)))
    assert changed != shown[days[0]]


def _between(told: Mapping[str, Sequence[Received]], after: date, until: date) -> dict[str, list[Received]]:
    return {
        source: [one for one in events if after < one.event.recorded_on <= until]
        for source, events in told.items()
    }


async def _all_figures(pool: Pool, when: When) -> dict[str, dict[str, int]]:
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        return await figures_of(connection, AREAS, when)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_identities_hold_everywhere_at_any_time(pool: Pool, seed: int) -> None:
    await read(pool, received(world(seed)), shuffled_by=seed)
    for when in (
        When(LAST, first_day=date(2026, 2, 11)),
        When(date(2026, 4, 2), known_on=date(2026, 4, 11), first_day=date(2026, 1, 20)),
    ):
        for area, numbers in (await _all_figures(pool, when)).items():
            broken = [check for check in checks(numbers) if not check.holds and check.code not in LOOSE]
            assert (area, broken) == (area, [])


LOOSE = {"paired", "pairs", "cleared"}
"""The invented county pairs children of the past freely; registry and pairing agree in the real one."""


async def test_townships_add_up_to_their_county_except_for_moves_among_them(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    numbers = await _all_figures(pool, When(LAST, first_day=date(2026, 1, 1)))
    moves = {"files.opened", "files.closed", "files.opened.transferred_in", "files.closed.transferred_out"}
    county_only = {name for name in MEASURES if name.startswith(("log.", "carer_lists."))}
    for name in MEASURES.keys() - moves - county_only:
        assert numbers[COUNTY][name] == sum(numbers[township][name] for township in TOWNSHIPS)
    assert numbers[COUNTY]["files.opened.transferred_in"] == 0


async def test_months_tell_the_same_as_single_questions(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    names = [name for name, measure in MEASURES.items() if measure.nature is not Nature.OPENING]
    known_on = date(2026, 4, 9)
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        for area in (COUNTY, VILLAGES[0]):
            months = await series(
                connection, area, names, When(date(2026, 4, 20), known_on, date(2026, 1, 1))
            )
            assert [month.month.month for month in months] == [1, 2, 3, 4]
            assert months[-1].last_day == date(2026, 4, 20)
            for month in months:
                when = When(month.last_day, known_on, first_day=month.month)
                assert month.figures == await figures(connection, area, when, names)


async def test_an_area_keeps_its_old_name_on_old_days(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        within = await areas_within(connection, COUNTY, LAST)
        assert [area.code for area in within] == list(TOWNSHIPS)
        renamed = next(area for area in within if area.name.startswith("Renamed"))
        former = await area_named(connection, renamed.code, date(2026, 1, 1))
        assert former is not None
        assert former.name == f"Area {renamed.code}"
        assert [area.code for area in await highest_areas(connection, LAST)] == [COUNTY]
        assert await latest_day(connection) == LAST


async def test_a_closed_area_says_from_when_and_which_goes_on_for_it(pool: Pool) -> None:
    made = world(SEED)
    await read(pool, received(made))
    closed = {event.area: event for event in made.told["registry"] if isinstance(event, AreaClosed)}
    assert closed
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        seen = {
            area.code: (area.closed_on, area.successor)
            for township in TOWNSHIPS
            for area in await areas_within(connection, township, LAST)
        }
        assert seen.keys() == {*VILLAGES, *SPARE_VILLAGES}
        for code, told in seen.items():
            event = closed.get(code)
            assert (code, told) == (code, (event.on, event.successor) if event else (None, None))
        for event in closed.values():
            before = await area_named(connection, event.area, event.on - timedelta(days=1))
            assert before is not None
            assert before.closed_on is None
            eve = event.recorded_on - timedelta(days=1)
            known = {area.code: area for area in await areas_within(connection, event.area[:9], LAST, eve)}
            assert (known[event.area].closed_on, known[event.area].successor) == (None, None)


@pytest.mark.parametrize("seed", [SEED, 1, 2])
async def test_places_are_those_of_cleared_carers_as_each_was_last_revised(pool: Pool, seed: int) -> None:
    made = world(seed)
    await read(pool, received(made))
    numbers = await _all_figures(pool, When(LAST))
    carers = [carer for carer in made.carers.values() if carer.kind not in STAFF]
    for area in AREAS:
        places = sum(carer.capacity for carer in carers if carer.area.startswith(area))
        assert (area, numbers[area]["carers.places"]) == (area, places)


async def test_a_caller_sees_only_figures_lists_and_events_of_his_areas(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        await connection.execute("SELECT set_config('kith.scope', $1, true)", TOWNSHIPS[0])
        when = When(LAST)
        numbers = await figures_of(connection, AREAS, when)
        seen = {area for area, figures_there in numbers.items() if any(figures_there.values())}
        assert seen == {TOWNSHIPS[0], *VILLAGES[:2]}
        rows = await list_behind(connection, "visits", COUNTY, when, limit=1000)
        assert {row.area[:9] for row in rows.rows} == {TOWNSHIPS[0]}
        assert [area.code for area in await highest_areas(connection, LAST)] == [TOWNSHIPS[0]]
        areas = await connection.fetch("SELECT DISTINCT area FROM kept.received")
        assert all(row["area"].startswith(TOWNSHIPS[0]) for row in areas)


@pytest.mark.parametrize(
    "scope", ["*", "", TOWNSHIPS[0], f"{VILLAGES[0]},{VILLAGES[3]}", COUNTY[:4], f"{TOWNSHIPS[0]}9"]
)
async def test_row_security_shows_the_rows_whose_area_begins_with_one_of_the_scope(
    pool: Pool, scope: str
) -> None:
    await read(pool, received(world(SEED)))
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        for table in ("facts", "tallies", "month_tallies", "areas"):
            counted = f"SELECT area, count(*) FROM {table} GROUP BY area"
            everything = {row["area"]: row["count"] for row in await connection.fetch(counted)}
            await connection.execute("SELECT set_config('kith.scope', $1, true)", scope)
            seen = {row["area"]: row["count"] for row in await connection.fetch(counted)}
            await connection.execute("SELECT set_config('kith.scope', '*', true)")
            prefixes = ("",) if scope == "*" else tuple(filter(None, scope.split(",")))
            assert seen == {
                area: rows for area, rows in everything.items() if prefixes and area.startswith(prefixes)
            }


async def test_what_was_received_is_never_changed_or_deleted(pool: Pool) -> None:
    await read(pool, received(world(SEED)))
    for statement in (
        "UPDATE kept.received SET area = '0'",
        "DELETE FROM kept.received",
        "TRUNCATE kept.received",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await pool.execute(statement)


async def test_the_same_period_has_the_same_digest_whatever_comes_later(pool: Pool) -> None:
    told = received(world(SEED))
    await read(pool, _between(told, date.min, date(2026, 3, 31)))
    period = Period(COUNTY, date(2026, 1, 1), date(2026, 3, 31), date(2026, 3, 31))
    first = await _summary(pool, period)
    await read(pool, _between(told, date(2026, 3, 31), date.max))
    again = await _summary(pool, period)
    assert first == again
    later = Period(COUNTY, date(2026, 1, 1), date(2026, 3, 31), LAST)
    assert await _summary(pool, later) != first


async def _summary(pool: Pool, period: Period) -> str:
    async with pool.acquire() as connection, connection.transaction():
        await look_at_live_side(connection)
        return (await summary(connection, period)).digest


@pytest.mark.parametrize("key", ["x", "1/2/3", "00000000-0000-0000-0000-000000000001/2026-13-01//1"])
async def test_a_key_that_no_list_gave_out_is_refused(pool: Pool, key: str) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(BadKey):
            await list_behind(connection, "files.open", COUNTY, When(LAST), after_key=key)
