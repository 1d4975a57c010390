"""Forward-only migrations: the kernel's, then a service's, each once, checksummed, under a lock."""

from collections.abc import Iterable
from dataclasses import replace

import asyncpg

from shared.schema import Migration, SchemaUnfit, applied_to, fit_of, migrations_of

LOCK_KEY = 0x6B697468
"""The advisory lock that migrations of one database take, so that two replicas do not run at once."""
LOCK_TIMEOUT = "60s"

_LEDGER = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
  name       text PRIMARY KEY,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE migrations.applied ADD COLUMN IF NOT EXISTS needs text;
"""

_RECORD = "INSERT INTO migrations.applied (name, checksum, needs) VALUES ($1, $2, $3)"

_GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA app TO :service;
GRANT USAGE ON SCHEMA migrations TO :service;
GRANT SELECT ON migrations.applied TO :service
"""


async def migrate(owner_dsn: str, service: str, wanted: Iterable[Migration] | None = None) -> list[str]:
    """Bring the database of *service* to the present schema; return the names of what was applied.

    *owner_dsn* is of the role that owns the database; *wanted* are the migrations of another release than
    this. Each migration is a transaction of its own. Raises SchemaUnfit, and changes nothing, where a later
    release took away what this one uses, or an applied migration's text is another now.
    """
    migrations = list(migrations_of(service) if wanted is None else wanted)
    connection: "asyncpg.Connection[asyncpg.Record]" = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(_LEDGER)
        fit = fit_of({one.name: one.checksum for one in migrations}, await applied_to(connection))
        if not replace(fit, missing=()).runs:
            raise SchemaUnfit(service, replace(fit, missing=()))
        missing = [one for one in migrations if one.name in fit.missing]
        for one in missing:
            await _apply(connection, service, one)
        await connection.execute(_GRANTS.replace(":service", service))
    finally:
        await connection.close()
    return [one.name for one in missing]


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", service: str, one: Migration) -> None:
    async with connection.transaction():
        await connection.execute(one.text.replace(":service", service))
        await connection.execute(_RECORD, one.name, one.checksum, one.needs)
