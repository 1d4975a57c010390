"""The doctor on real servers: well where all is well, and one finding for each thing that was broken."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext

from kith.backup.repository import Repository
from kith.doctor import examining
from kith.doctor.bus import look_at_bus
from kith.doctor.databases import look_at_readers, look_at_schema, look_at_server
from kith.doctor.examining import examine
from kith.doctor.finding import Finding, Level
from kith.doctor.place import Place
from kith.embedded.nats import RunningNats
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
