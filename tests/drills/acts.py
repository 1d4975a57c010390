"""What is done to a container: killed, cut off loudly or silently, held still."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.containers.engine import run
from tests.containers.stack import Stack

CUT_SECONDS = 25.0
"""Longer than every timeout on the way, and than the age at which /readyz gives a part up."""


def kill(stack: Stack, service: str) -> None:
    """End the first process of a container from outside, as the kernel does when memory runs out."""
    os.kill(_pid(stack, service), signal.SIGKILL)


def cut_loudly(stack: Stack, service: str) -> None:
    """Take a container off the network, and put it back; connections to it are refused meanwhile."""
    network, container = f"{stack.settings['COMPOSE_PROJECT_NAME']}_back", stack.container(service)
    run("docker", "network", "disconnect", network, container)
    time.sleep(CUT_SECONDS)
    run("docker", "network", "connect", "--alias", service, network, container)


def cut_silently(stack: Stack, service: str, port: int) -> None:
    """Lose every packet from and to *port* of a container without a word, and let them through again."""
    with packets_lost(stack, service, port):
        time.sleep(CUT_SECONDS)


@contextmanager
def packets_lost(stack: Stack, service: str, port: int) -> Iterator[None]:
    """Lose every packet from and to *port* of a container, on either side of a connection."""
    inside = ("nsenter", "--target", str(_pid(stack, service)), "--net", "iptables")
    rules = [
        (chain, "--protocol", "tcp", side, str(port), "--jump", "DROP")
        for chain in ("INPUT", "OUTPUT")
        for side in ("--dport", "--sport")
    ]
    for rule in rules:
        run(*inside, "--append", *rule)
    try:
        yield
    finally:
        for rule in rules:
            run(*inside, "--delete", *rule)


def hold_still(stack: Stack, service: str) -> None:
    """Freeze a container with its connections open, and let it go on."""
    container = stack.container(service)
    run("docker", "pause", container)
    time.sleep(CUT_SECONDS)
    run("docker", "unpause", container)


def _pid(stack: Stack, service: str) -> int:
    """Return the first process of a container, as this machine numbers it."""
    return int(stack.inspected(service)["State"]["Pid"])
