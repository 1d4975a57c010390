"""The real readers of all services on one bus, and a hand that writes on the streams whatever it likes."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import nats
import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext

from services.contact import following
from services.pairing import from_registry
from services.reporting import readers as reporting
from shared.contracts.contact import VisitLogged
from shared.contracts.event import CarerKind, ContactKind, Event, Sex, subject_of
from shared.contracts.pairing import CarerEnlisted
from shared.contracts.registry import ChildFile, ChildRegistered
from shared.envelope import (
    CHECK,
    CORRELATION,
    POSITION,
    SCHEMA_VERSION,
    STORE,
    STREAM,
    TX,
    VERSION,
    Envelope,
    check_of,
)
from shared.event_store import Pool, Position
from shared.provisioning import ensure_readers, ensure_stream
from shared.reader import Reader
from shared.receiving import Receiving
from shared.vault import Vault
from tests.conftest import ServicePools
from tests.integration.house import stop
from tests.integration.shell import SECRET
from tests.servers import BusServer

SPACE = UUID("3f0b6a1e-7d0c-5b5e-9a51-6f2c0a1f7a55")
STORES = {source: uuid5(SPACE, f"store {source}") for source in ("registry", "pairing", "contact")}
READERS: Mapping[str, list[Reader]] = {
    "pairing": [from_registry.READER],
    "contact": following.readers(Vault(SECRET, "contact")),
    "reporting": reporting.readers(),
}
VILLAGE, DAY = "431299100001", date(2026, 3, 1)
TAKEN_SECONDS_MAX = 30.0

Headers = list[tuple[str, bytes]]


@dataclass
class Message:
    """A message as it goes over the wire: nothing in it need be right."""

    source: str
    subject: str
    headers: Headers
    body: bytes
    status: bytes = b""

    def with_header(self, name: str, value: bytes | None) -> "Message":
        """Return the message with one header of another value, or without it."""
        headers = [(key, value if key == name else old) for key, old in self.headers]
        kept = [(key, said) for key, said in headers if said is not None]
        return Message(self.source, self.subject, kept, self.body, self.status)

    def wire(self) -> bytes:
        lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in self.headers)
        head = b"NATS/1.0" + self.status + b"\r\n" + lines + b"\r\n"
        sizes = f"{len(head)} {len(head) + len(self.body)}".encode()
        return b"HPUB " + self.subject.encode() + b" " + sizes + b"\r\n" + head + self.body + b"\r\n"


@dataclass
class Bus:
    """The streams of three sources, who reads them, and the next place in each log."""

    client: Client
    js: JetStreamContext
    wire: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    pools: Mapping[str, Pool]
    receivings: list[Receiving]
    said: Mapping[str, set[Position]]
    """The places of which each reader has said that it took them, or parked what stood there."""
    places: Mapping[str, "itertools.count[int]"] = field(
        default_factory=lambda: {source: itertools.count(1) for source in STORES}
    )

    def message(self, source: str, event: Event, stream: str, store: UUID | None = None) -> Message:
        """Return *event* as the relay of *source* would publish it next, of its log or of another *store*."""
        place, log = str(next(self.places[source])), str(store or STORES[source])
        event_type = type(event).__name__
        headers = {
            "ce-specversion": "1.0",
            "ce-id": str(uuid5(SPACE, f"{source} {place}")),
            "ce-type": event_type,
            "ce-time": "2026-03-01T08:00:00+08:00",
            STORE: log,
            TX: place,
            POSITION: place,
            CHECK: check_of(log, place, place),
            STREAM: stream,
            VERSION: "1",
            SCHEMA_VERSION: "1",
            CORRELATION: str(uuid5(SPACE, place)),
        }
        subject = subject_of(source, event_type, event.area)
        body = event.model_dump_json().encode()
        return Message(source, subject, [(name, value.encode()) for name, value in headers.items()], body)

    async def write(self, *messages: Message) -> None:
        """Put *messages* on the wire as they are, and wait until the server has read them."""
        reader, writer = self.wire
        writer.write(b"".join(message.wire() for message in messages) + b"PING\r\n")
        await writer.drain()
        while (line := await asyncio.wait_for(reader.readline(), TAKEN_SECONDS_MAX)) != b"PONG\r\n":
            assert line, "the server has closed the connection"
            if line == b"PING\r\n":
                writer.write(b"PONG\r\n")
            assert not line.startswith(b"-ERR"), line

    async def publish(self, message: Message) -> int:
        """Publish a good message and return its number in the stream."""
        headers = {name: value.decode() for name, value in message.headers}
        return (await self.js.publish(message.subject, message.body, headers=headers)).seq

    async def taken(self, source: str, sequence: int) -> None:
        """Wait until every reader of *source* is behind message *sequence*."""
        deadline = time.monotonic() + TAKEN_SECONDS_MAX
        of_source = [one for one in self.receivings if one.reader.source == source]
        while any(one.state.stream_sequence < sequence for one in of_source):
            assert time.monotonic() < deadline, [
                (one.reader.name, one.state.name, one.state.error, one.state.stream_sequence, sequence)
                for one in of_source
            ]
            await asyncio.sleep(0.005)

    async def parked(self, reader: str) -> dict[str, str]:
        """Return the ids of the events that *reader* has parked, with the reason."""
        rows = await self.pools[reader.split("-", maxsplit=1)[0]].fetch(
            "SELECT event_id, error FROM kernel.parked_events WHERE reader = $1", reader
        )
        return {row["event_id"]: row["error"] for row in rows}


def good_event(source: str, number: int) -> Event:
    """Return an event of *source* that every reader can take, of a child or carer never heard of before."""
    somebody, dated = (
        uuid5(SPACE, f"{source} somebody {number}"),
        {"area": VILLAGE, "on": DAY, "recorded_on": DAY},
    )
    match source:
        case "registry":
            file = ChildFile(birth_date=date(2016, 1, 1), sex=Sex.MALE)
            return ChildRegistered(child_id=somebody, file=file, **dated)
        case "pairing":
            return CarerEnlisted(
                carer_id=somebody, kind=CarerKind.TEACHER, sex=Sex.FEMALE, capacity=3, school=None, **dated
            )
        case _:
            return VisitLogged(
                visit_id=uuid5(somebody, "visit"),
                child_id=somebody,
                kind=ContactKind.PARENT_CALL,
                reached=True,
                entered_on=DAY,
                in_file=False,
                **dated,
            )


@asynccontextmanager
async def bus_at_work(server: BusServer, service_pool: ServicePools) -> AsyncIterator[Bus]:
    """Run every reader of pairing, contact and reporting on the real project functions."""
    async with AsyncExitStack() as stack:
        client = await nats.connect(server.url_for("operator"))
        stack.push_async_callback(client.close)
        for source in STORES:
            await ensure_stream(client.jetstream(), source)
            await ensure_readers(client.jetstream(), source)
        pools = {service: await service_pool(service) for service in READERS}
        receivings = []
        said: defaultdict[str, set[Position]] = defaultdict(set)

        def on_taken(reader: str, taken: Sequence[Envelope], _seconds: float) -> None:
            said[reader].update(envelope.position for envelope in taken)

        for service, some in READERS.items():
            reading = await nats.connect(
                server.url_for(service), inbox_prefix=f"_INBOX_{service}".encode(), error_cb=_quiet
            )
            stack.push_async_callback(reading.close)
            for one in some:
                receiving = Receiving(pools[service], reading, one, uuid5(SPACE, one.name), on_taken=on_taken)
                receivings.append(receiving)
                stack.push_async_callback(stop, asyncio.create_task(receiving.run()))
        wire = await _wire(server)
        stack.callback(wire[1].close)
        yield Bus(client, client.jetstream(), wire, pools, receivings, said)


async def _quiet(_error: Exception) -> None:
    """A client's complaint about a message: what matters is what the reader makes of it."""


async def _wire(server: BusServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the server as the operator, without a client that would keep to the rules."""
    address = urlsplit(server.url_for("operator"))
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    await reader.readline()
    login = {"user": address.username, "pass": address.password, "headers": True, "verbose": False}
    writer.write(b"CONNECT " + orjson.dumps(login) + b"\r\n")
    return reader, writer
