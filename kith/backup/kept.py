"""Logs against what reporting keeps of them."""

from collections.abc import AsyncIterator

from kith.backup.cluster import Cluster
from kith.backup.comparing import Compared, compare
from kith.backup.streams import FETCH_MAX, log_of
from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)

KEEPER = "reporting"


async def compare_kept(cluster: Cluster) -> dict[str, Compared]:
    """Return each source's log beside what reporting keeps of it."""
    sources = (service for service in SERVICES if service != KEEPER)
    return {source: await compare(log_of(cluster, source), _kept(cluster, source)) for source in sources}


async def _kept(cluster: Cluster, source: str) -> AsyncIterator[str]:
    async with cluster.of(KEEPER) as connection, connection.transaction():
        async for row in connection.cursor(SQL.kept_of, source, prefetch=FETCH_MAX):
            yield row["event_id"]
