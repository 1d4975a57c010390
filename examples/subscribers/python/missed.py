"""Write every missed contact of the areas a Kith subscriber was given into a file, once and in order.

    python missed.py missed.jsonl

Run it again after any stop: it goes on where the file ends. Settings are in the environment:
KITH_BUS, KITH_SUBSCRIBER, KITH_PASSWORD_FILE and KITH_SCHEMAS (docs/subscribing.md).
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import nats
from jsonschema import Draft202012Validator
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext

STREAM = "KITH_CONTACT"
API = "KITH.API"
FETCH_SECONDS = 5
RETRY_SECONDS = 2


class Missed:
    """The file: one line an event, each with its place; the last line says where to go on."""

    def __init__(self, path: Path) -> None:
        lines, _, torn = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
        self.last = json.loads(lines.rpartition(b"\n")[2] or "null")
        self._file = path.open("ab")
        self._file.truncate(self._file.tell() - len(torn))  # a crash in the middle of a line

    def has(self, place: str) -> bool:
        return self.last is not None and in_order(place) <= in_order(self.last["place"])

    def write(self, line: dict) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.last = line


def in_order(place: str) -> list[int]:
    """Return what places are compared by: the transaction, then the position in the log."""
    return [int(number) for number in place.split("-")]


async def follow(client: Client, user: str, schemas: Path, missed: Missed) -> None:
    """Take events until the consumer is gone or made anew; raises nats' Error while there is none."""
    js = client.jetstream(prefix=API)
    made = await made_at(js, user)
    same = missed.last is not None and missed.last["consumer"] == made
    await js.reset_consumer(STREAM, user, seq=missed.last["sequence"] + 1 if same else 1)
    subscription = await js.pull_subscribe_bind(user, STREAM, inbox_prefix=f"_INBOX_{user}.".encode())
    try:
        while True:
            try:
                [message] = await subscription.fetch(1, timeout=FETCH_SECONDS)
            except TimeoutError:
                if await made_at(js, user) != made:
                    return
                continue
            take(message, made, schemas, missed)
            await message.ack()
    finally:
        await subscription.unsubscribe()


async def made_at(js: JetStreamContext, user: str) -> str:
    """Return when the consumer was made: a sequence of the stream means something only as long as it lives."""
    return str((await js.consumer_info(STREAM, user)).created)


def take(message: Msg, made: str, schemas: Path, missed: Missed) -> None:
    """Write the event, unless the file has it; ends the program where going on would be wrong."""
    said = message.headers
    place = f"{said['Kith-Tx']}-{said['Kith-Position']}"
    if missed.last is not None and missed.last["store"] != said["Kith-Store"]:
        sys.exit("This is another log than the one the file holds: look into it, then begin a new file.")
    if missed.has(place):
        return
    event = json.loads(message.data)
    schema = json.loads((schemas / f"{said['ce-type']}.v{said['Kith-Schema-Version']}.json").read_bytes())
    Draft202012Validator(schema).validate(event)
    missed.write(
        {
            "id": said["ce-id"],
            "event": event,
            "store": said["Kith-Store"],
            "place": place,
            "sequence": message.metadata.sequence.stream,
            "consumer": made,
        }
    )


async def main(user: str, password: str, schemas: Path, path: Path) -> None:
    client = await nats.connect(
        os.environ["KITH_BUS"],
        user=user,
        password=password,
        inbox_prefix=f"_INBOX_{user}",
        max_reconnect_attempts=-1,
    )
    while True:
        try:
            await follow(client, user, schemas, Missed(path))
        except (Error, TimeoutError) as away:
            print(f"waiting for the bus: {away!r}", file=sys.stderr)
            await asyncio.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    asyncio.run(
        main(
            user=f"subscriber-{os.environ['KITH_SUBSCRIBER']}",
            password=Path(os.environ["KITH_PASSWORD_FILE"]).read_text(encoding="ascii").strip(),
            schemas=Path(os.environ["KITH_SCHEMAS"]),
            path=Path(sys.argv[1]),
        )
    )
