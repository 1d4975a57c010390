"""Applying a batch once: its effects and the checkpoint in one transaction, and what cannot be applied parked."""

import asyncio
from collections.abc import Sequence

import orjson
import structlog

from shared.away import DATABASE_AWAY, LOST_RACE
from shared.checkpoint import Checkpoint, LeaseLost, move_checkpoint
from shared.envelope import BadEnvelope, Envelope
from shared.event_store import Connection, Overtaken, Pool
from shared.reader import Reader, ReaderState
from shared.sql import queries
from shared.tracing import trace_id_of

SQL = queries(__file__)

ATTEMPTS_MAX = 5
"""Tries of a batch that failed for a passing reason, before the reader begins again from its checkpoint."""
BACKOFF_SECONDS = 0.05

PASSING = (Overtaken, *LOST_RACE)
AWAY = DATABASE_AWAY


class Applying:
    """What one reader does with batches; how many events are parked is told in *state*.

    Whoever retries or drops them changes nothing there: while any were parked the reader looks again with
    every batch, in its transaction, and goes back to whole batches when none is.
    """

    def __init__(self, pool: Pool, reader: Reader, state: ReaderState) -> None:
        self._pool = pool
        self._reader = reader
        self._state = state
        self._log = structlog.get_logger()

    async def apply(
        self,
        before: Checkpoint,
        after: Checkpoint,
        fresh: Sequence[Envelope],
        foreign: Sequence[Envelope],
    ) -> None:
        """Apply *fresh*, park what is *foreign* to every log, and move the checkpoint, all or nothing.

        Raises LeaseLost, what AWAY names, and Overtaken after ATTEMPTS_MAX lost races; then nothing was done.
        """
        one_by_one = False
        for attempt in range(ATTEMPTS_MAX):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    event_time = fresh[-1].time if fresh else self._state.event_time
                    await move_checkpoint(connection, self._reader.name, before, after, event_time)
                    for envelope in foreign:
                        await self._park(connection, envelope, BadEnvelope.__name__)
                    parked = await self._apply(connection, fresh, one_by_one=one_by_one or bool(foreign))
            except PASSING:
                await asyncio.sleep(BACKOFF_SECONDS * 2**attempt)
            except (*AWAY, LeaseLost):
                raise
            except Exception as why:
                if one_by_one:
                    raise
                # One bad event must not stop the others: find it, and park it alone.
                self._log.warning("batch_failed", reader=self._reader.name, error=type(why).__name__)
                one_by_one = True
            else:
                self._state.parked = parked
                return
        raise Overtaken(self._reader.name)

    async def _apply(self, connection: Connection, fresh: Sequence[Envelope], *, one_by_one: bool) -> int:
        """Apply events, one by one also while others are parked; return how many are parked then."""
        name = self._reader.name
        if one_by_one or (self._state.parked and await count_parked(connection, name)):
            await self._apply_each(connection, fresh)
            return await count_parked(connection, name)
        if fresh:
            await self._reader.project(connection, [envelope.open() for envelope in fresh])
        return 0

    async def _apply_each(self, connection: Connection, fresh: Sequence[Envelope]) -> None:
        """Apply events each in a savepoint: park the bad one, and those behind it in its stream."""
        streams = list({envelope.stream_id for envelope in fresh})
        rows = await connection.fetch(SQL.parked_streams, self._reader.name, streams)
        waiting = {row["stream_id"] for row in rows}
        for envelope in fresh:
            if envelope.stream_id in waiting:
                await self._park(connection, envelope, "behind_parked")
                continue
            try:
                async with connection.transaction():
                    await self._reader.project(connection, [envelope.open()])
            except (*PASSING, *AWAY):
                raise
            except Exception as why:  # noqa: BLE001 - parked with its reason
                waiting.add(envelope.stream_id)
                await self._park(connection, envelope, f"{type(why).__name__}")

    async def _park(self, connection: Connection, envelope: Envelope, error: str) -> None:
        await connection.execute(
            SQL.park,
            self._reader.name,
            envelope.source,
            envelope.store_id,
            *envelope.position,
            envelope.stream_id,
            envelope.version,
            envelope.event_id,
            envelope.event_type,
            envelope.schema_version,
            envelope.data,
            orjson.dumps(dict(envelope.meta)).decode(),
            error,
        )
        self._log.error(
            "event_parked",
            reader=self._reader.name,
            event_id=envelope.event_id,
            event_type=envelope.event_type,
            error=error,
            position=str(envelope.position),
            trace_id=trace_id_of(envelope.meta.get("traceparent")),
        )


async def count_parked(connection: Connection | Pool, reader: str) -> int:
    """Return how many events of *reader* are parked."""
    count: int = await connection.fetchval(SQL.count_parked, reader)
    return count
