"""Logs against their streams and against what reporting keeps: event for event, in order."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from kith.backup.cluster import Cluster, database_of
from shared.sql import queries
from shared.subjects import SERVICES, stream_of

SQL = queries(__file__)

FETCH_MAX = 1_000
FETCH_SECONDS_MAX = 10.0
NO_ID = "?"


@dataclass(frozen=True)
class Compared:
    """A log beside a copy of it: how many events each has, and the first that is not the same, if any.

    Where the copy ends before the log and is the same up to there, it is behind, which mends itself.
    """

    log: int
    copy: int
    first_difference: int | None

    @property
    def same(self) -> bool:
        return self.first_difference is None and self.log == self.copy

    @property
    def behind(self) -> bool:
        return self.first_difference is None and self.copy < self.log


async def compare_streams(cluster: Cluster, js: JetStreamContext) -> dict[str, Compared]:
    """Return each service's log beside its stream; a stream that is not there holds nothing."""
    return {service: await _compare(log_of(cluster, service), _stream(js, service)) for service in SERVICES}


async def compare_kept(cluster: Cluster) -> dict[str, Compared]:
    """Return each source's log beside what reporting keeps of it."""
    sources = (service for service in SERVICES if service != "reporting")
    return {source: await _compare(log_of(cluster, source), _kept(cluster, source)) for source in sources}


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
    async with cluster.connected(database_of(service)) as connection, connection.transaction():
        async for row in connection.cursor(SQL.log, prefetch=FETCH_MAX):
            yield row["event_id"]


async def _kept(cluster: Cluster, source: str) -> AsyncIterator[str]:
    async with cluster.connected(database_of("reporting")) as connection, connection.transaction():
        async for row in connection.cursor(SQL.kept, source, prefetch=FETCH_MAX):
            yield row["event_id"]


async def _stream(js: JetStreamContext, service: str) -> AsyncIterator[str]:
    try:
        last = (await js.stream_info(stream_of(service))).state.last_seq
    except NotFoundError:
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


async def _compare(log: AsyncIterator[str], copy: AsyncIterator[str]) -> Compared:
    """Walk both to their ends, holding one event of each."""
    in_log = in_copy = 0
    difference = None
    ended = object()
    while True:
        left, right = await anext(log, ended), await anext(copy, ended)
        if left is ended and right is ended:
            return Compared(in_log, in_copy, difference)
        in_log += left is not ended
        in_copy += right is not ended
        if difference is None and right is not ended and left != right:
            difference = in_copy
