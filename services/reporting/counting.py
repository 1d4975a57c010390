"""Counting: a batch of events, of one source and in order, becomes rows of the tables that figures are read from."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import chain
from typing import NamedTuple, cast, get_args
from uuid import UUID

from services.reporting import children, pairing
from services.reporting.areas import keep_areas
from services.reporting.contacts import ContactCounted, PaperCounted, contact_deltas, paper_deltas
from services.reporting.deltas import Behind, Delta, deltas, tallies
from services.reporting.figures import ADVANCED
from services.reporting.measure import Item
from services.reporting.measures import NUMBERS
from services.reporting.pairing import CarerEvent, PairEvent
from services.reporting.remembering import Memory
from shared.contracts.contact import DayAdvanced
from shared.contracts.event import Event
from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)


class Happened(NamedTuple):
    """An event as reporting keeps it: its source, its id and its version in its stream."""

    source: str
    event_id: UUID
    version: int
    event: Event


COUNTY, TOWNSHIP, VILLAGE = 6, 9, 12
"""How many digits the code of each has."""

SAYS_ALL = frozenset(get_args(ContactCounted))
"""Events, most of all there are, that add up to something without anything remembered."""


async def count(connection: Connection, batch: Sequence[Happened]) -> None:
    """Add a batch to the tables that the transaction looks at.

    Whole timelines decide, so the same events in other batches make the same rows. Raises LookupError
    for an event about somebody who was never registered, assigned or enlisted.
    """
    counted = await count_without_sums(connection, batch)
    if counted:
        await _add_to_sums(connection, counted)


async def count_without_sums(connection: Connection, batch: Sequence[Happened]) -> Sequence[Delta]:
    """Do the same to every table but the sums, which `sum_up` makes later; return what was counted."""
    memory = await _remembered(connection, batch)
    counted = [delta for happened in batch for delta in _counted(happened, memory)]
    await memory.store(connection)
    await keep_areas(connection, [(one.event, one.version) for one in batch])
    if counted:
        await _keep_facts(connection, counted)
    await _keep_days(connection, batch)
    return counted


async def sum_up(connection: Connection, place: str) -> None:
    """Make the sums of a county, or of a township and its villages, from facts; it has none yet."""
    levels = (COUNTY,) if len(place) == COUNTY else (TOWNSHIP, VILLAGE)
    await connection.execute(SQL.group_by_hash)
    await connection.execute(SQL.sum_up, place, [kind.value for kind in Item], levels)


async def places(connection: Connection) -> list[str]:
    """Return the codes of the counties and townships that have facts, all that there is to sum up."""
    codes = {row["code"] for row in await connection.fetch(SQL.townships)}
    return sorted(codes | {code[:COUNTY] for code in codes}, key=lambda code: (len(code), code))


async def _remembered(connection: Connection, batch: Sequence[Happened]) -> Memory:
    events = [one.event for one in batch if type(one.event) not in SAYS_ALL]
    pairs = [event for event in events if isinstance(event, PairEvent)]
    carers = [event for event in events if isinstance(event, CarerEvent)]
    memory = Memory()
    await memory.recall(
        connection,
        list({event.child_id for event in events if isinstance(event, children.ChildEvent)}),
        list({event.child_id for event in pairs}),
        list({event.carer_id for event in chain(pairs, carers)}),
    )
    return memory


def _counted(happened: Happened, memory: Memory) -> list[Delta]:
    event = happened.event
    if type(event) in SAYS_ALL:
        return contact_deltas(cast("ContactCounted", event), happened.event_id)
    if isinstance(event, children.ChildEvent):
        return _count_child(event, happened.event_id, memory)
    if isinstance(event, PairEvent):
        return _count_pair(event, happened.event_id, memory)
    if isinstance(event, CarerEvent):
        return _count_carer(event, happened.event_id, memory)
    if isinstance(event, PaperCounted):
        return paper_deltas(event, happened.event_id)
    return []


def _count_child(event: children.ChildEvent, event_id: UUID, memory: Memory) -> list[Delta]:
    before = memory.children.get(event.child_id)
    after = children.told(before, event)
    memory.put_child(event.child_id, after)
    behind = Behind(Item.CHILD, event.child_id, event.child_id, event.recorded_on, event_id)
    return deltas(children.difference(before or (), after), behind)


def _count_pair(event: PairEvent, event_id: UUID, memory: Memory) -> list[Delta]:
    """Count the pair, its child and its carer: what each adds up to may change."""
    before = memory.pairs.get(event.pair_id)
    after = pairing.pair_told(before, event)
    carer = memory.carers.get(event.carer_id)
    if carer is None:
        raise pairing.NeverEnlisted(event.carer_id)
    child_before = pairing.paired(memory.pairs_of_child(event.child_id))
    carer_before = pairing.on_the_list(carer, memory.pairs_of_carer(event.carer_id))
    memory.put_pair(after)
    child_after = pairing.paired(memory.pairs_of_child(event.child_id))
    carer_after = pairing.on_the_list(carer, memory.pairs_of_carer(event.carer_id))

    of_pair = Behind(Item.PAIR, event.pair_id, event.child_id, event.recorded_on, event_id)
    of_child = Behind(Item.CHILD, event.child_id, event.child_id, event.recorded_on, event_id)
    of_carer = Behind(Item.CARER, event.carer_id, None, event.recorded_on, event_id)
    return [
        *deltas(pairing.pair_difference(before.timeline if before else (), after), of_pair),
        *deltas(pairing.minus(child_after, child_before), of_child),
        *deltas(pairing.minus(carer_after, carer_before), of_carer),
    ]


def _count_carer(event: CarerEvent, event_id: UUID, memory: Memory) -> list[Delta]:
    before = memory.carers.get(event.carer_id)
    after = pairing.carer_told(before, event)
    pairs = memory.pairs_of_carer(event.carer_id)
    memory.put_carer(after)
    former = pairing.on_the_list(before, pairs) if before else {}
    cells = pairing.minus(pairing.on_the_list(after, pairs), former)
    return deltas(cells, Behind(Item.CARER, event.carer_id, None, event.recorded_on, event_id))


async def _keep_facts(connection: Connection, counted: Sequence[Delta]) -> None:
    await connection.execute(
        SQL.add_facts,
        [delta.behind.kind.value for delta in counted],
        [delta.behind.item for delta in counted],
        [delta.behind.child_id for delta in counted],
        [delta.behind.event_id for delta in counted],
        [delta.on for delta in counted],
        [delta.behind.recorded_on for delta in counted],
        [delta.amount for delta in counted],
        [delta.area for delta in counted],
        [delta.beyond for delta in counted],
        [_array(delta.measures) for delta in counted],
    )


async def _add_to_sums(connection: Connection, counted: Sequence[Delta]) -> None:
    sums = tallies(counted)
    await connection.execute(
        SQL.add_tallies,
        [key.area for key in sums],
        [key.on for key in sums],
        [key.measure for key in sums],
        [key.recorded_on for key in sums],
        list(sums.values()),
    )


@cache
def _array(measures: tuple[str, ...]) -> str:
    return "{" + ",".join(str(NUMBERS[name]) for name in measures) + "}"


async def _keep_days(connection: Connection, batch: Sequence[Happened]) -> None:
    told = {(one.source, one.event.recorded_on) for one in batch}
    told |= {(ADVANCED, one.event.recorded_on) for one in batch if type(one.event) is DayAdvanced}
    for source, last in dict(sorted(told)).items():
        await keep_day(connection, source, last)


async def keep_day(connection: Connection, source: str, day: date) -> None:
    """Remember that *source* has told of *day*."""
    await connection.execute(SQL.keep_day, source, day)
