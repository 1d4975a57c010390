"""The ledger of carer lists: what became of each row that was ever seen, so that nothing counts twice."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from shared.event_store import Connection, Overtaken
from shared.sql import queries

SQL = queries(__file__)


class RowOutcome(StrEnum):
    """What became of a row. A refused one may become something else when it comes again."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


Told = tuple[str, RowOutcome, UUID | None]
"""A row's key, what became of it, and the carer it names where it is acceptable."""


async def lock_rows(connection: Connection, keys: Sequence[str]) -> Mapping[str, RowOutcome]:
    """Return what became of *keys* before; nobody else changes it until this transaction ends."""
    rows = await connection.fetch(SQL.lock_rows, keys)
    return {row["row_key"]: RowOutcome(row["outcome"]) for row in rows}


async def write_rows(connection: Connection, import_id: UUID, rows: Sequence[Told]) -> None:
    """Write what became of rows never seen before; raises Overtaken where another list has just written one."""
    written = await connection.fetch(SQL.write_rows, import_id, *_columns(rows))
    if len(written) < len(rows):
        raise Overtaken("another list that was taken in beside this one has a row of it")


async def mend_rows(connection: Connection, import_id: UUID, rows: Sequence[Told]) -> None:
    """Write what became of rows that were refused before; they must be locked by this transaction."""
    await connection.execute(SQL.mend_rows, import_id, *_columns(rows))


def _columns(rows: Sequence[Told]) -> tuple[list[str], list[RowOutcome], list[UUID | None]]:
    return (
        [key for key, _, _ in rows],
        [outcome for _, outcome, _ in rows],
        [carer_id for *_, carer_id in rows],
    )
