"""Logs, streams and readers that were brought to different moments: what differs is found, what can be is mended."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID, uuid5

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from kith.backup import streams
from kith.backup.children import forgotten_unsaid
from kith.backup.cluster import Cluster
from kith.backup.comparing import Compared
from kith.backup.epochs import EPOCH
from kith.backup.forget_lists import forgotten_in
from kith.backup.kept import compare_kept
from kith.backup.mending import mend
from kith.backup.readers import readers_ahead
from kith.backup.realigning import check_nobody_works
from kith.backup.streams import compare_streams, delete_wrong
from kith.backup.witness import count_again, differences, witness
from kith.embedded.nats import RunningNats
from kith.embedded.ports import LOOPBACK
from kith.embedded.postgres import RunningPostgres
from kith.exits import Failed
from shared.contracts.contact import DayAdvanced
from shared.event_store import Append, Meta, NewEvent, Position, append, last_position
from shared.provisioning import ensure_stream
from shared.subjects import SERVICES, stream_of
from tests.conftest import ServiceDatabases

SPACE = UUID("0a9c1f0e-54c3-5f0e-9a3b-6a1f0d2c7e21")
META = Meta(SPACE, SPACE, "test")
DAY = date(2026, 3, 1)
EVENT = DayAdvanced(area="431299", on=DAY, recorded_on=DAY)
NOBODY: dict[str, list[str]] = {"registry": [], "pairing": [], "contact": []}
LAN = str(uuid5(SPACE, "lan"))


@pytest.fixture
async def cluster(postgres: RunningPostgres, service_database: ServiceDatabases) -> Cluster:
    """Give the four databases of this test as one cluster."""
    names = {service: (await service_database(service)).name for service in SERVICES}
    return Cluster(LOOPBACK, postgres.port, postgres.password, databases=names)


@pytest.fixture
async def js(nats_server: RunningNats) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(nats_server.url)
    yield client.jetstream()
    await client.close()


async def say(cluster: Cluster, service: str, *names: str) -> list[Position]:
    """Append an event for each name and return their places."""
    places = []
    async with cluster.of(service) as connection:
        for name in names:
            await append(connection, Append(name, [NewEvent(uuid5(SPACE, name), EVENT)]), META)
            places.append(await last_position(connection))
    return places


async def tell(js: JetStreamContext, service: str, *names: str) -> None:
    """Publish the events of these names into a stream."""
    await ensure_stream(js, service)
    for name in names:
        subject = f"kith.431299.000000000.{service}.DayAdvanced"
        await js.publish(subject, b"{}", headers={"ce-id": str(uuid5(SPACE, name))})


async def test_a_stream_ahead_of_its_log_is_deleted_one_behind_it_stays(
    cluster: Cluster, js: JetStreamContext
) -> None:
    for service in SERVICES[:3]:
        await say(cluster, service, "one", "two", "three")
    await tell(js, "registry", "one", "two", "three", "lost")
    await tell(js, "pairing", "one", "two")
    await tell(js, "contact", "one", "other", "three")

    compared = await compare_streams(cluster, js)
    assert compared == {
        "registry": Compared(log=3, copy=4, first_difference=4),
        "pairing": Compared(log=3, copy=2, first_difference=None),
        "contact": Compared(log=3, copy=3, first_difference=2),
        "reporting": Compared(log=0, copy=0, first_difference=None),
    }
    assert await delete_wrong(js, compared) == ["registry", "contact"]
    left = [service for service in SERVICES if await _has_stream(js, service)]
    assert left == ["pairing"]


async def _has_stream(js: JetStreamContext, service: str) -> bool:
    try:
        await js.stream_info(stream_of(service))
    except NotFoundError:
        return False
    return True


async def test_streams_that_are_being_filled_are_waited_for_and_one_that_stands_still_is_told(
    cluster: Cluster, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(cluster, "pairing", "one", "two")
    await tell(js, "pairing", "one")
    monkeypatch.setattr(streams, "STANDSTILL_SECONDS_MAX", 0.6)
    with pytest.raises(Failed, match=r"relays_stand_still.*pairing"):
        await streams.wait_until_filled(cluster, js)
    await tell(js, "pairing", "two")
    await streams.wait_until_filled(cluster, js)
    assert (await compare_streams(cluster, js))["pairing"].same


async def test_what_reporting_keeps_beyond_a_log_is_found(cluster: Cluster) -> None:
    [place] = await say(cluster, "contact", "one")
    async with cluster.of("reporting") as connection:
        await connection.executemany(
            """INSERT INTO kept.received (tx, position, event_id, version, schema_version, source, event_type,
                                          stream_id, area, data, meta)
               VALUES ($1, $2, $3, 1, 1, 'contact', 'DayAdvanced', 's', '431299', '{}', '{}')""",
            [(*place, uuid5(SPACE, "one")), (place.tx + 1, place.position + 1, uuid5(SPACE, "lost"))],
        )
    assert (await compare_kept(cluster))["contact"] == Compared(log=1, copy=2, first_difference=2)


async def test_a_reader_that_took_what_its_source_lost_is_refused(cluster: Cluster) -> None:
    [place] = await say(cluster, "registry", "one")
    async with cluster.of("contact") as connection:
        put = "INSERT INTO kernel.checkpoints (reader, tx, position) VALUES ('contact-from-registry', $1, $2)"
        await connection.execute(put, *place)
        assert await readers_ahead(cluster) == []
        await connection.execute("UPDATE kernel.checkpoints SET position = position + 1")
    assert [one.reader for one in await readers_ahead(cluster)] == ["contact-from-registry"]
    with pytest.raises(Failed, match="reader_ahead"):
        await mend(cluster, NOBODY)


async def test_a_log_in_a_cluster_that_counts_lower_goes_on_beyond_what_it_said(cluster: Cluster) -> None:
    async with cluster.of("contact") as connection:
        await connection.execute("UPDATE kernel.log SET tx_base = 10 ^ 9")
    [before] = await say(cluster, "contact", "before")
    async with cluster.of("contact") as connection:
        await connection.execute("UPDATE kernel.log SET tx_base = 0")
        assert not await connection.fetchval("SELECT tx_base FROM kernel.log")
    await mend(cluster, NOBODY)
    async with cluster.of("contact") as connection:
        again = Append("before", [NewEvent(uuid5(SPACE, "after"), EVENT)])
        await append(connection, again, META)
        after = await last_position(connection)
    assert after.tx > before.tx + EPOCH // 2


async def test_nothing_is_realigned_while_a_service_is_connected(
    cluster: Cluster, postgres: RunningPostgres, passwords: dict[str, str]
) -> None:
    await check_nobody_works(cluster)
    dsn = postgres.dsn("pairing", passwords["pairing"], cluster.databases["pairing"])
    at_work = await asyncpg.connect(dsn)
    with pytest.raises(Failed, match="still_running"):
        await check_nobody_works(cluster)
    await at_work.close()


async def test_who_is_forgotten_again_is_gone_from_the_vault_and_unsaid_until_the_log_says_so(
    cluster: Cluster,
) -> None:
    async with cluster.of("registry") as connection:
        await connection.execute("INSERT INTO vault.identities (subject_id, data) VALUES ($1, '{}')", LAN)
        await connection.execute(
            """INSERT INTO app.children (child_id, area, birth_date, sixteen_on, sex, file, filed_on, opened_on,
                                         recorded_on)
               VALUES ($1, '431299200201', $2, $2, 'f', '{}', $2, $2, $2)""",
            LAN,
            DAY,
        )
    mended = await mend(cluster, {**NOBODY, "registry": [LAN]})
    assert mended.forgotten_again == {"registry": 1, "pairing": 0, "contact": 0}
    assert (await mend(cluster, {**NOBODY, "registry": [LAN]})).forgotten_again["registry"] == 0
    assert (await forgotten_in(cluster))["registry"] == [LAN]
    assert await forgotten_unsaid(cluster) == [LAN]
    async with cluster.of("registry") as connection:
        assert await connection.fetchval("SELECT count(*) FROM vault.identities") == 0


async def test_a_busy_cluster_has_its_events_witnessed_and_a_quiet_one_every_table(cluster: Cluster) -> None:
    await say(cluster, "contact", "one", "two")
    quiet = await witness(cluster, "quiet")
    assert quiet.quiet
    assert quiet.figures["contact"]["kernel.events"][0] == "2"
    assert "vault.identities" in quiet.figures["registry"]
    assert differences(quiet.figures, await count_again(cluster, None)) == []

    async with cluster.of("registry") as writer, writer.transaction():
        await writer.execute("SELECT pg_current_xact_id()")
        busy = await witness(cluster, "busy", quiet_seconds=0.1)
    await say(cluster, "contact", "three")
    assert not busy.quiet
    assert set(busy.figures["contact"]) == {"kernel.events"}
    assert differences(busy.figures, await count_again(cluster, busy.horizons)) == []
    assert differences(quiet.figures, await count_again(cluster, None)) != []
