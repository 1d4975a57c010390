"""What stands in the readers' tables in the end: what a reader makes that reads the same logs undisturbed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg

from kith.embedded.databases import owner_of, prepare_databases
from services.reporting.rebuilding import rebuild
from shared.envelope import Received, messages_of, read_envelope
from shared.event_store import START, Pool, read_after, store_id
from shared.migrate import migrate
from shared.reader import Project
from shared.scope import WHOLE_SCOPE
from tests.crash.deployment import House
from tests.integration.test_reporting_figures import rows_of
from tests.laws.test_projections import (
    HEARD_IN_CONTACT,
    HEARD_IN_PAIRING,
    IN_CONTACT,
    IN_PAIRING,
    IN_REPORTING,
    Told,
    follow,
    kept,
)

AGAIN = "again_"
"""Before the name of a service: its database in which everything is read anew."""
PAGE = 2_000
READ_BY: Mapping[str, tuple[Mapping[str, Project], Sequence[str]]] = {
    "pairing": (IN_PAIRING, HEARD_IN_PAIRING),
    "contact": (IN_CONTACT, HEARD_IN_CONTACT),
}


async def differing_tables(house: House) -> list[str]:
    """Return, in words, every table of a reader that is not what its sources' logs make of it."""
    told = {source: await _told(house, source) for source in IN_REPORTING}
    found = []
    for service, (projects, queries) in READ_BY.items():
        async with _pool(house, service) as live, _fresh_pool(house, service) as again:
            await follow(again, projects, told)
            was, made = await kept(live, queries), await kept(again, queries)
        found += [f"{service} does not have what its sources say: {q}" for q in queries if was[q] != made[q]]
    return found + await _differing_figures(house, told)


async def _differing_figures(house: House, told: Told) -> list[str]:
    """Compare the figures with those of a new database, and with what a rebuild makes of the events kept."""
    async with _pool(house, "reporting") as pool, _fresh_pool(house, "reporting") as again:
        await follow(again, IN_REPORTING, told)
        made = await rows_of(again)
        live = await rows_of(pool)
        if not await rebuild(pool):
            return ["the figures cannot be rebuilt: somebody else is at it"]
        rebuilt = await rows_of(pool)
    return [
        *(
            f"reporting's {table} are not what its sources say"
            for table in live
            if live[table] != made[table]
        ),
        *(
            f"reporting's {table} are not what a rebuild makes"
            for table in live
            if live[table] != rebuilt[table]
        ),
    ]


async def _told(house: House, source: str) -> Sequence[Received]:
    """Return everything *source* has said, as its relay publishes it."""
    told: list[Received] = []
    place = START
    connection = await asyncpg.connect(house.deployment.owner_dsn(house.postgres, source))
    try:
        log = await store_id(connection)
        while page := await read_after(connection, place, PAGE):
            messages = messages_of(source, log, page)
            told += [read_envelope(source, one.headers, one.body).open() for one in messages]
            place = messages[-1].place
    finally:
        await connection.close()
    return told


@asynccontextmanager
async def _fresh_pool(house: House, service: str) -> AsyncIterator[Pool]:
    """Give a pool on a new database of *service*."""
    passwords = house.deployment.database_passwords()
    await prepare_databases(house.postgres.admin_dsn, passwords, (service,), prefix=AGAIN)
    owner = owner_of(service)
    await migrate(house.postgres.dsn(owner, passwords[owner], f"{AGAIN}{service}"), service)
    async with _pool(house, service, AGAIN) as pool:
        yield pool


@asynccontextmanager
async def _pool(house: House, service: str, prefix: str = "kith_") -> AsyncIterator[Pool]:
    dsn = house.postgres.dsn(service, house.deployment.database_passwords()[service], f"{prefix}{service}")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4, server_settings=WHOLE_SCOPE) as pool:
        yield pool
