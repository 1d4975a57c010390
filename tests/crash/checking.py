"""What must be true when everything runs again: each event once everywhere, nothing parked, nothing restless."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from kith.embedded.spawning import wait_until
from shared.subjects import SERVICES, stream_of
from tests.crash.counties import PARTS, CountyYear
from tests.crash.deployment import House
from tests.crash.streams import on_the_bus
from tests.folding import DoesNotFold, fold_every_stream, read_log
from tests.own_tables import FOLDED, differing

HEALTHY_SECONDS_MAX = 150.0
"""Longer than the longest wait of a service for a database that says nothing: 120 s for the answer to a query,
and 5 in which the end of the query is awaited that was called off."""
LOOKS_MAX, LOOK_SECONDS = 120, 0.5
"""How long a stream may take to be whole again: a relay that has nothing to tell looks every five seconds whether it is
there still, and may first have to wait for the lease of one that was killed."""
REST_SECONDS = 5.0
RESTS_MAX = 3
"""How often it is looked again: a server may still tidy up what it was given, who spins never stops."""
BUSY_SHARE_MAX = 0.02
"""Of one core, for one part that has nothing to do but look now and then: each uses about 0.01."""
FETCH_MAX = 1_000
FETCH_SECONDS = 10.0
SHOWN_MAX = 5

LOG = "SELECT event_id::text FROM kernel.events ORDER BY tx, position"
KEPT = "SELECT event_id::text FROM kept.received WHERE source = $1 ORDER BY arrival"
PARKED = "SELECT reader, event_type, stream_id, error FROM kernel.parked_events ORDER BY parked_id"
BROKEN_STREAMS = """
SELECT s.stream_id FROM kernel.streams s LEFT JOIN kernel.events e USING (stream_id)
 GROUP BY s.stream_id, s.version HAVING count(e.*) <> s.version OR max(e.version) IS DISTINCT FROM s.version
"""
OVERBURDENED = """
SELECT carer_id FROM app.pairs JOIN app.carers c USING (carer_id) WHERE ended_on IS NULL
 GROUP BY carer_id, c.capacity, c.standing HAVING count(*) > c.capacity OR c.standing <> 'cleared'
"""
NAMED = """
SELECT e.data->>$2 AS subject, i.subject_id IS NOT NULL AS kept,
       EXISTS (SELECT FROM kernel.events f
                WHERE f.stream_id = e.stream_id AND f.event_type = 'ChildForgotten') AS forgotten
  FROM kernel.events e LEFT JOIN vault.identities i ON i.subject_id = (e.data->>$2)::uuid
 WHERE e.event_type = $1
