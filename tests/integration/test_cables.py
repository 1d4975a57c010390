"""Cables that a test pulls: each act tells how many connections it met, and one that met none was in vain."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.crash.chaos import in_use, met_by
from tests.crash.proxy import LOOPBACK, Link, Proxy
from tests.crash.streams import InVain

SECONDS_MAX = 10.0


@contextmanager
def cable_to(server: socket.socket) -> Iterator[Link]:
    with Proxy() as proxy:
        port = server.getsockname()[1]
        yield proxy.link("cable", lambda: [port])


@contextmanager
def cable() -> Iterator[Link]:
    with socket.create_server((LOOPBACK, 0)) as server, cable_to(server) as link:
        yield link


def connect(link: Link, stack: ExitStack, count: int) -> list[socket.socket]:
    ends = [
        stack.enter_context(socket.create_connection((LOOPBACK, link.port), SECONDS_MAX))
        for _ in range(count)
    ]
    end = time.monotonic() + SECONDS_MAX
    while link.connections < count:
        assert time.monotonic() < end
        time.sleep(0.01)
    return ends


def test_a_cable_that_nobody_uses_meets_nobody() -> None:
    with cable() as link:
        assert [link.hold(), link.reset(), link.lose()] == [0, 0, 0]
        with pytest.raises(InVain):
            met_by([link.hold()])
        with pytest.raises(InVain):
            in_use([link])


def test_what_is_lost_already_is_met_by_a_reset_alone() -> None:
    with cable() as link, ExitStack() as stack:
        connect(link, stack, 2)
        assert (link.hold(), in_use([link])) == (2, [link])
        link.release()
        assert [link.lose(), link.lose(), link.hold()] == [2, 0, 0]
        assert link.reset() == 2


def test_both_ends_hear_a_reset_as_one_and_not_as_an_end() -> None:
    with socket.create_server((LOOPBACK, 0)) as server, cable_to(server) as link, ExitStack() as stack:
        [near] = connect(link, stack, 1)
        far = stack.enter_context(server.accept()[0])
        far.settimeout(SECONDS_MAX)
        link.reset()
        for end in (near, far):
            with pytest.raises(ConnectionResetError):
                end.recv(1)
