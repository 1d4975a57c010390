"""`python -m tests.drills [DRILL …]`: run drills on stacks of their own, and tell how each went.

Needs a container engine, the image (`make image`), and root for what is done to the network.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial

from shared.subjects import SERVICES
from tests.drills.acts import CUT_SECONDS, cut_loudly, cut_silently, hold_still, kill
from tests.drills.at_work import AtWork, small_county_at_work
from tests.drills.callers import asking
from tests.drills.releases import renewed, rolling, upgraded
from tests.drills.restoring import restored
from tests.drills.small_disk import disk_full
from tests.drills.three_servers import cluster

PORTS = {"nats": 4222, "postgres": 5432}
BEGUN = 0.3
"""Which share of the year lies before the first thing is broken: there is a child then to ask about."""


def killed() -> None:
    """kill -9 of every container in turn"""
    with small_county_at_work() as work:
        services = (*SERVICES, "gateway", "nats", "postgres")
        under_load(work, {f"{service} killed": partial(kill, work.stack, service) for service in services})


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
        under_load(work, acts)


def under_load(work: AtWork, acts: Mapping[str, Callable[[], object]]) -> None:
    """Do *acts* while callers ask and tell beside the clerk, each thing once, whatever they are answered."""
    work.work_up_to(BEGUN)
    with asking(work.stack) as answered:
        work.through(acts, done=BEGUN)
    work.tell(answered.told())


DRILLS: Mapping[str, Callable[[], None]] = {
    "killed": killed,
    "cut-off": cut_off,
    "disk-full": disk_full,
    "cluster": cluster,
    "rolling": rolling,
    "renewed": renewed,
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
