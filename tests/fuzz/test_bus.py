"""Every event that arrives on the bus, however it is made: taken, parked or refused loudly, and nobody is lost."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from shared.contracts.catalogue import EVENT_CLASSES, SPEAKERS, decode
from shared.contracts.event import Event
from shared.envelope import CHECK, CORRELATION, POSITION, SCHEMA_VERSION, STORE, STREAM, TX, VERSION
from shared.parked import drop_parked
from tests.conftest import ServicePools
from tests.fuzz.bus_world import SPACE, STORES, Bus, Message, bus_at_work, good_event
from tests.fuzz.cases import TIMES, cases
from tests.fuzz.fates import REPEATABLE, Fate, arrived, fates
from tests.integration.house import until
from tests.reporting_world.telling import world
from tests.servers import BusServer

CASES = cases(120, phases=(Phase.generate,))
HUGE = 300_000
SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"


def published(source: str) -> Sequence[Event]:
    """Return one event of every type that *source* has ever published, and the story of a small county."""
    spoken = {event_class.__name__ for event_class in SPEAKERS[source]}
    samples = [path for path in sorted(SAMPLES.glob("*.json")) if path.name.partition(".")[0] in spoken]
    assert {path.name.partition(".")[0] for path in samples} == spoken
    return [*map(sampled, samples), *world(11, days=60).told[source]]


def sampled(path: Path) -> Event:
    name, version, _ = path.name.split(".")
    return decode(name, int(version[1:]), path.read_text(encoding="utf-8"))


TOLD = {source: published(source) for source in STORES}

pytestmark = pytest.mark.timeout(300 * TIMES)


@pytest.fixture
async def bus(nats_server: BusServer, service_pool: ServicePools) -> AsyncIterator[Bus]:
    async with bus_at_work(nats_server, service_pool) as bus:
        yield bus


numbers = st.sampled_from(
    ["", "0", "-1", "2", "x", "1.5", "1_0", "٣", " 1", str(2**15), str(2**31), str(2**63), "9" * 5000]
)
texts = st.sampled_from(["", "\x00", "x" * 5000, "\u202e", "a.b", " ", "'", "NULL"]) | st.text(max_size=20)
moments = st.sampled_from(
    [
        "",
        "yesterday",
        "2026-03-01",
        "2026-03-01T08:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-03-01T08:00:00+08:00[Asia/Shanghai]",
    ]
)
ids = st.sampled_from(["", "x", "00000000-0000-0000-0000-000000000000", "{" + str(SPACE) + "}"]) | texts
values: dict[str, st.SearchStrategy[str]] = {
    "ce-id": ids,
    "ce-type": texts | st.sampled_from(sorted(EVENT_CLASSES)),
    "ce-time": moments,
    CORRELATION: ids,
    SCHEMA_VERSION: numbers,
    VERSION: numbers,
    STREAM: texts,
    STORE: ids,
    TX: numbers,
    POSITION: numbers,
    CHECK: texts,
    "Status": st.sampled_from(["404", "408", "409", "100", "503"]),
    "Nats-Msg-Id": texts,
    "traceparent": texts,
}
scraps = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\x00", "0001-01-01", "9999-12-31", "431299", "x" * HUGE, [], {}, [[]], "2"])
)
raw_headers = st.binary(max_size=80) | st.sampled_from(
    [
        b"",
        b"\r\n",
        b"no colon\r\n",
        b": nameless\r\n",
        b"ce-id: a\r\nce-id: b\r\n",
        b"\xff\xfe: \xff\r\n",
        b"x: \x00\r\n",
        b" folded\r\n",
        b"ce-id:\r\n\tfolded\r\n",
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[Message], Message]:  # noqa: PLR0911 - an arm a kind
    """Draw one thing that is wrong with a message."""
    kind = draw(
        st.sampled_from(
            ["header", "no header", "among headers", "field", "no field", "body", "status", "all headers"]
        )
    )
    match kind:
        case "header":
            name = draw(st.sampled_from(sorted(values)))
            value = draw(values[name]).replace("\r", "").replace("\n", "").encode(errors="replace")
            return lambda message: _with(message, name, value)
        case "no header":
            name = draw(st.sampled_from(sorted(values)))
            return lambda message: message.with_header(name, None)
        case "among headers":
            at, raw = draw(st.integers(0, 12)), draw(raw_headers)
            return lambda message: _Among(
                message.source, message.subject, message.headers, message.body, raw, at
            )
        case "field":
            place, scrap = draw(st.integers(0, 60)), draw(scraps)
            return lambda message: _with_field(message, place, scrap)
        case "no field":
            place = draw(st.integers(0, 60))
            return lambda message: _with_field(message, place, ...)
        case "status":
            status = draw(st.sampled_from([b" 404", b" 503 No Responders", b" 100 Idle", b"x", b" 408"]))
            return lambda message: Message(
                message.source, message.subject, message.headers, message.body, status
            )
        case "all headers":
            raw = draw(raw_headers)
            return lambda message: _Raw(message.source, message.subject, [], message.body, raw)
        case _:
            body = draw(
                st.binary(max_size=40)
                | st.sampled_from(
                    [b"", b"null", b"[]", b"{", b"[" * 5000, b'"' + b"x" * HUGE + b'"', b"\xff{}"]
                )
            )
            return lambda message: Message(message.source, message.subject, message.headers, body)


class _Raw(Message):
    """A message whose header block is any bytes at all."""

    def wire(self) -> bytes:
        head = b"NATS/1.0\r\n" + self.status + b"\r\n"
        sizes = f"{len(head)} {len(head) + len(self.body)}".encode()
        return b"HPUB " + self.subject.encode() + b" " + sizes + b"\r\n" + head + self.body + b"\r\n"


@dataclass
class _Among(Message):
    """A message among whose headers, before line *at*, stand any bytes at all: they may spoil that line too."""

    at: int = 0

    def wire(self) -> bytes:
        lines = [name.encode() + b": " + value + b"\r\n" for name, value in self.headers]
        lines.insert(self.at, self.status)
        head = b"NATS/1.0\r\n" + b"".join(lines) + b"\r\n"
        sizes = f"{len(head)} {len(head) + len(self.body)}".encode()
        return b"HPUB " + self.subject.encode() + b" " + sizes + b"\r\n" + head + self.body + b"\r\n"


def _with(message: Message, name: str, value: bytes) -> Message:
    if not any(key == name for key, _ in message.headers):
        return Message(message.source, message.subject, [*message.headers, (name, value)], message.body)
    return message.with_header(name, value)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place of an event: who holds it and under which name, those of its parts too.

    Of a list the first item stands for all.
    """
    if isinstance(value, list):
        return [(value, 0), *_places(value[0])] if value else []
    if isinstance(value, dict):
        return [place for name in sorted(value) for place in ((value, name), *_places(value[name]))]
    return []


