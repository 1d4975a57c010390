"""What `kith restore` does besides, for databases that another tool brought back, with no service running."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import nats

from kith.backup.cluster import Cluster
from kith.backup.comparing import Compared
from kith.backup.forget_lists import ForgetLists
from kith.backup.mending import Mended, mend
from kith.backup.streams import compare_streams, delete_wrong
from kith.bus_permissions import OPERATOR, inbox_of
from kith.exits import Failed
from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)

API_SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Realigned:
    """What was mended in the databases, and which streams held what their log does not."""

    mended: Mended
    streams: Mapping[str, Compared]
    deleted: list[str]


def realign(cluster: Cluster, bus_url: str, lists: ForgetLists) -> Realigned:
    """Forget again whom *lists* name, begin new epochs, and delete the streams that are not their log's.

    Raises Failed where a service is at work, or a reader is ahead of its source.
    """
    return asyncio.run(_realign(cluster, bus_url, lists))


async def check_nobody_works(cluster: Cluster) -> None:
    """Raise Failed where a service is connected: what it says meanwhile would get places of the former epoch."""
    for service in SERVICES:
        async with cluster.of(service) as connection:
            if await connection.fetchval(SQL.at_work, service):
                raise Failed("still_running", what=service)


async def _realign(cluster: Cluster, bus_url: str, lists: ForgetLists) -> Realigned:
    await check_nobody_works(cluster)
    mended = await mend(cluster, lists)
    client = await nats.connect(bus_url, inbox_prefix=inbox_of(OPERATOR))
    try:
        js = client.jetstream(timeout=API_SECONDS_MAX)
        compared = await compare_streams(cluster, js)
        return Realigned(mended, compared, await delete_wrong(js, compared))
    finally:
        await client.close()
