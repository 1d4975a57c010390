"""Leaving a server of the bus that lost the others: it keeps its clients, and answers nothing about streams."""

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client

from shared import clock
from shared.subjects import stream_of

ASK_SECONDS_MAX = 2.0
SILENT_SECONDS_MAX = 5.0
"""An election takes about as long; who leaves earlier only meets it elsewhere."""

log = structlog.get_logger()


class Quorum:
    """What a service's connection knows of the server at its other end, where there are several."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._js = client.jetstream(timeout=ASK_SECONDS_MAX)
        self._stream = stream_of(service)
        self._answered = clock.elapsed()

    async def look(self) -> None:
        """Ask about the service's stream; go to another server where nothing answered for too long.

        A server on the small side of a partition answers pings for ever, so that no client would leave it.
        """
        if await self._answers():
            self._answered = clock.elapsed()
        elif self._client.is_connected and clock.elapsed() - self._answered > SILENT_SECONDS_MAX:
            log.warning("bus_server_left")
            self._answered = clock.elapsed()
            await self._client.force_reconnect()

    async def _answers(self) -> bool:
        try:
            info = await self._js.stream_info(self._stream)
        except nats.js.errors.ServiceUnavailableError:
            return False
        except nats.js.errors.APIError:
            return True  # that there is no such stream is an answer
        except (nats.errors.Error, TimeoutError):
            return False
        # A server that follows nobody tells what it remembers of the stream, and knows no leader of it.
        return info.cluster is None or info.cluster.leader is not None
