"""The ledger of a log's rows: what became of each row that was ever seen, so that nothing counts twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.contact.visit_log import VisitRow
from shared.event_store import Connection, Pool
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)


class RowOutcome(StrEnum):
    """What became of a row. The refused ones may become something else when the row comes again."""

    LOGGED = "logged"
    DUPLICATE = "duplicates"
    UNKNOWN_CHILD = "unknown_child"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"


FINAL = frozenset({RowOutcome.LOGGED, RowOutcome.DUPLICATE})


@dataclass(frozen=True, slots=True)
class KeyedRow:
    """A row of a paper and the key by which the ledger knows it."""

    key: UUID
    row: VisitRow


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a row this time, and before, where the ledger had it."""

    keyed: KeyedRow
    outcome: RowOutcome
    visit_id: UUID | None = None
    before: RowOutcome | None = None


async def finished_rows(pool: Pool, keys: Sequence[UUID]) -> set[UUID]:
    """Return those of *keys* that need nothing any more: logged, or the same as one that was."""
    rows = await pool.fetch(SQL.rows_known, keys)
    return {row["row_key"] for row in rows if row["outcome"] in FINAL}


async def lock_rows(connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, RowOutcome]:
    """Return what became of *keys* before; nobody else changes it until this transaction ends."""
    rows = await connection.fetch(SQL.lock_rows, keys)
    return {row["row_key"]: RowOutcome(row["outcome"]) for row in rows}


async def note_rows(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Write what became of rows; return the entries that say something new."""
    fresh = [entry for entry in entries if entry.before is None]
    mended = [entry for entry in entries if entry.before not in (None, entry.outcome)]
    written = await connection.fetch(SQL.write_rows, *_columns(fresh))
    await connection.execute(SQL.mend_rows, *_columns(mended))
    new = {row["row_key"] for row in written}
    return [entry for entry in fresh if entry.keyed.key in new] + mended


async def let_refused_go(vault: Vault, connection: Connection, day: date) -> int:
    """Delete the refused rows that were kept long enough on *day*; return of how many imports."""
    gone = [row["import_id"] for row in await connection.fetch(SQL.let_go, day)]
    await vault.apply_forgotten(connection, gone)
    return len(gone)


def _columns(entries: Sequence[Entry]) -> tuple[list[UUID], list[RowOutcome], list[UUID | None]]:
    return (
        [entry.keyed.key for entry in entries],
        [entry.outcome for entry in entries],
        [entry.visit_id for entry in entries],
    )
