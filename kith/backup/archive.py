"""The archive of WAL: waiting until a segment is in it, telling whether it works, letting go what is too old."""

import asyncio
import time
from pathlib import Path

from kith.backup.cluster import Cluster
from kith.backup.repository import Repository
from kith.exits import Failed
from shared.sql import queries

SQL = queries(__file__)

ARCHIVE_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.1


async def archive_up_to(cluster: Cluster, repository: Repository, segment: str) -> None:
    """Close the present segment and wait until the one called *segment* is in the archive; raises Failed."""
    async with cluster.connected() as connection:
        await connection.fetchval(SQL.switch)
        deadline = time.monotonic() + ARCHIVE_SECONDS_MAX
        while not (repository.wal / f"{segment}.gz").exists():
            state = await connection.fetchrow(SQL.state)
            assert state is not None  # noqa: S101 - a view of one row
            if state["archive_mode"] == "off" or time.monotonic() > deadline:
                raise Failed(
                    "archive_stuck", segment=segment, folder=str(repository.wal), failed=state["failed"]
                )
            await asyncio.sleep(LOOK_SECONDS)


def let_go_before(repository: Repository, first_needed: str) -> int:
    """Delete the archived WAL that is older than *first_needed*; return of how many files."""
    older = [file for file in repository.wal.glob("[0-9A-F]*.gz") if _is_older(file.name, first_needed)]
    for file in older:
        file.unlink()
    return len(older)


def _is_older(name: str, first_needed: str) -> bool:
    """Compare as PostgreSQL's pg_archivecleanup does: by place, whatever the timeline; histories are kept."""
    return not name.endswith(".history.gz") and name[8:24] < first_needed[8:24]


def first_wal_of(base: Path) -> str:
    """Return the first segment that a base backup needs to be recovered."""
    label = (base / "backup_label").read_text(encoding="utf-8")
    return label.partition("(file ")[2].partition(")")[0]


async def bytes_of(cluster: Cluster) -> int:
    """Return what a base backup of *cluster* takes, in bytes."""
    async with cluster.connected() as connection:
        found: int = await connection.fetchval(SQL.bytes)
        return found
