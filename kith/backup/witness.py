"""The witness of a backup: what every table held at one named point of the WAL, to be found there again."""

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from kith.backup.cluster import Cluster
from kith.backup.manifest import Figures
from shared.event_store import Connection
from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)

QUIET_SECONDS_MAX = 10.0
"""How long to look for a moment in which nobody writes; a busier system has its events witnessed, no more."""
EVENTS = "kernel.events"


@dataclass(frozen=True)
class Witness:
    """What was seen at a restore point."""

    restore_point: str
    at: datetime
    segment: str
    quiet: bool
    horizons: dict[str, int]
    figures: Figures


async def witness(cluster: Cluster, name: str, quiet_seconds: float = QUIET_SECONDS_MAX) -> Witness:
    """Write a restore point called after *name* and count what every table holds there, while all go on.

    The snapshots of the four databases and the restore point are one moment: nobody had a writing
    transaction open from the first to the last of them. Where that does not happen within *quiet_seconds*,
    the events below the horizon are counted, which are the same whenever they are read.
    """
    deadline = time.monotonic() + quiet_seconds
    async with AsyncExitStack() as open_:
        control = await open_.enter_async_context(cluster.connected())
        readers = {service: await open_.enter_async_context(cluster.of(service)) for service in SERVICES}
        for attempt in itertools.count(1):
            point = f"kith-{name}-{attempt}"
            async with AsyncExitStack() as snapshots:
                for reader in readers.values():
                    await snapshots.enter_async_context(
                        reader.transaction(isolation="repeatable_read", readonly=True)
                    )
                quiet, written = await _one_moment(control, readers.values(), point)
                if quiet or time.monotonic() > deadline:
                    horizons = {name: await each.fetchval(SQL.horizon) for name, each in readers.items()}
                    figures = {
                        name: await count(each, None if quiet else horizons[name])
                        for name, each in readers.items()
                    }
                    return Witness(point, written["at"], written["segment"], quiet, horizons, figures)
        raise AssertionError("the last attempt returns")


async def _one_moment(
    control: Connection, readers: Iterable[Connection], point: str
) -> tuple[bool, asyncpg.Record]:
    """Fix what each reader sees, write the restore point, and return whether nobody wrote meanwhile.

    Who had begun to write before the restore point is either still open when the writers are counted, or
    has ended by then and makes the last snapshot another one.
    """
    seen = {await reader.fetchval(SQL.snapshot) for reader in readers}
    written = await control.fetchrow(SQL.restore_point, point)
    assert written is not None  # noqa: S101 - a function's row always comes
    writers = await control.fetchval(SQL.writers)
    seen.add(await control.fetchval(SQL.snapshot))
    return writers == 0 and len(seen) == 1 and _nobody_writes(seen.pop()), written


def _nobody_writes(snapshot: str) -> bool:
    """Return whether "xmin:xmax:open transactions" has none open."""
    oldest, next_, open_ = snapshot.split(":")
    return oldest == next_ and not open_


async def count(connection: Connection, below: int | None = None) -> dict[str, list[str]]:
    """Return rows and checksum of every table, or of the events below the horizon *below* alone."""
    if below is not None:
        row = await connection.fetchrow(SQL.count_events_below, below)
        return {EVENTS: list(row or ())}
    figures = {}
    for table in await connection.fetch(SQL.tables):
        row = await connection.fetchrow(await connection.fetchval(SQL.make_count, table["name"]))
        figures[table["name"]] = list(row or ())
    return figures


async def count_again(cluster: Cluster, horizons: Mapping[str, int] | None) -> Figures:
    """Return the figures of a restored cluster, counted as they were (all tables, or below *horizons*)."""
    figures = {}
    for service in SERVICES:
        async with cluster.of(service) as connection:
            figures[service] = await count(connection, None if horizons is None else horizons[service])
    return figures


async def schema_of(cluster: Cluster) -> dict[str, list[str]]:
    """Return the names of the migrations that each database has had."""
    names = {}
    for service in SERVICES:
        async with cluster.of(service) as connection:
            names[service] = [row["name"] for row in await connection.fetch(SQL.schema)]
    return names


def differences(wanted: Figures, found: Figures) -> Sequence[str]:
    """Return in words every table that is not what it was."""
    told = []
    for service, tables in wanted.items():
        for table in sorted({*tables, *found.get(service, {})}):
            was, is_ = tables.get(table), found.get(service, {}).get(table)
            if was != is_:
                told.append(f"{service} {table}: {_rows(is_)} rows restored, {_rows(was)} backed up")
    return told


def _rows(figure: Sequence[str] | None) -> str:
    return "no" if figure is None else f"{figure[0]} ({figure[1][-8:]})"