"""
BEGIN_WITH_A_NAME = {"registry": ("ChildRegistered", "child_id"), "pairing": ("CarerEnlisted", "carer_id")}
"""The events after which a vault has a name, and of whom."""
PAIRED_TWICE = """
SELECT child_id FROM app.pairs WHERE ended_on IS NULL GROUP BY child_id, kind HAVING count(*) > 1
"""


@dataclass(frozen=True)
class Reached:
    """Where the logs and the streams of a deployment are read, past every service."""

    logs: Mapping[str, str]
    """Of each service the address of its database for the owner."""
    bus: str
    """The address of the bus for the operator."""


def reached(house: House) -> Reached:
    """Return where the logs and streams of a house are read."""
    logs = {service: house.deployment.owner_dsn(house.postgres, service) for service in SERVICES}
    return Reached(logs, house.bus.url)


@dataclass(frozen=True)
class Clause:
    """A sentence that must be true in the end, and everything that speaks against it."""

    says: str
    wrong: Sequence[str] = ()


def differences(where: Reached, county: CountyYear, figures: dict[str, Any]) -> Iterator[str]:
    """Yield, in words, everything that is not as it must be."""
    for clause in clauses(where, county, figures):
        yield from clause.wrong


def clauses(where: Reached, county: CountyYear, figures: dict[str, Any]) -> list[Clause]:
    """Return what must be true of figures, logs, streams and of what reporting keeps, with what is not."""
    wrong = [
        f"{part}: {figures[part]} instead of {county.expected[part]}"
        for part in PARTS
        if figures[part] != county.expected[part]
    ]
    return [
        Clause(f"the figures are those expected: {', '.join(PARTS)}", wrong),
        *asyncio.run(_of_events(where)),
    ]


def wait_for_streams(where: Reached) -> None:
    """Return as soon as every stream holds as many events as its log, or after LOOKS_MAX looks."""
    asyncio.run(_streams_filled(where))


async def _streams_filled(where: Reached) -> None:
    logs = {service: len(await _ids(where, service, LOG)) for service in SERVICES}

    async def wait(js: JetStreamContext) -> None:
        for _ in range(LOOKS_MAX):
            if all([await _messages(js, service) >= events for service, events in logs.items()]):
                break
            await asyncio.sleep(LOOK_SECONDS)

    await on_the_bus(where.bus, wait)


async def _of_events(where: Reached) -> list[Clause]:
    await _streams_filled(where)
    found: list[Clause] = []
    logs = {service: await _ids(where, service, LOG) for service in SERVICES}
    for service, log in logs.items():
        wrong = _compare(f"the log of {service}", log, sorted(set(log)), ordered=False)
        if log:
            in_stream = await on_the_bus(where.bus, lambda js, service=service: stream_ids(js, service))  # type: ignore[misc]
            wrong += _compare(f"the stream of {service}", in_stream, log)
        found.append(
            Clause(f"{service}: {len(log)} events, each once in its log and once in its stream", wrong)
        )
        found.append(await _folding(where, service))
    for source in SERVICES[:3]:
        kept = await _ids(where, "reporting", KEPT, source)
        wrong = _compare(f"what reporting keeps of {source}", kept, logs[source])
        found.append(
            Clause(f"reporting keeps each of {len(kept)} events of {source} once, in their order", wrong)
        )
    return [*found, await _nothing_parked(where), await _of_pairs(where), await _of_names(where)]


async def _folding(where: Reached, service: str) -> Clause:
    """Return that every stream folds, and that the log comes to what stands in the service's own tables."""
    broken = [row["stream_id"] for row in await _rows(where, service, BROKEN_STREAMS)]
    wrong = [f"gap or fork in {service}: {stream}" for stream in broken[:SHOWN_MAX]]
    connection = await asyncpg.connect(where.logs[service])
    try:
        log = await read_log(connection, service)
        fold_every_stream(service, log)
        wrong += await differing(connection, service, log)
    except DoesNotFold as why:
        return Clause(f"{service}: every stream folds", [*wrong, f"in {service} {why}"])
    finally:
        await connection.close()
    own = ", and its own tables are what they come to" if service in FOLDED else ""
    return Clause(
        f"{service}: {len(log.streams)} streams, none with a gap or a fork, and each folds{own}", wrong
    )


async def _nothing_parked(where: Reached) -> Clause:
    parked = [(service, row) for service in SERVICES for row in await _rows(where, service, PARKED)]
    told = [f"parked in {service}: {tuple(row.values())}" for service, row in parked[:SHOWN_MAX]]
    return Clause("nothing is parked", told)


async def _of_pairs(where: Reached) -> Clause:
    """Return which pairs break the rules: who is paired with whom hangs on the order of the lists, the rules do not."""
    overburdened = await _rows(where, "pairing", OVERBURDENED)
    twice = await _rows(where, "pairing", PAIRED_TWICE)
    return Clause(
        "no carer has more children than may be, no child two pairs of a kind",
        [
            *(f"carer {row['carer_id']} has more children than may be" for row in overburdened[:SHOWN_MAX]),
            *(f"child {row['child_id']} has two pairs of a kind" for row in twice[:SHOWN_MAX]),
        ],
    )


