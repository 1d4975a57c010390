"""The drill of a full disk: the streams lie on a small ext4 of their own, on which not one block is left."""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import nats
from nats.aio.client import Client as Bus
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext

from kith.client import Client, Tokens
from kith.deployment import Deployment
from kith.embedded.databases import owner_of
from kith.embedded.spawning import wait_until
from shared.contracts.event import CarerKind
from shared.envelope import Message, messages_of, place_of
from shared.event_store import SQL as LOG_SQL
from shared.event_store import Connection, read_after
from shared.messages import Language
from shared.subjects import SERVICES, stream_of
from tests.containers.engine import run
from tests.containers.stack import Stack
from tests.crash.streams import on_the_bus
from tests.drills.acts import CUT_SECONDS
from tests.drills.at_work import LOOK_SECONDS_MAX, AtWork, small_county_at_work

HERE = Path(__file__).parent
SMALL_DISK = str(HERE / "small-disk.yml")
SETTINGS = {"COMPOSE_FILE": f"docker-compose.yml:{SMALL_DISK}"}
DISK_BYTES = 128 * 1024**2
BLOCK_BYTES = 1024
"""The smallest there is: on a full disk, what is left of a file's last block takes one message at most."""
ACCOUNT = 10001
FOLDER = "/data"
DOCTORS_FOLDER = "/var/lib/kith/nats"
"""Where the streams lie, as their server and as the doctor know it."""
NOT_STORED = "the bus stored nothing of a batch"
FILL = "; ".join(
    # What deleted files give back once the first ballast is on the disk, the second takes.
    f"dd if=/dev/zero of={FOLDER}/ballast-{n} bs={BLOCK_BYTES}; sync"
    for n in (1, 2)
)
REFUSED_SECONDS_MAX = 60.0
UNREADY_SECONDS_MAX = 30.0
RESTARTED_SECONDS_MAX = 60.0
"""Several of the health check that ends a server whose stream is broken."""
CARERS, EVENTS_OF_A_CARER = 20, 2
"""Enlisted and cleared at once: two events, and so a batch."""
ENLISTED_ON = date(2026, 2, 1)
FITTING_MAX = 5
"""Messages that may find place in what is left of a block."""
ANSWER_SECONDS_MAX = 3.0


def disk_full() -> None:
    """the disk of the streams full: batches refused, then a stream broken"""
    with small_disk() as device, small_county_at_work({**SETTINGS, "KITH_DRILL_DISK": device}) as work:
        work.through(
            {
                "the disk full, batches refused, then room": lambda: _refuse_batches(work),
                "the disk full, a stream broken, then room": lambda: _break_a_stream(work),
            },
            done=0.4,
        )


def _refuse_batches(work: AtWork) -> None:
    """Let the relays knock in vain: no stream is hurt, and with room again they go on by themselves."""
    started = _starts(work.stack)
    with _no_room(work.stack):
        filled = time.monotonic()
        work.pace.allow(0.7)
        refused = _refused(work.stack)
        seconds = time.monotonic() - filled
        _enlist_carers(work.stack)
        time.sleep(CUT_SECONDS)
        _told_by_service_and_doctor(work.stack, refused[0])
        waiting = _recorded(work.stack) - _published(work.stack)
        assert waiting >= EVENTS_OF_A_CARER * CARERS
        work.tell(
            f"batches of {', '.join(refused)} refused {seconds:.0f} s after the disk was full; {CARERS} commands taken"
            f" all the same, {waiting} events recorded and waiting"
        )
    assert _starts(work.stack) == started, "the server was started anew though no stream was broken"


def _enlist_carers(stack: Stack) -> None:
    """Give commands whose events no figure of the year counts: each must be taken, though nothing can be published."""
    deployment = Deployment(stack.data)
    with Client(deployment, Tokens(deployment), Language.EN) as client:
        for n in range(CARERS):
            carer = {
                "name": f"备用{n}",
                "kind": CarerKind.VOLUNTEER,
                "area": deployment.county,
                "capacity": 1,
            }
            client.post("pairing", "/carers", carer | {"cleared": True, "on": ENLISTED_ON.isoformat()})


def _break_a_stream(work: AtWork) -> None:
    """Let one message reach a stream that cannot take it: with room again its server is ended, and starts anew."""
    stack = work.stack
    started = _starts(stack)
    with _no_room(stack):
        work.pace.allow(0.9)
        service = _refused(stack)[0]
        asyncio.run(_publish_singly(stack, service))
        assert "write error" in httpx.get(f"http://{stack.inside('nats')}:8222/healthz").text
        time.sleep(CUT_SECONDS)
        assert _starts(stack) == started, "the server was started anew on a full disk"
    room = time.monotonic()
    if not wait_until(lambda: _starts(stack) > started, RESTARTED_SECONDS_MAX):
        raise AssertionError(f"the server that could not write goes on\n{stack.logs()}")
    took = time.monotonic() - room
    work.tell(f"{stream_of(service)} broken; its server was started anew {took:.0f} s after there was room")


