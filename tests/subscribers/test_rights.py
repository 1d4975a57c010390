"""What a subscriber may not do, tried on a real server with its own credentials."""

import asyncio
from collections.abc import Iterator

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from kith.bus_subscribers import API
from kith.embedded.kept_secrets import bus_password_file
from kith.subscribers import subscribers_of
from kith.subscribing import end, forget, look_at, not_made
from tests.integration.house import until
from tests.subscribers.county import SHUANGJIANG, STREAM, YUELIANG, County

USER, OTHER = "subscriber-school", "subscriber-hospital"
OTHERS_EVENT = f"kith.431299.{SHUANGJIANG}.contact.ContactMissed"
WIDER = "kith.*.*.contact.>"
HEARD_SECONDS = 0.3


@pytest.fixture
async def shared_county(county: County) -> County:
    """A county with two subscribers, each of one township, and events of both."""
    await county.miss(2, SHUANGJIANG)
    await county.miss(3, YUELIANG)
    await county.published()
    await county.subscribe("school", YUELIANG)
    await county.subscribe("hospital", SHUANGJIANG)
    return county


def _requests() -> Iterator[str]:
    """Name every subject of the JetStream API that leads to a stream or to a consumer, one's own and others'."""
    for prefix in ("$JS.API", API):
        yield from (f"{prefix}.INFO", f"{prefix}.STREAM.NAMES", f"{prefix}.STREAM.LIST")
        for verb in ("CREATE", "UPDATE", "INFO", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT"):
            yield f"{prefix}.STREAM.{verb}.{STREAM}"
        yield f"{prefix}.STREAM.CREATE.MINE"
        yield f"{prefix}.STREAM.RESTORE.{STREAM}"
        yield f"{prefix}.DIRECT.GET.{STREAM}"
        yield f"{prefix}.DIRECT.GET.{STREAM}.{OTHERS_EVENT}"
        yield f"{prefix}.CONSUMER.NAMES.{STREAM}"
        yield f"{prefix}.CONSUMER.LIST.{STREAM}"
        yield f"{prefix}.CONSUMER.CREATE.{STREAM}"
        for consumer in (USER, OTHER, "reporting-from-contact"):
            yield f"{prefix}.CONSUMER.CREATE.{STREAM}.{consumer}"
            yield f"{prefix}.CONSUMER.CREATE.{STREAM}.{consumer}.{WIDER}"
            yield f"{prefix}.CONSUMER.DURABLE.CREATE.{STREAM}.{consumer}"
            yield f"{prefix}.CONSUMER.DELETE.{STREAM}.{consumer}"
            yield f"{prefix}.CONSUMER.PAUSE.{STREAM}.{consumer}"
        for consumer in (OTHER, "reporting-from-contact"):
            for verb in ("INFO", "RESET", "MSG.NEXT"):
                yield f"{prefix}.CONSUMER.{verb}.{STREAM}.{consumer}"


PUBLISHED = [
    *_requests(),
    f"$JS.ACK.{STREAM}.{OTHER}.1.1.1.1.1",
    f"kith.431299.{YUELIANG}.contact.ContactMissed",
    "ask.kith.registry.identities",
    "bell.kith.contact",
    f"_INBOX_{OTHER}.x",
    "$SYS.REQ.SERVER.PING",
]
HEARD = [">", "kith.>", "ask.kith.>", "bell.kith.>", f"_INBOX_{OTHER}.>", "_INBOX.>", "$JS.>", "$SYS.>"]


async def test_everything_but_its_own_consumer_is_denied(shared_county: County) -> None:
    denied: list[str] = []
    school = await shared_county.client(USER, denied)
    for subject in PUBLISHED:
        await school.publish(subject, b"{}", reply=school.new_inbox())
    for subject in HEARD:
        await school.subscribe(subject)
    await school.flush()

    async def all_denied() -> bool:
        return len(denied) == len(PUBLISHED) + len(HEARD)

    await until(all_denied)
    for subject in PUBLISHED + HEARD:
        assert any("permissions violation" in why and f'"{subject.lower()}"' in why.lower() for why in denied)


async def test_it_is_sent_the_events_of_its_own_township_and_no_others(shared_county: County) -> None:
    school = await shared_county.client(USER)
    assert await _ids(await _all_of(school)) == await shared_county.missed_in(YUELIANG)


async def test_its_answers_reach_no_stream_and_nobody_else(shared_county: County) -> None:
    operator = await shared_county.client("operator")
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    elsewhere = ["kith.431299.431299210.contact.ContactMissed", f"_INBOX_{OTHER}.x", "ask.kith.contact.x"]
    for subject in elsewhere:
        await operator.subscribe(subject, cb=hear)
    await operator.flush()
    school = await shared_county.client(USER)
    for subject in elsewhere:
        for verb in ("INFO", "RESET"):
            await school.publish(f"{API}.CONSUMER.{verb}.{STREAM}.{USER}", reply=subject)
        await school.publish(f"{API}.CONSUMER.MSG.NEXT.{STREAM}.{USER}", b'{"batch": 5}', reply=subject)
        await school.publish(f"$JS.ACK.{STREAM}.{USER}.1.3.1.1.1", b"+ACK", reply=subject)
    await school.flush()
    await asyncio.sleep(HEARD_SECONDS)
    assert heard == []
    info = await operator.jetstream().stream_info(STREAM)
    assert info.state.messages == 2 * shared_county.said


async def test_one_who_is_removed_is_cut_off_and_the_others_stay(shared_county: County) -> None:
    school = await shared_county.client(USER)
    hospital = await shared_county.client(OTHER)
    [subscriber] = [each for each in subscribers_of(shared_county.data) if each.user == USER]
    await end(shared_county.deployment, subscriber)
    await asyncio.to_thread(forget, shared_county.deployment, subscriber)

    async def cut_off() -> bool:
        return not school.is_connected

    await until(cut_off)
    assert hospital.is_connected
    assert not bus_password_file(shared_county.data, USER).exists()
    assert await look_at(shared_county.deployment, [subscriber]) == not_made(subscriber)


async def test_a_county_is_read_whole_and_in_order(shared_county: County) -> None:
    await shared_county.subscribe("province", "431299")
    province = await shared_county.client("subscriber-province")
    assert await _ids(await _all_of(province)) == await shared_county.missed_in("431299")


async def _all_of(client: Client) -> list[Msg]:
    """Return what waits for a subscriber, each acknowledged before the next is asked for."""
    user = bytes(client._inbox_prefix).decode().removeprefix("_INBOX_")
    js = client.jetstream(prefix=API)
    info = await js.consumer_info(STREAM, user)
    subscription = await js.pull_subscribe_bind(user, STREAM, inbox_prefix=f"_INBOX_{user}.".encode())
    messages = []
    for _ in range(info.num_pending or 0):
        messages += await subscription.fetch(1)
        await messages[-1].ack()
    return messages


async def _ids(messages: list[Msg]) -> list[str]:
    return [message.headers["ce-id"] for message in messages if message.headers]
