"""Judging windows of the same days for some villages in one transaction: facts in sets, events by rule, each once."""

from asyncio import Lock
from collections.abc import Iterable, Sequence

from services.contact.domain.judging import Judgement, judge_village
from services.contact.domain.policy import Policy
from services.contact.domain.windows import Window
from services.contact.event_ids import with_id
from services.contact.judged import record_judged
from services.contact.known import Village, missing_in, planned_for_many, villages_to_judge
from shared.event_store import EVENTS_MAX, Append, Connection, Meta, NewEvent, Outcome, append_many
from shared.handling import rule_cause

Judged = tuple[Village, list[Judgement]]


class Judging:
    """Judging *windows*, which have the same days, by *policy*; several transactions may judge at once."""

    def __init__(self, windows: Sequence[Window], policy: Policy) -> None:
        self.windows, self.policy = windows, policy
        self._counting = Lock()
        """Held while PostgreSQL finds whom a window counts: judges that did so all at once would all wait for
        Python next, and PostgreSQL for all of them."""

    async def in_villages(self, connection: Connection, areas: Sequence[str]) -> int:
        """Judge the windows in the villages *areas*, in a transaction that has closed a leaf of the gate.

        Return how many windows of villages it was the first to judge. What another replica, or an
        interrupted run, judged before is left as it is. Judged is what was known by *due*, whatever was
        learned since, so that the same day always gives the same events.
        """
        async with planned_for_many(connection):
            async with self._counting:
                villages = await villages_to_judge(connection, self.windows, areas)
            missing = await missing_in(connection, self.windows, villages)
        won = 0
        for window in self.windows:
            judged = [
                (village, judge_village(window, village.area, village.kept, missed, self.policy.escalations))
                for village, missed in zip(villages, missing, strict=True)
                if village.kind == window.kind
            ]
            won += await _record(connection, window, await _append(connection, window, judged))
        return won


async def _record(connection: Connection, window: Window, won: Sequence[Judged]) -> int:
    """Write down what was said of these villages; return how many there are."""
    if won:
        ended = [child_id for village, _ in won for child_id in village.ended]
        begun = [child_id for village, _ in won for child_id in village.begun]
        events = [event for _, said in won for event in said]
        areas = [village.area for village, _ in won]
        await record_judged(connection, window, areas, events, ended=ended, begun=begun)
    return len(won)


async def _append(connection: Connection, window: Window, judged: Sequence[Judged]) -> list[Judged]:
    """Append each village's judgements to a stream of its own that must be new; return those that were."""
    meta = rule_cause("judge", window.kind, window.closes).meta
    won: list[Judged] = []
    for some in _bounded(judged):
        streams = [(_stream(window, village.area), [*map(with_id, said)]) for village, said in some]
        appends = [Append(stream, events[:EVENTS_MAX], expected=0) for stream, events in streams]
        outcomes = await append_many(connection, appends, meta)
        for one, (stream, events), outcome in zip(some, streams, outcomes, strict=True):
            if outcome is Outcome.TAKEN:
                await _append_rest(connection, stream, events, meta)
                won.append(one)
    return won


async def _append_rest(connection: Connection, stream: str, events: Sequence[NewEvent], meta: Meta) -> None:
    """Append what one call does not hold: a village of many thousand children."""
    for start in range(EVENTS_MAX, len(events), EVENTS_MAX):
        piece = Append(stream, events[start : start + EVENTS_MAX], expected=start)
        await append_many(connection, [piece], meta)


def _stream(window: Window, area: str) -> str:
    return f"window-{window.kind}-{window.closes:%Y%m%d}-{area}"


def _bounded(judged: Sequence[Judged]) -> Iterable[list[Judged]]:
    some: list[Judged] = []
    size = 0
    for one in judged:
        events = min(len(one[1]), EVENTS_MAX)
        if some and size + events > EVENTS_MAX:
            yield some
            some, size = [], 0
        some.append(one)
        size += events
    if some:
        yield some
