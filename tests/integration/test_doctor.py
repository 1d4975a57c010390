"""The doctor on real servers: well where all is well, and one finding for each thing that was broken."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import ServerVersion
from nats.js import JetStreamContext
from nats.js.api import ClusterInfo, PeerInfo

from kith.backup.manifest import Manifest
from kith.backup.repository import Repository
from kith.doctor import databases as doctor_of_databases
from kith.doctor import examining
from kith.doctor.backups import look_at_backups
from kith.doctor.bus import copies_of, look_at_bus, version_of_nats, whether_a_pair
from kith.doctor.databases import (
    how_it_archives,
    look_at_readers,
    look_at_schema,
    look_at_server,
    version_of_postgres,
)
from kith.doctor.examining import examine
from kith.doctor.finding import Finding, Level, bad, doubtful
from kith.doctor.place import Place
from kith.embedded.nats import RunningNats
from shared import clock
from shared.provisioning import ensure_stream
from shared.subjects import SERVICES, stream_of
from tests.conftest import ServiceDatabase, ServiceDatabases

NOWHERE = "http://127.0.0.1:9"


def of(findings: list[Finding], level: Level) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in findings if finding.level is level}


@pytest.fixture
async def databases(service_database: ServiceDatabases) -> dict[str, ServiceDatabase]:
    return {service: await service_database(service) for service in SERVICES}


@pytest.fixture
async def js(nats_server: RunningNats) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(nats_server.url)
    streams = client.jetstream()
    for service in SERVICES:
        await ensure_stream(streams, service)
    yield streams
    await client.close()


async def test_a_healthy_server_bus_and_schema_are_well(
    databases: dict[str, ServiceDatabase], js: JetStreamContext, nats_server: RunningNats
) -> None:
    found = await look_at_server(databases["contact"].dsn) + await look_at_bus(nats_server.url)
    for service, database in databases.items():
        found += await look_at_schema(service, database.dsn)
    assert of(found, Level.BAD) == of(found, Level.WARNING) == set()
    assert ("doctor_clock", "PostgreSQL") in of(found, Level.WELL)
    assert ("doctor_clock", "NATS") in of(found, Level.WELL)
    assert ("doctor_stream", "KITH_CONTACT") in of(found, Level.WELL)


async def test_a_stream_that_forgets_is_full_or_is_gone_is_told(
    js: JetStreamContext, nats_server: RunningNats
) -> None:
    for _ in range(10):
        await js.publish("kith.431299.000000000.registry.Told", b"x" * 100)
    info = await js.stream_info(stream_of("registry"))
    await js.update_stream(info.config.evolve(max_msgs=10, max_bytes=info.state.bytes + 1))
    await js.delete_stream(stream_of("pairing"))

    found = await look_at_bus(nats_server.url)
    assert of(found, Level.BAD) == {
        ("doctor_stream_wrong", "KITH_REGISTRY"),
        ("doctor_stream_full", "KITH_REGISTRY"),
    }
    assert of(found, Level.WARNING) == {("doctor_no_stream", "KITH_PAIRING")}
    wrong = next(finding for finding in found if finding.code == "doctor_stream_wrong")
    assert wrong.params["settings"] == "max_msgs"


async def test_parked_events_and_a_reader_that_stands_still_are_told(
    databases: dict[str, ServiceDatabase],
) -> None:
    registry = await asyncpg.connect(databases["registry"].owner_dsn)
    await registry.execute(
        """INSERT INTO kernel.events (tx, stored_at, version, schema_version, event_id, stream_id, event_type,
                                     data, meta)
           VALUES (7, now() - interval '5 minutes', 1, 1, gen_random_uuid(), 's', 'T', '{}', '{}')"""
    )
    await registry.close()
    contact = await asyncpg.connect(databases["contact"].owner_dsn)
    await contact.execute("INSERT INTO kernel.checkpoints (reader) VALUES ('contact-from-registry')")
    await contact.execute(
        """INSERT INTO kernel.parked_events (reader, source, store_id, tx, position, stream_id, version, event_id,
                                             event_type, schema_version, data, meta, error, attempts)
           VALUES ('contact-from-registry', 'registry', gen_random_uuid(), 1, 1, 's', 1, 'e', 'T', 1, '',
                   '{}', 'x', 1)"""
    )
    await contact.close()

    dsns = {service: database.dsn for service, database in databases.items()}
    found = await look_at_readers("contact", dsns)
    assert of(found, Level.BAD) == {
        ("doctor_parked", "contact-from-registry"),
        ("doctor_lag", "contact-from-registry"),
    }


async def test_a_schema_that_lacks_a_migration_is_told(service_database: ServiceDatabases) -> None:
    database = await service_database("contact")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("DELETE FROM migrations.applied WHERE name = 'contact/0001_contacts'")
    await owner.close()
    found = await look_at_schema("contact", database.dsn)
    assert of(found, Level.BAD) == {("doctor_schema_too_old", "kith_contact")}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "INSERT INTO migrations.applied (name, checksum) VALUES ('contact/9001_later', 'x')",
            ("doctor_schema_newer", Level.WARNING),
        ),
        (
            """INSERT INTO migrations.applied (name, checksum, needs)
               VALUES ('contact/9002_gone', 'x', 'contact/9001_later')""",
            ("doctor_schema_too_new", Level.BAD),
        ),
        (
            "UPDATE migrations.applied SET checksum = 'x' WHERE name = 'contact/0001_contacts'",
            ("doctor_schema_changed", Level.BAD),
        ),
    ],
)
async def test_a_schema_of_another_release_is_told(
    service_database: ServiceDatabases, statement: str, found: tuple[str, Level]
) -> None:
    database = await service_database("contact")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(statement)
    await owner.close()
    findings = await look_at_schema("contact", database.dsn)
    assert [(finding.code, finding.level) for finding in findings] == [found]


async def test_a_transaction_that_was_left_open_is_told(
    service_database: ServiceDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_of_databases, "HORIZON_SECONDS_MAX", 0.0)
    database = await service_database("contact")
    owner = await asyncpg.connect(database.owner_dsn)
    async with owner.transaction():
        await owner.execute("SELECT pg_current_xact_id()")
        found = await look_at_server(database.dsn)
    await owner.close()
    assert ("doctor_horizon_held", "PostgreSQL") in of(found, Level.WARNING)


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({"mode": "on", "failing": False, "segment": "-"}, []),
        ({"mode": "off", "failing": False, "segment": "-"}, ["doctor_archive_off"]),
        ({"mode": "on", "failing": True, "segment": "0001"}, ["doctor_archive_failing"]),
    ],
)
def test_an_archive_that_takes_nothing_is_told(told: dict[str, Any], codes: list[str]) -> None:
    assert [finding.code for finding in how_it_archives(told)] == codes


def test_servers_that_are_too_old_are_told() -> None:
    assert version_of_postgres(150004, "15.4").code == "doctor_postgres_old"
    assert version_of_postgres(160000, "16.0").code == "doctor_version"
    assert version_of_nats(ServerVersion("2.13.9")).code == "doctor_nats_old"
    assert version_of_nats(ServerVersion("2.14.0")).code == "doctor_version"


async def test_a_stream_without_a_bound_or_with_little_room_is_told(
    js: JetStreamContext, nats_server: RunningNats
) -> None:
    for service in ("registry", "contact"):
        for _ in range(10):
            await js.publish(f"kith.431299.000000000.{service}.Told", b"x" * 100)
    registry, contact = [await js.stream_info(stream_of(service)) for service in ("registry", "contact")]
    await js.update_stream(registry.config.evolve(max_bytes=-1))
    await js.update_stream(contact.config.evolve(max_bytes=contact.state.bytes * 10 // 9))
    found = await look_at_bus(nats_server.url)
    assert of(found, Level.WARNING) == {
        ("doctor_stream_unbounded", "KITH_REGISTRY"),
        ("doctor_stream_low", "KITH_CONTACT"),
    }


def test_two_servers_are_told() -> None:
    assert [whether_a_pair(servers) for servers in (1, 3)] == [[], []]
    assert whether_a_pair(2) == [bad("doctor_two_servers", "NATS")]


async def test_two_copies_of_a_stream_and_copies_that_are_away_are_told(js: JetStreamContext) -> None:
    info = await js.stream_info(stream_of("contact"))
    assert copies_of("KITH_CONTACT", info) is None
    info.config.num_replicas = 2
    assert copies_of("KITH_CONTACT", info) == bad("doctor_two_copies", "KITH_CONTACT")
    info.config.num_replicas = 3
    peers = [PeerInfo("here", True), PeerInfo("behind", False), PeerInfo("gone", True, offline=True)]
    info.cluster = ClusterInfo(leader="here", name="kith", replicas=peers)
    assert copies_of("KITH_CONTACT", info) == doubtful(
        "doctor_copy_away", "KITH_CONTACT", servers="behind, gone"
    )


@pytest.mark.parametrize(("hours", "found"), [(25, "doctor_backup"), (27, "doctor_backup_old")])
def test_a_backup_that_is_too_old_is_told(tmp_path: Path, hours: int, found: str) -> None:
    moment = clock.now() - timedelta(hours=hours)
    folder = tmp_path / "20260101T000000Z"
    folder.mkdir()
    Manifest(
        name=folder.name,
        begun_at=moment,
        witnessed_at=moment,
        restore_point="kith",
        quiet=True,
        horizons={},
        figures={},
        postgres="17",
        system_identifier="1",
        first_wal="0",
        last_wal="1",
        bytes=1,
        schema={},
        vault_secret=None,
    ).write(folder)
    assert [finding.code for finding in look_at_backups(Repository(tmp_path))] == [found]


async def test_what_is_away_is_told_and_the_rest_is_looked_at(
    databases: dict[str, ServiceDatabase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "CHECK_SECONDS_MAX", 3.0)
    place = Place(
        databases={service: database.dsn for service, database in databases.items()},
        bus="nats://127.0.0.1:9",
        services=dict.fromkeys(SERVICES, NOWHERE),
        folders={"data": tmp_path},
        backups=Repository(tmp_path),
    )
    found = await examine(place)
    assert {where for code, where in of(found, Level.BAD) if code == "doctor_away"} == {"NATS"}
    assert {where for code, where in of(found, Level.BAD) if code == "doctor_service_away"} == {*SERVICES}
    assert ("doctor_no_backup", str(tmp_path)) in of(found, Level.WARNING)
    assert ("doctor_schema", "kith_contact") in of(found, Level.WELL)
    assert found == sorted(found, key=lambda one: [Level.BAD, Level.WARNING, Level.WELL].index(one.level))

    gone = replace(place, databases=dict.fromkeys(SERVICES, "postgresql://x@127.0.0.1:9/x"))
    away = {where for code, where in of(await examine(gone), Level.BAD) if code == "doctor_away"}
    assert {"PostgreSQL", "kith_contact", "readers of contact"} <= away
