"""The bus by itself: messages put into a source's stream as a relay would, and fetched without a projection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid5

import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError, ServerError

from benchmarks.invented import Told
from benchmarks.servers import Servers
from shared.envelope import Message, messages_of, read_envelope
from shared.event_store import Outgoing
from shared.provisioning import ensure_consumer, ensure_readers, ensure_stream
from shared.receiving import BATCH_MAX, FETCH_SECONDS
from shared.relay import ACK_SECONDS_MAX
from shared.subjects import SERVICES, stream_of

STORE = UUID(int=7)
BATCHES = UUID(int=8)
BARE = "bare"
NO_STORE = 10049
"""What nats-server 2.15.1 says while it still clears away the folder of a stream of that name."""
TRIES_MAX = 50
PAUSE_SECONDS = 0.1


def message(one: Told, position: int) -> Message:
    """Return the message of an event at *position* of its log, as its relay makes it."""
    outgoing = Outgoing(
        tx=1,
        position=position,
        event_id=str(one.event_id),
        stream_id=one.stream_id,
        event_type=one.event_type,
        version=one.version,
        schema_version=1,
        stored_at="2026-01-01T00:00:00.000000+00:00",
        area=one.area,
        correlation_id=str(UUID(int=2)),
        traceparent=None,
        data=one.body,
    )
    [made] = messages_of(one.source, STORE, [outgoing])
    return made


async def fresh_stream(client: Client, source: str) -> None:
    """Make the stream of *source* anew, with the consumers of its readers, as its service does."""
    js = client.jetstream()
    with suppress(NotFoundError):
        await js.delete_stream(stream_of(source))
    for tries in range(1, TRIES_MAX + 1):
        try:
            await ensure_stream(js, source)
            break
        except ServerError as refused:
            if refused.err_code != NO_STORE or tries == TRIES_MAX:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
    await ensure_readers(js, source)


async def fresh_streams(servers: Servers) -> None:
    """Make every stream anew: a service that starts now has nothing to take that another figure left behind."""
    async with servers.client() as client:
        for service in SERVICES:
            await fresh_stream(client, service)


async def publish(client: Client, messages: Sequence[Message]) -> None:
    """Publish in atomic batches of BATCH_MAX, each when the one before is answered: the bare loop."""
    for start in range(0, len(messages), BATCH_MAX):
        batch = messages[start : start + BATCH_MAX]
        batch_id = str(uuid5(BATCHES, str(start)))
        for n, (_, subject, body, headers) in enumerate(batch, start=1):
            numbered = headers | {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(n)}
            if n < len(batch):
                await client.publish(subject, body, headers=numbered)
                continue
            numbered["Nats-Batch-Commit"] = "1"
            reply = await client.request(subject, body, timeout=ACK_SECONDS_MAX, headers=numbered)
            assert "error" not in orjson.loads(reply.data)


@asynccontextmanager
async def bare_reader(client: Client, source: str) -> AsyncIterator[JetStreamContext.PullSubscription]:
    """Make a reader of a source's stream that has a consumer and no tables, and take it away in the end."""
    js = client.jetstream()
    await ensure_consumer(js, source, BARE)
    subscription = await js.pull_subscribe_bind(BARE, stream_of(source))
    yield subscription
    await subscription.unsubscribe()
    await js.delete_consumer(stream_of(source), BARE)


async def fetch_and_decode(subscription: JetStreamContext.PullSubscription, source: str, count: int) -> None:
    """Fetch *count* messages in batches and decode each."""
    seen = 0
    while seen < count:
        messages = await subscription.fetch(BATCH_MAX, timeout=FETCH_SECONDS)
        seen += len([read_envelope(source, one.headers, one.data).open() for one in messages])
        await messages[-1].ack()
