"""What a service that was taken over can do on the bus: nothing to another's stream, whatever it asks and names."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import permutations, product

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, RePublish, StreamConfig

from kith.bus_imports import API, API_ELSEWHERE
from kith.bus_permissions import accounts, inbox_of
from services.contact import following
from services.pairing import from_registry
from services.reporting import readers as reporting
from shared.provisioning import ensure_readers, ensure_stream
from shared.subjects import (
    ASKED,
    SERVICES,
    SOURCES,
    doorbell_of,
    question_subject,
    reader_of,
    readers_of,
    stream_of,
    subjects_of,
)
from shared.vault import Vault
from tests.integration.shell import until
from tests.servers import BusServer
from tests.streams_anew import add_stream_again

ARRIVED_SECONDS = 0.1
"""What the server does with a message that it has taken is done long before."""
UNHEARD = (">", "kith.>", "ask.kith.>", "bell.kith.>", "_INBOX.>", "$JS.>", "_R_.>")
FULL_OF_ONE = dict.fromkeys(SERVICES, 1)


def event_of(service: str) -> str:
    """Return a subject that the stream of *service* captures."""
    return f"kith.431299.431299210.{service}.Said"


@dataclass
class Bus:
    """A bus on which every service has said one thing, and a connection of each."""

    clients: Mapping[str, Client]
    operator: Client
    denied: Mapping[str, list[str]]
    """What the server said to each service that it may not do."""

    async def held(self) -> dict[str, int]:
        """Return how many messages each stream holds, once all that was sent has been dealt with."""
        for client in self.clients.values():
            await client.flush()
        await asyncio.sleep(ARRIVED_SECONDS)
        js = self.operator.jetstream()
        infos = {service: await js.stream_info(stream_of(service)) for service in SERVICES}
        return {service: info.state.messages for service, info in infos.items()}

    async def said(self) -> dict[str, set[bytes]]:
        """Return what stands in the messages of each stream."""
        js, held = self.operator.jetstream(), await self.held()
        return {
            service: {(await js.get_msg(stream_of(service), n)).data or b"" for n in range(1, count + 1)}
            for service, count in held.items()
        }


@pytest.fixture
async def bus(nats_server: BusServer) -> AsyncIterator[Bus]:
    denied: dict[str, list[str]] = {service: [] for service in SERVICES}
    async with AsyncExitStack() as stack:

        async def connect(user: str) -> Client:
            async def note(error: Exception) -> None:
                denied[user].append(str(error))

            client = await nats.connect(
                nats_server.url_for(user), inbox_prefix=inbox_of(user).encode(), error_cb=note
            )
            stack.push_async_callback(client.close)
            return client

        clients = {service: await connect(service) for service in SERVICES}
        for service, client in clients.items():
            await ensure_stream(client.jetstream(), service)
            await ensure_readers(client.jetstream(), service)
            await client.jetstream().publish(event_of(service), b"{}")
        yield Bus(clients, await connect("operator"), denied)


def requests_of(service: str) -> list[str]:
    """Return a subject of each kind that *service* may ask JetStream, as it writes it."""
    user = accounts(lambda _user: "-")[service]["users"][0]
    allowed: list[str] = user["permissions"]["publish"]["allow"]
    written = [one.replace(API_ELSEWHERE, API).replace("*", "x").replace(">", "1.1.1.1.1") for one in allowed]
    return [subject for subject in written if subject.startswith("$JS.")]


async def test_no_answer_to_a_service_reaches_anothers_stream_or_anybody_else(bus: Bus) -> None:
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    for service, client in bus.clients.items():
        for subject in (f"{inbox_of(service)}.x", doorbell_of(service), question_subject(service, "*")):
            await client.subscribe(subject, cb=hear)
        await client.flush()
    for taken_over, other in permutations(SERVICES, 2):
        client = bus.clients[taken_over]
        named = [event_of(other), f"{inbox_of(other)}.x", doorbell_of(other)]
        if other not in ASKED[taken_over]:
            named.append(question_subject(other, "x"))
        for subject, answer_to in product(requests_of(taken_over), named):
            await client.publish(subject, b'{"batch": 5, "seq": 1}', reply=answer_to)
        await client.publish(event_of(taken_over), b"{}", reply=event_of(other))
    assert await bus.held() == dict.fromkeys(SERVICES, len(SERVICES))
    assert heard == []
    assert not any(bus.denied.values())


async def test_a_stream_that_a_service_makes_gives_nothing_to_anothers(bus: Bus) -> None:
    for taken_over, other in permutations(SERVICES, 2):
        js = bus.clients[taken_over].jetstream()
        await bus.operator.jetstream().delete_stream(stream_of(taken_over))
        renamed = f"kith.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.{other}.>"
        passing_on = RePublish(src=subjects_of(taken_over), dest=renamed)
        own = [subjects_of(taken_over)]
        config = StreamConfig(name=stream_of(taken_over), subjects=own, republish=passing_on)
        await add_stream_again(js, config)
        pushing = ConsumerConfig(name="pushing", deliver_subject=event_of(other))
        await js.add_consumer(stream_of(taken_over), pushing)
        await js.publish(event_of(taken_over), taken_over.encode())
        traced = {"Nats-Trace-Dest": event_of(other)}
        await bus.clients[taken_over].publish(event_of(taken_over), taken_over.encode(), headers=traced)
        # Whose message it is decides, and not how many there are; looked at before the other makes its stream anew.
        assert (await bus.said())[other] <= {b"{}", other.encode()}
    assert await bus.said() == {service: {service.encode()} for service in SERVICES}


async def test_a_stream_that_a_service_makes_takes_nothing_of_anothers(bus: Bus) -> None:
    for service, client in bus.clients.items():
        await bus.operator.jetstream().delete_stream(stream_of(service))
        everything = StreamConfig(name=stream_of(service), subjects=["kith.>"])
        await add_stream_again(client.jetstream(), everything)
    for service, client in bus.clients.items():
        await client.jetstream().publish(event_of(service), b"{}")
    assert await bus.held() == FULL_OF_ONE


async def test_what_is_no_business_of_a_service_is_denied(bus: Bus) -> None:
    for service, client in bus.clients.items():
        tried = list(_no_business_of(service))
        for subject in tried:
            await client.publish(subject, b"{}", reply=client.new_inbox())
        for subject in UNHEARD:
            await client.subscribe(subject)
        await until(lambda: len(bus.denied[service]) == len(tried) + len(UNHEARD))  # noqa: B023
        refused = "\n".join(bus.denied[service])
        assert [subject for subject in tried if f'publish to "{subject.lower()}"' not in refused] == []
        assert [one for one in UNHEARD if f'subscription to "{one.lower()}"' not in refused] == []
    assert await bus.held() == FULL_OF_ONE


def _no_business_of(service: str) -> Iterator[str]:
    """Name what no service may say, and of each other what this one has no part in."""
    yield from (f"{API}.INFO", f"{API}.STREAM.NAMES", f"{API}.STREAM.LIST", f"{API}.STREAM.CREATE.MINE")
    yield "$SYS.REQ.SERVER.PING"
    for owner in SERVICES:
        stream = stream_of(owner)
        for verb in ("UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            yield f"{API}.STREAM.{verb}.{stream}"
        for verb in ("CREATE", "LIST", "NAMES", "DELETE.mine", "DURABLE.CREATE.mine", "PAUSE.mine"):
            yield f"{API}.CONSUMER.{verb.replace('.mine', '')}.{stream}{'.mine' if 'mine' in verb else ''}"
        yield from (f"{API}.DIRECT.GET.{stream}", f"{API}.DIRECT.GET.{stream}.{event_of(owner)}")
        if owner not in ASKED[service]:
            yield question_subject(owner, "x")
        if owner != service:
            yield from _of_another(service, owner)


def _of_another(service: str, owner: str) -> Iterator[str]:
    stream = stream_of(owner)
    yield from (event_of(owner), doorbell_of(owner), f"{inbox_of(owner)}.x")
    yield from (f"{API}.STREAM.CREATE.{stream}", f"{API}.CONSUMER.CREATE.{stream}.mine")
    yield f"{API}.CONSUMER.CREATE.{stream}.{reader_of(service, owner)}"
    if owner not in SOURCES[service]:
        yield from (f"{API}.STREAM.INFO.{stream}", f"{API}.STREAM.MSG.GET.{stream}")
    for reader in readers_of(owner):
        if reader != reader_of(service, owner):
            for verb in ("INFO", "RESET", "MSG.NEXT"):
                yield f"{API}.CONSUMER.{verb}.{stream}.{reader}"
            yield f"$JS.ACK.{stream}.{reader}.1.1.1.1.1"


async def test_a_question_reaches_whom_it_is_for_and_its_answer_who_asked(bus: Bus) -> None:
    async def answer(message: Msg) -> None:
        await message.respond(b"to " + message.data)

    for service in SERVICES:
        await bus.clients[service].subscribe(question_subject(service, "x"), queue=service, cb=answer)
        await bus.clients[service].flush()
    for service, others in ASKED.items():
        for other in others:
            said = await bus.clients[service].request(question_subject(other, "x"), service.encode())
            assert said.data == b"to " + service.encode()


def test_the_bus_knows_every_reader_and_no_others() -> None:
    of_services = {
        "registry": [],
        "pairing": [from_registry.READER],
        "contact": following.readers(Vault(bytes(32), "contact")),
        "reporting": reporting.readers(),
    }
    made = {(reader.source, reader.name) for some in of_services.values() for reader in some}
    assert made == {(source, name) for source in SERVICES for name in readers_of(source)}
    for service, some in of_services.items():
        assert {reader.source for reader in some} == set(SOURCES[service])
    assert len({subjects_of(service) for service in SERVICES}) == len(SERVICES)
