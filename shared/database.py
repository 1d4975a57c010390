"""The connections of a service to its database, each of which is given up where nobody answers at its other end."""

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any

import asyncpg

from shared.event_store import Connection, Pool
from shared.scope import WHOLE_SCOPE
from shared.settings import Settings

QUERY_SECONDS_MAX = 120.0
"""A query that takes longer has lost its way: it is ended, and its caller told to come again."""
CALLED_OFF_SECONDS_MAX = 5.0
"""How long the server may take to say that a query has ended which was called off."""
CONNECT_SECONDS_MAX = 5.0
"""A server that takes a connection and says nothing so long is away: frozen, or behind a cut cable."""
UNHEARD_SECONDS_MAX = 20
"""How long what was sent may stay without the other machine's word that it came: then the cable is cut."""
KEEPALIVE_SECONDS = 10
"""After how long without a word the other machine is asked whether it is still there, and how often then."""

if TYPE_CHECKING:  # asyncpg's classes take parameters for the checker only
    AsyncpgConnection = asyncpg.Connection[asyncpg.Record]
else:
    AsyncpgConnection = asyncpg.Connection


class CutConnection(AsyncpgConnection):
    """A connection that ends by itself where its cable is cut or its server frozen.

    Left alone, a driver waits for the end of a query that it called off as long as for its answer, and a
    system a quarter of an hour for a machine that says nothing: whoever reads or publishes would stand still.
    """

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *how: Any) -> None:
        super().__init__(protocol, transport, *how)
        _end_where_nobody_hears(transport.get_extra_info("socket"))

    async def _cancel(self, *waiters: Any) -> None:
        """Call the running query off; asyncpg does so when a query takes too long or its caller is cancelled."""
        async with asyncio.timeout(CALLED_OFF_SECONDS_MAX) as limit:
            await super()._cancel(*waiters)  # type: ignore[misc] # asyncpg's own, which its stubs leave out
        if limit.expired():
            self.terminate()


def _end_where_nobody_hears(cable: socket.socket) -> None:
    if cable.family == socket.AF_UNIX or sys.platform != "linux":  # elsewhere these have other names
        return
    cable.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_SECONDS_MAX * 1000)
    cable.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    cable.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    cable.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_SECONDS)


async def pool_of(service: str, settings: Settings) -> Pool:
    """Return the pool; it connects when it is first asked, so that a service starts before its database."""
    return await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        password=settings.database_password,
        min_size=0,
        max_size=settings.database_pool_max,
        timeout=CONNECT_SECONDS_MAX,
        command_timeout=QUERY_SECONDS_MAX,
        connection_class=CutConnection,
        reset=nothing_to_reset,
        server_settings={**WHOLE_SCOPE, "application_name": f"kith-{service}"},
    )


async def nothing_to_reset(_connection: Connection) -> None:
    """Save each request a round trip: settings end with their transaction, locks of a session with the session."""
