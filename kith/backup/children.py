"""Which of the ids on a forget list are children: the registry has to say again that it forgot them."""

from collections.abc import Sequence

from kith.backup.cluster import Cluster, database_of
from shared.sql import queries

SQL = queries(__file__)


async def children_among(cluster: Cluster, subjects: Sequence[str]) -> list[str]:
    """Return which of *subjects* are children with a file."""
    async with cluster.connected(database_of("registry")) as connection:
        return [row["child_id"] for row in await connection.fetch(SQL.among, list(subjects))]
