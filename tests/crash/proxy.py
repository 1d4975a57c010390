"""Cables that a test can pull: TCP connections held back, lost in silence or reset, in both directions."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS_MAX = 5.0
CALL_SECONDS_MAX = 30.0
NO_FAREWELL = struct.pack("ii", 1, 0)
"""Of a socket that lingers for 0 seconds: the kernel drops what it holds and says RST."""

Ports = Callable[[], Sequence[int]]
"""Where a connection may go now, in the order in which to try."""


@dataclass(eq=False)
class _Connection:
    """Two sockets and the gate between them."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False

    def abort(self) -> None:
        for end in self.ends:
            end.transport.abort()

    def reset(self) -> None:
        """Say RST to both ends, and no FIN: as a firewall does that forgot a connection."""
        for end in self.ends:
            if not end.is_closing():
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_FAREWELL)
        self.abort()


class Link:
    """One cable: a port of its own, and every connection that goes through it."""

    def __init__(self, proxy: "Proxy", name: str, ports: Ports, listen: int = 0) -> None:
        self.name = name
        self._proxy, self._ports = proxy, ports
        self._held = False
        self._connections: set[_Connection] = set()
        self._server = proxy.call(self._listen(listen))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """How many there are now on which something may come through."""
        return len([one for one in list(self._connections) if not one.lost])

    def hold(self) -> int:
        """Let nothing through and say nothing, until release(); who connects meanwhile waits too.

        Return how many connections that met, as reset() and lose() do.
        """
        met: int = self._proxy.call(self._hold())
        return met

    def release(self) -> None:
        """Let through what was held back, in order."""
        self._proxy.call(self._release())

    def reset(self) -> int:
        """Break every connection, with what was on its way; new ones are let through."""
        met: int = self._proxy.call(self._reset())
        return met

    def lose(self) -> int:
        """Let nothing through for ever on the connections of now, and say nothing; new ones are let through."""
        met: int = self._proxy.call(self._lose())
        return met

    def close(self) -> None:
        """Take no connection any more and break those there are; called in the links' thread."""
        self._server.close()
        for connection in self._connections:
            connection.abort()
            connection.gate.set()

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._accept, LOOPBACK, port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached = await self._reach()
        if reached is None:
            writer.transport.abort()
            return
        far_reader, far_writer = reached
        connection = _Connection((writer, far_writer))
        if not self._held:
            connection.gate.set()
        self._connections.add(connection)
        pumps = (_pump(connection, reader, far_writer), _pump(connection, far_reader, writer))
        try:
            await asyncio.gather(*pumps)
        except OSError:
            pass  # one end was reset: the other hears of it below
        finally:
            connection.abort()
            self._connections.discard(connection)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self._ports():
            try:
                async with asyncio.timeout(CONNECT_SECONDS_MAX):
                    reached = await asyncio.open_connection(LOOPBACK, port)
            except (OSError, TimeoutError):
                continue
            if reached[1].get_extra_info("sockname") != reached[1].get_extra_info("peername"):
                return reached
            # Nobody listened, and the kernel had chosen that very port for our own end.
            reached[1].transport.abort()
        return None

    async def _hold(self) -> int:
        self._held = True
        for connection in self._connections:
            connection.gate.clear()
        return self.connections

    async def _release(self) -> None:
        self._held = False
        for connection in self._connections:
            if not connection.lost:
                connection.gate.set()

    async def _reset(self) -> int:
        self._held = False
        for connection in self._connections:
            connection.reset()
            connection.gate.set()
        return len(self._connections)

    async def _lose(self) -> int:
        met = self.connections
        for connection in self._connections:
            connection.lost = True
            connection.gate.clear()
        return met


async def _pump(connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        await connection.gate.wait()
        writer.write(chunk)
        await writer.drain()
    await connection.gate.wait()
    if writer.can_write_eof():
        writer.write_eof()


class Proxy:
    """The thread in which the links of one deployment live."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._links: list[Link] = []

    def link(self, name: str, ports: Ports, listen: int = 0) -> Link:
        """Return a new link that listens on *listen*, or on a free port."""
        self._links.append(Link(self, name, ports, listen))
        return self._links[-1]

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do *work* in the links' thread and return what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS_MAX)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS_MAX)
        self._loop.close()

    async def _end(self) -> None:
        for link in self._links:
            link.close()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            # What pumped ends with its sockets; a task that is cancelled is an error to asyncio's servers.
            await asyncio.wait(others, timeout=2 * CONNECT_SECONDS_MAX)
        await asyncio.sleep(0)  # aborted sockets are closed in the loop's next round
