"""A service's hold on the bus: one connection that never gives up, and what works while it lasts."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import nats.errors
import structlog
from faststream.nats import NatsBroker
from faststream.nats.security import NatsUserPassword
from nats.aio.client import Client

from shared.asking import Question, answer_questions
from shared.event_store import last_position
from shared.quorum import Quorum
from shared.reader import Reader
from shared.receiving import Receiving
from shared.relay import Relay
from shared.running import Running
from shared.settings import Settings
from shared.stopping import stop_if_cancelled
from shared.subjects import doorbell_of
from shared.tending import keep_going, stop
from shared.tracing import OFF, Tracing

PING_SECONDS = 2.0
PING_SECONDS_MAX = 5
SERVER_PING_SECONDS = 10
RECONNECT_SECONDS = 1
CONNECT_SECONDS_MAX = 3
HANDSHAKE_SECONDS_MAX = 0.5
RING_SECONDS = 0.01
"""Rings closer to each other than this are one."""
DRAIN_SECONDS_MAX = 2.0
"""How long a stopping service goes on publishing what its log still holds; the next start does the rest."""
CLOSE_SECONDS_MAX = 3.0

PART = "bus"

log = structlog.get_logger()


class BusClosed(Exception):
    """The client gave its connection up for good: everything on it must be made anew."""


def make_broker(
    settings: Settings, service: str, questions: Sequence[Question[Any, Any]] = (), tracing: Tracing = OFF
) -> NatsBroker:
    """Return a broker that reconnects for ever, answers *questions*, and says each change of its state once."""
    said = _Said()
    broker = NatsBroker(
        random.sample(settings.nats_servers, len(settings.nats_servers)),  # services spread over the servers
        dont_randomize=True,  # who leaves a server comes to another, not to any of them
        name=f"kith-{service}",
        inbox_prefix=f"_INBOX_{service}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_SECONDS,
        connect_timeout=CONNECT_SECONDS_MAX,
        ping_interval=SERVER_PING_SECONDS,
        error_cb=said.failed,
        disconnected_cb=said.disconnected,
        reconnected_cb=said.reconnected,
        closed_cb=said.closed,
        graceful_timeout=CLOSE_SECONDS_MAX,
        apply_types=False,
        logger=None,
        security=_login(settings),
    )
    answer_questions(broker, service, questions, tracing)
    return broker


def client_of(broker: NatsBroker) -> Client:
    """Return the broker's connection; raises IncorrectState before the first one."""
    client: Client = broker.config.connection_state.connection
    return client


async def hold(running: Running, readers: Sequence[Reader], questions: Sequence[Question[Any, Any]]) -> None:
    """Connect, then relay, receive and answer until cancelled; raises BusClosed when that is over for good."""
    try:
        await _start(running.broker)
        log.info("bus_state", state="connected")
        await _work_on(running, client_of(running.broker), readers)
    finally:
        # A broker that failed or was stopped keeps what it had: the next connection gets one of its own.
        running.broker = make_broker(running.settings, running.name, questions, running.tracing)


async def _start(broker: NatsBroker) -> None:
    """Connect and subscribe, however long it takes; cut off in a handshake, let it end and close it in order."""
    starting = asyncio.create_task(broker.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting}, timeout=HANDSHAKE_SECONDS_MAX)
        if starting.done() and starting.exception() is None:
            await _close(broker, client_of(broker))
        else:
            await stop([starting])
        raise


async def _work_on(running: Running, client: Client, readers: Sequence[Reader]) -> None:
    running.relay = Relay(
        running.pool,
        client,
        running.name,
        running.bell,
        running.replica,
        stream_bytes_max=running.settings.stream_bytes_max,
        stream_replicas=running.settings.stream_replicas,
        on_published=running.metrics.relay_published.inc,
        tracing=running.tracing,
    )
    running.receivings = [
        Receiving(
            running.pool,
            client,
            reader,
            running.replica,
            on_taken=running.metrics.taken,
            tracing=running.tracing,
        )
        for reader in readers
    ]
    relaying = asyncio.create_task(keep_going("relay", running.relay.run))
    receiving = [
        asyncio.create_task(keep_going(f"reader:{one.reader.name}", one.run)) for one in running.receivings
    ]
    ringing = asyncio.create_task(keep_going("doorbell", lambda: _ring_the_others(running, client)))
    try:
        await _ping(running, client)
    finally:
        await stop([ringing, *receiving])
        await _drain(running, client)
        await stop([relaying])
        await _close(running.broker, client)


async def _ring_the_others(running: Running, client: Client) -> None:
    """Pass a ring on to the replica whose relay has the lease, where it is not this one."""
    while True:
        await running.doorbell.wait()
        running.doorbell.clear()
        if running.relay is not None and running.relay.state.name == "waiting_for_lease":
            await client.publish(doorbell_of(running.name))
        stop_if_cancelled()
        await asyncio.sleep(RING_SECONDS)


async def _ping(running: Running, client: Client) -> None:
    quorum = Quorum(client, running.name) if len(running.settings.nats_servers) > 1 else None
    while not client.is_closed:
        with suppress(nats.errors.Error, TimeoutError):
            if client.is_connected and await answers(client):
                running.pulses.beat(PART)
        if quorum is not None:
            await quorum.look()
        stop_if_cancelled()
        await asyncio.sleep(PING_SECONDS)
    raise BusClosed(running.name)


async def answers(client: Client) -> bool:
    """Return whether the server answers a ping in time.

    Not by the client's own flush, which calls off what it waits for: where the answer comes after all, the client
    falls over it and hears nothing more until it finds itself stale, up to 30 seconds later (nats-py 2.16).
    """
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    await client._send_ping(answered)  # noqa: SLF001 - only there
    done, _ = await asyncio.wait({answered}, timeout=PING_SECONDS_MAX)
    return bool(done)


async def _drain(running: Running, client: Client) -> None:
    """Publish what is in the log before the broker goes, if that can be done soon."""
    assert running.relay is not None  # noqa: S101 - made by who calls this
    if not client.is_connected:
        return
    with suppress(Exception):
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            async with running.pool.acquire() as connection:
                end = await last_position(connection)
            while running.relay.state.published < end:
                running.bell.set()
                await asyncio.sleep(0.02)


async def _close(broker: NatsBroker, client: Client) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await broker.stop()
    except Exception as failure:  # noqa: BLE001 - it must go either way
        log.warning("bus_closing_failed", error=type(failure).__name__)
        with suppress(Exception):
            await client.close()


class _Said:
    """The state of the connection as it was last said, so that each change is one line."""

    def __init__(self) -> None:
        self._state = "connecting"

    async def failed(self, failure: Exception) -> None:
        self._say("away" if self._state == "connecting" else self._state, type(failure).__name__)

    async def disconnected(self) -> None:
        self._say("disconnected")

    async def reconnected(self) -> None:
        self._say("connected")

    async def closed(self) -> None:
        self._say("closed")

    def _say(self, state: str, error: str | None = None) -> None:
        if state != self._state:
            self._state = state
            level = log.info if state == "connected" else log.warning
            level("bus_state", state=state, error=error)


def _login(settings: Settings) -> NatsUserPassword | None:
    if settings.nats_user is None or settings.nats_password is None:
        return None
    return NatsUserPassword(settings.nats_user, settings.nats_password)
