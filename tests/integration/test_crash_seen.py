"""What a run of crashes saw in a log and does not find there in the end is told, though somebody said it anew."""

import asyncio

import asyncpg

from shared.event_store import Append, append
from shared.scope import WHOLE_SCOPE
from tests.conftest import ServiceDatabases
from tests.crash.seen import Seen
from tests.integration.test_event_store import META, new
from tests.servers import DatabaseServer

LOSE = "SET session_replication_role = replica; DELETE FROM kernel.events; DELETE FROM kernel.streams"


async def test_an_event_that_was_lost_and_said_anew_is_not_where_it_was_seen(
    service_database: ServiceDatabases, postgres: DatabaseServer
) -> None:
    database = await service_database("registry")
    seen = Seen(lambda: {"registry": database.owner_dsn})
    service = await asyncpg.connect(database.dsn, server_settings=WHOLE_SCOPE)
    first = Append("area-1", new("a"), expected=0)
    await append(service, first, META)
    await asyncio.to_thread(seen.look)
    held = await seen.clause()
    assert (held.says, held.wrong) == ("1 events that were seen on the way are still where they were", [])

    admin = await asyncpg.connect(f"{postgres.admin_dsn.rpartition('/')[0]}/{database.name}")
    await admin.execute(LOSE)
    await append(service, first, META)
    assert (await seen.clause()).wrong == [
        f"registry: event {first.events[0].event_id} is not where it was seen"
    ]
    await admin.close()
    await service.close()


async def test_a_run_that_saw_nothing_has_shown_nothing() -> None:
    seen = Seen(lambda: {"registry": "postgres://nobody@127.0.0.1:1/none"})
    await asyncio.to_thread(seen.look)
    assert (await seen.clause()).wrong == ["no event was seen on the way"]