def _with_field(message: Message, place: int, scrap: Any) -> Message:
    body = json.loads(message.body)
    places = _places(body)
    inside, name = places[place % len(places)]
    if scrap is ...:
        del inside[name]
    else:
        inside[name] = scrap
    return Message(message.source, message.subject, message.headers, json.dumps(body).encode())


@CASES
@given(
    source=st.sampled_from(sorted(STORES)),
    wrong=st.lists(st.tuples(st.integers(0, 200), mutations()), min_size=1, max_size=6),
)
async def test_whatever_arrives_good_neighbours_are_taken_and_nothing_hangs(
    bus: Bus, source: str, wrong: Sequence[tuple[int, Callable[[Message], Message]]]
) -> None:
    before = neighbour(bus, source)
    sent = [mutate(told(bus, source, pick)) for pick, mutate in wrong]
    behind = neighbour(bus, source)
    first = await bus.publish(before)
    await bus.write(*sent)
    last = await bus.publish(behind)
    await bus.taken(source, last)

    await every_message_met_one_fate(bus, source, first, last, sent)
    await good_ones_were_taken(bus, source, [before, behind])
    await _clear(bus)


def neighbour(bus: Bus, source: str) -> Message:
    """Return a good message, the next of its log."""
    number = next(bus.places[source])
    return bus.message(source, good_event(source, number), f"good-{number}")


def told(bus: Bus, source: str, pick: int) -> Message:
    """Return one of the events that are told, the next of its log."""
    event = TOLD[source][pick % len(TOLD[source])]
    return bus.message(source, event, f"{type(event).__name__}-{next(bus.places[source])}")


async def every_message_met_one_fate(
    bus: Bus, source: str, first: int, last: int, wrong: Sequence[Message]
) -> None:
    """Fail unless all that was sent is in the stream, and every reader has taken or parked it or knew its place."""
    messages = await arrived(bus, source, first, last)
    single = [message for message in wrong if REPEATABLE not in message.wire()]
    assert sum(not message.repeatable for message in messages[1:-1]) == len(single)
    for receiving in bus.receivings:
        met = await fates(bus, receiving.reader.name, messages if receiving.reader.source == source else [])
        if receiving.reader.source == source:
            assert met.total() == len(messages)
            assert receiving.state.name in {"idle", "receiving"}


async def good_ones_were_taken(bus: Bus, source: str, good: Sequence[Message]) -> None:
    ids = {dict(message.headers)["ce-id"].decode() for message in good}
    for receiving in bus.receivings:
        assert not ids & set(await bus.parked(receiving.reader.name))
    kept = await bus.pools["reporting"].fetch(
        "SELECT event_id::text FROM kept.received WHERE source = $1 AND event_id::text = ANY ($2::text[])",
        source,
        sorted(ids),
    )
    assert {row["event_id"] for row in kept} == ids


@pytest.mark.parametrize("status", ["404", "408", "409", "100", "503", "500"])
async def test_what_a_client_takes_for_the_server_s_word_is_parked_wherever_it_stands(
    bus: Bus, status: str
) -> None:
    source = "registry"
    before, sent = neighbour(bus, source), []
    for good in (0, 1, 5):
        for wear in (_status_header, _status_alone):
            sent += [neighbour(bus, source) for _ in range(good)] + [wear(neighbour(bus, source), status)]
    behind = neighbour(bus, source)
    first = await bus.publish(before)
    await bus.write(*sent)
    last = await bus.publish(behind)
    await bus.taken(source, last)

    messages = await arrived(bus, source, first, last)
    for receiving in bus.receivings:
        if receiving.reader.source == source:
            met = await fates(bus, receiving.reader.name, messages)
            assert met == {Fate.TAKEN: 14, Fate.PARKED: 6}


