"""A service's database made empty between two examples, so that its process need not start anew."""

from collections.abc import Sequence

import asyncpg

from shared.event_store import Pool
from tests.servers import DatabaseServer

LOG = ("kernel.events", "kernel.streams", "kernel.claims", "kernel.commands", "kernel.day")


async def forget(postgres: DatabaseServer, pool: Pool, tables: Sequence[str]) -> None:
    """Empty the log and *tables* of app; only a superuser who sets the log's triggers aside can."""
    database = await pool.fetchval("SELECT current_database()")
    admin = await asyncpg.connect(postgres.admin_dsn, database=database)
    try:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(f"TRUNCATE {', '.join((*LOG, *(f'app.{table}' for table in tables)))}")
    finally:
        await admin.close()
