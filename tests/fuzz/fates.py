"""What became of every message of a stream, reader by reader: of each exactly one thing, whatever it holds."""

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from shared.envelope import NO_STORE, POSITION, TX
from shared.event_store import Position
from shared.subjects import stream_of
from tests.fuzz.bus_world import Bus

REPEATABLE = b"Nats-Msg-Id"
"""Wears it: the server itself keeps the second of two with one id out of the stream."""

_DIGITS = re.compile(rb"[0-9]{1,18}")


class Fate(StrEnum):
    """What a reader can have made of a message."""

    TAKEN = "taken"
    PARKED = "parked"
    PLACE_TAKEN = "another stands at its place or behind it"


@dataclass(frozen=True)
class Arrived:
    """A message as the stream holds it: its number, and the place in the log that it claims, if any."""

    sequence: int
    place: Position | None
    repeatable: bool


async def arrived(bus: Bus, source: str, first: int, last: int) -> list[Arrived]:
    """Return messages *first* to *last* of the stream of *source*, read past every client."""
    found = []
    for sequence in range(first, last + 1):
        reply = await bus.client.request(
            f"$JS.API.STREAM.MSG.GET.{stream_of(source)}", orjson.dumps({"seq": sequence})
        )
        head = base64.b64decode(orjson.loads(reply.data)["message"].get("hdrs", ""))
        found.append(Arrived(sequence, _place(head), REPEATABLE in head))
    return found


def _place(head: bytes) -> Position | None:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    said = {name: value.strip() for name, _, value in lines}
    tx, position = said.get(TX.encode(), b""), said.get(POSITION.encode(), b"")
    if _DIGITS.fullmatch(tx) and _DIGITS.fullmatch(position):
        return Position(int(tx), int(position))
    return None


async def fates(bus: Bus, reader: str, messages: Sequence[Arrived]) -> Counter[Fate]:
    """Return how many of *messages*, neighbours that begin with a good one, met each fate at *reader*.

    Fails where one met none, or more than one.
    """
    rows = await bus.pools[reader.partition("-")[0]].fetch(
        "SELECT store_id, tx, position FROM kernel.parked_events WHERE reader = $1", reader
    )
    strange = {row["position"] for row in rows if row["store_id"] == NO_STORE}
    parked = {Position(row["tx"], row["position"]) for row in rows if row["store_id"] != NO_STORE}
    fresh = await _kept(bus, reader) | parked
    counted: Counter[Fate] = Counter()
    furthest = Position(-1, -1)
    for message in messages:
        met = []
        if message.sequence in strange:
            met.append(Fate.PARKED)
        elif message.place is not None and message.place <= furthest:
            met.append(Fate.PLACE_TAKEN)
        elif message.place in fresh:
            furthest = message.place
            met += [Fate.PARKED] * (message.place in parked)
            met += [Fate.TAKEN] * (message.place not in parked)
        assert len(met) == 1, (reader, message, met)
        counted.update(met)
    assert counted[Fate.PARKED] == len(rows), "nothing else is parked"
    return counted


async def _kept(bus: Bus, reader: str) -> set[Position]:
    """Return the places that *reader* has taken: reporting keeps every event, of the others it is what they say."""
    service, _, source = reader.partition("-from-")
    if service != "reporting":
        return bus.said[reader]
    rows = await bus.pools[service].fetch("SELECT tx, position FROM kept.received WHERE source = $1", source)
    return {Position(row["tx"], row["position"]) for row in rows}
