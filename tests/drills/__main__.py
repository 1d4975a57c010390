"""`python -m tests.drills [DRILL …]`: run drills on stacks of their own, and tell how each went.

Needs a container engine, the image (`make image`), and root for what is done to the network.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from nats.errors import Error as NatsError

from kith.embedded.spawning import wait_until
from shared.subjects import SERVICES, stream_of
from tests.containers.stack import Stack
from tests.crash.streams import on_the_bus
from tests.drills.acts import (
    CUT_SECONDS,
    cut_loudly,
    cut_silently,
    hold_still,
    kill,
    packets_lost,
)
from tests.drills.at_work import AtWork, small_county_at_work
from tests.drills.releases import rolling, upgraded
from tests.drills.restoring import restored
from tests.drills.small_disk import disk_full

HERE = Path(__file__).parent
CLUSTER = {"COMPOSE_FILE": f"docker-compose.yml:{HERE / 'cluster.yml'}"}
PORTS = {"nats": 4222, "postgres": 5432}
BETWEEN_SERVERS = 6222
ELECTED_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.5


def killed() -> None:
    """kill -9 of every container in turn"""
    with small_county_at_work() as work:
        services = (*SERVICES, "gateway", "nats", "postgres")
        work.through({f"{service} killed": partial(kill, work.stack, service) for service in services})


def cut_off() -> None:
    """NATS and PostgreSQL cut off, loudly and silently"""
    with small_county_at_work() as work:
        acts: dict[str, Callable[[], object]] = {}
        for server, port in PORTS.items():
            acts[f"{server} off the network for {CUT_SECONDS:.0f} s"] = partial(
                cut_loudly, work.stack, server
            )
            acts[f"{server}'s packets lost for {CUT_SECONDS:.0f} s"] = partial(
                cut_silently, work.stack, server, port
            )
            acts[f"{server} frozen for {CUT_SECONDS:.0f} s"] = partial(hold_still, work.stack, server)
        work.through(acts)


def cluster() -> None:
    """three servers of the bus: the leader lost, then a minority cut off"""
    with small_county_at_work(CLUSTER) as work:
        work.through(
            {
                "the server that led a stream killed": lambda: _lose_the_leader(work),
                "a server cut off from the others": lambda: _leave_alone(work, _leader(work.stack)),
            }
        )


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


def _lose_the_leader(work: AtWork) -> None:
    kill(work.stack, _leader(work.stack))


def _leave_alone(work: AtWork, server: str) -> None:
    with packets_lost(work.stack, server, BETWEEN_SERVERS):
        began = time.monotonic()
        time.sleep(CUT_SECONDS)
        assert wait_until(work.is_healthy, ELECTED_SECONDS_MAX)
        work.tell(f"with {server} alone, everything ready within {time.monotonic() - began:.0f} s")


DRILLS: Mapping[str, Callable[[], None]] = {
    "killed": killed,
    "cut-off": cut_off,
    "disk-full": disk_full,
    "cluster": cluster,
    "rolling": rolling,
    "restored": restored,
    "upgraded": upgraded,
}


def main() -> int:
    """Run the drills that were asked for, up to the first that does not hold; return 0 where all did."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("drills", nargs="*", choices=[*DRILLS, []], default=[])
    for name in parser.parse_args().drills or DRILLS:
        print(f"{name}: {DRILLS[name].__doc__}", flush=True)  # noqa: T201 - what the command is for
        try:
            DRILLS[name]()
        except (AssertionError, TimeoutError) as wrong:
            print(f"  FAILED: {wrong}", flush=True)  # noqa: T201
            return 1
        print("  held: nothing lost, nothing doubled, figures as undisturbed", flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
