"""The tree of areas as it stands, read by rules and by callers."""

from collections.abc import Iterable
from typing import Any

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


COUNTY_DIGITS = 6


async def open_names(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return the name of every area whose code is in use in the counties that *codes* are of, by code."""
    counties = sorted({code[:COUNTY_DIGITS] for code in codes})
    return {row["code"]: row["name"] for row in await connection.fetch(SQL.open_names, counties)}


async def is_open(connection: Connection, code: str) -> bool:
    """Return whether *code* is in use now."""
    found: bool = await connection.fetchval(SQL.is_open, code)
    return found


async def open_below(connection: Connection, code: str) -> int:
    """Return how many open areas and open files are under *code*, itself left out."""
    count: int = await connection.fetchval(SQL.open_below, code)
    return count


async def list_versions(
    connection: Connection, prefix: str, after_key: str, limit: int
) -> list[dict[str, Any]]:
    """Return versions of areas under *prefix* in order, after the key "<code>/<from_on>"."""
    code, _, from_on = after_key.partition("/")
    rows = await connection.fetch(SQL.list_versions, prefix, code, from_on, limit)
    return [dict(row) for row in rows]
