"""What a person is to judge: files that may be one child, and id numbers that came later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.registry.domain.recognition import Why
from services.registry.reading_rows import Learned
from shared.event_store import Connection
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two files that may be one child; *child_id* came later."""

    child_id: UUID
    other_id: UUID
    why: Why


async def note_likely(
    connection: Connection, likely: Sequence[Likeness], *, found_on: date, import_id: UUID | None
) -> None:
    """List pairs of files for a person to judge, each pair once."""
    if likely:
        await connection.execute(
            SQL.note_likely,
            [pair.child_id for pair in likely],
            [pair.other_id for pair in likely],
            [pair.why for pair in likely],
            found_on,
            import_id,
        )


async def note_learned(
    connection: Connection,
    vault: Vault,
    learned: Sequence[Learned],
    *,
    found_on: date,
    import_id: UUID | None,
) -> None:
    """List id numbers that came later for a person to confirm; the numbers themselves go to the vault."""
    if learned:
        numbers = {one.learned_id: {"id_number": one.id_number} for one in learned}
        await vault.put(connection, list(numbers.items()))
        await connection.execute(
            SQL.note_learned,
            [one.learned_id for one in learned],
            [one.child_id for one in learned],
            [one.village for one in learned],
            [one.citizen for one in learned],
            found_on,
            import_id,
        )


async def drop_learned(connection: Connection, child_id: UUID, *, dropped_by: str, on: date) -> list[UUID]:
    """Dismiss the numbers that wait for a child's confirmation; return what the vault keeps them under."""
    rows = await connection.fetch(SQL.drop_learned, child_id, dropped_by, on)
    return [row["learned_id"] for row in rows]
