"""How a service takes connections: many in one turn of its loop, however long such a turn lasts."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import uvloop

from kith.embedded.ports import LOOPBACK
from shared.listening import ACCEPTED_A_TURN, BACKLOG_MAX, bound

COMERS = 4 * ACCEPTED_A_TURN
TURNS_MAX = 12
"""Four turns take as many as come; a few more pass before and between."""


async def turns_until_all_are_taken(sockets: list[socket.socket]) -> int:
    """Let COMERS connect at once, and return in how many turns of the loop they were all taken."""
    taken: list[asyncio.BaseTransport] = []

    class Take(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken.append(transport)

    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Take, sock=one, backlog=BACKLOG_MAX) for one in sockets]
    comers = [socket.create_connection(sockets[0].getsockname()) for _ in range(COMERS)]
    turns = 0
    while len(taken) < COMERS:
        await asyncio.sleep(0)
        turns += 1
    for transport in taken:
        transport.close()
    for socket_ in comers:
        socket_.close()
    for server in servers:
        server.close()
    return turns


def run(work: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def test_of_all_who_come_at_once_as_many_are_taken_in_a_turn_as_there_are_sockets() -> None:
    assert run(turns_until_all_are_taken(bound(LOOPBACK, 0))) <= TURNS_MAX


def test_of_one_socket_alone_one_is_taken_in_a_turn() -> None:
    """Why there are several: where this fails, the loop takes more by itself, and one will do."""
    first, *others = bound(LOOPBACK, 0)
    for other in others:
        other.close()
    assert run(turns_until_all_are_taken([first])) >= COMERS
