"""Making a stream where one was deleted a moment ago."""

import asyncio

from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import ServerError

NO_STORE = 10049
"""What nats-server 2.15.1 says while it still clears away the folder of a stream of that name."""
TRIES_MAX = 50
PAUSE_SECONDS = 0.1


async def add_stream_again(js: JetStreamContext, config: StreamConfig) -> None:
    """Add a stream whose name was freed just now; raises ServerError where the server refuses it for good."""
    for _ in range(TRIES_MAX):
        try:
            await js.add_stream(config)
        except ServerError as refused:
            if refused.err_code != NO_STORE:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
    raise AssertionError(f"{config.name} cannot be made anew")
