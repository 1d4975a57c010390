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

    Of a name its first address is taken; `::` is of IPv6 alone. Raises OSError where the address is in use or none
    of this machine's.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    first = socket.socket(family)
    try:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            first.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        first.bind(address)
    except OSError:
        first.close()
        raise
    return [first, *(first.dup() for _ in range(ACCEPTED_A_TURN - 1))]
