"""The sockets that a service listens on: one address, taken from several times in a turn of the event loop."""

import socket

ACCEPTED_A_TURN = 16
"""Connections taken in one turn of the loop. libuv takes one of each socket, and a turn of a service with much to do
lasts for tens of milliseconds: of one socket alone, callers who come all at once would wait for 20 seconds and more,
and not be refused in a moment."""
BACKLOG_MAX = 4_096
"""Connections that wait to be taken, as many as the kernel lets: whoever finds no room is not refused either, but tries
again after 1, 3, 7, 15 seconds, unseen by the service."""


def bound(host: str, port: int) -> list[socket.socket]:
    """Return sockets of the address, which do not listen yet: the same one ACCEPTED_A_TURN times.

    Raises OSError where the address is in use or not of this machine.
    """
    first = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind((host, port))
    except OSError:
        first.close()
        raise
    return [first, *(first.dup() for _ in range(ACCEPTED_A_TURN - 1))]
