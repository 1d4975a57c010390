"""NATS: its version, its clock, and whether every stream is as it must be and has room."""

from datetime import datetime

import nats
import orjson
from nats.aio.client import Client, ServerVersion
from nats.js.api import DiscardPolicy, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from kith.bus_permissions import OPERATOR, inbox_of
from kith.doctor.clocks import skew_of
from kith.doctor.finding import Finding, bad, doubtful, well
from shared import clock
from shared.subjects import SERVICES, stream_of, subjects_of

CONNECT_SECONDS_MAX = 5
ASK_SECONDS_MAX = 5.0
VERSION_MIN = (2, 14)
"""Readers reset their consumer, which an earlier server does not know."""
LOW_SHARE, FULL_SHARE = 0.8, 0.95
A_PAIR = 2
"""Copies, or servers, of which neither can work without the other."""


async def look_at_bus(url: str) -> list[Finding]:
    """Return how the server and the four streams are."""
    client = await nats.connect(
        url,
        connect_timeout=CONNECT_SECONDS_MAX,
        allow_reconnect=False,
        error_cb=_quiet,
        inbox_prefix=inbox_of(OPERATOR),
    )
    try:
        findings = [
            version_of_nats(client.connected_server_version),
            *whether_a_pair(len(client.servers)),
        ]
        for service in SERVICES:
            findings += await _stream(client, service)
        return findings
    finally:
        await client.close()


async def _quiet(_failure: Exception) -> None:
    """Say nothing: the doctor itself tells what is wrong."""


def whether_a_pair(servers: int) -> list[Finding]:
    """Return what is wrong with a cluster of so many *servers*."""
    return [bad("doctor_two_servers", "NATS")] if servers == A_PAIR else []


def version_of_nats(version: ServerVersion) -> Finding:
    """Return whether the server is recent enough."""
    if (version.major, version.minor) < VERSION_MIN:
        return bad("doctor_nats_old", "NATS", version=str(version), least=".".join(map(str, VERSION_MIN)))
    return well("doctor_version", "NATS", version=f"{version.major}.{version.minor}.{version.patch}")


async def _stream(client: Client, service: str) -> list[Finding]:
    name = stream_of(service)
    before = clock.now()
    try:
        info = await client.jetstream(timeout=ASK_SECONDS_MAX).stream_info(name)
    except NotFoundError:
        return [doubtful("doctor_no_stream", name, service=service)]
    findings = [_as_it_should_be(name, service, info.config), _room(name, info), copies_of(name, info)]
    if service == SERVICES[0]:
        findings.append(await _clock(client, name, before))
    return [finding for finding in findings if finding is not None]


async def _clock(client: Client, name: str, before: datetime) -> Finding | None:
    answer = orjson.loads((await client.request(f"$JS.API.STREAM.INFO.{name}", timeout=ASK_SECONDS_MAX)).data)
    return skew_of("NATS", before, datetime.fromisoformat(answer["ts"])) if "ts" in answer else None


def _as_it_should_be(name: str, service: str, config: StreamConfig) -> Finding:
    wrong = [
        setting
        for setting, right in (
            ("subjects", config.subjects == [subjects_of(service)]),
            ("discard", config.discard == DiscardPolicy.NEW),
            ("max_age", not config.max_age),
            ("max_msgs", config.max_msgs in {None, -1}),
            ("max_msgs_per_subject", config.max_msgs_per_subject in {None, -1}),
            ("deny_purge", config.deny_purge),
            ("deny_delete", config.deny_delete),
            ("allow_atomic", config.allow_atomic),
        )
        if not right
    ]
    if wrong:
        return bad("doctor_stream_wrong", name, settings=", ".join(wrong))
    return well("doctor_stream", name)


def _room(name: str, info: StreamInfo) -> Finding | None:
    limit = info.config.max_bytes or 0
    if limit <= 0:
        return doubtful("doctor_stream_unbounded", name)
    percent = round(info.state.bytes / limit * 100)
    if info.state.bytes > FULL_SHARE * limit:
        return bad("doctor_stream_full", name, percent=percent)
    if info.state.bytes > LOW_SHARE * limit:
        return doubtful("doctor_stream_low", name, percent=percent)
    return None


def copies_of(name: str, info: StreamInfo) -> Finding | None:
    """Return what is wrong with the copies of a stream on the servers of a cluster."""
    if info.config.num_replicas == A_PAIR:
        return bad("doctor_two_copies", name)
    replicas = (info.cluster.replicas or []) if info.cluster else []
    away = [peer.name or "?" for peer in replicas if peer.offline or not peer.current]
    return doubtful("doctor_copy_away", name, servers=", ".join(away)) if away else None