async def _of_names(where: Reached) -> Clause:
    """Return whose name is in no vault though nobody forgot it, and whose still is though it was forgotten."""
    told = {
        service: await _rows(where, service, NAMED, *begins) for service, begins in BEGIN_WITH_A_NAME.items()
    }
    wrong = [f"{service}: nobody was ever named" for service, rows in told.items() if not rows]
    wrong += [
        f"{service}: the name of {row['subject']} is {'kept' if row['kept'] else 'lost'}"
        for service, rows in told.items()
        for row in rows
        if row["kept"] is row["forgotten"]
    ]
    count = sum(map(len, told.values()))
    return Clause(
        f"of {count} children and carers each name is in its vault that nobody forgot", wrong[:SHOWN_MAX]
    )


async def _ids(where: Reached, service: str, query: str, *args: object) -> list[str]:
    return [row["event_id"] for row in await _rows(where, service, query, *args)]


async def _rows(where: Reached, service: str, query: str, *args: object) -> Sequence[asyncpg.Record]:
    connection = await asyncpg.connect(where.logs[service])
    try:
        return await connection.fetch(query, *args)
    finally:
        await connection.close()


async def _messages(js: JetStreamContext, service: str) -> int:
    try:
        return (await js.stream_info(stream_of(service))).state.messages
    except NotFoundError:
        return 0  # it was deleted a moment ago, and its relay has not looked yet


async def stream_ids(js: JetStreamContext, service: str) -> list[str]:
    """Return the ids of every message of a stream, in its order."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, headers_only=True, mem_storage=True
    )
    subscription = await js.pull_subscribe("", stream=stream_of(service), config=config)
    last = (await js.stream_info(stream_of(service))).state.last_seq
    ids: list[str] = []
    while len(ids) < last:
        try:
            messages = await subscription.fetch(FETCH_MAX, timeout=FETCH_SECONDS)
        except NatsTimeout:
            break
        ids += [(message.headers or {}).get("ce-id", "?") for message in messages]
    return ids


def _compare(what: str, found: list[str], wanted: list[str], *, ordered: bool = True) -> list[str]:
    """Return what differs between two lists of ids, in words."""
    told = []
    if doubled := [name for name, count in Counter(found).items() if count > 1]:
        told.append(f"{what}: {len(doubled)} events more than once, {doubled[:SHOWN_MAX]}")
    if missing := set(wanted) - set(found):
        told.append(f"{what}: {len(missing)} of {len(wanted)} events missing, {sorted(missing)[:SHOWN_MAX]}")
    if strange := set(found) - set(wanted):
        told.append(f"{what}: {len(strange)} events from nowhere, {sorted(strange)[:SHOWN_MAX]}")
    if ordered and not told and found != wanted:
        told.append(f"{what}: another order than in the log")
    return told


def all_ready(house: House) -> Clause:
    """Return which process ended, or does not say within HEALTHY_SECONDS_MAX that it is ready."""
    wrong = []
    for replica in house.replicas:
        if not wait_until(lambda replica=replica: replica.process.is_ready(), HEALTHY_SECONDS_MAX):  # type: ignore[misc]
            try:
                says = httpx.get(f"{replica.process.address}/readyz", timeout=5.0).text
            except httpx.TransportError as silent:
                says = type(silent).__name__
            wrong.append(f"{replica.name} never became ready: {says}")
    return Clause(f"all {len(house.replicas)} processes of the services run and are ready", wrong)


def shares_at_rest(house: House) -> dict[str, float]:
    """Return of each part what share of a core it uses while there is nothing to do."""
    for _ in range(RESTS_MAX):
        pids = house.pids()
        before = {name: _seconds(pids[name]) for name in pids}
        time.sleep(REST_SECONDS)
        shares = {name: (_seconds(pids[name]) - before[name]) / REST_SECONDS for name in pids}
        if max(shares.values()) <= BUSY_SHARE_MAX:
            break
    return shares


def all_at_rest(house: House) -> Clause:
    """Return who works though there is nothing to do."""
    shares = shares_at_rest(house)
    wrong = [
        f"{name} uses {share:.0%} of a core at rest"
        for name, share in shares.items()
        if share > BUSY_SHARE_MAX
    ]
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return Clause(f"nobody spins; of a core at rest: {told}", wrong)


def _seconds(pids: Sequence[int]) -> float:
    """Return the processor time that *pids* have used, in seconds; nothing for one that ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
