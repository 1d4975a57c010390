"""Kept-alive connections to a service, shared by many callers: the load must not cost more than the work."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Self

from kith.embedded.ports import LOOPBACK

ANSWER_SECONDS_MAX = 30.0
HEAD_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes


class Connection:
    """One connection: a request, then its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection(LOOPBACK, port, limit=HEAD_BYTES_MAX))

    @property
    def open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    async def exchange(self, request: bytes) -> Answer:
        """Send *request* and return what comes; raises OSError or EOFError where the connection breaks."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return Answer(status, await self._chunks())
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return Answer(status, await self._reader.readexactly(length))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body

    def close(self) -> None:
        self._writer.close()


@dataclass
class Connections:
    """The connections to one service: as many as there are requests under way, and kept for the next."""

    port: int
    token: str
    _idle: deque[Connection] = field(default_factory=deque)

    async def ask(
        self, method: str, path: str, body: bytes = b"", accept: str = "application/json"
    ) -> Answer:
        """Return the answer to one request; raises OSError, EOFError or TimeoutError where none comes."""
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: kith\r\nAuthorization: Bearer {self.token}\r\nAccept: {accept}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            connection = await self._one()
            try:
                answer = await connection.exchange(request)
            except BaseException:
                connection.close()
                raise
        self._idle.append(connection)
        return answer

    async def _one(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
            connection.close()
        return await Connection.to(self.port)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
