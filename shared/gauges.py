"""What an operator must see coming: gauges that are asked of the database and the bus, and those read off memory."""

import asyncio
from contextlib import suppress
from datetime import datetime

import asyncpg
import nats.errors
from faststream.exceptions import IncorrectState
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import Error as JetStreamError

from shared import clock
from shared.away import DATABASE_AWAY
from shared.bus import client_of
from shared.day import last_advanced
from shared.event_store import Connection
from shared.reader import ReaderState
from shared.running import Running
from shared.sql import queries
from shared.stopping import stop_if_cancelled
from shared.subjects import stream_of

SQL = queries(__file__)

LOOK_SECONDS = 5.0
ASK_SECONDS_MAX = 5.0
UNPUBLISHED_MAX = 10_000
"""Events behind the relay that one look counts: who is so far behind needs no exact figure."""

NOT_WORKING = frozenset({"starting", "waiting_for_lease"})
"""States in which a replica knows nothing of the work, because it has not begun or another replica does it."""
UNREACHED = (TimeoutError, nats.errors.Error, JetStreamError, IncorrectState, OSError)


async def look_for_ever(running: Running) -> None:
    """Ask the database and the bus every LOOK_SECONDS until cancelled; what gives no answer has no gauge."""
    while True:
        await _ask_the_database(running)
        await _ask_the_bus(running)
        stop_if_cancelled()
        due = clock.elapsed() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        running.metrics.loop_late_seconds.set(max(clock.elapsed() - due, 0.0))


def read_off(running: Running) -> None:
    """Write the gauges whose values are in memory, when somebody asks for the metrics."""
    metrics = running.metrics
    pulses = running.pulses.feel()
    metrics.ready.set(running.connections is not None and all(pulse.alive for pulse in pulses))
    metrics.part_age.clear()
    for pulse in pulses:
        metrics.part_ok.labels(pulse.part).set(pulse.alive)
        if pulse.age_seconds is not None:
            metrics.part_age.labels(pulse.part).set(pulse.age_seconds)
    if running.relay is not None:
        metrics.relay_is(running.relay.state.name)
    _read_off_lag(running)
    if (pool := running.connections) is not None:
        metrics.pool.labels("busy").set(pool.get_size() - pool.get_idle_size())
        metrics.pool.labels("idle").set(pool.get_idle_size())
        metrics.pool.labels("max").set(pool.get_max_size())


def lag_seconds(state: ReaderState) -> float:
    """Return how old the oldest event is that a reader has yet to take; 0 where it has all."""
    if state.lag_events == 0 or state.waiting_since is None:
        return 0.0
    return max((clock.now() - state.waiting_since).total_seconds(), 0.0)


def _read_off_lag(running: Running) -> None:
    metrics = running.metrics
    metrics.lag_events.clear()
    metrics.lag_seconds.clear()
    for receiving in running.receivings:
        if receiving.state.name not in NOT_WORKING:
            metrics.lag_events.labels(receiving.reader.name).set(receiving.state.lag_events)
            metrics.lag_seconds.labels(receiving.reader.name).set(lag_seconds(receiving.state))


async def _ask_the_database(running: Running) -> None:
    metrics = running.metrics
    try:
        async with asyncio.timeout(ASK_SECONDS_MAX), running.pool.acquire() as connection:
            metrics.database_bytes.set(await connection.fetchval(SQL.database_bytes))
            for row in await connection.fetch(SQL.parked, list(running.readers)):
                metrics.parked.labels(row["reader"]).set(row["parked"])
            if (day := await last_advanced(connection)) is not None:
                metrics.day_behind.labels(running.settings.clock).set((clock.today_in_shanghai() - day).days)
            await _count_unpublished(running, connection)
    except (*DATABASE_AWAY, asyncpg.PostgresError):
        for gauge in (metrics.parked, metrics.day_behind, metrics.unpublished, metrics.unpublished_seconds):
            gauge.clear()


async def _count_unpublished(running: Running, connection: Connection) -> None:
    metrics, relay, stream = running.metrics, running.relay, stream_of(running.name)
    if relay is None or relay.state.name in NOT_WORKING or not relay.state.found_its_place:
        metrics.unpublished.clear()
        metrics.unpublished_seconds.clear()
        return
    (behind,) = await connection.fetch(SQL.unpublished, *relay.state.published, UNPUBLISHED_MAX)
    metrics.unpublished.labels(stream).set(behind["events"])
    metrics.unpublished_seconds.labels(stream).set(behind["seconds"])


async def _ask_the_bus(running: Running) -> None:
    relaying = running.relay is not None and running.relay.state.name not in NOT_WORKING
    info: StreamInfo | None = None
    with suppress(*UNREACHED):
        js = client_of(running.broker).jetstream(timeout=ASK_SECONDS_MAX)
        if relaying:
            info = await js.stream_info(stream_of(running.name))
        for receiving in running.receivings:
            await _see_how_far(js, stream_of(receiving.reader.source), receiving.state)
    _write_stream(running, info)


async def _see_how_far(js: JetStreamContext, stream: str, state: ReaderState) -> None:
    """See where the stream of a reader ends, also while the reader is at work on a batch, and what it takes next."""
    if state.name in NOT_WORKING:
        return
    state.stream_last = (await js.stream_info(stream)).state.last_seq
    if state.lag_events:
        following = await js.get_msg(stream, state.stream_sequence + 1)
        state.waiting_since = _stored_at(following.headers) or following.time


def _stored_at(headers: dict[str, str] | None) -> datetime | None:
    with suppress(ValueError):
        stored_at = datetime.fromisoformat((headers or {}).get("ce-time", ""))
        return stored_at if stored_at.tzinfo else None
    return None


def _write_stream(running: Running, info: StreamInfo | None) -> None:
    metrics, stream = running.metrics, stream_of(running.name)
    gauges = (
        metrics.stream_bytes,
        metrics.stream_bytes_max,
        metrics.stream_events,
        metrics.stream_copies,
        metrics.stream_copies_wanted,
    )
    if info is None:
        for gauge in gauges:
            gauge.clear()
        return
    others = (info.cluster.replicas or []) if info.cluster else []
    values = (
        info.state.bytes,
        info.config.max_bytes or 0,
        info.state.messages,
        1 + sum(bool(other.current) for other in others),
        info.config.num_replicas or 1,
    )
    for gauge, value in zip(gauges, values, strict=True):
        gauge.labels(stream).set(value)
