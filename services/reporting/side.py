"""Which of the two sets of tables is live, and how a transaction comes to read and write it."""

from typing import Literal

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

Side = Literal["side_a", "side_b"]

LOOK_AT_LIVE_SIDE_AS: str = SQL.look_at_live_side_as
"""The statement that lets a transaction read the live tables, as far as a scope goes."""


async def look_at_live_side(connection: Connection) -> Side:
    """Let the rest of this transaction read the live tables."""
    side: Side = await connection.fetchval(SQL.look_at_live_side, column=1)
    return side


async def look_at(connection: Connection, side: Side) -> None:
    """Let the rest of this transaction read and write the tables of *side*."""
    await connection.execute(SQL.look_at, side)


async def fill(connection: Connection, side: Side) -> None:
    """Let the rest of this transaction write the tables of *side*, which is not live; a crash may undo it."""
    await connection.execute(SQL.fill, side)


async def write_live_side(connection: Connection) -> None:
    """Let the rest of this transaction write the live tables, and keep the sides from changing until its end."""
    # Two statements: the second must see a change of sides that the first has waited for.
    await connection.execute(SQL.share_sides)
    await connection.execute(SQL.look_at_live_side)


async def hold_sides(connection: Connection) -> None:
    """Keep every reader from writing until this transaction ends; what they wrote before is visible then."""
    await connection.execute(SQL.hold_sides)


async def resting_side(connection: Connection) -> Side:
    """Return the side that is not live."""
    return "side_b" if await connection.fetchval(SQL.live_side) == "side_a" else "side_a"


async def make_live(connection: Connection, side: Side) -> None:
    """Let *side* be the live one when this transaction commits; hold_sides must come before."""
    await connection.execute(SQL.make_live, side)
