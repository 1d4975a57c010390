"""Forward-only migrations: the kernel's, then a service's, each once, checksummed, under a lock."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import asyncpg

LOCK_KEY = 0x6B697468
"""The advisory lock that migrations of one database take, so that two replicas do not run at once."""
LOCK_TIMEOUT = "60s"

_LEDGER = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
  name       text PRIMARY KEY,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)
"""

_RECORD = "INSERT INTO migrations.applied (name, checksum) VALUES ($1, $2)"

_GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA app TO :service;
GRANT USAGE ON SCHEMA migrations TO :service;
GRANT SELECT ON migrations.applied TO :service
"""

_ROOT = Path(__file__).parent


class MigrationChanged(Exception):
    """A migration that was applied has another text now: put the old text back and write a new one."""


def migrations_of(service: str) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each migration of *service*, the kernel's first, in order."""
    for owner, folder in (
        ("kernel", _ROOT / "migrations"),
        (service, _ROOT.parent / "services" / service / "migrations"),
    ):
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
            yield f"{owner}/{path.stem}", path.read_text(encoding="utf-8")


async def migrate(owner_dsn: str, service: str) -> list[str]:
    """Bring the database of *service* to the present schema; return the names of what was applied.

    *owner_dsn* is of the role that owns the database. Raises MigrationChanged where an applied
    migration's text is another now; each migration is a transaction of its own.
    """
    connection: "asyncpg.Connection[asyncpg.Record]" = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(_LEDGER)
        done = {
            row["name"]: row["checksum"]
            for row in await connection.fetch("SELECT name, checksum FROM migrations.applied")
        }
        applied = [
            name
            for name, text in migrations_of(service)
            if await _apply(connection, service, name, text, done.get(name))
        ]
        await connection.execute(_GRANTS.replace(":service", service))
    finally:
        await connection.close()
    return applied


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", service: str, name: str, text: str, known: str | None
) -> bool:
    checksum = hashlib.sha256(text.encode()).hexdigest()
    if known is not None:
        if known != checksum:
            raise MigrationChanged(
                f"{name} was applied with another text: restore it and add a new migration"
            )
        return False
    async with connection.transaction():
        await connection.execute(text.replace(":service", service))
        await connection.execute(
            "INSERT INTO migrations.applied (name, checksum) VALUES ($1, $2)", name, checksum
        )
    return True
