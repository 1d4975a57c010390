"""The keyed names that children are recognised by, set-based: learn them, look them up."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.registry.domain.recognition import Person, Recognition
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

COUNTY_DIGITS = 6
KEYS_MAX = 10_000
"""Keys of one look-up: a longer list is asked for in parts."""


async def write_keys(connection: Connection, people: Sequence[Person]) -> None:
    """Recognise *people* from now on; a key that changed takes the former one's place, names are added."""
    await connection.execute(
        SQL.write_keys,
        [person.child_id for person in people],
        [person.name for person in people],
        [person.citizen for person in people],
    )
    await connection.execute(
        SQL.write_names,
        [person.child_id for person in people],
        [person.name for person in people],
        [person.village for person in people],
    )


async def drop_names(connection: Connection, child_id: UUID) -> None:
    """Recognise a forgotten child by its name no longer; its number's key stays, so that it is not taken anew."""
    await connection.execute(SQL.drop_names, child_id)
    await connection.execute(SQL.drop_name_key, child_id)


async def load_recognition(connection: Connection, people: Sequence[Person]) -> Recognition:
    """Return all that is known of children with the names, in the same counties, or the numbers of *people*.

    A namesake of another county is nobody to compare with: whoever judges sees his own county only, and
    the more counties there are, the more namesakes each child has.
    """
    counties = sorted({person.village[:COUNTY_DIGITS] for person in people})
    names = sorted({person.name for person in people})
    citizens = sorted({person.citizen for person in people if person.citizen is not None})
    recognition = Recognition()
    for part in _parts(names):
        rows = await connection.fetch(SQL.people_named, part, counties)
        recognition.remember(Person(*row) for row in rows)
    for part in _parts(citizens):
        rows = await connection.fetch(SQL.numbered, part)
        recognition.by_citizen.update({row["citizen"]: row["child_id"] for row in rows})
    return recognition


async def ids_in_use(connection: Connection, child_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of *child_ids* are files already."""
    found: set[UUID] = set()
    for part in _parts(child_ids):
        found.update(row["child_id"] for row in await connection.fetch(SQL.ids_in_use, part))
    return found


def _parts(keys: Sequence[object]) -> Iterable[Sequence[object]]:
    return (keys[start : start + KEYS_MAX] for start in range(0, len(keys), KEYS_MAX))