async def _publish_singly(stack: Stack, service: str) -> None:
    """Publish what *service* has yet to say, each event alone, as its relay does with a single one, until none fits."""
    client = await nats.connect(stack.bus(service), inbox_prefix=f"_INBOX_{service}".encode())
    log = await asyncpg.connect(stack.database(owner_of(service), f"kith_{service}"))
    try:
        for _ in range(FITTING_MAX):
            message = await _next(client, log, service)
            try:
                await client.request(
                    message.subject, message.body, ANSWER_SECONDS_MAX, headers=message.headers
                )
            except NatsTimeout:
                return
    finally:
        await log.close()
        await client.close()
    raise AssertionError(f"{stream_of(service)} took {FITTING_MAX} messages though the disk was full")


async def _next(client: Bus, log: Connection, service: str) -> Message:
    """Return the first event of the log that is not in the stream, with the place where it belongs."""
    js = client.jetstream()
    end = (await js.stream_info(stream_of(service))).state.last_seq
    last = await js.get_msg(stream_of(service), end)
    outgoing = await read_after(log, place_of(last.headers or {}), 1)
    [message] = messages_of(service, await log.fetchval(LOG_SQL.store_id), outgoing)
    message.headers["Nats-Expected-Last-Sequence"] = str(end)
    return message


def _told_by_service_and_doctor(stack: Stack, service: str) -> None:
    """See that /readyz of *service* and the doctor say what is wrong, and where."""
    assert wait_until(lambda: not _relay(stack, service)["ok"], UNREADY_SECONDS_MAX)
    files = ("--file", "docker-compose.yml", "--file", SMALL_DISK, "--file", "compose.backup.yml")
    told = json.loads(stack.compose(*files, "run", "--rm", "doctor", "--json", check=False))
    found = {(finding["code"], finding["where"]) for finding in told}
    assert {("doctor_disk_full", DOCTORS_FOLDER), ("doctor_service_unready", service)} <= found, found


def _refused(stack: Stack) -> list[str]:
    """Return the services whose relay is told that nothing is stored, once there are any."""

    def refused() -> list[str]:
        return [service for service in SERVICES if NOT_STORED in _relay(stack, service).get("why", "")]

    if not wait_until(lambda: bool(refused()), REFUSED_SECONDS_MAX):
        raise AssertionError(f"every batch was stored though the disk was full\n{stack.logs()}")
    return refused()


def _relay(stack: Stack, service: str) -> dict[str, Any]:
    """Return what /readyz of *service* says of its relay."""
    told = httpx.get(f"http://{stack.inside(service)}:8080/readyz", timeout=LOOK_SECONDS_MAX).json()
    relay: dict[str, Any] = told["parts"]["relay"]
    return relay


def _recorded(stack: Stack) -> int:
    """Return how many events all logs hold."""

    async def count(service: str) -> int:
        log = await asyncpg.connect(stack.database(owner_of(service), f"kith_{service}"))
        try:
            events: int = await log.fetchval("SELECT count(*) FROM kernel.events")
        finally:
            await log.close()
        return events

    return sum(asyncio.run(count(service)) for service in SERVICES)


def _published(stack: Stack) -> int:
    """Return how many events all streams hold."""

    async def count(js: JetStreamContext) -> int:
        return sum([(await js.stream_info(stream_of(service))).state.messages for service in SERVICES])

    return asyncio.run(on_the_bus(stack.bus("operator"), count))


def _starts(stack: Stack) -> int:
    """Return how often the engine has started the server of the bus anew."""
    starts: int = stack.inspected("nats")["RestartCount"]
    return starts


@contextmanager
def small_disk() -> Iterator[str]:
    """Give the device of an empty disk that belongs to ACCOUNT, nothing of it kept back for root."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "disk.image")
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        layout = ("-q", "-F", "-b", str(BLOCK_BYTES), "-m", "0", "-E", f"root_owner={ACCOUNT}:{ACCOUNT}")
        run("mkfs.ext4", *layout, str(image))
        device = run("losetup", "--find", "--show", str(image)).stdout.strip()
        try:
            yield device
        finally:
            run("losetup", "--detach", device)


@contextmanager
def _no_room(stack: Stack) -> Iterator[None]:
    """Leave not one block where the server keeps its streams, and give the room back."""
    container = stack.container("nats")
    run("docker", "exec", container, "sh", "-c", FILL, check=False)
    free = run("docker", "exec", container, "df", "-P", FOLDER).stdout.split()[-3]
    assert free == "0", f"{free} blocks are left on {FOLDER}"
    try:
        yield
    finally:
        run("docker", "exec", container, "sh", "-c", f"rm {FOLDER}/ballast-*")
