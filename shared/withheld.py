"""Messages of a stream that its client keeps to itself: it takes them for a status of the server."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime

import orjson
from nats.aio.client import Client

ASK_SECONDS_MAX = 5.0

_STATUS = re.compile(rb"NATS/1\.0\s*\d|\r\nstatus:", re.IGNORECASE)
"""What makes the client take a message for one of the server's: no relay writes it."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Such a message, fetched by its number."""

    data: bytes
    time: datetime


async def withheld(client: Client, stream: str, sequence: int) -> Withheld | None:
    """Return message *sequence* of *stream* if fetching would never bring it; None where it would, or is not there.

    Raises nats.errors.Error and TimeoutError where the server does not answer.
    """
    asked = orjson.dumps({"seq": sequence})
    reply = await client.request(f"$JS.API.STREAM.MSG.GET.{stream}", asked, timeout=ASK_SECONDS_MAX)
    message = orjson.loads(reply.data).get("message")
    if message is None or _STATUS.search(base64.b64decode(message.get("hdrs", ""))) is None:
        return None
    data = base64.b64decode(message.get("data", ""))
    return Withheld(data, datetime.fromisoformat(message["time"]))
