"""The ledger of papers: every row of every roster once, so that an import that comes again changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from shared.event_store import ACQUIRE_SECONDS, Connection, Pool
from shared.problems import RETRY_LATER_SECONDS, Away
from shared.sql import queries

SQL = queries(__file__)

ALONE_KEY = 0x6B726F73
"""The advisory lock of imports: one at a time, so that the first of a duplicate is always the same."""
ALONE_TRIES_MAX = 300
ALONE_WAIT_SECONDS = 0.1
KEYS_MAX = 10_000
"""Row keys of one look-up."""


class RowOutcome(StrEnum):
    """What became of a row (policy.md, The papers)."""

    TAKEN = "taken"
    PUT_RIGHT = "put_right"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row as the ledger has it; *counted*: an import's answer and event have told of it."""

    outcome: RowOutcome
    counted: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be noted of a row."""

    row_key: str
    number: int
    outcome: RowOutcome
    code: str | None = None
    child_id: UUID | None = None
    likely: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows never counted before, by what became of them."""

    rows: int
    taken: int
    put_right: int
    duplicates: int
    refused: int
    likely_duplicates: int


@asynccontextmanager
async def importing_alone(pool: Pool) -> AsyncIterator[None]:
    """Hold the right to import, for longer than a transaction may last.

    Raises Away(import_running) where another import holds it for ALONE_TRIES_MAX * ALONE_WAIT_SECONDS.
    """
    connection = await _alone(pool)
    try:
        yield
    finally:
        await _end(pool, connection)


async def _alone(pool: Pool) -> "PoolConnectionProxy[asyncpg.Record]":
    """Return a connection that holds the right; who waits holds none, so that who imports finds one."""
    for _ in range(ALONE_TRIES_MAX):
        connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
        try:
            if await connection.fetchval(SQL.try_alone, ALONE_KEY):
                return connection
        except BaseException:
            await _end(pool, connection)
            raise
        await pool.release(connection)
        await asyncio.sleep(ALONE_WAIT_SECONDS)
    raise Away("import_running", retry_seconds=RETRY_LATER_SECONDS)


async def _end(pool: Pool, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
    """End a session: whatever else happens, the right that it may hold goes with it."""
    connection.terminate()
    await pool.release(connection)


async def open_import(
    connection: Connection,
    import_id: UUID,
    *,
    kind: str,
    area: str,
    file_key: str,
    on: date,
    caller: str,
    rows: int,
) -> None:
    """Note that an import has begun; one that began before and never ended was interrupted."""
    await connection.execute(SQL.interrupt_others, kind, area, import_id)
    await connection.execute(SQL.open_import, import_id, kind, area, file_key, on, caller, rows)


async def rows_known(connection: Connection, row_keys: Sequence[str]) -> dict[str, LedgerRow]:
    """Return those of *row_keys* that the ledger has."""
    known: dict[str, LedgerRow] = {}
    for start in range(0, len(row_keys), KEYS_MAX):
        for row in await connection.fetch(SQL.rows_known, row_keys[start : start + KEYS_MAX]):
            known[row["row_key"]] = LedgerRow(RowOutcome(row["outcome"]), row["counted"])
    return known


async def write_rows(connection: Connection, import_id: UUID, area: str, entries: Iterable[Entry]) -> None:
    """Note what became of rows; a row that was refused before and is acceptable now is noted anew."""
    noted = list(entries)
    await connection.execute(
        SQL.write_rows,
        import_id,
        area,
        [entry.row_key for entry in noted],
        [entry.number for entry in noted],
        [entry.outcome for entry in noted],
        [entry.code for entry in noted],
        [entry.child_id for entry in noted],
        [entry.likely for entry in noted],
    )


async def count_rows(connection: Connection, area: str) -> Counts:
    """Count the rows of an area that no import has counted yet, those of interrupted imports too."""
    row = await connection.fetchrow(SQL.count_rows, area)
    return Counts(**dict(row or {}))


async def close_import(
    connection: Connection, import_id: UUID, answer: dict[str, Any], kept_until: date | None
) -> None:
    """Note that an import has ended, with its answer, and until when its refused rows can be fetched."""
    await connection.execute(SQL.close_import, import_id, orjson.dumps(answer).decode(), kept_until)


async def find_import(connection: Connection, import_id: UUID) -> dict[str, Any] | None:
    """Return an import in the caller's areas: its state, and its answer once it has ended."""
    row = await connection.fetchrow(SQL.find_import, import_id)
    if row is None:
        return None
    answer = {} if row["answer"] is None else orjson.loads(row["answer"])
    return {**dict(row), "answer": answer}


async def let_refused_go(connection: Connection, before: date) -> list[UUID]:
    """Return the imports whose refused rows were kept long enough on *before*, and note that they are gone."""
    return [row["import_id"] for row in await connection.fetch(SQL.let_refused_go, before)]
