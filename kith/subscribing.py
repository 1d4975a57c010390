"""Subscriptions on the bus as the operator makes, watches and ends them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass

import nats
import nats.errors
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from kith.bus_permissions import OPERATOR
from kith.container_files import has_bus_users, write_bus_users
from kith.deployment import Deployment
from kith.embedded.kept_secrets import bus_password, bus_password_file
from kith.embedded.nats import reload_nats
from kith.exits import Exit, Failed
from kith.subscribers import SUBSCRIBERS_MAX, Subscriber, keep_subscribers, subscribers_of
from shared.provisioning import ensure_subscription
from shared.subjects import stream_of

CONNECT_SECONDS_MAX = 3
ASK_SECONDS_MAX = 5.0


@dataclass(frozen=True)
class Subscription:
    """What a subscriber has on one stream; *waiting* is None where its consumer is not made."""

    stream: str
    consumer: str
    subjects: tuple[str, ...]
    waiting: int | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def write_down(deployment: Deployment, subscriber: Subscriber) -> None:
    """Keep *subscriber*, with a password, and let a bus that runs here know of it; again without harm.

    Raises Failed where its name is another's: who may read more than before would never hear the past of it.
    """
    known = subscribers_of(deployment.data)
    for each in known:
        if each.name == subscriber.name and each != subscriber:
            areas, events = ", ".join(each.areas), ", ".join(each.events)
            raise Failed("subscriber_is_another", Exit.REFUSED, name=each.name, areas=areas, events=events)
    others = [each for each in known if each != subscriber]
    if len(others) >= SUBSCRIBERS_MAX:
        raise Failed("subscribers_too_many", Exit.REFUSED, most=SUBSCRIBERS_MAX)
    keep_subscribers(deployment.data, [*others, subscriber])
    bus_password(deployment.data, subscriber.user)
    _let_the_bus_know(deployment)


def forget(deployment: Deployment, subscriber: Subscriber) -> None:
    """Take the name and the password of *subscriber* away; who is connected with it is cut off."""
    left = [each for each in subscribers_of(deployment.data) if each != subscriber]
    keep_subscribers(deployment.data, left)
    bus_password_file(deployment.data, subscriber.user).unlink(missing_ok=True)
    _let_the_bus_know(deployment)


def _let_the_bus_know(deployment: Deployment) -> None:
    """Reload a server that runs here; one in a container has its file, and is told to by who runs it."""
    if has_bus_users(deployment.data):
        write_bus_users(deployment.data)
    reload_nats(deployment.data)


async def provision(deployment: Deployment, subscribers: Sequence[Subscriber]) -> list[Subscription]:
    """Make what is missing of the consumers of *subscribers*; one whose stream is not there yet is left.

    Raises Failed where the bus does not answer.
    """
    async with _operating(deployment) as js:
        return [
            await _made(js, subscriber, service, subjects)
            for subscriber in subscribers
            for service, subjects in subscriber.subjects().items()
        ]


async def look_at(deployment: Deployment, subscribers: Sequence[Subscriber]) -> list[Subscription]:
    """Return the subscriptions of *subscribers* as they stand; raises Failed where the bus does not answer."""
    async with _operating(deployment) as js:
        return [
            await _seen(js, subscriber, service, subjects)
            for subscriber in subscribers
            for service, subjects in subscriber.subjects().items()
        ]


def not_made(subscriber: Subscriber) -> list[Subscription]:
    """Return the subscriptions of *subscriber* before the bus has heard of them."""
    return [
        Subscription(stream_of(service), subscriber.user, tuple(subjects))
        for service, subjects in subscriber.subjects().items()
    ]


async def end(deployment: Deployment, subscriber: Subscriber) -> None:
    """Delete the consumers of *subscriber*; raises Failed where the bus does not answer."""
    async with _operating(deployment) as js:
        for service in subscriber.subjects():
            with suppress(NotFoundError):
                await js.delete_consumer(stream_of(service), subscriber.user)


async def _made(
    js: JetStreamContext, subscriber: Subscriber, service: str, subjects: Sequence[str]
) -> Subscription:
    with suppress(NotFoundError):
        await ensure_subscription(js, service, subscriber.user, subjects)
    return await _seen(js, subscriber, service, subjects)


async def _seen(
    js: JetStreamContext, subscriber: Subscriber, service: str, subjects: Sequence[str]
) -> Subscription:
    waiting = None
    with suppress(NotFoundError):
        info = await js.consumer_info(stream_of(service), subscriber.user)
        waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
    return Subscription(stream_of(service), subscriber.user, tuple(subjects), waiting)


@asynccontextmanager
async def _operating(deployment: Deployment) -> AsyncIterator[JetStreamContext]:
    address = deployment.bus_address()
    try:
        client = await nats.connect(
            address,
            user=OPERATOR,
            password=bus_password(deployment.data, OPERATOR),
            connect_timeout=CONNECT_SECONDS_MAX,
            allow_reconnect=False,
            error_cb=_told_by_the_call,
        )
    except (OSError, TimeoutError, nats.errors.Error) as away:
        raise Failed("bus_unreachable", Exit.UNREACHABLE, url=address, why=repr(away)) from away
    try:
        yield client.jetstream(timeout=ASK_SECONDS_MAX)
    except (TimeoutError, nats.errors.Error) as away:
        raise Failed("bus_unreachable", Exit.UNREACHABLE, url=address, why=repr(away)) from away
    finally:
        await client.close()


async def _told_by_the_call(_error: Exception) -> None:
    """Say nothing: what fails is raised where it was asked."""
