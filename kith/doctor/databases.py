"""PostgreSQL: its version, its clock, its archive, each schema, and what readers have yet to take."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from kith.doctor.clocks import skew_of
from kith.doctor.finding import Finding, bad, doubtful, well
from shared import clock
from shared.event_store import Connection
from shared.schema import schema_fit
from shared.sql import queries

SQL = queries(__file__)

CONNECT_SECONDS_MAX = 5.0
STATEMENT_SECONDS_MAX = 10.0
VERSION_MIN = 160000
"""The first with grants of roles WITH INHERIT FALSE, which keep the vaults closed."""
HORIZON_SECONDS_MAX = 30.0
LAG_SECONDS_MAX = 60.0
COUNTED_MAX = 10_000


async def connect(dsn: str) -> Connection:
    return await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX)


async def look_at_server(dsn: str) -> list[Finding]:
    """Return how the server is: version, clock, archive, and whether an open transaction holds readers back."""
    connection = await connect(dsn)
    try:
        before = clock.now()
        server = await connection.fetchrow(SQL.server)
        assert server is not None  # noqa: S101 - one row always comes
        findings = [
            version_of_postgres(server["number"], server["version"]),
            skew_of("PostgreSQL", before, server["now"]),
        ]
        archiving = await connection.fetchrow(SQL.archiving)
        assert archiving is not None  # noqa: S101 - a view of one row
        findings += how_it_archives(dict(archiving))
        held = await connection.fetchval(SQL.horizon)
        if held > HORIZON_SECONDS_MAX:
            findings.append(doubtful("doctor_horizon_held", "PostgreSQL", seconds=round(held)))
        return findings
    finally:
        await connection.close()


def how_it_archives(told: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with the archive of WAL, by what the server tells of it."""
    if told["failing"]:
        return [bad("doctor_archive_failing", "PostgreSQL", segment=told["segment"])]
    return [doubtful("doctor_archive_off", "PostgreSQL")] if told["mode"] == "off" else []


def version_of_postgres(number: int, version: str) -> Finding:
    """Return whether the server is recent enough; *number* is its server_version_num."""
    if number < VERSION_MIN:
        return bad("doctor_postgres_old", "PostgreSQL", version=version, least=VERSION_MIN // 10000)
    return well("doctor_version", "PostgreSQL", version=version)


async def look_at_schema(service: str, dsn: str) -> list[Finding]:
    """Return whether this release fits the database of *service*."""
    connection = await connect(dsn)
    try:
        fit = await schema_fit(connection, service)
    finally:
        await connection.close()
    where = f"kith_{service}"
    if fit.contracted:
        return [bad("doctor_schema_too_new", where, names=", ".join(fit.contracted))]
    if fit.changed:
        return [bad("doctor_schema_changed", where, names=", ".join(fit.changed))]
    if fit.missing:
        return [bad("doctor_schema_too_old", where, names=", ".join(fit.missing))]
    if fit.newer:
        return [doubtful("doctor_schema_newer", where, names=", ".join(fit.newer))]
    return [well("doctor_schema", where)]


async def look_at_readers(service: str, databases: Mapping[str, str]) -> list[Finding]:
    """Return how far the readers of *service* are, and whether events are parked."""
    connection = await connect(databases[service])
    try:
        checkpoints = await connection.fetch(SQL.checkpoints)
        parked = await connection.fetch(SQL.parked)
    finally:
        await connection.close()
    findings = [bad("doctor_parked", row["reader"], count=row["count"], service=service) for row in parked]
    for row in checkpoints:
        source = row["reader"].removeprefix(f"{service}-from-")
        if source in databases:
            findings.append(await _behind(row, databases[source]))
    return findings


async def _behind(checkpoint: asyncpg.Record, source_dsn: str) -> Finding:
    source = await connect(source_dsn)
    try:
        row = await source.fetchrow(SQL.behind, checkpoint["tx"], checkpoint["position"], COUNTED_MAX)
    finally:
        await source.close()
    assert row is not None  # noqa: S101 - a count always comes
    told = {"events": row["events"], "seconds": round(row["seconds"])}
    if row["seconds"] > LAG_SECONDS_MAX:
        return bad("doctor_lag", checkpoint["reader"], **told)
    return well("doctor_reader", checkpoint["reader"], **told)
