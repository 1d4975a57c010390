"""Reading the other services: each event is kept as it came and counted, in the transaction of its batch."""

from collections.abc import Sequence

import orjson

from services.reporting.counting import Happened, count
from services.reporting.side import write_live_side
from shared.envelope import Received
from shared.event_store import Connection
from shared.reader import Reader
from shared.sql import queries

SQL = queries(__file__)

SOURCES = ("registry", "pairing", "contact")


def readers() -> list[Reader]:
    """Return one reader a source; between sources any order gives the same tables."""
    return [Reader(f"reporting-from-{source}", source, take) for source in SOURCES]


async def take(connection: Connection, batch: Sequence[Received]) -> None:
    """Keep a batch and count it."""
    await write_live_side(connection)
    await _keep(connection, batch)
    happened = [Happened(one.source, one.event_id, one.version, one.event) for one in batch]
    await count(connection, happened)


async def _keep(connection: Connection, batch: Sequence[Received]) -> None:
    await connection.execute(
        SQL.keep,
        [one.source for one in batch],
        [one.position.tx for one in batch],
        [one.position.position for one in batch],
        [one.event_id for one in batch],
        [one.version for one in batch],
        [one.schema_version for one in batch],
        [one.event_type for one in batch],
        [one.stream_id for one in batch],
        [one.event.area for one in batch],
        [one.data.decode() for one in batch],
        [orjson.dumps(dict(one.meta)).decode() for one in batch],
    )
