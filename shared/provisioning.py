"""The one place where streams and consumers are made, and found again as they were made."""

import asyncio
from collections.abc import Sequence

import nats.errors
import structlog
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from shared.stopping import stop_if_cancelled
from shared.subjects import readers_of, stream_of, subjects_of

STREAM_BYTES_MAX = 4 * 1024**3
"""What a stream may hold by default: at about 700 bytes an event, six million events."""
ACK_WAIT_SECONDS = 60.0
SUBSCRIBER_ACK_WAIT_SECONDS = 30.0
KEEP_SECONDS = 2.0
"""How often the owner of a stream looks whether its readers' consumers are there."""

log = structlog.get_logger()


async def ensure_stream(
    js: JetStreamContext, service: str, *, bytes_max: int = STREAM_BYTES_MAX, replicas: int = 1
) -> StreamInfo:
    """Return the stream of *service*, making it where it is not there; an existing one is left as it is.

    Limits: no age, no count; bytes_max with discard new, so that a full stream stops the relay
    loudly instead of forgetting. Nor can it be purged: without its last message a relay would not
    know where to go on. Who wants it empty deletes it, and it is filled again.
    """
    try:
        return await js.stream_info(stream_of(service))
    except NotFoundError:
        config = StreamConfig(
            name=stream_of(service),
            subjects=[subjects_of(service)],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_bytes=bytes_max,
            num_replicas=replicas,
            deny_delete=True,
            deny_purge=True,
            allow_direct=True,
            allow_atomic=True,
        )
        return await js.add_stream(config)


async def keep_readers(js: JetStreamContext, source: str) -> None:
    """Make what goes missing of the consumers of all who read *source*, until cancelled.

    It is for the owner of the stream: in its account nobody else can make one. What fails is said once and
    tried again, and holds up nothing that is published.
    """
    said = None
    while True:
        try:
            await ensure_readers(js, source)
            said = None
        except (nats.errors.Error, TimeoutError) as why:
            error = type(why).__name__
            if error != said:
                log.warning("readers_not_kept", error=error)
            said = error
        stop_if_cancelled()
        await asyncio.sleep(KEEP_SECONDS)


async def ensure_readers(js: JetStreamContext, source: str) -> None:
    """Make what is missing of the consumers of all who read *source*."""
    for reader in readers_of(source):
        await ensure_consumer(js, source, reader)


async def ensure_consumer(js: JetStreamContext, source: str, reader: str) -> None:
    """Make the durable pull consumer of a reader on its source's stream where it is not there."""
    try:
        await js.consumer_info(stream_of(source), reader)
    except NotFoundError:
        config = ConsumerConfig(
            durable_name=reader,
            name=reader,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.ALL,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=-1,
            max_deliver=-1,
        )
        await js.add_consumer(stream_of(source), config)


async def ensure_subscription(
    js: JetStreamContext, source: str, name: str, subjects: Sequence[str]
) -> ConsumerInfo:
    """Return the durable pull consumer of another system's subscription, making it where it is not there.

    One event is under way at a time, so that the server itself keeps the order, whatever breaks.
    Raises NotFoundError where the stream of *source* is not there yet.
    """
    config = ConsumerConfig(
        durable_name=name,
        name=name,
        filter_subjects=list(subjects),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=SUBSCRIBER_ACK_WAIT_SECONDS,
        max_ack_pending=1,
        max_deliver=-1,
    )
    return await js.add_consumer(stream_of(source), config)
