"""One database a service with roles of its own, so that no service can read another's."""

from collections.abc import Mapping, Sequence

import asyncpg

from shared.sql import queries
from shared.subjects import SERVICES

SQL = queries(__file__)

CONNECT_SECONDS_MAX = 30.0
STATEMENT_SECONDS_MAX = 60.0

ROLE_SETTINGS = {
    "jit": "off",  # compiling an append took 120 ms, running it takes 0.1
    "idle_in_transaction_session_timeout": "15s",  # an open write holds every reader's horizon
    "lock_timeout": "2s",
}


def owner_of(service: str) -> str:
    """Return the role that owns the database of *service* and runs its migrations."""
    return f"{service}_owner"


def vault_of(service: str) -> str:
    """Return the role that alone may touch the vault of *service*."""
    return f"{service}_vault"


async def prepare_databases(
    admin_dsn: str, passwords: Mapping[str, str], services: Sequence[str] = SERVICES, prefix: str = "kith_"
) -> None:
    """Make what is missing: for each service the database PREFIX<service> and its three roles.

    *passwords* has one for each login role, `<service>_owner` and `<service>`. Runs again without harm, on
    PostgreSQL 16 and later.
    """
    connection = await asyncpg.connect(
        admin_dsn, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX
    )
    try:
        await connection.execute(SQL.take_preparing_lock)
        for shared_by_all in ("postgres", "template1"):
            await _run(connection, SQL.close_database, shared_by_all)
        for service in services:
            await _prepare_roles(connection, service, passwords)
            await _prepare_database(connection, service, f"{prefix}{service}")
    finally:
        await connection.close()


async def _prepare_roles(connection: asyncpg.Connection, service: str, passwords: Mapping[str, str]) -> None:
    owner, vault = owner_of(service), vault_of(service)
    for role in (owner, service):
        if not await connection.fetchval(SQL.role_exists, role):
            await _run(connection, SQL.make_login_role, role)
        await _run(connection, SQL.set_password, role, passwords[role])
    if not await connection.fetchval(SQL.role_exists, vault):
        await _run(connection, SQL.make_group_role, vault)
    await _run(connection, SQL.grant_vault, vault, service)
    for name, setting in ROLE_SETTINGS.items():
        await _run(connection, SQL.set_on_role, service, name, setting)
    await _run(connection, SQL.set_search_path, service)
    await _run(connection, SQL.grant_statistics, service)


async def _prepare_database(connection: asyncpg.Connection, service: str, database: str) -> None:
    if not await connection.fetchval(SQL.database_exists, database):
        await _run(connection, SQL.make_database, database, owner_of(service))
    await _run(connection, SQL.close_database, database)
    for role in (owner_of(service), service):
        await _run(connection, SQL.open_database, database, role)


async def _run(connection: asyncpg.Connection, statement_query: str, *names: str) -> None:
    statement: str = await connection.fetchval(statement_query, *names)
    await connection.execute(statement)
