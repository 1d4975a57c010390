"""Logs against their streams: what is the same, and which streams must be made anew."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from kith.backup.cluster import Cluster
from kith.backup.comparing import Compared, compare
from kith.exits import Exit, Failed
from shared.sql import queries
from shared.subjects import SERVICES, stream_of

SQL = queries(__file__)

FETCH_MAX = 1_000
FETCH_SECONDS_MAX = 10.0
NO_ID = "?"
STANDSTILL_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.5


async def compare_streams(cluster: Cluster, js: JetStreamContext) -> dict[str, Compared]:
    """Return each service's log beside its stream; a stream that is not there holds nothing."""
    return {service: await compare(log_of(cluster, service), _stream(js, service)) for service in SERVICES}


async def wait_until_filled(cluster: Cluster, js: JetStreamContext) -> None:
    """Wait until every stream is as long as its log: readers that had everything before do not wait for that.

    Raises Failed when no stream grows for STANDSTILL_SECONDS_MAX.
    """
    former: list[int] = []
    moved = time.monotonic()
    while True:
        lengths = [await _length_of_log(cluster, service) for service in SERVICES]
        filled = [await _length(js, service) for service in SERVICES]
        if all(has >= wanted for has, wanted in zip(filled, lengths, strict=True)):
            return
        if filled != former:
            former, moved = filled, time.monotonic()
        if time.monotonic() - moved > STANDSTILL_SECONDS_MAX:
            behind = [one for one, has, wanted in zip(SERVICES, filled, lengths, strict=True) if has < wanted]
            raise Failed(
                "relays_stand_still", Exit.UNREACHABLE, services=behind, seconds=STANDSTILL_SECONDS_MAX
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _length_of_log(cluster: Cluster, service: str) -> int:
    async with cluster.of(service) as connection:
        length: int = await connection.fetchval(SQL.length)
        return length


async def _length(js: JetStreamContext, service: str) -> int:
    try:
        return (await js.stream_info(stream_of(service))).state.last_seq
    except NotFoundError:
        return 0


async def delete_wrong(js: JetStreamContext, compared: dict[str, Compared]) -> list[str]:
    """Delete the streams that hold what their log does not; their relays make them anew and fill them.

    The log is the truth: a stream that is ahead of a restored log holds events that never happened.
    """
    wrong = [service for service, found in compared.items() if not (found.same or found.behind)]
    for service in wrong:
        with suppress(NotFoundError):
            await js.delete_stream(stream_of(service))
    return wrong


async def log_of(cluster: Cluster, service: str) -> AsyncIterator[str]:
    """Yield the ids of the log of *service* in order."""
    async with cluster.of(service) as connection, connection.transaction():
        async for row in connection.cursor(SQL.log, prefetch=FETCH_MAX):
            yield row["event_id"]


async def _stream(js: JetStreamContext, service: str) -> AsyncIterator[str]:
    last = await _length(js, service)
    if not last:
        return
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, headers_only=True, mem_storage=True
    )
    subscription = await js.pull_subscribe("", stream=stream_of(service), config=config)
    sequence = 0
    try:
        while sequence < last:
            try:
                messages = await subscription.fetch(FETCH_MAX, timeout=FETCH_SECONDS_MAX)
            except (TimeoutError, NatsTimeout):
                return
            for message in messages:
                sequence = message.metadata.sequence.stream
                yield (message.headers or {}).get("ce-id", NO_ID)
    finally:
        await subscription.unsubscribe()
