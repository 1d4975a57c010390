"""Counting anew what contact said, where it is kept: the same facts as contacts.py makes, and no event fetched."""

from collections.abc import Sequence
from datetime import date

from services.reporting.counting import SAYS_ALL
from services.reporting.measures import NUMBERS
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

TYPES: Sequence[str] = sorted(event_class.__name__ for event_class in SAYS_ALL)
"""The events that are counted here; their speaker is contact."""
VERSIONS: Sequence[int] = [
    event_class.schema_version for event_class in sorted(SAYS_ALL, key=lambda one: one.__name__)
]
"""The shape of each that the statement reads; older bodies are lifted and counted like all others."""


async def recount(connection: Connection, arrival: int, last: int) -> tuple[int, date | None]:
    """Make the facts of contact's events after *arrival* up to *last*; return how many they were and their last day."""
    names, numbers = list(NUMBERS), list(NUMBERS.values())
    row = await connection.fetchrow(SQL.recount, arrival, last, TYPES, VERSIONS, names, numbers)
    assert row is not None  # noqa: S101 - an aggregate's row always comes
    return row["events"], row["day"]
