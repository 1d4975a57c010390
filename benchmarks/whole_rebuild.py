"""The whole of reporting that makes its figures anew from what so many children's month left, and what that weighs."""

import asyncio
from dataclasses import astuple

import orjson

from benchmarks.growing import MONTHS
from benchmarks.invented import FIRST_COUNTY, year
from benchmarks.processor import Moment, megabytes_at_most
from benchmarks.rebuilding import load_received
from benchmarks.servers import Servers
from benchmarks.services_at_work import at_work, calling, token
from benchmarks.streaming import fresh_streams
from benchmarks.weighing import held_by
from shared.tokens import Role

REBUILT_MAX = 250_000
"""Children: events of more with their bodies take longer to make than to rebuild from."""
REBUILD_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.2


async def rebuilt(servers: Servers, size: int) -> tuple[float, ...]:
    """Return of how many children it was, µs of clock and of processor for each, and what was held at most.

    Held in MB by the service, and in MiB by PostgreSQL, one of its processes and NATS.
    """
    dsn = await servers.database("reporting")
    count = await load_received(servers, dsn, year(size, months=MONTHS))
    await fresh_streams(servers)
    await servers.settle(dsn)
    operator = token(servers, Role.OPERATOR, (str(FIRST_COUNTY),))
    with at_work(servers, {"reporting": dsn}) as processes:
        process = processes["reporting"]
        pid, postmaster = process.process.pid, servers.postgres.process.pid

        async with calling(process, operator) as caller, held_by(servers) as held:
            began = Moment.now(pid, postmaster)
            await caller.tell("/rebuild/figures", b"")
            async with asyncio.timeout(REBUILD_SECONDS_MAX):
                while (far := orjson.loads(await caller.ask("/rebuild/figures")))["state"] != "done":
                    assert far["state"] in {"asked", "running"}, far
                    await asyncio.sleep(LOOK_SECONDS)
            ended = Moment.now(pid, postmaster)
        assert far["done"] == far["total"] == count, far
        weighs = megabytes_at_most(pid)
    await servers.drop(dsn)
    return size, *began.each_until(ended, size), weighs, *astuple(held)
