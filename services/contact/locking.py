"""One gate for all that judging looks at: visits go through side by side, judging and merging go alone."""

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

GATE = 0x6B636F6E
"""The advisory lock; held to the end of the transaction, so that a late visit and the judging that makes
its window a missed one never pass each other unseen."""


async def share_gate(connection: Connection) -> None:
    """Let this transaction write visits: it waits while somebody judges, for a chunk at most."""
    await connection.execute(SQL.share_gate, GATE)


async def close_gate(connection: Connection) -> None:
    """Let this transaction judge, or change who a visit belongs to, while nobody else writes."""
    await connection.execute(SQL.close_gate, GATE)
