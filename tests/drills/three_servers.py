"""The drill of a cluster: three servers of the bus, the leader of a stream lost, then a minority cut off."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import httpx
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ClusterInfo

from kith.embedded.spawning import wait_until
from shared.subjects import SERVICES, stream_of
from tests.containers.stack import Stack
from tests.crash.streams import READERS, on_the_bus
from tests.drills.acts import CUT_SECONDS, kill, packets_lost
from tests.drills.at_work import AtWork, small_county_at_work

HERE = Path(__file__).parent
CLUSTER = {"COMPOSE_FILE": f"docker-compose.yml:{HERE / 'cluster.yml'}"}
BETWEEN_SERVERS = 6222
ELECTED_SECONDS_MAX = 60.0
CURRENT_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.5
ASKED_SECONDS_MAX = 5.0
SERVERS = ("nats", "nats-2", "nats-3")


def cluster() -> None:
    """three servers of the bus: the leader lost, then a minority cut off"""
    with small_county_at_work(CLUSTER) as work:
        work.through(
            {
                "the server that led a stream killed": lambda: kill(work.stack, _leader(work.stack)),
                "a server cut off from the others": lambda: _leave_alone(work),
            }
        )


def _leave_alone(work: AtWork) -> None:
    # Who was killed has lost its copies here: until it has them again, no other may go.
    if not wait_until(lambda: _copies_are_current(work.stack), CURRENT_SECONDS_MAX):
        raise AssertionError(f"a copy is still missing\n{work.stack.logs()}")
    server = _with_services(work.stack)
    with packets_lost(work.stack, server, BETWEEN_SERVERS):
        began = time.monotonic()
        if not wait_until(lambda: work.works_since(began), ELECTED_SECONDS_MAX):
            raise AssertionError(f"with {server} alone: {work.unready()}\n{work.stack.logs()}")
        work.tell(f"with {server} alone, everything ready again after {time.monotonic() - began:.1f} s")
        time.sleep(max(0.0, began + CUT_SECONDS - time.monotonic()))


def _with_services(stack: Stack) -> str:
    """Return the server that most services are connected to: they must notice that it is alone, and leave it."""
    connected = {server: _connected_to(stack, server) for server in SERVERS}
    server = max(connected, key=lambda one: len(connected[one]))
    assert connected[server], connected
    return server


def _connected_to(stack: Stack, server: str) -> set[str]:
    told = httpx.get(f"http://{stack.inside(server)}:8222/connz?auth=1", timeout=ASKED_SECONDS_MAX).json()
    return {one.get("authorized_user", "") for one in told["connections"]} & set(SERVICES)


def _leader(stack: Stack) -> str:
    """Return the server that leads the registry's stream, once one does."""
    deadline = time.monotonic() + ELECTED_SECONDS_MAX
    while time.monotonic() < deadline:
        with suppress(NatsError, TimeoutError):
            info = asyncio.run(
                on_the_bus(stack.bus("operator"), lambda js: js.stream_info(stream_of("registry")))
            )
            if info.cluster is not None and info.cluster.leader:
                return str(info.cluster.leader)
        time.sleep(LOOK_SECONDS)
    raise AssertionError("the registry's stream has no leader")


def _copies_are_current(stack: Stack) -> bool:
    """Return whether every server has all of each stream, and of where each of its readers is."""

    async def clusters(js: JetStreamContext) -> list[ClusterInfo | None]:
        streams = [await js.stream_info(stream_of(service)) for service in SERVICES]
        readers = [
            await js.consumer_info(stream_of(source), f"{reader}-from-{source}") for source, reader in READERS
        ]
        return [info.cluster for info in (*streams, *readers)]

    try:
        found = asyncio.run(on_the_bus(stack.bus("operator"), clusters))
    except (NatsError, TimeoutError):
        return False
    return all(each is not None and each.leader and _all_current(each) for each in found)


def _all_current(group: ClusterInfo) -> bool:
    return all(peer.current and not peer.offline for peer in group.replicas or ())
