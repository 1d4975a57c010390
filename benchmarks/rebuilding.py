"""Rebuilding reporting's figures from what it received, beside a scan of the same table that only decodes."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

from benchmarks.figure import Figure, in_turns
from benchmarks.invented import Told, year
from benchmarks.servers import Servers
from services.reporting.rebuilding import REPLAY_MAX, rebuild
from shared.contracts.catalogue import decode
from shared.event_store import Pool
from shared.garbage import settle

LOAD_CHUNK = 20_000
COLUMNS = (
    *("source", "tx", "position", "event_id", "version", "schema_version", "event_type", "stream_id"),
    *("area", "data", "meta"),
)
SCAN = """
SELECT arrival, source, event_id, version, event_type, schema_version, data
  FROM kept.received WHERE arrival > $1 ORDER BY arrival LIMIT $2
"""


async def rebuilding(servers: Servers, people: int, months: int, repetitions: int) -> Figure:
    """Rebuild from *months* of *people* children."""
    dsn = await servers.database("reporting")
    count = await load_received(servers, dsn, year(people, months=months))
    settle()  # as a service does
    async with servers.pool(dsn) as pool:

        async def ours() -> float:
            begun = time.perf_counter()
            assert await rebuild(pool)
            return count / (time.perf_counter() - begun)

        async def limit() -> float:
            begun = time.perf_counter()
            assert await _scanned(pool) == count
            return count / (time.perf_counter() - begun)

        mine, bare = await in_turns(repetitions, ours, limit)
    await servers.drop(dsn)
    return Figure("rebuild of reporting", mine, bare, "events/s", 0.4)


async def load_received(servers: Servers, dsn: str, told: Iterable[Told]) -> int:
    """Put events where reporting keeps them, as if they had been received; return how many."""
    rows = _rows(told)
    count = 0
    async with servers.pool(servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
        while some := list(islice(rows, LOAD_CHUNK)):
            await connection.copy_records_to_table(
                "received", schema_name="kept", columns=COLUMNS, records=some
            )
            count += len(some)
        await connection.execute("VACUUM ANALYZE kept.received")
    return count


def _rows(told: Iterable[Told]) -> Iterator[tuple[object, ...]]:
    for n, one in enumerate(told, start=1):
        yield (
            *(one.source, 1, n, one.event_id, one.version, 1, one.event_type, one.stream_id, one.area),
            *(one.body, "{}"),
        )


async def _scanned(pool: Pool) -> int:
    arrival = count = 0
    while rows := await pool.fetch(SCAN, arrival, REPLAY_MAX):
        arrival = rows[-1]["arrival"]
        count += len([decode(row["event_type"], row["schema_version"], row["data"]) for row in rows])
    return count
