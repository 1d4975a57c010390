"""The figures of an area by one statement: the same as by a transaction, on any days, and nothing outside a scope."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from services.reporting.at_once import Told, figures_at_once
from services.reporting.figures import figures
from services.reporting.question import Asked, looking
from services.reporting.readers import take
from services.reporting.rebuilding import rebuild
from shared.database import nothing_to_reset
from shared.event_store import Pool
from shared.problems import NotFound, Refused
from shared.scope import WHOLE_SCOPE
from shared.tokens import Caller, Role
from tests.conftest import ServiceDatabase, ServiceDatabases
from tests.reporting_world.telling import received, world
from tests.reporting_world.world import COUNTY, TOWNSHIPS, VILLAGES

DAYS = (None, date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 17), date(2026, 5, 30))
HALF = date(2026, 3, 9)
"""What is recorded later comes after the rebuild."""
SEEN = "SELECT current_setting('kith.scope')"


@pytest.fixture
async def database(service_database: ServiceDatabases) -> ServiceDatabase:
    return await service_database("reporting")


@pytest.fixture
async def pool(database: ServiceDatabase) -> AsyncIterator[Pool]:
    """One connection, given back as a service gives its own back: what it has planned, it plans no more."""
    async with asyncpg.create_pool(
        database.dsn, min_size=1, max_size=1, server_settings=WHOLE_SCOPE, reset=nothing_to_reset
    ) as pool:
        yield pool


@pytest.fixture
async def writing(database: ServiceDatabase) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(database.dsn, min_size=1, server_settings=WHOLE_SCOPE) as pool:
        yield pool


def asked(pool: Pool, *areas: str, of: str, days: tuple[date | None, ...] = (None,) * 4) -> Asked:
    return Asked(pool, Caller("somebody", Role.COUNTY, areas, "a token"), of, *days)


async def by_a_transaction(wanted: Asked) -> Told:
    async with looking(wanted) as question:
        numbers = await figures(question.connection, question.area.code, question.when)
        return Told(question.area, question.when, numbers)


async def take_all(pool: Pool, *, until: date = date.max, after: date = date.min) -> None:
    for told in received(world(11)).values():
        batch = [one for one in told if after < one.event.recorded_on <= until]
        async with pool.acquire() as connection, connection.transaction():
            await take(connection, batch)


async def test_one_statement_says_what_a_transaction_says_on_any_days(pool: Pool) -> None:
    await take_all(pool)
    for area in (COUNTY, TOWNSHIPS[0], *VILLAGES[:2]):
        for as_of in DAYS:
            for known_on in (None, date(2026, 2, 28), date(2026, 4, 11)):
                for first, last in (
                    (None, None),
                    (date(2026, 1, 1), None),
                    (date(2026, 2, 11), date(2026, 3, 2)),
                ):
                    if first and as_of and first > (last or as_of):
                        continue
                    wanted = asked(pool, COUNTY, of=area, days=(as_of, known_on, first, last))
                    try:
                        expected = await by_a_transaction(wanted)
                    except NotFound:
                        with pytest.raises(NotFound):
                            await figures_at_once(wanted)
                    else:
                        assert await figures_at_once(wanted) == expected


async def test_it_follows_the_live_side_on_a_connection_that_has_looked_at_the_other(
    pool: Pool, writing: Pool
) -> None:
    wanted = asked(pool, COUNTY, of=COUNTY)
    await take_all(writing, until=HALF)
    before = await figures_at_once(wanted)
    assert await rebuild(writing)
    assert await figures_at_once(wanted) == before
    await take_all(writing, after=HALF)
    after = await figures_at_once(wanted)
    assert after == await by_a_transaction(wanted)
    assert after.figures != before.figures


async def test_it_shows_nobody_an_area_outside_his_own_and_leaves_no_scope_behind(pool: Pool) -> None:
    await take_all(pool)
    mine = asked(pool, TOWNSHIPS[0], of=TOWNSHIPS[0])
    assert any((await figures_at_once(mine)).figures.values())
    for outside in (COUNTY, TOWNSHIPS[1], VILLAGES[3]):
        with pytest.raises(NotFound):
            await figures_at_once(replace(mine, area=outside))
    assert await pool.fetchval(SEEN) == "*"


async def test_the_sums_themselves_stay_inside_the_scope(pool: Pool) -> None:
    await take_all(pool)
    statement = "SELECT measures FROM app.figures_as($1, $2, NULL, NULL, NULL, 'infinity', '2026-05-30')"
    assert await pool.fetchval(statement, COUNTY, COUNTY)
    assert await pool.fetchval(statement, TOWNSHIPS[0], COUNTY) is None
    assert await pool.fetchval(statement, "", COUNTY) is None


async def test_a_period_that_ends_before_it_begins_is_refused(pool: Pool) -> None:
    await take_all(pool)
    wanted = asked(pool, COUNTY, of=COUNTY, days=(None, None, date(2026, 12, 1), None))
    with pytest.raises(Refused, match="period_backwards"):
        await figures_at_once(wanted)
