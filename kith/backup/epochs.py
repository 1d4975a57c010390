"""A restored log begins a new epoch: nothing it says from now on has a place that it gave to something before."""

from kith.backup.cluster import Cluster
from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)

EPOCH = 2**40
"""By how much a log's transaction numbers leap. What was written after the moment restored to is lost here, but
subscribers have read it, and their checkpoints stand behind it: numbers given out a second time would be
skipped as read. No cluster counts to 2**40 between a backup and its restore; 2**18 restores fit."""


async def begin_epochs(cluster: Cluster) -> None:
    """Have every log go on beyond all places it ever gave out, and free the leases of who is gone.

    It also mends a log whose database came into another cluster, which counts transactions from lower.
    """
    for service in SERVICES:
        async with cluster.of(service) as connection, connection.transaction():
            await connection.execute(SQL.begin_epoch, EPOCH)
            await connection.execute(SQL.free_leases)
