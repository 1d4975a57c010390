"""That folding tells: test_judging.py folds whatever contact accepts, here is what no history leads to."""

from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from shared.contracts.contact import ContactMadeGood, ContactMissed, WindowJudged
from shared.contracts.event import Event
from tests.folding import DoesNotFold, Log, contacts_folded, fold_every_stream, read_log
from tests.integration.contact_world import TALK, World, areas, registered
from tests.laws.conftest import FreshPool


async def test_a_history_that_was_never_accepted_does_not_fold(fresh_pool: FreshPool) -> None:
    async with fresh_pool("contact") as pool, pool.acquire() as connection:
        world = World(pool)
        await world.hear(*areas(), registered("mei"))
        await world.advance(date(2026, 2, 10))
        await world.tell("mei", TALK, date(2026, 1, 9), date(2026, 2, 11))
        whole = await read_log(connection, "contact")
    fold_every_stream("contact", whole)
    for stream, events in whole.streams.items():
        for wrong in unaccepted(events):
            with pytest.raises(DoesNotFold, match=stream):
                fold_every_stream("contact", Log(streams={stream: wrong}))
    said = whole.events
    mend = next(event for event in said if isinstance(event, ContactMadeGood))
    for wrong in ([*said, mend], [event for event in said if not isinstance(event, ContactMissed)]):
        with pytest.raises(DoesNotFold, match="not outstanding"):
            contacts_folded(wrong)


def unaccepted(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the stream with an event told twice, and with what judging counted changed."""
    yield from ([*events[:n], event, *events[n:]] for n, event in enumerate(events))
    first, *rest = events
    if isinstance(first, WindowJudged):
        yield [first.model_copy(update={"kept": first.counted}), *rest]
        yield [first.model_copy(update={"part": 2}), *rest]
        yield [*rest, first]
