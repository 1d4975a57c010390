"""Children who were forgotten again: after a restore the registry has yet to say so."""

from kith.backup.cluster import Cluster
from shared.sql import queries

SQL = queries(__file__)


async def forgotten_unsaid(cluster: Cluster) -> list[str]:
    """Return the children on the registry's forget list of whom its log does not say so.

    Others on the list are no children with a file: numbers that were learned, papers that were refused.
    """
    async with cluster.of("registry") as connection:
        return [row["child_id"] for row in await connection.fetch(SQL.unsaid)]
