"""Readers after a restore: one that is ahead of its source has taken events that the source has lost."""

from dataclasses import dataclass

from kith.backup.cluster import Cluster
from kith.backup.forget_lists import VAULTS
from shared.event_store import Position
from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)


@dataclass(frozen=True)
class Ahead:
    """A reader whose checkpoint is a place that its source's log does not hold."""

    reader: str
    service: str
    source: str
    checkpoint: Position


async def readers_ahead(cluster: Cluster) -> list[Ahead]:
    """Return the readers that are ahead of their sources.

    There is none where one cluster holds all databases and all were brought to one moment: a reader took its
    event after the source had committed it. It happens where databases came from different backups.
    """
    found = []
    for service in SERVICES:
        async with cluster.of(service) as connection:
            checkpoints = await connection.fetch(SQL.checkpoints)
        for row in checkpoints:
            source = row["reader"].removeprefix(f"{service}-from-")
            place = Position(row["tx"], row["position"])
            async with cluster.of(source) as connection:
                if not await connection.fetchval(SQL.holds, *place):
                    found.append(Ahead(row["reader"], service, source, place))
    return found


async def counts(cluster: Cluster) -> dict[str, dict[str, int]]:
    """Return what each database holds: events, streams, parked events, and people in its vault."""
    told: dict[str, dict[str, int]] = {}
    for service in SERVICES:
        async with cluster.of(service) as connection:
            row = await connection.fetchrow(SQL.counts)
            assert row is not None  # noqa: S101 - counts always come
            told[service] = dict(row)
            if service in VAULTS:
                told[service]["identities"] = await connection.fetchval(SQL.identities)
    return told
