"""The gate between visits and judging: visits go through side by side, so do judges, but never both at once."""

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

LEAVES = range(0x6B636F6E, 0x6B636F71)
"""The gate's leaves, each an advisory lock that is held to the end of the transaction. A judge closes one of
them alone, a visit holds all of them open: so a late visit and the judging that makes its window a missed
one never pass each other unseen, and as many judges work at once as there are leaves: three keep two cores at
work, one of them for Python. Replicas must agree on them: no release may judge beside another with more or fewer."""


async def share_gate(connection: Connection) -> None:
    """Let this transaction write visits: it waits while anybody judges, for a chunk of each leaf at most."""
    await connection.execute(SQL.share_gate, LEAVES)


async def share_gate_for_one(connection: Connection) -> None:
    """Do the same where one visit is written and not thousands: statements are planned once a connection."""
    await connection.execute(SQL.share_gate_for_one, LEAVES)


async def close_leaf(connection: Connection, leaf: int) -> None:
    """Let this transaction judge while nobody writes what judging looks at."""
    await connection.execute(SQL.close_leaves, [leaf])


async def close_gate(connection: Connection) -> None:
    """Let this transaction change the day or who a visit belongs to, while nobody else writes or judges."""
    await connection.execute(SQL.close_leaves, LEAVES)