def _status_header(message: Message, status: str) -> Message:
    return _with(message, "Status", status.encode())


def _status_alone(message: Message, status: str) -> Message:
    return Message(message.source, message.subject, [], message.body, f" {status}".encode())


NO_VALUES: Sequence[Any] = (..., None, {})
"""A field that is not there at all, is null, or is something else."""


@pytest.mark.parametrize("source", sorted(STORES))
async def test_every_event_without_any_of_its_fields_or_parts_leaves_its_neighbours(
    bus: Bus, source: str
) -> None:
    good, wrong = [neighbour(bus, source)], []
    first = await bus.publish(good[0])
    for event in published(source)[: len(SPEAKERS[source])]:
        for place in range(len(_places(event.model_dump(mode="json")))):
            for scrap in NO_VALUES:
                number = next(bus.places[source])
                whole = bus.message(source, event, f"{type(event).__name__}-{number}")
                wrong.append(_with_field(whole, place, scrap))
                await bus.write(wrong[-1])
        good.append(neighbour(bus, source))
        last = await bus.publish(good[-1])
    await bus.taken(source, last)

    await good_ones_were_taken(bus, source, good)
    messages = await arrived(bus, source, first, last)
    assert len(messages) == len(wrong) + len(good)
    for receiving in bus.receivings:
        if receiving.reader.source == source:
            met = await fates(bus, receiving.reader.name, messages)
            assert met[Fate.TAKEN] >= len(good)
            assert met[Fate.PARKED] > 0
            assert met[Fate.TAKEN] + met[Fate.PARKED] == len(messages)


async def _clear(bus: Bus) -> None:
    """Drop what was parked: where nothing is, the next example meets the way of whole batches."""
    for pool in bus.pools.values():
        for row in await pool.fetch("SELECT parked_id FROM kernel.parked_events"):
            await drop_parked(pool, row["parked_id"])


async def test_events_of_another_log_stop_their_readers_loudly_and_nobody_else(bus: Bus) -> None:
    first = await bus.publish(bus.message("registry", good_event("registry", 1), "child-1"))
    await bus.taken("registry", first)
    await bus.publish(bus.message("registry", good_event("registry", 2), "child-2", SPACE))
    of_registry = [one for one in bus.receivings if one.reader.source == "registry"]

    async def stopped() -> bool:
        return all((one.state.name, one.state.error) == ("failing", "SourceReplaced") for one in of_registry)

    await until(stopped)
    assert [one.state.stream_sequence for one in of_registry] == [first] * len(of_registry)
    other = await bus.publish(bus.message("pairing", good_event("pairing", 3), "carer-3"))
    await bus.taken("pairing", other)
    messages = await arrived(bus, "registry", first, first + 1)
    for receiving in of_registry:
        assert await fates(bus, receiving.reader.name, messages[:1]) == {Fate.TAKEN: 1}
        assert messages[1].place not in bus.said[receiving.reader.name]


FAR = str(10**15).encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [(TX, FAR), (POSITION, FAR), (TX, b"0"), (STORE, str(SPACE).encode()), (CHECK, b"00000000")],
)
async def test_an_event_whose_place_was_spoilt_is_parked_and_those_behind_it_are_taken(
    bus: Bus, name: str, value: bytes
) -> None:
    good = [neighbour(bus, "registry") for _ in range(3)]
    first = await bus.publish(good[0])
    await bus.publish(neighbour(bus, "registry").with_header(name, value))
    await bus.publish(good[1])
    last = await bus.publish(good[2])
    await bus.taken("registry", last)

    await good_ones_were_taken(bus, "registry", good)
    messages = await arrived(bus, "registry", first, last)
    for receiving in bus.receivings:
        if receiving.reader.source == "registry":
            met = await fates(bus, receiving.reader.name, messages)
            assert met == {Fate.TAKEN: 3, Fate.PARKED: 1}


async def test_an_event_of_a_release_that_wrote_no_check_is_taken(bus: Bus) -> None:
    old = neighbour(bus, "registry").with_header(CHECK, None)
    await bus.taken("registry", await bus.publish(old))
    await good_ones_were_taken(bus, "registry", [old])


async def test_an_event_told_again_at_its_place_is_taken_once(bus: Bus) -> None:
    said = [bus.message("registry", good_event("registry", n), f"child-{n}") for n in range(3)]
    for message in (*said, said[1], said[0]):
        last = await bus.publish(message)
    last = await bus.publish(bus.message("registry", good_event("registry", 9), "child-9"))
    await bus.taken("registry", last)
    assert await bus.pools["reporting"].fetchval("SELECT count(*) FROM kept.received") == 4
    for receiving in bus.receivings:
        assert await bus.parked(receiving.reader.name) == {}
